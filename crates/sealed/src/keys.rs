//! The private keys of a sealed-secrets controller, from any form they are kept in.

use std::fmt;
use std::str;

use aws_lc_rs::rsa::{OaepPrivateDecryptingKey, PrivateDecryptingKey};
use secret::LockedBytes;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::certificate::Parts;
use crate::documents::{self, YamlError};
use crate::fields::{Field, FieldError};
use crate::go_base64;
use crate::pem::{self, Block};
use crate::rsa_key::{self, Flaw, KeyFingerprint, PublicHalf};
use crate::timestamp::Timestamp;

/// The keys that open sealed values, newest first.
///
/// A key is as old as its certificate (`NotBefore`), or as the Kubernetes Secret that holds it where it has none; one
/// of unknown age counts as older than all others. The bytes of the keys are in locked memory.
#[derive(Default)]
pub struct SealingKeys {
    keys: Vec<SealingKey>,
}

/// One private key.
pub(crate) struct SealingKey {
    pub(crate) fingerprint: KeyFingerprint,
    /// Length of the modulus in bytes.
    pub(crate) size: usize,
    made: Option<Timestamp>,
    pkcs8: LockedBytes,
}

impl SealingKey {
    /// The key as AWS-LC works with it. That copy is in ordinary memory, and wiped when it is dropped.
    pub(crate) fn prepare(&self) -> Option<OaepPrivateDecryptingKey> {
        let key = PrivateDecryptingKey::from_pkcs8(self.pkcs8.expose()).ok()?;
        OaepPrivateDecryptingKey::new(key).ok()
    }
}

/// A key that was found and cannot be used, or a file without any.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("{name}: {error}")]
pub struct UnusableKey {
    /// The file, and the part of it: `keys.yaml: Secret kube-system/sealed-secrets-key4x2`, `old.pem: line 29`.
    pub name: String,
    /// What is wrong.
    pub error: KeyError,
}

/// Why a key cannot be used.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum KeyError {
    /// It needs a passphrase.
    #[error("the key is protected by a passphrase")]
    Encrypted,
    /// It is for another algorithm.
    #[error("not an RSA key")]
    NotRsa,
    /// It is neither PKCS#1 nor PKCS#8, or its numbers do not belong together.
    #[error("malformed private key")]
    Malformed,
    /// It is too short to be safe, or too long.
    #[error("an RSA key of {bits} bits, usable are 2048 to 8192")]
    Size {
        /// Length of the modulus.
        bits: usize,
    },
    /// The Secret has no `tls.key`.
    #[error("the Secret has no `tls.key`")]
    NoTlsKey,
    /// `tls.key` or `tls.crt` is not base64.
    #[error("not base64")]
    NotBase64,
    /// The file holds no private key in a form that is known here.
    #[error("no private key found")]
    NoKey,
    /// The document is neither a Secret nor a List of them.
    #[error("line {line}: neither a Secret nor a List of Secrets")]
    NotASecret {
        /// Where it starts.
        line: u32,
    },
    /// The file is not YAML.
    #[error("not valid YAML: {0}")]
    Yaml(#[from] YamlError),
    /// A field is not as it should be.
    #[error(transparent)]
    Field(#[from] FieldError),
    /// The system gives no memory for it.
    #[error("no memory for the key")]
    Memory,
}

impl KeyError {
    /// A stable name of the cause.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Encrypted => "key-encrypted",
            Self::NotRsa => "key-not-rsa",
            Self::Malformed => "key-malformed",
            Self::Size { .. } => "key-size",
            Self::NoTlsKey => "key-secret-without-tls-key",
            Self::NotBase64 => "key-not-base64",
            Self::NoKey => "key-missing",
            Self::NotASecret { .. } => "key-not-a-secret",
            Self::Yaml(_) => "key-not-yaml",
            Self::Field(error) => error.reason(),
            Self::Memory => "key-no-memory",
        }
    }
}

