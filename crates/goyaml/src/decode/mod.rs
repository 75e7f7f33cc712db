//! Nodes as plain values, in the ways of the two go-yaml libraries and of sigs.k8s.io/yaml.
//!
//! [`value`] is what go-yaml v3 or v2 decode into an `interface{}`: types resolved, merge keys applied, repeated keys
//! judged. [`json_value`] is what sigs.k8s.io/yaml makes of the latter: every key a string, nothing that JSON cannot
//! hold. [`yaml_to_json`] is `YAMLToJSON`, from text.
//!
//! A tree must have been read in the dialect that it is decoded in, and its aliases must have been
//! [filled](crate::Document::fill_aliases). This module knows no files; its errors name
//! a place, never a text.

mod entries;
mod go_yaml2;
mod go_yaml3;
mod kubernetes;

use thiserror::Error;

use crate::{
    node::{Kind, Node, Position, Tag},
    resolve::{Dialect, ResolveError, tagged_value},
    value::Value,
};

pub use kubernetes::{YamlToJsonError, json_value, yaml_to_json};

/// The most collections that may be nested in a decoded value, as in [`json::MAX_DEPTH`](crate::json::MAX_DEPTH).
pub const MAX_DEPTH: usize = crate::json::MAX_DEPTH;

/// What to do with a key that a mapping names twice, where the library itself leaves a choice.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Duplicates {
    /// The last one counts (`yaml.Unmarshal` of v2, `YAMLToJSON`).
    #[default]
    LastWins,
    /// Refuse the document (`UnmarshalStrict`, `YAMLToJSONStrict`, and always go-yaml v3).
    Refuse,
}

/// Why a node has no value.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum DecodeError {
    /// A mapping names a key twice.
    #[error("line {}: mapping key already defined at line {}", at.line, first.line)]
    DuplicateKey {
        /// The second key.
        at: Position,
        /// The first one.
        first: Position,
    },
    /// A mapping or list is the key of a mapping.
    #[error("line {}: a list or mapping cannot be a key", at.line)]
    InvalidKey {
        /// Where the key is.
        at: Position,
    },
    /// A null, an integer above the signed ones, or the like is the key of what must become JSON.
    #[error("line {}: unsupported type of key", at.line)]
    UnsupportedKey {
        /// Where the key is.
        at: Position,
    },
    /// The value of `<<` is neither a mapping nor a list of mappings.
    #[error("line {}: map merge requires map or sequence of maps as the value", at.line)]
    InvalidMerge {
        /// Where the value is.
        at: Position,
    },
    /// A scalar is not what its tag says.
    #[error("line {}: {source}", at.line)]
    Scalar {
        /// Where the scalar is.
        at: Position,
        /// What is wrong.
        source: ResolveError,
    },
    /// An infinity or NaN stands in what must become JSON.
    #[error("line {}: JSON has no infinity and no NaN", at.line)]
    NotFinite {
        /// Where the number is.
        at: Position,
    },
    /// More than [`MAX_DEPTH`] collections in one another.
    #[error("line {}: nested too deeply", at.line)]
    TooDeep {
        /// Where the innermost starts.
        at: Position,
    },
    /// An alias that was not filled.
    #[error("line {}: alias without its target", at.line)]
    UnfilledAlias {
        /// Where the alias is.
        at: Position,
    },
}

impl DecodeError {
    /// A stable name for the kind of error.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::DuplicateKey { .. } => "yaml-duplicate-key",
            Self::InvalidKey { .. } => "yaml-invalid-key",
            Self::UnsupportedKey { .. } => "yaml-unsupported-key",
            Self::InvalidMerge { .. } => "yaml-invalid-merge",
            Self::Scalar { source, .. } => source.reason(),
            Self::NotFinite { .. } => "yaml-not-finite",
            Self::TooDeep { .. } => "yaml-too-deep",
            Self::UnfilledAlias { .. } => "yaml-unfilled-alias",
        }
    }

    /// Whether only the way to JSON minds: a value that is replaced later never takes it.
    fn is_of_json(&self) -> bool {
        matches!(self, Self::NotFinite { .. } | Self::UnsupportedKey { .. })
    }

    /// The place of the error.
    pub fn position(&self) -> Position {
        match self {
            Self::DuplicateKey { at, .. }
            | Self::InvalidKey { at }
            | Self::UnsupportedKey { at }
            | Self::InvalidMerge { at }
            | Self::Scalar { at, .. }
            | Self::NotFinite { at }
            | Self::TooDeep { at }
            | Self::UnfilledAlias { at } => *at,
        }
    }
}

/// The value of a tree, as the library of `dialect` decodes it into an `interface{}`. The tree must have been read in
/// that dialect.
///
/// Entries keep the order of the document; merged ones stand behind a mapping's own in v3, and in their place in v2.
/// `duplicates` is for v2; v3 always refuses. v2 gives a timestamp as a string.
///
/// # Errors
///
/// See [`DecodeError`]. Of several errors the first is given.
pub fn value(root: &Node, dialect: Dialect, duplicates: Duplicates) -> Result<Value, DecodeError> {
    match dialect {
        Dialect::GoYaml3 => go_yaml3::Decoder::default().value(root),
        Dialect::GoYaml2 => go_yaml2::Decoder::new(duplicates, go_yaml2::Purpose::Go).value(root),
    }
}

/// The value of one scalar node, which must have been read in that dialect.
///
/// # Errors
///
/// When its text is not what its tag says.
pub fn scalar(node: &Node, dialect: Dialect) -> Result<Value, DecodeError> {
    let value = tagged_value(&node.tag, &node.value, dialect);
    let value = value.map_err(|source| DecodeError::Scalar {
        at: node.position,
        source,
    })?;
    Ok(match (value, dialect) {
        // v2 sees a timestamp and keeps the text (go-yaml v2: decode.go).
        (Value::Timestamp(_), Dialect::GoYaml2) => Value::String(node.value.clone()),
        (value, _) => value,
    })
}

/// Whether a key is `<<`, by itself or by its tag.
fn is_merge(key: &Node) -> bool {
    key.kind == Kind::Scalar && key.tag == Tag::Merge && key.value == "<<"
}

/// The node that an alias stands for, else the node itself.
fn target(node: &Node) -> Result<&Node, DecodeError> {
    match node.kind {
        Kind::Alias => node
            .content
            .first()
            .ok_or(DecodeError::UnfilledAlias { at: node.position }),
        Kind::Mapping | Kind::Scalar | Kind::Sequence => Ok(node),
    }
}

/// Keys and values in turn.
fn pairs(node: &Node) -> impl Iterator<Item = (&Node, &Node)> {
    node.content
        .chunks_exact(2)
        .map(|pair| (&pair[0], &pair[1]))
}

/// Counts open collections.
#[derive(Default)]
struct Depth(usize);

impl Depth {
    fn enter(&mut self, at: Position) -> Result<(), DecodeError> {
        if self.0 == MAX_DEPTH {
            return Err(DecodeError::TooDeep { at });
        }
        self.0 += 1;
        Ok(())
    }

    fn leave(&mut self) {
        self.0 -= 1;
    }
}
