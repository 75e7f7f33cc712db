//! Tokens to nodes.
//!
//! The grammar is that of libyaml, with go-yaml's rules for which node takes which comment (parserc.go, decode.go).
//! Open collections are kept on a stack of their own, so that deep nesting needs no deep recursion. What can stand
//! inside of them is told in the modules for blocks and flows.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::Limits;
use super::collection::{Collection, State};
use super::comment::Place;
use super::cursor::Mark;
use super::error::ParseError;
use super::scanner::Scanner;
use super::source::Source;
use super::tag::Properties;
use super::token::{Body, Token};
use crate::node::{Comments, Document, Form, Kind, Node, Tag};
use crate::resolve::{Dialect, plain_tag};

/// Builds documents from tokens.
pub(super) struct Composer<'a> {
    scanner: Scanner<'a>,
    depth: usize,
    dialect: Dialect,
    /// Comments that came up and belong to the next node that takes any.
    pub(super) pending: Pending,
    /// The collections around the place that is read, outermost first.
    open: Vec<Collection>,
    /// The anchors defined so far.
    anchors: HashSet<&'a str>,
    /// The `%TAG` handles of the document and what they stand for.
    pub(super) handles: HashMap<&'a str, Cow<'a, str>>,
    stage: Stage,
}

/// How far a stream was read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Stage {
    BeforeFirst,
    BetweenDocuments,
    Done,
}

/// Comments on their way from the scanner to a node.
#[derive(Default)]
pub(super) struct Pending {
    /// Absent if there are none, as most of the time.
    pub(super) comments: Option<Box<Comments>>,
    /// The head of a collection that is itself an item of a sequence.
    pub(super) stem: String,
}

/// Where a node stands, which decides what can stand there.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Site {
    Block,
    BlockOrIndentless,
    Flow,
}

/// What was read at the place of a node.
pub(super) enum Piece {
    /// A node with all it holds.
    Whole(Node),
    /// The start of a collection.
    Start(Collection),
}

impl<'a> Composer<'a> {
    pub(super) fn new(source: &'a Source<'_>, dialect: Dialect, limits: &Limits) -> Self {
        Self {
            scanner: Scanner::new(source, dialect, limits),
            depth: limits.depth,
            dialect,
            pending: Pending::default(),
            open: Vec::new(),
            anchors: HashSet::new(),
            handles: HashMap::new(),
            stage: Stage::BeforeFirst,
        }
    }

    /// Reads the next document, if there is one.
    pub(super) fn document(&mut self) -> Result<Option<Document>, ParseError> {
        let first = match self.stage {
            Stage::Done => return Ok(None),
            Stage::BeforeFirst => true,
            Stage::BetweenDocuments => false,
        };
        // Whatever goes wrong, nothing is read behind it.
        self.stage = Stage::Done;
        if first {
            self.scanner.fill()?;
            self.scanner.take();
        }
        self.peek()?;
        while !first && matches!(self.body(), Body::DocumentEnd) {
            self.take();
            self.peek()?;
        }
        if matches!(self.body(), Body::StreamEnd) {
            return Ok(None);
        }
        // go-yaml v3 knows an anchor up to the end of the stream, v2 up to the end of the document.
        if self.dialect == Dialect::GoYaml2 {
            self.anchors = HashSet::new();
        }

        let position = self.mark().position();
        let is_explicit = matches!(
            self.body(),
            Body::DocumentStart | Body::TagDirective { .. } | Body::VersionDirective { .. }
        );
        let mut comments = Comments::default();
        let piece = if first && !is_explicit {
            comments.head = self.split_document_head();
            self.node(Site::Block)?
        } else {
            self.directives()?;
            if !matches!(self.body(), Body::DocumentStart) {
                return Err(ParseError::DocumentStart(self.mark().position()));
            }
            self.take();
            self.peek()?;
            match self.body() {
                Body::DocumentEnd
                | Body::DocumentStart
                | Body::StreamEnd
                | Body::TagDirective { .. }
                | Body::VersionDirective { .. } => Piece::Whole(empty(self.mark())),
                _ => self.node(Site::Block)?,
            }
        };
        let root = self.content(piece)?;

        self.peek()?;
        if matches!(self.body(), Body::DocumentEnd) {
            self.take();
        }
        self.scanner.check_block_read()?;
        self.handles = HashMap::new();
        if let Some(last) = self.take_comments() {
            let Comments { head, foot, .. } = *last;
            comments.foot = if foot.is_empty() { head } else { foot };
        }
        self.stage = Stage::BetweenDocuments;
        Ok(Some(Document {
            root,
            comments,
            position,
        }))
    }

