//! Typed reading of configuration, by the rules of Go's `encoding/json`: names of fields match in any case, a null
//! leaves a field as it is, a repeated field counts the last time.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use goyaml::Value;
use thiserror::Error;

/// A configuration is not what it must be. Names fields and types, never a value.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum DecodeError {
    /// There is no such field.
    #[error("unknown field `{field}`")]
    UnknownField {
        /// The way to the field.
        field: String,
    },
    /// The field holds another type.
    #[error("field `{field}` must be {expected}, not {found}")]
    WrongType {
        /// The way to the field.
        field: String,
        /// What it must be.
        expected: &'static str,
        /// What it is.
        found: &'static str,
    },
}

impl DecodeError {
    /// A stable name for the kind of error.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::UnknownField { .. } => "unknown-field",
            Self::WrongType { .. } => "wrong-type-of-field",
        }
    }
}

/// What to do with a field that the type does not have.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum UnknownFields {
    /// Nothing.
    Ignore,
    /// Refuse the document.
    Refuse,
}

/// Reads a value as a type.
///
/// # Errors
///
/// See [`DecodeError`].
pub(crate) fn decode<T: Decode>(value: &Value, unknown: UnknownFields) -> Result<T, DecodeError> {
    let mut at = At {
        unknown,
        path: String::new(),
    };
    T::decode(value, &mut at)
}

/// A type that configuration can hold. Its default is what a null or a missing field gives.
pub(crate) trait Decode: Default {
    /// Reads a value.
    ///
    /// # Errors
    ///
    /// See [`DecodeError`].
    fn decode(value: &Value, at: &mut At) -> Result<Self, DecodeError>;
}

/// The place in the document.
#[derive(Debug)]
pub(crate) struct At {
    unknown: UnknownFields,
    path: String,
}

impl At {
    /// The error for a value of the wrong type at this place.
    pub(crate) fn wrong_type(&self, expected: &'static str, found: &Value) -> DecodeError {
        DecodeError::WrongType {
            field: self.path.clone(),
            expected,
            found: type_name(found),
        }
    }

    /// Reads the value of a field of the current one.
    ///
    /// # Errors
    ///
    /// See [`DecodeError`].
    pub(crate) fn field<T: Decode>(&mut self, name: &str, value: &Value) -> Result<T, DecodeError> {
        let length = self.path.len();
        if length > 0 {
            self.path.push('.');
        }
        self.path.push_str(name);
        let decoded = T::decode(value, self)?;
        self.path.truncate(length);
        Ok(decoded)
    }

    fn item<T: Decode>(&mut self, index: usize, value: &Value) -> Result<T, DecodeError> {
        let length = self.path.len();
        let _infallible = write!(self.path, "[{index}]");
        let decoded = T::decode(value, self)?;
        self.path.truncate(length);
        Ok(decoded)
    }

    fn unknown_field(&self, name: &str) -> Result<(), DecodeError> {
        match self.unknown {
            UnknownFields::Ignore => Ok(()),
            UnknownFields::Refuse if self.path.is_empty() => Err(DecodeError::UnknownField {
                field: name.to_owned(),
            }),
            UnknownFields::Refuse => Err(DecodeError::UnknownField {
                field: format!("{}.{name}", self.path),
            }),
        }
    }
}

/// A type with named fields.
pub(crate) trait Fields: Default {
    /// Sets a field, whose name is compared in any case.
    ///
    /// # Errors
    ///
    /// See [`DecodeError`].
    fn set(&mut self, name: &str, value: &Value, at: &mut At) -> Result<Known, DecodeError>;
}

/// Whether a type has a field.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Known {
    /// It does not.
    No,
    /// It does.
    Yes,
}

