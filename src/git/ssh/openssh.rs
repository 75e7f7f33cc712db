//! ECDSA keys in OpenSSH's own container (openssh: `PROTOCOL.key`).
//!
//! The library that reads the other keys takes a private number only at its full width, while OpenSSH writes it without
//! leading zeros: every second key on P-521 is shorter, and one in 256 on the other curves.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use secret::SecretBytes;

use super::wire::Reader;

const BEGIN: &str = "-----BEGIN OPENSSH PRIVATE KEY-----";
const END: &str = "-----END OPENSSH PRIVATE KEY-----";
const MAGIC: &[u8] = b"openssh-key-v1\0";

/// The numbers of an ECDSA key.
pub(super) struct EcdsaNumbers {
    /// The curve's name, as `nistp256`.
    pub(super) curve: String,
    /// The public point, uncompressed.
    pub(super) point: Vec<u8>,
    /// The private number, big-endian, without leading zeros.
    pub(super) scalar: SecretBytes,
}

/// Reads an ECDSA key that no passphrase locks. None where it is another key, or broken.
pub(super) fn ecdsa(text: &str) -> Option<EcdsaNumbers> {
    let body = text.trim().strip_prefix(BEGIN)?.strip_suffix(END)?;
    let mut joined = String::with_capacity(body.len());
    joined.extend(body.split_ascii_whitespace());
    let joined = SecretBytes::new(joined.into_bytes());
    let container = SecretBytes::new(BASE64_STANDARD.decode(joined.expose()).ok()?);

    let mut container = Reader::new(container.expose().strip_prefix(MAGIC)?);
    let (cipher, kdf) = (container.string()?, container.string()?);
    let _kdf_options = container.string()?;
    if cipher != b"none" || kdf != b"none" || container.number()? != 1 {
        return None;
    }
    let _public = container.string()?;
    let mut key = Reader::new(container.string()?);
    if key.number()? != key.number()? {
        return None;
    }
    let curve = str::from_utf8(key.string()?)
        .ok()?
        .strip_prefix("ecdsa-sha2-")?;
    if key.string()? != curve.as_bytes() {
        return None;
    }
    let point = key.string()?.to_vec();
    let scalar = key.string()?;
    let start = scalar.iter().position(|byte| *byte != 0)?;
    Some(EcdsaNumbers {
        curve: curve.to_owned(),
        point,
        scalar: SecretBytes::copy_of(&scalar[start..]),
    })
}
