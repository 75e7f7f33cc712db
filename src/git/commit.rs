//! A commit that is here, with its tree.

use std::fmt;
use std::sync::Arc;

use gix::ObjectId;
use gix::hash::Kind;
use gix::objs::{CommitRef, CommitRefIter};
use tree::{Limits, Mount, ObjectEntry, ObjectError, ObjectStore, Tree};

use super::mirror::Use;
use super::objects::{Database, tree_id};
use super::submodule::Content;

/// A commit, complete in its mirror: what it holds can be read without asking anybody.
///
/// As long as it lives, its objects are not taken away.
#[derive(Clone)]
pub struct Commit {
    id: ObjectId,
    tree: ObjectId,
    raw: Arc<[u8]>,
    objects: Arc<Held>,
}

/// Objects that are kept from being taken away.
struct Held {
    database: Database,
    _in_use: Arc<Use>,
}

impl Commit {
    /// `None` where `raw` is no commit.
    pub(crate) fn new(
        id: ObjectId,
        raw: Vec<u8>,
        database: Database,
        in_use: Arc<Use>,
    ) -> Option<Self> {
        let tree = CommitRef::from_bytes(&raw, Kind::Sha1).ok()?.tree();
        Some(Self {
            id,
            tree,
            raw: raw.into(),
            objects: Arc::new(Held {
                database,
                _in_use: in_use,
            }),
        })
    }

    /// Its identity.
    pub const fn id(&self) -> ObjectId {
        self.id
    }

    /// The identity of its root directory.
    pub const fn tree_id(&self) -> ObjectId {
        self.tree
    }

    /// The bytes of the commit object, as it was signed and hashed.
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// When it was committed, in seconds since 1970 by the committer's clock; `None` where that cannot be read.
    pub fn committed_at(&self) -> Option<i64> {
        let committer = CommitRefIter::from_bytes(&self.raw, Kind::Sha1)
            .committer()
            .ok()?;
        committer.time().ok().map(|time| time.seconds)
    }

    /// When it was written, in seconds since 1970 by the author's clock; `None` where that cannot be read.
    pub fn authored_at(&self) -> Option<i64> {
        let author = CommitRefIter::from_bytes(&self.raw, Kind::Sha1)
            .author()
            .ok()?;
        author.time().ok().map(|time| time.seconds)
    }

    /// The first line of its message, at most 200 characters, control characters left out.
    pub fn summary(&self) -> String {
        let message = CommitRefIter::from_bytes(&self.raw, Kind::Sha1)
            .message()
            .map(|message| String::from_utf8_lossy(message).into_owned())
            .unwrap_or_default();
        let line = message.trim_start().lines().next().unwrap_or_default();
        line.chars()
            .filter(|character| !character.is_control())
            .take(200)
            .collect()
    }

    /// What it holds, read when it is asked for. Submodules are empty directories.
    ///
    /// Files are as they were committed: `.gitattributes` asks for nothing here, and LFS pointers are pointers.
    pub fn tree(&self, limits: Limits) -> Tree {
        self.tree_with([], limits)
    }

    /// What it holds, with the given submodules in their places.
    pub fn tree_with(&self, mounts: impl IntoIterator<Item = Mount>, limits: Limits) -> Tree {
        Tree::objects(self.store(), tree_id(self.tree), mounts, limits)
    }

    /// What it holds, to look for submodules in and to be seen as one.
    pub(super) fn content(&self) -> Content {
        Content {
            store: self.store(),
            root: tree_id(self.tree),
        }
    }

    fn store(&self) -> Arc<dyn ObjectStore> {
        Arc::clone(&self.objects) as Arc<dyn ObjectStore>
    }
}

impl fmt::Debug for Commit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Commit({})", self.id)
    }
}

impl ObjectStore for Held {
    fn directory(&self, id: tree::ObjectId, limit: usize) -> Result<Vec<ObjectEntry>, ObjectError> {
        self.database.directory(id, limit)
    }

    fn blob(&self, id: tree::ObjectId, limit: u64) -> Result<Vec<u8>, ObjectError> {
        self.database.blob(id, limit)
    }
}