    /// Splits the head comment of the first node at its last empty line; what stands above is the document's.
    fn split_document_head(&mut self) -> String {
        let Some(comments) = &mut self.pending.comments else {
            return String::new();
        };
        let head = &mut comments.head;
        let (end, start) = if head.len() > 1 && head.ends_with('\n') {
            (head.len() - 1, head.len())
        } else if let Some(gap) = head.rfind("\n\n") {
            (gap, gap + 2)
        } else {
            return String::new();
        };
        let rest = head.split_off(start);
        head.truncate(end);
        std::mem::replace(head, rest)
    }

    /// Reads the directives before a document.
    fn directives(&mut self) -> Result<(), ParseError> {
        let mut has_version = false;
        loop {
            let position = self.mark().position();
            let duplicate = match self.body() {
                Body::VersionDirective { supported: false } if !has_version => {
                    return Err(ParseError::Version(position));
                }
                Body::VersionDirective { .. } => std::mem::replace(&mut has_version, true),
                Body::TagDirective { .. } => false,
                _ => return Ok(()),
            };
            let token = self.take();
            let duplicate = match token.map(|token| token.body) {
                Some(Body::TagDirective { handle, prefix }) => {
                    self.handles.insert(handle, prefix).is_some()
                }
                _ => duplicate,
            };
            if duplicate {
                return Err(ParseError::DuplicateDirective(position));
            }
            self.peek()?;
        }
    }

    /// Reads the rest of a document's content.
    fn content(&mut self, first: Piece) -> Result<Node, ParseError> {
        let mut piece = first;
        loop {
            match piece {
                Piece::Start(collection) => {
                    if self.open.len() >= self.depth {
                        return Err(ParseError::TooDeep(collection.node.position));
                    }
                    self.open.push(collection);
                }
                Piece::Whole(node) => match self.open.last_mut() {
                    Some(collection) => collection.add(node),
                    None => return Ok(node),
                },
            }
            piece = self.next_piece()?;
        }
    }

    /// Reads what comes next in the innermost collection.
    fn next_piece(&mut self) -> Result<Piece, ParseError> {
        let Some(state) = self.open.last().map(|collection| collection.state) else {
            return Err(ParseError::ExpectedNode(self.mark().position()));
        };
        self.peek()?;
        match state {
            State::BlockSequence | State::IndentlessSequence => self.block_entry(state),
            State::BlockKey => self.block_key(),
            State::BlockValue => self.block_value(),
            State::FlowFirstItem | State::FlowItem => self.flow_item(state),
            State::FlowFirstKey | State::FlowKey => self.flow_key(state),
            State::FlowNoValue => {
                self.enter(State::FlowKey);
                Ok(Piece::Whole(empty(self.mark())))
            }
            State::FlowValue => self.flow_value(State::FlowKey),
            State::PairKey => self.pair_key(),
            State::PairValue => self.flow_value(State::PairEnd),
            State::PairEnd => self.close(None),
        }
    }

    /// Sets what comes next in the innermost collection.
    pub(super) fn enter(&mut self, state: State) {
        if let Some(collection) = self.open.last_mut() {
            collection.state = state;
        }
    }

    /// Closes the innermost collection with the comments at its end.
    pub(super) fn close(&mut self, comments: Option<Box<Comments>>) -> Result<Piece, ParseError> {
        match self.open.pop() {
            Some(collection) => Ok(Piece::Whole(collection.close(comments))),
            None => Err(ParseError::ExpectedNode(self.mark().position())),
        }
    }

