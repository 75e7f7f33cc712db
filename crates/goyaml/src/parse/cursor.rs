//! A place in the text, and the moves over it.
//!
//! The end of the text reads as a NUL byte; no NUL can be inside, since the source refuses control characters.

use memchr::memchr2;

use crate::node::Position;

const BLANK: u8 = 1;
const BREAK: u8 = 2;
const FLOW: u8 = 4;
const COLON: u8 = 8;
const DOUBLE: u8 = 16;
const SINGLE: u8 = 32;

/// What each byte may be the (first) byte of. Several line breaks are longer than a byte, so that [`BREAK`] only
/// says that it is worth a look.
static CLASSES: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    let mut table = [0; 256];
    table[b' ' as usize] = BLANK;
    table[b'\t' as usize] = BLANK;
    table[b'\r' as usize] = BREAK;
    table[b'\n' as usize] = BREAK;
    table[0xC2] = BREAK;
    table[0xE2] = BREAK;
    table[b':' as usize] = COLON;
    table[b'"' as usize] = DOUBLE;
    table[b'\\' as usize] = DOUBLE;
    table[b'\'' as usize] = SINGLE;
    let flow = *b",?[]{}";
    let mut next = 0;
    while next < flow.len() {
        table[flow[next] as usize] = FLOW;
        next += 1;
    }
    table
}

/// A place in the text, all three counted from zero.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Mark {
    /// Characters before.
    pub(super) index: u32,
    /// Lines before.
    pub(super) line: u32,
    /// Characters before on the line.
    pub(super) column: u32,
}

impl Mark {
    /// The place as users count.
    pub(super) fn position(self) -> Position {
        Position {
            line: self.line + 1,
            column: self.column + 1,
        }
    }

    /// The place `characters` further on the same line.
    pub(super) fn after(self, characters: u32) -> Self {
        Self {
            index: self.index + characters,
            column: self.column + characters,
            ..self
        }
    }
}

/// The two kinds of quotation marks.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Quote {
    Double,
    Single,
}

impl Quote {
    pub(super) const fn byte(self) -> u8 {
        match self {
            Self::Double => b'"',
            Self::Single => b'\'',
        }
    }
}

