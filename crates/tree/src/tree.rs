//! The tree itself.

use std::fmt;
use std::io;
use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;

use crate::directory::Directory;
use crate::error::{ReadError, Special};
use crate::memory::{BuildError, Memory, MemoryEntry};
use crate::objects::{Mount, ObjectId, ObjectStore, Objects};
use crate::path::TreePath;
use crate::resolve::{Directories, Resolved, Target};
use crate::walk::{Depth, Walk};

/// An immutable view of source files.
///
/// All path resolution happens here: a document's path becomes a [`TreePath`], and a `TreePath` is read through
/// symbolic links as long as they stay inside. Leaving the tree is an error, whichever way it is tried, and so is
/// reaching into `.git`. Nothing is ever written.
///
/// A tree on disk is read when it is asked for, so two reads can differ when somebody edits the files meanwhile; each
/// single read is of one file that was inside the tree.
pub struct Tree {
    store: Store,
    limits: Limits,
}

enum Store {
    Directory(Directory),
    Memory(Memory),
    Objects(Objects),
}

/// How much a tree may hold.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Largest file in bytes.
    pub file_size: u64,
    /// Most entries of one directory on disk or in an object database, of one walk, and of one tree in memory.
    pub entries: usize,
    /// Whether names in one directory may differ in case only.
    pub case_collisions: CaseCollisions,
}

impl Default for Limits {
    /// 64 MiB for a file, 500,000 entries, case collisions refused.
    fn default() -> Self {
        Self {
            file_size: 64 << 20,
            entries: 500_000,
            case_collisions: CaseCollisions::Refuse,
        }
    }
}

/// What becomes of names in one directory that differ in case only.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CaseCollisions {
    /// They are different entries.
    Allow,
    /// The listing that finds them reports an error. On a file system that ignores case, one of them would have
    /// replaced the other, so what is rendered would depend on where.
    Refuse,
}

impl Tree {
    /// The tree below a directory on disk. `root` itself may be a link: the operator names it, not the repository.
    ///
    /// # Errors
    ///
    /// When `root` is not a directory that can be opened.
    pub fn directory(root: &Path, limits: Limits) -> Result<Self, io::Error> {
        Ok(Self {
            store: Store::Directory(Directory::open(root)?),
            limits,
        })
    }

    /// The tree below a directory, on a system without `openat2`.
    #[cfg(test)]
    pub(crate) fn directory_without_openat2(
        root: &Path,
        limits: Limits,
    ) -> Result<Self, io::Error> {
        Ok(Self {
            store: Store::Directory(Directory::open(root)?.without_openat2()),
            limits,
        })
    }

    /// A tree of the given files and links, with the semantics of one on disk.
    ///
    /// # Errors
    ///
    /// When a path is given twice or as both file and directory, when it leads into `.git`, or when a limit is
    /// exceeded.
    pub fn memory(
        entries: impl IntoIterator<Item = (TreePath, MemoryEntry)>,
        limits: Limits,
    ) -> Result<Self, BuildError> {
        Ok(Self {
            store: Store::Memory(Memory::build(entries, &limits)?),
            limits,
        })
    }

    /// The directory `root` of an object database, with the semantics of one on disk. Objects are read when they are
    /// asked for, and directories that were read are kept for the next look.
    ///
    /// `mounts` are the submodules whose content is seen; others are empty directories.
    pub fn objects(
        store: Arc<dyn ObjectStore>,
        root: ObjectId,
        mounts: impl IntoIterator<Item = Mount>,
        limits: Limits,
    ) -> Self {
        Self {
            store: Store::Objects(Objects::new(store, root, mounts, &limits)),
            limits,
        }
    }

    /// What the tree may hold.
    pub const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The content of a file.
    ///
    /// # Errors
    ///
    /// When `path` leads out of the tree or into `.git`, to nothing, or to anything but a readable regular file
    /// within the size limit.
    pub fn read(&self, path: &TreePath) -> Result<FileBytes, ReadError> {
        match &self.store {
            Store::Directory(store) => store.read(path, &self.limits),
            Store::Memory(store) => store.read(path),
            Store::Objects(store) => store.read(path, &self.limits),
        }
    }

    /// What `path` leads to, links followed.
    ///
    /// # Errors
    ///
    /// When it leads out of the tree or into `.git`, or to nothing: see [`ReadError::is_not_found`].
    pub fn kind(&self, path: &TreePath) -> Result<Kind, ReadError> {
        self.locate(path).map(|(_, kind)| kind)
    }