    /// Reads a node, as far as it goes without looking into a collection.
    pub(super) fn node(&mut self, site: Site) -> Result<Piece, ParseError> {
        let start = self.mark();
        if let Body::Alias(name) = *self.body() {
            if !self.anchors.contains(name) {
                return Err(ParseError::UnknownAnchor(start.position()));
            }
            let comments = self.take_comments();
            self.take();
            return Ok(Piece::Whole(Node {
                kind: Kind::Alias,
                value: name.to_owned(),
                comments,
                position: start.position(),
                ..Node::default()
            }));
        }

        let properties = self.properties(start)?;
        if let Some(anchor) = properties.anchor {
            self.anchors.insert(anchor);
        }
        let is_block = site != Site::Flow;
        let (kind, state, form) = match self.body() {
            Body::BlockEntry if site == Site::BlockOrIndentless => {
                (Kind::Sequence, State::IndentlessSequence, Form::Any)
            }
            Body::BlockSequenceStart if is_block => {
                (Kind::Sequence, State::BlockSequence, Form::Any)
            }
            Body::BlockMappingStart if is_block => (Kind::Mapping, State::BlockKey, Form::Any),
            Body::FlowSequenceStart => (Kind::Sequence, State::FlowFirstItem, Form::Flow),
            Body::FlowMappingStart => (Kind::Mapping, State::FlowFirstKey, Form::Flow),
            Body::Scalar { .. } => return Ok(Piece::Whole(self.scalar(properties, start))),
            _ if properties.anchor.is_some() || properties.tag.is_some() => {
                let mut node = empty(start);
                properties.apply_to(&mut node, self.dialect);
                return Ok(Piece::Whole(node));
            }
            _ => return Err(ParseError::ExpectedNode(self.mark().position())),
        };

        let tag = match kind {
            Kind::Mapping => Tag::Map,
            _ => Tag::Seq,
        };
        let mut node = Node {
            kind,
            tag,
            position: start.position(),
            ..Node::default()
        };
        node.style.form = form;
        properties.apply_to(&mut node, self.dialect);
        let head = match state {
            State::IndentlessSequence => String::new(),
            State::BlockKey | State::BlockSequence => std::mem::take(&mut self.pending.stem),
            // The comments at the start of a flow collection other than its head are lost.
            _ => self
                .take_comments()
                .map_or_else(String::new, |comments| comments.head),
        };
        if !head.is_empty() {
            node.comments = Some(Box::new(Comments {
                head,
                ..Comments::default()
            }));
        }
        if state != State::IndentlessSequence {
            self.take();
        }
        Ok(Piece::Start(Collection { node, state }))
    }

    fn scalar(&mut self, properties: Properties<'a>, start: Mark) -> Node {
        let comments = self.take_comments();
        let mut node = empty(start);
        if let Some(Body::Scalar { text, form }) = self.take().map(|token| token.body) {
            node.tag = match (form, &*text) {
                (Form::Any, "<<") => Tag::Merge,
                (Form::Any, text) => plain_tag(text, self.dialect),
                _ => Tag::Str,
            };
            node.style.form = form;
            node.value = text.into_owned();
        }
        node.comments = comments;
        properties.apply_to(&mut node, self.dialect);
        node
    }

    /// Makes the next token known and takes over the comments that belong at or before it.
    pub(super) fn peek(&mut self) -> Result<(), ParseError> {
        self.scanner.fill()?;
        let Some(token) = self.scanner.tokens.front() else {
            return Ok(());
        };
        let is_end = matches!(token.body, Body::BlockEnd);
        let ready = |owner| owner <= token.start.index;
        while let Some(comment) = self.scanner.comments.front()
            && ready(comment.owner)
        {
            if comment.place == Place::Head && is_end {
                // The end of a block has no head; what follows it takes the comment.
                break;
            }
            let pending = self.pending.comments.get_or_insert_default();
            let place = match comment.place {
                Place::Head => &mut pending.head,
                Place::Line => &mut pending.line,
                Place::Foot => &mut pending.foot,
            };
            if !place.is_empty() {
                place.push('\n');
            }
            place.push_str(&comment.text);
            self.scanner.comments.pop_front();
        }
        Ok(())
    }

    /// The kind of the next token.
    pub(super) fn body(&self) -> &Body<'a> {
        self.scanner
            .front()
            .map_or(&Body::StreamEnd, |token| &token.body)
    }

    /// Where the next token starts.
    pub(super) fn mark(&self) -> Mark {
        self.scanner
            .front()
            .map_or_else(Mark::default, |token| token.start)
    }

    /// Where the next token ends.
    pub(super) fn end(&self) -> Mark {
        self.scanner.front().map_or_else(Mark::default, Token::end)
    }

    pub(super) fn take(&mut self) -> Option<Token<'a>> {
        self.scanner.take()
    }

    /// Takes the comments that came up so far.
    pub(super) fn take_comments(&mut self) -> Option<Box<Comments>> {
        self.pending.stem.clear();
        let comments = self.pending.comments.take();
        comments.filter(|comments| **comments != Comments::default())
    }
}

/// The null that stands where nothing is written.
pub(super) fn empty(start: Mark) -> Node {
    Node {
        position: start.position(),
        ..Node::default()
    }
}
