//! JSON as Go's `encoding/json` reads and writes it.
//!
//! Reading: invalid UTF-8 and lone surrogates become U+FFFD, a repeated key stays where it is, whole numbers that fit 64
//! bits keep all their digits. Writing: `<`, `>`, `&`, U+2028 and U+2029 are escaped, floats are in Go's form.
//!
//! This module knows nothing of files or of what a document means. Its errors name a place, never a text.

mod parse;
mod write;

pub(crate) use parse::lossy;
pub use parse::{MAX_DEPTH, ParseError, parse, parse_prefix, parse_with_lines};
pub use write::{Escape, KeyOrder, Layout, WriteError, Writer, escape_into, to_string, write};
