//! How a scalar is written: which styles its text allows, and the text in each style (go-yaml: emitterc.go).

use super::{Lossy, emitter::Emitter};
use crate::node::Form;

/// The style a scalar is written in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Style {
    Plain,
    SingleQuoted,
    DoubleQuoted,
    Literal,
    Folded,
}

/// What a text allows.
pub(super) struct Analysis {
    empty: bool,
    multiline: bool,
    flow_plain: bool,
    block_plain: bool,
    single_quoted: bool,
    block: bool,
    /// Whether there is a U+2028 or U+2029.
    separator: bool,
}

impl Analysis {
    /// Looks at every character once; runs of ordinary ones are skipped by a table.
    pub(super) fn of(text: &str, tabs_in_blocks: bool) -> Self {
        let bytes = text.as_bytes();
        let Some(first) = bytes.first() else {
            return Self {
                empty: true,
                multiline: false,
                flow_plain: false,
                block_plain: true,
                single_quoted: true,
                block: false,
                separator: false,
            };
        };
        let mut seen = Seen::default();
        let followed_by_blank = |next: usize| matches!(bytes.get(next), None | Some(b' ' | b'\t'));
        match first {
            b'#' | b',' | b'[' | b']' | b'{' | b'}' | b'&' | b'*' | b'!' | b'|' | b'>' | b'\''
            | b'"' | b'%' | b'@' | b'`' => seen.indicator(),
            b'?' | b':' => {
                seen.flow_indicator = true;
                seen.block_indicator = followed_by_blank(1);
            }
            b'-' if followed_by_blank(1) => seen.indicator(),
            _ => {}
        }
        if text.starts_with("---") || text.starts_with("...") {
            seen.indicator();
        }

        let mut previous = Previous::Blank;
        let mut at = 0;
        while at < bytes.len() {
            let run = bytes[at..]
                .iter()
                .position(|byte| CLASSES[usize::from(*byte)].may_matter());
            let run = run.unwrap_or(bytes.len() - at);
            if run > 0 {
                at += run;
                previous = Previous::Text;
                if at == bytes.len() {
                    break;
                }
            }
            let character = Character::at(bytes, at);
            let next = at + character.width;
            match character.kind {
                CharacterKind::Text => {
                    let inside = at > 0;
                    match bytes[at] {
                        b',' | b'?' | b'[' | b']' | b'{' | b'}' if inside => {
                            seen.flow_indicator = true
                        }
                        b':' if inside => {
                            seen.flow_indicator = true;
                            seen.block_indicator |= followed_by_blank(next);
                        }
                        b'#' if inside && previous != Previous::Text => seen.indicator(),
                        _ => {}
                    }
                    previous = Previous::Text;
                }
                CharacterKind::Special => {
                    seen.special = true;
                    // NUL counts as white space before a `#`.
                    previous = if bytes[at] == 0 {
                        Previous::Blank
                    } else {
                        Previous::Text
                    };
                }
                CharacterKind::Tab => {
                    seen.tab = true;
                    seen.special |= !tabs_in_blocks;
                    previous = Previous::Blank;
                }
                CharacterKind::Space => {
                    seen.leading_space |= at == 0;
                    seen.trailing_space |= next == bytes.len();
                    seen.break_space |= previous == Previous::Break;
                    previous = Previous::Space;
                }
                CharacterKind::Break { special } => {
                    seen.special |= special;
                    seen.line_break = true;
                    seen.separator |= character.width == 3;
                    seen.outer_break |= at == 0 || next == bytes.len();
                    seen.space_break |= previous == Previous::Space;
                    previous = Previous::Break;
                }
            }
            at = next;
        }
        seen.result()
    }

    /// Whether the text has a line break.
    pub(super) fn is_multiline(text: &str) -> bool {
        pieces(text).any(|piece| matches!(piece, Piece::Break(_)))
    }

    /// The style for a scalar that asks for `form`.
    pub(super) fn style(&self, form: Form, flow: bool, simple_key: bool) -> Style {
        let mut style = match form {
            Form::Any | Form::Flow => Style::Plain,
            Form::DoubleQuoted => Style::DoubleQuoted,
            Form::Folded => Style::Folded,
            Form::Literal => Style::Literal,
            Form::SingleQuoted => Style::SingleQuoted,
        };
        if simple_key && self.multiline {
            style = Style::DoubleQuoted;
        }
        if style == Style::Plain {
            let allowed = if flow {
                self.flow_plain
            } else {
                self.block_plain
            };
            if !allowed || self.empty && (flow || simple_key) {
                style = Style::SingleQuoted;
            }
        }
        if style == Style::SingleQuoted && !self.single_quoted {
            style = Style::DoubleQuoted;
        }
        if matches!(style, Style::Literal | Style::Folded) && (!self.block || flow || simple_key) {
            style = Style::DoubleQuoted;
        }
        style
    }