    /// Where `path` leads: the same place by a path without links.
    ///
    /// # Errors
    ///
    /// As [`kind`](Self::kind).
    pub fn real_path(&self, path: &TreePath) -> Result<TreePath, ReadError> {
        self.locate(path).map(|(real, _)| real)
    }

    /// [`real_path`](Self::real_path) and [`kind`](Self::kind), looked up at once.
    ///
    /// # Errors
    ///
    /// As [`kind`](Self::kind).
    pub fn locate(&self, path: &TreePath) -> Result<(TreePath, Kind), ReadError> {
        match &self.store {
            Store::Directory(store) => store.locate(path),
            Store::Memory(store) => store.locate(path),
            Store::Objects(store) => store.locate(path),
        }
    }

    /// The entries of a directory, sorted by the bytes of their names. `.git` is not among them.
    ///
    /// # Errors
    ///
    /// When `directory` is none that can be read, or holds an entry that no tree may hold (too many, not UTF-8, case
    /// collision).
    pub fn list(&self, directory: &TreePath) -> Result<Vec<Entry>, ReadError> {
        self.list_each(directory)?.into_iter().collect()
    }

    /// All files, links and special entries in `directory`, or below it. `.git` is left out.
    ///
    /// # Errors
    ///
    /// When `directory` is none that can be read. What is wrong with an entry comes with the entries.
    pub fn walk(&self, directory: &TreePath, depth: Depth) -> Result<Walk<'_>, ReadError> {
        Walk::new(self, directory, depth)
    }

    /// As [`list`](Self::list), with what is wrong with a single entry in its place.
    pub(crate) fn list_each(
        &self,
        directory: &TreePath,
    ) -> Result<Vec<Result<Entry, ReadError>>, ReadError> {
        let mut listed = match &self.store {
            Store::Directory(store) => store.list(directory, &self.limits)?,
            Store::Memory(store) => store.list(directory)?,
            Store::Objects(store) => store.list(directory)?,
        };
        listed.sort_by(|left, right| match (left, right) {
            (Ok(left), Ok(right)) => left.path.as_str().cmp(right.path.as_str()),
            (left, right) => left.is_ok().cmp(&right.is_ok()),
        });
        match self.limits.case_collisions {
            CaseCollisions::Allow => {}
            CaseCollisions::Refuse => report_collisions(&mut listed),
        }
        Ok(listed)
    }
}

/// The place and the kind of what was found.
pub(crate) fn located<D: Directories>(resolved: Resolved<D>) -> (TreePath, Kind) {
    let kind = match resolved.target {
        Target::Directory(_) => Kind::Directory,
        Target::File(..) => Kind::File,
        Target::Special(kind) => Kind::Special(kind),
    };
    (resolved.real, kind)
}

/// Puts an error in the place of each entry whose name differs from an earlier one's in case only.
fn report_collisions(listed: &mut [Result<Entry, ReadError>]) {
    let mut seen = std::collections::HashMap::<String, TreePath>::new();
    for listed in listed {
        let Ok(entry) = listed else { continue };
        let folded = entry.path.file_name().unwrap_or_default().to_lowercase();
        if let Some(other) = seen.get(&folded) {
            *listed = Err(ReadError::CaseCollision {
                path: entry.path.clone(),
                other: other.clone(),
            });
        } else {
            seen.insert(folded, entry.path.clone());
        }
    }
}

/// What a path leads to, links followed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// A directory.
    Directory,
    /// A regular file.
    File,
    /// Neither; it cannot be read.
    Special(Special),
}

/// One entry of a directory.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Entry {
    /// Its path from the root.
    pub path: TreePath,
    /// What it is, links not followed.
    pub kind: EntryKind,
}

/// What an entry of a directory is, links not followed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum EntryKind {
    /// A directory.
    Directory,
    /// A regular file.
    File,
    /// A symbolic link.
    Link,
    /// None of these; it cannot be read.
    Special(Special),
}

/// The content of a file, cheap to clone. Files of a working copy can hold secrets in the clear, so `Debug` shows the
/// length only.
#[derive(Clone)]
pub struct FileBytes(Arc<Vec<u8>>);

impl From<Vec<u8>> for FileBytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Arc::new(bytes))
    }
}

impl Deref for FileBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl AsRef<[u8]> for FileBytes {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for FileBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FileBytes({} bytes)", self.len())
    }
}
