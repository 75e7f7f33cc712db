//! The text of a scalar in each style (go-yaml: emitterc.go).

use super::{
    Lossy,
    analysis::{Analysis, Style},
    character::{
        APOSTROPHE, Character, CharacterKind, NEWLINE, Piece, QUOTE, RARE, SPACE, find, pieces,
    },
    emitter::Emitter,
};

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
            let next = at + character.width;
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
                        self.push(" ");
                    }
                    after_space = true;
                    at = next;
                }
                CharacterKind::Break { .. } => {
                    let text = &value[at..next];
                    if !after_break && text == "\n" {
                        self.put_break();
                    }
                    self.line_break(text);
                    after_break = true;
                    at = next;
                }
                CharacterKind::Text | CharacterKind::Tab | CharacterKind::Special => {
                    if after_break {
                        self.write_indent();
                    }
                    if bytes[at] == b'\'' && quotes == Quotes::Single {
                        self.push("'");
                    }
                    let run = find(&bytes[next..], APOSTROPHE | NEWLINE | RARE | SPACE);
                    let end = run.map_or(bytes.len(), |run| next + run);
                    self.push(&value[at..end]);
                    self.indention = false;
                    after_space = false;
                    after_break = false;
                    at = end;
                }
            }
        }
    }

    fn double_quoted(&mut self, value: &str) {
        self.indicator("\"", true, false, false);
        let bytes = value.as_bytes();
        // go-yaml looks for a byte order mark at the start of the text whichever character it is at, and so escapes all of
        // them (go-yaml: yamlprivateh.go).
        let escape_all = value.starts_with('\u{feff}');
        let stops = if self.may_fold(value) {
            NEWLINE | QUOTE | RARE | SPACE
        } else {
            NEWLINE | QUOTE | RARE
        };
        let mut after_space = false;
        let mut at = 0;
        while at < bytes.len() {
            if !escape_all {
                let end = find(&bytes[at..], stops).map_or(bytes.len(), |run| at + run);
                if end > at {
                    self.push(&value[at..end]);
                    after_space = false;
                    at = end;
                    continue;
                }
            }
            let character = Character::at(bytes, at);
            let next = at + character.width;
            let text = &value[at..next];
            if escape_all || !character.is_printable() || matches!(bytes[at], b'"' | b'\\') {
                self.escape(text);
                after_space = false;
            } else if text == " " {
                let fold = stops & SPACE != 0
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
