//! Aliases: which node each stands for, and copies in their place.
//!
//! A name means the node that had it last, in the order of the text. A node may not contain an alias of itself, and
//! the copies may not be out of proportion to the text (go-yaml: decode.go), nor more than a limit.

use std::collections::HashMap;

use thiserror::Error;

use crate::{
    node::{Document, Kind, Node, Position},
    parse::Limits,
};

/// Why aliases could not be replaced. Each variant holds the place of the alias.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum AliasError {
    /// The node that the alias stands for contains the alias.
    #[error("line {}, column {}: an anchor's value contains itself", .0.line, .0.column)]
    ContainsItself(Position),
    /// So much of the content would come from aliases that the text is taken for an attack.
    #[error("line {}, column {}: the document contains excessive aliasing", .0.line, .0.column)]
    Excessive(Position),
    /// With the copies, the document would be nested too deeply.
    #[error("line {}, column {}: an alias nests the document too deeply", .0.line, .0.column)]
    TooDeep(Position),
    /// No node before the alias has that anchor.
    #[error("line {}, column {}: an alias refers to an unknown anchor", .0.line, .0.column)]
    UnknownAnchor(Position),
}

impl AliasError {
    /// Where the alias is.
    pub fn position(&self) -> Position {
        match self {
            Self::ContainsItself(position)
            | Self::Excessive(position)
            | Self::TooDeep(position)
            | Self::UnknownAnchor(position) => *position,
        }
    }

    /// A stable name for the kind of error.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::ContainsItself(_) => "alias-contains-itself",
            Self::Excessive(_) => "alias-excessive",
            Self::TooDeep(_) => "alias-too-deep",
            Self::UnknownAnchor(_) => "alias-unknown-anchor",
        }
    }
}

impl Document {
    /// Puts a copy of the anchored node in the place of each alias, and removes all anchors.
    ///
    /// A copy of a scalar has the comments of the alias, a copy of a collection keeps its own.
    ///
    /// # Errors
    ///
    /// See [`AliasError`]. The document is empty afterwards.
    pub fn expand_aliases(&mut self, limits: &Limits) -> Result<(), AliasError> {
        replace(std::slice::from_mut(self), limits, Place::Node)
    }

    /// Puts a copy of the anchored node *into* each alias, as its only [`content`](Node::content), and removes all
    /// anchors. Thus the comments of both can be told apart.
    ///
    /// # Errors
    ///
    /// See [`AliasError`]. The document is empty afterwards.
    pub fn fill_aliases(&mut self, limits: &Limits) -> Result<(), AliasError> {
        replace(std::slice::from_mut(self), limits, Place::Content)
    }
}

/// Does [`Document::expand_aliases`] for the documents of a stream, where an alias can stand for a node of an earlier
/// document.
///
/// # Errors
///
/// See [`AliasError`]. The documents are empty afterwards.
pub fn expand_aliases(documents: &mut [Document], limits: &Limits) -> Result<(), AliasError> {
    replace(documents, limits, Place::Node)
}

/// Does [`Document::fill_aliases`] for the documents of a stream, where an alias can stand for a node of an earlier
/// document.
///
/// # Errors
///
/// See [`AliasError`]. The documents are empty afterwards.
pub fn fill_aliases(documents: &mut [Document], limits: &Limits) -> Result<(), AliasError> {
    replace(documents, limits, Place::Content)
}

/// Where the copy goes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Place {
    Content,
    Node,
}

/// Where a node stands in the order of the text, over all documents.
type Number = usize;

/// What the aliases of a stream stand for.
#[derive(Debug, Default)]
struct Targets {
    /// For each alias, in the order of the text.
    of_aliases: Vec<Number>,
    /// How many aliases stand for a node.
    uses: HashMap<Number, usize>,
}

