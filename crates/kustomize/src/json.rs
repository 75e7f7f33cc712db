//! Objects as JSON values: what the real program gets when it writes an object as YAML, reads that back and makes JSON
//! of it (kyaml: rnode.go `MarshalJSON`).

use goyaml::{
    Dialect, Kind, Node, Value,
    decode::{self, DecodeError, Duplicates},
};

/// The value of an object's tree. Its aliases must have been expanded.
pub(crate) fn value(node: &Node) -> Result<Value, DecodeError> {
    let value = decode::value(node, Dialect::GoYaml3, Duplicates::Refuse)?;
    let value = match value {
        Value::Mapping(_) => top_level(node)?,
        value => value,
    };
    expect_json(&value, node)?;
    Ok(value)
}

/// A top-level mapping is read into one with string keys, so that other scalars are keys too.
fn top_level(node: &Node) -> Result<Value, DecodeError> {
    node.entries()
        .map(|(key, value)| {
            if key.kind != Kind::Scalar {
                return Err(DecodeError::InvalidKey { at: key.position });
            }
            let value = decode::value(value, Dialect::GoYaml3, Duplicates::Refuse)?;
            Ok((key.value.clone(), value))
        })
        .collect::<Result<_, _>>()
        .map(Value::Object)
}

fn expect_json(value: &Value, node: &Node) -> Result<(), DecodeError> {
    let at = node.position;
    match value {
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Uint(_) => Ok(()),
        Value::String(_) | Value::Bytes(_) | Value::Timestamp(_) => Ok(()),
        Value::Float(number) if number.is_finite() => Ok(()),
        Value::Float(_) => Err(DecodeError::NotFinite { at }),
        Value::Mapping(_) => Err(DecodeError::UnsupportedKey { at }),
        Value::Array(items) => items.iter().try_for_each(|item| expect_json(item, node)),
        Value::Object(entries) => entries
            .iter()
            .try_for_each(|(_, value)| expect_json(value, node)),
    }
}
