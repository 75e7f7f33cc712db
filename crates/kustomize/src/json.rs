//! Objects as JSON values: what the real program gets when it writes an object as YAML, reads that back and makes JSON
//! of it (kyaml: rnode.go `MarshalJSON`).

use goyaml::{
    Dialect, Form, Kind, Node, ParseError, Value,
    decode::{self, DecodeError, Duplicates},
    emit::{self, EmitError, EmitOptions, Lossy, SequenceIndent},
    parse_first,
};
use thiserror::Error;

use crate::limits::LIMITS;

/// An object has no JSON value.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum ValueError {
    /// It holds what JSON cannot, or contradicts itself.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// An anchor in it cannot be written.
    #[error(transparent)]
    Emit(#[from] EmitError),
    /// It holds a text that go-yaml writes and cannot read, such as one of several lines that starts with a tab.
    #[error(
        "a text of several lines cannot be written as kustomize does so that it can be read again"
    )]
    Unreadable(#[from] ParseError),
}

impl ValueError {
    /// A stable name for the kind of error.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Decode(error) => error.reason(),
            Self::Emit(error) => error.reason(),
            Self::Unreadable(_) => "text-not-readable-again",
        }
    }
}

/// The value of an object's tree. Its aliases must have been expanded.
pub(crate) fn value(node: &Node) -> Result<Value, ValueError> {
    if !changes_when_written(node) {
        return Ok(decoded(node)?);
    }
    let options = EmitOptions {
        indent: 2,
        sequences: SequenceIndent::Compact,
        lossy: Lossy::Keep,
    };
    let text = emit::node(node, &options)?;
    let read = parse_first(text.as_bytes(), Dialect::GoYaml3, &LIMITS)?;
    Ok(decoded(&read.unwrap_or_default().root)?)
}

/// The value of a tree that is not written and read again on the way.
pub(crate) fn decoded(node: &Node) -> Result<Value, DecodeError> {
    let value = decode::value(node, Dialect::GoYaml3, Duplicates::Refuse)?;
    let value = match value {
        Value::Mapping(_) => top_level(node)?,
        value => value,
    };
    expect_json(&value, node)?;
    Ok(value)
}

/// Whether the tree can be another after go-yaml has written and read it: nulls without text in flow collections
/// become empty strings, and block scalars of some texts do not come back as they were.
fn changes_when_written(root: &Node) -> bool {
    let mut rest = vec![(root, false)];
    while let Some((node, in_flow)) = rest.pop() {
        match node.kind {
            Kind::Scalar => {
                if is_changed_scalar(node, in_flow) {
                    return true;
                }
            }
            Kind::Alias | Kind::Mapping | Kind::Sequence => {
                let in_flow = in_flow || node.style.form == Form::Flow;
                for child in &node.content {
                    if child.content.is_empty() && child.kind == Kind::Scalar {
                        if is_changed_scalar(child, in_flow) {
                            return true;
                        }
                    } else {
                        rest.push((child, in_flow));
                    }
                }
            }
        }
    }
    false
}

fn is_changed_scalar(node: &Node, in_flow: bool) -> bool {
    let text = node.value.as_bytes();
    match node.style.form {
        Form::Folded => true,
        Form::Any | Form::Literal | Form::Flow => match text.first() {
            None => in_flow && node.is_null(),
            Some(b'\t' | b' ' | b'\n') => memchr::memchr(b'\n', text).is_some(),
            Some(_) => {
                memchr::memchr(0xe2, text).is_some()
                    && (node.value.contains('\u{2028}') || node.value.contains('\u{2029}'))
            }
        },
        Form::DoubleQuoted | Form::SingleQuoted => false,
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn of(text: &str) -> Result<String, &'static str> {
        let node = goyaml::parse(text.as_bytes()).unwrap().remove(0).root;
        let value = value(&node).map_err(|error| error.reason())?;
        Ok(goyaml::json::to_string(&value).unwrap())
    }

    #[test]
    fn values_are_those_of_go_yaml_after_writing_and_reading() {
        for (text, json) in [
            ("a: 0777\nb: 1.0\nc: yes", r#"{"a":511,"b":1,"c":"yes"}"#),
            ("a: {b, c: , d: ~}", r#"{"a":{"b":"","c":"","d":null}}"#),
            ("a:\n  b:\n", r#"{"a":{"b":null}}"#),
            ("a: >\n  x\n\n  y\n", r#"{"a":"x\ny\n"}"#),
            ("a: |1\n  x\n", r#"{"a":" x\n"}"#),
            ("1: a", r#"{"1":"a"}"#),
        ] {
            assert_eq!(of(text).as_deref(), Ok(json), "{text}");
        }
    }

    #[test]
    fn what_json_cannot_hold_is_refused() {
        for (text, reason) in [
            ("a: {1: b}", "yaml-unsupported-key"),
            ("a: .inf", "yaml-not-finite"),
            ("a: 1\na: 2", "yaml-duplicate-key"),
        ] {
            assert_eq!(of(text), Err(reason), "{text}");
        }
        let tab = Node::string("\tx\ny");
        let mut object = Node::mapping();
        object.insert("a", tab);
        assert_eq!(
            value(&object).unwrap_err().reason(),
            "text-not-readable-again"
        );
    }
}
