//! One mirror on disk: a bare repository of packs, with the commits that are complete in it.
//!
//! ```text
//! <mirror>/HEAD, config      so that `git --git-dir` can look into it; never read here
//! <mirror>/objects/pack/     packs with their indices; `pack-*.keep` marks one that is not checked yet
//! <mirror>/shallow           commits whose parents are not here
//! <mirror>/packed-refs       `refs/lockstep/<number>`: the complete commits, oldest first
//! <mirror>/lockstep.lock     locked (`flock`) by who changes the mirror
//! <mirror>/lockstep.users    locked in common by who reads it, alone by who takes packs away
//! <mirror>/lockstep.suspect  there when something could not be read: the next fetch makes the mirror anew
//! ```
//!
//! A commit counts as complete only when its name is in `packed-refs`, and it comes there last: after its pack is in
//! place, `shallow` is written, and every object of its tree was found. So a process that dies at any point leaves a
//! mirror in which every complete commit is complete; what it left half done is taken away by the next one that gets the
//! lock. Holds only what the server sent, secrets as encrypted as they were committed.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, BufRead, ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use gix::ObjectId;
use gix::hash::Kind;
use gix::objs::Exists as _;
use gix::odb::pack;
use gix::progress::Discard;
use rustix::fs::{FlockOperation, flock};

use super::error::{Cause, FetchError};
use super::objects::{Database, closure};
use super::session::FetchLimits;

/// The folder of one mirror.
#[derive(Clone, Debug)]
pub(crate) struct Mirror {
    folder: PathBuf,
}

/// The right to change a mirror, as long as it lives.
pub(crate) struct Locked<'a> {
    mirror: &'a Mirror,
    _lock: File,
}

/// Keeps the packs of a mirror from being taken away, as long as it lives.
#[derive(Debug)]
pub(crate) struct Use {
    _lock: File,
}

/// The names of complete commits, in the order in which they came.
pub(crate) type Complete = BTreeMap<u64, ObjectId>;

const REFS: &str = "refs/lockstep/";

impl Mirror {
    /// The mirror in `folder`, made where there is none.
    pub(crate) fn open(folder: PathBuf) -> io::Result<Self> {
        let mirror = Self { folder };
        mirror.create()?;
        Ok(mirror)
    }

    fn create(&self) -> io::Result<()> {
        for folder in ["objects/pack", "refs"] {
            DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(self.folder.join(folder))?;
        }
        let initial = [
            (
                "config",
                "[core]\n\trepositoryformatversion = 0\n\tbare = true\n",
            ),
            // Last, since `git` takes a folder with it for a repository.
            ("HEAD", "ref: refs/heads/none\n"),
        ];
        for (name, content) in initial {
            if !self.folder.join(name).exists() {
                self.write(name, content.as_bytes())?;
            }
        }
        Ok(())
    }

    /// Waits until nobody else changes the mirror, and takes away what somebody left half done.
    pub(crate) fn lock(&self) -> io::Result<Locked<'_>> {
        loop {
            let lock = self.open_lock("lockstep.lock")?;
            flock(&lock, FlockOperation::LockExclusive)?;
            // The mirror may have been made anew while this was waiting for the lock of the former one.
            if is_at(&lock, &self.folder.join("lockstep.lock"))? {
                let locked = Locked {
                    mirror: self,
                    _lock: lock,
                };
                locked.recover()?;
                return Ok(locked);
            }
        }
    }

    /// Keeps the packs where they are.
    pub(crate) fn using(&self) -> io::Result<Use> {
        let lock = self.open_lock("lockstep.users")?;
        flock(&lock, FlockOperation::LockShared)?;
        Ok(Use { _lock: lock })
    }

    /// The complete commits. Needs no lock: the file is replaced as a whole.
    pub(crate) fn complete(&self) -> io::Result<Complete> {
        let text = match fs::read_to_string(self.folder.join("packed-refs")) {
            Ok(text) => text,
            // Not ours, or damaged: then nothing counts as complete.
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::InvalidData) => {
                return Ok(Complete::new());
            }
            Err(error) => return Err(error),
        };
        let parse = |line: &str| {
            let (id, name) = line.split_once(' ')?;
            let number = name.strip_prefix(REFS)?.parse().ok()?;
            Some((number, ObjectId::from_hex(id.as_bytes()).ok()?))
        };
        Ok(text.lines().filter_map(parse).collect())
    }

    /// Its objects.
    pub(crate) fn database(&self, limits: &FetchLimits) -> io::Result<Database> {
        Database::open(
            self.folder.join("objects"),
            self.folder.join("lockstep.suspect"),
            limits.object,
        )
    }

    /// Where the commits are noted whose parents are not here.
    pub(crate) fn shallow_file(&self) -> PathBuf {
        self.folder.join("shallow")
    }

    fn open_lock(&self, name: &str) -> io::Result<File> {
        let open = || {
            OpenOptions::new()
                .create(true)
                .truncate(false)
                .read(true)
                .write(true)
                .mode(0o600)
                .open(self.folder.join(name))
        };
        match open() {
            // Another process is making it anew.
            Err(error) if error.kind() == ErrorKind::NotFound => {
                self.create()?;
                open()
            }
            opened => opened,
        }
    }

    /// Replaces a file as a whole.
    fn write(&self, name: &str, content: &[u8]) -> io::Result<()> {
        let new = self.folder.join(format!("{name}.new"));
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(true)
            .write(true)
            .mode(0o600)
            .open(&new)?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(new, self.folder.join(name))
    }
}

