//! YAML as JSON, as sigs.k8s.io/yaml makes it (sigs.k8s.io/yaml: yaml.go).

use thiserror::Error;

use super::{
    DecodeError, Duplicates,
    go_yaml2::{Decoder, Purpose},
};
use crate::{
    Limits, ParseError, alias::AliasError, float, json, node::Node, parse_first, resolve::Dialect,
    value::Value,
};

/// Why a text cannot become JSON.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum YamlToJsonError {
    /// It is not YAML.
    #[error(transparent)]
    Parse(#[from] ParseError),
    /// An alias in it cannot be replaced.
    #[error(transparent)]
    Alias(#[from] AliasError),
    /// It holds what JSON cannot, or contradicts itself.
    #[error(transparent)]
    Decode(#[from] DecodeError),
}

impl YamlToJsonError {
    /// A stable name for the kind of error.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Parse(error) => error.reason(),
            Self::Alias(error) => error.reason(),
            Self::Decode(error) => error.reason(),
        }
    }
}

/// The first document of a text as a value that JSON can hold (`YAMLToJSON`, `YAMLToJSONStrict`). An empty text is null.
///
/// # Errors
///
/// See [`YamlToJsonError`].
pub fn yaml_to_json(
    text: &[u8],
    duplicates: Duplicates,
    limits: &Limits,
) -> Result<Value, YamlToJsonError> {
    let Some(mut document) = parse_first(text, Dialect::GoYaml2, limits)? else {
        return Ok(Value::Null);
    };
    document.fill_aliases(limits)?;
    Ok(json_value(&document.root, duplicates)?)
}

/// The value of a tree as sigs.k8s.io/yaml makes it for JSON: decoded as go-yaml v2 does, every key a string.
///
/// Keys that are the same only as strings (`1` and `"1"`) are in random order in Go; here the last one counts.
///
/// # Errors
///
/// See [`DecodeError`].
pub fn json_value(root: &Node, duplicates: Duplicates) -> Result<Value, DecodeError> {
    Decoder::new(duplicates, Purpose::Json).value(root)
}

/// A key as text. `None` where sigs.k8s.io/yaml knows none: a null, an integer above the signed ones.
pub(super) fn key_text(key: Value) -> Option<String> {
    Some(match key {
        Value::String(text) => text,
        Value::Bytes(bytes) => json::lossy(&bytes),
        Value::Int(number) => number.to_string(),
        Value::Float(number) => float::yaml32(number),
        Value::Bool(value) => value.to_string(),
        Value::Null
        | Value::Uint(_)
        | Value::Timestamp(_)
        | Value::Array(_)
        | Value::Object(_)
        | Value::Mapping(_) => return None,
    })
}