impl Targets {
    fn find(documents: &[Document]) -> Result<Self, AliasError> {
        let mut targets = Self::default();
        let mut names: HashMap<&str, Number> = HashMap::new();
        let mut number = 0;
        for document in documents {
            // The numbers of the nodes around the current one, and what is left to visit in them.
            let mut open: Vec<Number> = Vec::new();
            let mut rest = vec![std::slice::from_ref(&document.root).iter()];
            while let Some(siblings) = rest.last_mut() {
                let Some(node) = siblings.next() else {
                    rest.pop();
                    open.pop();
                    continue;
                };
                if let Some(anchor) = &node.anchor {
                    names.insert(anchor, number);
                }
                if node.kind == Kind::Alias {
                    let Some(&target) = names.get(node.value.as_str()) else {
                        return Err(AliasError::UnknownAnchor(node.position));
                    };
                    if open.binary_search(&target).is_ok() {
                        return Err(AliasError::ContainsItself(node.position));
                    }
                    targets.of_aliases.push(target);
                    *targets.uses.entry(target).or_default() += 1;
                } else if !node.content.is_empty() {
                    open.push(number);
                    rest.push(node.content.iter());
                }
                number += 1;
            }
        }
        Ok(targets)
    }
}

/// How large a node is.
#[derive(Clone, Copy, Debug)]
struct Size {
    /// Nodes in the tree.
    nodes: usize,
    /// Bytes of text in the tree.
    bytes: usize,
    /// Steps that go-yaml takes to decode the tree: one for each node and one for each alias.
    steps: usize,
    /// Levels of the tree.
    height: usize,
}

impl Size {
    /// The size of a node without what it contains.
    fn of(node: &Node) -> Self {
        let comments = node.comments.as_ref().map_or(0, |comments| {
            comments.head.len() + comments.line.len() + comments.foot.len()
        });
        Self {
            nodes: 1,
            bytes: node.value.len() + comments,
            steps: 1,
            height: 1,
        }
    }

    fn add_child(&mut self, child: Self) {
        self.nodes += child.nodes;
        self.bytes += child.bytes;
        self.steps += child.steps;
        self.height = self.height.max(child.height + 1);
    }
}

/// A node with all it contains, free of aliases.
#[derive(Debug)]
struct Finished {
    number: Number,
    node: Node,
    size: Size,
}

/// A collection whose content is not finished.
#[derive(Debug)]
struct Open {
    number: Number,
    /// The collection, with the part of its content that is finished.
    node: Node,
    rest: std::vec::IntoIter<Node>,
    size: Size,
}

/// A finished node that aliases stand for.
#[derive(Debug)]
struct Original {
    node: Node,
    size: Size,
    /// Aliases still to come.
    uses: usize,
}

/// Replaces the aliases of a stream.
#[derive(Debug)]
struct Replacement<'a> {
    limits: &'a Limits,
    place: Place,
    targets: Targets,
    next_alias: usize,
    next_number: Number,
    originals: HashMap<Number, Original>,
    /// What was copied so far, in the whole stream.
    copied_nodes: usize,
    copied_bytes: usize,
    /// go-yaml's count of steps in the current document, all of them and those behind aliases.
    steps: usize,
    alias_steps: usize,
}

fn replace(documents: &mut [Document], limits: &Limits, place: Place) -> Result<(), AliasError> {
    let result = Targets::find(documents).and_then(|targets| {
        let mut replacement = Replacement {
            limits,
            place,
            targets,
            next_alias: 0,
            next_number: 0,
            originals: HashMap::new(),
            copied_nodes: 0,
            copied_bytes: 0,
            steps: 0,
            alias_steps: 0,
        };
        documents.iter_mut().try_for_each(|document| {
            let root = std::mem::take(&mut document.root);
            document.root = replacement.document(root)?;
            Ok(())
        })
    });
    if result.is_err() {
        documents.fill_with(Document::default);
    }
    result
}

