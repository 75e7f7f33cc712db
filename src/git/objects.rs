//! The objects of a mirror, read by any number of threads.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use gix::ObjectId;
use gix::hash::Kind;
use gix::objs::{Exists as _, Find as _, TreeRefIter};
use gix::odb::pack::{cache, index};
use gix::odb::store::init::{Options, Slots};
use gix::odb::{Header as _, Store};
use tree::{Malformed, ObjectEntry, ObjectError, ObjectKind, ObjectStore};

use super::error::{Cause, FetchError};

/// How many bytes of unpacked delta bases each handle keeps.
const PACK_CACHE: usize = 32 << 20;

/// The largest directory or commit that is read, in bytes.
const MAX_META: u64 = 64 << 20;

/// An object database. Clones share what was read of it.
#[derive(Clone)]
pub(crate) struct Database(Arc<Shared>);

struct Shared {
    store: Arc<Store>,
    /// Handles with warm caches, one for each thread that reads at the same time.
    handles: Mutex<Vec<gix::odb::HandleArc>>,
    /// Made when something could not be read that should be there.
    suspect: PathBuf,
}

impl Database {
    /// The database in `folder`. No object is replaced by another, and nothing is taken from other databases: there is no
    /// configuration that could say so.
    pub(crate) fn open(folder: PathBuf, suspect: PathBuf, largest: usize) -> io::Result<Self> {
        let options = Options {
            // A mirror has few packs; the room is there for those that cannot be put together while it is read.
            slots: Slots::Given(1024),
            use_multi_pack_index: false,
            alloc_limit_bytes: Some(largest),
            // Only used for alternates, of which there are none.
            current_dir: Some(folder.clone()),
            ..Options::default()
        };
        let store = Store::at_opts(folder, Kind::Sha1, &mut std::iter::empty(), options)?;
        Ok(Self(Arc::new(Shared {
            store: Arc::new(store),
            handles: Mutex::default(),
            suspect,
        })))
    }

    /// Does something with a handle, which no other thread uses meanwhile.
    pub(crate) fn with<T>(&self, action: impl FnOnce(&gix::odb::HandleArc) -> T) -> T {
        let handles = || {
            self.0
                .handles
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
        };
        let handle = handles().pop();
        let handle = handle.unwrap_or_else(|| {
            let mut handle = gix::odb::Cache::from(self.0.store.to_handle_arc());
            handle.set_pack_cache(|| Box::new(cache::lru::MemoryCappedHashmap::new(PACK_CACHE)));
            handle
        });
        let done = action(&handle);
        handles().push(handle);
        done
    }

    /// The bytes of an object of one kind, which should be there.
    fn read_expected(
        &self,
        id: ObjectId,
        kind: gix::objs::Kind,
        limit: u64,
    ) -> Result<Vec<u8>, ObjectError> {
        let read = self.read(id, kind, limit);
        if let Err(ObjectError::Missing | ObjectError::System(_)) = read {
            // Where this cannot be written, fetching will fail for the same reason.
            let _ = fs::write(&self.0.suspect, b"");
        }
        read
    }

    /// The bytes of an object of one kind.
    pub(crate) fn read(
        &self,
        id: ObjectId,
        kind: gix::objs::Kind,
        limit: u64,
    ) -> Result<Vec<u8>, ObjectError> {
        let read = self.with(|objects| {
            let header = objects.try_header(&id).map_err(Failure::Undecodable)?;
            let header = header.ok_or(Failure::Missing)?;
            if header.kind() != kind {
                return Err(Failure::WrongKind);
            }
            if header.size() > limit {
                return Err(Failure::TooLarge);
            }
            let mut bytes = Vec::new();
            let found = objects
                .try_find(&id, &mut bytes)
                .map_err(Failure::Undecodable)?;
            found.ok_or(Failure::Missing)?;
            Ok(bytes)
        });
        read.map_err(|failure| match failure {
            Failure::WrongKind => ObjectError::Malformed(Malformed::WrongKind),
            Failure::TooLarge => ObjectError::TooLarge { limit },
            Failure::Missing => ObjectError::Missing,
            Failure::Undecodable(error) => ObjectError::System(io::Error::other(Cause::of(&error))),
        })
    }
}

