//! A tree over an object database: directories and files are read when they are asked for, by the identity of their
//! content.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::{Malformed, ReadError};
use crate::path::TreePath;
use crate::resolve::{Directories, Miss, Step, Target, is_git_metadata, resolve};
use crate::tree::{Entry, EntryKind, FileBytes, Kind, Limits, located};

/// As many bytes as Linux allows in the target of a link (`PATH_MAX`).
const MAX_LINK: u64 = 4095;

/// How many entries of directories that were read are kept for the next look.
const REMEMBERED: usize = 200_000;

/// A database that holds directories, files and links by the hash of their content.
///
/// What it hands out is believed to belong to the identity that was asked for; what is *in* a directory is not, and is
/// checked here: names that lead elsewhere and names that occur twice are errors.
pub trait ObjectStore: Send + Sync {
    /// The entries of a directory, in any order.
    ///
    /// # Errors
    ///
    /// When the object is missing or no directory, or has more than `limit` entries.
    fn directory(&self, id: ObjectId, limit: usize) -> Result<Vec<ObjectEntry>, ObjectError>;

    /// The content of a file, or the target of a link.
    ///
    /// # Errors
    ///
    /// When the object is missing or no file, or has more than `limit` bytes.
    fn blob(&self, id: ObjectId, limit: u64) -> Result<Vec<u8>, ObjectError>;
}

/// The identity of an object: a SHA-1 hash.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ObjectId([u8; 20]);

impl ObjectId {
    /// An identity, from its bytes.
    pub const fn new(bytes: [u8; 20]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub const fn as_bytes(&self) -> &[u8; 20] {
        &self.0
    }
}

/// As 40 hexadecimal digits.
impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// One entry of a directory in an [`ObjectStore`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ObjectEntry {
    /// The bytes of its name.
    pub name: Vec<u8>,
    /// What it is.
    pub kind: ObjectKind,
    /// What it holds.
    pub id: ObjectId,
}

/// What an entry of a directory in an [`ObjectStore`] is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ObjectKind {
    /// A directory.
    Directory,
    /// A regular file.
    File,
    /// A symbolic link.
    Link,
    /// The commit of another repository. Appears as a directory: that of a [`Mount`], or an empty one.
    Submodule,
}

/// The content of a submodule: the directory `root` of another store, seen at `path`.
#[derive(Clone)]
pub struct Mount {
    /// Where it is seen. Counts only where the tree has a submodule.
    pub path: TreePath,
    /// The store that holds its content.
    pub store: Arc<dyn ObjectStore>,
    /// Its directory.
    pub root: ObjectId,
}

/// An object cannot be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ObjectError {
    /// The database does not hold it.
    #[error("the object is missing")]
    Missing,
    /// It is not what its place says, or cannot be decoded.
    #[error("{0}")]
    Malformed(Malformed),
    /// It has more bytes than asked for.
    #[error("the object is larger than {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// It has more entries than asked for.
    #[error("the directory holds more than {limit} entries")]
    TooManyEntries {
        /// The limit.
        limit: usize,
    },
    /// The database cannot be read.
    #[error("cannot read the object database")]
    System(#[source] std::io::Error),
}

impl From<ObjectError> for Miss {
    fn from(error: ObjectError) -> Self {
        match error {
            ObjectError::Missing => Self::Missing,
            ObjectError::Malformed(problem) => Self::Malformed(problem),
            ObjectError::TooLarge { limit } => Self::TooLarge { limit },
            ObjectError::TooManyEntries { limit } => Self::TooManyEntries { limit },
            ObjectError::System(source) => Self::System(source),
        }
    }
}

/// A tree of objects.
pub(crate) struct Objects {
    stores: Vec<Arc<dyn ObjectStore>>,
    root: ObjectId,
    mounts: HashMap<TreePath, Place>,
    limit: usize,
    remembered: Mutex<Remembered>,
}

/// A directory that was found.
#[derive(Clone)]
pub(crate) struct Open {
    path: TreePath,
    place: Option<Place>,
}

/// A directory of one of the stores.
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
struct Place {
    store: usize,
    id: ObjectId,
}

/// Directories that were read before, dropped together when they become too many.
#[derive(Default)]
struct Remembered {
    directories: HashMap<Place, Arc<Listed>>,
    entries: usize,
}

/// A checked directory: its entries, sorted by name.
type Listed = Vec<ObjectEntry>;

impl Objects {
    pub(crate) fn new(
        store: Arc<dyn ObjectStore>,
        root: ObjectId,
        mounts: impl IntoIterator<Item = Mount>,
        limits: &Limits,
    ) -> Self {
        let mut stores = vec![store];
        let mut places = HashMap::new();
        for mount in mounts {
            let place = Place {
                store: stores.len(),
                id: mount.root,
            };
            stores.push(mount.store);
            places.insert(mount.path, place);
        }
        Self {
            stores,
            root,
            mounts: places,
            limit: limits.entries,
            remembered: Mutex::default(),
        }
    }

