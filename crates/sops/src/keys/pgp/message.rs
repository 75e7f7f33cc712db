//! OpenPGP messages that wrap data keys.

use std::io::Read;
use std::sync::Arc;

use pgp::composed::{DecryptionOptions, Edata, Esk, Message, PlainSessionKey, TheRing};
use pgp::packet::PublicKeyEncryptedSessionKey;
use pgp::types::EskType;
use secret::SecretBytes;

use super::{PgpKey, dearmor};
use crate::keys::age::LockedKey;
use crate::keys::passphrase::{LockedKind, Passphrase};

/// Longest content of a message in bytes. A wrapped data key has 32, a share of one 33.
const MAX_CONTENT: usize = 1024;

/// Most recipients of a message that are looked at. sops makes messages with one.
const MAX_RECIPIENTS: usize = 64;

/// How deep compressed packets may nest.
const MAX_COMPRESSION: usize = 2;

/// Why a message was not opened.
#[derive(Debug, thiserror::Error)]
pub(in crate::keys) enum PgpError {
    /// Not a readable encrypted message.
    #[error("the PGP message is malformed")]
    Malformed,
    /// The message has no integrity protection.
    #[error("the PGP message has no integrity protection")]
    Unprotected,
    /// No key of the ring is a recipient.
    #[error("no key matches the recipients of the PGP message")]
    NoMatchingKey,
    /// The key that may open the message stayed locked.
    #[error("the key that may open the PGP message stays locked: {0}")]
    Locked(LockedKey),
    /// A key is named as recipient and does not open the message, or the message was changed.
    #[error("the PGP message does not open")]
    Mismatch,
}

/// Opens an armored message with the first of `keys` that is a recipient.
pub(in crate::keys) fn open(
    armored: &str,
    keys: &[PgpKey],
    passphrase: &dyn Passphrase,
) -> Result<SecretBytes, PgpError> {
    let packets = dearmor(armored).ok_or(PgpError::Malformed)?;
    let Ok(Message::Encrypted { esk, edata, .. }) = Message::from_bytes(&packets[..]) else {
        return Err(PgpError::Malformed);
    };
    match edata {
        Edata::SymEncryptedData { .. } => return Err(PgpError::Unprotected),
        Edata::SymEncryptedProtectedData { .. } | Edata::GnupgAeadData { .. } => {}
    }
    let mut failure = PgpError::NoMatchingKey;
    for esk in esk.iter().take(MAX_RECIPIENTS) {
        let Esk::PublicKeyEncryptedSessionKey(esk) = esk else {
            continue;
        };
        let Ok(values) = esk.values() else {
            continue;
        };
        for key in keys {
            let (fit, version) = Fit::of(esk, key);
            if fit == Fit::Other {
                continue;
            }
            match key.session_key(values, version, passphrase) {
                Ok(Some(session_key)) => match content(&packets, session_key) {
                    Some(content) => return Ok(content),
                    None => failure = PgpError::Mismatch,
                },
                Ok(None) if fit == Fit::Named => failure = PgpError::Mismatch,
                Ok(None) => {}
                Err(why) => {
                    if matches!(failure, PgpError::NoMatchingKey) {
                        failure = PgpError::Locked(LockedKey {
                            origin: Arc::clone(&key.source),
                            kind: LockedKind::Pgp,
                            why,
                        });
                    }
                }
            }
        }
    }
    Err(failure)
}

/// How a recipient of a message relates to a key.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fit {
    /// The recipient is this key.
    Named,
    /// The recipient is hidden and can be any key.
    Hidden,
    /// The recipient is another key.
    Other,
}

impl Fit {
    fn of(esk: &PublicKeyEncryptedSessionKey, key: &PgpKey) -> (Self, EskType) {
        match esk {
            PublicKeyEncryptedSessionKey::V3 { id, .. } => {
                let fit = if id.is_wildcard() {
                    Self::Hidden
                } else if *id == key.key_id {
                    Self::Named
                } else {
                    Self::Other
                };
                (fit, EskType::V3_4)
            }
            PublicKeyEncryptedSessionKey::V6 { fingerprint, .. } => {
                let fit = match fingerprint {
                    None => Self::Hidden,
                    Some(fingerprint) if *fingerprint == key.fingerprint => Self::Named,
                    Some(_) => Self::Other,
                };
                (fit, EskType::V6)
            }
            PublicKeyEncryptedSessionKey::Other { .. } => (Self::Other, EskType::V6),
        }
    }
}

/// The content of a message; `None` when it is not intact or longer than a wrapped key can be.
fn content(packets: &[u8], session_key: PlainSessionKey) -> Option<SecretBytes> {
    let ring = TheRing {
        session_keys: vec![session_key],
        decrypt_options: DecryptionOptions::new().enable_gnupg_aead(),
        ..TheRing::default()
    };
    let message = Message::from_bytes(packets).ok()?;
    let (mut message, _) = message.decrypt_the_ring(ring, true).ok()?;
    for _ in 0..MAX_COMPRESSION {
        if message.is_compressed() {
            message = message.decompress().ok()?;
        }
    }
    if message.is_compressed() || message.is_encrypted() {
        return None;
    }
    // Read to the very end, where AEAD has its last tag; one byte more than allowed tells of a longer message.
    let mut len = 0;
    let mut content = SecretBytes::try_init(MAX_CONTENT + 1, |buffer| {
        while let Some(free) = buffer.get_mut(len..).filter(|free| !free.is_empty()) {
            match message.read(free) {
                Ok(0) => return Ok(()),
                Ok(read) => len += read,
                Err(_) => return Err(()),
            }
        }
        Err(())
    })
    .ok()?;
    content.truncate(len);
    Some(content)
}
