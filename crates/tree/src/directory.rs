//! A tree on disk.
//!
//! Every access starts at one descriptor of the root and goes down by descriptors, never by a path that the kernel
//! follows on its own: `openat2` with `RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS` where no link is in the way and the
//! kernel has it, else one `O_NOFOLLOW` step per component. A link that is swapped in meanwhile makes either fail.

use std::ffi::CStr;
use std::io;
use std::mem::MaybeUninit;
use std::path::Path;

use rustix::buffer::spare_capacity;
use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{
    AtFlags, CWD, FileType, Mode, OFlags, RawDir, ResolveFlags, fstat, openat, openat2, readlinkat,
    statat,
};
use rustix::io::{Errno, read};

use crate::error::{ReadError, Special};
use crate::path::TreePath;
use crate::resolve::{Directories, Miss, Step, Target, is_git_metadata, resolve};
use crate::tree::{Entry, EntryKind, FileBytes, Kind, Limits, located};

/// Reading never blocks on a pipe (`NONBLOCK`) and never adopts a terminal (`NOCTTY`).
const READ: OFlags = OFlags::RDONLY
    .union(OFlags::CLOEXEC)
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY);

/// A directory that is only a starting point for further steps.
const STEP: OFlags = OFlags::PATH
    .union(OFlags::CLOEXEC)
    .union(OFlags::DIRECTORY)
    .union(OFlags::NOFOLLOW);

/// What the kernel may follow on its own: nothing but directories below the root.
const BENEATH: ResolveFlags = ResolveFlags::BENEATH
    .union(ResolveFlags::NO_SYMLINKS)
    .union(ResolveFlags::NO_MAGICLINKS);

/// How often an access is tried again that the kernel broke off because something was renamed meanwhile.
const RETRIES: usize = 8;

/// A directory on disk.
pub(crate) struct Directory {
    root: OwnedFd,
    lookup: Lookup,
}

/// How paths are followed.
enum Lookup {
    /// By `openat2` where no link is in the way, else step by step.
    Kernel,
    /// Step by step: the kernel has no `openat2` (before Linux 5.6), or a sandbox forbids it.
    Steps,
}

impl Directory {
    /// Opens `root`, following links in it: it is named by the operator, not by the repository.
    pub(crate) fn open(root: &Path) -> io::Result<Self> {
        let flags = OFlags::PATH | OFlags::CLOEXEC | OFlags::DIRECTORY;
        let root = openat(CWD, root, flags, Mode::empty())?;
        let lookup = match openat2(&root, c".", flags, Mode::empty(), BENEATH) {
            Ok(_) => Lookup::Kernel,
            Err(_) => Lookup::Steps,
        };
        Ok(Self { root, lookup })
    }

    /// As where there is no `openat2`.
    #[cfg(test)]
    pub(crate) fn without_openat2(mut self) -> Self {
        self.lookup = Lookup::Steps;
        self
    }

    pub(crate) fn read(&self, path: &TreePath, limits: &Limits) -> Result<FileBytes, ReadError> {
        let file = match self.open_directly(path, READ) {
            Some(file) => file.map_err(|error| failure(error, path))?,
            None => match resolve(self, path)?.target {
                Target::File(directory, name) => {
                    openat(&directory, &*name, READ | OFlags::NOFOLLOW, Mode::empty())
                        .map_err(|error| failure(error, path))?
                }
                Target::Directory(_) => {
                    return Err(ReadError::IsDirectory { path: path.clone() });
                }
                Target::Special(kind) => {
                    return Err(ReadError::NotRegular {
                        path: path.clone(),
                        kind,
                    });
                }
            },
        };
        read_file(&file, path, limits.file_size)
    }

    /// Where `path` leads, links followed, and what is there.
    pub(crate) fn locate(&self, path: &TreePath) -> Result<(TreePath, Kind), ReadError> {
        let Some(found) = self.open_directly(path, OFlags::PATH | OFlags::CLOEXEC) else {
            return resolve(self, path).map(located);
        };
        // No link was in the way, so the path is the real one.
        let status = found
            .and_then(fstat)
            .map_err(|error| failure(error, path))?;
        let kind = match FileType::from_raw_mode(status.st_mode) {
            FileType::Directory => Kind::Directory,
            FileType::RegularFile => Kind::File,
            other => Kind::Special(special(other)),
        };
        Ok((path.clone(), kind))
    }

    /// The entries of a directory in no order, without Git's own.
    pub(crate) fn list(
        &self,
        path: &TreePath,
        limits: &Limits,
    ) -> Result<Vec<Result<Entry, ReadError>>, ReadError> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::DIRECTORY;
        let directory = match self.open_directly(path, flags) {
            Some(directory) => directory,
            None => match resolve(self, path)?.target {
                Target::Directory(directory) => openat(&directory, c".", flags, Mode::empty()),
                Target::File(..) | Target::Special(_) => Err(Errno::NOTDIR),
            },
        }
        .map_err(|error| failure(error, path))?;

