//! *YAML exactly as the Go tools read and write it.*
#![forbid(unsafe_code)]

pub mod decode;
pub mod emit;
pub mod float;
pub mod json;
pub mod resolve;

mod alias;
mod edit;
mod node;
mod parse;
mod timestamp;
mod value;

pub use alias::{AliasError, expand_aliases, fill_aliases};
pub use node::{Comments, Document, Form, Kind, Node, Position, Style, Tag};
pub use parse::{Documents, Limits, ParseError, Source, parse, parse_first, parse_with};
pub use resolve::Dialect;
pub use timestamp::Timestamp;
pub use value::Value;
