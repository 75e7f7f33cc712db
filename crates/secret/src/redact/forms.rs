//! The forms that a value takes in text: how each begins, and how to read one back.
//!
//! Values are recognised by reading the text, not by writing the value: only the beginning of each form is made when
//! a value is learned, and the rest is decoded from the text where that beginning turns up. Learning is therefore
//! cheap, and a form needs no normal spelling: base64 may be wrapped, hexadecimal may change case.

use std::ops::{Deref, Range};

use zeroize::Zeroizing;

use super::MAX_PIECE;
use super::index::{LONG, SHORT};
use super::sensitivity::Sensitivity;

/// A way to write bytes as text.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Form {
    /// As they are.
    Plain,
    /// Base64, with so many bytes between the last boundary of a group and the value.
    Base64(Alignment),
    /// Two hexadecimal digits a byte.
    Hex,
    /// Backslash escapes of a double-quoted string.
    Escaped,
    /// The single-quoted style of YAML.
    SingleQuoted,
    /// `%41` for `A`.
    Percent,
}

/// How many bytes of a group of three precede the value.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Alignment {
    None,
    One,
    Two,
}

impl Form {
    /// All forms; the position is the number that the index keeps.
    const ALL: [Self; 8] = [
        Self::Plain,
        Self::Base64(Alignment::None),
        Self::Base64(Alignment::One),
        Self::Base64(Alignment::Two),
        Self::Hex,
        Self::Escaped,
        Self::SingleQuoted,
        Self::Percent,
    ];

    pub(super) const fn number(self) -> u8 {
        match self {
            Self::Plain => 0,
            Self::Base64(Alignment::None) => 1,
            Self::Base64(Alignment::One) => 2,
            Self::Base64(Alignment::Two) => 3,
            Self::Hex => 4,
            Self::Escaped => 5,
            Self::SingleQuoted => 6,
            Self::Percent => 7,
        }
    }

    pub(super) fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }

    /// Reads up to `len` bytes in this form, whose beginning stands at `at`.
    pub(super) fn decode(self, text: &[u8], at: usize, len: usize) -> Piece {
        let mut piece = Piece::new(at, len);
        let rest = text.get(at..).unwrap_or_default();
        // A reader stops where the text is not in its form; what it has read by then stands.
        let _whole = match self {
            Self::Plain => read_plain(rest, &mut piece),
            Self::Base64(alignment) => {
                let (bits, before) = match alignment {
                    Alignment::None => (0, 0),
                    Alignment::One => (4, 1),
                    Alignment::Two => (2, 1),
                };
                piece.start = at.saturating_sub(before);
                match text.get(piece.start).copied().and_then(sextet) {
                    Some(shared) => read_base64(rest, shared, bits, &mut piece),
                    None => None,
                }
            }
            Self::Hex => read_hex(rest, &mut piece),
            Self::Escaped => read_escaped(rest, &mut piece),
            Self::SingleQuoted => read_single_quoted(rest, &mut piece),
            Self::Percent => read_percent(rest, &mut piece),
        };
        piece
    }

    /// The whole range of text that shows any bit of the first `len` bytes of `piece`.
    pub(super) fn range(self, text: &[u8], piece: &Piece, len: usize) -> Range<usize> {
        let end = piece.at + len.checked_sub(1).map_or(0, |last| piece.ends[last]);
        let padding = match self {
            Self::Base64(_) => text[end..]
                .iter()
                .take(2)
                .take_while(|&&byte| byte == b'=')
                .count(),
            _ => 0,
        };
        piece.start..end + padding
    }
}

/// Decoded bytes, up to a length that was asked for.
pub(super) struct Piece {
    bytes: Zeroizing<[u8; MAX_PIECE]>,
    /// Where the text of each byte ends, after `at`.
    ends: [usize; MAX_PIECE],
    filled: usize,
    wanted: usize,
    /// Where the form begins that the bytes were read from.
    at: usize,
    /// Where the text begins that shows any bit of them.
    start: usize,
}

