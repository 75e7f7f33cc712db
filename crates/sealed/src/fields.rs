//! Strict reading of Kubernetes objects: every field is known, named once and of the right type.
//!
//! Scalars resolve as in `sigs.k8s.io/yaml`, where a plain `yes` is a boolean.

use std::collections::{BTreeMap, HashSet};

use goyaml::resolve::plain_tag;
use goyaml::{Dialect, Form, Kind, Node, Tag, Value};
use thiserror::Error;

use crate::timestamp::Timestamp;

/// A field that is not as it should be.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("{}{path}: {problem}", at(*line))]
pub struct FieldError {
    /// Path of the field from the top of the object, names joined by dots.
    pub path: Box<str>,
    /// Line of the field, counted from one; zero where the document has no lines.
    pub line: u32,
    /// What is wrong with it.
    pub problem: FieldProblem,
}

/// `line 5: `, or nothing where the line is not known.
pub(crate) fn at(line: u32) -> String {
    if line == 0 {
        String::new()
    } else {
        format!("line {line}: ")
    }
}

/// What can be wrong with a field.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum FieldProblem {
    /// The object has no such field, though it has one that differs in case only.
    #[error("unknown field, `{expected}` is meant")]
    Misspelt {
        /// The right spelling.
        expected: &'static str,
    },
    /// The object has no such field.
    #[error("unknown field")]
    Unknown,
    /// The field stands there twice.
    #[error("named twice")]
    Duplicate,
    /// The field must be there.
    #[error("missing")]
    Missing,
    /// The field must be another type.
    #[error("must be {expected}")]
    Type {
        /// The type it must be, with its article.
        expected: &'static str,
    },
}

impl FieldError {
    /// A stable name of the cause.
    pub const fn reason(&self) -> &'static str {
        match self.problem {
            FieldProblem::Misspelt { .. } | FieldProblem::Unknown => "field-unknown",
            FieldProblem::Duplicate => "field-duplicate",
            FieldProblem::Missing => "field-missing",
            FieldProblem::Type { .. } => "field-type",
        }
    }
}

/// A node that stands for a [`Value`] of JSON, without a position.
pub(crate) fn node_of(value: Value) -> Node {
    let scalar = |tag, value| Node {
        tag,
        value,
        ..Node::default()
    };
    let collection = |kind, tag, content| Node {
        kind,
        tag,
        content,
        ..Node::default()
    };
    match value {
        Value::String(text) => {
            let mut node = scalar(Tag::Str, text);
            node.style.form = Form::DoubleQuoted;
            node
        }
        Value::Bool(bool) => scalar(Tag::Bool, bool.to_string()),
        Value::Int(int) => scalar(Tag::Int, int.to_string()),
        Value::Uint(int) => scalar(Tag::Int, int.to_string()),
        Value::Float(float) => scalar(Tag::Float, float.to_string()),
        Value::Array(items) => collection(
            Kind::Sequence,
            Tag::Seq,
            items.into_iter().map(node_of).collect(),
        ),
        Value::Object(entries) => collection(
            Kind::Mapping,
            Tag::Map,
            entries
                .into_iter()
                .flat_map(|(name, value)| [node_of(Value::String(name)), node_of(value)])
                .collect(),
        ),
        // JSON has none of these.
        Value::Null | Value::Bytes(_) | Value::Timestamp(_) | Value::Mapping(_) => {
            scalar(Tag::Null, String::new())
        }
    }
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Type {
    Null,
    Bool(bool),
    Number,
    Text,
    Collection,
    Other,
}

fn type_of(node: &Node) -> Type {
    if node.kind != Kind::Scalar {
        return Type::Collection;
    }
    let plain = node.style.form == Form::Any && !node.style.tagged;
    let tag = if plain {
        &plain_tag(&node.value, Dialect::GoYaml2)
    } else {
        &node.tag
    };
    match tag {
        Tag::Null => Type::Null,
        Tag::Bool => Type::Bool(matches!(
            node.value.as_bytes(),
            [b'y' | b'Y' | b't' | b'T', ..] | [b'o' | b'O', b'n' | b'N']
        )),
        Tag::Int | Tag::Float => Type::Number,
        // go-yaml v2: decode.go. What looks like a time stays a text.
        Tag::Str | Tag::Timestamp | Tag::Merge => Type::Text,
        Tag::Binary | Tag::Custom(_) | Tag::Map | Tag::Seq => Type::Other,
    }
}

/// A value and where it stands.
#[derive(Clone)]
pub(crate) struct Field<'n> {
    path: String,
    line: u32,
    node: &'n Node,
}

