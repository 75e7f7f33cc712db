//! Plain data, as Go's YAML and JSON libraries make it of a document.

use std::fmt;

use crate::timestamp::Timestamp;

/// One value, in the types that go-yaml and `encoding/json` give to a Go `interface{}`.
///
/// `Debug` names the type and the number of items but never the content, since a value may be a plaintext.
#[derive(Clone, Default, PartialEq)]
pub enum Value {
    /// No value.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A whole number above [`i64::MAX`].
    Uint(u64),
    /// Any other number. YAML has infinities and NaN, JSON does not.
    Float(f64),
    /// A text.
    String(String),
    /// A YAML `!!binary` that is not UTF-8. Where it is, it is a [`Value::String`].
    Bytes(Vec<u8>),
    /// A YAML timestamp.
    Timestamp(Timestamp),
    /// A list.
    Array(Vec<Self>),
    /// Names and values in the order of the document. JSON may name a key twice.
    Object(Vec<(String, Self)>),
    /// A YAML mapping where some key is not a string.
    Mapping(Vec<(Self, Self)>),
}

impl Value {
    /// The value of `key`, the last one where an object names it twice; `None` for anything but an object.
    pub fn get(&self, key: &str) -> Option<&Self> {
        let Self::Object(entries) = self else {
            return None;
        };
        entries
            .iter()
            .rev()
            .find(|(name, _)| name == key)
            .map(|(_, value)| value)
    }

    /// The text of a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The items of a list.
    pub fn as_array(&self) -> Option<&[Self]> {
        match self {
            Self::Array(items) => Some(items),
            _ => None,
        }
    }

    /// The entries of an object.
    pub fn as_object(&self) -> Option<&[(String, Self)]> {
        match self {
            Self::Object(entries) => Some(entries),
            _ => None,
        }
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("Null"),
            Self::Bool(_) => f.write_str("Bool"),
            Self::Int(_) => f.write_str("Int"),
            Self::Uint(_) => f.write_str("Uint"),
            Self::Float(_) => f.write_str("Float"),
            Self::String(_) => f.write_str("String"),
            Self::Bytes(_) => f.write_str("Bytes"),
            Self::Timestamp(_) => f.write_str("Timestamp"),
            Self::Array(items) => write!(f, "Array({} items)", items.len()),
            Self::Object(entries) => write!(f, "Object({} entries)", entries.len()),
            Self::Mapping(entries) => write!(f, "Mapping({} entries)", entries.len()),
        }
    }
}