impl Piece {
    fn new(at: usize, wanted: usize) -> Self {
        Self {
            bytes: Zeroizing::new([0; MAX_PIECE]),
            ends: [0; MAX_PIECE],
            filled: 0,
            wanted: wanted.min(MAX_PIECE),
            at,
            start: at,
        }
    }

    fn is_full(&self) -> bool {
        self.filled == self.wanted
    }

    /// Adds as many of `bytes` as are still wanted: a piece may end inside a character. Their text ends at `end`.
    fn extend(&mut self, bytes: &[u8], end: usize) {
        let added = self.filled..self.wanted.min(self.filled + bytes.len());
        self.bytes[added.clone()].copy_from_slice(&bytes[..added.len()]);
        self.ends[added.clone()].fill(end);
        self.filled = added.end;
    }
}

impl Deref for Piece {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[..self.filled]
    }
}

/// Calls `found` with the beginning of every form of `piece`: [`LONG`] bytes of it for a piece that is looked for
/// everywhere, [`SHORT`] bytes for one that is looked for where it stands alone.
pub(super) fn for_each_start(
    piece: &[u8],
    sensitivity: Sensitivity,
    mut found: impl FnMut(&[u8], Form),
) {
    let (window, alignments): (_, &[_]) = match sensitivity {
        Sensitivity::Everywhere => (LONG, &[Alignment::None, Alignment::One, Alignment::Two]),
        Sensitivity::Alone => (SHORT, &[Alignment::None]),
        Sensitivity::Nowhere | Sensitivity::Scalar => return,
    };
    if piece.len() < window {
        return;
    }
    found(&piece[..window], Form::Plain);

    for &alignment in alignments {
        let [standard, url] =
            [STANDARD, URL].map(|alphabet| base64_start(piece, alignment, alphabet, window));
        found(&standard, Form::Base64(alignment));
        if *url != *standard {
            found(&url, Form::Base64(alignment));
        }
    }
    let [lower, upper] =
        [b"0123456789abcdef", b"0123456789ABCDEF"].map(|digits| hex_start(piece, digits, window));
    found(&lower, Form::Hex);
    if *upper != *lower {
        found(&upper, Form::Hex);
    }
    let touched = piece
        .iter()
        .fold(0, |touched, &byte| touched | TOUCHED[usize::from(byte)]);
    let mut starts: [Option<(Form, Start)>; ESCAPES.len()] = Default::default();
    for (number, (form, escapes)) in ESCAPES.iter().enumerate() {
        if touched & 1 << number == 0 {
            continue;
        }
        let start = escaped_start(piece, *escapes, window);
        let is_new = starts[..number]
            .iter()
            .flatten()
            .all(|(other, other_start)| other != form || **other_start != *start);
        if is_new {
            found(&start, *form);
            starts[number] = Some((*form, start));
        }
    }
}

/// The first bytes of a form.
struct Start {
    bytes: Zeroizing<[u8; LONG]>,
    filled: usize,
    wanted: usize,
}

impl Start {
    fn new(wanted: usize) -> Self {
        Self {
            bytes: Zeroizing::new([0; LONG]),
            filled: 0,
            wanted,
        }
    }

    fn extend(&mut self, bytes: &[u8]) {
        for &byte in bytes.iter().take(self.wanted - self.filled) {
            self.bytes[self.filled] = byte;
            self.filled += 1;
        }
    }
}

impl Deref for Start {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[..self.filled]
    }
}

// Base64 and hexadecimal.

const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const URL: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The first characters of the base64 form that no byte before the value has a part in.
fn base64_start(piece: &[u8], alignment: Alignment, alphabet: &[u8; 64], window: usize) -> Start {
    // How many bits of the value belong to a character that it shares with what is before.
    let shared = match alignment {
        Alignment::None => 0,
        Alignment::One => 4,
        Alignment::Two => 2,
    };
    let mut start = Start::new(window);
    // The last bits of the first byte, then whole bytes.
    let mut bits = 0;
    let mut kept: u32 = 0;
    let mut bytes = piece.iter();
    if shared > 0 {
        kept = u32::from(bytes.next().copied().unwrap_or_default()) & (0xff >> shared);
        bits = 8 - shared;
    }
    while start.filled < window {
        if bits < 6 {
            kept = kept << 8 | u32::from(bytes.next().copied().unwrap_or_default());
            bits += 8;
        }
        bits -= 6;
        start.extend(&[alphabet[(kept >> bits & 63) as usize]]);
        kept &= (1 << bits) - 1;
    }
    start
}