impl<'n> Field<'n> {
    /// The top of an object.
    pub(crate) fn top(node: &'n Node) -> Self {
        Self {
            path: String::new(),
            line: node.position.line,
            node,
        }
    }

    pub(crate) const fn line(&self) -> u32 {
        self.line
    }

    pub(crate) fn error(&self, problem: FieldProblem) -> FieldError {
        let path = if self.path.is_empty() {
            "the document"
        } else {
            &self.path
        };
        FieldError {
            path: path.into(),
            line: self.line,
            problem,
        }
    }

    fn not(&self, expected: &'static str) -> FieldError {
        self.error(FieldProblem::Type { expected })
    }

    pub(crate) fn is_null(&self) -> bool {
        type_of(self.node) == Type::Null
    }

    pub(crate) fn text(&self) -> Result<&'n str, FieldError> {
        match type_of(self.node) {
            Type::Text => Ok(&self.node.value),
            Type::Bool(_) | Type::Number => Err(self.not("a string (put it in quotes)")),
            Type::Null | Type::Collection | Type::Other => Err(self.not("a string")),
        }
    }

    pub(crate) fn boolean(&self) -> Result<bool, FieldError> {
        match type_of(self.node) {
            Type::Bool(value) => Ok(value),
            _ => Err(self.not("a boolean")),
        }
    }

    pub(crate) fn integer(&self) -> Result<i64, FieldError> {
        let number = type_of(self.node) == Type::Number;
        let value = self.node.value.parse().ok();
        value
            .filter(|_| number)
            .ok_or_else(|| self.not("an integer"))
    }

    pub(crate) fn time(&self) -> Result<Timestamp, FieldError> {
        Timestamp::parse(self.text()?).ok_or_else(|| self.not("a time as in RFC 3339"))
    }

    pub(crate) fn items(&self) -> Result<Vec<Self>, FieldError> {
        if self.node.kind != Kind::Sequence {
            return Err(self.not("a list"));
        }
        let item = |(index, node): (usize, &'n Node)| Self {
            path: format!("{}[{index}]", self.path),
            line: node.position.line,
            node,
        };
        Ok(self.node.content.iter().enumerate().map(item).collect())
    }

    pub(crate) fn fields(&self) -> Result<Fields<'n>, FieldError> {
        if self.node.kind != Kind::Mapping {
            return Err(self.not("an object"));
        }
        let mut entries: Vec<(&'n str, Self)> = Vec::with_capacity(self.node.content.len() / 2);
        let mut known = HashSet::new();
        for pair in self.node.content.chunks_exact(2) {
            let [key, node] = pair else { continue };
            let mut field = Self {
                path: self.path.clone(),
                line: key.position.line,
                node,
            };
            // A plain number is a key as well, when its text is what sigs.k8s.io/yaml makes of it.
            let number = || {
                key.value
                    .parse::<i64>()
                    .is_ok_and(|number| number.to_string() == key.value)
            };
            if !(type_of(key) == Type::Text || type_of(key) == Type::Number && number()) {
                return Err(field.not("an object whose keys are all strings"));
            }
            if key.tag == Tag::Merge && key.style.form == Form::Any {
                return Err(field.not("an object without merge keys"));
            }
            if !field.path.is_empty() {
                field.path.push('.');
            }
            field.path.push_str(&key.value);
            if !known.insert(key.value.as_str()) {
                return Err(field.error(FieldProblem::Duplicate));
            }
            entries.push((&key.value, field));
        }
        Ok(Fields {
            owner: self.clone(),
            entries,
            asked: Vec::new(),
        })
    }

    /// The entries of a map of strings. A null is an empty map.
    pub(crate) fn texts(&self) -> Result<BTreeMap<String, String>, FieldError> {
        if self.is_null() {
            return Ok(BTreeMap::new());
        }
        let entries = self.fields()?.entries.into_iter();
        entries
            .map(|(name, field)| Ok((name.to_owned(), field.text()?.to_owned())))
            .collect()
    }

    /// The value as it stands, with its keys sorted as `sigs.k8s.io/yaml` leaves them.
    pub(crate) fn value(&self) -> Result<Value, FieldError> {
        Ok(match type_of(self.node) {
            Type::Null => Value::Null,
            Type::Bool(value) => Value::Bool(value),
            Type::Number => Value::Int(self.integer()?),
            Type::Text => Value::String(self.node.value.clone()),
            Type::Other => return Err(self.not("plain data")),
            Type::Collection if self.node.kind == Kind::Sequence => Value::Array(
                self.items()?
                    .iter()
                    .map(Self::value)
                    .collect::<Result<_, _>>()?,
            ),
            Type::Collection => {
                let sorted: BTreeMap<_, _> = self.fields()?.entries.into_iter().collect();
                let entry = |(name, field): (&str, Self)| Ok((name.to_owned(), field.value()?));
                Value::Object(sorted.into_iter().map(entry).collect::<Result<_, _>>()?)
            }
        })
    }
}