impl<T: Fields> Decode for T {
    fn decode(value: &Value, at: &mut At) -> Result<Self, DecodeError> {
        let mut decoded = Self::default();
        match value {
            Value::Null => {}
            Value::Object(entries) => {
                for (name, value) in entries {
                    if decoded.set(name, value, at)? == Known::No {
                        at.unknown_field(name)?;
                    }
                }
            }
            other => return Err(at.wrong_type("a mapping", other)),
        }
        Ok(decoded)
    }
}

/// Implements [`Fields`] from names in the document and places in the type.
macro_rules! fields {
    ($type:ty { $($name:literal => $($field:ident).+),* $(,)? }) => {
        impl $crate::kustomization::decode::Fields for $type {
            fn set(
                &mut self,
                name: &str,
                value: &goyaml::Value,
                at: &mut $crate::kustomization::decode::At,
            ) -> Result<
                $crate::kustomization::decode::Known,
                $crate::kustomization::decode::DecodeError,
            > {
                use $crate::kustomization::decode::Known;
                $(
                    if name.eq_ignore_ascii_case($name) {
                        if *value != goyaml::Value::Null {
                            self.$($field).+ = at.field($name, value)?;
                        }
                        return Ok(Known::Yes);
                    }
                )*
                Ok(Known::No)
            }
        }
    };
}
pub(crate) use fields;

impl Decode for String {
    fn decode(value: &Value, at: &mut At) -> Result<Self, DecodeError> {
        match value {
            Value::Null => Ok(Self::new()),
            Value::String(text) => Ok(text.clone()),
            other => Err(at.wrong_type("a string", other)),
        }
    }
}

impl Decode for Cow<'static, str> {
    fn decode(value: &Value, at: &mut At) -> Result<Self, DecodeError> {
        String::decode(value, at).map(Cow::Owned)
    }
}

impl Decode for bool {
    fn decode(value: &Value, at: &mut At) -> Result<Self, DecodeError> {
        match value {
            Value::Null => Ok(false),
            Value::Bool(value) => Ok(*value),
            other => Err(at.wrong_type("a boolean", other)),
        }
    }
}

impl Decode for i64 {
    fn decode(value: &Value, at: &mut At) -> Result<Self, DecodeError> {
        match value {
            Value::Null => Ok(0),
            Value::Int(number) => Ok(*number),
            // JSON has no point in a whole number, so YAML's `2.0` arrives as `2`.
            #[allow(clippy::cast_possible_truncation)]
            Value::Float(number) if number.fract() == 0.0 && number.abs() < 9e15 => {
                Ok(*number as Self)
            }
            other => Err(at.wrong_type("a whole number", other)),
        }
    }
}

impl<T: Decode> Decode for Vec<T> {
    fn decode(value: &Value, at: &mut At) -> Result<Self, DecodeError> {
        match value {
            Value::Null => Ok(Self::new()),
            Value::Array(items) => items
                .iter()
                .enumerate()
                .map(|(index, item)| at.item(index, item))
                .collect(),
            other => Err(at.wrong_type("a list", other)),
        }
    }
}

impl<T: Decode> Decode for Option<T> {
    fn decode(value: &Value, at: &mut At) -> Result<Self, DecodeError> {
        match value {
            Value::Null => Ok(None),
            value => T::decode(value, at).map(Some),
        }
    }
}

impl<T: Decode> Decode for BTreeMap<String, T> {
    fn decode(value: &Value, at: &mut At) -> Result<Self, DecodeError> {
        match value {
            Value::Null => Ok(Self::new()),
            Value::Object(entries) => entries
                .iter()
                .map(|(name, value)| Ok((name.clone(), at.field(name, value)?)))
                .collect(),
            other => Err(at.wrong_type("a mapping", other)),
        }
    }
}

impl Decode for Value {
    fn decode(value: &Value, _: &mut At) -> Result<Self, DecodeError> {
        Ok(value.clone())
    }
}

const fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Int(_) | Value::Uint(_) | Value::Float(_) => "a number",
        Value::String(_) | Value::Bytes(_) | Value::Timestamp(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) | Value::Mapping(_) => "a mapping",
    }
}
