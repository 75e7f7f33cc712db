//! Puts the packs of a mirror together.
//!
//! Every fetch leaves a pack, and each question goes through all of them. From a number on, the objects of the commits
//! that are still needed are written into one new pack, and the others are taken away, with all that nobody needs.
//! Objects are written whole and not as differences: that takes more room than the server's pack, but the time of one
//! pass over the objects.

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::sync::atomic::AtomicBool;

use gix::ObjectId;
use gix::hash::Kind;
use gix::objs::{Find as _, TreeRefIter, tree::EntryKind};

use super::error::{Cause, FetchError};
use super::mirror::{Complete, Locked, remove};
use super::objects::{Database, tree_of};
use super::session::FetchLimits;

/// Keeps the objects of `kept` in one pack, and nothing else.
pub(crate) fn consolidate(
    locked: &Locked<'_>,
    database: &Database,
    kept: &Complete,
    limits: &FetchLimits,
) -> Result<(), FetchError> {
    // First the names: a process that dies from here on leaves commits that are forgotten, not commits that are broken.
    locked.set_complete(kept)?;
    locked.set_shallow(kept)?;
    let objects = reachable(database, kept)?;
    if objects.is_empty() {
        return Ok(locked.make_anew()?);
    }
    let draft = locked.draft();
    write_pack(&draft, database, &objects)?;
    let pack = File::open(&draft)?;
    let never = AtomicBool::new(false);
    let stored = locked.store(
        &mut BufReader::with_capacity(64 << 10, pack),
        database,
        limits,
        &never,
    )?;
    remove(&draft)?;
    let index = stored.index().map(std::path::Path::to_owned);
    let wants: Vec<_> = kept.values().copied().collect();
    locked.accept(Some(stored), &wants, database)?;
    if let Some(index) = index {
        locked.remove_packs_but(&index)?;
    }
    Ok(())
}

/// The commits, with everything in their trees.
fn reachable(database: &Database, commits: &Complete) -> Result<Vec<ObjectId>, FetchError> {
    let lost = |error: gix::Error| FetchError::Mirror(Cause::of(&error));
    let mut seen = HashSet::new();
    let mut order = Vec::new();
    let mut pending = Vec::new();
    let mut buffer = Vec::new();
    for commit in commits.values() {
        if !seen.insert(*commit) {
            continue;
        }
        order.push(*commit);
        database
            .with(|objects| objects.try_find(commit, &mut buffer).map(|_| ()))
            .map_err(lost)?;
        pending.extend(tree_of(&buffer).filter(|tree| seen.insert(*tree)));
    }
    while let Some(directory) = pending.pop() {
        order.push(directory);
        database
            .with(|objects| objects.try_find(&directory, &mut buffer).map(|_| ()))
            .map_err(lost)?;
        for entry in TreeRefIter::from_bytes(&buffer, Kind::Sha1).flatten() {
            let id = entry.oid.to_owned();
            match entry.mode.kind() {
                EntryKind::Commit => {}
                EntryKind::Tree => pending.extend(seen.insert(id).then_some(id)),
                EntryKind::Blob | EntryKind::BlobExecutable | EntryKind::Link => {
                    order.extend(seen.insert(id).then_some(id));
                }
            }
        }
    }
    Ok(order)
}

/// Writes a pack (format: `gitformat-pack`) of whole objects.
fn write_pack(
    path: &std::path::Path,
    database: &Database,
    objects: &[ObjectId],
) -> Result<(), FetchError> {
    let file = OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .mode(0o600)
        .open(path)?;
    let mut out = Hashed {
        inner: BufWriter::with_capacity(64 << 10, file),
        hasher: gix::hash::hasher(Kind::Sha1),
    };
    let count = u32::try_from(objects.len())
        .map_err(|_| FetchError::Mirror(Cause::text("too many objects for one pack")))?;
    out.write_all(b"PACK")?;
    out.write_all(&2_u32.to_be_bytes())?;
    out.write_all(&count.to_be_bytes())?;
    let mut buffer = Vec::new();
    for id in objects {
        let kind = database
            .with(|objects| {
                objects
                    .try_find(id, &mut buffer)
                    .map(|found| found.map(|found| found.kind))
            })
            .map_err(|error| FetchError::Mirror(Cause::of(&error)))?
            .ok_or_else(|| FetchError::Mirror(Cause::text("an object is missing")))?;
        write_header(&mut out, kind, buffer.len())?;
        let mut deflated =
            gix::zlib::stream::deflate::Write::new(&mut out, gix::zlib::Compression::BEST_SPEED);
        deflated.write_all(&buffer)?;
        deflated.flush()?;
    }
    let Hashed { mut inner, hasher } = out;
    let digest = hasher
        .try_finalize()
        .map_err(|error| FetchError::Mirror(Cause::of(&error)))?;
    inner.write_all(digest.as_bytes())?;
    inner.flush()?;
    Ok(())
}

/// The kind and the unpacked size of an object: four bits of size beside the kind, then seven in each byte.
fn write_header(out: &mut impl Write, kind: gix::objs::Kind, size: usize) -> io::Result<()> {
    let number: u8 = match kind {
        gix::objs::Kind::Commit => 1,
        gix::objs::Kind::Tree => 2,
        gix::objs::Kind::Blob => 3,
        gix::objs::Kind::Tag => 4,
    };
    let mut left = size >> 4;
    let mut byte = number << 4 | (size & 0xf) as u8;
    while left > 0 {
        out.write_all(&[byte | 0x80])?;
        byte = (left & 0x7f) as u8;
        left >>= 7;
    }
    out.write_all(&[byte])
}

/// Writes, and hashes what it writes.
struct Hashed<W> {
    inner: W,
    hasher: gix::hash::Hasher,
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