fn hex_start(piece: &[u8], digits: &[u8; 16], window: usize) -> Start {
    let mut start = Start::new(window);
    for byte in &piece[..window / 2] {
        start.extend(&[
            digits[usize::from(byte >> 4)],
            digits[usize::from(byte & 15)],
        ]);
    }
    start
}

fn sextet(byte: u8) -> Option<u32> {
    Some(
        match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        }
        .into(),
    )
}

fn read_plain(text: &[u8], piece: &mut Piece) -> Option<()> {
    let len = piece.wanted.min(text.len());
    piece.extend(&text[..len], len);
    for (at, end) in piece.ends[..len].iter_mut().enumerate() {
        *end = at + 1;
    }
    Some(())
}

/// Reads base64 in either alphabet, over line ends with what indents the next line. `kept` ends in `bits` bits of the
/// first byte.
fn read_base64(text: &[u8], mut kept: u32, mut bits: u32, piece: &mut Piece) -> Option<()> {
    let mut at = 0;
    kept &= (1 << bits) - 1;
    while !piece.is_full() {
        let byte = *text.get(at)?;
        if matches!(byte, b'\r' | b'\n') {
            at += text[at..]
                .iter()
                .take_while(|byte| byte.is_ascii_whitespace())
                .count();
            continue;
        }
        if text[at..].starts_with(b"\\n") {
            at += 2;
            continue;
        }
        kept = kept << 6 | sextet(byte)?;
        bits += 6;
        at += 1;
        if bits >= 8 {
            bits -= 8;
            piece.extend(&[(kept >> bits) as u8], at);
            kept &= (1 << bits) - 1;
        }
    }
    Some(())
}

fn read_hex(text: &[u8], piece: &mut Piece) -> Option<()> {
    let mut at = 0;
    while !piece.is_full() {
        let byte = number(text.get(at..at + 2)?)?;
        at += 2;
        piece.extend(&[u8::try_from(byte).ok()?], at);
    }
    Some(())
}

/// The number that hexadecimal digits stand for.
fn number(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |number, &digit| {
        Some(number << 4 | char::from(digit).to_digit(16)?)
    })
}

// Escapes.

