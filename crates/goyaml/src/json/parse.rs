//! The parser.

use memchr::memchr2;
use thiserror::Error;

use crate::{Position, value::Value};

/// The most arrays and objects that may be open at once.
///
/// Go allows 10,000. No honest document comes near, and everything that walks a value later may then recurse.
pub const MAX_DEPTH: usize = 1_000;

/// Why a text is not JSON.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum ParseError {
    /// A byte that cannot stand here.
    #[error("line {}, column {}: unexpected character", at.line, at.column)]
    UnexpectedCharacter {
        /// Where it is.
        at: Position,
    },
    /// The text ends inside a value.
    #[error("line {}, column {}: unexpected end", at.line, at.column)]
    UnexpectedEnd {
        /// Where the text ends.
        at: Position,
    },
    /// A backslash with something after it that is no escape.
    #[error("line {}, column {}: invalid escape in a string", at.line, at.column)]
    InvalidEscape {
        /// Where the backslash is.
        at: Position,
    },
    /// A control character in a string.
    #[error("line {}, column {}: control character in a string", at.line, at.column)]
    ControlCharacter {
        /// Where it is.
        at: Position,
    },
    /// A number beyond what 64-bit floats hold.
    #[error("line {}, column {}: number out of range", at.line, at.column)]
    NumberOutOfRange {
        /// Where the number starts.
        at: Position,
    },
    /// More than [`MAX_DEPTH`] arrays and objects in one another.
    #[error("line {}, column {}: nested too deeply", at.line, at.column)]
    TooDeep {
        /// Where the innermost starts.
        at: Position,
    },
    /// Something after the value.
    #[error("line {}, column {}: text after the value", at.line, at.column)]
    TrailingText {
        /// Where it starts.
        at: Position,
    },
}

impl ParseError {
    /// A stable name for the kind of error.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::UnexpectedCharacter { .. } => "json-unexpected-character",
            Self::UnexpectedEnd { .. } => "json-unexpected-end",
            Self::InvalidEscape { .. } => "json-invalid-escape",
            Self::ControlCharacter { .. } => "json-control-character",
            Self::NumberOutOfRange { .. } => "json-number-out-of-range",
            Self::TooDeep { .. } => "json-too-deep",
            Self::TrailingText { .. } => "json-trailing-text",
        }
    }

    /// The place of the error. Columns are counted in characters.
    pub fn position(&self) -> Position {
        match self {
            Self::UnexpectedCharacter { at }
            | Self::UnexpectedEnd { at }
            | Self::InvalidEscape { at }
            | Self::ControlCharacter { at }
            | Self::NumberOutOfRange { at }
            | Self::TooDeep { at }
            | Self::TrailingText { at } => *at,
        }
    }
}

/// Reads a text that is one value, with nothing but white space around it.
///
/// # Errors
///
/// When the text is not JSON, or deeper than [`MAX_DEPTH`].
pub fn parse(text: &[u8]) -> Result<Value, ParseError> {
    Parser::new(text).whole()
}

/// Reads a text as [`parse`] does, and tells the line of every scalar, counted from one.
///
/// The lines are in the order of the text. The names of an object's entries are no scalars here.
///
/// # Errors
///
/// As [`parse`].
pub fn parse_with_lines(text: &[u8]) -> Result<(Value, Vec<u32>), ParseError> {
    let mut parser = Parser::new(text);
    parser.lines = Some(Lines {
        of_scalars: Vec::new(),
        current: 1,
    });
    let value = parser.whole()?;
    let lines = parser.lines.map_or_else(Vec::new, |lines| lines.of_scalars);
    Ok((value, lines))
}

/// Reads one value and whatever white space follows, and tells how many bytes that took.
///
/// Go's `json.Decoder` leaves what comes after a value to its caller; so do some formats.
///
/// # Errors
///
/// When no value stands at the start of the text, or one deeper than [`MAX_DEPTH`].
pub fn parse_prefix(text: &[u8]) -> Result<(Value, usize), ParseError> {
    let mut parser = Parser::new(text);
    let value = parser.document()?;
    Ok((value, parser.at))
}

struct Parser<'t> {
    text: &'t [u8],
    at: usize,
    depth: usize,
    /// Kept for those who ask: it costs a look at every blank.
    lines: Option<Lines>,
}

/// Where the scalars stand.
struct Lines {
    of_scalars: Vec<u32>,
    current: u32,
}

impl<'t> Parser<'t> {
    fn new(text: &'t [u8]) -> Self {
        Self {
            text,
            at: 0,
            depth: 0,
            lines: None,
        }
    }

