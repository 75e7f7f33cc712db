//! Walks over a tree, in the order of its paths.

use crate::error::ReadError;
use crate::path::TreePath;
use crate::tree::{Entry, EntryKind, Tree};

/// How far a walk goes.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Depth {
    /// The directory's own entries.
    #[default]
    Flat,
    /// All directories below it. Links to directories are not followed.
    Recursive,
}

/// The entries below a directory that are not directories, sorted: each directory's before its next sibling. Made by
/// [`Tree::walk`].
///
/// What is wrong with one entry (its name, its directory's permissions) comes in its place, and the walk goes on.
pub struct Walk<'a> {
    tree: &'a Tree,
    depth: Depth,
    // What is still to come, the next one last.
    pending: Vec<Result<Entry, ReadError>>,
    seen: usize,
}

impl<'a> Walk<'a> {
    pub(crate) fn new(
        tree: &'a Tree,
        directory: &TreePath,
        depth: Depth,
    ) -> Result<Self, ReadError> {
        let mut pending = tree.list_each(directory)?;
        pending.reverse();
        Ok(Self {
            tree,
            depth,
            pending,
            seen: 0,
        })
    }
}

impl Iterator for Walk<'_> {
    type Item = Result<Entry, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let entry = match self.pending.pop()? {
                Ok(entry) => entry,
                Err(error) => return Some(Err(error)),
            };
            self.seen += 1;
            if self.seen > self.tree.limits().entries {
                self.pending.clear();
                return Some(Err(ReadError::TooManyEntries {
                    path: entry.path,
                    limit: self.tree.limits().entries,
                }));
            }
            match (entry.kind, self.depth) {
                (EntryKind::Directory, Depth::Flat) => {}
                (EntryKind::Directory, Depth::Recursive) => {
                    match self.tree.list_each(&entry.path) {
                        Ok(listed) => self.pending.extend(listed.into_iter().rev()),
                        Err(error) => return Some(Err(error)),
                    }
                }
                (EntryKind::File | EntryKind::Link | EntryKind::Special(_), _) => {
                    return Some(Ok(entry));
                }
            }
        }
    }
}