/// What is escaped, and how.
#[derive(Clone, Copy)]
enum Escapes {
    /// JSON as RFC 8259 requires it.
    Json,
    /// JSON of Go's `encoding/json`, safe to put into HTML.
    JsonHtml,
    /// JSON in ASCII.
    JsonAscii,
    /// YAML (go-yaml: `emitterc.go`, `yaml_emitter_write_double_quoted`).
    Yaml,
    /// YAML, quotes doubled.
    SingleQuoted,
    /// URLs: everything but unreserved characters and these.
    Percent(&'static [u8]),
    /// Forms: as `Percent`, and `+` for a space.
    Query,
}

/// The spellings of a beginning that are looked for. What follows it is read in any spelling.
const ESCAPES: &[(Form, Escapes)] = &[
    (Form::Escaped, Escapes::Json),
    (Form::Escaped, Escapes::JsonHtml),
    (Form::Escaped, Escapes::JsonAscii),
    (Form::Escaped, Escapes::Yaml),
    (Form::SingleQuoted, Escapes::SingleQuoted),
    (Form::Percent, Escapes::Percent(b"")),
    // Go's `url.PathEscape` and `url.UserPassword`.
    (Form::Percent, Escapes::Percent(b"$&+=:@")),
    (Form::Percent, Escapes::Percent(b"$&+,;=")),
    (Form::Percent, Escapes::Query),
];

/// For each byte, which of [`ESCAPES`] may touch it: one bit for each.
const TOUCHED: [u16; 256] = {
    let mut touched = [0; 256];
    let mut byte = 0;
    while byte < touched.len() {
        let mut number = 0;
        while number < ESCAPES.len() {
            if ESCAPES[number].1.may_touch(byte as u8) {
                touched[byte] |= 1 << number;
            }
            number += 1;
        }
        byte += 1;
    }
    touched
};

/// The first bytes of an escaped form.
fn escaped_start(piece: &[u8], escapes: Escapes, window: usize) -> Start {
    let mut start = Start::new(window);
    // No byte becomes less than one, and no character has more than four.
    let head = &piece[..piece.len().min(window + 3)];
    for chunk in head.utf8_chunks() {
        for character in chunk.valid().chars() {
            escapes.write(character, &mut start);
        }
        escapes.write_bytes(chunk.invalid(), &mut start);
    }
    start
}

impl Escapes {
    /// Whether the byte may be part of something escaped.
    const fn may_touch(self, byte: u8) -> bool {
        match self {
            Self::Json => byte < b' ' || matches!(byte, b'"' | b'\\'),
            Self::JsonHtml => {
                byte < b' ' || matches!(byte, b'"' | b'\\' | b'<' | b'>' | b'&' | 0xe2)
            }
            Self::JsonAscii | Self::Yaml => {
                byte < b' ' || byte >= 0x7f || matches!(byte, b'"' | b'\\')
            }
            Self::SingleQuoted => byte == b'\'',
            Self::Percent(_) | Self::Query => !is_unreserved(byte),
        }
    }

    fn write(self, character: char, start: &mut Start) {
        match self {
            Self::Json | Self::JsonHtml | Self::JsonAscii => self.write_json(character, start),
            Self::Yaml => write_yaml(character, start),
            Self::SingleQuoted if character == '\'' => start.extend(b"''"),
            Self::Query if character == ' ' => start.extend(b"+"),
            Self::Percent(kept)
                if u8::try_from(character).is_ok_and(|byte| kept.contains(&byte)) =>
            {
                write_plain(character, start);
            }
            Self::Percent(_) | Self::Query | Self::SingleQuoted => {
                self.write_bytes(character.encode_utf8(&mut [0; 4]).as_bytes(), start);
            }
        }
    }

    /// Writes what is no character, or nothing but bytes to this form.
    fn write_bytes(self, bytes: &[u8], start: &mut Start) {
        for &byte in bytes {
            match self {
                Self::Percent(_) | Self::Query if !is_unreserved(byte) => {
                    start.extend(b"%");
                    write_hex(byte.into(), 2, b"0123456789ABCDEF", start);
                }
                _ => start.extend(&[byte]),
            }
        }
    }

    fn write_json(self, character: char, start: &mut Start) {
        let escape = match character {
            '"' | '\\' => {
                start.extend(b"\\");
                return write_plain(character, start);
            }
            '\n' => b"\\n",
            '\r' => b"\\r",
            '\t' => b"\\t",
            '\u{8}' => b"\\b",
            '\u{c}' => b"\\f",
            _ => {
                let escaped = character < ' '
                    || match self {
                        Self::JsonHtml => {
                            matches!(character, '<' | '>' | '&' | '\u{2028}' | '\u{2029}')
                        }
                        Self::JsonAscii => !character.is_ascii(),
                        _ => false,
                    };
                if !escaped {
                    return write_plain(character, start);
                }
                for unit in character.encode_utf16(&mut [0; 2]) {
                    start.extend(b"\\u");
                    write_hex(u32::from(*unit), 4, b"0123456789abcdef", start);
                }
                return;
            }
        };
        start.extend(escape);
    }
}

fn write_yaml(character: char, start: &mut Start) {
    let short = match character {
        '\0' => b'0',
        '\u{7}' => b'a',
        '\u{8}' => b'b',
        '\t' => b't',
        '\n' => b'n',
        '\u{b}' => b'v',
        '\u{c}' => b'f',
        '\r' => b'r',
        '\u{1b}' => b'e',
        '"' => b'"',
        '\\' => b'\\',
        '\u{85}' => b'N',
        '\u{a0}' => b'_',
        '\u{2028}' => b'L',
        '\u{2029}' => b'P',
        ' '..='~' | '\u{a1}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}' => {
            return write_plain(character, start);
        }
        _ => {
            let code = u32::from(character);
            let (letter, digits) = match code {
                0..0x100 => (b"\\x", 2),
                0x100..0x1_0000 => (b"\\u", 4),
                _ => (b"\\U", 8),
            };
            start.extend(letter);
            return write_hex(code, digits, b"0123456789ABCDEF", start);
        }
    };
    start.extend(&[b'\\', short]);
}

fn write_plain(character: char, start: &mut Start) {
    start.extend(character.encode_utf8(&mut [0; 4]).as_bytes());
}

fn write_hex(number: u32, digits: u32, alphabet: &[u8; 16], start: &mut Start) {
    for digit in (0..digits).rev() {
        start.extend(&[alphabet[(number >> (4 * digit) & 15) as usize]]);
    }
}

const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~')
}

