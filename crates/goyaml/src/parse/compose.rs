//! Tokens to nodes.
//!
//! The grammar is that of libyaml, with go-yaml's rules for which node takes which comment (parserc.go, decode.go).
//! Open collections are kept on a stack of their own, so that deep nesting needs no deep recursion.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::cursor::Mark;
use super::error::ParseError;
use super::scanner::Scanner;
use super::source::Source;
use super::token::{Body, Token};
use super::{Limits, comment::Place};
use crate::node::{Comments, Document, Form, Kind, Node, Style, Tag};
use crate::resolve::{Dialect, plain_tag};

/// The prefix of the tags that YAML itself defines.
const YAML_TAGS: &str = "tag:yaml.org,2002:";

/// Builds documents from tokens.
#[derive(Debug)]
pub(super) struct Composer<'a> {
    scanner: Scanner<'a>,
    depth: usize,
    dialect: Dialect,
    /// Comments that came up and belong to the next node that takes any.
    pending: Pending,
    /// The collections around the place that is read, outermost first.
    open: Vec<Collection>,
    /// The anchors defined so far.
    anchors: HashSet<&'a str>,
    /// The `%TAG` handles of the document and what they stand for.
    handles: HashMap<&'a str, Cow<'a, str>>,
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
#[derive(Debug, Default)]
struct Pending {
    /// Absent if there are none, as most of the time.
    comments: Option<Box<Comments>>,
    /// The head of a collection that is itself an item of a sequence.
    stem: String,
}

/// A collection that is not closed yet.
#[derive(Debug)]
struct Collection {
    node: Node,
    state: State,
}

/// What comes next in a collection.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    BlockKey,
    BlockSequence,
    BlockValue,
    FlowFirstItem,
    FlowFirstKey,
    FlowItem,
    FlowKey,
    /// A key stood in a flow mapping without `?` or `:`.
    FlowNoValue,
    FlowValue,
    /// A sequence in a mapping, indented no deeper than the keys.
    IndentlessSequence,
    /// A mapping of one pair in a flow sequence is complete.
    PairEnd,
    PairKey,
    PairValue,
}

/// Where a node stands, which decides what can stand there.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Site {
    Block,
    BlockOrIndentless,
    Flow,
}

/// What was read at the place of a node.
#[derive(Debug)]
enum Piece {
    /// A node with all it holds.
    Whole(Node),
    /// The start of a collection.
    Start(Collection),
}

