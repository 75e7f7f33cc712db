//! JSON patches (RFC 6902), as the library that kustomize uses reads and applies them (json-patch v4: patch.go).
//!
//! It is laxer than the RFC: `replace` adds a field that is missing, an index can be negative, a missing `value` is
//! null, and what comes before the first slash of a path is ignored. An operation that is not understood is an
//! error only when the patch meets an object.

mod apply;
mod tree;

use goyaml::{
    Value,
    decode::{self, Duplicates, YamlToJsonError},
    json,
};
use thiserror::Error;

pub use apply::{ApplyError, ApplyErrorKind};

use self::tree::Tree;

use crate::cache;
use crate::limits::LIMITS;

/// A JSON patch.
#[derive(Clone, Debug)]
pub struct JsonPatch {
    operations: Vec<Operation>,
}

#[derive(Clone, Debug)]
struct Operation {
    /// `None` for one that is not known.
    kind: Option<OperationKind>,
    path: Option<String>,
    from: Option<String>,
    value: Tree,
}

/// What an operation does.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum OperationKind {
    /// Adds a field, or an item before the place.
    Add,
    /// Adds what is elsewhere.
    Copy,
    /// Adds what is taken from elsewhere.
    Move,
    /// Removes a field or item.
    Remove,
    /// Puts another value in a place.
    Replace,
    /// Fails unless a value is what it is expected to be.
    Test,
}

impl OperationKind {
    /// Its name in a patch.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Copy => "copy",
            Self::Move => "move",
            Self::Remove => "remove",
            Self::Replace => "replace",
            Self::Test => "test",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "add" => Self::Add,
            "copy" => Self::Copy,
            "move" => Self::Move,
            "remove" => Self::Remove,
            "replace" => Self::Replace,
            "test" => Self::Test,
            _ => return None,
        })
    }
}

/// A text is no JSON patch.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum ParseError {
    /// It is empty.
    #[error("empty json patch operations")]
    Empty,
    /// It starts as JSON and is not JSON.
    #[error(transparent)]
    Json(#[from] json::ParseError),
    /// It is not YAML.
    #[error(transparent)]
    Yaml(#[from] YamlToJsonError),
    /// It is not a list of operations.
    #[error("not a list of operations")]
    NotOperations,
}

impl ParseError {
    /// A stable name of the error.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Empty => "json-patch-empty",
            Self::Json(error) => error.reason(),
            Self::Yaml(error) => error.reason(),
            Self::NotOperations => "json-patch-not-operations",
        }
    }
}

impl JsonPatch {
    /// Reads a patch. A text that starts with a bracket must be JSON; of any other the first YAML document counts.
    ///
    /// # Errors
    ///
    /// See [`ParseError`].
    pub fn parse(text: &[u8]) -> Result<Self, ParseError> {
        let (value, raw) = match text.first() {
            None => return Err(ParseError::Empty),
            Some(b'[') => (json::parse(text)?, Tree::of_json(text)),
            Some(_) => {
                let last = Duplicates::LastWins;
                (decode::yaml_to_json(text, last, &LIMITS)?, None)
            }
        };
        let operations = match value {
            Value::Null => Vec::new(),
            Value::Array(operations) => operations,
            _ => return Err(ParseError::NotOperations),
        };
        let mut raw = raw.map(Tree::into_items).unwrap_or_default().into_iter();
        let operations = operations.into_iter().map(|operation| {
            let raw = raw.next().and_then(|raw| raw.into_field("value"));
            Operation::new(operation, raw)
        });
        Ok(Self {
            operations: operations.collect::<Result<_, _>>()?,
        })
    }

    /// Whether there is no operation.
    pub fn is_empty(&self) -> bool {
        self.operations.is_empty()
    }

    /// About how many bytes the patch takes.
    pub(crate) fn size(&self) -> usize {
        self.operations.iter().map(Operation::size).sum()
    }
}

impl cache::Parse for JsonPatch {
    type Error = ParseError;

    fn parse(text: &[u8]) -> Result<cache::Parsed<Self>, ParseError> {
        let patch = Self::parse(text)?;
        let size = patch.size();
        Ok(cache::Parsed { value: patch, size })
    }
}

impl Operation {
    fn size(&self) -> usize {
        let length = |path: &Option<String>| path.as_ref().map_or(0, String::len);
        size_of::<Self>() + length(&self.path) + length(&self.from) + self.value.size()
    }

    /// `raw` is the value as it is written, where the patch is JSON.
    fn new(operation: Value, raw: Option<Tree>) -> Result<Self, ParseError> {
        let members = match operation {
            Value::Null => Vec::new(),
            Value::Object(members) => members,
            _ => return Err(ParseError::NotOperations),
        };
        let mut read = Self {
            kind: None,
            path: None,
            from: None,
            value: Tree::Null,
        };
        for (name, value) in members {
            match (&*name, value) {
                ("op", value) => read.kind = value.as_str().and_then(OperationKind::parse),
                ("path", Value::String(path)) => read.path = Some(path),
                ("from", Value::String(from)) => read.from = Some(from),
                ("value", value) if raw.is_none() => read.value = Tree::of_value(value),
                _ => {}
            }
        }
        if let Some(raw) = raw {
            read.value = raw;
        }
        Ok(read)
    }
}
