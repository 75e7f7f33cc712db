//! Bytes to text: byte order marks, UTF-16, and the characters that YAML forbids.

use std::borrow::Cow;

use super::error::ParseError;
use super::{Documents, Limits};
use crate::node::Position;
use crate::resolve::Dialect;

/// The text of a stream, ready to be parsed.
///
/// Where the bytes stop being text, the source ends: the documents before that place can still be read, and the
/// one that would go on behind it is an error.
///
/// Neither this nor what reads it has a `Debug`, which would show the text.
pub struct Source<'a> {
    pub(super) text: Cow<'a, str>,
    pub(super) defect: Option<Defect>,
}

/// Why a source ends before its bytes do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Defect {
    ControlCharacter,
    Encoding,
    /// The last character is not complete.
    Truncated,
}

impl Defect {
    pub(super) fn at(self, position: Position) -> ParseError {
        match self {
            Self::ControlCharacter => ParseError::ControlCharacter(position),
            Self::Encoding | Self::Truncated => ParseError::Encoding(position),
        }
    }
}

impl<'a> Source<'a> {
    /// Decodes UTF-8, or UTF-16 where a byte order mark says so, and drops the mark.
    ///
    /// # Errors
    ///
    /// [`ParseError::TooLarge`]; everything else is found when the documents are read.
    pub fn decode(bytes: &'a [u8], limits: &Limits) -> Result<Self, ParseError> {
        if bytes.len() > limits.size.min(u32::MAX as usize) {
            return Err(ParseError::TooLarge(Position::default()));
        }
        let (text, mut defect) = match bytes {
            [0xFF, 0xFE, rest @ ..] => decode_utf16(rest, u16::from_le_bytes),
            [0xFE, 0xFF, rest @ ..] => decode_utf16(rest, u16::from_be_bytes),
            [0xEF, 0xBB, 0xBF, rest @ ..] => decode_utf8(rest),
            rest => decode_utf8(rest),
        };
        let text = match (first_forbidden(&text), text) {
            (None, text) => text,
            (Some(end), text) => {
                defect = Some(Defect::ControlCharacter);
                match text {
                    Cow::Borrowed(text) => Cow::Borrowed(&text[..end]),
                    Cow::Owned(mut text) => {
                        text.truncate(end);
                        Cow::Owned(text)
                    }
                }
            }
        };
        Ok(Self { text, defect })
    }

    /// Reads the documents one after another, as one of the Go libraries does.
    pub fn documents(&self, dialect: Dialect, limits: &Limits) -> Documents<'_> {
        Documents::new(self, dialect, limits)
    }
}

fn decode_utf8(bytes: &[u8]) -> (Cow<'_, str>, Option<Defect>) {
    match std::str::from_utf8(bytes) {
        Ok(text) => (Cow::Borrowed(text), None),
        Err(error) => {
            let (valid, _) = bytes.split_at(error.valid_up_to());
            let text = std::str::from_utf8(valid).unwrap_or_default();
            let defect = match error.error_len() {
                Some(_) => Defect::Encoding,
                None => Defect::Truncated,
            };
            (Cow::Borrowed(text), Some(defect))
        }
    }
}

fn decode_utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> (Cow<'static, str>, Option<Defect>) {
    let pairs = bytes.chunks_exact(2);
    let mut defect = (!pairs.remainder().is_empty()).then_some(Defect::Truncated);
    let mut text = String::with_capacity(bytes.len() / 2);
    let units = pairs.filter_map(|pair| pair.try_into().ok().map(unit));
    for character in char::decode_utf16(units) {
        let Ok(character) = character else {
            defect = Some(Defect::Encoding);
            break;
        };
        text.push(character);
    }
    (Cow::Owned(text), defect)
}

/// The byte offset of the first character that YAML 1.1 does not count as printable (go-yaml: readerc.go).
fn first_forbidden(text: &str) -> Option<usize> {
    const BLOCK: usize = 64;
    let mut start = 0;
    for block in text.as_bytes().chunks(BLOCK) {
        // Without a branch per byte, so that the compiler can use wide registers.
        let suspicious = block.iter().fold(false, |found, &byte| {
            found
                | ((byte < 0x20) & (byte != b'\n') & (byte != b'\r') & (byte != b'\t'))
                | (byte == 0x7F)
                | (byte == 0xC2)
                | (byte == 0xEF)
        });
        if suspicious {
            let bytes = text.as_bytes();
            let found = (start..start + block.len()).find(|&at| {
                let next = |ahead: usize| bytes.get(at + ahead).copied().unwrap_or(0);
                match bytes[at] {
                    b'\n' | b'\r' | b'\t' => false,
                    0..=0x1F | 0x7F => true,
                    0xC2 => next(1) < 0xA0 && next(1) != 0x85,
                    0xEF => next(1) == 0xBF && matches!(next(2), 0xBE | 0xBF),
                    _ => false,
                }
            });
            if found.is_some() {
                return found;
            }
        }
        start += block.len();
    }
    None
}
