//! Reading: text to [`Document`]s, as go-yaml v3 makes `yaml.Node`s of it.
//!
//! What go-yaml accepts is accepted here and gives the same tree: kinds, resolved tags, values, styles, anchors,
//! places, and each comment at the node where go-yaml attaches it. What go-yaml refuses is refused, with an error of
//! our own. go-yaml v2 (as `sigs.k8s.io/yaml` uses it) reads the same syntax. With [`Dialect::GoYaml2`] there are no
//! comments, plain scalars get v2's tags, an anchor is known up to the end of its document and not of the stream, and
//! an error comes no token early, which matters for [`parse_first`].
//!
//! # Known differences
//!
//! * The nesting limit holds for the whole tree. go-yaml limits block and flow nesting to 10,000 levels each.
//! * A tag whose `%XX` escapes are no UTF-8 gets replacement characters; go-yaml keeps the bytes.
//! * The place of an empty value in a pair such as `[a: ]` is that of its `:`. go-yaml takes it from a token that its
//!   queue may have overwritten (parserc.go), so that it depends on how many tokens came before.
//! * Where bytes that are no text stand behind a document, go-yaml may have read them already, in its blocks of 512
//!   bytes, and refuse the document. That is followed here, but not across a byte order mark, in UTF-16, where a
//!   character lies on the border of two blocks, or where the last one is not complete. To a whole stream it makes no
//!   difference.
//! * go-yaml decides whether a byte order mark at the start of a line is skipped by the first bytes of its read
//!   buffer (yamlprivateh.go). Here one more mark is skipped behind the first one, and none elsewhere.
//!
//! Nothing here knows of values, of secrets or of files.

mod block;
mod collection;
mod comment;
mod compose;
mod cursor;
mod error;
mod flow;
mod property;
mod scalar;
mod scanner;
mod simple_key;
mod source;
mod tag;
mod token;

use compose::Composer;

pub use error::ParseError;
pub use source::Source;

use crate::node::Document;
use crate::resolve::Dialect;

/// Bounds on what is read, so that no text takes unbounded time, memory or stack.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    /// How deep collections can be nested.
    pub depth: usize,
    /// How many nodes can be copied for the aliases of a stream.
    pub expansion: usize,
    /// How many bytes a text can have, never more than 4 GiB, and how many can be copied for its aliases.
    pub size: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            depth: 10_000,
            expansion: 1_000_000,
            size: 64 << 20,
        }
    }
}

/// Reads all documents of a stream. A stream without content, even if it has comments, holds no document.
///
/// # Errors
///
/// Where go-yaml refuses the text, or a limit is passed.
pub fn parse(text: &[u8]) -> Result<Vec<Document>, ParseError> {
    parse_with(text, Dialect::GoYaml3, &Limits::default())
}

/// Reads all documents of a stream as one of the Go libraries does, within limits.
///
/// # Errors
///
/// Where go-yaml refuses the text, or a limit is passed.
pub fn parse_with(
    text: &[u8],
    dialect: Dialect,
    limits: &Limits,
) -> Result<Vec<Document>, ParseError> {
    Source::decode(text, limits)?
        .documents(dialect, limits)
        .collect()
}

/// Reads the first document of a stream, as `yaml.Unmarshal` does; what stands behind it is not looked at.
///
/// # Errors
///
/// Where go-yaml refuses the text, or a limit is passed.
pub fn parse_first(
    text: &[u8],
    dialect: Dialect,
    limits: &Limits,
) -> Result<Option<Document>, ParseError> {
    Source::decode(text, limits)?
        .documents(dialect, limits)
        .next()
        .transpose()
}

/// The documents of a [`Source`], read one at a time. Ends after the first error.
pub struct Documents<'a> {
    composer: Composer<'a>,
}

impl<'a> Documents<'a> {
    fn new(source: &'a Source<'_>, dialect: Dialect, limits: &Limits) -> Self {
        Self {
            composer: Composer::new(source, dialect, limits),
        }
    }
}

impl Iterator for Documents<'_> {
    type Item = Result<Document, ParseError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.composer.document().transpose()
    }
}