/// Reads backslash escapes of JSON, YAML and Go.
fn read_escaped(text: &[u8], piece: &mut Piece) -> Option<()> {
    let mut at = 0;
    while !piece.is_full() {
        let byte = *text.get(at)?;
        at += 1;
        if byte != b'\\' {
            piece.extend(&[byte], at);
            continue;
        }
        let letter = *text.get(at)?;
        at += 1;
        let character = match letter {
            b'0' => '\0',
            b'a' => '\u{7}',
            b'b' => '\u{8}',
            b't' => '\t',
            b'n' => '\n',
            b'v' => '\u{b}',
            b'f' => '\u{c}',
            b'r' => '\r',
            b'e' => '\u{1b}',
            b'N' => '\u{85}',
            b'_' => '\u{a0}',
            b'L' => '\u{2028}',
            b'P' => '\u{2029}',
            b'x' | b'u' | b'U' => {
                let digits = match letter {
                    b'x' => 2,
                    b'u' => 4,
                    _ => 8,
                };
                let mut code = number(text.get(at..at + digits)?)?;
                at += digits;
                if let (0xd800..0xdc00, Some(low)) = (code, low_surrogate(&text[at..])) {
                    code = 0x1_0000 + ((code - 0xd800) << 10) + (low - 0xdc00);
                    at += 6;
                }
                char::from_u32(code)?
            }
            // A line folded in YAML.
            b'\n' => {
                at += text[at..]
                    .iter()
                    .take_while(|byte| matches!(byte, b' ' | b'\t'))
                    .count();
                continue;
            }
            other => {
                piece.extend(&[other], at);
                continue;
            }
        };
        piece.extend(character.encode_utf8(&mut [0; 4]).as_bytes(), at);
    }
    Some(())
}

/// The second half of a character that JSON writes as two escapes.
fn low_surrogate(text: &[u8]) -> Option<u32> {
    let code = number(text.strip_prefix(b"\\u")?.get(..4)?)?;
    (0xdc00..0xe000).contains(&code).then_some(code)
}

fn read_single_quoted(text: &[u8], piece: &mut Piece) -> Option<()> {
    let mut at = 0;
    while !piece.is_full() {
        let byte = *text.get(at)?;
        at += 1;
        if byte == b'\'' {
            if text.get(at) != Some(&b'\'') {
                return None;
            }
            at += 1;
        }
        piece.extend(&[byte], at);
    }
    Some(())
}

fn read_percent(text: &[u8], piece: &mut Piece) -> Option<()> {
    let mut at = 0;
    while !piece.is_full() {
        let byte = *text.get(at)?;
        at += 1;
        match byte {
            b'%' => {
                let byte = number(text.get(at..at + 2)?)?;
                at += 2;
                piece.extend(&[u8::try_from(byte).ok()?], at);
            }
            b'+' => piece.extend(b" ", at),
            byte => piece.extend(&[byte], at),
        }
    }
    Some(())
}
