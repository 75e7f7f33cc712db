//! Which styles a scalar's text allows (go-yaml: emitterc.go).

use super::character::{
    COLON, Character, CharacterKind, FLOW, HASH, NEWLINE, Piece, RARE, SPACE, find, pieces, survey,
};
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
    pub(super) multiline: bool,
    flow_plain: bool,
    block_plain: bool,
    single_quoted: bool,
    block: bool,
    /// Whether there is a U+2028 or U+2029.
    separator: bool,
}

impl Analysis {
    /// Looks at a text, whose bytes a table tells to be ordinary or not.
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
        match first {
            b'#' | b',' | b'[' | b']' | b'{' | b'}' | b'&' | b'*' | b'!' | b'|' | b'>' | b'\''
            | b'"' | b'%' | b'@' | b'`' => seen.indicator(),
            b'?' | b':' => {
                seen.flow_indicator = true;
                seen.block_indicator = is_blank(bytes.get(1));
            }
            b'-' if is_blank(bytes.get(1)) => seen.indicator(),
            _ => {}
        }
        if text.starts_with("---") || text.starts_with("...") {
            seen.indicator();
        }

        let flags = survey(bytes);
        if flags & RARE == 0 {
            seen.look_at_indicators(bytes, flags);
        } else {
            seen.look_at_characters(bytes, tabs_in_blocks);
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

    /// Looks at a text that has no other white space than blanks and `\n`, and nothing special.
    fn look_at_indicators(&mut self, bytes: &[u8], flags: u8) {
        self.flow_indicator |= flags & (FLOW | COLON) != 0;
        if flags & COLON != 0 {
            self.block_indicator |=
                memchr::memchr_iter(b':', bytes).any(|at| at > 0 && is_blank(bytes.get(at + 1)));
        }
        let after_white_space = |at: usize| at > 0 && matches!(bytes[at - 1], b' ' | b'\n');
        if flags & HASH != 0 && memchr::memchr_iter(b'#', bytes).any(after_white_space) {
            self.indicator();
        }
        self.leading_space = bytes.first() == Some(&b' ');
        self.trailing_space = bytes.last() == Some(&b' ');
        if flags & NEWLINE != 0 {
            self.line_break = true;
            self.outer_break = bytes.first() == Some(&b'\n') || bytes.last() == Some(&b'\n');
            for at in memchr::memchr_iter(b'\n', bytes) {
                self.space_break |= at > 0 && bytes[at - 1] == b' ';
                self.break_space |= bytes.get(at + 1) == Some(&b' ');
            }
        }
    }

    /// Looks at every character of any text.
    fn look_at_characters(&mut self, bytes: &[u8], tabs_in_blocks: bool) {
        /// All that one of the branches below is for.
        const MEANINGFUL: u8 = COLON | FLOW | HASH | NEWLINE | RARE | SPACE;
        let mut previous = Previous::Blank;
        let mut at = 0;
        while at < bytes.len() {
            let run = find(&bytes[at..], MEANINGFUL).unwrap_or(bytes.len() - at);
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
                            self.flow_indicator = true
                        }
                        b':' if inside => {
                            self.flow_indicator = true;
                            self.block_indicator |= is_blank(bytes.get(next));
                        }
                        b'#' if inside && previous != Previous::Text => self.indicator(),
                        _ => {}
                    }
                    previous = Previous::Text;
                }
                CharacterKind::Special => {
                    self.special = true;
                    // NUL counts as white space before a `#`.
                    previous = if bytes[at] == 0 {
                        Previous::Blank
                    } else {
                        Previous::Text
                    };
                }
                CharacterKind::Tab => {
                    self.tab = true;
                    self.special |= !tabs_in_blocks;
                    previous = Previous::Blank;
                }
                CharacterKind::Space => {
                    self.leading_space |= at == 0;
                    self.trailing_space |= next == bytes.len();
                    self.break_space |= previous == Previous::Break;
                    previous = Previous::Space;
                }
                CharacterKind::Break { special } => {
                    self.special |= special;
                    self.line_break = true;
                    self.separator |= character.width == 3;
                    self.outer_break |= at == 0 || next == bytes.len();
                    self.space_break |= previous == Previous::Space;
                    previous = Previous::Break;
                }
            }
            at = next;
        }
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

/// Whether what follows a character is a blank, or nothing.
fn is_blank(next: Option<&u8>) -> bool {
    matches!(next, None | Some(b' ' | b'\t'))
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
