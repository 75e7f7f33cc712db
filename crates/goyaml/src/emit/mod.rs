//! YAML as go-yaml writes it, byte for byte.
//!
//! The emitter follows go-yaml's state machine: it takes events, keeps indentation and pending comments, and chooses the
//! style of each scalar. In front of it stand two walkers, one over nodes (everything that a `yaml.Node` says is kept)
//! and one over plain values. The text grows in one string; runs of ordinary characters are copied whole.
//!
//! go-yaml's own text does not always read back as what was written; [`Lossy`] says what happens then.
//!
//! This module knows no files, and of errors only the place.

mod analysis;
mod character;
mod emitter;
mod encode;
mod event;
mod key_order;
mod node;
mod rules;
mod scalar;
mod text;
mod value;

use thiserror::Error;

use crate::{
    node::{Document, Node, Position},
    value::Value,
};

pub use crate::json::KeyOrder;
pub use encode::{encode, string};
pub use value::base64_lines;

use emitter::Emitter;
use rules::Rules;

/// How go-yaml v3's `Encoder` is set up.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct EmitOptions {
    /// Blanks per level, 2 to 9. Zero counts as 4, anything else as 2 (`Encoder.SetIndent`).
    pub indent: u8,
    /// Where the lists in a mapping stand.
    pub sequences: SequenceIndent,
    /// What to do where go-yaml's text would not read back as the same value.
    pub lossy: Lossy,
}

/// Where the dashes of a list in a mapping stand.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum SequenceIndent {
    /// One level deeper than the key (`Encoder.DefaultSeqIndent`).
    #[default]
    Indented,
    /// Two columns less than that: with an indent of 2, below the key (`Encoder.CompactSeqIndent`).
    Compact,
}

/// What to do with a scalar that go-yaml writes in a way in which it is not read back as the same text.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Lossy {
    /// Write what go-yaml writes.
    #[default]
    Keep,
    /// Write it so that the value is kept: with the indentation hint that go-yaml should have given, or in double quotes.
    ///
    /// * A block scalar that starts with a blank or a line break gets the indent as its hint, though in a list it is
    ///   indented by two. With an indent of 4, such texts are lost or make the document unreadable.
    /// * A block scalar that starts with a tab needs a hint and gets none.
    /// * U+2028 and U+2029 are written as they are, with the indentation of a new line behind them. That is right by
    ///   YAML 1.1 only.
    /// * A folded scalar's line breaks are doubled or not by what stands at the start of the whole text.
    Mend,
}

impl Default for EmitOptions {
    /// The settings that a new `Encoder` has, and that sops uses.
    fn default() -> Self {
        Self {
            indent: 4,
            sequences: SequenceIndent::default(),
            lossy: Lossy::default(),
        }
    }
}

/// Why a node cannot be written.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum EmitError {
    /// The name of an anchor or alias is empty or has other characters than letters, digits, `_` and `-`.
    #[error("line {}, column {}: invalid anchor name", at.line, at.column)]
    InvalidAnchor {
        /// Where the node was read, if it was.
        at: Position,
    },
}

impl EmitError {
    /// A stable name for the kind of error.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::InvalidAnchor { .. } => "yaml-invalid-anchor",
        }
    }
}

/// Writes documents as go-yaml v3's `Encoder` does, `---` before each but the first.
///
/// # Errors
///
/// When an anchor or alias has a name that cannot be written.
pub fn documents(documents: &[Document], options: &EmitOptions) -> Result<String, EmitError> {
    let mut emitter = Emitter::new(Rules::go_yaml3(options));
    for document in documents {
        node::document(&mut emitter, document)?;
    }
    Ok(emitter.finish())
}

/// Writes one node as a document.
///
/// # Errors
///
/// When an anchor or alias has a name that cannot be written.
pub fn node(root: &Node, options: &EmitOptions) -> Result<String, EmitError> {
    let mut emitter = Emitter::new(Rules::go_yaml3(options));
    node::lone(&mut emitter, root)?;
    Ok(emitter.finish())
}

/// Writes a value as a document, as go-yaml v3's `Encoder` does; go-yaml sorts the keys.
pub fn value(value: &Value, order: KeyOrder, options: &EmitOptions) -> String {
    let mut emitter = Emitter::new(Rules::go_yaml3(options));
    value::document(&mut emitter, value, order);
    emitter.finish()
}

/// Writes a value as sigs.k8s.io/yaml does (`Marshal`, `JSONToYAML`): go-yaml v2, keys sorted, lists below their key,
/// lines folded after column 80, whole floats as integers.
pub fn kubernetes(value: &Value) -> String {
    let mut emitter = Emitter::new(Rules::go_yaml2());
    value::document(&mut emitter, value, KeyOrder::Sorted);
    emitter.finish()
}