impl Replacement<'_> {
    fn document(&mut self, root: Node) -> Result<Node, AliasError> {
        self.steps = 1;
        self.alias_steps = 0;
        let mut open = Vec::new();
        let mut node = root;
        loop {
            let mut finished = self.enter(node, &mut open)?;
            node = loop {
                if let Some(done) = finished {
                    self.keep_original(&done)?;
                    match open.last_mut() {
                        Some(parent) => parent.add(done),
                        None => return Ok(done.node),
                    }
                }
                match open.last_mut().and_then(|parent| parent.rest.next()) {
                    Some(child) => break child,
                    None => finished = open.pop().map(Open::finish),
                }
            };
        }
    }

    /// Takes up a node: gives it back if it is finished, else opens it.
    fn enter(&mut self, node: Node, open: &mut Vec<Open>) -> Result<Option<Finished>, AliasError> {
        let number = self.next_number;
        self.next_number += 1;
        self.steps += 1;
        let position = node.position;
        let entered = if node.kind == Kind::Alias {
            Some(self.copy(number, node, open.len())?)
        } else {
            let mut node = node;
            node.anchor = None;
            let size = Size::of(&node);
            if node.content.is_empty() {
                Some(Finished { number, node, size })
            } else {
                let parts = Vec::with_capacity(node.content.len());
                let rest = std::mem::replace(&mut node.content, parts).into_iter();
                open.push(Open {
                    number,
                    node,
                    rest,
                    size,
                });
                None
            }
        };
        if self.is_out_of_proportion() {
            return Err(AliasError::Excessive(position));
        }
        Ok(entered)
    }

    /// Makes what stands in the place of an alias.
    fn copy(&mut self, number: Number, alias: Node, depth: usize) -> Result<Finished, AliasError> {
        let position = alias.position;
        let target = self.targets.of_aliases.get(self.next_alias).copied();
        self.next_alias += 1;
        let Some((target, mut original)) =
            target.and_then(|target| self.originals.remove_entry(&target))
        else {
            return Err(AliasError::UnknownAnchor(position));
        };
        let mut size = original.size;
        original.uses -= 1;
        let mut node = if original.uses > 0 {
            self.charge(size, position)?;
            let node = original.node.clone();
            self.originals.insert(target, original);
            node
        } else {
            original.node
        };
        self.steps += size.steps;
        self.alias_steps += size.steps;
        match self.place {
            Place::Node => {
                if node.kind == Kind::Scalar {
                    node.comments = alias.comments;
                }
                size.steps += 1;
            }
            Place::Content => {
                let mut alias = alias;
                let mut around = Size::of(&alias);
                around.add_child(size);
                alias.content = vec![node];
                (node, size) = (alias, around);
            }
        }
        if depth + size.height > self.limits.depth {
            return Err(AliasError::TooDeep(position));
        }
        Ok(Finished { number, node, size })
    }

    /// Keeps a node for the aliases that stand for it.
    fn keep_original(&mut self, done: &Finished) -> Result<(), AliasError> {
        let Some(&uses) = self.targets.uses.get(&done.number) else {
            return Ok(());
        };
        self.charge(done.size, done.node.position)?;
        let original = Original {
            node: done.node.clone(),
            size: done.size,
            uses,
        };
        self.originals.insert(done.number, original);
        Ok(())
    }

    /// Counts a copy before it is made.
    fn charge(&mut self, size: Size, position: Position) -> Result<(), AliasError> {
        self.copied_nodes += size.nodes;
        self.copied_bytes += size.bytes;
        if self.copied_nodes > self.limits.expansion || self.copied_bytes > self.limits.size {
            return Err(AliasError::Excessive(position));
        }
        Ok(())
    }

    /// Whether more of the document comes from aliases than go-yaml allows (decode.go): nearly everything in a small
    /// one, a tenth in a very large one.
    fn is_out_of_proportion(&self) -> bool {
        const LOW: f64 = 400_000.0;
        const HIGH: f64 = 4_000_000.0;
        let steps = self.steps as f64;
        let largeness = ((steps - LOW) / (HIGH - LOW)).clamp(0.0, 1.0);
        let allowed = 0.99 - 0.89 * largeness;
        self.alias_steps > 100 && self.steps > 1000 && self.alias_steps as f64 / steps > allowed
    }
}

