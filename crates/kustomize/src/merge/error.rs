//! Why a merge fails.

use std::fmt;

use goyaml::{Kind, Node, Position};
use thiserror::Error;

/// A patch cannot be laid over an object.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MergeError {
    /// What is wrong.
    pub kind: MergeErrorKind,
    /// Where in the file that the offending node was read from; zero for what the build made.
    pub position: Position,
    /// Fields from the outermost to the place, the last first. Items of lists are not named.
    path: Vec<String>,
}

/// What is wrong.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum MergeErrorKind {
    /// The patch, or an item of a list, is of another kind than what it is merged with.
    #[error("wrong node kind: expected {} but got {}", node_kind(*.expected), node_kind(*.found))]
    WrongKind {
        /// What the other side is.
        expected: Kind,
        /// What was found.
        found: Kind,
    },
    /// The value of `$patch` is none of `replace`, `delete` and `merge`.
    #[error("unknown patch strategy")]
    UnknownDirective,
    /// More than [`MAX_DEPTH`](super::MAX_DEPTH) collections in one another.
    #[error("nested too deeply")]
    TooDeep,
    /// A list with merge keys has more items than can be told apart in bounded time.
    #[error("too many items in a list with ambiguous merge keys")]
    TooManyItems,
}

impl MergeError {
    pub(super) fn new(kind: MergeErrorKind, position: Position) -> Self {
        Self {
            kind,
            position,
            path: Vec::new(),
        }
    }

    pub(super) fn wrong_kind(expected: Kind, found: &Node) -> Self {
        let kind = MergeErrorKind::WrongKind {
            expected,
            found: found.kind,
        };
        Self::new(kind, found.position)
    }

    /// The same error, seen from the mapping around the field.
    pub(super) fn in_field(mut self, name: &str) -> Self {
        self.path.push(name.to_owned());
        self
    }

    /// The names of the fields that lead to the place, the outermost first.
    pub fn path(&self) -> impl Iterator<Item = &str> {
        self.path.iter().rev().map(String::as_str)
    }

    /// A stable name of the error.
    pub const fn reason(&self) -> &'static str {
        match self.kind {
            MergeErrorKind::WrongKind { .. } => "patch-wrong-kind",
            MergeErrorKind::UnknownDirective => "patch-unknown-directive",
            MergeErrorKind::TooDeep => "patch-too-deep",
            MergeErrorKind::TooManyItems => "patch-too-many-items",
        }
    }
}

impl std::error::Error for MergeError {}

impl fmt::Display for MergeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (depth, field) in self.path().enumerate() {
            if depth > 0 {
                f.write_str(".")?;
            }
            f.write_str(field)?;
        }
        if !self.path.is_empty() {
            f.write_str(": ")?;
        }
        self.kind.fmt(f)?;
        if self.position.line > 0 {
            write!(f, " (line {})", self.position.line)?;
        }
        Ok(())
    }
}

/// The names that the real program has for kinds.
const fn node_kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Alias => "AliasNode",
        Kind::Mapping => "MappingNode",
        Kind::Scalar => "ScalarNode",
        Kind::Sequence => "SequenceNode",
    }
}
