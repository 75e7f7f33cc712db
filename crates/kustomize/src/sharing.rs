//! Scalars that are one and the same in the real program.
//!
//! When kustomize adds a label or an annotation to several places of an object, all of them hold the same `yaml.Node`
//! (api: filters/filtersutil/setters.go). Whatever changes one of them afterwards (another label transformer, a patch, a
//! replacement) changes them all: a label that only the metadata should get reaches the selector too. Users see this in
//! their output, so the tree has to remember which nodes are one.
//!
//! A node that was made has line 0; its column says which nodes it is one with, 0 for none. A node that was written to
//! carries a mark until [`settle`] has told the others. One more column, [`UNTYPED`], says something else
//! that the real program's nodes know and these do not.

use goyaml::{Node, Position, Style};

/// The line of a shared node that was written to since the last [`settle`].
const WRITTEN: u32 = u32::MAX;

/// The position of a scalar that was made without a type of its own: what it is depends on its text, also after that has
/// changed (a `yaml.Node` without a tag).
pub const UNTYPED: Position = Position {
    line: 0,
    column: u32::MAX,
};

/// What nodes that are one have in common.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Share(u32);

impl Share {
    /// A mark that no node of the tree has.
    pub fn unused_in(root: &Node) -> Self {
        let mut last = 0;
        visit(root, &mut |node| {
            if let Some(Self(share)) = share_of(node) {
                last = last.max(share);
            }
        });
        Self(last.saturating_add(1))
    }

    /// The mark after this one.
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// Gives all nodes of this mark a style.
    pub fn restyle(self, root: &mut Node, style: Style) {
        visit_mut(root, &mut |node| {
            if share_of(node) == Some(self) {
                node.style = style;
            }
        });
    }

    /// Makes a node one with all others of this mark.
    pub const fn mark(self, node: &mut Node) {
        node.position = Position {
            line: 0,
            column: self.0,
        };
    }
}

/// Puts a value in the place of a node, for all that are one with it too, once [`settle`] is called.
pub fn assign(present: &mut Node, mut value: Node) {
    if let Some(Share(share)) = share_of(present) {
        value.position = Position {
            line: WRITTEN,
            column: share,
        };
    }
    *present = value;
}

/// Notes that a node was changed in place.
pub const fn touch(node: &mut Node) {
    if share_of(node).is_some() {
        node.position.line = WRITTEN;
    }
}

/// Whether the build made a node, which then stood in no file.
pub const fn is_made(node: &Node) -> bool {
    matches!(node.position.line, 0 | WRITTEN)
}

/// Whether a node, or one right below it, waits for [`settle`].
pub fn is_written(node: &Node) -> bool {
    node.position.line == WRITTEN
        || node
            .content
            .iter()
            .any(|child| child.position.line == WRITTEN)
}

/// Brings what was written to shared nodes to all nodes that are one with them.
pub fn settle(root: &mut Node) {
    let mut written: Vec<Node> = Vec::new();
    visit(root, &mut |node| {
        if node.position.line == WRITTEN {
            written.push(node.clone());
        }
    });
    if written.is_empty() {
        return;
    }
    for node in &mut written {
        node.position.line = 0;
    }
    visit_mut(root, &mut |node| {
        let Some(share) = share_of(node) else {
            return;
        };
        let newest = written
            .iter()
            .rev()
            .find(|other| share_of(other) == Some(share));
        if let Some(newest) = newest {
            node.clone_from(newest);
        }
    });
}

/// Makes every node one of its own, as reading an object anew does.
pub fn separate(root: &mut Node) {
    visit_mut(root, &mut |node| {
        if share_of(node).is_some() {
            node.position = Position::default();
        }
    });
}

const fn share_of(node: &Node) -> Option<Share> {
    match node.position {
        UNTYPED => None,
        Position {
            line: 0 | WRITTEN,
            column: share @ 1..,
        } => Some(Share(share)),
        Position { .. } => None,
    }
}

fn visit(root: &Node, see: &mut impl FnMut(&Node)) {
    let mut rest = vec![root];
    while let Some(node) = rest.pop() {
        see(node);
        rest.extend(node.content.iter().rev());
    }
}

fn visit_mut(root: &mut Node, see: &mut impl FnMut(&mut Node)) {
    let mut rest = vec![root];
    while let Some(node) = rest.pop() {
        see(node);
        rest.extend(node.content.iter_mut().rev());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_to_one_is_written_to_all() {
        let mut root = goyaml::parse(b"a: 1\nb: 1\nc: 1\n").unwrap().remove(0).root;
        let share = Share::unused_in(&root);
        for key in ["a", "b"] {
            share.mark(root.get_mut(key).unwrap());
        }
        assert_ne!(Share::unused_in(&root), share);
        assign(root.get_mut("b").unwrap(), Node::string("x"));
        settle(&mut root);
        let values: Vec<&str> = root.entries().map(|(_, value)| &*value.value).collect();
        assert_eq!(values, ["x", "x", "1"]);

        separate(&mut root);
        assign(root.get_mut("a").unwrap(), Node::string("y"));
        settle(&mut root);
        assert_eq!(root.get("b").unwrap().value, "x");
    }
}
