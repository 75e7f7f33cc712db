//! Whether the success of a template can depend on the secrets it is given.
//!
//! Templates of a SealedSecret are written by whoever can write to the repository, and run on values that only the
//! cluster may read. A template that fails for some values and succeeds for others tells a bit about them to
//! everyone who sees whether it failed; repeated, it tells everything. So templates are first run on *shapes* in
//! place of values: what is known of a value without looking at it. A construct that could fail for one value and
//! succeed for another makes the template [`Totality::Partial`]; so does one whose cost could exceed the
//! [`Limits`] for some values only. The answer errs on that side: a total template is called partial where the shapes
//! are too coarse to tell, and never the other way round.
//!
//! What fails for all values alike tells nothing. Such a template is [`Totality::Total`], and
//! [`render`](crate::Template::render) reports its error.

mod analysis;
mod calls;
mod expression;
mod rules;
mod shape;

use std::collections::BTreeMap;

use crate::error::Position;
use crate::exec::MissingKey;
use crate::functions::Functions;
use crate::limits::Limits;
use crate::parse::Parsed;

use analysis::{Analysis, Stop};

/// What is known of the data before it is opened: the keys of a `map[string]string`.
#[derive(Clone, Default)]
pub struct Schema {
    fields: BTreeMap<String, Field>,
}

/// What is known of the value of one key.
#[derive(Clone)]
pub enum Field {
    /// A secret of at most so many bytes. The length of a ciphertext gives the length away, so it is no secret.
    Secret {
        /// The greatest length, in bytes.
        longest: u64,
    },
    /// A value that everyone may know.
    Public(Vec<u8>),
}

impl Schema {
    /// The schema of an empty map.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a key. The data that is rendered must have exactly the keys of the schema.
    #[must_use]
    pub fn with(mut self, key: impl Into<String>, field: Field) -> Self {
        self.fields.insert(key.into(), field);
        self
    }
}

/// Whether success depends on secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Totality {
    /// The template succeeds for all secrets, or fails for all alike.
    Total,
    /// The template could succeed for some secrets and fail for others.
    Partial {
        /// The place of the construct that could fail.
        position: Position,
        /// What could fail.
        construct: Construct,
    },
}

/// What in a template could fail for some values.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Construct {
    /// A function that fails for some arguments, or always where only some values lead to it.
    #[error("`{0}` could fail for some values")]
    Function(String),
    /// A field of a value whose type is not known.
    #[error("the field could be missing for some values")]
    Field,
    /// A value whose type is not known is used.
    #[error("the value could have the wrong type")]
    Value,
    /// `range` over a value whose type or length is not known.
    #[error("the range could fail for some values")]
    Range,
    /// Templates that call themselves.
    #[error("the template calls itself")]
    Recursion,
    /// Something that always fails, where only some values lead to it.
    #[error("this fails, and is reached for some values only")]
    Branch,
    /// The limits could be exceeded for some values.
    #[error("the limits could be exceeded for some values")]
    Limits,
    /// The template is too large to be analysed.
    #[error("the template is too complex to be analysed")]
    Complexity,
}

impl Construct {
    /// A stable name of the construct.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Function(_) => "partial-function",
            Self::Field => "partial-field",
            Self::Value => "partial-value",
            Self::Range => "partial-range",
            Self::Recursion => "recursion",
            Self::Branch => "partial-branch",
            Self::Limits => "partial-limits",
            Self::Complexity => "too-complex",
        }
    }
}

pub(crate) fn decide(
    name: &str,
    parsed: &Parsed,
    functions: &Functions,
    missing_key: MissingKey,
    limits: &Limits,
    schema: &Schema,
) -> Totality {
    let mut analysis = Analysis::new(parsed, functions, missing_key, *limits, schema);
    match analysis.run(name) {
        Ok(()) | Err(Stop::Certain) => Totality::Total,
        Err(Stop::Partial(at, construct)) => Totality::Partial {
            position: parsed.lines.position(at),
            construct,
        },
    }
}
