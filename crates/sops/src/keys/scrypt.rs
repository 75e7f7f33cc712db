//! The age identity that is a passphrase, which opens `scrypt` stanzas (`filippo.io/age: scrypt.go`).

use std::cell::Cell;

use age_core::format::Stanza;
use scrypt::Params;
use secret::SecretString;
use zeroize::Zeroizing;

use super::stanza::{Attempt, WRAPPED_KEY, argument, unwrap_file_key};

/// Largest scrypt work factor that is tried, as the binary logarithm of N; the same limit as that of the Go program.
/// Each step doubles time and memory: 22 is 4 GiB.
pub const MAX_WORK_FACTOR: u8 = 22;

const STANZA: &str = "scrypt";
const LABEL: &[u8] = b"age-encryption.org/v1/scrypt";
const SALT: usize = 16;

/// A passphrase.
pub(super) struct ScryptKey<'a> {
    passphrase: &'a SecretString,
    excessive: Cell<Option<u8>>,
}

impl<'a> ScryptKey<'a> {
    pub(super) const fn new(passphrase: &'a SecretString) -> Self {
        Self {
            passphrase,
            excessive: Cell::new(None),
        }
    }

    /// The work factor of the stanza that was refused for it.
    pub(super) fn excessive_work(&self) -> Option<u8> {
        self.excessive.get()
    }

    pub(super) fn unwrap(&self, stanza: &Stanza) -> Attempt {
        if stanza.tag != STANZA {
            return Attempt::Foreign;
        }
        let [salt, log_n] = &stanza.args[..] else {
            return Attempt::Malformed;
        };
        let (Some(salt), Some(log_n)) = (argument::<SALT>(salt), work_factor(log_n)) else {
            return Attempt::Malformed;
        };
        if stanza.body.len() != WRAPPED_KEY {
            return Attempt::Malformed;
        }
        if log_n > MAX_WORK_FACTOR {
            self.excessive.set(Some(log_n));
            return Attempt::Malformed;
        }
        self.wrapping_key(&salt, log_n)
            .map_or(Attempt::Malformed, |key| {
                unwrap_file_key(&key, &stanza.body)
            })
    }

    fn wrapping_key(&self, salt: &[u8; SALT], log_n: u8) -> Option<Zeroizing<[u8; 32]>> {
        let params = Params::new(log_n, 8, 1, Params::RECOMMENDED_LEN).ok()?;
        let salt = [LABEL, salt].concat();
        let mut key = Zeroizing::new([0; 32]);
        let passphrase = self.passphrase.expose().as_bytes();
        scrypt::scrypt(passphrase, &salt, &params, &mut *key).ok()?;
        Some(key)
    }
}

/// The work factor in its canonical decimal form.
fn work_factor(text: &str) -> Option<u8> {
    let canonical = !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit());
    canonical.then(|| text.parse().ok())?
}
