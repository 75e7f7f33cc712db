//! Keyed fingerprints: what is shown in place of a value.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use rustix::rand::{GetRandomFlags, getrandom};
use sha2::Sha256;
use zeroize::Zeroizing;

/// Length of the HMAC key in bytes: one block of SHA-256, which HMAC takes as it is.
const KEY_LEN: usize = 64;

/// The key of this process's [`Fingerprint`]s.
///
/// It is made at start and never leaves the process. Fingerprints are therefore the same for equal values within one
/// run, which is what a diff needs, and say nothing to anyone who sees them later: an unkeyed hash of a low-entropy
/// password could be searched for.
pub struct FingerprintKey {
    // The state after the key block. Cloning it saves two of the four compressions of a short value.
    keyed: Hmac<Sha256>,
}

impl FingerprintKey {
    /// A fresh key from the kernel's random generator.
    ///
    /// # Errors
    ///
    /// When the kernel gives no random bytes.
    pub fn generate() -> Result<Self, GenerateKeyError> {
        let mut key = Zeroizing::new([0; KEY_LEN]);
        let mut filled = 0;
        while let Some(rest) = key.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match getrandom(rest, GetRandomFlags::empty()) {
                Ok(count) => filled += count,
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(GenerateKeyError(error.into())),
            }
        }
        Ok(Self::from_key(&key))
    }

    fn from_key(key: &[u8; KEY_LEN]) -> Self {
        Self {
            keyed: Hmac::<Sha256>::new(key.into()),
        }
    }

    /// The fingerprint of `value`.
    pub fn fingerprint(&self, value: &[u8]) -> Fingerprint {
        let mut mac = self.keyed.clone();
        mac.update(value);
        let full = mac.finalize().into_bytes();
        let mut bytes = [0; Fingerprint::LEN];
        bytes.copy_from_slice(&full[..Fingerprint::LEN]);
        Fingerprint(bytes)
    }
}

/// The kernel gave no random bytes for a key.
#[derive(Debug, thiserror::Error)]
#[error("cannot read random bytes from the kernel")]
pub struct GenerateKeyError(#[source] std::io::Error);

impl GenerateKeyError {
    /// A stable name of this error.
    pub const fn reason(&self) -> &'static str {
        "no-random-bytes"
    }
}

/// HMAC-SHA-256 of a value, truncated to 128 bits. Not a secret.
///
/// [`Display`](fmt::Display) is the mask that takes a value's place in output: `<secret 3f9a0c1e>`. It shows the first
/// 32 bits only. A person compares two of them in one diff, where the chance that a changed value looks unchanged is
/// one in four thousand million, and eight digits are what the eye compares at a glance. Code compares all 128 bits.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Fingerprint([u8; Self::LEN]);

impl Fingerprint {
    /// Length in bytes.
    const LEN: usize = 16;

    /// The bits that the mask shows, as eight hexadecimal digits.
    pub fn short(&self) -> impl fmt::Display + use<> {
        let [a, b, c, d, ..] = self.0;
        fmt::from_fn(move |f| write!(f, "{:08x}", u32::from_be_bytes([a, b, c, d])))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<secret {}>", self.short())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_match_within_one_key_and_differ_across_keys() {
        let (Ok(one), Ok(other)) = (FingerprintKey::generate(), FingerprintKey::generate()) else {
            panic!("no random bytes")
        };
        assert_eq!(one.fingerprint(b"hunter2"), one.fingerprint(b"hunter2"));
        assert_ne!(one.fingerprint(b"hunter2"), one.fingerprint(b"hunter3"));
        assert_ne!(one.fingerprint(b"hunter2"), other.fingerprint(b"hunter2"));
    }

    /// Made with `printf hunter2 | openssl mac -digest SHA256 -macopt hexkey:$KEY HMAC`, where `KEY` is 64 times `07`.
    #[test]
    fn the_mask_shows_the_first_32_bits_of_the_hmac() {
        let key = FingerprintKey::from_key(&[7; KEY_LEN]);
        assert_eq!(key.fingerprint(b"hunter2").to_string(), "<secret 3624763a>");
    }
}
