//! What became of a key file: the keys that were found in it, those that cannot be used, and why it was refused.

use std::sync::Arc;

/// What a key file held.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Loaded {
    /// X25519 age identities.
    pub age: usize,
    /// Post-quantum hybrid age identities.
    pub age_hybrid: usize,
    /// Age-encrypted files of identities, which are opened when they are needed.
    pub age_files: usize,
    /// OpenSSH private keys, and Ed25519 keys in PEM.
    pub ssh: usize,
    /// RSA private keys in PEM, usable for `ssh-rsa` recipients. They may be meant as sealing keys instead.
    pub rsa: usize,
    /// OpenPGP secret keys that can decrypt.
    pub pgp: usize,
    /// Entries that were understood and cannot be used.
    pub unusable: Vec<Unusable>,
}

impl Loaded {
    /// Number of usable keys.
    pub const fn usable(&self) -> usize {
        self.age + self.age_hybrid + self.age_files + self.ssh + self.rsa + self.pgp
    }

    /// Whether nothing in the file is of any kind of key that this crate knows.
    pub fn is_empty(&self) -> bool {
        self.usable() == 0 && self.unusable.is_empty()
    }
}

/// An entry of a key file that cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unusable {
    /// Line where the entry starts, from 1.
    pub line: usize,
    /// Why it cannot be used.
    pub why: WhyUnusable,
}

/// Why an entry of a key file cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WhyUnusable {
    /// An identity of an age plugin. Plugins are programs, and none is ever run.
    #[error("age plugins are not supported: an identity names a program to run")]
    AgePlugin,
    /// A PEM key protected by a passphrase in a way older than OpenSSH's own format, or in PKCS#8.
    #[error(
        "this form of passphrase protection is not supported; `ssh-keygen -p` rewrites the key"
    )]
    ProtectedPem,
    /// An SSH key that is neither Ed25519 nor RSA; ECDSA, DSA and hardware keys cannot decrypt.
    #[error("only Ed25519 and RSA SSH keys can decrypt")]
    SshAlgorithm,
    /// An RSA key of less than 2048 bits.
    #[error("RSA keys for SSH recipients have at least 2048 bits")]
    ShortRsa,
    /// A public key, a certificate or a message.
    #[error("not a private key")]
    NotPrivate,
    /// A PGP key none of whose parts can decrypt.
    #[error("no part of the PGP key can decrypt")]
    PgpCannotDecrypt,
    /// The content of the entry is not a valid key.
    #[error("the key is malformed")]
    MalformedKey,
    /// No memory for another key.
    #[error("no memory for the key")]
    Memory,
}

impl WhyUnusable {
    /// A stable name of this error.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::AgePlugin => "age-plugin",
            Self::ProtectedPem => "protected-pem",
            Self::SshAlgorithm => "ssh-algorithm",
            Self::ShortRsa => "short-rsa-key",
            Self::NotPrivate => "not-a-private-key",
            Self::PgpCannotDecrypt => "pgp-key-cannot-decrypt",
            Self::MalformedKey => "malformed-key",
            Self::Memory => "no-key-memory",
        }
    }
}

/// Why a key file was refused as a whole.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFileError {
    /// The file is larger than 16 MiB.
    #[error("{origin}: larger than 16 MiB")]
    TooLarge {
        /// Name of the file or variable.
        origin: Arc<str>,
    },
    /// A line that should be an age identity is none.
    #[error("{origin}:{line}: not a valid age identity")]
    Identity {
        /// Name of the file or variable.
        origin: Arc<str>,
        /// Line, from 1.
        line: usize,
    },
    /// A line with a recipient, which is a public key, where an identity belongs.
    #[error("{origin}:{line}: an age recipient, not an identity")]
    Recipient {
        /// Name of the file or variable.
        origin: Arc<str>,
        /// Line, from 1.
        line: usize,
    },
    /// A PEM block or armor without its end, or with broken base64.
    #[error("{origin}:{line}: the block that begins here is malformed")]
    Block {
        /// Name of the file or variable.
        origin: Arc<str>,
        /// Line where the block begins, from 1.
        line: usize,
    },
    /// The system gave no memory for the keys.
    #[error("{origin}: no memory for the keys")]
    Memory {
        /// Name of the file or variable.
        origin: Arc<str>,
    },
}

impl KeyFileError {
    /// A stable name of this error.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "key-file-too-large",
            Self::Identity { .. } => "malformed-age-identity",
            Self::Recipient { .. } => "recipient-in-key-file",
            Self::Block { .. } => "malformed-key-block",
            Self::Memory { .. } => "no-key-memory",
        }
    }
}
