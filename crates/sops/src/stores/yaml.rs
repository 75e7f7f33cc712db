//! Reading YAML (sops: `stores/yaml/store.go`, on go-yaml v3).
//!
//! Aliases are expanded, anchors and tags of one's own vanish, a merge key stays an ordinary key named `<<`. Comments
//! become entries and items of their own, one for each line. Unlike in sops, a key that stands twice is an error in every
//! document, and so is a scalar that does not fit its tag.

use std::collections::HashSet;

use goyaml::{Comments, Dialect, Kind, Limits, Node, Tag};
use secret::SecretBytes;

use crate::document::{Comment, Entry, KeyPath, MAX_DEPTH, Map, Place, Placement, Scalar, Value};
use crate::parse_error::ShapeError;

/// Why a text is not the YAML that sops reads.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum YamlError {
    /// It is not YAML.
    #[error(transparent)]
    Syntax(#[from] goyaml::ParseError),
    /// An alias stands for nothing, for itself, or for too much.
    #[error(transparent)]
    Alias(#[from] goyaml::AliasError),
    /// It is YAML, but not what a sops file can be.
    #[error(transparent)]
    Shape(#[from] ShapeError),
}

impl YamlError {
    /// A stable name of the cause.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Syntax(error) => error.reason(),
            Self::Alias(error) => error.reason(),
            Self::Shape(error) => error.reason(),
        }
    }
}

pub(crate) fn parse(bytes: &[u8]) -> Result<Vec<Map>, YamlError> {
    let limits = Limits {
        depth: MAX_DEPTH,
        ..Limits::default()
    };
    let mut documents = goyaml::parse_with(bytes, Dialect::GoYaml3, &limits)?;
    goyaml::fill_aliases(&mut documents, &limits)?;
    let mut maps = Vec::with_capacity(documents.len());
    for document in documents {
        let mut map = Map::default();
        let line = document.position.line;
        add_entries(&mut map, &document.comments.head, Placement::Above, line);
        add_entries(&mut map, &document.comments.line, Placement::Above, line);
        root(document.root, &mut map)?;
        add_entries(&mut map, &document.comments.foot, Placement::Above, line);
        maps.push(map);
    }
    Ok(maps)
}

fn root(root: Node, map: &mut Map) -> Result<(), ShapeError> {
    match root.kind {
        Kind::Mapping => mapping(root, map),
        Kind::Scalar if root.tag == Tag::Null => {
            let line = root.position.line;
            let comments = root.comments.unwrap_or_default();
            add_entries(map, &comments.head, Placement::Above, line);
            add_entries(map, &comments.line, Placement::Above, line);
            Ok(())
        }
        Kind::Alias | Kind::Scalar | Kind::Sequence => Err(ShapeError::NotAMapping),
    }
}

fn mapping(node: Node, map: &mut Map) -> Result<(), ShapeError> {
    let own = node.comments.unwrap_or_default();
    let line = node.position.line;
    add_entries(map, &own.head, Placement::Above, line);
    add_entries(map, &own.line, Placement::Above, line);
    let mut content = node.content.into_iter();
    while let (Some(mut key), Some(mut value)) = (content.next(), content.next()) {
        let line = key.position.line;
        let around_key = key.comments.take().unwrap_or_default();
        add_entries(map, &around_key.head, Placement::Above, line);
        add_entries(map, &around_key.line, Placement::Above, line);
        // A collection keeps its comments inside.
        let around_value: Comments = match value.kind {
            Kind::Alias | Kind::Scalar => value
                .comments
                .take()
                .map_or_else(Comments::default, |comments| *comments),
            Kind::Mapping | Kind::Sequence => Comments::default(),
        };
        let value_line = value.position.line;
        add_entries(map, &around_value.head, Placement::Above, value_line);
        add_entries(map, &around_value.line, Placement::Inline, value_line);
        let key = key_text(key)?;
        let value = read(value, Handled::No).map_err(|error| error.below_key(&key))?;
        map.push_pair(key, value);
        add_entries(map, &around_value.foot, Placement::Above, value_line);
        add_entries(map, &around_key.foot, Placement::Above, line);
    }
    add_entries(map, &own.foot, Placement::Above, line);
    let mut seen = HashSet::with_capacity(map.entries.len());
    match map.pairs().find(|pair| !seen.insert(pair.key.as_slice())) {
        Some(twice) => Err(ShapeError::duplicate(&twice.key, twice.value.first_line())),
        None => Ok(()),
    }
}

