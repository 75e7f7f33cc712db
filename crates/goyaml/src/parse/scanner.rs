//! Text to tokens: indentation, and which token starts with which character.
//!
//! The rules are those of YAML 1.1 in the form that go-yaml gives them (scannerc.go). The scanner of v3 stays two tokens
//! ahead of the composer, and so does this one: how far it is ahead decides which comments are known in time, and
//! whether an error comes before the end of a document. That of v2 is not ahead.

use std::collections::VecDeque;

use super::Limits;
use super::comment::Comment;
use super::cursor::{Cursor, Mark, Quote};
use super::error::ParseError;
use super::simple_key::SimpleKey;
use super::source::{Defect, Source};
use super::token::{Body, KeyMark, Token};
use crate::node::Form;
use crate::resolve::Dialect;

/// How many bytes go-yaml reads at once.
const READ_BLOCK: usize = 512;

/// Reads tokens from a source.
pub(super) struct Scanner<'a> {
    pub(super) cursor: Cursor<'a>,
    defect: Option<Defect>,
    depth: usize,
    /// v2 passes over comments.
    pub(super) dialect: Dialect,
    /// How many tokens have to be known before the first of them is given out.
    least_tokens: usize,
    /// Tokens that were read and not yet taken.
    pub(super) tokens: VecDeque<Token<'a>>,
    /// Comments that were read and not yet taken.
    pub(super) comments: VecDeque<Comment>,
    /// The number of tokens taken.
    pub(super) taken: usize,
    /// Whether enough is known to give out the first token.
    ready: bool,
    /// The column of the innermost block collection, -1 outside.
    pub(super) indent: i64,
    /// The values of `indent` around the innermost block collection.
    indents: Vec<i64>,
    /// The possible simple key of the block level and of each flow collection around the cursor.
    pub(super) keys: Vec<SimpleKey>,
    /// The flow level whose simple key starts with the token that is about to be read.
    pub(super) next_key: Option<usize>,
    /// Whether a simple key can start here.
    pub(super) key_allowed: bool,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(source: &'a Source<'_>, dialect: Dialect, limits: &Limits) -> Self {
        let start = Token {
            start: Mark::default(),
            key: None,
            body: Body::StreamStart,
        };
        Self {
            cursor: Cursor::new(&source.text),
            defect: source.defect,
            depth: limits.depth,
            dialect,
            least_tokens: match dialect {
                Dialect::GoYaml3 => 3,
                Dialect::GoYaml2 => 1,
            },
            tokens: VecDeque::from([start]),
            comments: VecDeque::new(),
            taken: 0,
            ready: false,
            indent: -1,
            indents: Vec::new(),
            keys: vec![SimpleKey::default()],
            next_key: None,
            key_allowed: true,
        }
    }

    /// Makes the next token known, with the comments before it.
    pub(super) fn fill(&mut self) -> Result<(), ParseError> {
        if self.ready {
            return Ok(());
        }
        while self.tokens.len() < self.least_tokens || self.front_may_be_key()? {
            self.fetch()?;
        }
        self.ready = true;
        Ok(())
    }

    /// Refuses a document when go-yaml would have found bytes that are no text behind it: it reads in blocks
    /// (readerc.go).
    pub(super) fn check_block_read(&self) -> Result<(), ParseError> {
        let offset = self.cursor.offset();
        let read = (offset / READ_BLOCK + 1) * READ_BLOCK;
        let is_read = match self.defect {
            None => false,
            // That the last character is not complete shows only there.
            Some(Defect::Truncated) => self.cursor.at_end(),
            Some(_) => offset + self.cursor.rest().len() < read,
        };
        match self.defect {
            Some(defect) if is_read => Err(defect.at(self.cursor.mark.position())),
            _ => Ok(()),
        }
    }

    /// The next token. Call [`fill`](Self::fill) before.
    pub(super) fn front(&self) -> Option<&Token<'a>> {
        self.tokens.front()
    }

    /// Removes the next token.
    pub(super) fn take(&mut self) -> Option<Token<'a>> {
        self.ready = false;
        self.taken += 1;
        self.tokens.pop_front()
    }

    /// Whether the cursor is inside a flow collection.
    pub(super) fn in_flow(&self) -> bool {
        self.keys.len() > 1
    }

    fn push(&mut self, start: Mark, body: Body<'a>) {
        let key = self.next_key.take();
        self.tokens.push_back(Token { start, key, body });
    }

    /// Inserts a token before the one with a number. When that one is gone already the token goes to the end, as it
    /// does in go-yaml, which makes the composer refuse the text.
    fn insert(&mut self, number: usize, start: Mark, body: Body<'a>) {
        let key = None;
        let token = Token { start, key, body };
        match number.checked_sub(self.taken) {
            Some(place) if place <= self.tokens.len() => self.tokens.insert(place, token),
            _ => self.tokens.push_back(token),
        }
    }

    /// Reads the next token.
    fn fetch(&mut self) -> Result<(), ParseError> {
        let scan = self.cursor.mark;
        self.skip_to_token(scan);
        self.unroll(i64::from(self.cursor.mark.column), scan);

        let here = self.cursor.mark;
        if self.cursor.at_end() {
            return match self.defect {
                Some(defect) => Err(defect.at(here.position())),
                None => self.fetch_stream_end(),
            };
        }
        if here.column == 0 {
            if self.cursor.byte(0) == b'%' {
                return self.fetch_directive();
            }
            if self.cursor.at_document_start() {
                return self.fetch_document_indicator(Body::DocumentStart);
            }
            if self.cursor.at_document_end() {
                return self.fetch_document_indicator(Body::DocumentEnd);
            }
        }

        let separator = if self.in_flow() { b',' } else { b':' };
        let comment_owner = match self.tokens.back() {
            Some(before) if self.cursor.byte(0) == separator => before.start.index,
            _ => here.index,
        };
        self.fetch_content()?;
        // What stands behind a lone `-` is the head of the item.
        let is_entry = |token: &Token<'_>| matches!(token.body, Body::BlockEntry);
        if !self.tokens.back().is_some_and(is_entry) {
            self.scan_line_comment(comment_owner);
        }
        Ok(())
    }

    /// Reads a token that belongs to the content of a document.
    fn fetch_content(&mut self) -> Result<(), ParseError> {
        let in_flow = self.in_flow();
        let separated = self.cursor.is_blank_or_end(1);
        match self.cursor.byte(0) {
            b'[' => self.fetch_flow_start(Body::FlowSequenceStart),
            b'{' => self.fetch_flow_start(Body::FlowMappingStart),
            b']' => self.fetch_flow_end(Body::FlowSequenceEnd),
            b'}' => self.fetch_flow_end(Body::FlowMappingEnd),
            b',' => self.fetch_flow_entry(),
            b'-' if separated => self.fetch_block_entry(),
            b'?' if in_flow || separated => self.fetch_key(),
            b':' if in_flow || separated => self.fetch_value(),
            b'*' => self.fetch_property(Self::scan_alias),
            b'&' => self.fetch_property(Self::scan_anchor),
            b'!' => self.fetch_property(Self::scan_tag),
            b'|' if !in_flow => self.fetch_block_scalar(Form::Literal),
            b'>' if !in_flow => self.fetch_block_scalar(Form::Folded),
            b'\'' => self.fetch_property(|scanner| scanner.scan_quoted(Quote::Single)),
            b'"' => self.fetch_property(|scanner| scanner.scan_quoted(Quote::Double)),
            b'|' | b'>' | b'%' | b'@' | b'`' | b'#' | b' ' | b'\t' => {
                Err(ParseError::UnexpectedCharacter(self.cursor.mark.position()))
            }
            _ => self.fetch_property(Self::scan_plain),
        }
    }

    fn skip_to_token(&mut self, scan: Mark) {
        if self.cursor.offset() == 0 && self.cursor.rest().starts_with('\u{FEFF}') {
            // go-yaml lets a mark behind the byte order mark pass.
            self.cursor.skip();
        }
        loop {
            let tabs = self.in_flow() || !self.key_allowed;
            while matches!(self.cursor.byte(0), b' ') || tabs && self.cursor.byte(0) == b'\t' {
                self.cursor.skip();
            }
            self.move_comment_to_first_entry();
            if self.cursor.byte(0) == b'#' {
                self.scan_comments(scan);
            }
            if !self.cursor.is_break(0) {
                return;
            }
            self.cursor.skip_break();
            if !self.in_flow() {
                self.key_allowed = true;
            }
        }
    }

    /// Starts a block collection when the column is deeper than the innermost one.
    fn roll(
        &mut self,
        column: u32,
        number: Option<usize>,
        start: Mark,
        body: Body<'a>,
    ) -> Result<(), ParseError> {
        let column = i64::from(column);
        if self.in_flow() || self.indent >= column {
            return Ok(());
        }
        self.indents.push(self.indent);
        self.indent = column;
        if self.indents.len() > self.depth {
            return Err(ParseError::TooDeep(start.position()));
        }
        match number {
            Some(number) => self.insert(number, start, body),
            None => self.push(start, body),
        }
        Ok(())
    }

    /// Ends the block collections deeper than the column. Each ends before the comments that are indented like its
    /// parent, so that those become the parent's foot.
    fn unroll(&mut self, column: i64, scan: Mark) {
        if self.in_flow() || self.indent <= column {
            return;
        }
        let end = i64::from(scan.index) - 1;
        let comments = self.comments_up_to(end);
        let mut mark = Mark {
            index: scan.index.saturating_sub(1),
            ..scan
        };
        while self.indent > column {
            let below = u32::try_from(self.indent + 1).ok();
            if let Some(start) = below.and_then(|column| comments.get(&column)) {
                mark = *start;
            }
            self.tokens.push_back(Token {
                start: mark,
                key: None,
                body: Body::BlockEnd,
            });
            self.indent = self.indents.pop().unwrap_or(-1);
        }
    }

    fn fetch_stream_end(&mut self) -> Result<(), ParseError> {
        let mark = &mut self.cursor.mark;
        if mark.column != 0 {
            mark.column = 0;
            mark.line += 1;
        }
        self.end_block_content()?;
        self.push(self.cursor.mark, Body::StreamEnd);
        Ok(())
    }

    fn fetch_directive(&mut self) -> Result<(), ParseError> {
        self.end_block_content()?;
        let start = self.cursor.mark;
        let body = self.scan_directive()?;
        self.push(start, body);
        Ok(())
    }

    fn fetch_document_indicator(&mut self, body: Body<'a>) -> Result<(), ParseError> {
        self.end_block_content()?;
        let start = self.cursor.mark;
        self.cursor.skip_ascii(3);
        self.push(start, body);
        Ok(())
    }

    fn end_block_content(&mut self) -> Result<(), ParseError> {
        self.unroll(-1, self.cursor.mark);
        self.drop_key()?;
        self.key_allowed = false;
        Ok(())
    }

    fn fetch_flow_start(&mut self, body: Body<'a>) -> Result<(), ParseError> {
        self.save_key()?;
        let start = self.cursor.mark;
        self.keys.push(SimpleKey {
            token: self.taken + self.tokens.len(),
            mark: start,
            ..SimpleKey::default()
        });
        if self.keys.len() - 1 > self.depth {
            return Err(ParseError::TooDeep(start.position()));
        }
        self.key_allowed = true;
        self.cursor.skip_ascii(1);
        self.push(start, body);
        Ok(())
    }

    fn fetch_flow_end(&mut self, body: Body<'a>) -> Result<(), ParseError> {
        self.drop_key()?;
        if self.in_flow()
            && let Some(key) = self.keys.pop()
        {
            // Where no key was seen inside, this is the token of the collection itself, which then is given out
            // before a `:` behind it can make it a key (go-yaml: scannerc.go).
            self.unmark_key(key.token);
        }
        self.key_allowed = false;
        self.push_indicator(body);
        Ok(())
    }

    fn fetch_flow_entry(&mut self) -> Result<(), ParseError> {
        self.drop_key()?;
        self.key_allowed = true;
        self.push_indicator(Body::FlowEntry);
        Ok(())
    }

    fn fetch_block_entry(&mut self) -> Result<(), ParseError> {
        let start = self.cursor.mark;
        if !self.in_flow() {
            if !self.key_allowed {
                return Err(ParseError::EntryNotAllowed(start.position()));
            }
            self.roll(start.column, None, start, Body::BlockSequenceStart)?;
        }
        self.drop_key()?;
        self.key_allowed = true;
        self.push_indicator(Body::BlockEntry);
        Ok(())
    }

    fn fetch_key(&mut self) -> Result<(), ParseError> {
        let start = self.cursor.mark;
        if !self.in_flow() {
            if !self.key_allowed {
                return Err(ParseError::KeyNotAllowed(start.position()));
            }
            self.roll(start.column, None, start, Body::BlockMappingStart)?;
        }
        self.drop_key()?;
        self.key_allowed = !self.in_flow();
        self.push_indicator(Body::Key(KeyMark::Indicator));
        Ok(())
    }

    fn fetch_value(&mut self) -> Result<(), ParseError> {
        let level = self.keys.len() - 1;
        if self.is_key_possible(level)? {
            let key = self.keys[level];
            self.keys[level].possible = false;
            self.unmark_key(key.token);
            self.insert(key.token, key.mark, Body::Key(KeyMark::Position));
            self.roll(
                key.mark.column,
                Some(key.token),
                key.mark,
                Body::BlockMappingStart,
            )?;
            self.key_allowed = false;
        } else {
            let start = self.cursor.mark;
            if !self.in_flow() {
                if !self.key_allowed {
                    return Err(ParseError::ValueNotAllowed(start.position()));
                }
                self.roll(start.column, None, start, Body::BlockMappingStart)?;
            }
            self.key_allowed = !self.in_flow();
        }
        self.push_indicator(Body::Value);
        Ok(())
    }

    fn push_indicator(&mut self, body: Body<'a>) {
        let start = self.cursor.mark;
        self.cursor.skip_ascii(1);
        self.push(start, body);
    }

    /// Reads a token that may start a simple key and behind which none can start.
    fn fetch_property(
        &mut self,
        scan: impl FnOnce(&mut Self) -> Result<Body<'a>, ParseError>,
    ) -> Result<(), ParseError> {
        self.save_key()?;
        self.key_allowed = false;
        let start = self.cursor.mark;
        let body = scan(self)?;
        self.push(start, body);
        Ok(())
    }

    fn fetch_block_scalar(&mut self, form: Form) -> Result<(), ParseError> {
        self.drop_key()?;
        self.key_allowed = true;
        let start = self.cursor.mark;
        let body = self.scan_block(form)?;
        self.push(start, body);
        Ok(())
    }
}
