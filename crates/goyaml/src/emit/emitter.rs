//! The state machine (go-yaml: emitterc.go).

use super::{
    Lossy, SequenceIndent,
    analysis::{Analysis, Style},
    event::{Around, Event, Scalar, Start},
    rules::{Nesting, Rules},
    text::tag_length,
};

/// What is expected next.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    DocumentStart { first: bool },
    DocumentContent,
    DocumentEnd,
    FlowSequence(Item),
    FlowMappingKey(Item),
    FlowMappingValue { simple: bool },
    BlockSequence { first: bool },
    BlockMappingKey { first: bool },
    BlockMappingValue { simple: bool },
}

/// Which item of a flow collection is expected.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Item {
    First,
    /// One whose comma was already written, before the comment of the item in front of it.
    AfterComment,
    Next,
}

/// Turns events into text.
pub(super) struct Emitter<'c> {
    pub(super) out: String,
    pub(super) rules: Rules,
    state: State,
    states: Vec<State>,
    pub(super) indent: i32,
    indents: Vec<i32>,
    /// How many flow collections are open.
    pub(super) flow_level: usize,
    /// Whether the node is a key or value of a mapping.
    mapping_context: bool,
    /// Whether the node is a key without `?`.
    pub(super) simple_key_context: bool,
    pub(super) column: i32,
    /// Whether the last character was a blank, or an indicator that needs none after it.
    pub(super) whitespace: bool,
    /// Whether the line has only indentation and `-`, `?`, `:` so far.
    pub(super) indention: bool,
    /// The indentation of a foot comment just written: a blank line must follow it.
    pub(super) foot_indent: i32,
    pub(super) comments: Pending<'c>,
}

/// Comments that wait for their place.
#[derive(Default)]
pub(super) struct Pending<'c> {
    pub(super) head: &'c str,
    pub(super) line: &'c str,
    pub(super) foot: &'c str,
    pub(super) tail: &'c str,
    key_line: &'c str,
}

impl Pending<'_> {
    fn after_item(&self) -> bool {
        !(self.line.is_empty() && self.foot.is_empty() && self.tail.is_empty())
    }

    fn before_end(&self) -> bool {
        !(self.head.is_empty() && self.foot.is_empty() && self.tail.is_empty())
    }
}

impl<'c> Emitter<'c> {
    pub(super) fn new(rules: Rules) -> Self {
        Self {
            out: String::new(),
            rules,
            state: State::DocumentStart { first: true },
            states: Vec::new(),
            indent: -1,
            indents: Vec::new(),
            flow_level: 0,
            mapping_context: false,
            simple_key_context: false,
            column: 0,
            whitespace: true,
            indention: true,
            foot_indent: -1,
            comments: Pending::default(),
        }
    }

    pub(super) fn finish(self) -> String {
        self.out
    }

    pub(super) fn emit(&mut self, event: Event<'_, 'c>) {
        self.remember_comments(&event);
        match self.state {
            State::DocumentStart { first } => self.document_start(first),
            State::DocumentContent => self.document_content(&event),
            State::DocumentEnd => self.document_end(),
            State::FlowSequence(item) => self.flow_sequence_item(&event, item),
            State::FlowMappingKey(item) => self.flow_mapping_key(&event, item),
            State::FlowMappingValue { simple } => self.flow_mapping_value(&event, simple),
            State::BlockSequence { first } => self.block_sequence_item(&event, first),
            State::BlockMappingKey { first } => self.block_mapping_key(&event, first),
            State::BlockMappingValue { simple } => self.block_mapping_value(&event, simple),
        }
    }

    fn remember_comments(&mut self, event: &Event<'_, 'c>) {
        let around = match *event {
            Event::DocumentStart { head } => Around {
                head,
                ..Around::default()
            },
            Event::DocumentEnd { foot } => Around {
                foot,
                ..Around::default()
            },
            Event::Alias { comments, .. } | Event::Scalar(Scalar { comments, .. }) => comments,
            Event::SequenceStart(Start { head, tail, .. })
            | Event::MappingStart(Start { head, tail, .. }) => Around {
                head,
                tail,
                ..Around::default()
            },
            Event::SequenceEnd { line, foot } => Around {
                line,
                foot,
                ..Around::default()
            },
            Event::MappingEnd { tail, line, foot } => Around {
                line,
                foot,
                tail,
                ..Around::default()
            },
        };
        let keep = |pending: &mut &'c str, comment: &'c str| {
            if !comment.is_empty() {
                *pending = comment;
            }
        };
        keep(&mut self.comments.head, around.head);
        keep(&mut self.comments.line, around.line);
        keep(&mut self.comments.foot, around.foot);
        keep(&mut self.comments.tail, around.tail);
    }

