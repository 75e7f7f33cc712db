//! Flow collections, and the mappings of one pair that stand in flow sequences without braces.

use super::collection::{Collection, State};
use super::compose::{Composer, Piece, Site, empty};
use super::error::ParseError;
use super::token::Body;
use crate::node::{Form, Kind, Node, Tag};

impl Composer<'_> {
    pub(super) fn flow_item(&mut self, state: State) -> Result<Piece, ParseError> {
        if !matches!(self.body(), Body::FlowSequenceEnd) {
            if state == State::FlowItem {
                if !matches!(self.body(), Body::FlowEntry) {
                    return Err(ParseError::FlowSequence(self.mark().position()));
                }
                self.take();
                self.peek()?;
            }
            match self.body() {
                Body::FlowSequenceEnd => {}
                Body::Key(_) => {
                    let mut node = Node {
                        kind: Kind::Mapping,
                        tag: Tag::Map,
                        position: self.mark().position(),
                        ..Node::default()
                    };
                    node.style.form = Form::Flow;
                    self.take();
                    self.enter(State::FlowItem);
                    return Ok(Piece::Start(Collection {
                        node,
                        state: State::PairKey,
                    }));
                }
                _ => {
                    self.enter(State::FlowItem);
                    return self.node(Site::Flow);
                }
            }
        }
        let comments = self.take_comments();
        self.take();
        self.close(comments)
    }

    pub(super) fn pair_key(&mut self) -> Result<Piece, ParseError> {
        self.enter(State::PairValue);
        match self.body() {
            Body::Value | Body::FlowEntry | Body::FlowSequenceEnd => {
                // The indicator is lost here, which makes most texts with an empty key in a pair wrong
                // (go-yaml: parserc.go).
                let end = self.end();
                self.take();
                Ok(Piece::Whole(empty(end)))
            }
            _ => self.node(Site::Flow),
        }
    }

    pub(super) fn flow_key(&mut self, state: State) -> Result<Piece, ParseError> {
        if !matches!(self.body(), Body::FlowMappingEnd) {
            if state == State::FlowKey {
                if !matches!(self.body(), Body::FlowEntry) {
                    return Err(ParseError::FlowMapping(self.mark().position()));
                }
                self.take();
                self.peek()?;
            }
            match self.body() {
                Body::FlowMappingEnd => {}
                Body::Key(_) => {
                    self.take();
                    self.peek()?;
                    self.enter(State::FlowValue);
                    return match self.body() {
                        Body::Value | Body::FlowEntry | Body::FlowMappingEnd => {
                            Ok(Piece::Whole(empty(self.mark())))
                        }
                        _ => self.node(Site::Flow),
                    };
                }
                _ => {
                    self.enter(State::FlowNoValue);
                    return self.node(Site::Flow);
                }
            }
        }
        let comments = self.take_comments();
        self.take();
        self.close(comments)
    }

    /// Reads the value of a flow mapping, or of a pair in a flow sequence.
    pub(super) fn flow_value(&mut self, next: State) -> Result<Piece, ParseError> {
        self.enter(next);
        // go-yaml (parserc.go) gives the empty value of a pair the place of its `:`.
        let mut empty_at = self.mark();
        if matches!(self.body(), Body::Value) {
            self.take();
            self.peek()?;
            match self.body() {
                Body::FlowEntry => {}
                Body::FlowMappingEnd if next == State::FlowKey => {}
                Body::FlowSequenceEnd if next == State::PairEnd => {}
                _ => return self.node(Site::Flow),
            }
            if next == State::FlowKey {
                empty_at = self.mark();
            }
        }
        Ok(Piece::Whole(empty(empty_at)))
    }
}
