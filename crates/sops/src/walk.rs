//! The walk over a document in the order in which sops encrypts and hashes its values (sops: `walkBranch` in `sops.go`).
//!
//! It keeps track of keys and of what the file's rule matched, and knows nothing of how values are decrypted.

use crate::document::{Comment, Entry, Leaf, Map, Scalar, Value};
use crate::selection::{Matched, Rule};

/// What the walk comes to.
pub(crate) enum Slot<'d> {
    Comment(&'d mut Comment),
    /// The value of a mapping.
    Value(&'d mut Value),
    /// An item of a list.
    Item(&'d mut Value),
}

/// Goes through a document in order, keeping track of keys and of what the rule matched.
pub(crate) struct Walker<'d, 'r, V> {
    rule: &'r Rule,
    pub(crate) paths: Paths<'d>,
    pub(crate) visitor: V,
}

/// What is done with each value and comment.
pub(crate) trait Visitor<'d> {
    /// Why the walk ends early.
    type Failure;

    /// Returns the comment that an item of a list turned out to be, where that is known at once.
    fn visit(
        &mut self,
        slot: Slot<'d>,
        paths: &Paths<'d>,
        path: PathId,
        selected: bool,
    ) -> Result<Option<&'d Comment>, Self::Failure>;
}

impl<'d, 'r, V: Visitor<'d>> Walker<'d, 'r, V> {
    pub(crate) fn new(rule: &'r Rule, visitor: V) -> Self {
        Self {
            rule,
            paths: Paths::default(),
            visitor,
        }
    }

    pub(crate) fn document(&mut self, map: &'d mut Map) -> Result<(), V::Failure> {
        self.map(map, PathId::TOP, Matched::default())
    }

    fn map(&mut self, map: &'d mut Map, path: PathId, around: Matched) -> Result<(), V::Failure> {
        let mut level = around;
        for entry in &mut map.entries {
            match entry {
                Entry::Comment(comment) => level = self.comment(comment, path, level)?,
                Entry::Pair(pair) => {
                    let matched = self.rule.below_key(level, &pair.key);
                    let path = self.paths.below(path, &pair.key);
                    self.value(&mut pair.value, path, matched, Slot::Value)?;
                    level = around;
                }
            }
        }
        Ok(())
    }

    fn list(
        &mut self,
        items: &'d mut [Value],
        path: PathId,
        around: Matched,
    ) -> Result<(), V::Failure> {
        let mut level = around;
        for item in items {
            level = match item {
                Value::Comment(comment) => self.comment(comment, path, level)?,
                item => match self.value(item, path, level, Slot::Item)? {
                    // What a comment says counts, though it was a text while encrypted.
                    Some(comment) => self.rule.after_comment(level, comment.text.expose()),
                    None => around,
                },
            };
        }
        Ok(())
    }

    fn comment(
        &mut self,
        comment: &'d mut Comment,
        path: PathId,
        before: Matched,
    ) -> Result<Matched, V::Failure> {
        let after = self.rule.after_comment(before, comment.text.expose());
        let selected = self.rule.selects_comment(before, after);
        self.visitor
            .visit(Slot::Comment(comment), &self.paths, path, selected)?;
        Ok(after)
    }

    fn value(
        &mut self,
        value: &'d mut Value,
        path: PathId,
        matched: Matched,
        slot: fn(&'d mut Value) -> Slot<'d>,
    ) -> Result<Option<&'d Comment>, V::Failure> {
        match value {
            Value::Map(map) => self.map(map, path, matched).map(|()| None),
            Value::List(items) => self.list(items, path, matched).map(|()| None),
            Value::Leaf(Leaf {
                scalar: Scalar::Null,
                ..
            }) => Ok(None),
            value => self
                .visitor
                .visit(slot(value), &self.paths, path, self.rule.selects(matched)),
        }
    }
}

/// The ways from the top to all mappings and values, each as its last key and the way to there.
///
/// Written out in full they would take space that is quadratic in the size of a hostile file.
#[derive(Default)]
pub(crate) struct Paths<'d> {
    nodes: Vec<(PathId, &'d [u8])>,
}

/// The number of a way, from one; zero is the top.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(crate) struct PathId(usize);

impl PathId {
    const TOP: Self = Self(0);
}

impl<'d> Paths<'d> {
    fn below(&mut self, parent: PathId, key: &'d [u8]) -> PathId {
        self.nodes.push((parent, key));
        PathId(self.nodes.len())
    }

    fn node(&self, path: PathId) -> Option<(PathId, &'d [u8])> {
        path.0
            .checked_sub(1)
            .and_then(|index| self.nodes.get(index).copied())
    }

    fn write(&self, path: PathId, out: &mut Vec<u8>) {
        let mut keys = Vec::new();
        let mut at = path;
        while let Some((parent, key)) = self.node(at) {
            keys.push(key);
            at = parent;
        }
        for key in keys.into_iter().rev() {
            out.extend_from_slice(key);
            out.push(b':');
        }
    }
}

/// The associated data of a value: its keys, each with a colon behind it. Items of lists share that of the list.
pub(crate) struct Associated {
    bytes: Vec<u8>,
    /// Whose bytes stand first, and how many they are; neighbours share them.
    parent: PathId,
    parent_length: usize,
}

impl Default for Associated {
    fn default() -> Self {
        Self {
            bytes: Vec::new(),
            parent: PathId::TOP,
            parent_length: 0,
        }
    }
}

impl Associated {
    pub(crate) fn of(&mut self, paths: &Paths<'_>, path: PathId) -> &[u8] {
        let Some((parent, key)) = paths.node(path) else {
            // Joining no keys and adding the colon leaves the colon.
            return b":";
        };
        if parent != self.parent {
            self.bytes.clear();
            paths.write(parent, &mut self.bytes);
            self.parent = parent;
            self.parent_length = self.bytes.len();
        }
        self.bytes.truncate(self.parent_length);
        self.bytes.extend_from_slice(key);
        self.bytes.push(b':');
        &self.bytes
    }
}