impl From<Flaw> for KeyError {
    fn from(flaw: Flaw) -> Self {
        match flaw {
            Flaw::Malformed => Self::Malformed,
            Flaw::NotRsa => Self::NotRsa,
            Flaw::Size { bits } => Self::Size { bits },
            Flaw::Memory => Self::Memory,
        }
    }
}

impl SealingKeys {
    /// No keys yet.
    pub const fn new() -> Self {
        Self { keys: Vec::new() }
    }

    /// Adds every key of a file: PEM (PKCS#1 or PKCS#8, any number of blocks, certificates among them), or Kubernetes
    /// Secrets with `tls.key` and `tls.crt` in YAML or JSON, in one or more documents or in a `List`.
    ///
    /// Gives back what could not be used, each part named after `name`; an empty answer means that all is well. A key
    /// that is there already is not added again.
    pub fn add(&mut self, name: &str, file: &[u8]) -> Vec<UnusableKey> {
        let mut loading = Loading {
            keys: self,
            found: 0,
            unusable: Vec::new(),
        };
        loading.file(name, file);
        let unusable = loading.unusable;
        // Stable: keys of the same age stay in the order of their files.
        self.keys.sort_by_key(|key| std::cmp::Reverse(key.made));
        unusable
    }

    /// Number of keys.
    pub const fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there is no key.
    pub const fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The ids of the keys, newest first.
    pub fn fingerprints(&self) -> impl Iterator<Item = &KeyFingerprint> {
        self.keys.iter().map(|key| &key.fingerprint)
    }

    /// Whether every key is in memory that is never swapped, which the limit on locked memory can forbid.
    pub fn are_locked(&self) -> bool {
        self.keys.iter().all(|key| key.pkcs8.is_locked())
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &SealingKey> {
        self.keys.iter()
    }
}

impl fmt::Debug for SealingKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.fingerprints()).finish()
    }
}

/// A file on its way into the ring.
struct Loading<'r> {
    keys: &'r mut SealingKeys,
    found: usize,
    unusable: Vec<UnusableKey>,
}

