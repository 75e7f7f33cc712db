//! Carrying out the operations of a patch.

use std::fmt;

use goyaml::{Node, Value, emit};
use thiserror::Error;

use super::{JsonPatch, Operation, OperationKind, tree::Tree};
use crate::json::{self, ValueError};

/// How many collections may be in one another in what comes out.
const MAX_DEPTH: usize = goyaml::decode::MAX_DEPTH;

/// How many bytes `copy` operations may add. Each can double an object.
const MAX_COPIED: usize = 64 << 20;

/// An object cannot be patched.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ApplyError {
    /// What is wrong.
    pub kind: ApplyErrorKind,
    /// Which operation of the patch failed, counted from one; zero when it is none of them.
    pub operation: usize,
    /// What that operation does, where it is known.
    pub operation_kind: Option<OperationKind>,
    /// The path of the operation, or the one that it reads from.
    pub path: Option<String>,
}

/// What is wrong with an operation or object.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum ApplyErrorKind {
    /// The object cannot be written as JSON.
    #[error(transparent)]
    Object(#[from] ValueError),
    /// There is no such operation.
    #[error("unexpected kind of operation")]
    UnknownOperation,
    /// The operation has no `path`, or `from`.
    #[error("failed to decode {0}: missing value")]
    NoField(&'static str),
    /// What the path leads through is not there.
    #[error("doc is missing path")]
    MissingPath,
    /// The field or item is not there.
    #[error("doc is missing key")]
    MissingKey,
    /// The key of an item is not a number.
    #[error("value was not a proper array index")]
    NotAnIndex,
    /// The list is not that long.
    #[error("unable to access invalid index")]
    InvalidIndex,
    /// A value is not the expected one.
    #[error("test failed")]
    TestFailed,
    /// The whole object would become something else.
    #[error("the whole object can only be replaced by an object")]
    NotAnObject,
    /// Collections would be nested too deeply.
    #[error("nested too deeply")]
    TooDeep,
    /// `copy` operations would make the object too large.
    #[error("too much is copied")]
    TooLarge,
}

impl ApplyError {
    /// A stable name of the error.
    pub fn reason(&self) -> &'static str {
        match &self.kind {
            ApplyErrorKind::Object(error) => error.reason(),
            ApplyErrorKind::UnknownOperation => "json-patch-unknown-operation",
            ApplyErrorKind::NoField(_) => "json-patch-missing-field",
            ApplyErrorKind::MissingPath => "json-patch-missing-path",
            ApplyErrorKind::MissingKey => "json-patch-missing-key",
            ApplyErrorKind::NotAnIndex => "json-patch-not-an-index",
            ApplyErrorKind::InvalidIndex => "json-patch-invalid-index",
            ApplyErrorKind::TestFailed => "json-patch-test-failed",
            ApplyErrorKind::NotAnObject => "json-patch-not-an-object",
            ApplyErrorKind::TooDeep => "json-patch-too-deep",
            ApplyErrorKind::TooLarge => "json-patch-too-large",
        }
    }
}

impl std::error::Error for ApplyError {}

impl fmt::Display for ApplyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(kind) = self.operation_kind {
            write!(f, "{} operation does not apply: ", kind.as_str())?;
        }
        self.kind.fmt(f)?;
        if let Some(path) = &self.path {
            write!(f, ": {path:?}")?;
        }
        if self.operation > 0 {
            write!(f, " (operation {} of the patch)", self.operation)?;
        }
        Ok(())
    }
}

impl JsonPatch {
    /// Changes an object.
    ///
    /// As in the real program the object becomes JSON on the way and is read again: comments are lost, numbers become
    /// floats, and timestamps strings.
    ///
    /// # Errors
    ///
    /// See [`ApplyErrorKind`]. The object is then as it was.
    pub fn apply(&self, object: &mut Node) -> Result<(), ApplyError> {
        self.apply_counted(object).map(drop)
    }

    /// As [`apply`](Self::apply), and tells about how many bytes were copied.
    pub(crate) fn apply_counted(&self, object: &mut Node) -> Result<usize, ApplyError> {
        let outside = |kind| ApplyError {
            kind,
            operation: 0,
            operation_kind: None,
            path: None,
        };
        let value = json::value(object).map_err(|error| outside(error.into()))?;
        let mut document = Document {
            root: Tree::of_value(written(value)),
            copied: 0,
        };
        for (at, operation) in self.operations.iter().enumerate() {
            document
                .carry_out(operation)
                .map_err(|(kind, path)| ApplyError {
                    kind,
                    operation: at + 1,
                    operation_kind: operation.kind,
                    path: path.map(str::to_owned),
                })?;
        }
        match document.root {
            root @ Tree::Map(_) => {
                let position = object.position;
                *object = emit::encode(&root.into_value());
                object.position = position;
                Ok(document.copied)
            }
            _ => Err(outside(ApplyErrorKind::NotAnObject)),
        }
    }
}

