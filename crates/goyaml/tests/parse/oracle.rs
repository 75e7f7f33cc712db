//! go-yaml's tree of a text, and ours, in one shape.

use goyaml::{Comments, Dialect, Document, Form, Kind, Limits, Node, Position};
use peers::goyaml::{Answer, GoYaml};
use serde_json::{Map, Value, json};

/// A running go-yaml.
pub(crate) struct Oracle {
    peer: GoYaml,
}

/// What came of reading one text with both.
pub(crate) struct Comparison {
    /// Whether go-yaml reads the text.
    pub(crate) accepted: bool,
    /// What is not the same.
    pub(crate) difference: Option<String>,
}

impl Oracle {
    pub(crate) fn start() -> Self {
        Self {
            peer: GoYaml::start(),
        }
    }

    /// Reads a text with both libraries.
    pub(crate) fn compare(&mut self, text: &[u8]) -> Comparison {
        let ours = goyaml::parse(text);
        let (accepted, difference) = match (self.peer.ask("node", text), ours) {
            (Answer::Output(theirs), Ok(ours)) => {
                let theirs: Value = serde_json::from_slice(&theirs).expect("JSON of the oracle");
                let ours = Value::Array(ours.iter().map(document).collect());
                let [theirs, ours] = [theirs, ours].map(without_unstable_places);
                (true, first_difference("", &theirs, &ours))
            }
            (Answer::Output(_), Err(error)) => (true, Some(format!("we refuse: {error}"))),
            (Answer::Refusal(error), Ok(_)) => (false, Some(format!("they refuse: {error}"))),
            (Answer::Refusal(_), Err(_)) | (Answer::Panic(_), _) => (false, None),
        };
        Comparison {
            accepted,
            difference,
        }
    }

    /// Lets go-yaml v2 and our parser read the first document, and tells whether only one of them refuses it.
    pub(crate) fn compare_v2(&mut self, text: &[u8]) -> Comparison {
        let ours = goyaml::parse_first(text, Dialect::GoYaml2, &Limits::default());
        let (accepted, difference) = match (self.peer.ask("v2json", text), ours) {
            (Answer::Output(_), Err(error)) => (true, Some(format!("we refuse: {error}"))),
            (Answer::Refusal(error), Ok(_)) if !is_about_values(&error) => {
                (false, Some(format!("they refuse: {error}")))
            }
            (answer, _) => (matches!(answer, Answer::Output(_)), None),
        };
        Comparison {
            accepted,
            difference,
        }
    }

    /// Whether go-yaml reads a text.
    pub(crate) fn accepts(&mut self, text: &[u8]) -> bool {
        matches!(self.peer.ask("node", text), Answer::Output(_))
    }
}

/// Whether go-yaml refused to decode what it had read.
fn is_about_values(error: &str) -> bool {
    [
        "cannot decode",
        "cannot unmarshal",
        "contains itself",
        "excessive aliasing",
        "invalid base64",
        "invalid map key",
        "map merge requires",
    ]
    .iter()
    .any(|part| error.contains(part))
}

/// Removes the places of empty values in pairs like the one in `[a: ]`, and of those in `{a: }`, which look the same.
///
/// go-yaml takes them from a token that its queue may have overwritten by then (parserc.go), so that they depend on
/// the number of tokens before.
fn without_unstable_places(mut tree: Value) -> Value {
    let content = tree.get_mut("content").map(Value::take);
    let is_pair = tree["kind"] == "mapping"
        && tree["style"][0] == "flow"
        && content
            .as_ref()
            .and_then(Value::as_array)
            .is_some_and(|content| content.len() == 2);
    if let (Some(Value::Array(mut content)), Some(tree)) = (content, tree.as_object_mut()) {
        if is_pair
            && let Some(value) = content[1].as_object_mut()
            && value["kind"] == "scalar"
            && value["tag"] == "!!null"
            && !value.contains_key("value")
        {
            value.remove("line");
            value.remove("column");
        }
        let content = content.into_iter().map(without_unstable_places);
        tree.insert("content".into(), content.collect());
    }
    match tree {
        Value::Array(items) => items.into_iter().map(without_unstable_places).collect(),
        tree => tree,
    }
}

/// Where two trees differ first.
fn first_difference(path: &str, theirs: &Value, ours: &Value) -> Option<String> {
    match (theirs, ours) {
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => a
            .iter()
            .zip(b)
            .enumerate()
            .find_map(|(at, (a, b))| first_difference(&format!("{path}/{at}"), a, b)),
        (Value::Object(a), Value::Object(b)) => {
            let names = a.keys().chain(b.keys());
            names.into_iter().find_map(|name| {
                let absent = Value::Null;
                let theirs = a.get(name).unwrap_or(&absent);
                let ours = b.get(name).unwrap_or(&absent);
                first_difference(&format!("{path}.{name}"), theirs, ours)
            })
        }
        _ if theirs == ours => None,
        _ => Some(format!("{path}: they have {theirs}, we have {ours}")),
    }
}

/// A document as the oracle writes it.
pub(crate) fn document(document: &Document) -> Value {
    let mut dump = Map::new();
    dump.insert("kind".into(), json!("document"));
    place(&mut dump, document.position);
    comments(&mut dump, &document.comments);
    dump.insert("content".into(), json!([node(&document.root)]));
    Value::Object(dump)
}

fn node(source: &Node) -> Value {
    let mut dump = Map::new();
    let kind = match source.kind {
        Kind::Alias => "alias",
        Kind::Mapping => "mapping",
        Kind::Scalar => "scalar",
        Kind::Sequence => "sequence",
    };
    dump.insert("kind".into(), json!(kind));
    if source.kind != Kind::Alias {
        dump.insert("tag".into(), json!(source.tag.as_str()));
    }
    let form = match source.style.form {
        Form::Any => None,
        Form::DoubleQuoted => Some("double"),
        Form::Flow => Some("flow"),
        Form::Folded => Some("folded"),
        Form::Literal => Some("literal"),
        Form::SingleQuoted => Some("single"),
    };
    let style: Vec<&str> = source
        .style
        .tagged
        .then_some("tagged")
        .into_iter()
        .chain(form)
        .collect();
    if !style.is_empty() {
        dump.insert("style".into(), json!(style));
    }
    text(&mut dump, "value", &source.value);
    text(
        &mut dump,
        "anchor",
        source.anchor.as_deref().unwrap_or_default(),
    );
    place(&mut dump, source.position);
    if let Some(own) = &source.comments {
        comments(&mut dump, own);
    }
    if !source.content.is_empty() {
        dump.insert("content".into(), source.content.iter().map(node).collect());
    }
    Value::Object(dump)
}

fn text(dump: &mut Map<String, Value>, name: &str, value: &str) {
    if !value.is_empty() {
        dump.insert(name.into(), json!(value));
    }
}

fn place(dump: &mut Map<String, Value>, position: Position) {
    dump.insert("line".into(), json!(position.line));
    dump.insert("column".into(), json!(position.column));
}

fn comments(dump: &mut Map<String, Value>, comments: &Comments) {
    text(dump, "head", &comments.head);
    text(dump, "inline", &comments.line);
    text(dump, "foot", &comments.foot);
}
