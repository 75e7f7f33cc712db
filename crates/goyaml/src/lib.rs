//! *YAML exactly as the Go tools read and write it.*
#![forbid(unsafe_code)]

mod node;

pub use node::{Comments, Document, Form, Kind, Node, Position, Style, Tag};
