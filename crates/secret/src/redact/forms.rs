//! The forms that a value takes in text, and how to read one back.
//!
//! Values are recognised by reading the text, not by writing the value: only the [beginning](super::starts) of each
//! form is made when a value is learned, and the rest is decoded from the text where that beginning turns up.
//! Learning is therefore cheap, and a form needs no normal spelling: base64 may be wrapped, hexadecimal may change
//! case.

use std::ops::{Deref, Range};

use zeroize::Zeroizing;

use super::MAX_PIECE;

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
