//! The age identity `AGE-SECRET-KEY-1…`, which opens `X25519` stanzas.
//!
//! Source of the format: C2SP `age.md`. A stanza does not say whose it is: one for another key just does not open.

use age_core::format::Stanza;
use age_core::primitives::hkdf;
use aws_lc_rs::agreement::{self, PrivateKey, UnparsedPublicKey, X25519};
use zeroize::Zeroizing;

use super::stanza::{Attempt, WRAPPED_KEY, argument, unwrap_file_key};

/// Type of the stanza.
pub(super) const STANZA: &str = "X25519";

/// Length of the secret scalar in bytes.
pub(super) const SCALAR: usize = 32;

const LABEL: &[u8] = b"age-encryption.org/v1/X25519";
const POINT: usize = 32;

/// The raw public key; `None` where `scalar` is not one, by its length.
pub(super) fn public_key(scalar: &[u8]) -> Option<[u8; POINT]> {
    public_half(&PrivateKey::from_private_key(&X25519, scalar).ok()?)
}

fn public_half(private: &PrivateKey) -> Option<[u8; POINT]> {
    private.compute_public_key().ok()?.as_ref().try_into().ok()
}

/// Opens `stanza`, which is of type [`STANZA`].
pub(super) fn unwrap(scalar: &[u8], stanza: &Stanza) -> Attempt {
    let [share] = &stanza.args[..] else {
        return Attempt::Malformed;
    };
    let Some(share) = argument::<POINT>(share) else {
        return Attempt::Malformed;
    };
    if stanza.body.len() != WRAPPED_KEY {
        return Attempt::Malformed;
    }
    // A point of low order is refused here: no sender could have made it.
    wrapping_key(scalar, &share).map_or(Attempt::Malformed, |key| {
        unwrap_file_key(&key, &stanza.body)
    })
}

fn wrapping_key(scalar: &[u8], share: &[u8; POINT]) -> Option<Zeroizing<[u8; 32]>> {
    let private = PrivateKey::from_private_key(&X25519, scalar).ok()?;
    let mut salt = [0; 2 * POINT];
    salt[..POINT].copy_from_slice(share);
    salt[POINT..].copy_from_slice(&public_half(&private)?);
    let share = UnparsedPublicKey::new(&X25519, share);
    agreement::agree(&private, share, (), |shared| {
        Ok(Zeroizing::new(hkdf(&salt, LABEL, shared)))
    })
    .ok()
}
