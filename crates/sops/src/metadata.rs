//! What the `sops` block of a file says: who can open it, which values are encrypted, and how the whole is
//! authenticated.
//!
//! Everything here comes from the file and is therefore **untrusted**: addresses, ARNs and roles name places that
//! whoever wrote the file wants to be asked. Whether they are asked is for the [`KeyService`](crate::KeyService) to
//! decide.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use goyaml::Timestamp;

/// The `sops` block of a file (`stores/stores.go`).
#[derive(Clone, Debug)]
pub struct Metadata {
    /// When the file was last written; the associated data of the MAC.
    pub last_modified: Timestamp,
    /// The encrypted MAC, an `ENC[…]` text; empty when the file has none.
    pub mac: String,
    /// The version of sops that wrote the file.
    pub version: String,
    /// The groups of master keys. With two or more, each group holds one share of the data key.
    pub key_groups: Vec<KeyGroup>,
    /// How many groups must answer. Zero where the file does not say.
    pub shamir_threshold: u8,
    /// Which values are encrypted.
    pub selection: Selection,
    /// Whether values in clear text are left out of the MAC.
    pub mac_only_encrypted: bool,
}

/// Master keys that all wrap the same thing: the data key, or one share of it.
#[derive(Clone, Debug, Default)]
pub struct KeyGroup {
    /// The keys, in the order of the file.
    pub keys: Vec<MasterKey>,
}

/// One master key with the data key (or share) it wraps.
///
/// `enc` is always the wrapped key in the form of its kind, as it stands in the file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum MasterKey {
    /// `age`: `enc` is an armored age file to one recipient.
    Age {
        /// `age1…`, `age1pq1…`, `ssh-ed25519 …` or `ssh-rsa …`; not authenticated by anything.
        recipient: String,
        /// The armored age file.
        enc: String,
    },
    /// `azure_kv`: `enc` is base64url without padding.
    AzureKv {
        /// `https://name.vault.azure.net`.
        vault_url: String,
        /// Name of the key.
        name: String,
        /// Version of the key.
        version: String,
        /// The ciphertext.
        enc: String,
        /// When the key was added.
        created_at: Timestamp,
    },
    /// `gcp_kms`: `enc` is base64.
    GcpKms {
        /// `projects/P/locations/L/keyRings/R/cryptoKeys/K`.
        resource_id: String,
        /// The ciphertext.
        enc: String,
        /// When the key was added.
        created_at: Timestamp,
    },
    /// `hc_vault`: `enc` is `vault:vN:…`.
    HcVault {
        /// Address of the Vault server.
        vault_address: String,
        /// Mount path of the transit engine.
        engine_path: String,
        /// Name of the transit key.
        key_name: String,
        /// The ciphertext.
        enc: String,
        /// When the key was added.
        created_at: Timestamp,
    },
    /// `hckms` (Huawei Cloud): `enc` is base64.
    HcKms {
        /// `region:uuid`.
        key_id: String,
        /// The ciphertext.
        enc: String,
        /// When the key was added.
        created_at: Timestamp,
    },
    /// `kms` (AWS): `enc` is base64 of the ciphertext blob.
    Kms {
        /// ARN of the key or alias.
        arn: String,
        /// ARN of the role to assume; empty for none.
        role: String,
        /// The encryption context.
        context: BTreeMap<String, String>,
        /// The profile of the AWS configuration; empty for the default.
        aws_profile: String,
        /// The ciphertext.
        enc: String,
        /// When the key was added.
        created_at: Timestamp,
    },
    /// `pgp`: `enc` is an armored OpenPGP message.
    Pgp {
        /// Fingerprint, hexadecimal.
        fp: String,
        /// The armored message.
        enc: String,
        /// When the key was added.
        created_at: Timestamp,
    },
}

/// The kinds of [`MasterKey`], by the names that `SOPS_DECRYPTION_ORDER` uses.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum KeyKind {
    /// `age`
    Age,
    /// `azure_kv`
    AzureKv,
    /// `gcp_kms`
    GcpKms,
    /// `hc_vault`
    HcVault,
    /// `hckms`
    HcKms,
    /// `kms`
    Kms,
    /// `pgp`
    Pgp,
}

