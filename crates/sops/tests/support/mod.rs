//! A key service on the `age` crate alone, so that documents are tested without the key ring.

use std::io::Read as _;

use age::armor::ArmoredReader;
use age::x25519::Identity;
use secret::LockedBytes;
use sops::{KeyError, KeyService, MasterKey, Unwrapped};

/// X25519 identities.
pub(crate) struct AgeKeys(Vec<Identity>);

impl AgeKeys {
    /// From `AGE-SECRET-KEY-…` texts.
    pub(crate) fn new(identities: &[String]) -> Self {
        Self(
            identities
                .iter()
                .map(|identity| {
                    identity
                        .parse()
                        .unwrap_or_else(|error| panic!("an identity: {error}"))
                })
                .collect(),
        )
    }
}

impl KeyService for AgeKeys {
    fn unwrap_key(&self, key: &MasterKey) -> Result<Unwrapped, KeyError> {
        let MasterKey::Age { enc, .. } = key else {
            return Ok(Unwrapped::NotForMe);
        };
        let identities = self.0.iter().map(|identity| identity as &dyn age::Identity);
        let opened = age::Decryptor::new(ArmoredReader::new(enc.as_bytes()))
            .and_then(|decryptor| decryptor.decrypt(identities))
            .ok()
            .and_then(|mut reader| {
                let mut key = Vec::new();
                reader.read_to_end(&mut key).ok().map(|_| key)
            });
        match opened {
            Some(mut key) => match LockedBytes::take(&mut key) {
                Ok(key) => Ok(Unwrapped::Key(key)),
                Err(error) => panic!("locked memory: {error}"),
            },
            None => Ok(Unwrapped::NotForMe),
        }
    }
}