    /// The style that keeps the value, where `style` might not.
    pub(super) fn mended(&self, style: Style) -> Style {
        match style {
            _ if self.separator => Style::DoubleQuoted,
            Style::Folded => Style::Literal,
            _ => style,
        }
    }
}

/// What an analysis has come across.
#[derive(Default)]
struct Seen {
    block_indicator: bool,
    flow_indicator: bool,
    line_break: bool,
    special: bool,
    tab: bool,
    leading_space: bool,
    trailing_space: bool,
    outer_break: bool,
    break_space: bool,
    space_break: bool,
    separator: bool,
}

impl Seen {
    fn indicator(&mut self) {
        self.block_indicator = true;
        self.flow_indicator = true;
    }

    fn result(&self) -> Analysis {
        let quote = self.leading_space
            || self.trailing_space
            || self.outer_break
            || self.break_space
            || self.space_break
            || self.tab
            || self.special
            || self.line_break;
        Analysis {
            empty: false,
            multiline: self.line_break,
            flow_plain: !quote && !self.flow_indicator,
            block_plain: !quote && !self.block_indicator,
            single_quoted: !(self.break_space || self.space_break || self.tab || self.special),
            block: !(self.trailing_space || self.space_break || self.special),
            separator: self.separator,
        }
    }
}

/// What stood before a character.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Previous {
    Text,
    Space,
    Break,
    /// A tab, NUL or the start: white space only to a `#`.
    Blank,
}

/// A character, as far as styles care.
struct Character {
    kind: CharacterKind,
    width: usize,
}

enum CharacterKind {
    Text,
    Space,
    Tab,
    /// A line break of YAML 1.1, perhaps one that only an escape can hold.
    Break {
        special: bool,
    },
    /// What only an escape can hold.
    Special,
}

impl Character {
    /// The character at `at`, which is at the start of one.
    fn at(bytes: &[u8], at: usize) -> Self {
        let rest = &bytes[at..];
        let (kind, width) = match rest {
            [b' ', ..] => (CharacterKind::Space, 1),
            [b'\t', ..] => (CharacterKind::Tab, 1),
            [b'\n', ..] => (CharacterKind::Break { special: false }, 1),
            [b'\r', ..] => (CharacterKind::Break { special: true }, 1),
            [0xC2, 0x85, ..] => (CharacterKind::Break { special: true }, 2),
            [0xC2, second, ..] if *second < 0xA0 => (CharacterKind::Special, 2),
            [0xC2, ..] => (CharacterKind::Text, 2),
            [0xE2, 0x80, 0xA8 | 0xA9, ..] => (CharacterKind::Break { special: false }, 3),
            [0xEF, 0xBB, 0xBF, ..] | [0xEF, 0xBF, 0xBE | 0xBF, ..] => (CharacterKind::Special, 3),
            [0xE2 | 0xEF, ..] => (CharacterKind::Text, 3),
            [0xF0..=0xFF, ..] => (CharacterKind::Special, 4),
            [0..=0x1F | 0x7F, ..] => (CharacterKind::Special, 1),
            _ => (CharacterKind::Text, 1),
        };
        Self { kind, width }
    }

