//! Why a text is not YAML.

use thiserror::Error;

use crate::node::Position;

macro_rules! parse_errors {
    ($($(#[doc = $doc:literal])+ $name:ident, $reason:literal, $message:literal;)+) => {
        /// A text that go-yaml refuses, or that is over a limit.
        ///
        /// Each variant holds the place of the problem. No variant holds text of the document.
        #[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
        #[non_exhaustive]
        pub enum ParseError {
            $(
                $(#[doc = $doc])+
                #[error("line {}, column {}: {}", .0.line, .0.column, $message)]
                $name(Position),
            )+
        }

        impl ParseError {
            /// Where the problem is.
            pub fn position(&self) -> Position {
                match self {
                    $(Self::$name(position) => *position,)+
                }
            }

            /// A stable name for the kind of problem.
            pub fn reason(&self) -> &'static str {
                match self {
                    $(Self::$name(_) => $reason,)+
                }
            }
        }
    };
}

parse_errors! {
    /// `&` or `*` without a name, or with a character behind the name that cannot stand there.
    AnchorName, "anchor-name", "an anchor needs a name of letters, digits, '-' and '_'";
    /// `|` or `>` with something behind it that is neither indicator nor comment.
    BlockHeader, "block-header", "unexpected text after a block scalar indicator";
    /// A control character, which YAML forbids everywhere.
    ControlCharacter, "control-character", "control characters are not allowed";
    /// A `%` line that is neither a `%YAML` nor a `%TAG` directive of the right form.
    Directive, "directive", "malformed directive";
    /// A `---` or `...` within a quoted scalar.
    DocumentInQuote, "document-in-quote", "a document marker is inside a quoted scalar";
    /// A second document that does not start with `---`, or directives without one.
    DocumentStart, "document-start", "expected '---' at the start of a document";
    /// Two directives for the same thing.
    DuplicateDirective, "duplicate-directive", "duplicate directive";
    /// Bytes that are not UTF-8, or after a byte order mark for it, not UTF-16.
    Encoding, "encoding", "the text is not valid in its encoding";
    /// A `-` where no sequence entry can be.
    EntryNotAllowed, "entry-not-allowed", "a sequence entry is not allowed here";
    /// An unknown escape in a double-quoted scalar, or one for no character.
    Escape, "escape", "invalid escape in a quoted scalar";
    /// A block sequence that goes on without `-`.
    ExpectedEntry, "expected-entry", "expected '-' in a block sequence";
    /// A block mapping that goes on without a key.
    ExpectedKey, "expected-key", "expected a key in a block mapping";
    /// A place that needs a value and has none.
    ExpectedNode, "expected-node", "expected a value";
    /// A flow mapping that goes on with something else than `,` or `}`.
    FlowMapping, "flow-mapping", "expected ',' or '}' in a flow mapping";
    /// A flow sequence that goes on with something else than `,` or `]`.
    FlowSequence, "flow-sequence", "expected ',' or ']' in a flow sequence";
    /// A key on a line of its own without `:`, or of more than 1024 characters.
    KeyWithoutColon, "key-without-colon", "expected ':' after a key";
    /// A `?` where no key can be.
    KeyNotAllowed, "key-not-allowed", "a mapping key is not allowed here";
    /// A tab where only spaces indent.
    TabIndentation, "tab-indentation", "a tab is used for indentation";
    /// A tag of the wrong form.
    Tag, "tag", "malformed tag";
    /// A tag handle without a `%TAG` directive.
    TagHandle, "tag-handle", "undefined tag handle";
    /// Nesting over [`Limits::depth`](crate::Limits::depth).
    TooDeep, "too-deep", "the text is nested too deeply";
    /// A text over [`Limits::size`](crate::Limits::size).
    TooLarge, "too-large", "the text is too large";
    /// A character that nothing starts with (`@`, a backquote, `%` inside a line, a tab).
    UnexpectedCharacter, "unexpected-character", "unexpected character";
    /// An alias of an anchor that was not defined before.
    UnknownAnchor, "unknown-anchor", "an alias refers to an unknown anchor";
    /// A quoted scalar without its closing quotation mark.
    UnterminatedQuote, "unterminated-quote", "a quoted scalar is not closed";
    /// A `:` where no value can be.
    ValueNotAllowed, "value-not-allowed", "a mapping value is not allowed here";
    /// A `%YAML` directive for another version than 1.1.
    Version, "version", "the YAML version is not supported";
}
