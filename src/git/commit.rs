//! A commit that is here, with its tree.

use std::fmt;
use std::sync::Arc;

use gix::ObjectId;
use gix::hash::Kind;
use gix::objs::{CommitRef, CommitRefIter};
use tree::{Limits, Mount, ObjectEntry, ObjectError, ObjectStore, Tree};

use super::mirror::Use;
use super::objects::{Database, tree_id};
use super::signature::{SignatureError, Signers, VerifiedCommit, VerifyMode};
use super::submodule::Content;

/// A commit, complete in its mirror: what it holds can be read without asking anybody.
///
/// As long as it lives, its objects are not taken away.
#[derive(Clone)]
pub struct Commit {
    id: ObjectId,
    tree: ObjectId,
    raw: Arc<[u8]>,
    tag: Option<Arc<Tag>>,
    objects: Arc<Held>,
}

/// The annotated tag by which a commit was asked for.
pub(crate) struct Tag {
    pub(crate) id: ObjectId,
    /// Without `refs/tags/`.
    pub(crate) name: String,
    pub(crate) raw: Vec<u8>,
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
        tag: Option<Tag>,
        database: Database,
        in_use: Arc<Use>,
    ) -> Option<Self> {
        let tree = CommitRef::from_bytes(&raw, Kind::Sha1).ok()?.tree();
        Some(Self {
            id,
            tree,
            raw: raw.into(),
            tag: tag.map(Arc::new),
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

    /// Checks that `signers` vouch for this commit in the way that `mode` asks for: by a signature of its own, or by one of
    /// the annotated tag by which it was asked for. `now` is in seconds since 1970.
    ///
    /// # Errors
    ///
    /// What is wrong with the signature that decides.
    pub fn verify(
        &self,
        signers: &Signers,
        mode: VerifyMode,
        now: u64,
    ) -> Result<VerifiedCommit, SignatureError> {
        let by_tag = mode.wants_tag().then(|| {
            let tag = self.tag.as_ref().ok_or(SignatureError::NoTag)?;
            let verified = signers.verify_tag(tag.id, &tag.name, &tag.raw, now)?;
            // The tag is the server's word for the commit until here.
            let commit = verified.commit().filter(|commit| commit.id() == self.id);
            commit.ok_or(SignatureError::OtherObject)
        });
        match (by_tag.transpose()?, mode.wants_commit()) {
            (Some(verified), false) => Ok(verified),
            (_, true) | (None, false) => signers.verify_commit(self.id, &self.raw, now),
        }
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
