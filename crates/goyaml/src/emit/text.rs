//! What the emitter's output is made of: runs of text, indentation, indicators, tags, comments (go-yaml: emitterc.go).

use super::{
    character::{Piece, pieces},
    emitter::Emitter,
};

impl Emitter<'_> {
    pub(super) fn properties(&mut self, anchor: &str, tag: &str) {
        if !anchor.is_empty() {
            self.anchor("&", anchor);
        }
        if !tag.is_empty() {
            self.tag(tag);
        }
    }

    pub(super) fn anchor(&mut self, sigil: &str, name: &str) {
        self.indicator(sigil, true, false, false);
        self.push(name);
        self.whitespace = false;
        self.indention = false;
    }

    fn tag(&mut self, tag: &str) {
        let (handle, suffix) = split_tag(tag);
        if handle.is_empty() {
            self.indicator("!<", true, false, false);
            self.tag_content(suffix);
            self.indicator(">", false, false, false);
            return;
        }
        if !self.whitespace {
            self.push(" ");
        }
        self.push(handle);
        self.tag_content(suffix);
        self.whitespace = false;
        self.indention = false;
    }

    fn tag_content(&mut self, content: &str) {
        const HEX: &[u8; 16] = b"0123456789ABCDEF";
        for byte in content.bytes() {
            let literal = byte.is_ascii_alphanumeric() || b"-;/?:@&=+$,_.~*'()[]".contains(&byte);
            if literal {
                self.out.push(char::from(byte));
                self.column += 1;
            } else {
                self.out.push('%');
                self.out.push(char::from(HEX[usize::from(byte >> 4)]));
                self.out.push(char::from(HEX[usize::from(byte & 15)]));
                self.column += 3;
            }
        }
    }

    /// Appends text without line breaks.
    pub(super) fn push(&mut self, text: &str) {
        self.out.push_str(text);
        self.column += columns(text);
    }

    pub(super) fn put_break(&mut self) {
        self.out.push('\n');
        self.column = 0;
        self.indention = true;
    }

    pub(super) fn write_indent(&mut self) {
        const BLANKS: &str = "                                                                ";
        let indent = self.indent.max(0);
        if !self.indention || self.column > indent || (self.column == indent && !self.whitespace) {
            self.put_break();
        }
        if self.foot_indent == indent {
            self.put_break();
        }
        while self.column < indent {
            // Neither is negative, and the slice is as long as the constant at most.
            let count = usize::try_from(indent - self.column)
                .unwrap_or(0)
                .min(BLANKS.len());
            self.push(&BLANKS[..count]);
        }
        self.whitespace = true;
        self.foot_indent = -1;
    }

    pub(super) fn indicator(
        &mut self,
        text: &str,
        spaced: bool,
        whitespace: bool,
        indention: bool,
    ) {
        if spaced && !self.whitespace {
            self.push(" ");
        }
        self.push(text);
        self.whitespace = whitespace;
        self.indention &= indention;
    }

    pub(super) fn head_comment(&mut self) {
        let tail = std::mem::take(&mut self.comments.tail);
        if !tail.is_empty() {
            self.write_indent();
            self.comment(tail);
            self.foot_indent = self.indent.max(0);
        }
        let head = std::mem::take(&mut self.comments.head);
        if !head.is_empty() {
            self.write_indent();
            self.comment(head);
        }
    }

    pub(super) fn line_comment(&mut self) -> bool {
        let line = std::mem::take(&mut self.comments.line);
        if line.is_empty() {
            return false;
        }
        if !self.whitespace {
            self.push(" ");
        }
        self.comment(line);
        true
    }

    pub(super) fn foot_comment(&mut self) {
        let foot = std::mem::take(&mut self.comments.foot);
        if foot.is_empty() {
            return;
        }
        self.write_indent();
        self.comment(foot);
        self.foot_indent = self.indent.max(0);
    }

    fn comment(&mut self, comment: &str) {
        let mut ended = false;
        let mut marked = false;
        for piece in pieces(comment) {
            match piece {
                Piece::Break(text) => {
                    self.line_break(text);
                    ended = true;
                    marked = false;
                }
                Piece::Text(text) => {
                    if ended {
                        self.write_indent();
                    }
                    if !marked && !text.starts_with('#') {
                        self.push("# ");
                    }
                    marked = true;
                    self.push(text);
                    self.indention = false;
                    ended = false;
                }
            }
        }
        if !ended {
            self.put_break();
        }
        self.whitespace = true;
    }

    /// Writes a line break as it is in a text.
    pub(super) fn line_break(&mut self, text: &str) {
        if text == "\n" {
            self.put_break();
        } else {
            self.out.push_str(text);
            self.column = 0;
            self.indention = true;
        }
    }
}

/// How many columns a text takes: its characters.
fn columns(text: &str) -> i32 {
    let count = if text.is_ascii() {
        text.len()
    } else {
        text.chars().count()
    };
    i32::try_from(count).unwrap_or(i32::MAX)
}

/// The handle and the rest of a tag; no handle for one that is written whole, as `!<tag>`.
fn split_tag(tag: &str) -> (&'static str, &str) {
    if let Some(suffix) = tag
        .strip_prefix("!!")
        .or_else(|| tag.strip_prefix("tag:yaml.org,2002:"))
    {
        ("!!", suffix)
    } else if let Some(suffix) = tag.strip_prefix('!') {
        ("!", suffix)
    } else {
        ("", tag)
    }
}

/// How long a tag is in the text.
pub(super) fn tag_length(tag: &str) -> usize {
    let (handle, suffix) = split_tag(tag);
    handle.len() + suffix.len()
}