    /// Whether the character is written as it is in double quotes.
    fn is_printable(&self) -> bool {
        matches!(self.kind, CharacterKind::Text | CharacterKind::Space)
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
        let length = text_length(rest.as_bytes());
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
fn text_length(bytes: &[u8]) -> usize {
    let mut at = 0;
    while let Some(length) = bytes[at..]
        .iter()
        .position(|byte| matches!(CLASSES[usize::from(*byte)], Class::Newline | Class::Lead))
    {
        at += length;
        let character = Character::at(bytes, at);
        if let CharacterKind::Break { .. } = character.kind {
            return at;
        }
        at += character.width;
    }
    bytes.len()
}

impl Emitter<'_> {
    pub(super) fn scalar(&mut self, value: &str, style: Style, analysis: &Analysis) {
        match style {
            Style::Plain => self.plain(value),
            Style::SingleQuoted => self.single_quoted(value, analysis),
            Style::DoubleQuoted => self.double_quoted(value),
            Style::Literal => self.literal(value),
            Style::Folded => self.folded(value),
        }
    }

    fn plain(&mut self, value: &str) {
        if !value.is_empty() {
            if !self.whitespace {
                self.push(" ");
            }
            if self.may_fold(value) {
                self.folding(value, Quotes::None);
            } else {
                self.push(value);
            }
            self.whitespace = false;
        }
        self.indention = false;
    }

    fn single_quoted(&mut self, value: &str, analysis: &Analysis) {
        self.indicator("'", true, false, false);
        if analysis.multiline || self.may_fold(value) {
            self.folding(value, Quotes::Single);
        } else {
            let mut rest = value;
            while let Some(at) = memchr::memchr(b'\'', rest.as_bytes()) {
                self.push(&rest[..=at]);
                self.push("'");
                rest = &rest[at + 1..];
            }
            self.push(rest);
        }
        self.indicator("'", false, false, false);
    }

    /// Whether a line might be broken inside the text.
    fn may_fold(&self, value: &str) -> bool {
        self.rules.width < i32::MAX
            && !self.simple_key_context
            && memchr::memchr(b' ', value.as_bytes()).is_some()
    }

    /// Writes a plain or single-quoted text with its line breaks, and with more of them where lines are long.
    fn folding(&mut self, value: &str, quotes: Quotes) {
        let bytes = value.as_bytes();
        let mut after_space = false;
        let mut after_break = false;
        let mut at = 0;
        while at < bytes.len() {
            let character = Character::at(bytes, at);
            let next = at + width(bytes[at]);
            let text = &value[at..next];
            match character.kind {
                CharacterKind::Space => {
                    let inner = quotes == Quotes::None || at > 0 && next < bytes.len();
                    let fold = !self.simple_key_context
                        && !after_space
                        && self.column > self.rules.width
                        && inner
                        && bytes.get(next) != Some(&b' ');
                    if fold {
                        self.write_indent();
                    } else {
                        self.push(text);
                    }
                    after_space = true;
                }
                CharacterKind::Break { .. } => {
                    if !after_break && text == "\n" {
                        self.put_break();
                    }
                    self.line_break(text);
                    after_break = true;
                }
                CharacterKind::Text | CharacterKind::Tab | CharacterKind::Special => {
                    if after_break {
                        self.write_indent();
                    }
                    if text == "'" && quotes == Quotes::Single {
                        self.push("'");
                    }
                    self.push(text);
                    self.indention = false;
                    after_space = false;
                    after_break = false;
                }
            }
            at = next;
        }
    }

    fn double_quoted(&mut self, value: &str) {
        self.indicator("\"", true, false, false);
        let bytes = value.as_bytes();
        // go-yaml looks for a byte order mark at the start of the text whichever character it is at, and so escapes all of
        // them (go-yaml: yamlprivateh.go).
        let escape_all = value.starts_with('\u{feff}');
        let may_fold = self.may_fold(value);
        let mut after_space = false;
        let mut at = 0;
        while at < bytes.len() {
            if !escape_all && !may_fold {
                let run = bytes[at..]
                    .iter()
                    .position(|byte| CLASSES[usize::from(*byte)].may_need_escape());
                let end = run.map_or(bytes.len(), |run| at + run);
                if end > at {
                    self.push(&value[at..end]);
                    at = end;
                    continue;
                }
            }
            let character = Character::at(bytes, at);
            let next = at + width(bytes[at]);
            let text = &value[at..next];
            let escape =
                escape_all || !character.is_printable() || matches!(bytes[at], b'"' | b'\\');
            if escape {
                self.escape(text);
                after_space = false;
            } else if text == " " {
                let fold = may_fold
                    && !after_space
                    && self.column > self.rules.width
                    && at > 0
                    && next < bytes.len();
                if fold {
                    self.write_indent();
                    if bytes.get(next) == Some(&b' ') {
                        self.push("\\");
                    }
                } else {
                    self.push(" ");
                }
                after_space = true;
            } else {
                self.push(text);
                after_space = false;
            }
            at = next;
        }
        self.indicator("\"", false, false, false);
    }

    fn escape(&mut self, text: &str) {
        let Some(character) = text.chars().next() else {
            return;
        };
        let short = match character {
            '\0' => "\\0",
            '\u{7}' => "\\a",
            '\u{8}' => "\\b",
            '\t' => "\\t",
            '\n' => "\\n",
            '\u{b}' => "\\v",
            '\u{c}' => "\\f",
            '\r' => "\\r",
            '\u{1b}' => "\\e",
            '"' => "\\\"",
            '\\' => "\\\\",
            '\u{85}' => "\\N",
            '\u{a0}' => "\\_",
            '\u{2028}' => "\\L",
            '\u{2029}' => "\\P",
            _ => {
                let code = u32::from(character);
                let escaped = match code {
                    0..=0xFF => format!("\\x{code:02X}"),
                    0x100..=0xFFFF => format!("\\u{code:04X}"),
                    _ => format!("\\U{code:08X}"),
                };
                return self.push(&escaped);
            }
        };
        self.push(short);
    }

    fn literal(&mut self, value: &str) {
        self.block_header("|", value);
        let mut at_start = true;
        for piece in pieces(value) {
            match piece {
                Piece::Break(text) => {
                    self.line_break(text);
                    at_start = true;
                }
                Piece::Text(text) => {
                    if at_start {
                        self.write_indent();
                    }
                    self.push(text);
                    self.indention = false;
                    at_start = false;
                }
            }
        }
    }

    fn folded(&mut self, value: &str) {
        self.block_header(">", value);
        // go-yaml looks past the breaks at the start of the whole text, not past those at hand (go-yaml: emitterc.go).
        let blank_start = pieces(value).find_map(|piece| match piece {
            Piece::Text(text) => Some(text.starts_with([' ', '\t'])),
            Piece::Break(_) => None,
        });
        let mut at_start = true;
        let mut after_blank = true;
        for piece in pieces(value) {
            match piece {
                Piece::Break(text) => {
                    if !at_start && !after_blank && text == "\n" && blank_start == Some(false) {
                        self.put_break();
                    }
                    self.line_break(text);
                    at_start = true;
                }
                Piece::Text(text) => {
                    if at_start {
                        self.write_indent();
                        after_blank = text.starts_with([' ', '\t']);
                    }
                    self.push(text);
                    self.indention = false;
                    at_start = false;
                }
            }
        }
    }

    /// The line that opens a block scalar, with its hints on indentation and on the breaks at the end.
    fn block_header(&mut self, indicator: &str, value: &str) {
        self.indicator(indicator, true, false, false);
        let mend_tab = self.rules.lossy == Lossy::Mend && value.starts_with('\t');
        if mend_tab || value.starts_with([' ', '\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']) {
            let hint = match self.rules.lossy {
                Lossy::Keep => self.rules.indent,
                Lossy::Mend => self.block_indent(),
            };
            self.indicator(&hint.to_string(), false, false, false);
        }
        let is_break =
            |character| matches!(character, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}');
        let mut end = value.chars().rev();
        match (end.next(), end.next()) {
            (Some(last), before) if is_break(last) => {
                if before.is_none_or(is_break) {
                    self.indicator("+", false, false, false);
                }
            }
            _ => self.indicator("-", false, false, false),
        }
        if !self.line_comment() {
            self.put_break();
        }
        self.whitespace = true;
    }
}

/// The quotes around a text that may be folded.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Quotes {
    None,
    Single,
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

/// What a byte may mean, to skip those that mean nothing.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Class {
    /// Neither an indicator nor white space, nor the start of a character that is special.
    Ordinary,
    /// An indicator inside plain scalars.
    Indicator,
    /// Escaped in double quotes, else of no meaning.
    Quote,
    Space,
    /// A line break of one byte.
    Newline,
    /// A control character, or the start of a character that needs a look.
    Lead,
}

impl Class {
    fn may_matter(self) -> bool {
        !matches!(self, Self::Ordinary | Self::Quote)
    }

    fn may_need_escape(self) -> bool {
        matches!(self, Self::Quote | Self::Newline | Self::Lead)
    }
}

const CLASSES: [Class; 256] = {
    let mut classes = [Class::Ordinary; 256];
    let mut byte = 0;
    while byte < 0x20 {
        classes[byte] = Class::Lead;
        byte += 1;
    }
    classes[0x7F] = Class::Lead;
    classes[0xC2] = Class::Lead;
    classes[0xE2] = Class::Lead;
    classes[0xEF] = Class::Lead;
    byte = 0xF0;
    while byte < 0x100 {
        classes[byte] = Class::Lead;
        byte += 1;
    }
    classes[b'\n' as usize] = Class::Newline;
    classes[b'\r' as usize] = Class::Newline;
    classes[b' ' as usize] = Class::Space;
    classes[b'"' as usize] = Class::Quote;
    classes[b'\\' as usize] = Class::Quote;
    let indicators = b",?[]{}:#";
    byte = 0;
    while byte < indicators.len() {
        classes[indicators[byte] as usize] = Class::Indicator;
        byte += 1;
    }
    classes
};