/// What is left of types that JSON does not have.
fn written(value: Value) -> Value {
    match value {
        Value::Timestamp(_) | Value::Bytes(_) => {
            let text = goyaml::json::to_string(&value);
            let read = text
                .ok()
                .and_then(|text| goyaml::json::parse(text.as_bytes()).ok());
            read.unwrap_or_default()
        }
        Value::Array(items) => Value::Array(items.into_iter().map(written).collect()),
        Value::Object(members) => {
            let members = members.into_iter();
            Value::Object(
                members
                    .map(|(name, value)| (name, written(value)))
                    .collect(),
            )
        }
        other => other,
    }
}

struct Document {
    root: Tree,
    copied: usize,
}

/// What is wrong, and with which path.
type Failure<'o> = (ApplyErrorKind, Option<&'o str>);

impl Document {
    fn carry_out<'o>(&mut self, operation: &'o Operation) -> Result<(), Failure<'o>> {
        let Some(kind) = operation.kind else {
            return Err((ApplyErrorKind::UnknownOperation, None));
        };
        let path = || {
            let path = operation.path.as_deref();
            path.ok_or((ApplyErrorKind::NoField("path"), None))
        };
        let from = || {
            let from = operation.from.as_deref();
            from.ok_or((ApplyErrorKind::NoField("from"), None))
        };
        match kind {
            OperationKind::Add => self.add(path()?, operation.value.clone()),
            OperationKind::Remove => self.remove(path()?).map(drop),
            OperationKind::Replace => self.replace(path()?, &operation.value),
            OperationKind::Test => self.test(path()?, &operation.value),
            OperationKind::Move => {
                let value = self.remove(from()?)?;
                self.add(path()?, value)
            }
            OperationKind::Copy => {
                let from = from()?;
                let (container, key) = self.container(from)?;
                let value = value_at(container, &key).map_err(|kind| (kind, Some(from)))?;
                let copied = self.copied.saturating_add(value.size());
                if copied > MAX_COPIED {
                    return Err((ApplyErrorKind::TooLarge, Some(from)));
                }
                let value = value.clone();
                self.copied = copied;
                self.add(path()?, value)
            }
        }
    }

    fn add<'o>(&mut self, path: &'o str, value: Tree) -> Result<(), Failure<'o>> {
        expect_shallow(path, &value)?;
        let (container, key) = self.container_mut(path)?;
        let result = match container {
            Tree::Map(members) => {
                members.insert(key, value);
                Ok(())
            }
            Tree::List(items) if key == "-" => {
                items.push(value);
                Ok(())
            }
            Tree::List(items) => index(&key, items.len() + 1).map(|at| items.insert(at, value)),
            Tree::Null | Tree::Scalar(_) | Tree::Raw(_) => Err(ApplyErrorKind::MissingPath),
        };
        result.map_err(|kind| (kind, Some(path)))
    }

    fn remove<'o>(&mut self, path: &'o str) -> Result<Tree, Failure<'o>> {
        let (container, key) = self.container_mut(path)?;
        let result = match container {
            Tree::Map(members) => members.remove(&key).ok_or(ApplyErrorKind::MissingKey),
            Tree::List(items) => index(&key, items.len()).map(|at| items.remove(at)),
            Tree::Null | Tree::Scalar(_) | Tree::Raw(_) => Err(ApplyErrorKind::MissingPath),
        };
        result.map_err(|kind| (kind, Some(path)))
    }

    fn replace<'o>(&mut self, path: &'o str, value: &Tree) -> Result<(), Failure<'o>> {
        expect_shallow(path, value)?;
        if path.is_empty() {
            return match value {
                Tree::Map(_) | Tree::List(_) => {
                    self.root = value.clone();
                    Ok(())
                }
                Tree::Null | Tree::Scalar(_) | Tree::Raw(_) => {
                    Err((ApplyErrorKind::NotAnObject, Some(path)))
                }
            };
        }
        let (container, key) = self.container_mut(path)?;
        let result = match container {
            Tree::Map(members) => {
                members.insert(key, value.clone());
                Ok(())
            }
            Tree::List(items) => index(&key, items.len()).map(|at| items[at] = value.clone()),
            Tree::Null | Tree::Scalar(_) | Tree::Raw(_) => Err(ApplyErrorKind::MissingPath),
        };
        result.map_err(|kind| (kind, Some(path)))
    }

    fn test<'o>(&self, path: &'o str, expected: &Tree) -> Result<(), Failure<'o>> {
        let is_equal = if path.is_empty() {
            self.root.equals(expected)
        } else {
            let (container, key) = self.container(path)?;
            let value = value_at(container, &key).map_err(|kind| (kind, Some(path)))?;
            value.equals(expected)
        };
        if is_equal {
            Ok(())
        } else {
            Err((ApplyErrorKind::TestFailed, Some(path)))
        }
    }

    /// What holds the place that a path names, and the key of the place in it.
    fn container<'o>(&self, path: &'o str) -> Result<(&Tree, String), Failure<'o>> {
        let missing = (ApplyErrorKind::MissingPath, Some(path));
        let (names, key) = split(path).ok_or_else(|| missing.clone())?;
        let mut at = &self.root;
        for name in names {
            at = match at {
                Tree::Map(members) => members.get(&unescaped(name)),
                Tree::List(items) => index(&unescaped(name), items.len())
                    .ok()
                    .and_then(|at| items.get(at)),
                Tree::Null | Tree::Scalar(_) | Tree::Raw(_) => None,
            }
            .ok_or_else(|| missing.clone())?;
        }
        match at {
            Tree::Map(_) | Tree::List(_) => Ok((at, unescaped(key))),
            Tree::Null | Tree::Scalar(_) | Tree::Raw(_) => Err(missing),
        }
    }

    /// As [`container`](Self::container), to be changed.
    fn container_mut<'o>(&mut self, path: &'o str) -> Result<(&mut Tree, String), Failure<'o>> {
        let missing = (ApplyErrorKind::MissingPath, Some(path));
        let (names, key) = split(path).ok_or_else(|| missing.clone())?;
        let mut at = &mut self.root;
        for name in names {
            at = match at {
                Tree::Map(members) => members.get_mut(&unescaped(name)),
                Tree::List(items) => index(&unescaped(name), items.len())
                    .ok()
                    .and_then(|at| items.get_mut(at)),
                Tree::Null | Tree::Scalar(_) | Tree::Raw(_) => None,
            }
            .ok_or_else(|| missing.clone())?;
        }
        match at {
            Tree::Map(_) | Tree::List(_) => Ok((at, unescaped(key))),
            Tree::Null | Tree::Scalar(_) | Tree::Raw(_) => Err(missing),
        }
    }
}