    fn document_start(&mut self, first: bool) {
        if !first {
            self.write_indent();
            self.indicator("---", true, false, false);
            self.write_indent();
        }
        if !self.comments.head.is_empty() {
            self.head_comment();
            self.put_break();
        }
        self.state = State::DocumentContent;
    }

    fn document_content(&mut self, event: &Event<'_, 'c>) {
        self.states.push(State::DocumentEnd);
        self.head_comment();
        self.node(event, false, false);
        self.line_comment();
        self.foot_comment();
    }

    fn document_end(&mut self) {
        // The comment at the foot of a document always has a blank line before it.
        self.foot_indent = 0;
        self.foot_comment();
        self.foot_indent = -1;
        self.write_indent();
        self.state = State::DocumentStart { first: false };
    }

    fn flow_sequence_item(&mut self, event: &Event<'_, 'c>, item: Item) {
        if item == Item::First {
            self.indicator("[", true, true, false);
            self.increase_indent(true, false);
            self.flow_level += 1;
        }
        if let Event::SequenceEnd { .. } = event {
            self.flow_level -= 1;
            self.decrease_indent();
            if self.column == 0 {
                self.write_indent();
            }
            self.indicator("]", false, false, false);
            self.line_comment();
            self.foot_comment();
            self.pop_state();
            return;
        }
        self.before_flow_item(item);
        let next = if self.comments.after_item() {
            Item::AfterComment
        } else {
            Item::Next
        };
        self.states.push(State::FlowSequence(next));
        self.node(event, false, false);
        self.after_flow_item();
    }

    fn flow_mapping_key(&mut self, event: &Event<'_, 'c>, item: Item) {
        if item == Item::First {
            self.indicator("{", true, true, false);
            self.increase_indent(true, false);
            self.flow_level += 1;
        }
        if let Event::MappingEnd { .. } = event {
            if self.comments.before_end() && item == Item::Next {
                self.indicator(",", false, false, false);
            }
            self.head_comment();
            self.flow_level -= 1;
            self.decrease_indent();
            self.indicator("}", false, false, false);
            self.line_comment();
            self.foot_comment();
            self.pop_state();
            return;
        }
        self.before_flow_item(item);
        let simple = self.is_simple_key(event);
        if !simple {
            self.indicator("?", true, false, false);
        }
        self.states.push(State::FlowMappingValue { simple });
        self.node(event, true, simple);
    }

    fn flow_mapping_value(&mut self, event: &Event<'_, 'c>, simple: bool) {
        if simple {
            self.indicator(":", false, false, false);
        } else {
            if self.column > self.rules.width {
                self.write_indent();
            }
            self.indicator(":", true, false, false);
        }
        let next = if self.comments.after_item() {
            Item::AfterComment
        } else {
            Item::Next
        };
        self.states.push(State::FlowMappingKey(next));
        self.node(event, true, false);
        self.after_flow_item();
    }

    fn before_flow_item(&mut self, item: Item) {
        if item == Item::Next {
            self.indicator(",", false, false, false);
        }
        self.head_comment();
        if self.column == 0 {
            self.write_indent();
        }
        if self.column > self.rules.width {
            self.write_indent();
        }
    }

    fn after_flow_item(&mut self) {
        if self.comments.after_item() {
            self.indicator(",", false, false, false);
        }
        self.line_comment();
        self.foot_comment();
    }

    fn block_sequence_item(&mut self, event: &Event<'_, 'c>, first: bool) {
        if first {
            match self.rules.nesting {
                Nesting::GoYaml2 => {
                    if self.mapping_context && !self.indention {
                        self.indents.push(self.indent);
                    } else {
                        self.increase_indent(false, false);
                    }
                }
                Nesting::GoYaml3(sequences) => {
                    let compact = sequences == SequenceIndent::Compact
                        && self.mapping_context
                        && (self.column == 0 || !self.indention);
                    self.increase_indent(false, compact);
                }
            }
        }
        if let Event::SequenceEnd { .. } = event {
            self.decrease_indent();
            self.pop_state();
            return;
        }
        self.head_comment();
        self.write_indent();
        self.indicator("-", true, false, true);
        self.states.push(State::BlockSequence { first: false });
        self.node(event, false, false);
        self.line_comment();
        self.foot_comment();
    }

    fn block_mapping_key(&mut self, event: &Event<'_, 'c>, first: bool) {
        if first {
            self.increase_indent(false, false);
        }
        self.head_comment();
        if let Event::MappingEnd { .. } = event {
            self.decrease_indent();
            self.pop_state();
            return;
        }
        self.write_indent();
        if !self.comments.line.is_empty() {
            // The comment at the end of a key's line is written behind the value.
            self.comments.key_line = std::mem::take(&mut self.comments.line);
        }
        let simple = self.is_simple_key(event);
        if !simple {
            self.indicator("?", true, false, true);
        }
        self.states.push(State::BlockMappingValue { simple });
        self.node(event, true, simple);
    }