    fn whole(&mut self) -> Result<Value, ParseError> {
        let value = self.document()?;
        if self.at < self.text.len() {
            return Err(ParseError::TrailingText {
                at: self.position(self.at),
            });
        }
        Ok(value)
    }

    fn document(&mut self) -> Result<Value, ParseError> {
        self.blanks();
        let value = self.value()?;
        self.blanks();
        Ok(value)
    }

    fn value(&mut self) -> Result<Value, ParseError> {
        match self.peek() {
            Some(b'{') => self.nested(Self::object),
            Some(b'[') => self.nested(Self::array),
            _ => self.scalar(),
        }
    }

    fn scalar(&mut self) -> Result<Value, ParseError> {
        if let Some(lines) = &mut self.lines {
            lines.of_scalars.push(lines.current);
        }
        match self.peek() {
            Some(b'"') => self.string().map(Value::String),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word(b"true", Value::Bool(true)),
            Some(b'f') => self.word(b"false", Value::Bool(false)),
            Some(b'n') => self.word(b"null", Value::Null),
            _ => Err(self.unexpected()),
        }
    }

    fn nested(
        &mut self,
        read: fn(&mut Self) -> Result<Value, ParseError>,
    ) -> Result<Value, ParseError> {
        if self.depth == MAX_DEPTH {
            return Err(ParseError::TooDeep {
                at: self.position(self.at),
            });
        }
        self.depth += 1;
        self.at += 1;
        let value = read(self);
        self.depth -= 1;
        value
    }

    fn object(&mut self) -> Result<Value, ParseError> {
        let mut entries = Vec::new();
        self.blanks();
        if self.take(b'}') {
            return Ok(Value::Object(entries));
        }
        loop {
            if self.peek() != Some(b'"') {
                return Err(self.unexpected());
            }
            let key = self.string()?;
            self.blanks();
            if !self.take(b':') {
                return Err(self.unexpected());
            }
            self.blanks();
            entries.push((key, self.value()?));
            self.blanks();
            if self.take(b'}') {
                return Ok(Value::Object(entries));
            }
            if !self.take(b',') {
                return Err(self.unexpected());
            }
            self.blanks();
        }
    }

    fn array(&mut self) -> Result<Value, ParseError> {
        let mut items = Vec::new();
        self.blanks();
        if self.take(b']') {
            return Ok(Value::Array(items));
        }
        loop {
            items.push(self.value()?);
            self.blanks();
            if self.take(b']') {
                return Ok(Value::Array(items));
            }
            if !self.take(b',') {
                return Err(self.unexpected());
            }
            self.blanks();
        }
    }

    fn word(&mut self, word: &[u8], value: Value) -> Result<Value, ParseError> {
        for byte in word {
            if !self.take(*byte) {
                return Err(self.unexpected());
            }
        }
        Ok(value)
    }

