//! *YAML exactly as the Go tools read and write it.*
#![forbid(unsafe_code)]

pub mod float;
pub mod json;
pub mod resolve;

mod node;
mod timestamp;
mod value;

pub use node::{Comments, Document, Form, Kind, Node, Position, Style, Tag};
pub use resolve::Dialect;
pub use timestamp::Timestamp;
pub use value::Value;
