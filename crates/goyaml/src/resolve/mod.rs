//! What a scalar's text means: Go's rules, which are those of no YAML version.
//!
//! Only plain scalars without a tag are guessed at. `0777` is octal, `08` a float, `1_000` an integer, `2024-01-01` a
//! timestamp; `yes` is a string to go-yaml v3 and a boolean to v2 (go-yaml: resolve.go of both).
//!
//! This module knows texts and tags, no nodes and no documents.

mod number;

use base64::{
    Engine as _,
    alphabet::STANDARD,
    engine::{GeneralPurpose, GeneralPurposeConfig},
};
use thiserror::Error;

use crate::{node::Tag, timestamp::Timestamp, value::Value};

/// The two sets of rules that Go programs read YAML by.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Dialect {
    /// go-yaml v3: sops, kustomize.
    GoYaml3,
    /// go-yaml v2, which also has YAML 1.1's booleans (`yes`, `off`, `y`): sigs.k8s.io/yaml, and so kubectl, Helm and
    /// the Kubernetes API server.
    GoYaml2,
}

/// Why a scalar cannot be what its tag says.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum ResolveError {
    /// The text is of another type than the tag.
    #[error("cannot decode {found} as a {wanted}")]
    TagMismatch {
        /// What the text is.
        found: Tag,
        /// What the tag says.
        wanted: Tag,
    },
    /// The text behind `!!binary` is not base64.
    #[error("!!binary value contains invalid base64 data")]
    InvalidBase64,
}

impl ResolveError {
    /// A stable name for the kind of error.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::TagMismatch { .. } => "yaml-tag-mismatch",
            Self::InvalidBase64 => "yaml-invalid-base64",
        }
    }
}

/// The type of a plain scalar without a tag.
///
/// [`Tag::Merge`] is not among the answers: whether `<<` is a merge key depends on where it stands.
pub fn plain_tag(text: &str, dialect: Dialect) -> Tag {
    plain(text, dialect, Dates::Read).tag()
}

/// The value of a plain scalar without a tag.
///
/// Timestamps are [`Value::Timestamp`] in both dialects, though go-yaml v2 decodes them to strings.
pub fn plain_value(text: &str, dialect: Dialect) -> Value {
    plain(text, dialect, Dates::Read).value(text)
}

/// The value of a scalar with an explicit tag, however it is quoted. A tag that Go has no type for gives a string.
///
/// # Errors
///
/// When the text is of another type than the tag, or not base64 behind `!!binary`.
pub fn tagged_value(tag: &Tag, text: &str, dialect: Dialect) -> Result<Value, ResolveError> {
    let dates = match tag {
        Tag::Str | Tag::Custom(_) | Tag::Map | Tag::Merge | Tag::Seq => {
            return Ok(Value::String(text.to_owned()));
        }
        Tag::Binary => return decode_base64(text),
        Tag::Timestamp => Dates::Read,
        Tag::Bool | Tag::Float | Tag::Int | Tag::Null => Dates::Skip,
    };
    let plain = plain(text, dialect, dates);
    let found = plain.tag();
    if found == *tag {
        return Ok(plain.value(text));
    }
    match (tag, plain) {
        #[allow(clippy::cast_precision_loss)]
        (Tag::Float, Plain::Int(number)) => Ok(Value::Float(number as f64)),
        _ => Err(ResolveError::TagMismatch {
            found,
            wanted: tag.clone(),
        }),
    }
}

/// Whether YAML 1.1 takes the text for a boolean and go-yaml v3 does not (`yes`, `off`, `N`), so that v3 writes it in
/// quotes (go-yaml: encode.go).
pub fn is_old_bool(text: &str) -> bool {
    old_bool(text).is_some()
}

