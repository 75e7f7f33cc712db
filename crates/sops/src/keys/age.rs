//! age files, and the native age identities.
//!
//! The `age` crate reads headers, armor and payloads; the identities are this crate's own. Only what an honest file needs is done: an scrypt stanza is opened where a passphrase was asked
//! for, never because a file to decrypt holds one, and age plugins are not run at all.

use std::cell::Cell;
use std::io::Read;
use std::sync::{Arc, OnceLock};

use age::armor::ArmoredReader;
use age::{DecryptError, Decryptor, Identity};
use age_core::format::{FileKey, Stanza};
use age_core::primitives::{bech32_decode, bech32_encode};
use bech32::Hrp;
use secret::{SecretBytes, SecretString};
use zeroize::Zeroizing;

use super::file;
use super::hybrid;
use super::material::Material;
use super::passphrase::{self, LockedKind, Passphrase, StaysLocked};
use super::ring::KeyRing;
use super::scrypt::ScryptKey;
use super::ssh::SshKey;
use super::stanza::Attempt;
use super::x25519;

pub use super::scrypt::MAX_WORK_FACTOR;

/// Largest header in bytes. A header is parsed again for each line that it grows by, so a limit keeps that bounded.
const MAX_HEADER: usize = 64 * 1024;

/// Decrypts an age file, armored or binary, with the identities of `ring`.
///
/// # Errors
///
/// When no identity fits, or the file is not intact. No part of a damaged payload is returned.
pub fn decrypt(file: &[u8], ring: &KeyRing) -> Result<SecretBytes, AgeError> {
    decrypt_as(file, ring, None)
}

/// As [`decrypt`], trying first the identity that `recipient` belongs to. The name is a hint: nothing depends on its
/// being true.
pub(super) fn decrypt_as(
    file: &[u8],
    ring: &KeyRing,
    recipient: Option<&str>,
) -> Result<SecretBytes, AgeError> {
    let search = Search {
        keys: ring.age_keys(),
        passphrase: ring.passphrase(),
        recipient,
        locked: Cell::new(None),
    };
    open(file, &search).map_err(|error| match (error, search.locked.take()) {
        (AgeError::NoMatchingKey, Some(locked)) => AgeError::Locked(locked),
        (error, _) => error,
    })
}

/// Decrypts an age file, armored or binary, whose only recipient is a passphrase.
///
/// # Errors
///
/// When the passphrase is wrong, the file has another kind of recipient or a work factor above [`MAX_WORK_FACTOR`], or
/// is not intact.
pub fn decrypt_with_passphrase(
    file: &[u8],
    passphrase: &SecretString,
) -> Result<SecretBytes, AgeError> {
    let key = ScryptKey::new(passphrase);
    open(file, &key).map_err(|error| match key.excessive_work() {
        Some(log_n) => AgeError::ExcessiveWork { log_n },
        None => error,
    })
}

/// Why an age file was not decrypted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AgeError {
    /// The ASCII armor is broken.
    #[error("the armor of the age file is malformed")]
    Armor,
    /// The header breaks the format, or a stanza that names a key does not open with it.
    #[error("the header of the age file is malformed")]
    Header,
    /// A version of the format after v1.
    #[error("the age file has an unknown version")]
    Version,
    /// No identity is a recipient of the file.
    #[error("no identity matches the recipients of the age file")]
    NoMatchingKey,
    /// The identity that may open the file stayed locked.
    #[error("the identity that may open the age file stays locked: {0}")]
    Locked(LockedKey),
    /// The file asks for more scrypt work than [`MAX_WORK_FACTOR`].
    #[error("the age file asks for scrypt work 2^{log_n}, more than the limit")]
    ExcessiveWork {
        /// The work factor asked for.
        log_n: u8,
    },
    /// The header was changed after it was made.
    #[error("the header of the age file is not authentic")]
    Mac,
    /// The payload was changed, cut or extended after it was made.
    #[error("the payload of the age file is not authentic")]
    Payload,
}

