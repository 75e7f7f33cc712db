//! The keys at hand.

use std::sync::Arc;

use secret::{LockedBytes, SecretBytes};

use super::age::{self, AgeError, AgeKey};
use super::file;
use super::loaded::{KeyFileError, Loaded};
use super::passphrase::{NoPassphrase, Passphrase};
use super::pgp::{self, PgpError, PgpKey};
use crate::key_service::{KeyError, KeyService, Unwrapped};
use crate::metadata::MasterKey;

/// Longest wrapped key in bytes, armor included. The longest that sops writes has some 2.5 KiB.
const MAX_WRAPPED: usize = 64 * 1024;

/// Private keys in locked memory, and the [`KeyService`] over them.
///
/// A ring is filled by [`load`](Self::load) and then only read; it can be shared among threads. What an operation
/// needs is built from the locked bytes at the moment of use and wiped right after.
pub struct KeyRing {
    age: Vec<AgeKey>,
    pgp: Vec<PgpKey>,
    passphrase: Box<dyn Passphrase>,
}

impl Default for KeyRing {
    fn default() -> Self {
        Self::new(Box::new(NoPassphrase))
    }
}

impl KeyRing {
    /// An empty ring, which asks `passphrase` to unlock keys.
    pub fn new(passphrase: Box<dyn Passphrase>) -> Self {
        Self {
            age: Vec::new(),
            pgp: Vec::new(),
            passphrase,
        }
    }

    /// Adds the keys of one file (or variable), of any mix of kinds: age identities, an age-encrypted file of
    /// identities, OpenSSH private keys, RSA and Ed25519 keys in PEM, and OpenPGP secret keys.
    ///
    /// `source` names the file in errors and requests for passphrases. Nothing is unlocked yet. Content that is of
    /// none of these kinds is not an error: the result is then [empty](Loaded::is_empty). The caller wipes `bytes`.
    ///
    /// # Errors
    ///
    /// When the file is damaged. No key of it was added then.
    pub fn load(&mut self, source: &str, bytes: &[u8]) -> Result<Loaded, KeyFileError> {
        let keys = file::parse(&Arc::from(source), bytes)?;
        self.age.extend(keys.age);
        self.pgp.extend(keys.pgp);
        Ok(keys.loaded)
    }

    /// Whether there is no key.
    pub const fn is_empty(&self) -> bool {
        self.age.is_empty() && self.pgp.is_empty()
    }

    /// The public names of the keys: recipients of age and SSH keys, fingerprints of PGP keys. The keys in encrypted
    /// identity files have no known names.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self
            .age
            .iter()
            .filter_map(|key| match key {
                AgeKey::Native(key) => Some(key.recipient().to_owned()),
                AgeKey::Ssh(key) => Some(key.recipient().to_owned()),
                AgeKey::File(_) => None,
            })
            .chain(self.pgp.iter().map(|key| key.primary().to_string()))
            .collect();
        names.dedup();
        names
    }

    pub(super) fn age_keys(&self) -> &[AgeKey] {
        &self.age
    }

    pub(super) fn passphrase(&self) -> &dyn Passphrase {
        &*self.passphrase
    }

    fn unwrap_age(&self, recipient: &str, enc: &str) -> Result<Unwrapped, KeyError> {
        if self.age.is_empty() {
            return Ok(Unwrapped::NotForMe);
        }
        match age::decrypt_as(enc.as_bytes(), self, Some(recipient)) {
            Ok(key) => lock(key),
            Err(AgeError::NoMatchingKey) => Ok(Unwrapped::NotForMe),
            Err(AgeError::Locked(locked)) => Err(KeyError::Locked(locked)),
            Err(AgeError::Mac | AgeError::Payload) => Err(KeyError::Mismatch),
            Err(
                AgeError::Armor
                | AgeError::Header
                | AgeError::Version
                | AgeError::ExcessiveWork { .. },
            ) => Err(KeyError::Malformed),
        }
    }

    fn unwrap_pgp(&self, enc: &str) -> Result<Unwrapped, KeyError> {
        if self.pgp.is_empty() {
            return Ok(Unwrapped::NotForMe);
        }
        match pgp::open(enc, &self.pgp, self.passphrase()) {
            Ok(key) => lock(key),
            Err(PgpError::NoMatchingKey) => Ok(Unwrapped::NotForMe),
            Err(PgpError::Locked(locked)) => Err(KeyError::Locked(locked)),
            Err(PgpError::Mismatch) => Err(KeyError::Mismatch),
            Err(PgpError::Unprotected) => Err(KeyError::Unprotected),
            Err(PgpError::Malformed) => Err(KeyError::Malformed),
        }
    }
}

impl KeyService for KeyRing {
    fn unwrap_key(&self, key: &MasterKey) -> Result<Unwrapped, KeyError> {
        match key {
            MasterKey::Age { enc, .. } | MasterKey::Pgp { enc, .. } if enc.len() > MAX_WRAPPED => {
                Err(KeyError::Malformed)
            }
            MasterKey::Age { recipient, enc } => self.unwrap_age(recipient, enc),
            MasterKey::Pgp { enc, .. } => self.unwrap_pgp(enc),
            MasterKey::AzureKv { .. }
            | MasterKey::GcpKms { .. }
            | MasterKey::HcVault { .. }
            | MasterKey::HcKms { .. }
            | MasterKey::Kms { .. } => Ok(Unwrapped::NotForMe),
        }
    }

    fn holds(&self, key: &MasterKey) -> bool {
        match key {
            MasterKey::Age { recipient, .. } => self.age.iter().any(|key| match key {
                AgeKey::Native(key) => key.is_named(recipient),
                AgeKey::Ssh(key) => is_ssh_recipient(recipient, key.recipient()),
                AgeKey::File(_) => false,
            }),
            MasterKey::Pgp { fp, .. } => self.pgp.iter().any(|key| key.is_named(fp)),
            MasterKey::AzureKv { .. }
            | MasterKey::GcpKms { .. }
            | MasterKey::HcVault { .. }
            | MasterKey::HcKms { .. }
            | MasterKey::Kms { .. } => false,
        }
    }
}

/// Whether a recipient, which may end with a comment, names the key.
fn is_ssh_recipient(recipient: &str, key: &str) -> bool {
    recipient
        .strip_prefix(key)
        .is_some_and(|comment| comment.is_empty() || comment.starts_with(' '))
}

fn lock(mut key: SecretBytes) -> Result<Unwrapped, KeyError> {
    LockedBytes::take(key.expose_mut())
        .map(Unwrapped::Key)
        .map_err(|_| KeyError::Memory)
}