    fn number(&mut self) -> Result<Value, ParseError> {
        let start = self.at;
        let negative = self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        }
        let mut whole = true;
        if self.take(b'.') {
            whole = false;
            self.digits()?;
        }
        if self.take(b'e') || self.take(b'E') {
            whole = false;
            if !self.take(b'+') {
                self.take(b'-');
            }
            self.digits()?;
        }
        // Only ASCII digits and signs were taken.
        let text = str::from_utf8(&self.text[start..self.at]).unwrap_or_default();
        if whole {
            if let Ok(number) = text.parse() {
                return Ok(Value::Int(number));
            }
            if !negative && let Ok(number) = text.parse() {
                return Ok(Value::Uint(number));
            }
        }
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Value::Float(number)),
            _ => Err(ParseError::NumberOutOfRange {
                at: self.position(start),
            }),
        }
    }

    fn digits(&mut self) -> Result<(), ParseError> {
        let length = self.text[self.at..]
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        if length == 0 {
            return Err(self.unexpected());
        }
        self.at += length;
        Ok(())
    }

    fn string(&mut self) -> Result<String, ParseError> {
        self.at += 1;
        let start = self.at;
        let Some(length) = memchr2(b'"', b'\\', &self.text[start..]) else {
            return Err(self.unterminated(start));
        };
        let end = start + length;
        self.check_controls(start, end)?;
        let mut text = String::new();
        push_lossy(&mut text, &self.text[start..end]);
        self.at = end;
        loop {
            if self.take(b'"') {
                return Ok(text);
            }
            self.escape(&mut text)?;
            let start = self.at;
            let Some(length) = memchr2(b'"', b'\\', &self.text[start..]) else {
                return Err(self.unterminated(start));
            };
            self.check_controls(start, start + length)?;
            push_lossy(&mut text, &self.text[start..start + length]);
            self.at = start + length;
        }
    }

    fn unterminated(&self, start: usize) -> ParseError {
        match self.check_controls(start, self.text.len()) {
            Err(error) => error,
            Ok(()) => ParseError::UnexpectedEnd {
                at: self.position(self.text.len()),
            },
        }
    }

    fn check_controls(&self, start: usize, end: usize) -> Result<(), ParseError> {
        let part = &self.text[start..end];
        // Folding without a branch lets the compiler look at many bytes at once.
        if part
            .iter()
            .fold(false, |found, byte| found | (*byte < 0x20))
        {
            let offset = part
                .iter()
                .position(|byte| *byte < 0x20)
                .unwrap_or_default();
            return Err(ParseError::ControlCharacter {
                at: self.position(start + offset),
            });
        }
        Ok(())
    }

    fn escape(&mut self, text: &mut String) -> Result<(), ParseError> {
        let start = self.at;
        self.at += 1;
        let character = match self.peek() {
            Some(byte @ (b'"' | b'\\' | b'/')) => char::from(byte),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                let unit = self
                    .hex(self.at + 1)
                    .ok_or_else(|| self.bad_escape(start))?;
                self.at += 5;
                text.push(self.surrogate(unit));
                return Ok(());
            }
            Some(_) => {
                return Err(ParseError::InvalidEscape {
                    at: self.position(start),
                });
            }
            None => {
                return Err(ParseError::UnexpectedEnd {
                    at: self.position(self.at),
                });
            }
        };
        self.at += 1;
        text.push(character);
        Ok(())
    }

    /// The character of a `\u` escape just read, which may need the next escape as its second half.
    fn surrogate(&mut self, unit: u32) -> char {
        if (0xD800..0xDC00).contains(&unit)
            && self.text[self.at..].starts_with(b"\\u")
            && let Some(low @ 0xDC00..0xE000) = self.hex(self.at + 2)
        {
            self.at += 6;
            let code = 0x1_0000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
            return char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
        }
        char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER)
    }

    fn hex(&self, start: usize) -> Option<u32> {
        let digits = self.text.get(start..start + 4)?;
        digits.iter().try_fold(0, |value, digit| {
            Some(value * 16 + char::from(*digit).to_digit(16)?)
        })
    }

    fn bad_escape(&self, start: usize) -> ParseError {
        let rest = &self.text[self.at + 1..];
        let valid = rest
            .iter()
            .take(4)
            .take_while(|byte| byte.is_ascii_hexdigit())
            .count();
        if valid == rest.len() {
            ParseError::UnexpectedEnd {
                at: self.position(self.text.len()),
            }
        } else {
            ParseError::InvalidEscape {
                at: self.position(start),
            }
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn blanks(&mut self) {
        while let Some(blank @ (b' ' | b'\t' | b'\r' | b'\n')) = self.peek() {
            self.at += 1;
            // A line ends nowhere else: in strings, line ends are escaped.
            if blank == b'\n'
                && let Some(lines) = &mut self.lines
            {
                lines.current = lines.current.saturating_add(1);
            }
        }
    }

    fn unexpected(&self) -> ParseError {
        let at = self.position(self.at);
        if self.at < self.text.len() {
            ParseError::UnexpectedCharacter { at }
        } else {
            ParseError::UnexpectedEnd { at }
        }
    }

    /// Lines are counted only when an error needs them.
    fn position(&self, at: usize) -> Position {
        let before = &self.text[..at];
        let line = 1 + memchr::memchr_iter(b'\n', before).count();
        let start = memchr::memrchr(b'\n', before).map_or(0, |newline| newline + 1);
        // The bytes that continue a character of UTF-8 count for nothing.
        let column = 1 + before[start..]
            .iter()
            .filter(|byte| **byte & 0xC0 != 0x80)
            .count();
        let number = |value| u32::try_from(value).unwrap_or(u32::MAX);
        Position {
            line: number(line),
            column: number(column),
        }
    }
}

/// Appends bytes as Go does: each byte that is no part of valid UTF-8 becomes one U+FFFD.
fn push_lossy(text: &mut String, bytes: &[u8]) {
    if let Ok(valid) = str::from_utf8(bytes) {
        text.push_str(valid);
        return;
    }
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
}

/// Bytes as text, as Go makes it of them: each byte that is no part of valid UTF-8 becomes one U+FFFD.
pub(crate) fn lossy(bytes: &[u8]) -> String {
    let mut text = String::new();
    push_lossy(&mut text, bytes);
    text
}