impl AgeError {
    /// A stable name of this error.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Armor => "age-armor",
            Self::Header => "age-header",
            Self::Version => "age-version",
            Self::NoMatchingKey => "no-matching-key",
            Self::Locked(locked) => locked.why.reason(),
            Self::ExcessiveWork { .. } => "excessive-work",
            Self::Mac => "age-header-mac",
            Self::Payload => "age-payload",
        }
    }
}

/// A key that is there and stayed locked.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{kind} in {origin}: {why}")]
pub struct LockedKey {
    /// Name of the file or variable that holds the key.
    pub origin: Arc<str>,
    /// What is locked.
    pub kind: LockedKind,
    /// Why it stayed so.
    pub why: StaysLocked,
}

/// A key of the ring that opens age stanzas.
pub(super) enum AgeKey {
    Native(NativeKey),
    Ssh(SshKey),
    File(IdentityFile),
}

/// An identity of age's own kinds.
pub(super) struct NativeKey {
    kind: NativeKind,
    /// For X25519 the scalar, for the hybrid its seed.
    material: Material,
    recipient: OnceLock<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum NativeKind {
    X25519,
    Hybrid,
}

/// Prefix of an X25519 identity.
pub(super) const X25519_PREFIX: &str = "AGE-SECRET-KEY-1";
/// Prefix of a hybrid identity.
pub(super) const HYBRID_PREFIX: &str = "AGE-SECRET-KEY-PQ-1";

const X25519_HRP: Hrp = Hrp::parse_unchecked("AGE-SECRET-KEY-");
const X25519_RECIPIENT_HRP: Hrp = Hrp::parse_unchecked("age");
const HYBRID_HRP: Hrp = Hrp::parse_unchecked("AGE-SECRET-KEY-PQ-");
const HYBRID_RECIPIENT_HRP: Hrp = Hrp::parse_unchecked("age1pq");

/// What is kept in locked memory of the identity written as `text`; `None` when it is not a valid identity.
pub(super) fn parse_identity(text: &str) -> Option<(NativeKind, Zeroizing<Vec<u8>>)> {
    let (kind, expected, length) = if text.starts_with(HYBRID_PREFIX) {
        (NativeKind::Hybrid, HYBRID_HRP, hybrid::SEED)
    } else if text.starts_with(X25519_PREFIX) {
        (NativeKind::X25519, X25519_HRP, x25519::SCALAR)
    } else {
        return None;
    };
    let material = bech32_decode(
        text,
        drop,
        |hrp| (hrp == expected).then_some(()).ok_or(()),
        |_, bytes| Ok(Zeroizing::new(bytes.collect::<Vec<u8>>())),
    )
    .ok()?;
    (material.len() == length).then_some((kind, material))
}

impl NativeKey {
    pub(super) const fn new(kind: NativeKind, material: Material) -> Self {
        Self {
            kind,
            material,
            recipient: OnceLock::new(),
        }
    }

    /// The public key as recipients are written.
    pub(super) fn recipient(&self) -> &str {
        self.recipient.get_or_init(|| {
            let secret = self.material.expose();
            match self.kind {
                NativeKind::X25519 => x25519::public_key(secret)
                    .map(|public| bech32_encode(X25519_RECIPIENT_HRP, &public))
                    .unwrap_or_default(),
                NativeKind::Hybrid => {
                    bech32_encode(HYBRID_RECIPIENT_HRP, &hybrid::public_key(secret))
                }
            }
        })
    }

    /// Whether `recipient` is the public key. Computed, and remembered, for keys of the recipient's kind only.
    pub(super) fn is_named(&self, recipient: &str) -> bool {
        let is_hybrid = recipient.starts_with("age1pq1");
        (self.kind == NativeKind::Hybrid) == is_hybrid && self.recipient() == recipient
    }