/// Reads a text from front to back.
pub(super) struct Cursor<'a> {
    text: &'a str,
    bytes: &'a [u8],
    /// Whether characters are bytes.
    ascii: bool,
    at: usize,
    /// Where the cursor stands.
    pub(super) mark: Mark,
    /// Line breaks since the last character that was neither blank nor break.
    pub(super) newlines: u32,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            text,
            bytes: text.as_bytes(),
            ascii: text.is_ascii(),
            at: 0,
            mark: Mark::default(),
            newlines: 0,
        }
    }

    /// The byte `ahead` bytes on, NUL behind the end.
    pub(super) fn byte(&self, ahead: usize) -> u8 {
        self.byte_at(self.at + ahead)
    }

    fn byte_at(&self, at: usize) -> u8 {
        self.bytes.get(at).copied().unwrap_or(0)
    }

    /// The byte offset of the cursor.
    pub(super) fn offset(&self) -> usize {
        self.at
    }

    /// The text from the byte offset `start` up to the cursor.
    pub(super) fn text_since(&self, start: usize) -> &'a str {
        &self.text[start..self.at]
    }

    pub(super) fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    pub(super) fn at_end(&self) -> bool {
        self.at >= self.bytes.len()
    }

    pub(super) fn is_blank(&self, ahead: usize) -> bool {
        matches!(self.byte(ahead), b' ' | b'\t')
    }

    pub(super) fn is_break(&self, ahead: usize) -> bool {
        self.break_at(self.at + ahead)
    }

    pub(super) fn is_break_or_end(&self, ahead: usize) -> bool {
        self.byte(ahead) == 0 || self.is_break(ahead)
    }

    pub(super) fn is_blank_or_end(&self, ahead: usize) -> bool {
        self.blank_or_end_at(self.at + ahead)
    }

    fn blank_or_end_at(&self, at: usize) -> bool {
        matches!(self.byte_at(at), b' ' | b'\t' | 0) || self.break_at(at)
    }

    fn break_at(&self, at: usize) -> bool {
        match self.byte_at(at) {
            b'\r' | b'\n' => true,
            0xC2 => self.byte_at(at + 1) == 0x85,
            0xE2 => self.byte_at(at + 1) == 0x80 && matches!(self.byte_at(at + 2), 0xA8 | 0xA9),
            _ => false,
        }
    }

    /// Whether a `---` or `...` that stands for itself is next, at the start of a line.
    pub(super) fn at_document_indicator(&self) -> bool {
        self.at_document_start() || self.at_document_end()
    }

    pub(super) fn at_document_start(&self) -> bool {
        self.at_triple(*b"---")
    }

    pub(super) fn at_document_end(&self) -> bool {
        self.at_triple(*b"...")
    }

    fn at_triple(&self, indicator: [u8; 3]) -> bool {
        self.mark.column == 0
            && self.bytes[self.at.min(self.bytes.len())..].starts_with(&indicator)
            && self.is_blank_or_end(3)
    }

    /// Moves over one character that is no line break.
    pub(super) fn skip(&mut self) {
        let byte = self.byte(0);
        if !matches!(byte, b' ' | b'\t') {
            self.newlines = 0;
        }
        self.at += match byte {
            0..=0x7F => 1,
            0x80..=0xDF => 2,
            0xE0..=0xEF => 3,
            0xF0.. => 4,
        };
        self.mark.index += 1;
        self.mark.column += 1;
    }

    /// Moves over `count` characters of ASCII that are neither blank nor break.
    pub(super) fn skip_ascii(&mut self, count: u32) {
        self.newlines = 0;
        self.at += count as usize;
        self.mark = self.mark.after(count);
    }

    /// Moves over spaces and tabs.
    pub(super) fn skip_blanks(&mut self) {
        while self.is_blank(0) {
            self.skip();
        }
    }

    /// Moves over one line break, if there is one.
    pub(super) fn skip_break(&mut self) {
        let (bytes, characters) = match self.byte(0) {
            b'\r' if self.byte(1) == b'\n' => (2, 2),
            b'\r' | b'\n' => (1, 1),
            0xC2 if self.is_break(0) => (2, 1),
            0xE2 if self.is_break(0) => (3, 1),
            _ => return,
        };
        self.at += bytes;
        self.mark.index += characters;
        self.mark.column = 0;
        self.mark.line += 1;
        self.newlines += 1;
    }

    /// Moves over one line break, if there is one, and gives what it stands for in a scalar.
    pub(super) fn take_break(&mut self) -> &'a str {
        let start = self.at;
        let is_separator = self.byte(0) == 0xE2;
        self.skip_break();
        match self.text_since(start) {
            "" => "",
            separator if is_separator => separator,
            _ => "\n",
        }
    }

    /// Moves to the byte offset `end` on the same line.
    pub(super) fn take_to(&mut self, end: usize) -> &'a str {
        let taken = &self.text[self.at..end];
        let characters = if self.ascii {
            taken.len()
        } else {
            // Bytes that do not continue a character.
            taken.bytes().filter(|byte| byte & 0xC0 != 0x80).count()
        };
        self.at = end;
        // The size limit of a source keeps offsets within 32 bits.
        self.mark = self.mark.after(characters as u32);
        if taken.bytes().any(|byte| !matches!(byte, b' ' | b'\t')) {
            self.newlines = 0;
        }
        taken
    }

    /// The byte offset of the next line break or the end.
    pub(super) fn line_end(&self) -> usize {
        if self.ascii {
            return memchr2(b'\n', b'\r', &self.bytes[self.at..])
                .map_or(self.bytes.len(), |found| self.at + found);
        }
        self.find(self.at, BREAK, |_| true)
    }

    /// The byte offset where a run of plain scalar text ends. A single space before a letter or digit does not end it:
    /// nothing that could begin there would end the scalar.
    pub(super) fn plain_end(&self, in_flow: bool) -> usize {
        let stops = BLANK | BREAK | COLON | if in_flow { FLOW } else { 0 };
        self.find(self.at, stops, |at| match self.bytes[at] {
            b':' => self.blank_or_end_at(at + 1),
            b' ' => !self.byte_at(at + 1).is_ascii_alphanumeric(),
            _ => true,
        })
    }

    /// The byte offset where a run of quoted text without blanks ends, or, with `blanks`, where one with them does.
    pub(super) fn quoted_end(&self, quote: Quote, blanks: bool) -> usize {
        let stops = BREAK
            | if blanks { 0 } else { BLANK }
            | match quote {
                Quote::Double => DOUBLE,
                Quote::Single => SINGLE,
            };
        self.find(self.at, stops, |_| true)
    }

    /// The first byte offset from `from` on whose byte is in one of the classes `stops`, is a real line break where
    /// it only looked like one, and which `accept` agrees to; the end of the text if there is none.
    fn find(&self, from: usize, stops: u8, accept: impl Fn(usize) -> bool) -> usize {
        let mut at = from;
        loop {
            let Some(ahead) = self.bytes[at..]
                .iter()
                .position(|byte| CLASSES[usize::from(*byte)] & stops != 0)
            else {
                return self.bytes.len();
            };
            at += ahead;
            let real = !matches!(self.bytes[at], 0xC2 | 0xE2) || self.break_at(at);
            if real && accept(at) {
                return at;
            }
            at += 1;
        }
    }
}
