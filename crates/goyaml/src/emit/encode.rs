//! Values as nodes, as `yaml.Node`'s `Encode` makes them.

use super::{
    analysis::{Analysis, Style as Written},
    value,
};
use crate::{
    node::{Form, Kind, Node, Style, Tag},
    resolve::{Dialect, plain_tag},
    value::Value,
};

/// The node that go-yaml v3 makes of a value: it has the style in which the value would be written on its own.
///
/// go-yaml writes the value and parses the text, and so loses a text of several lines that starts with a tab; here it
/// is kept, in double quotes. Keys keep their order.
pub fn encode(value: &Value) -> Node {
    match value {
        Value::Array(items) => {
            collection(Kind::Sequence, Tag::Seq, items.iter().map(encode).collect())
        }
        Value::Object(entries) => {
            let nodes = entries
                .iter()
                .flat_map(|(key, value)| [string(key), encode(value)]);
            collection(Kind::Mapping, Tag::Map, nodes.collect())
        }
        Value::Mapping(entries) => {
            let nodes = entries
                .iter()
                .flat_map(|(key, value)| [encode(key), encode(value)]);
            collection(Kind::Mapping, Tag::Map, nodes.collect())
        }
        _ => scalar(value::scalar(value, Dialect::GoYaml3)),
    }
}

/// The node of a string, without making a [`Value`] of it first.
pub fn string(text: &str) -> Node {
    scalar(value::string(text, Dialect::GoYaml3))
}

fn collection(kind: Kind, tag: Tag, content: Vec<Node>) -> Node {
    let form = if content.is_empty() {
        Form::Flow
    } else {
        Form::Any
    };
    Node {
        kind,
        tag,
        style: Style {
            form,
            tagged: false,
        },
        content,
        ..Node::default()
    }
}

fn scalar(text: value::Text<'_>) -> Node {
    let analysis = Analysis::of(&text.text, true);
    let form = match analysis.style(text.form, false, false) {
        Written::Plain => Form::Any,
        Written::SingleQuoted => Form::SingleQuoted,
        Written::DoubleQuoted => Form::DoubleQuoted,
        Written::Literal if text.text.starts_with('\t') => Form::DoubleQuoted,
        Written::Literal => Form::Literal,
        Written::Folded => Form::Folded,
    };
    // go-yaml reads the text back: a whole float has the tag of an integer, a plain `<<` that of a merge key.
    let tag = match (form, &*text.text) {
        (Form::Any, "<<") => Tag::Merge,
        (Form::Any, plain) if text.tag != Tag::Binary => plain_tag(plain, Dialect::GoYaml3),
        _ => text.tag,
    };
    let style = Style {
        form,
        tagged: tag == Tag::Binary,
    };
    Node {
        kind: Kind::Scalar,
        style,
        tag,
        value: text.text.into_owned(),
        ..Node::default()
    }
}
