//! Block collections: what comes after an item, a key or a value.

use super::collection::State;
use super::compose::{Composer, Piece, Site, empty};
use super::cursor::Mark;
use super::error::ParseError;
use super::token::Body;

impl Composer<'_> {
    pub(super) fn block_entry(&mut self, state: State) -> Result<Piece, ParseError> {
        let is_indentless = state == State::IndentlessSequence;
        match self.body() {
            Body::BlockEntry => {
                let end = self.end();
                self.take_entry()?;
                let is_empty = match self.body() {
                    Body::BlockEntry | Body::BlockEnd => true,
                    Body::Key(_) | Body::Value => is_indentless,
                    _ => false,
                };
                if is_empty {
                    return Ok(Piece::Whole(empty(end)));
                }
                self.node(Site::Block)
            }
            Body::BlockEnd if !is_indentless => {
                self.take();
                self.close(None)
            }
            _ if is_indentless => self.close(None),
            _ => Err(ParseError::ExpectedEntry(self.mark().position())),
        }
    }

    /// Takes a `-`. When a block collection is the item, the comments before the `-` are the head of the collection
    /// and not of what is first in it.
    fn take_entry(&mut self) -> Result<(), ParseError> {
        let comments = self.pending.comments.as_ref();
        let before = comments.map_or(0, |comments| comments.head.len());
        self.take();
        self.peek()?;
        let is_block = matches!(
            self.body(),
            Body::BlockMappingStart | Body::BlockSequenceStart
        );
        if before > 0
            && is_block
            && let Some(comments) = &mut self.pending.comments
        {
            let head = &mut comments.head;
            let rest = head.split_off(head.len().min(before + 1));
            head.truncate(before);
            self.pending.stem = std::mem::replace(head, rest);
        }
        Ok(())
    }

    pub(super) fn block_key(&mut self) -> Result<Piece, ParseError> {
        match self.body() {
            Body::Key(_) => {
                let end = self.end();
                self.take();
                self.peek()?;
                self.enter(State::BlockValue);
                self.block_node_or_empty(end)
            }
            Body::BlockEnd => {
                let comments = self.take_comments();
                self.take();
                self.close(comments)
            }
            _ => Err(ParseError::ExpectedKey(self.mark().position())),
        }
    }

    pub(super) fn block_value(&mut self) -> Result<Piece, ParseError> {
        self.enter(State::BlockKey);
        if !matches!(self.body(), Body::Value) {
            return Ok(Piece::Whole(empty(self.mark())));
        }
        let end = self.end();
        self.take();
        self.peek()?;
        self.block_node_or_empty(end)
    }

    fn block_node_or_empty(&mut self, end: Mark) -> Result<Piece, ParseError> {
        match self.body() {
            Body::Key(_) | Body::Value | Body::BlockEnd => Ok(Piece::Whole(empty(end))),
            _ => self.node(Site::BlockOrIndentless),
        }
    }
}