/// Whether `file` is what is at `path` now.
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt as _;
    let open = file.metadata()?;
    match fs::metadata(path) {
        Ok(found) => Ok((open.dev(), open.ino()) == (found.dev(), found.ino())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

impl Locked<'_> {
    fn pack_folder(&self) -> PathBuf {
        self.mirror.folder.join("objects/pack")
    }

    /// Takes away what somebody left half done.
    fn recover(&self) -> io::Result<()> {
        self.mirror.create()?;
        if self.mirror.folder.join("lockstep.suspect").exists() {
            return self.make_anew();
        }
        for name in ["shallow.lock", "packed-refs.new", "shallow.new"] {
            remove(&self.mirror.folder.join(name))?;
        }
        let is_id = |line: &[u8]| ObjectId::from_hex(line).is_ok();
        match fs::read(self.mirror.shallow_file()) {
            Ok(listed) => {
                let lines = listed.strip_suffix(b"\n").unwrap_or(&listed);
                if !lines.split(|byte| *byte == b'\n').all(is_id) {
                    return self.make_anew();
                }
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let mut unchecked = false;
        for pack in self.packs()? {
            unchecked |= pack.keep;
            if pack.keep || !pack.data || !pack.index {
                self.remove_pack(&pack.stem)?;
            }
        }
        if unchecked {
            self.forget_absent()?;
        }
        Ok(())
    }

    /// Leaves in `shallow` and `packed-refs` only commits that are here.
    fn forget_absent(&self) -> io::Result<()> {
        let database = self.mirror.database(&FetchLimits::default())?;
        let here = |id: &ObjectId| database.with(|objects| objects.exists(id));
        let mut complete = self.mirror.complete()?;
        complete.retain(|_, id| here(id));
        self.set_complete(&complete)?;
        let shallow = self.mirror.shallow_file();
        let listed = match fs::read_to_string(&shallow) {
            Ok(listed) => listed,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        let kept: String = listed
            .lines()
            .filter(|line| ObjectId::from_hex(line.as_bytes()).is_ok_and(|id| here(&id)))
            .flat_map(|line| [line, "\n"])
            .collect();
        match kept.as_str() {
            "" => remove(&shallow),
            kept => self.mirror.write("shallow", kept.as_bytes()),
        }
    }

    /// Throws everything away. The lock stays, since others may be waiting for it.
    pub(crate) fn make_anew(&self) -> io::Result<()> {
        remove(&self.mirror.folder.join("packed-refs"))?;
        remove(&self.mirror.shallow_file())?;
        for pack in self.packs()? {
            self.remove_pack(&pack.stem)?;
        }
        // Nothing else belongs there; loose objects and alternates would be somebody else's.
        for folder in fs::read_dir(self.mirror.folder.join("objects"))? {
            let folder = folder?;
            if folder.file_name() != "pack" {
                match folder.file_type()?.is_dir() {
                    true => fs::remove_dir_all(folder.path())?,
                    false => fs::remove_file(folder.path())?,
                }
            }
        }
        remove(&self.mirror.folder.join("lockstep.suspect"))
    }

    /// Notes commits as complete.
    pub(crate) fn add_complete(&self, ids: &[ObjectId]) -> io::Result<()> {
        let mut complete = self.mirror.complete()?;
        let next = complete
            .last_key_value()
            .map_or(0, |(number, _)| number + 1);
        complete.retain(|_, present| !ids.contains(present));
        complete.extend((next..).zip(ids.iter().copied()));
        self.set_complete(&complete)
    }

    pub(crate) fn set_complete(&self, complete: &Complete) -> io::Result<()> {
        let lines: String = complete
            .iter()
            .map(|(number, id)| format!("{id} {REFS}{number:010}\n"))
            .collect();
        self.mirror.write("packed-refs", lines.as_bytes())
    }

    /// Notes that the parents of `commits` are not here.
    pub(crate) fn set_shallow(&self, commits: &Complete) -> io::Result<()> {
        let lines: String = commits.values().map(|id| format!("{id}\n")).collect();
        self.mirror.write("shallow", lines.as_bytes())
    }

    /// Stores a pack, marked as unchecked: see [`accept`](Self::accept).
    pub(crate) fn store(
        &self,
        pack: &mut dyn BufRead,
        database: &Database,
        limits: &FetchLimits,
        interrupt: &AtomicBool,
    ) -> Result<Stored, FetchError> {
        let outcome = database.with(|objects| {
            pack::Bundle::write_to_directory(
                pack,
                Some(&self.pack_folder()),
                &mut Discard,
                interrupt,
                Some(objects),
                Kind::Sha1,
                pack::bundle::write::Options {
                    alloc_limit_bytes: Some(limits.object),
                    ..Default::default()
                },
            )
        });
        let outcome = outcome.map_err(|error| FetchError::Protocol(Cause::of(&error)))?;
        Ok(Stored {
            index: outcome.index_path,
            keep: outcome.keep_path,
        })
    }

    /// Checks that everything of `wants` is here now, and notes them as complete; else takes the pack away.
    pub(crate) fn accept(
        &self,
        stored: Option<Stored>,
        wants: &[ObjectId],
        database: &Database,
    ) -> Result<(), FetchError> {
        let new = match stored.as_ref().and_then(|stored| stored.index.as_ref()) {
            Some(index) => Some(
                pack::index::File::at(index, Kind::Sha1)
                    .map_err(|error| FetchError::Protocol(Cause::of(&error)))?,
            ),
            None => None,
        };
        let checked = wants
            .iter()
            .try_for_each(|want| closure(database, *want, new.as_ref()));
        match (checked, stored) {
            (Ok(()), stored) => {
                self.add_complete(wants)?;
                if let Some(keep) = stored.and_then(|stored| stored.keep) {
                    remove(&keep)?;
                }
                Ok(())
            }
            (Err(error), stored) => {
                if let Some(Stored {
                    keep: Some(keep), ..
                }) = stored
                {
                    self.remove_pack(&keep.with_extension(""))?;
                    self.forget_absent()?;
                }
                Err(error)
            }
        }
    }

    /// How many packs there are.
    pub(crate) fn pack_count(&self) -> io::Result<usize> {
        Ok(self.packs()?.len())
    }

    /// Takes away every pack but `kept`, if nobody reads the mirror.
    pub(crate) fn remove_packs_but(&self, kept: &Path) -> io::Result<()> {
        for pack in self.packs()? {
            if kept.with_extension("") != pack.stem {
                self.remove_pack(&pack.stem)?;
            }
        }
        Ok(())
    }

    /// The right to take packs away; `None` while somebody reads.
    pub(crate) fn alone(&self) -> io::Result<Option<File>> {
        let lock = self.mirror.open_lock("lockstep.users")?;
        match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(lock)),
            Err(error) if error == rustix::io::Errno::WOULDBLOCK => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// A file for a pack in the making; taken away by the next one that gets the lock, if it is left behind.
    pub(crate) fn draft(&self) -> PathBuf {
        self.pack_folder().join("draft")
    }

    fn packs(&self) -> io::Result<Vec<Pack>> {
        let mut packs = BTreeMap::<PathBuf, Pack>::new();
        for entry in fs::read_dir(self.pack_folder())? {
            let path = entry?.path();
            let stem = path.with_extension("");
            let is_pack = stem
                .file_name()
                .and_then(|name| name.to_str())
                .and_then(|name| name.strip_prefix("pack-"))
                .is_some_and(|name| ObjectId::from_hex(name.as_bytes()).is_ok());
            let extension = path.extension().and_then(|extension| extension.to_str());
            let mut mark = |part: fn(&mut Pack)| {
                let pack = packs.entry(stem.clone()).or_insert_with(|| Pack {
                    stem: stem.clone(),
                    data: false,
                    index: false,
                    keep: false,
                });
                part(pack);
            };
            match (is_pack, extension) {
                (true, Some("pack")) => mark(|pack| pack.data = true),
                (true, Some("idx")) => mark(|pack| pack.index = true),
                (true, Some("keep")) => mark(|pack| pack.keep = true),
                // Left behind: a temporary file, or what belongs to no pack of ours.
                _ => remove(&path)?,
            }
        }
        Ok(packs.into_values().collect())
    }

    /// The mark goes last: as long as it is there, the next one knows that this has to be finished.
    fn remove_pack(&self, stem: &Path) -> io::Result<()> {
        ["idx", "pack", "keep"]
            .iter()
            .try_for_each(|extension| remove(&stem.with_extension(extension)))
    }
}

/// The files of one pack.
struct Pack {
    stem: PathBuf,
    data: bool,
    index: bool,
    keep: bool,
}

/// A pack in place, not checked yet.
pub(crate) struct Stored {
    index: Option<PathBuf>,
    keep: Option<PathBuf>,
}

impl Stored {
    /// The pack's index; `None` for an empty pack.
    pub(crate) fn index(&self) -> Option<&Path> {
        self.index.as_deref()
    }
}

/// Removes a file that may not be there.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
