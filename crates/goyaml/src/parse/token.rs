//! What the scanner gives to the composer.

use std::borrow::Cow;

use super::cursor::Mark;
use crate::node::Form;

/// A piece of syntax.
pub(super) struct Token<'a> {
    pub(super) start: Mark,
    /// The flow level whose possible simple key starts with this token.
    pub(super) key: Option<usize>,
    pub(super) body: Body<'a>,
}

/// The kinds of [`Token`], with what they hold.
pub(super) enum Body<'a> {
    Alias(&'a str),
    Anchor(&'a str),
    BlockEnd,
    BlockEntry,
    BlockMappingStart,
    BlockSequenceStart,
    DocumentEnd,
    DocumentStart,
    FlowEntry,
    FlowMappingEnd,
    FlowMappingStart,
    FlowSequenceEnd,
    FlowSequenceStart,
    Key(KeyMark),
    Scalar {
        text: Cow<'a, str>,
        form: Form,
    },
    StreamEnd,
    StreamStart,
    Tag {
        handle: &'a str,
        suffix: Cow<'a, str>,
    },
    TagDirective {
        handle: &'a str,
        prefix: Cow<'a, str>,
    },
    Value,
    VersionDirective {
        supported: bool,
    },
}

/// What shows that a key follows.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum KeyMark {
    /// `?`.
    Indicator,
    /// A `:` behind the key, on the same line.
    Position,
}

impl Token<'_> {
    /// Where the token ends, for those whose end is the place of an empty node.
    pub(super) fn end(&self) -> Mark {
        match self.body {
            Body::BlockEntry
            | Body::FlowEntry
            | Body::FlowMappingEnd
            | Body::FlowSequenceEnd
            | Body::Key(KeyMark::Indicator)
            | Body::Value => self.start.after(1),
            _ => self.start,
        }
    }
}
