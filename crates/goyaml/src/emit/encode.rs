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
    // A loop in place of recursion: a level's worth of nodes is much for the stack of a thread.
    let mut open: Vec<Open<'_>> = Vec::new();
    let mut finished = enter(Child::Value(value), &mut open);
    loop {
        let Some(parent) = open.last_mut() else {
            return finished.unwrap_or_default();
        };
        parent.node.content.extend(finished.take());
        finished = match parent.children.next() {
            Some(child) => enter(child, &mut open),
            None => open.pop().map(|done| done.node),
        };
    }
}

/// A collection whose content is not complete.
struct Open<'v> {
    node: Node,
    children: Box<dyn Iterator<Item = Child<'v>> + 'v>,
}

/// What stands in a collection.
enum Child<'v> {
    Name(&'v str),
    Value(&'v Value),
}

/// The node of a scalar; a collection is opened.
fn enter<'v>(child: Child<'v>, open: &mut Vec<Open<'v>>) -> Option<Node> {
    let (node, children): (_, Box<dyn Iterator<Item = Child<'v>> + 'v>) = match child {
        Child::Name(name) => return Some(string(name)),
        Child::Value(Value::Array(items)) => (
            collection(Kind::Sequence, Tag::Seq, items.is_empty()),
            Box::new(items.iter().map(Child::Value)),
        ),
        Child::Value(Value::Object(entries)) => (
            collection(Kind::Mapping, Tag::Map, entries.is_empty()),
            Box::new(
                entries
                    .iter()
                    .flat_map(|(key, value)| [Child::Name(key), Child::Value(value)]),
            ),
        ),
        Child::Value(Value::Mapping(entries)) => (
            collection(Kind::Mapping, Tag::Map, entries.is_empty()),
            Box::new(
                entries
                    .iter()
                    .flat_map(|(key, value)| [Child::Value(key), Child::Value(value)]),
            ),
        ),
        Child::Value(value) => return Some(scalar(value::scalar(value, Dialect::GoYaml3))),
    };
    open.push(Open { node, children });
    None
}

/// The node of a string, without making a [`Value`] of it first.
pub fn string(text: &str) -> Node {
    scalar(value::string(text, Dialect::GoYaml3))
}

fn collection(kind: Kind, tag: Tag, empty: bool) -> Node {
    let form = if empty { Form::Flow } else { Form::Any };
    let style = Style {
        form,
        tagged: false,
    };
    Node {
        kind,
        tag,
        style,
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