/// The value of a key. A mapping has null for one that it does not have.
fn value_at<'t>(container: &'t Tree, key: &str) -> Result<&'t Tree, ApplyErrorKind> {
    match container {
        Tree::Map(members) => Ok(members.get(key).unwrap_or(&Tree::Null)),
        Tree::List(items) => {
            let at = index(key, items.len())?;
            items.get(at).ok_or(ApplyErrorKind::InvalidIndex)
        }
        Tree::Null | Tree::Scalar(_) | Tree::Raw(_) => Err(ApplyErrorKind::MissingPath),
    }
}

/// The names that lead to a place, and the last one. What comes before the first slash does not count.
fn split(path: &str) -> Option<(impl Iterator<Item = &str>, &str)> {
    let (_, names) = path.split_once('/')?;
    let (leading, key) = names.rsplit_once('/').unzip();
    let leading = leading.into_iter().flat_map(|names: &str| names.split('/'));
    Some((leading, key.unwrap_or(names)))
}

fn unescaped(name: &str) -> String {
    if name.contains('~') {
        name.replace("~1", "/").replace("~0", "~")
    } else {
        name.to_owned()
    }
}

/// A place in a list of that many places; a negative one counts from the end.
fn index(key: &str, places: usize) -> Result<usize, ApplyErrorKind> {
    let number: i64 = key.parse().map_err(|_| ApplyErrorKind::NotAnIndex)?;
    let from_end = || {
        let distance = usize::try_from(number.unsigned_abs()).ok()?;
        places.checked_sub(distance)
    };
    let at = usize::try_from(number).ok().or_else(from_end);
    at.filter(|at| *at < places)
        .ok_or(ApplyErrorKind::InvalidIndex)
}

fn expect_shallow<'o>(path: &'o str, value: &Tree) -> Result<(), Failure<'o>> {
    let above = path.bytes().filter(|byte| *byte == b'/').count();
    if above + value.depth() > MAX_DEPTH {
        return Err((ApplyErrorKind::TooDeep, Some(path)));
    }
    Ok(())
}