    pub(crate) fn read(&self, path: &TreePath, limits: &Limits) -> Result<FileBytes, ReadError> {
        match resolve(self, path)?.target {
            Target::File(_, file) => self
                .blob(file, limits.file_size)
                .map(FileBytes::from)
                .map_err(|miss| miss.at(path)),
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
        let listed = self.listed(&directory).map_err(|miss| miss.at(path))?;
        Ok(listed
            .iter()
            .map(|entry| match str::from_utf8(&entry.name) {
                Ok(name) => Ok(Entry {
                    path: path.child(name),
                    kind: match entry.kind {
                        ObjectKind::Directory | ObjectKind::Submodule => EntryKind::Directory,
                        ObjectKind::File => EntryKind::File,
                        ObjectKind::Link => EntryKind::Link,
                    },
                }),
                Err(_) => Err(ReadError::NameNotUtf8 {
                    directory: path.clone(),
                    name: String::from_utf8_lossy(&entry.name).into_owned(),
                }),
            })
            .collect())
    }

    fn blob(&self, file: Blob, limit: u64) -> Result<Vec<u8>, Miss> {
        let store = self.stores.get(file.store).ok_or(Miss::Missing)?;
        Ok(store.blob(file.id, limit)?)
    }

    /// The entries of a directory, read once and checked.
    fn listed(&self, directory: &Open) -> Result<Arc<Listed>, Miss> {
        let Some(place) = directory.place else {
            return Ok(Arc::default());
        };
        let remembered = || {
            self.remembered
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
        };
        if let Some(listed) = remembered().directories.get(&place) {
            return Ok(Arc::clone(listed));
        }
        let store = self.stores.get(place.store).ok_or(Miss::Missing)?;
        let mut listed = store.directory(place.id, self.limit)?;
        listed.sort_unstable_by(|left, right| left.name.cmp(&right.name));
        check(&listed).map_err(Miss::Malformed)?;
        let listed = Arc::new(listed);
        let mut remembered = remembered();
        if remembered.entries > REMEMBERED {
            *remembered = Remembered::default();
        }
        // An empty directory takes room, too.
        remembered.entries += listed.len() + 1;
        remembered.directories.insert(place, Arc::clone(&listed));
        Ok(listed)
    }
}

/// What `git fsck` says of the names in a directory, sorted: each of these could put a file where a reader of the
/// repository does not see it.
fn check(listed: &Listed) -> Result<(), Malformed> {
    let mut before: Option<&[u8]> = None;
    for entry in listed {
        let name = entry.name.as_slice();
        match name {
            b"" => return Err(Malformed::EmptyName),
            b"." | b".." => return Err(Malformed::Dots),
            name if name.contains(&b'/') || name.contains(&0) => return Err(Malformed::Separator),
            name if str::from_utf8(name).is_ok_and(is_git_metadata) => {
                return Err(Malformed::GitMetadata);
            }
            _ => {}
        }
        if before == Some(name) {
            return Err(Malformed::RepeatedName);
        }
        before = Some(name);
    }
    Ok(())
}

/// A file that was found.
#[derive(Clone, Copy)]
pub(crate) struct Blob {
    store: usize,
    id: ObjectId,
}

impl Directories for Objects {
    type Directory = Open;
    type File = Blob;

    fn root(&self) -> Result<Open, Miss> {
        let place = Place {
            store: 0,
            id: self.root,
        };
        Ok(Open {
            path: TreePath::root(),
            place: Some(place),
        })
    }

    fn look_up(&self, directory: &Open, name: &str) -> Result<Step<Self>, Miss> {
        let listed = self.listed(directory)?;
        let found = listed
            .binary_search_by(|entry| entry.name.as_slice().cmp(name.as_bytes()))
            .map_err(|_| Miss::Absent)?;
        let (Some(entry), Some(place)) = (listed.get(found), directory.place) else {
            return Err(Miss::Absent);
        };
        let blob = Blob {
            store: place.store,
            id: entry.id,
        };
        Ok(match entry.kind {
            ObjectKind::File => Step::File(blob),
            ObjectKind::Link => Step::Link(self.blob(blob, MAX_LINK)?),
            ObjectKind::Directory => Step::Directory(Open {
                path: directory.path.child(name),
                place: Some(Place {
                    store: place.store,
                    id: entry.id,
                }),
            }),
            ObjectKind::Submodule => {
                let path = directory.path.child(name);
                let place = self.mounts.get(&path).copied();
                Step::Directory(Open { path, place })
            }
        })
    }
}
