//! A tree in memory.

use std::collections::BTreeMap;

use crate::error::ReadError;
use crate::path::TreePath;
use crate::resolve::{Directories, Miss, Step, Target, is_git_metadata, resolve};
use crate::tree::{Entry, EntryKind, FileBytes, Kind, Limits, located};

/// One entry of a tree that is built in memory. Directories come into being with what they hold.
#[derive(Clone, Debug)]
pub enum MemoryEntry {
    /// A regular file with its content.
    File(FileBytes),
    /// A symbolic link with its target. It may point anywhere; following it is what can fail.
    Link(String),
}

impl MemoryEntry {
    /// A regular file.
    pub fn file(content: impl Into<Vec<u8>>) -> Self {
        Self::File(FileBytes::from(content.into()))
    }

    /// A symbolic link.
    pub fn link(target: impl Into<String>) -> Self {
        Self::Link(target.into())
    }
}

/// The entries given do not make a tree.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The path leads into Git's own files, which no commit can contain.
    #[error("`{path}` leads into `.git`")]
    GitMetadata {
        /// The entry.
        path: TreePath,
    },
    /// The same path was given twice, or once as a file or link and once as a directory.
    #[error("`{path}` is there twice")]
    Repeated {
        /// The entry.
        path: TreePath,
    },
    /// The root was given as a file or link.
    #[error("the root of a tree is a directory")]
    RootIsNoFile,
    /// The file is larger than [`Limits::file_size`].
    #[error("`{path}` is larger than {limit} bytes")]
    TooLarge {
        /// The file.
        path: TreePath,
        /// The limit in bytes.
        limit: u64,
    },
    /// There are more entries, directories included, than [`Limits::entries`].
    #[error("more than {limit} entries (at `{path}`)")]
    TooManyEntries {
        /// The first entry over the limit.
        path: TreePath,
        /// The limit.
        limit: usize,
    },
}

impl BuildError {
    /// A stable name of this error.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::GitMetadata { .. } => "git-metadata",
            Self::Repeated { .. } => "repeated-entry",
            Self::RootIsNoFile => "root-is-no-file",
            Self::TooLarge { .. } => "file-too-large",
            Self::TooManyEntries { .. } => "too-many-entries",
        }
    }
}

/// A tree held in memory. The nodes refer to each other by number: dropping a deep tree needs no deep stack.
pub(crate) struct Memory {
    nodes: Vec<Node>,
}

enum Node {
    Directory(BTreeMap<Box<str>, usize>),
    File(FileBytes),
    Link(Box<str>),
}

/// The number of the root.
const ROOT: usize = 0;

impl Memory {
    pub(crate) fn build(
        entries: impl IntoIterator<Item = (TreePath, MemoryEntry)>,
        limits: &Limits,
    ) -> Result<Self, BuildError> {
        let mut tree = Self {
            nodes: vec![Node::Directory(BTreeMap::new())],
        };
        for (path, entry) in entries {
            if path.components().any(is_git_metadata) {
                return Err(BuildError::GitMetadata { path });
            }
            let node = match entry {
                MemoryEntry::File(content) if content.len() as u64 > limits.file_size => {
                    return Err(BuildError::TooLarge {
                        path,
                        limit: limits.file_size,
                    });
                }
                MemoryEntry::File(content) => Node::File(content),
                MemoryEntry::Link(target) => Node::Link(target.into()),
            };
            let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
                return Err(BuildError::RootIsNoFile);
            };
            let mut directory = ROOT;
            for component in parent.components() {
                let empty = || Node::Directory(BTreeMap::new());
                (directory, _) = tree
                    .entry(directory, component, empty)
                    .ok_or_else(|| BuildError::Repeated { path: path.clone() })?;
            }
            match tree.entry(directory, name, || node) {
                Some((_, Occupied::New)) => {}
                _ => return Err(BuildError::Repeated { path }),
            }
            // The root does not count.
            if tree.nodes.len() > limits.entries + 1 {
                return Err(BuildError::TooManyEntries {
                    path,
                    limit: limits.entries,
                });
            }
        }
        Ok(tree)
    }

    pub(crate) fn read(&self, path: &TreePath) -> Result<FileBytes, ReadError> {
        match resolve(self, path)?.target {
            Target::File(_, content) => Ok(content),
            Target::Directory(_) => Err(ReadError::IsDirectory { path: path.clone() }),
            Target::Special(kind) => Err(ReadError::NotRegular {
                path: path.clone(),
                kind,
            }),
        }
    }

    /// Where `path` leads, links followed, and what is there.
    pub(crate) fn locate(&self, path: &TreePath) -> Result<(TreePath, Kind), ReadError> {
        resolve(self, path).map(located)
    }

    pub(crate) fn list(&self, path: &TreePath) -> Result<Vec<Result<Entry, ReadError>>, ReadError> {
        let Target::Directory(directory) = resolve(self, path)?.target else {
            return Err(ReadError::NotADirectory { path: path.clone() });
        };
        let Some(Node::Directory(entries)) = self.nodes.get(directory) else {
            return Err(ReadError::NotADirectory { path: path.clone() });
        };
        let kind = |node: &usize| match self.nodes.get(*node) {
            Some(Node::Directory(_)) => EntryKind::Directory,
            Some(Node::Link(_)) => EntryKind::Link,
            Some(Node::File(_)) | None => EntryKind::File,
        };
        Ok(entries
            .iter()
            .map(|(name, node)| {
                Ok(Entry {
                    path: path.child(name),
                    kind: kind(node),
                })
            })
            .collect())
    }

    /// The entry `name` of a directory, made by `node` if it is not there; `None` when `directory` is none.
    fn entry(
        &mut self,
        directory: usize,
        name: &str,
        node: impl FnOnce() -> Node,
    ) -> Option<(usize, Occupied)> {
        let next = self.nodes.len();
        let Some(Node::Directory(entries)) = self.nodes.get_mut(directory) else {
            return None;
        };
        if let Some(&present) = entries.get(name) {
            return Some((present, Occupied::Before));
        }
        entries.insert(name.into(), next);
        self.nodes.push(node());
        Some((next, Occupied::New))
    }
}

/// Whether an entry was there already.
enum Occupied {
    Before,
    New,
}

impl Directories for Memory {
    type Directory = usize;
    type File = FileBytes;

    fn root(&self) -> Result<usize, Miss> {
        Ok(ROOT)
    }

    fn look_up(&self, directory: &usize, name: &str) -> Result<Step<Self>, Miss> {
        let Some(Node::Directory(entries)) = self.nodes.get(*directory) else {
            return Err(Miss::Absent);
        };
        let node = *entries.get(name).ok_or(Miss::Absent)?;
        Ok(match self.nodes.get(node).ok_or(Miss::Absent)? {
            Node::Directory(_) => Step::Directory(node),
            Node::File(content) => Step::File(content.clone()),
            Node::Link(target) => Step::Link(target.as_bytes().to_vec()),
        })
    }
}