    fn block_mapping_value(&mut self, event: &Event<'_, 'c>, simple: bool) {
        if simple {
            self.indicator(":", false, false, false);
        } else {
            self.write_indent();
            self.indicator(":", true, false, true);
        }
        if !self.comments.key_line.is_empty() {
            match event {
                // A value that has a comment itself wins over its key.
                Event::Scalar(_) if self.comments.line.is_empty() => {
                    self.comments.line = std::mem::take(&mut self.comments.key_line);
                }
                Event::SequenceStart(start) | Event::MappingStart(start) if !start.flow => {
                    // An indented block follows, so the comment's place is here.
                    std::mem::swap(&mut self.comments.line, &mut self.comments.key_line);
                    self.line_comment();
                    std::mem::swap(&mut self.comments.line, &mut self.comments.key_line);
                }
                _ => {}
            }
        }
        self.states.push(State::BlockMappingKey { first: false });
        self.node(event, true, false);
        self.line_comment();
        self.foot_comment();
    }

    fn node(&mut self, event: &Event<'_, 'c>, mapping: bool, simple_key: bool) {
        self.mapping_context = mapping;
        self.simple_key_context = simple_key;
        match event {
            Event::Alias { name, .. } => {
                self.anchor("*", name);
                self.pop_state();
            }
            Event::Scalar(scalar) => {
                let analysis = Analysis::of(scalar.value, self.rules.tabs_in_blocks);
                let style = self.scalar_style(scalar, &analysis);
                self.properties(scalar.anchor, scalar.tag);
                self.increase_indent(true, false);
                self.scalar(scalar.value, style, &analysis);
                self.decrease_indent();
                self.pop_state();
            }
            Event::SequenceStart(start) => {
                self.properties(start.anchor, start.tag);
                self.state = if self.flow_level > 0 || start.flow || start.empty {
                    State::FlowSequence(Item::First)
                } else {
                    State::BlockSequence { first: true }
                };
            }
            Event::MappingStart(start) => {
                self.properties(start.anchor, start.tag);
                self.state = if self.flow_level > 0 || start.flow || start.empty {
                    State::FlowMappingKey(Item::First)
                } else {
                    State::BlockMappingKey { first: true }
                };
            }
            Event::DocumentStart { .. }
            | Event::DocumentEnd { .. }
            | Event::SequenceEnd { .. }
            | Event::MappingEnd { .. } => {}
        }
    }

    fn is_simple_key(&self, event: &Event<'_, 'c>) -> bool {
        /// Longer keys get a `?`.
        const LONGEST: usize = 128;
        let length = match event {
            Event::Alias { name, .. } => name.len(),
            Event::Scalar(scalar) => {
                if Analysis::is_multiline(scalar.value) {
                    return false;
                }
                scalar.anchor.len() + tag_length(scalar.tag) + scalar.value.len()
            }
            Event::SequenceStart(start) | Event::MappingStart(start) if start.empty => {
                start.anchor.len() + tag_length(start.tag)
            }
            _ => return false,
        };
        length <= LONGEST
    }

    fn pop_state(&mut self) {
        // Every node was entered with a state to return to.
        self.state = self.states.pop().unwrap_or(State::DocumentEnd);
    }

    fn increase_indent(&mut self, flow: bool, compact: bool) {
        self.indents.push(self.indent);
        let step = self.rules.indent;
        if self.indent < 0 {
            self.indent = if flow { step } else { 0 };
            return;
        }
        match self.rules.nesting {
            Nesting::GoYaml2 => self.indent += step,
            Nesting::GoYaml3(_) => {
                if self.states.last() == Some(&State::BlockSequence { first: false }) {
                    // The first indent inside a list only skips the dash.
                    self.indent += 2;
                } else {
                    self.indent = step * ((self.indent + step) / step);
                    if compact {
                        self.indent -= 2;
                    }
                }
            }
        }
    }

    fn decrease_indent(&mut self) {
        self.indent = self.indents.pop().unwrap_or(-1);
    }

    fn scalar_style(&self, scalar: &Scalar<'_, '_>, analysis: &Analysis) -> Style {
        let style = analysis.style(scalar.form, self.flow_level > 0, self.simple_key_context);
        match self.rules.lossy {
            Lossy::Keep => style,
            Lossy::Mend => analysis.mended(style),
        }
    }

    /// By how much the text of a block scalar is indented against the collection that it is in.
    pub(super) fn block_indent(&self) -> i32 {
        self.indent - self.indents.last().copied().unwrap_or(0).max(0)
    }
}