    fn unwrap(&self, stanzas: &[Stanza]) -> Attempt {
        let secret = self.material.expose();
        match self.kind {
            NativeKind::X25519 => first(stanzas, x25519::STANZA, |stanza| {
                x25519::unwrap(secret, stanza)
            }),
            NativeKind::Hybrid => first(stanzas, hybrid::STANZA, |stanza| {
                hybrid::unwrap(secret, stanza)
            }),
        }
    }
}

/// The first outcome other than [`Attempt::Foreign`] among the stanzas of type `tag`.
fn first(stanzas: &[Stanza], tag: &str, mut attempt: impl FnMut(&Stanza) -> Attempt) -> Attempt {
    for stanza in stanzas.iter().filter(|stanza| stanza.tag == tag) {
        match attempt(stanza) {
            Attempt::Foreign => {}
            outcome => return outcome,
        }
    }
    Attempt::Foreign
}

/// A file of identities that is itself an age file, locked by a passphrase.
pub(super) struct IdentityFile {
    source: Arc<str>,
    /// The age file, armored or binary. It is as public as its passphrase is good.
    file: Box<[u8]>,
    keys: OnceLock<Result<Vec<NativeKey>, StaysLocked>>,
}

impl IdentityFile {
    pub(super) fn new(source: &Arc<str>, file: &[u8]) -> Self {
        Self {
            source: Arc::clone(source),
            file: file.into(),
            keys: OnceLock::new(),
        }
    }

    /// The identities in the file. Asks for the passphrase the first time.
    fn keys(&self, passphrase: &dyn Passphrase) -> Result<&[NativeKey], StaysLocked> {
        self.keys
            .get_or_init(|| {
                passphrase::unlock(
                    passphrase,
                    &self.source,
                    LockedKind::AgeIdentityFile,
                    None,
                    |answer| match decrypt_with_passphrase(&self.file, answer) {
                        Ok(content) => file::identities(content.expose()),
                        Err(AgeError::NoMatchingKey) => Err(StaysLocked::WrongPassphrase),
                        Err(AgeError::ExcessiveWork { .. }) => Err(StaysLocked::ExcessiveWork),
                        Err(_) => Err(StaysLocked::Unusable),
                    },
                )
            })
            .as_deref()
            .map_err(|locked| *locked)
    }

    fn unwrap(
        &self,
        stanzas: &[Stanza],
        passphrase: &dyn Passphrase,
    ) -> Result<Attempt, StaysLocked> {
        // A passphrase is asked for only where some identity could open the file at all.
        if !stanzas
            .iter()
            .any(|stanza| stanza.tag == x25519::STANZA || stanza.tag == hybrid::STANZA)
        {
            return Ok(Attempt::Foreign);
        }
        for key in self.keys(passphrase)? {
            match key.unwrap(stanzas) {
                Attempt::Foreign => {}
                outcome => return Ok(outcome),
            }
        }
        Ok(Attempt::Foreign)
    }
}

/// All identities of a ring, as one that the `age` crate can ask.
struct Search<'a> {
    keys: &'a [AgeKey],
    passphrase: &'a dyn Passphrase,
    recipient: Option<&'a str>,
    /// The first key that could have been the one and stayed locked.
    locked: Cell<Option<LockedKey>>,
}

impl Search<'_> {
    fn attempt(&self, stanzas: &[Stanza]) -> Attempt {
        let natives = || {
            self.keys.iter().filter_map(|key| match key {
                AgeKey::Native(key) => Some(key),
                AgeKey::Ssh(_) | AgeKey::File(_) => None,
            })
        };
        // Comparing names costs about as much as trying the keys, but only once: the names are remembered.
        let named = self.recipient.filter(|_| natives().nth(1).is_some());
        let is_named = |key: &NativeKey| named.is_some_and(|named| key.is_named(named));
        let ordered = natives()
            .filter(|key| is_named(key))
            .chain(natives().filter(|key| !is_named(key)));
        for key in ordered {
            match key.unwrap(stanzas) {
                Attempt::Foreign => {}
                outcome => return outcome,
            }
        }
        // Keys that may ask for a passphrase come last.
        for key in self.keys {
            let (outcome, source, kind) = match key {
                AgeKey::Native(_) => continue,
                AgeKey::Ssh(key) => (
                    unwrap_ssh(key, stanzas, self.passphrase),
                    key.source(),
                    LockedKind::Ssh,
                ),
                AgeKey::File(file) => (
                    file.unwrap(stanzas, self.passphrase),
                    &file.source,
                    LockedKind::AgeIdentityFile,
                ),
            };
            match outcome {
                Ok(Attempt::Foreign) => {}
                Ok(outcome) => return outcome,
                Err(why) => {
                    let earlier = self.locked.take();
                    self.locked.set(earlier.or_else(|| {
                        Some(LockedKey {
                            origin: Arc::clone(source),
                            kind,
                            why,
                        })
                    }));
                }
            }
        }
        Attempt::Foreign
    }
}