impl Open {
    fn add(&mut self, child: Finished) {
        self.size.add_child(child.size);
        self.node.content.push(child.node);
    }

    fn finish(self) -> Finished {
        Finished {
            number: self.number,
            node: self.node,
            size: self.size,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::parse;

    fn expanded(text: &str) -> Result<Vec<Document>, AliasError> {
        let mut documents = parse(text.as_bytes()).unwrap();
        expand_aliases(&mut documents, &Limits::default())?;
        Ok(documents)
    }

    /// A node as flow text, aliases in angle brackets.
    fn shown(node: &Node) -> String {
        let content: Vec<String> = node.content.iter().map(shown).collect();
        match node.kind {
            Kind::Alias => format!("<{}>", content.concat()),
            Kind::Mapping => format!("{{{}}}", content.join(" ")),
            Kind::Scalar => node.value.clone(),
            Kind::Sequence => format!("[{}]", content.join(" ")),
        }
    }

    #[test]
    fn aliases_become_what_they_stand_for() {
        for (text, want) in [
            ("a: &x 1\nb: *x\n", "{a 1 b 1}"),
            ("- &x [1, &y 2]\n- *y\n- *x\n", "[[1 2] 2 [1 2]]"),
            ("- &x 1\n- &x 2\n- *x\n", "[1 2 2]"),
            ("- &x 1\n- *x\n- &x 2\n- *x\n- *x\n", "[1 1 2 2 2]"),
            ("- &x [&x 1, *x]\n- *x\n", "[[1 1] 1]"),
            ("&k key: 1\n*k : 2\n", "{key 1 key 2}"),
            (
                "- &a [1]\n- &b [*a, *a]\n- *b\n",
                "[[1] [[1] [1]] [[1] [1]]]",
            ),
        ] {
            let documents = expanded(text).unwrap();
            assert_eq!(shown(&documents[0].root), want, "{text}");
            let mut nodes = vec![&documents[0].root];
            while let Some(node) = nodes.pop() {
                assert_eq!(node.anchor, None, "{text}");
                nodes.extend(&node.content);
            }
        }
    }

    #[test]
    fn aliases_can_be_filled() {
        let mut documents = parse(b"- &a [1, &b 2]\n- *a # of the alias\n- [*b]\n").unwrap();
        documents[0].fill_aliases(&Limits::default()).unwrap();
        let root = &documents[0].root;
        assert_eq!(shown(root), "[[1 2] <[1 2]> [<2>]]");
        assert_eq!(
            root.content[1].comments.as_ref().unwrap().line,
            "# of the alias"
        );
    }

    #[test]
    fn aliases_of_earlier_documents_stand_for_nodes_of_the_stream() {
        let documents = expanded("&a 1\n---\n- *a\n").unwrap();
        assert_eq!(shown(&documents[1].root), "[1]");
        let mut second = parse(b"&a 1\n---\n- *a\n").unwrap().remove(1);
        let error = second.expand_aliases(&Limits::default()).unwrap_err();
        assert_eq!(error.reason(), "alias-unknown-anchor");
    }

    #[test]
    fn endless_and_exploding_aliases_are_refused() {
        let laughs = |levels: usize| {
            let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
            for level in 1..levels {
                let before = format!("*a{}, ", level - 1).repeat(10);
                text.push_str(&format!("a{level}: &a{level} [{before}]\n"));
            }
            text
        };
        let long = format!("- &a {}\n{}", "x".repeat(1 << 20), "- *a\n".repeat(300));
        for (text, reason) in [
            ("&a [*a]", "alias-contains-itself"),
            ("a: &a {b: [1, *a]}", "alias-contains-itself"),
            (&laughs(9), "alias-excessive"),
            (&laughs(30), "alias-excessive"),
            (&long, "alias-excessive"),
        ] {
            assert_eq!(expanded(text).unwrap_err().reason(), reason);
        }
        assert!(expanded(&laughs(3)).is_ok());
    }
}
