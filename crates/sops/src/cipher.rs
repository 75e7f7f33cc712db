//! Encrypted values: `ENC[AES256_GCM,data:…,iv:…,tag:…,type:…]` (sops: `aes/cipher.go`).
//!
//! Read more strictly than sops does, where no file that sops wrote is refused: the tag has its 16 bytes, base64 has no
//! stray bits, and nothing but blanks follows the bracket on its line.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secret::SecretBytes;
use zeroize::Zeroizing;

use crate::document::{Scalar, parse_bool};
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
        Self {
            gcm,
            data: Zeroizing::new(Vec::new()),
            nonce: Vec::new(),
        }
    }

    /// Decrypts `value` in place.
    ///
    /// For texts and comments `value` then holds the plaintext. For other types it is emptied. On failure it still
    /// holds the encrypted value.
    pub(crate) fn decrypt(
        &mut self,
        value: &mut SecretBytes,
        associated: &[u8],
    ) -> Result<Decrypted, ValueError> {
        let parts = Parts::split(value.expose())?;
        self.nonce.clear();
        if parts.nonce.len() > MAX_NONCE * 2 {
            return Err(ValueError::Malformed);
        }
        decode(parts.nonce, &mut self.nonce)?;
        let mut tag = [0; TAG_LENGTH + 2];
        let length = STANDARD
            .decode_slice(parts.tag, &mut tag)
            .map_err(|_| ValueError::Malformed)?;
        let Some(tag) = tag[..length]
            .first_chunk::<TAG_LENGTH>()
            .filter(|_| length == TAG_LENGTH)
        else {
            return Err(ValueError::Malformed);
        };
        let kind = Kind::named(parts.kind)?;
        if self.data.capacity() < parts.data.len() {
            // A vector that grows by itself leaves the last value behind.
            self.data = Zeroizing::new(Vec::with_capacity(parts.data.len()));
        }
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
    STANDARD
        .decode_vec(text, buffer)
        .map_err(|_| ValueError::Malformed)
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
        // Blanks, and whole lines: a comment of several lines is one text in INI, and sops drops all but the first.
        let ends = rest.starts_with(b"\n") || rest.trim_ascii().is_empty();
        ends.then_some(Self {
            data,
            nonce,
            tag,
            kind,
        })
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
            Self::Bool => parse_bool(text).map(Scalar::Bool),
            Self::Float => {
                let text = std::str::from_utf8(text).ok()?;
                let number: f64 = text.parse().ok()?;
                // Rust rounds what is too large to infinity where Go refuses it.
                let spelled = text.trim_start_matches(['+', '-']).starts_with(['i', 'I']);
                (!number.is_infinite() || spelled).then_some(Scalar::Float(number))
            }
            Self::Int => std::str::from_utf8(text)
                .ok()?
                .parse()
                .ok()
                .map(Scalar::Int),
            Self::Time => std::str::from_utf8(text)
                .ok()
                .and_then(strict_time)
                .map(Scalar::Time),
            Self::Comment | Self::Str => None,
        }
    }
}

