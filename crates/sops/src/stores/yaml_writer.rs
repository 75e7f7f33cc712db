//! Writing YAML (sops: `stores/yaml/store.go`, on go-yaml v3).
//!
//! Comments of a mapping or list before its first entry become the head comment of the collection, later ones that of
//! the entry below them, and those behind the last entry its foot comment.

use goyaml::emit::{self, EmitError, EmitOptions};
use goyaml::{Comments, Document, Kind, Node};

use crate::document::{Comment, Entry, Map, Placement, Scalar, Value};

/// Writes documents, `---` between them.
pub(crate) fn emit<'d>(
    documents: impl Iterator<Item = &'d Map>,
    indent: u8,
) -> Result<String, EmitError> {
    let documents: Vec<Document> = documents
        .map(|map| Document {
            root: mapping(map),
            ..Document::default()
        })
        .collect();
    emit::documents(
        &documents,
        &EmitOptions {
            indent,
            ..EmitOptions::default()
        },
    )
}

/// Writes one value.
pub(crate) fn emit_value(value: &Value) -> Result<String, EmitError> {
    emit::node(&node(value), &EmitOptions::default())
}

fn node(value: &Value) -> Node {
    match value {
        Value::Map(map) => mapping(map),
        Value::List(items) => sequence(items),
        Value::Comment(comment) => text(comment.text.expose()),
        Value::Leaf(leaf) => scalar(&leaf.scalar),
    }
}

fn scalar(scalar: &Scalar) -> Node {
    emit::encode(&match scalar {
        Scalar::Null => goyaml::Value::Null,
        Scalar::Bool(flag) => goyaml::Value::Bool(*flag),
        Scalar::Int(number) => goyaml::Value::Int(*number),
        Scalar::Float(number) => goyaml::Value::Float(*number),
        Scalar::Text(bytes) => return text(bytes.expose()),
        Scalar::Time(time) => goyaml::Value::Timestamp(*time),
    })
}

fn text(bytes: &[u8]) -> Node {
    match std::str::from_utf8(bytes) {
        Ok(text) => emit::string(text),
        Err(_) => emit::encode(&goyaml::Value::Bytes(bytes.to_vec())),
    }
}

fn mapping(map: &Map) -> Node {
    let mut node = Node {
        kind: Kind::Mapping,
        tag: goyaml::Tag::Map,
        ..Node::default()
    };
    let mut pending = Pending::default();
    for entry in &map.entries {
        match entry {
            Entry::Comment(comment) => pending.push(comment),
            Entry::Pair(pair) => {
                if node.content.is_empty() {
                    pending.put_above(&mut node);
                }
                let mut key = text(&pair.key);
                pending.put_above(&mut key);
                let mut value = self::node(&pair.value);
                pending.put_behind(&mut value);
                node.content.extend([key, value]);
            }
        }
    }
    match node.content.len().checked_sub(2) {
        None => pending.put_rest_above(&mut node),
        Some(last_key) => pending.put_rest_below(&mut node.content[last_key]),
    }
    node
}

fn sequence(items: &[Value]) -> Node {
    let mut node = Node {
        kind: Kind::Sequence,
        tag: goyaml::Tag::Seq,
        ..Node::default()
    };
    let mut pending = Pending::default();
    for item in items {
        match item {
            Value::Comment(comment) => pending.push(comment),
            item => {
                if node.content.is_empty() {
                    pending.put_above(&mut node);
                }
                let mut item = self::node(item);
                pending.put_above(&mut item);
                pending.put_behind(&mut item);
                node.content.push(item);
            }
        }
    }
    match node.content.len().checked_sub(1) {
        None => pending.put_rest_above(&mut node),
        Some(last) => pending.put_rest_below(&mut node.content[last]),
    }
    node
}

/// Comments that wait for the entry they belong to.
#[derive(Default)]
struct Pending {
    above: Vec<String>,
    inline: Vec<String>,
}

impl Pending {
    fn push(&mut self, comment: &Comment) {
        let text = String::from_utf8_lossy(comment.text.expose()).into_owned();
        match comment.placement {
            Placement::Above => self.above.push(text),
            Placement::Inline => self.inline.push(text),
        }
    }

    fn put_above(&mut self, node: &mut Node) {
        if let Some(text) = joined(&mut self.above) {
            // A collection can have a comment of its own from the comments at its start.
            let head = &mut comments(node).head;
            *head = if head.is_empty() {
                text
            } else {
                format!("{text}\n{head}")
            };
        }
    }

    fn put_behind(&mut self, node: &mut Node) {
        if let Some(text) = joined(&mut self.inline) {
            append(&mut comments(node).line, &text);
        }
    }

    fn put_rest_above(mut self, node: &mut Node) {
        self.above.append(&mut self.inline);
        self.put_above(node);
    }

    fn put_rest_below(mut self, node: &mut Node) {
        self.above.append(&mut self.inline);
        if let Some(text) = joined(&mut self.above) {
            append(&mut comments(node).foot, &text);
        }
    }
}

fn comments(node: &mut Node) -> &mut Comments {
    node.comments.get_or_insert_default()
}

fn append(comment: &mut String, text: &str) {
    if !comment.is_empty() {
        comment.push('\n');
    }
    comment.push_str(text);
}

/// The lines, each with its sign; `None` without lines.
fn joined(lines: &mut Vec<String>) -> Option<String> {
    if lines.is_empty() {
        return None;
    }
    let text = format!("#{}", lines.join("\n#"));
    lines.clear();
    Some(text)
}