fn key_text(node: Node) -> Result<Vec<u8>, ShapeError> {
    let line = node.position.line;
    let not_text = || ShapeError::KeyNotText(at(line));
    let node = resolved(node);
    if node.kind != Kind::Scalar {
        return Err(not_text());
    }
    let text = match &node.tag {
        Tag::Binary | Tag::Custom(_) | Tag::Merge | Tag::Str => match scalar(node)? {
            Scalar::Text(text) => text.expose().to_vec(),
            _ => return Err(not_text()),
        },
        _ => return Err(not_text()),
    };
    Ok(text)
}

fn read(mut node: Node, comments: Handled) -> Result<Value, ShapeError> {
    let line = node.position.line;
    match node.kind {
        // What an alias stands for brings the comments inside it.
        Kind::Alias => read(resolved(node), Handled::No),
        Kind::Scalar => Ok(Value::new(scalar(node)?, line)),
        Kind::Mapping | Kind::Sequence => {
            if comments == Handled::Yes {
                node.comments = None;
            }
            if node.kind == Kind::Sequence {
                return sequence(node).map(Value::List);
            }
            let mut map = Map::default();
            mapping(node, &mut map)?;
            Ok(Value::Map(map))
        }
    }
}

/// The node that an alias was filled with; any other node is itself.
fn resolved(mut node: Node) -> Node {
    match node.kind {
        Kind::Alias => node.content.pop().unwrap_or_default(),
        Kind::Mapping | Kind::Scalar | Kind::Sequence => node,
    }
}

fn sequence(node: Node) -> Result<Vec<Value>, ShapeError> {
    let own = node.comments.unwrap_or_default();
    let line = node.position.line;
    let mut items = Vec::with_capacity(node.content.len());
    add_items(&mut items, &own.head, Placement::Above, line);
    add_items(&mut items, &own.line, Placement::Above, line);
    for mut item in node.content {
        let line = item.position.line;
        // The comments of an item stand beside it, be it a scalar or a collection.
        let around = item.comments.take().unwrap_or_default();
        add_items(&mut items, &around.head, Placement::Above, line);
        add_items(&mut items, &around.line, Placement::Inline, line);
        let index = items.len();
        items.push(read(item, Handled::Yes).map_err(|error| error.below_index(index))?);
        add_items(&mut items, &around.foot, Placement::Above, line);
    }
    add_items(&mut items, &own.foot, Placement::Above, line);
    Ok(items)
}

fn scalar(node: Node) -> Result<Scalar, ShapeError> {
    let line = node.position.line;
    // By far the most frequent, and here nothing is copied.
    if matches!(node.tag, Tag::Str | Tag::Custom(_) | Tag::Merge) {
        return Ok(Scalar::Text(SecretBytes::new(node.value.into_bytes())));
    }
    let value = goyaml::resolve::tagged_value(&node.tag, &node.value, Dialect::GoYaml3)
        .map_err(|_| ShapeError::WrongTag(at(line)))?;
    match value {
        goyaml::Value::Null => Ok(Scalar::Null),
        goyaml::Value::Bool(flag) => Ok(Scalar::Bool(flag)),
        goyaml::Value::Int(number) => Ok(Scalar::Int(number)),
        goyaml::Value::Float(number) => Ok(Scalar::Float(number)),
        goyaml::Value::String(text) => Ok(Scalar::Text(SecretBytes::new(text.into_bytes()))),
        goyaml::Value::Bytes(bytes) => Ok(Scalar::Text(SecretBytes::new(bytes))),
        goyaml::Value::Timestamp(time) => Ok(Scalar::Time(time)),
        goyaml::Value::Uint(_) => Err(ShapeError::IntegerOutOfRange(at(line))),
        goyaml::Value::Array(_) | goyaml::Value::Object(_) | goyaml::Value::Mapping(_) => {
            Err(ShapeError::WrongTag(at(line)))
        }
    }
}

/// Whether the comments of a collection already stand beside it.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Handled {
    No,
    Yes,
}

fn at(line: u32) -> Place {
    Place {
        line,
        path: KeyPath::default(),
    }
}

fn add_entries(map: &mut Map, text: &str, placement: Placement, line: u32) {
    map.entries
        .extend(lines(text, placement, line).map(Entry::Comment));
}

fn add_items(items: &mut Vec<Value>, text: &str, placement: Placement, line: u32) {
    items.extend(lines(text, placement, line).map(Value::Comment));
}

/// One comment for each line that is not empty, without the sign in front.
fn lines(text: &str, placement: Placement, line: u32) -> impl Iterator<Item = Comment> + '_ {
    text.split('\n')
        .filter(|text| !text.is_empty())
        .map(move |text| Comment::new(&text.as_bytes()[1..], placement, line))
}