impl Loading<'_> {
    fn file(&mut self, name: &str, file: &[u8]) {
        if let Ok(text) = str::from_utf8(file) {
            let blocks = pem::blocks(text);
            if !blocks.is_empty() {
                self.pem(name, &blocks, &blocks, None);
                if self.found == 0 {
                    self.report(name, KeyError::NoKey);
                }
                return;
            }
        }
        match documents::read(file) {
            Ok(nodes) => {
                for node in &nodes {
                    self.manifest(name, &Field::top(node));
                }
                if self.found == 0 && self.unusable.is_empty() {
                    self.report(name, KeyError::NoKey);
                }
            }
            Err(error) => self.report(name, error.into()),
        }
    }

    fn report(&mut self, name: &str, error: KeyError) {
        self.found += 1;
        let name = name.to_owned();
        self.unusable.push(UnusableKey { name, error });
    }

    /// Adds the keys among `blocks`; a key is as old as the one of `certificates` that belongs to it, or as `fallback`.
    fn pem(
        &mut self,
        name: &str,
        blocks: &[Block<'_>],
        certificates: &[Block<'_>],
        fallback: Option<Timestamp>,
    ) {
        let parts: Vec<_> = certificates
            .iter()
            .filter(|block| block.label == "CERTIFICATE")
            .filter_map(|block| Parts::read(block.body.as_ref()?).ok())
            .collect();
        for block in blocks {
            let Some(read) = private_key(block) else {
                continue;
            };
            match read {
                Ok((public, pkcs8)) => {
                    let certificate = parts
                        .iter()
                        .find(|parts| parts.public.fingerprint == public.fingerprint);
                    let made = certificate
                        .map(|parts| parts.validity.not_before)
                        .or(fallback);
                    let key = SealingKey {
                        fingerprint: public.fingerprint,
                        size: public.size,
                        made,
                        pkcs8,
                    };
                    // AWS-LC checks that the numbers belong together.
                    if key.prepare().is_some() {
                        self.key(key);
                    } else {
                        self.report(&format!("{name}: line {}", block.line), KeyError::Malformed);
                    }
                }
                Err(error) => self.report(&format!("{name}: line {}", block.line), error),
            }
        }
    }

    fn key(&mut self, key: SealingKey) {
        self.found += 1;
        let known = self
            .keys
            .keys
            .iter_mut()
            .find(|known| known.fingerprint == key.fingerprint);
        match known {
            Some(known) => known.made = known.made.max(key.made),
            None => self.keys.keys.push(key),
        }
    }

    fn manifest(&mut self, name: &str, field: &Field<'_>) {
        if field.is_null() {
            return;
        }
        if let Err(error) = self.object(name, field) {
            self.report(name, error);
        }
    }

    fn object(&mut self, name: &str, field: &Field<'_>) -> Result<(), KeyError> {
        let mut object = field.fields()?;
        match object.text("kind")? {
            Some("Secret") => {
                let mut place = String::new();
                let mut created = None;
                if let Some(metadata) = object.take("metadata") {
                    let mut metadata = metadata.fields()?;
                    if let Some(namespace) = metadata.text("namespace")? {
                        place = format!("{namespace}/");
                    }
                    place.push_str(metadata.text("name")?.unwrap_or_default());
                    created = metadata
                        .take("creationTimestamp")
                        .and_then(|field| field.time().ok());
                }
                let name = format!("{name}: Secret {place}");
                if let Err(error) = self.secret(&name, object.take("data"), created) {
                    self.report(&name, error);
                }
                Ok(())
            }
            Some("List" | "SecretList") => {
                for item in object
                    .take("items")
                    .map_or_else(|| Ok(Vec::new()), |items| items.items())?
                {
                    self.manifest(name, &item);
                }
                Ok(())
            }
            _ => Err(KeyError::NotASecret { line: field.line() }),
        }
    }

    fn secret(
        &mut self,
        name: &str,
        data: Option<Field<'_>>,
        created: Option<Timestamp>,
    ) -> Result<(), KeyError> {
        let mut data = data.ok_or(KeyError::NoTlsKey)?.fields()?;
        let mut entry = |field| -> Result<Option<Zeroizing<Vec<u8>>>, KeyError> {
            let Some(text) = data.text(field)? else {
                return Ok(None);
            };
            go_base64::decode(text).map(Some).ok_or(KeyError::NotBase64)
        };
        let key = entry("tls.key")?.ok_or(KeyError::NoTlsKey)?;
        let certificate = entry("tls.crt")?.unwrap_or_default();
        let text = str::from_utf8(&key).map_err(|_| KeyError::NoKey)?;
        let certificate = str::from_utf8(&certificate).unwrap_or_default();
        let before = self.found;
        self.pem(name, &pem::blocks(text), &pem::blocks(certificate), created);
        if self.found == before {
            return Err(KeyError::NoKey);
        }
        Ok(())
    }
}

/// The private key in a block; nothing for a block of another kind.
fn private_key(block: &Block<'_>) -> Option<Result<(PublicHalf, LockedBytes), KeyError>> {
    let read = match block.label {
        "RSA PRIVATE KEY" => rsa_key::from_pkcs1,
        "PRIVATE KEY" => rsa_key::from_pkcs8,
        "ENCRYPTED PRIVATE KEY" => return Some(Err(KeyError::Encrypted)),
        "EC PRIVATE KEY" | "DSA PRIVATE KEY" => return Some(Err(KeyError::NotRsa)),
        _ => return None,
    };
    if block.encrypted {
        return Some(Err(KeyError::Encrypted));
    }
    Some(match &block.body {
        Some(der) => read(der).map_err(KeyError::from),
        None => Err(KeyError::Malformed),
    })
}
