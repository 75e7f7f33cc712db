//! Characters as far as the emitter cares, and the table that finds those it cares about.

/// A character in a text.
pub(super) struct Character {
    pub(super) kind: CharacterKind,
    /// Bytes.
    pub(super) width: usize,
}

/// What a character is.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(super) enum CharacterKind {
    /// Written as it is everywhere.
    Text,
    Space,
    Tab,
    /// A line break of YAML 1.1; a special one can only be held by an escape.
    Break {
        special: bool,
    },
    /// What only an escape can hold.
    Special,
}

impl Character {
    /// The character at `at`, which must be at the start of one (go-yaml: yamlprivateh.go).
    pub(super) fn at(bytes: &[u8], at: usize) -> Self {
        let (kind, width) = match &bytes[at..] {
            [b' ', ..] => (CharacterKind::Space, 1),
            [b'\t', ..] => (CharacterKind::Tab, 1),
            [b'\n', ..] => (CharacterKind::Break { special: false }, 1),
            [b'\r', ..] => (CharacterKind::Break { special: true }, 1),
            [0xC2, 0x85, ..] => (CharacterKind::Break { special: true }, 2),
            [0xC2, second, ..] if *second < 0xA0 => (CharacterKind::Special, 2),
            [0xE2, 0x80, 0xA8 | 0xA9, ..] => (CharacterKind::Break { special: false }, 3),
            [0xEF, 0xBB, 0xBF, ..] | [0xEF, 0xBF, 0xBE | 0xBF, ..] => (CharacterKind::Special, 3),
            [0xF0..=0xFF, ..] => (CharacterKind::Special, 4),
            [0..=0x1F | 0x7F, ..] => (CharacterKind::Special, 1),
            [first, ..] => (CharacterKind::Text, width(*first)),
            [] => (CharacterKind::Text, 1),
        };
        Self { kind, width }
    }

    /// Whether the character is written as it is in double quotes.
    pub(super) fn is_printable(&self) -> bool {
        matches!(self.kind, CharacterKind::Text | CharacterKind::Space)
    }
}

/// The bytes of the character that starts with this one.
fn width(first: u8) -> usize {
    match first {
        ..0x80 => 1,
        0x80..0xE0 => 2,
        0xE0..0xF0 => 3,
        0xF0.. => 4,
    }
}

/// A part of a text: a run without line breaks, or one line break.
pub(super) enum Piece<'t> {
    Text(&'t str),
    Break(&'t str),
}

/// The parts of a text, in turn.
pub(super) fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let length = line_length(rest.as_bytes());
        if length > 0 {
            let (piece, after) = rest.split_at(length);
            rest = after;
            return Some(Piece::Text(piece));
        }
        let (piece, after) = rest.split_at(Character::at(rest.as_bytes(), 0).width);
        rest = after;
        Some(Piece::Break(piece))
    })
}

/// How many bytes come before the first line break.
fn line_length(bytes: &[u8]) -> usize {
    let mut at = 0;
    while let Some(length) = find(&bytes[at..], NEWLINE | RARE) {
        at += length;
        let character = Character::at(bytes, at);
        if let CharacterKind::Break { .. } = character.kind {
            return at;
        }
        at += character.width;
    }
    bytes.len()
}

/// The first byte with one of the flags.
pub(super) fn find(bytes: &[u8], flags: u8) -> Option<usize> {
    bytes
        .iter()
        .position(|byte| FLAGS[usize::from(*byte)] & flags != 0)
}

/// The flags of all bytes together.
pub(super) fn survey(bytes: &[u8]) -> u8 {
    bytes
        .iter()
        .fold(0, |flags, byte| flags | FLAGS[usize::from(*byte)])
}

/// An indicator of flow collections.
pub(super) const FLOW: u8 = 1;
/// `:`.
pub(super) const COLON: u8 = 2;
/// `#`.
pub(super) const HASH: u8 = 4;
/// A blank.
pub(super) const SPACE: u8 = 8;
/// `\n`.
pub(super) const NEWLINE: u8 = 16;
/// `"` and `\`, which are escaped in double quotes.
pub(super) const QUOTE: u8 = 32;
/// `'`, which is doubled in single quotes.
pub(super) const APOSTROPHE: u8 = 64;
/// A tab, another control character, or the start of a character that needs a look.
pub(super) const RARE: u8 = 128;

const FLAGS: [u8; 256] = {
    let mut flags = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        flags[byte] = match byte as u8 {
            b'\n' => NEWLINE,
            b' ' => SPACE,
            b',' | b'?' | b'[' | b']' | b'{' | b'}' => FLOW,
            b':' => COLON,
            b'#' => HASH,
            b'"' | b'\\' => QUOTE,
            b'\'' => APOSTROPHE,
            0..=0x1F | 0x7F | 0xC2 | 0xE2 | 0xEF | 0xF0..=0xFF => RARE,
            _ => 0,
        };
        byte += 1;
    }
    flags
};
