//! How the forms of a value begin.

use std::ops::Deref;

use zeroize::Zeroizing;

use super::forms::{Alignment, Form};
use super::index::{LONG, SHORT};
use super::sensitivity::Sensitivity;

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