/// The fields of an object, taken one by one; what is left at the end is unknown.
pub(crate) struct Fields<'n> {
    owner: Field<'n>,
    entries: Vec<(&'n str, Field<'n>)>,
    asked: Vec<&'static str>,
}

impl<'n> Fields<'n> {
    /// The field `name`, when it is there and not null.
    pub(crate) fn take(&mut self, name: &'static str) -> Option<Field<'n>> {
        self.asked.push(name);
        let index = self.entries.iter().position(|(entry, _)| *entry == name)?;
        let (_, field) = self.entries.remove(index);
        (!field.is_null()).then_some(field)
    }

    /// The text of the field `name`.
    pub(crate) fn text(&mut self, name: &'static str) -> Result<Option<&'n str>, FieldError> {
        self.take(name).map(|field| field.text()).transpose()
    }

    /// The error for the field `name` that must be there and is not.
    pub(crate) fn missing(&self, name: &'static str) -> FieldError {
        // A field in the wrong case explains the absence better.
        let misspelt = |(entry, field): &(&str, Field<'_>)| {
            let misspelt = *entry != name && entry.eq_ignore_ascii_case(name);
            misspelt.then(|| field.error(FieldProblem::Misspelt { expected: name }))
        };
        self.entries.iter().find_map(misspelt).unwrap_or_else(|| {
            let mut owner = self.owner.clone();
            if !owner.path.is_empty() {
                owner.path.push('.');
            }
            owner.path.push_str(name);
            owner.error(FieldProblem::Missing)
        })
    }

    /// The rest, of an object whose keys are free.
    pub(crate) fn into_entries(self) -> Vec<(&'n str, Field<'n>)> {
        self.entries
    }

    /// Nothing may be left.
    pub(crate) fn finish(self) -> Result<(), FieldError> {
        let Some((name, field)) = self.entries.first() else {
            return Ok(());
        };
        let meant = self
            .asked
            .iter()
            .find(|asked| asked.eq_ignore_ascii_case(name));
        Err(field.error(
            meant.map_or(FieldProblem::Unknown, |expected| FieldProblem::Misspelt {
                expected,
            }),
        ))
    }
}
