//! What can go wrong. No error here can hold text of a template or of its data: both may be secret.

use std::fmt;

/// A place in the text of a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Counted from 1.
    pub line: usize,
    /// In bytes, counted from 1.
    pub column: usize,
}

impl fmt::Display for Position {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "line {}, column {}", self.line, self.column)
    }
}

/// A template that is not well formed.
#[derive(Debug, thiserror::Error)]
#[error("{position}: {fault}")]
pub struct ParseError {
    /// What is wrong.
    pub fault: SyntaxFault,
    /// Where.
    pub position: Position,
}

impl ParseError {
    /// A stable name of what is wrong.
    pub fn reason(&self) -> &'static str {
        self.fault.reason()
    }
}

macro_rules! faults {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $reason:literal, $message:literal;)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$doc])* #[error($message)] $variant,)*
        }

        impl $name {
            /// A stable name of the fault.
            pub fn reason(self) -> &'static str {
                match self {
                    $(Self::$variant => $reason,)*
                }
            }
        }
    };
}

faults! {
    /// What can be wrong with the syntax of a template.
    SyntaxFault {
        /// An action without its closing braces.
        UnclosedAction = "unclosed-action", "the action is not closed";
        /// A comment without its end, or with something after it.
        UnclosedComment = "unclosed-comment", "the comment is not closed";
        /// A string without its closing quote.
        UnclosedString = "unclosed-string", "the string is not closed";
        /// A parenthesis without its partner.
        Parenthesis = "unbalanced-parenthesis", "a parenthesis has no partner";
        /// A character that cannot stand here.
        Character = "unexpected-character", "this character cannot stand here";
        /// A number that is not well formed or too large.
        Number = "bad-number", "the number is malformed or too large";
        /// A string or character constant with an escape that Go does not know.
        Escape = "bad-escape", "the string or character constant is malformed";
        /// Something that cannot stand here.
        Unexpected = "unexpected-token", "this cannot stand here";
        /// An `{{if}}`, `{{range}}`, `{{with}}`, `{{define}}` or `{{block}}` without its `{{end}}`.
        MissingEnd = "missing-end", "the `end` is missing";
        /// An `{{end}}` or `{{else}}` that closes nothing.
        UnexpectedEnd = "unexpected-end", "this `end` or `else` closes nothing";
        /// A pipeline without a command.
        EmptyCommand = "empty-command", "a command is missing";
        /// A pipeline stage that is not a function.
        NotExecutable = "not-executable", "only a function can take the result of a pipeline";
        /// More variables than can be declared here.
        Declarations = "too-many-declarations", "too many variables are declared";
        /// A function that is not registered.
        UnknownFunction = "unknown-function", "the function is not known";
        /// A function that is known and refused: it would read the environment or the network.
        RefusedFunction = "refused-function", "the function reads the environment or the network, which templates may not";
        /// A variable that is not declared.
        UnknownVariable = "unknown-variable", "the variable is not declared";
        /// A template defined twice.
        DefinedTwice = "template-defined-twice", "the template is defined twice";
        /// `{{break}}` or `{{continue}}` outside of a `{{range}}`.
        OutsideRange = "outside-range", "`break` and `continue` belong inside `range`";
        /// Nested too deeply.
        Depth = "nested-too-deeply", "the template is nested too deeply";
        /// Larger than 16 MiB.
        Size = "template-too-large", "the template is too large";
    }
}

faults! {
    /// What can go wrong while a template runs.
    Fault {
        /// A function was given too few or too many arguments.
        ArgumentCount = "argument-count", "wrong number of arguments";
        /// An argument has another type than the function takes.
        ArgumentType = "argument-type", "an argument has the wrong type";
        /// An argument is nil, or the key it should come from is missing.
        ArgumentNil = "argument-nil", "an argument has no value";
        /// An argument has the right type and a value that the function refuses.
        ArgumentValue = "argument-value", "an argument has a value that the function refuses";
        /// Arguments were given to something that is not a function.
        NotAFunction = "not-a-function", "arguments were given to something that is not a function";
        /// `nil` cannot be a command.
        NilCommand = "nil-command", "nil is not a command";
        /// The value has no such field.
        Field = "no-such-field", "the value has no such field";
        /// The value whose field is asked for is nil.
        NilField = "field-of-nil", "the value whose field is asked for is nil";
        /// The map has no such key, and the template was told to insist.
        MissingKey = "missing-key", "the map has no such key";
        /// No template of this name is defined.
        UnknownTemplate = "unknown-template", "no template of this name is defined";
        /// A variable is used that was never set.
        UnknownVariable = "unknown-variable", "the variable is not set";
        /// `range` over something that cannot be iterated.
        Range = "not-iterable", "the value cannot be iterated";
        /// An index or slice outside of the value.
        Index = "index-out-of-range", "the index is out of range";
        /// Values that cannot be compared.
        Comparison = "not-comparable", "the values cannot be compared";
        /// A number that does not fit.
        Overflow = "overflow", "a number does not fit its type";
        /// Division by zero.
        DivisionByZero = "division-by-zero", "division by zero";
        /// The template called `fail`.
        Failed = "template-failed", "the template called `fail`";
        /// The template called `required` and the value is empty.
        Required = "value-required", "a required value is empty";
        /// A regular expression that does not compile.
        Regex = "bad-regex", "the regular expression is not valid";
        /// A version or version constraint that does not parse.
        Version = "bad-version", "the version or constraint is not valid";
        /// JSON that does not parse, or a value that JSON cannot hold.
        Json = "bad-json", "the JSON is not valid, or JSON cannot hold the value";
        /// A URL that does not parse.
        Url = "bad-url", "the URL is not valid";
        /// A date or duration that does not parse.
        Date = "bad-date", "the date or duration is not valid";
        /// A value would contain itself.
        Cycle = "cycle", "a value would contain itself";
        /// The function asks the clock, and the caller gave none.
        NeedsClock = "needs-clock", "the function needs the clock, which is not given to this template";
        /// The function asks for randomness, and the caller gave none.
        NeedsRandomness = "needs-randomness", "the function needs randomness, which is not given to this template";
        /// A function of sprig that this library does not offer.
        Unsupported = "unsupported-function", "the function is not supported";
        /// A named time zone, which this library cannot look up.
        Zone = "unsupported-time-zone", "named time zones are not supported";
        /// The output is longer than the limit.
        OutputLimit = "output-limit", "the output is longer than its limit";
        /// The template uses more memory than the limit.
        MemoryLimit = "memory-limit", "the template uses more memory than its limit";
        /// The template runs longer than the limit.
        StepLimit = "step-limit", "the template runs longer than its limit";
        /// Templates, pipelines or values are nested deeper than the limit.
        DepthLimit = "depth-limit", "templates or values are nested deeper than the limit";
    }
}

/// A template that failed while it ran.
#[derive(Debug, thiserror::Error)]
#[error("{position}: {}{fault}", call(function))]
pub struct RenderError {
    /// What went wrong.
    pub fault: Fault,
    /// Where in the template.
    pub position: Position,
    /// The registered name of the function that failed.
    pub function: Option<String>,
}

impl RenderError {
    /// A stable name of what went wrong.
    pub fn reason(&self) -> &'static str {
        self.fault.reason()
    }
}

fn call(function: &Option<String>) -> String {
    function
        .as_ref()
        .map(|name| format!("`{name}`: "))
        .unwrap_or_default()
}