/// RFC 3339 to the letter (Go: `time.Time.UnmarshalText`), where `time.Parse` also takes hours of one digit, a comma before
/// the fraction, and offsets that no clock has.
fn strict_time(text: &str) -> Option<Timestamp> {
    let two_digit_hour = text.as_bytes().get(13) == Some(&b':');
    let real_offset = match text.strip_suffix('Z') {
        Some(_) => true,
        None => text
            .get(text.len().checked_sub(5)?..)
            .is_some_and(|offset| &offset[..2] < "24" && &offset[3..] < "60"),
    };
    let strict = two_digit_hour && real_offset && !text.contains(',');
    Timestamp::parse_rfc3339(text).filter(|_| strict)
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

#[cfg(test)]
mod tests {
    use secret::SecretBytes;

    use super::{Cipher, Decrypted, Kind, ValueError};
    use crate::document::Scalar;
    use crate::gcm::Gcm;

    fn key() -> [u8; 32] {
        std::array::from_fn(|index| u8::try_from(index).unwrap())
    }

    fn decrypt(value: &str, associated: &str) -> Result<(Decrypted, Vec<u8>), ValueError> {
        let gcm = Gcm::new(&key()).unwrap();
        let mut text = SecretBytes::new(value.as_bytes().to_vec());
        let decrypted = Cipher::new(&gcm).decrypt(&mut text, associated.as_bytes())?;
        Ok((decrypted, text.expose().to_vec()))
    }

    const HELLO: &str = "ENC[AES256_GCM,data:0cHFi7Y=,iv:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=,\
                         tag:ymZUyOw8wR96TPf7Sj/n1A==,type:str]";

    // Made with another implementation of AES-GCM; the key is the bytes 0 to 31.
    #[test]
    fn values_of_every_type_open() {
        let (decrypted, text) = decrypt(HELLO, "a:").unwrap();
        assert!(matches!(decrypted, Decrypted::Text) && text == b"hello");
        for (associated, value, canonical) in [
            (
                "list:",
                "ENC[AES256_GCM,data:W0k=,iv:AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=,\
                 tag:QTktWFrRkFLc7rPJH2fYaA==,type:int]",
                "42",
            ),
            (
                "x:y:",
                "ENC[AES256_GCM,data:PgY2CQ==,iv:AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM=,\
                 tag:AtF/G/4pC/ongBEEN5Atyg==,type:bool]",
                "True",
            ),
            (
                "x:z:",
                "ENC[AES256_GCM,data:XyJa,iv:BAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQ=,\
                 tag:hNg9Y5pzaWokdBqvK0LJ+w==,type:float]",
                "1.5",
            ),
        ] {
            let (decrypted, _) = decrypt(value, associated).unwrap();
            let Decrypted::Scalar(scalar) = decrypted else {
                panic!("{value} is no scalar")
            };
            scalar.with_bytes(|bytes| assert_eq!(bytes, canonical.as_bytes()));
        }
        let (decrypted, text) = decrypt(
            "ENC[AES256_GCM,data:0NSXyKE=,iv:BQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQU=,\
             tag:bfqIrnV1oBytGnaQPi6X2Q==,type:comment]",
            ":",
        )
        .unwrap();
        assert!(matches!(decrypted, Decrypted::Comment) && text == b" note");
        let (_, text) = decrypt(
            "ENC[AES256_GCM,data:+9eFTY/+Mo+ocebRZRITdu+kw0eyJRU3S0WFM/QEKBo9QcFO2s0oyjbWz3mD7j8vVNp5J3QxY/1Ru6d+4lHkSV7C\
             LecW9iReHwDVl3uVTB4OE47os9gaJZKARnefc8ML4njlZEkYWR7E/2yqOxlZyyorlkl1CDniMdpDd1fWOjQ=,\
             iv:BgYGBgYGBgYGBgYGBgYGBgYGBgYGBgYGBgYGBgYGBgY=,tag:7OQQ0KCOSvNYTuBQxYdaRQ==,type:str]",
            "2024-01-01T00:00:00Z",
        )
        .unwrap();
        assert!(text.starts_with(b"CF6272ACE9B88A2B"));
    }

    #[test]
    fn changed_values_are_refused() {
        for (from, to, reason) in [
            ("ENC[", "ENC(", "malformed-value"),
            ("AES256_GCM", "AES128_GCM", "malformed-value"),
            ("0cHFi7Y=", "0cHFi7Z=", "malformed-value"),
            ("0cHFi7Y=", "0cHFi7c=", "unauthentic-value"),
            ("0cHFi7Y=", "", "malformed-value"),
            ("0cHFi7Y=", "0cHFi7", "malformed-value"),
            ("AQEBAQEB", "AQEBAQEC", "unauthentic-value"),
            ("ymZUyOw8", "ymZUyOw9", "unauthentic-value"),
            (
                "ymZUyOw8wR96TPf7Sj/n1A==",
                "ymZUyOw8wR96TPf7Sj/n",
                "malformed-value",
            ),
            (
                "ymZUyOw8wR96TPf7Sj/n1A==",
                "ymZUyOw8wR96TPf7Sj/n1AA=",
                "malformed-value",
            ),
            ("type:str", "type:int", "wrong-type"),
            ("type:str", "type:bool", "wrong-type"),
            ("type:str", "type:float", "wrong-type"),
            ("type:str", "type:time", "wrong-type"),
            ("type:str", "type:bytes", "unknown-type"),
            ("type:str", "type:STR", "unknown-type"),
            ("type:str", "type:", "unknown-type"),
            ("]", "", "malformed-value"),
            ("]", "]x", "malformed-value"),
            ("iv:", "nonce:", "malformed-value"),
        ] {
            assert!(HELLO.contains(from));
            let error = decrypt(&HELLO.replacen(from, to, 1), "a:").err();
            assert_eq!(
                error.map(|error| error.reason()),
                Some(reason),
                "{from} to {to}"
            );
        }
        assert_eq!(
            decrypt(HELLO, "b:").err().map(|error| error.reason()),
            Some("unauthentic-value")
        );
    }

    #[test]
    fn line_ends_behind_a_value_do_not_matter() {
        for end in ["\r", "\n", " \n", "\nmore"] {
            assert!(decrypt(&format!("{HELLO}{end}"), "a:").is_ok());
        }
    }

    #[test]
    fn plaintexts_read_as_in_go() {
        let read = |kind: Kind, text: &str| {
            kind.read(text.as_bytes()).map(|scalar: Scalar| {
                scalar.with_bytes(|bytes| String::from_utf8(bytes.to_vec()).unwrap())
            })
        };
        for (kind, text, canonical) in [
            (
                Kind::Int,
                "-9223372036854775808",
                Some("-9223372036854775808"),
            ),
            (Kind::Int, "+5", Some("5")),
            (Kind::Int, "9223372036854775808", None),
            (Kind::Int, "1.0", None),
            (Kind::Float, "1e21", Some("1000000000000000000000")),
            (Kind::Float, "0.0000001", Some("0.0000001")),
            (Kind::Float, "+Inf", Some("+Inf")),
            (Kind::Float, "-Inf", Some("-Inf")),
            (Kind::Float, "NaN", Some("NaN")),
            (Kind::Float, "-0", Some("-0")),
            (Kind::Float, "1e999", None),
            (Kind::Bool, "t", Some("True")),
            (Kind::Bool, "FALSE", Some("False")),
            (Kind::Bool, "yes", None),
            (
                Kind::Time,
                "2024-01-02T03:04:05.600Z",
                Some("2024-01-02T03:04:05.6Z"),
            ),
            (
                Kind::Time,
                "2024-01-02T03:04:05-07:00",
                Some("2024-01-02T03:04:05-07:00"),
            ),
            (Kind::Time, "2024-01-02T03:04:05,6Z", None),
            (Kind::Time, "2024-01-02T3:04:05Z", None),
            (Kind::Time, "2024-01-02T03:04:05+24:00", None),
        ] {
            assert_eq!(read(kind, text).as_deref(), canonical, "{text}");
        }
    }
}