fn unwrap_ssh(
    key: &SshKey,
    stanzas: &[Stanza],
    passphrase: &dyn Passphrase,
) -> Result<Attempt, StaysLocked> {
    for stanza in stanzas {
        match key.unwrap(stanza, passphrase)? {
            Attempt::Foreign => {}
            outcome => return Ok(outcome),
        }
    }
    Ok(Attempt::Foreign)
}

impl Identity for Search<'_> {
    fn unwrap_stanza(&self, stanza: &Stanza) -> Option<Result<FileKey, DecryptError>> {
        self.unwrap_stanzas(std::slice::from_ref(stanza))
    }

    fn unwrap_stanzas(&self, stanzas: &[Stanza]) -> Option<Result<FileKey, DecryptError>> {
        answer(self.attempt(stanzas))
    }
}

impl Identity for ScryptKey<'_> {
    fn unwrap_stanza(&self, stanza: &Stanza) -> Option<Result<FileKey, DecryptError>> {
        answer(self.unwrap(stanza))
    }
}

fn answer(attempt: Attempt) -> Option<Result<FileKey, DecryptError>> {
    match attempt {
        Attempt::Key(key) => Some(Ok(key)),
        Attempt::Foreign => None,
        Attempt::Malformed => Some(Err(DecryptError::InvalidHeader)),
    }
}

fn open(file: &[u8], identity: &dyn Identity) -> Result<SecretBytes, AgeError> {
    let dearmored;
    let file = if is_armored(file) {
        let mut binary = Vec::with_capacity(file.len() / 4 * 3);
        ArmoredReader::new(file.trim_ascii_start())
            .read_to_end(&mut binary)
            .map_err(|_| AgeError::Armor)?;
        dearmored = binary;
        &dearmored
    } else {
        file
    };
    if !has_canonical_stanzas(file.get(..MAX_HEADER).unwrap_or(file)) {
        return Err(AgeError::Header);
    }
    let decryptor = Decryptor::new_buffered(file).map_err(|error| match error {
        DecryptError::UnknownFormat => AgeError::Version,
        _ => AgeError::Header,
    })?;
    let mut payload =
        decryptor
            .decrypt(std::iter::once(identity))
            .map_err(|error| match error {
                DecryptError::NoMatchingKeys => AgeError::NoMatchingKey,
                DecryptError::InvalidMac => AgeError::Mac,
                _ => AgeError::Header,
            })?;
    // The plaintext is shorter than the file, so the buffer never moves while it fills.
    let mut content = Zeroizing::new(Vec::with_capacity(file.len()));
    payload
        .read_to_end(&mut content)
        .map_err(|_| AgeError::Payload)?;
    Ok(SecretBytes::new(std::mem::take(&mut *content)))
}

/// Whether the header ends within `file`, and the body of each stanza ends with a line of less than 64 columns. The
/// `age` crate also takes bodies without that line, which a first draft of the format allowed.
fn has_canonical_stanzas(file: &[u8]) -> bool {
    const COLUMNS: usize = 64;
    let mut in_body = false;
    for line in file.split(|&byte| byte == b'\n') {
        let is_marker = line.starts_with(b"-");
        if in_body && (is_marker || line.len() > COLUMNS) {
            return false;
        }
        if line.starts_with(b"---") {
            return true;
        }
        in_body = if is_marker {
            true
        } else {
            in_body && line.len() == COLUMNS
        };
    }
    false
}

/// Whether `file` is armored: Go's reader lets white space precede the marker (`filippo.io/age: armor/armor.go`).
pub(super) fn is_armored(file: &[u8]) -> bool {
    file.trim_ascii_start().starts_with(b"-----BEGIN AGE")
}
