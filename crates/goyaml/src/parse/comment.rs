//! Comments: where they stand, and to what they belong.
//!
//! go-yaml attaches comments while it scans (scannerc.go): a comment is the head of what follows, the foot of what
//! came before, or ends the line of a token. Which of these it is depends on blank lines and indentation, within
//! limits that are kept here as they are: it looks at most 512 bytes ahead over blank space, counts a CR LF as an empty
//! line behind a comment, and takes a byte for a character while it looks ahead.

use std::collections::HashMap;

use super::cursor::Mark;
use super::scanner::Scanner;
use super::token::Body;
use crate::resolve::Dialect;

/// How far go-yaml looks over blank space for the next comment line, in bytes.
const LOOK_AHEAD: usize = 512;

/// A comment on its way to a node.
pub(super) struct Comment {
    pub(super) place: Place,
    /// With its `#` signs; lines are joined by newlines.
    pub(super) text: String,
    /// The index from which on a token takes the comment.
    pub(super) owner: u32,
    /// Where the first `#` is. The column counts from one, unless the comment was found at the end of a line.
    pub(super) start: Mark,
    /// The indices that the comment covers with the blank space around it; zero at the end of a line.
    scanned: (u32, u32),
}

/// Where a comment stands, relative to what it belongs to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Place {
    Foot,
    Head,
    Line,
}

impl Scanner<'_> {
    /// Reads a comment behind a token on the same line.
    pub(super) fn scan_line_comment(&mut self, owner: u32) {
        if self.cursor.newlines > 0 || self.dialect == Dialect::GoYaml2 {
            return;
        }
        let Some(blanks) = (0..LOOK_AHEAD).find(|&ahead| !self.cursor.is_blank(ahead)) else {
            return;
        };
        if self.cursor.byte(blanks) != b'#' {
            return;
        }
        self.cursor.skip_blanks();
        let start = self.cursor.mark;
        let text = self.cursor.take_to(self.cursor.line_end()).to_owned();
        self.comments.push_back(Comment {
            place: Place::Line,
            text,
            owner,
            start,
            scanned: (0, 0),
        });
    }

    /// Reads the comments from the `#` at the cursor on, up to the next token. `scan` is where the blank space
    /// before them started.
    pub(super) fn scan_comments(&mut self, scan: Mark) {
        if self.dialect == Dialect::GoYaml2 {
            // Unlike v3, it reads one line at a time, and so sees the tabs between them.
            self.cursor.take_to(self.cursor.line_end());
            return;
        }
        let mut last = self.tokens.iter().rev();
        let mut token = last.next();
        if let Some(Body::FlowEntry) = token.map(|token| &token.body) {
            token = last.next().or(token);
        }
        let after_value = matches!(token.map(|token| &token.body), Some(Body::Value));
        let mut owner = token.map_or(0, |token| token.start.index);
        let indent = u32::try_from(self.indent).unwrap_or(0);
        let in_flow = self.in_flow();

        let Mark {
            mut line,
            mut column,
            ..
        } = self.cursor.mark;
        let newlines = self.cursor.newlines;
        // A comment that starts on this line can still be the foot of what came before.
        let foot_line = (scan.line > 0).then(|| {
            let below_content = newlines == 0 && column > 1;
            i64::from(line) - i64::from(newlines) + 1 + i64::from(below_content)
        });

        let mut first_gap = newlines <= 1;
        let mut in_gap = false;
        let mut scanned = scan.index;
        let mut start = Mark::default();
        let mut text = String::new();
        let mut ahead = 0;
        while ahead < LOOK_AHEAD {
            column += 1;
            let byte = self.cursor.byte(ahead);
            if matches!(byte, b' ' | b'\t') {
                ahead += 1;
                continue;
            }
            let here = self.cursor.mark.index + ahead as u32;
            let outdented = start.column < indent + 1;
            let closes_flow = in_flow && matches!(byte, b']' | b'}');
            let is_break = self.cursor.is_break(ahead);
            let mut is_foot = false;
            if closes_flow || is_break || byte == 0 {
                if closes_flow || !in_gap {
                    let at_foot_line = foot_line == Some(i64::from(start.line)) && !after_value;
                    if closes_flow || first_gap && (at_foot_line || outdented) {
                        if outdented {
                            owner = start.index;
                        }
                        is_foot = true;
                    } else if !text.is_empty() && byte != 0 {
                        text.push('\n');
                    }
                }
            } else {
                is_foot = column < indent + 1 && column != start.column;
            }
            if is_foot && !text.is_empty() {
                self.comments.push_back(Comment {
                    place: Place::Foot,
                    text: std::mem::take(&mut text),
                    owner,
                    start,
                    scanned: (scanned, here),
                });
                scanned = here;
                owner = here;
            }
            if is_break {
                first_gap = false;
                in_gap = true;
                column = 0;
                line += 1;
                ahead += 1;
                continue;
            }
            if byte != b'#' {
                break;
            }

            if text.is_empty() {
                start = Mark {
                    index: here,
                    line,
                    column,
                };
            } else {
                text.push('\n');
            }
            in_gap = false;
            while self.cursor.byte(0) != b'#' {
                self.cursor.skip_blanks();
                self.cursor.skip_break();
            }
            text.push_str(self.cursor.take_to(self.cursor.line_end()));
            // The first byte of the line break behind the comment is passed over without being looked at.
            ahead = 1;
            column = 0;
            line = self.cursor.mark.line;
        }

        if !text.is_empty() {
            self.comments.push_back(Comment {
                place: Place::Head,
                text,
                owner: start.index,
                start,
                scanned: (
                    scanned,
                    (self.cursor.mark.index + ahead as u32).saturating_sub(1),
                ),
            });
        }
    }

    /// Makes the comment at the end of the line before the first item of a sequence the head of that item.
    pub(super) fn move_comment_to_first_entry(&mut self) {
        let mut last = self.tokens.iter().rev().map(|token| &token.body);
        let (Some(Body::BlockEntry), Some(Body::BlockSequenceStart)) = (last.next(), last.next())
        else {
            return;
        };
        if self.cursor.is_break(0) {
            return;
        }
        if let Some(comment) = self.comments.back_mut()
            && comment.place == Place::Line
        {
            comment.place = Place::Head;
            if comment.start.line + 1 == self.cursor.mark.line {
                comment.owner = self.cursor.mark.index;
            }
        }
    }

    /// For each column (counted from one) the earliest of the comments at that column, among those that follow each
    /// other without a token between and reach up to the index `end`.
    pub(super) fn comments_up_to(&self, end: i64) -> HashMap<u32, Mark> {
        let mut columns = HashMap::new();
        let mut end = end;
        for comment in self.comments.iter().rev() {
            let (start, stop) = comment.scanned;
            if i64::from(stop) < end {
                break;
            }
            columns.insert(comment.start.column, comment.start);
            end = i64::from(start);
        }
        columns
    }
}