/// Which values of a file are encrypted. A rule on keys looks at every component of a value's path, so that a match on
/// a parent covers all below it.
///
/// A file names at most one; where it names none, the suffix `_unencrypted` applies.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Selection {
    /// All but those with a key that ends so.
    UnencryptedSuffix(String),
    /// Only those with a key that ends so.
    EncryptedSuffix(String),
    /// All but those with a key that matches.
    UnencryptedRegex(String),
    /// Only those with a key that matches.
    EncryptedRegex(String),
    /// All but those below a comment that matches.
    UnencryptedCommentRegex(String),
    /// Only those below a comment that matches.
    EncryptedCommentRegex(String),
}

impl MasterKey {
    /// The kind of the key.
    pub fn kind(&self) -> KeyKind {
        match self {
            Self::Age { .. } => KeyKind::Age,
            Self::AzureKv { .. } => KeyKind::AzureKv,
            Self::GcpKms { .. } => KeyKind::GcpKms,
            Self::HcVault { .. } => KeyKind::HcVault,
            Self::HcKms { .. } => KeyKind::HcKms,
            Self::Kms { .. } => KeyKind::Kms,
            Self::Pgp { .. } => KeyKind::Pgp,
        }
    }

    /// The wrapped data key or share, as it stands in the file.
    pub fn enc(&self) -> &str {
        match self {
            Self::Age { enc, .. }
            | Self::AzureKv { enc, .. }
            | Self::GcpKms { enc, .. }
            | Self::HcVault { enc, .. }
            | Self::HcKms { enc, .. }
            | Self::Kms { enc, .. }
            | Self::Pgp { enc, .. } => enc,
        }
    }

    /// The public name by which people know the key: recipient, fingerprint, ARN, resource or address.
    pub fn name(&self) -> String {
        match self {
            Self::Age { recipient, .. } => recipient.clone(),
            Self::AzureKv {
                vault_url,
                name,
                version,
                ..
            } => format!("{vault_url}/keys/{name}/{version}"),
            Self::GcpKms { resource_id, .. } => resource_id.clone(),
            Self::HcVault {
                vault_address,
                engine_path,
                key_name,
                ..
            } => {
                format!("{vault_address}/v1/{engine_path}/keys/{key_name}")
            }
            Self::HcKms { key_id, .. } => key_id.clone(),
            Self::Kms { arn, role, .. } if role.is_empty() => arn.clone(),
            Self::Kms { arn, role, .. } => format!("{arn}+{role}"),
            Self::Pgp { fp, .. } => fp.clone(),
        }
    }
}

impl fmt::Display for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind(), self.name())
    }
}

impl KeyKind {
    /// All kinds.
    pub const ALL: [Self; 7] = [
        Self::Age,
        Self::AzureKv,
        Self::GcpKms,
        Self::HcVault,
        Self::HcKms,
        Self::Kms,
        Self::Pgp,
    ];

    /// The name in files and in `SOPS_DECRYPTION_ORDER`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Age => "age",
            Self::AzureKv => "azure_kv",
            Self::GcpKms => "gcp_kms",
            Self::HcVault => "hc_vault",
            Self::HcKms => "hckms",
            Self::Kms => "kms",
            Self::Pgp => "pgp",
        }
    }
}

impl fmt::Display for KeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for KeyKind {
    type Err = UnknownKeyKind;

    fn from_str(name: &str) -> Result<Self, UnknownKeyKind> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == name)
            .ok_or(UnknownKeyKind)
    }
}

/// What makes a [`Selection`] of its text.
pub(crate) type MakeSelection = fn(String) -> Selection;

/// A name that is none of the [`KeyKind`]s.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("unknown kind of key")]
pub struct UnknownKeyKind;

impl Default for Selection {
    fn default() -> Self {
        Self::UnencryptedSuffix("_unencrypted".to_owned())
    }
}