/// Whether YAML 1.1 takes the text for a number of base 60 (`1:30`), so that go-yaml writes it in quotes (go-yaml:
/// encode.go).
pub fn is_base60(text: &str) -> bool {
    let bytes = text.as_bytes();
    let bytes = match bytes {
        [b'+' | b'-', rest @ ..] => rest,
        _ => bytes,
    };
    let Some((b'0'..=b'9', _)) = bytes.split_first() else {
        return false;
    };
    let Some(colon) = memchr::memchr(b':', bytes) else {
        return false;
    };
    let (whole, rest) = bytes.split_at(colon);
    if !whole.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'_')) {
        return false;
    }
    let (parts, fraction) = match memchr::memchr(b'.', rest) {
        Some(point) => (&rest[1..point], &rest[point + 1..]),
        None => (&rest[1..], &b""[..]),
    };
    parts
        .split(|byte| *byte == b':')
        .all(|part| matches!(part, [b'0'..=b'9'] | [b'0'..=b'5', b'0'..=b'9']))
        && fraction
            .iter()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'_'))
}

/// What a text is, before it is made a value.
enum Plain {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Float(f64),
    Timestamp(Timestamp),
    Str,
}

impl Plain {
    fn tag(&self) -> Tag {
        match self {
            Self::Null => Tag::Null,
            Self::Bool(_) => Tag::Bool,
            Self::Int(_) | Self::Uint(_) => Tag::Int,
            Self::Float(_) => Tag::Float,
            Self::Timestamp(_) => Tag::Timestamp,
            Self::Str => Tag::Str,
        }
    }

    fn value(self, text: &str) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(value),
            Self::Int(number) => Value::Int(number),
            Self::Uint(number) => Value::Uint(number),
            Self::Float(number) => Value::Float(number),
            Self::Timestamp(time) => Value::Timestamp(time),
            Self::Str => Value::String(text.to_owned()),
        }
    }
}

/// Whether a text may be a timestamp: not where a tag asks for something else.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Dates {
    Read,
    Skip,
}

fn plain(text: &str, dialect: Dialect, dates: Dates) -> Plain {
    // The first byte tells most strings from everything else.
    match text.as_bytes().first() {
        None => Plain::Null,
        Some(b'~' | b'f' | b'F' | b'n' | b'N' | b'o' | b'O' | b't' | b'T' | b'y' | b'Y') => {
            word(text, dialect)
        }
        Some(b'.') => match text {
            ".inf" | ".Inf" | ".INF" => Plain::Float(f64::INFINITY),
            ".nan" | ".NaN" | ".NAN" => Plain::Float(f64::NAN),
            _ => number::leading_point(text).map_or(Plain::Str, Plain::Float),
        },
        Some(b'+' | b'-' | b'0'..=b'9') => match text {
            "+.inf" | "+.Inf" | "+.INF" => Plain::Float(f64::INFINITY),
            "-.inf" | "-.Inf" | "-.INF" => Plain::Float(f64::NEG_INFINITY),
            _ => {
                if dates == Dates::Read
                    && let Some(time) = Timestamp::parse_yaml(text)
                {
                    return Plain::Timestamp(time);
                }
                number::read(text, dialect).map_or(Plain::Str, |number| match number {
                    number::Number::Int(number) => Plain::Int(number),
                    number::Number::Uint(number) => Plain::Uint(number),
                    number::Number::Float(number) => Plain::Float(number),
                })
            }
        },
        Some(_) => Plain::Str,
    }
}

fn word(text: &str, dialect: Dialect) -> Plain {
    match text {
        "~" | "null" | "Null" | "NULL" => Plain::Null,
        "true" | "True" | "TRUE" => Plain::Bool(true),
        "false" | "False" | "FALSE" => Plain::Bool(false),
        _ => match dialect {
            Dialect::GoYaml2 => old_bool(text).map_or(Plain::Str, Plain::Bool),
            Dialect::GoYaml3 => Plain::Str,
        },
    }
}

fn old_bool(text: &str) -> Option<bool> {
    match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Some(true),
        "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => Some(false),
        _ => None,
    }
}

/// Go does not look at the bits that the last digit has to spare.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);

fn decode_base64(text: &str) -> Result<Value, ResolveError> {
    // Go's decoder skips line breaks wherever they are, and nothing else.
    let packed: Vec<u8> = text
        .bytes()
        .filter(|byte| !matches!(byte, b'\n' | b'\r'))
        .collect();
    let bytes = LENIENT
        .decode(packed)
        .map_err(|_| ResolveError::InvalidBase64)?;
    Ok(match String::from_utf8(bytes) {
        Ok(text) => Value::String(text),
        Err(error) => Value::Bytes(error.into_bytes()),
    })
}