/// What can stand before a node.
#[derive(Debug, Default)]
struct Properties<'a> {
    anchor: Option<&'a str>,
    tag: Option<Cow<'a, str>>,
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

    fn block_entry(&mut self, state: State) -> Result<Piece, ParseError> {
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
        let head_length = |pending: &Pending| {
            pending
                .comments
                .as_ref()
                .map_or(0, |comments| comments.head.len())
        };
        let before = head_length(&self.pending);
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

    fn block_key(&mut self) -> Result<Piece, ParseError> {
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

    fn block_value(&mut self) -> Result<Piece, ParseError> {
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

    fn flow_item(&mut self, state: State) -> Result<Piece, ParseError> {
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
                    let mut node = collection(Kind::Mapping, Tag::Map, self.mark());
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

    fn pair_key(&mut self) -> Result<Piece, ParseError> {
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

    fn flow_key(&mut self, state: State) -> Result<Piece, ParseError> {
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
    fn flow_value(&mut self, next: State) -> Result<Piece, ParseError> {
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

    /// Sets what comes next in the innermost collection.
    fn enter(&mut self, state: State) {
        if let Some(collection) = self.open.last_mut() {
            collection.state = state;
        }
    }

    /// Closes the innermost collection with the comments at its end.
    fn close(&mut self, comments: Option<Box<Comments>>) -> Result<Piece, ParseError> {
        match self.open.pop() {
            Some(collection) => Ok(Piece::Whole(collection.close(comments))),
            None => Err(ParseError::ExpectedNode(self.mark().position())),
        }
    }

    /// Reads a node, as far as it goes without looking into a collection.
    fn node(&mut self, site: Site) -> Result<Piece, ParseError> {
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
        let mut node = collection(kind, tag, start);
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

    /// Reads the anchor and the tag before a node, in any order.
    fn properties(&mut self, start: Mark) -> Result<Properties<'a>, ParseError> {
        let mut properties = Properties::default();
        loop {
            match self.body() {
                Body::Anchor(name) if properties.anchor.is_none() => {
                    properties.anchor = Some(*name);
                    self.take();
                }
                Body::Tag { .. } if properties.tag.is_none() => {
                    if let Some(Body::Tag { handle, suffix }) = self.take().map(|token| token.body)
                    {
                        let tag = self.expand_tag(handle, suffix);
                        properties.tag =
                            Some(tag.ok_or_else(|| ParseError::TagHandle(start.position()))?);
                    }
                }
                _ => return Ok(properties),
            }
            self.peek()?;
        }
    }

    fn expand_tag(&self, handle: &'a str, suffix: Cow<'a, str>) -> Option<Cow<'a, str>> {
        if handle.is_empty() {
            return Some(suffix);
        }
        let prefix = match (self.handles.get(handle), handle) {
            (Some(prefix), _) => prefix,
            (None, "!") => "!",
            (None, "!!") => YAML_TAGS,
            (None, _) => return None,
        };
        Some(Cow::Owned([prefix, &*suffix].concat()))
    }

    /// Makes the next token known and takes over the comments that belong at or before it.
    fn peek(&mut self) -> Result<(), ParseError> {
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
    fn body(&self) -> &Body<'a> {
        self.scanner
            .front()
            .map_or(&Body::StreamEnd, |token| &token.body)
    }

    /// Where the next token starts.
    fn mark(&self) -> Mark {
        self.scanner
            .front()
            .map_or_else(Mark::default, |token| token.start)
    }

    /// Where the next token ends.
    fn end(&self) -> Mark {
        self.scanner.front().map_or_else(Mark::default, Token::end)
    }

    fn take(&mut self) -> Option<Token<'a>> {
        self.scanner.take()
    }

    /// Takes the comments that came up so far.
    fn take_comments(&mut self) -> Option<Box<Comments>> {
        self.pending.stem.clear();
        let comments = self.pending.comments.take();
        comments.filter(|comments| **comments != Comments::default())
    }
}

impl Collection {
    /// Adds an item, a key or a value. A foot comment in a mapping belongs to a key: to the one of the pair, or, when
    /// the scanner found it before a key, to the one before.
    fn add(&mut self, mut node: Node) {
        let content = &mut self.node.content;
        let before = content.len();
        if self.node.kind == Kind::Mapping {
            if before.is_multiple_of(2) {
                if self.node.style.form != Form::Flow
                    && before >= 2
                    && let Some(foot) = take_foot(&mut node)
                {
                    set_foot(&mut content[before - 2], foot);
                }
            } else if !has_foot(&content[before - 1])
                && let Some(foot) = take_foot(&mut node)
            {
                set_foot(&mut content[before - 1], foot);
            }
        }
        content.push(node);
    }

    /// Finishes the collection. The comments at the end of a block mapping are the foot of its last key.
    fn close(self, comments: Option<Box<Comments>>) -> Node {
        let mut node = self.node;
        let Some(comments) = comments else {
            return node;
        };
        let Comments { line, mut foot, .. } = *comments;
        let is_block = node.style.form != Form::Flow;
        if node.kind == Kind::Mapping
            && is_block
            && !foot.is_empty()
            && let [.., key, _] = node.content.as_mut_slice()
        {
            set_foot(key, std::mem::take(&mut foot));
        }
        if !line.is_empty() || !foot.is_empty() {
            let own = node.comments.get_or_insert_default();
            own.line = line;
            own.foot = foot;
        }
        node
    }
}

impl Properties<'_> {
    /// Gives a node its anchor, and the tag in place of the one that its text implies.
    fn apply_to(self, node: &mut Node, dialect: Dialect) {
        node.anchor = self.anchor.map(Box::from);
        match self.tag.as_deref() {
            // To v3 this is no tag at all, to v2 it is one that makes a string (go-yaml v2: decode.go).
            Some("!") if dialect == Dialect::GoYaml2 && node.kind == Kind::Scalar => {
                node.tag = Tag::Str;
            }
            None | Some("!") => {}
            Some(tag) => {
                node.tag = short_tag(tag);
                node.style.tagged = true;
            }
        }
    }
}

/// A tag as it is written in full, in its short form.
fn short_tag(tag: &str) -> Tag {
    let name = tag.strip_prefix(YAML_TAGS);
    match name.or_else(|| tag.strip_prefix("!!")) {
        Some("binary") => Tag::Binary,
        Some("bool") => Tag::Bool,
        Some("float") => Tag::Float,
        Some("int") => Tag::Int,
        Some("map") => Tag::Map,
        Some("merge") => Tag::Merge,
        Some("null") => Tag::Null,
        Some("seq") => Tag::Seq,
        Some("str") => Tag::Str,
        Some("timestamp") => Tag::Timestamp,
        _ => Tag::Custom(match name {
            Some(name) => ["!!", name].concat().into(),
            None => tag.into(),
        }),
    }
}

fn collection(kind: Kind, tag: Tag, start: Mark) -> Node {
    Node {
        kind,
        tag,
        style: Style::default(),
        position: start.position(),
        ..Node::default()
    }
}

/// The null that stands where nothing is written.
fn empty(start: Mark) -> Node {
    Node {
        position: start.position(),
        ..Node::default()
    }
}

fn has_foot(node: &Node) -> bool {
    node.comments
        .as_ref()
        .is_some_and(|comments| !comments.foot.is_empty())
}

fn take_foot(node: &mut Node) -> Option<String> {
    let comments = node.comments.as_mut()?;
    let foot = std::mem::take(&mut comments.foot);
    if **comments == Comments::default() {
        node.comments = None;
    }
    Some(foot).filter(|foot| !foot.is_empty())
}

fn set_foot(node: &mut Node, foot: String) {
    node.comments.get_or_insert_default().foot = foot;
}
