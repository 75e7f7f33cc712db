//! Collections while they are read, and the foot comments that move between their parts.

use crate::node::{Comments, Form, Kind, Node};

/// A collection that is not closed yet.
pub(super) struct Collection {
    pub(super) node: Node,
    pub(super) state: State,
}

/// What comes next in a collection.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum State {
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

impl Collection {
    /// Adds an item, a key or a value. A foot comment in a mapping belongs to a key: to the one of the pair, or, when
    /// the scanner found it before a key, to the one before.
    pub(super) fn add(&mut self, mut node: Node) {
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
    pub(super) fn close(self, comments: Option<Box<Comments>>) -> Node {
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
