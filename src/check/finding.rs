//! What `check` reports: rules, severities and findings. None of it can hold a value.

use std::fmt;

use tree::TreePath;

/// How much a finding matters.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Severity {
    /// A hint that a person should judge.
    Note,
    /// Weaker protection than there could be.
    Warning,
    /// A secret is exposed, or cannot be trusted or opened.
    Error,
}

impl Severity {
    /// The stable name, as printed.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What can be found.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Rule {
    /// A chart's values hold something that looks like a credential.
    CredentialInValues,
    /// An encrypted file that cannot be read as what it claims to be.
    Damaged,
    /// The MAC does not match the values.
    MacMismatch,
    /// There is no MAC.
    MacMissing,
    /// Values in clear text are not under the MAC.
    MacOnlyEncrypted,
    /// None of the loaded keys opens the file.
    NoKey,
    /// A file that by its name or by `.sops.yaml` should be encrypted is not.
    NotEncrypted,
    /// No key of the kind was loaded, so the file was not opened.
    NotOpened,
    /// A Kubernetes Secret in plaintext.
    PlaintextSecret,
    /// A private key in plaintext.
    PrivateKey,
    /// The recipients of a file are not those that `.sops.yaml` asks for.
    RecipientsDiffer,
    /// A file names a Vault server that the operator has not allowed.
    UnknownVaultAddress,
    /// A file that could not be read.
    Unreadable,
}

impl Rule {
    /// Every rule, by name.
    pub const ALL: [Self; 13] = [
        Self::CredentialInValues,
        Self::Damaged,
        Self::MacMismatch,
        Self::MacMissing,
        Self::MacOnlyEncrypted,
        Self::NoKey,
        Self::NotEncrypted,
        Self::NotOpened,
        Self::PlaintextSecret,
        Self::PrivateKey,
        Self::RecipientsDiffer,
        Self::UnknownVaultAddress,
        Self::Unreadable,
    ];

    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::CredentialInValues => "credential-in-values",
            Self::Damaged => "damaged",
            Self::MacMismatch => "mac-mismatch",
            Self::MacMissing => "mac-missing",
            Self::MacOnlyEncrypted => "mac-only-encrypted",
            Self::NoKey => "no-key",
            Self::NotEncrypted => "not-encrypted",
            Self::NotOpened => "not-opened",
            Self::PlaintextSecret => "plaintext-secret",
            Self::PrivateKey => "private-key",
            Self::RecipientsDiffer => "recipients-differ",
            Self::UnknownVaultAddress => "unknown-vault-address",
            Self::Unreadable => "unreadable",
        }
    }

    /// The rule of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rule| rule.name() == name)
    }

    /// How much a finding of this rule matters.
    pub const fn severity(self) -> Severity {
        match self {
            Self::CredentialInValues | Self::NotOpened => Severity::Note,
            Self::MacOnlyEncrypted | Self::RecipientsDiffer => Severity::Warning,
            Self::Damaged
            | Self::MacMismatch
            | Self::MacMissing
            | Self::NoKey
            | Self::NotEncrypted
            | Self::PlaintextSecret
            | Self::PrivateKey
            | Self::UnknownVaultAddress
            | Self::Unreadable => Severity::Error,
        }
    }

    /// The rule in one sentence.
    pub const fn summary(self) -> &'static str {
        match self {
            Self::CredentialInValues => "A chart's values hold what looks like a credential",
            Self::Damaged => "An encrypted file cannot be read as what it claims to be",
            Self::MacMismatch => "The MAC of a SOPS file does not match its values",
            Self::MacMissing => "A SOPS file has no MAC",
            Self::MacOnlyEncrypted => "The clear-text values of a SOPS file are not under its MAC",
            Self::NoKey => "None of the loaded keys opens an encrypted file",
            Self::NotEncrypted => "A file that should be encrypted is not",
            Self::NotOpened => "An encrypted file was not opened, since no key for it was given",
            Self::PlaintextSecret => "A Kubernetes Secret is in plaintext",
            Self::PrivateKey => "A private key is in plaintext",
            Self::RecipientsDiffer => {
                "The recipients of a SOPS file are not those that .sops.yaml asks for"
            }
            Self::UnknownVaultAddress => {
                "A SOPS file names a Vault server that the operator has not allowed"
            }
            Self::Unreadable => "A file could not be read",
        }
    }

    /// What to do about it.
    pub const fn help(self) -> &'static str {
        match self {
            Self::CredentialInValues => {
                "move the value to a Secret, or encrypt the values file with `sops encrypt -i`"
            }
            Self::Damaged => "restore the file from Git, or encrypt it anew from its source",
            Self::MacMismatch => {
                "find out who changed the file without sops; if the change is wanted, open it with `sops edit --ignore-mac` and save"
            }
            Self::MacMissing => "encrypt the file anew with sops, which always writes a MAC",
            Self::MacOnlyEncrypted => {
                "unless another tool must edit the clear-text values, encrypt without `--mac-only-encrypted`"
            }
            Self::NoKey => {
                "give the key with `--keys`, or have the file encrypted for yours with `sops updatekeys`"
            }
            Self::NotEncrypted => {
                "encrypt it with `sops encrypt -i`, and treat what it holds as disclosed if it was pushed"
            }
            Self::NotOpened => {
                "give a key with `--keys` to have the file opened and its MAC verified"
            }
            Self::PlaintextSecret => {
                "encrypt it with `sops encrypt -i` or seal it with `kubeseal`, and replace the values if they were pushed"
            }
            Self::PrivateKey => {
                "take it out of the repository and replace the key if it was pushed"
            }
            Self::RecipientsDiffer => "run `sops updatekeys` on the file",
            Self::UnknownVaultAddress => {
                "if the server is yours, allow it with `--vault-addresses` or `SOPS_HC_VAULT_ALLOWLIST`"
            }
            Self::Unreadable => "make the file readable, or leave it out",
        }
    }
}

/// One thing found.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Finding {
    /// The file, as a path below the place that was checked.
    pub path: TreePath,
    /// The line, counted from one; zero when the whole file is meant.
    pub line: u32,
    /// Which rule.
    pub rule: Rule,
    /// The key path inside the file, where one is to blame.
    pub key_path: Option<String>,
    /// What exactly, in words that hold no value.
    pub message: String,
}