/// The entries of a directory, from its bytes.
fn entries(bytes: &[u8], limit: usize) -> Result<Vec<ObjectEntry>, ObjectError> {
    let mut entries = Vec::new();
    for entry in TreeRefIter::from_bytes(bytes, Kind::Sha1) {
        let entry = entry.map_err(|_| ObjectError::Malformed(Malformed::Undecodable))?;
        if entries.len() >= limit {
            return Err(ObjectError::TooManyEntries { limit });
        }
        entries.push(ObjectEntry {
            name: entry.filename.to_vec(),
            kind: kind_of(entry.mode).ok_or(ObjectError::Malformed(Malformed::Mode))?,
            id: tree_id(entry.oid.to_owned()),
        });
    }
    Ok(entries)
}

enum Failure {
    Missing,
    WrongKind,
    TooLarge,
    Undecodable(gix::Error),
}

impl ObjectStore for Database {
    fn directory(&self, id: tree::ObjectId, limit: usize) -> Result<Vec<ObjectEntry>, ObjectError> {
        let bytes = self.read_expected(id_of(id), gix::objs::Kind::Tree, MAX_META)?;
        entries(&bytes, limit)
    }

    fn blob(&self, id: tree::ObjectId, limit: u64) -> Result<Vec<u8>, ObjectError> {
        self.read_expected(id_of(id), gix::objs::Kind::Blob, limit)
    }
}

/// What an entry with this mode is; `None` for modes that Git does not write.
fn kind_of(mode: gix::objs::tree::EntryMode) -> Option<ObjectKind> {
    match mode.value() {
        0o040_000 => Some(ObjectKind::Directory),
        // Git of 2005 wrote the group's write permission.
        0o100_644 | 0o100_755 | 0o100_664 => Some(ObjectKind::File),
        0o120_000 => Some(ObjectKind::Link),
        0o160_000 => Some(ObjectKind::Submodule),
        _ => None,
    }
}

/// An identity, as trees have it.
pub(crate) fn tree_id(id: ObjectId) -> tree::ObjectId {
    let mut bytes = [0; 20];
    bytes.copy_from_slice(id.as_bytes());
    tree::ObjectId::new(bytes)
}

fn id_of(id: tree::ObjectId) -> ObjectId {
    ObjectId::Sha1(*id.as_bytes())
}

/// The tree of a commit, from the commit's bytes.
pub(crate) fn tree_of(commit: &[u8]) -> Option<ObjectId> {
    gix::objs::CommitRefIter::from_bytes(commit, Kind::Sha1)
        .tree_id()
        .ok()
}

/// Whether all of a commit's tree is here.
///
/// Where `new` is the pack that has just come, only what came with it is looked at: an older object was complete before,
/// so that the work is that of the change and not that of the repository.
pub(crate) fn closure(
    database: &Database,
    commit: ObjectId,
    new: Option<&index::File>,
) -> Result<(), FetchError> {
    let incomplete = || FetchError::Incomplete { commit };
    let unusable = |error: ObjectError| match error {
        ObjectError::Missing => incomplete(),
        error => FetchError::Protocol(Cause::of(&error)),
    };
    let bytes = database
        .read(commit, gix::objs::Kind::Commit, MAX_META)
        .map_err(unusable)?;
    let root = tree_of(&bytes)
        .ok_or_else(|| FetchError::Protocol(Cause::text("the commit cannot be decoded")))?;
    let mut seen = HashSet::from([root]);
    let mut pending = vec![root];
    while let Some(directory) = pending.pop() {
        if new.is_some_and(|new| new.lookup(directory).is_none()) {
            if !database.with(|objects| objects.exists(&directory)) {
                return Err(incomplete());
            }
            continue;
        }
        let bytes = database
            .read(directory, gix::objs::Kind::Tree, MAX_META)
            .map_err(unusable)?;
        for entry in entries(&bytes, usize::MAX).map_err(unusable)? {
            let id = id_of(entry.id);
            match entry.kind {
                ObjectKind::Submodule => {}
                ObjectKind::Directory => {
                    if seen.insert(id) {
                        pending.push(id);
                    }
                }
                ObjectKind::File | ObjectKind::Link => {
                    if !database.with(|objects| objects.exists(&id)) {
                        return Err(incomplete());
                    }
                }
            }
        }
    }
    Ok(())
}
