//! Encrypted values: `ENC[AES256_GCM,data:…,iv:…,tag:…,type:…]` (sops: `aes/cipher.go`).
//!
//! Read more strictly than sops does, where no file that sops wrote is refused: the tag has its 16 bytes, base64 has no
//! stray bits, and nothing but blanks follows the bracket.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secret::SecretBytes;
use zeroize::Zeroizing;

use crate::document::Scalar;
use crate::gcm::{Gcm, TAG_LENGTH};
use goyaml::Timestamp;

/// How every encrypted value begins.
pub(crate) const PREFIX: &[u8] = b"ENC[AES256_GCM,data:";

/// Longest nonce that is read, in bytes.
const MAX_NONCE: usize = 512;

/// Decrypts values one after another, in buffers that it keeps.
pub(crate) struct Cipher<'k> {
    gcm: &'k Gcm,
    data: Zeroizing<Vec<u8>>,
    nonce: Vec<u8>,
}

/// What a value turned out to be.
pub(crate) enum Decrypted {
    /// The type is `comment`.
    Comment,
    Scalar(Scalar),
    /// The type is `str`: the text itself is now in the buffer that held the value.
    Text,
}

impl<'k> Cipher<'k> {
    pub(crate) fn new(gcm: &'k Gcm) -> Self {
        Self { gcm, data: Zeroizing::new(Vec::new()), nonce: Vec::new() }
    }

    /// Decrypts `value` in place.
    ///
    /// For texts and comments `value` then holds the plaintext. For other types it is emptied. On failure it still
    /// holds the encrypted value.
    pub(crate) fn decrypt(&mut self, value: &mut SecretBytes, associated: &[u8]) -> Result<Decrypted, ValueError> {
        let parts = Parts::split(value.expose())?;
        self.nonce.clear();
        if parts.nonce.len() > MAX_NONCE * 2 {
            return Err(ValueError::Malformed);
        }
        decode(parts.nonce, &mut self.nonce)?;
        let mut tag = [0; TAG_LENGTH + 2];
        let length = STANDARD.decode_slice(parts.tag, &mut tag).map_err(|_| ValueError::Malformed)?;
        let Some(tag) = tag[..length].first_chunk::<TAG_LENGTH>().filter(|_| length == TAG_LENGTH) else {
            return Err(ValueError::Malformed);
        };
        let kind = Kind::named(parts.kind)?;
        self.data.clear();
        decode(parts.data, &mut self.data)?;
        if self.nonce.is_empty() || self.data.is_empty() {
            return Err(ValueError::Malformed);
        }
        self.gcm
            .open(&self.nonce, associated, &mut self.data, tag)
            .map_err(|_| ValueError::Unauthentic)?;
        let decrypted = match kind {
            Kind::Comment => Decrypted::Comment,
            Kind::Str => Decrypted::Text,
            Kind::Bool | Kind::Float | Kind::Int | Kind::Time => {
                let scalar = kind.read(&self.data).ok_or(ValueError::NotOfItsType)?;
                value.truncate(0);
                return Ok(Decrypted::Scalar(scalar));
            }
        };
        // Base64 is longer than what it encodes, so there is room.
        value.expose_mut()[..self.data.len()].copy_from_slice(&self.data);
        value.truncate(self.data.len());
        Ok(decrypted)
    }
}

fn decode(text: &[u8], buffer: &mut Vec<u8>) -> Result<(), ValueError> {
    STANDARD.decode_vec(text, buffer).map_err(|_| ValueError::Malformed)
}

/// The parts of a value, still in base64.
struct Parts<'v> {
    data: &'v [u8],
    nonce: &'v [u8],
    tag: &'v [u8],
    kind: &'v [u8],
}

impl<'v> Parts<'v> {
    /// Base64 has neither commas nor brackets, so the first of each ends a part.
    fn split(value: &'v [u8]) -> Result<Self, ValueError> {
        Self::try_split(value).ok_or(ValueError::Malformed)
    }

    fn try_split(value: &'v [u8]) -> Option<Self> {
        let rest = value.strip_prefix(PREFIX)?;
        let (data, rest) = until(rest, b',')?;
        let (nonce, rest) = until(rest.strip_prefix(b"iv:")?, b',')?;
        let (tag, rest) = until(rest.strip_prefix(b"tag:")?, b',')?;
        let (kind, rest) = until(rest.strip_prefix(b"type:")?, b']')?;
        rest.trim_ascii().is_empty().then_some(Self { data, nonce, tag, kind })
    }
}

fn until(text: &[u8], end: u8) -> Option<(&[u8], &[u8])> {
    let position = text.iter().position(|byte| *byte == end)?;
    Some((&text[..position], &text[position + 1..]))
}

/// The types a value can have. `bytes`, which Python's sops wrote, is left out: sops itself no longer opens it.
#[derive(Clone, Copy)]
enum Kind {
    Bool,
    Comment,
    Float,
    Int,
    Str,
    Time,
}

impl Kind {
    fn named(name: &[u8]) -> Result<Self, ValueError> {
        match name {
            b"bool" => Ok(Self::Bool),
            b"comment" => Ok(Self::Comment),
            b"float" => Ok(Self::Float),
            b"int" => Ok(Self::Int),
            b"str" => Ok(Self::Str),
            b"time" => Ok(Self::Time),
            _ => Err(ValueError::UnknownType),
        }
    }

    /// Reads a plaintext as Go's `strconv` and `time` do.
    fn read(self, text: &[u8]) -> Option<Scalar> {
        match self {
            Self::Bool => match text {
                b"1" | b"t" | b"T" | b"TRUE" | b"true" | b"True" => Some(Scalar::Bool(true)),
                b"0" | b"f" | b"F" | b"FALSE" | b"false" | b"False" => Some(Scalar::Bool(false)),
                _ => None,
            },
            Self::Float => {
                let text = std::str::from_utf8(text).ok()?;
                let number: f64 = text.parse().ok()?;
                // Rust rounds what is too large to infinity where Go refuses it.
                let spelled = text.trim_start_matches(['+', '-']).starts_with(['i', 'I']);
                (!number.is_infinite() || spelled).then_some(Scalar::Float(number))
            }
            Self::Int => std::str::from_utf8(text).ok()?.parse().ok().map(Scalar::Int),
            Self::Time => Timestamp::parse_strict(text).map(Scalar::Time),
            Self::Comment | Self::Str => None,
        }
    }
}

/// Why an encrypted value does not open. Says nothing of its content.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ValueError {
    /// Not of the form `ENC[AES256_GCM,…]`, or with damaged base64.
    #[error("not a well-formed encrypted value")]
    Malformed,
    /// The type is none that sops writes.
    #[error("encrypted value of an unknown type")]
    UnknownType,
    /// Changed, moved here from another place, or encrypted with another data key.
    #[error("encrypted value was changed, or moved here from another place")]
    Unauthentic,
    /// The plaintext does not read as the type says.
    #[error("encrypted value is not of the type that it names")]
    NotOfItsType,
}

impl ValueError {
    /// A stable name of the cause.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Malformed => "malformed-value",
            Self::UnknownType => "unknown-type",
            Self::Unauthentic => "unauthentic-value",
            Self::NotOfItsType => "wrong-type",
        }
    }
}
