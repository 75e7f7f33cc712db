//! The hash that is put behind the names of generated objects (api: hasher/hasher.go).
//!
//! It is a fingerprint of the data that anybody can see who sees the name, and that anybody can check guesses of the
//! data against.

use goyaml::{
    Comments, Form, Kind, Node, Position, Value,
    json::{self, Escape, KeyOrder, Layout, Writer},
};
use sha2::{Digest, Sha256};

use crate::json::{self as object_json, ValueError};
use crate::sharing;

/// Length of a hash in characters.
const LENGTH: usize = 10;

/// The hash of an object: for ConfigMaps and Secrets of their data, for other kinds of the tree as it was read.
pub(crate) fn of(node: &Node) -> Result<String, ValueError> {
    let text = match node.get("kind").map_or("", |kind| &kind.value) {
        "ConfigMap" => data(node, "ConfigMap", "binaryData", None)?,
        "Secret" => data(node, "Secret", "stringData", Some("type"))?,
        _ => tree(node),
    };
    Ok(encode(text.as_bytes()))
}

fn data(node: &Node, kind: &str, optional: &str, text: Option<&str>) -> Result<String, ValueError> {
    let mut fields = vec![
        ("data".to_owned(), field(node, "data")?),
        ("kind".to_owned(), Value::String(kind.to_owned())),
        // The real program looks for a field of the name `metadata/name`.
        ("name".to_owned(), field(node, "metadata/name")?),
    ];
    if node
        .get(optional)
        .is_some_and(|value| value.kind != Kind::Scalar)
    {
        fields.push((optional.to_owned(), field(node, optional)?));
    }
    if let Some(text) = text {
        fields.push((text.to_owned(), field(node, text)?));
    }
    let mut out = String::new();
    let value = Value::Object(fields);
    // All numbers are floats and finite by now.
    let _infallible = json::write(
        &mut out,
        &value,
        Layout::Compact,
        KeyOrder::Sorted,
        Escape::Html,
    );
    Ok(out)
}

fn field(node: &Node, name: &str) -> Result<Value, ValueError> {
    Ok(match node.get(name) {
        None => Value::String(String::new()),
        Some(value) if value.kind == Kind::Scalar => Value::String(value.value.clone()),
        Some(value) => match object_json::value(value)? {
            mapping @ Value::Object(_) => as_floats(mapping),
            _ => Value::Null,
        },
    })
}

/// What a value is after `encoding/json` has read it into an `interface{}`.
fn as_floats(value: Value) -> Value {
    #[allow(clippy::cast_precision_loss)]
    match value {
        Value::Int(number) => Value::Float(number as f64),
        Value::Uint(number) => Value::Float(number as f64),
        Value::Array(items) => Value::Array(items.into_iter().map(as_floats).collect()),
        Value::Object(entries) => Value::Object(
            entries
                .into_iter()
                .map(|(key, value)| (key, as_floats(value)))
                .collect(),
        ),
        other => other,
    }
}

/// First ten hexadecimal digits of the SHA-256, some of them replaced so that no words come out.
fn encode(text: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"gh2k456789mbcdtf";
    let digest = Sha256::digest(text);
    let digits = digest.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits
        .take(LENGTH)
        .map(|digit| char::from(DIGITS[usize::from(digit)]))
        .collect()
}

/// The JSON that Go makes of a `yaml.Node`. Its lines and styles are in it, so it has to be known of what the build made
/// how the real program makes it.
fn tree(node: &Node) -> String {
    let mut out = String::new();
    let mut writer = Writer::new(&mut out, Layout::Compact, Escape::Html);
    write_node(&mut writer, node, Role::Value);
    out
}

/// Where a node stands.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Role {
    Key,
    Value,
}

fn write_node(writer: &mut Writer<'_>, node: &Node, role: Role) {
    let is_made = sharing::is_made(node);
    // Keys, lists and mappings are made without a tag, and so are some scalars.
    let has_tag = !is_made
        || role == Role::Value && node.kind == Kind::Scalar && node.position != sharing::UNTYPED;
    let position = if is_made {
        Position::default()
    } else {
        node.position
    };
    let kind = match node.kind {
        Kind::Sequence => 2,
        Kind::Mapping => 4,
        Kind::Scalar => 8,
        Kind::Alias => 16,
    };
    let form = match node.style.form {
        Form::Any => 0,
        Form::DoubleQuoted => 2,
        Form::SingleQuoted => 4,
        Form::Literal => 8,
        Form::Folded => 16,
        Form::Flow => 32,
    };
    let none = Comments::default();
    let comments = node.comments.as_deref().unwrap_or(&none);
    writer.begin_object();
    writer.key(b"Kind");
    writer.int(kind);
    writer.key(b"Style");
    writer.int(form + i64::from(node.style.tagged));
    for (key, text) in [
        ("Tag", if has_tag { node.tag.as_str() } else { "" }),
        ("Value", &node.value),
        ("Anchor", node.anchor.as_deref().unwrap_or_default()),
    ] {
        writer.key(key.as_bytes());
        writer.string(text.as_bytes());
    }
    writer.key(b"Alias");
    writer.null();
    writer.key(b"Content");
    if node.content.is_empty() {
        writer.null();
    } else {
        writer.begin_array();
        for (at, child) in node.content.iter().enumerate() {
            let is_key = node.kind == Kind::Mapping && at % 2 == 0;
            write_node(writer, child, if is_key { Role::Key } else { Role::Value });
        }
        writer.end_array();
    }
    for (key, text) in [
        ("HeadComment", &comments.head),
        ("LineComment", &comments.line),
        ("FootComment", &comments.foot),
    ] {
        writer.key(key.as_bytes());
        writer.string(text.as_bytes());
    }
    writer.key(b"Line");
    writer.int(i64::from(position.line));
    writer.key(b"Column");
    writer.int(i64::from(position.column));
    writer.end_object();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_the_real_program() {
        for (text, expected) in [
            ("kind: ConfigMap", "6ct58987ht"),
            ("kind: ConfigMap\ndata: {one: ''}", "9g67k2htb6"),
            ("kind: ConfigMap\nbinaryData: {one: ''}", "6mtk2m274t"),
            ("kind: Secret\ntype: my-type", "5gmgkf8578"),
            ("kind: Secret\ntype: my-type\ndata: {one: ''}", "74bd68bm66"),
            (
                "kind: Secret\ntype: my-type\ndata: {two: 2, one: '', three: 3}",
                "4gf75c7476",
            ),
            (
                "kind: Secret\ntype: my-type\nstringData: {two: 2}\ndata: {one: ''}",
                "c4h4264gdb",
            ),
        ] {
            let node = goyaml::parse(text.as_bytes()).unwrap().remove(0).root;
            assert_eq!(of(&node).unwrap(), expected, "{text}");
        }
    }
}