        let mut entries = Vec::new();
        let mut buffer = [MaybeUninit::uninit(); 32 * 1024];
        let mut listing = RawDir::new(&directory, &mut buffer);
        while let Some(entry) = listing.next() {
            let entry = entry.map_err(|error| failure(error, path))?;
            if matches!(entry.file_name().to_bytes(), b"." | b"..") {
                continue;
            }
            if entries.len() >= limits.entries {
                return Err(ReadError::TooManyEntries {
                    path: path.clone(),
                    limit: limits.entries,
                });
            }
            match entry.file_name().to_str() {
                Err(_) => entries.push(Err(ReadError::NameNotUtf8 {
                    directory: path.clone(),
                    name: entry.file_name().to_string_lossy().into_owned(),
                })),
                Ok(name) if is_git_metadata(name) => {}
                Ok(name) => {
                    match entry_kind(&directory, entry.file_name(), entry.file_type()) {
                        Ok(kind) => entries.push(Ok(Entry {
                            path: path.child(name),
                            kind,
                        })),
                        // Removed since: not there is not there.
                        Err(Errno::NOENT) => {}
                        Err(error) => entries.push(Err(failure(error, &path.child(name)))),
                    }
                }
            }
        }
        Ok(entries)
    }

    /// Opens `path` in one call; `None` where that cannot tell, or may not be, the answer.
    fn open_directly(&self, path: &TreePath, flags: OFlags) -> Option<Result<OwnedFd, Errno>> {
        match self.lookup {
            Lookup::Kernel if !path.components().any(is_git_metadata) => {}
            Lookup::Kernel | Lookup::Steps => return None,
        }
        let name = if path.is_root() { "." } else { path.as_str() };
        for _ in 0..RETRIES {
            match openat2(&self.root, name, flags, Mode::empty(), BENEATH) {
                Ok(file) => return Some(Ok(file)),
                Err(Errno::AGAIN | Errno::INTR) => {}
                Err(error @ (Errno::NOENT | Errno::ACCESS)) => return Some(Err(error)),
                // A link is in the way, or the entry is neither file nor directory: the steps find out which.
                Err(_) => return None,
            }
        }
        None
    }
}

impl Directories for Directory {
    type Directory = OwnedFd;
    type File = String;

    fn root(&self) -> Result<OwnedFd, Miss> {
        openat(&self.root, c".", STEP, Mode::empty()).map_err(miss)
    }

    fn look_up(&self, directory: &OwnedFd, name: &str) -> Result<Step<Self>, Miss> {
        let status = statat(directory, name, AtFlags::SYMLINK_NOFOLLOW).map_err(miss)?;
        match FileType::from_raw_mode(status.st_mode) {
            FileType::Directory => openat(directory, name, STEP, Mode::empty())
                .map(Step::Directory)
                .map_err(miss),
            FileType::RegularFile => Ok(Step::File(name.to_owned())),
            FileType::Symlink => match readlinkat(directory, name, Vec::new()) {
                Ok(target) => Ok(Step::Link(target.into_bytes())),
                // It is no link any more.
                Err(Errno::INVAL) => Err(Miss::Changed),
                Err(error) => Err(miss(error)),
            },
            other => Ok(Step::Special(special(other))),
        }
    }
}

/// The kind of an entry, asked for where the file system does not list it.
fn entry_kind(directory: &OwnedFd, name: &CStr, listed: FileType) -> Result<EntryKind, Errno> {
    let kind = match listed {
        FileType::Unknown => {
            FileType::from_raw_mode(statat(directory, name, AtFlags::SYMLINK_NOFOLLOW)?.st_mode)
        }
        known => known,
    };
    Ok(match kind {
        FileType::RegularFile => EntryKind::File,
        FileType::Directory => EntryKind::Directory,
        FileType::Symlink => EntryKind::Link,
        other => EntryKind::Special(special(other)),
    })
}

/// Reads an open file to its end, if it is a regular one within the limit.
fn read_file(file: &OwnedFd, path: &TreePath, limit: u64) -> Result<FileBytes, ReadError> {
    let status = fstat(file).map_err(|error| failure(error, path))?;
    match FileType::from_raw_mode(status.st_mode) {
        FileType::RegularFile => {}
        FileType::Directory => return Err(ReadError::IsDirectory { path: path.clone() }),
        other => {
            return Err(ReadError::NotRegular {
                path: path.clone(),
                kind: special(other),
            });
        }
    }
    let too_large = || ReadError::TooLarge {
        path: path.clone(),
        limit,
    };
    let size = u64::try_from(status.st_size).unwrap_or_default();
    if size > limit {
        return Err(too_large());
    }
    // One byte more than it holds: the read that finds the end needs room, or the buffer would grow for it.
    let mut bytes = Vec::with_capacity(usize::try_from(size).map_err(|_| too_large())? + 1);
    loop {
        bytes.reserve(1);
        match read(file.as_fd(), spare_capacity(&mut bytes)) {
            Ok(0) => return Ok(FileBytes::from(bytes)),
            Ok(_) if bytes.len() as u64 > limit => return Err(too_large()),
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(failure(error, path)),
        }
    }
}

fn failure(error: Errno, path: &TreePath) -> ReadError {
    match error {
        Errno::NOTDIR => ReadError::NotADirectory { path: path.clone() },
        error => miss(error).at(path),
    }
}

fn miss(error: Errno) -> Miss {
    match error {
        Errno::NOENT => Miss::Absent,
        Errno::ACCESS | Errno::PERM => Miss::Denied,
        // The entry was a file or directory a moment ago and is a link or something else now.
        Errno::LOOP | Errno::NOTDIR | Errno::NXIO => Miss::Changed,
        error => Miss::System(error.into()),
    }
}

const fn special(kind: FileType) -> Special {
    match kind {
        FileType::BlockDevice | FileType::CharacterDevice => Special::Device,
        FileType::Fifo => Special::Pipe,
        FileType::Socket => Special::Socket,
        _ => Special::Unknown,
    }
}
