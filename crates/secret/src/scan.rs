//! A search of this process's own memory, for tests that prove that secrets are gone.
//!
//! Behind the feature `memory-scan`, which no product build turns on. What is searched for is held masked and
//! compared byte by byte, and the buffer that memory is read into is left out, so that the search does not find
//! itself. Pages that are locked into memory are left out as well: that is where live keys belong.
//!
//! The process has to be allowed to open `/proc/self/mem`, which root always is, and others as long as it is
//! dumpable.

use std::fs::{self, File};
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;

use crate::locked::LockedBytes;

/// What needles are masked with.
const MASK: u8 = 0xa5;

/// How much memory is read at once, in bytes.
const CHUNK: usize = 1 << 20;

/// Bytes to search for, masked.
pub struct Needle {
    masked: Vec<u8>,
}

impl Needle {
    /// `len` bytes that `byte` gives one at a time. At least eight: fewer turn up by chance.
    pub fn new(len: usize, byte: impl Fn(usize) -> u8) -> Self {
        Self {
            masked: (0..len).map(|at| byte(at) ^ MASK).collect(),
        }
    }

    /// The bytes of `value`, which is still there when this returns and has to be wiped by its owner.
    pub fn of(value: &[u8]) -> Self {
        Self::new(value.len(), |at| value[at])
    }

    /// Length in bytes.
    pub fn len(&self) -> usize {
        self.masked.len()
    }

    /// Whether there is nothing to search for.
    pub fn is_empty(&self) -> bool {
        self.masked.is_empty()
    }

    fn is_at(&self, text: &[u8]) -> bool {
        text.len() >= self.masked.len()
            && self
                .masked
                .iter()
                .zip(text)
                .all(|(masked, byte)| byte ^ MASK == *masked)
    }
}

/// A place where a needle was found.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Hit {
    /// Which of the needles, by position.
    pub needle: usize,
    /// Where it stands.
    pub address: usize,
    /// What the memory is: `[heap]`, `[stack]`, the path of a file, or nothing.
    pub mapping: String,
}

/// Searches all readable memory of the process but locked pages.
///
/// # Errors
///
/// When the process may not read its own memory through `/proc`.
pub fn scan(needles: &[Needle]) -> io::Result<Vec<Hit>> {
    let overlap = needles.iter().map(Needle::len).max().unwrap_or_default();
    // The bytes that needles begin with. Most of the memory begins with none of them.
    let mut begins = [false; 256];
    for needle in needles {
        if let Some(first) = needle.masked.first() {
            begins[usize::from(first ^ MASK)] = true;
        }
    }
    let mut buffer = LockedBytes::init(CHUNK + overlap, |_| ()).map_err(io::Error::other)?;
    let own = buffer.expose().as_ptr_range();
    let own = own.start.addr()..own.end.addr();
    let memory = File::open("/proc/self/mem")?;
    let mut hits = Vec::new();
    for mapping in mappings()? {
        let mut at = mapping.range.start;
        while at < mapping.range.end {
            let buffer = buffer.expose_mut();
            let wanted = buffer.len().min(mapping.range.end - at);
            // A part of a mapping can lie beyond the end of its file; there is nothing to read then.
            let Ok(read) = memory.read_at(&mut buffer[..wanted], at as u64) else {
                break;
            };
            let read = &buffer[..read];
            if read.is_empty() {
                break;
            }
            let starts = read.len().min(CHUNK);
            for offset in (0..starts).filter(|&offset| begins[usize::from(read[offset])]) {
                let address = at + offset;
                for (number, needle) in needles.iter().enumerate() {
                    if needle.is_at(&read[offset..]) && !own.contains(&address) {
                        hits.push(Hit {
                            needle: number,
                            address,
                            mapping: mapping.name.clone(),
                        });
                    }
                }
            }
            at += starts;
        }
    }
    Ok(hits)
}

/// A readable mapping that is not locked.
struct Mapping {
    range: Range<usize>,
    name: String,
}

/// Reads `/proc/self/smaps` (proc_pid_smaps(5)): a line for each mapping, then one for each of its properties.
fn mappings() -> io::Result<Vec<Mapping>> {
    let mut mappings = Vec::new();
    let mut current = None;
    // A mapping that grows while the file is read is listed once more, from its start.
    let mut end = 0;
    for line in fs::read_to_string("/proc/self/smaps")?.lines() {
        if let Some(flags) = line.strip_prefix("VmFlags:") {
            let is_left_out = flags
                .split_whitespace()
                .any(|flag| matches!(flag, "lo" | "io"));
            mappings.extend(current.take().filter(|_| !is_left_out));
        } else if let Some((range, permissions, name)) = mapping_line(line) {
            let readable = permissions.starts_with('r') && !matches!(name, "[vvar]" | "[vsyscall]");
            current = readable.then(|| Mapping {
                range: range.start.max(end)..range.end,
                name: name.to_owned(),
            });
            end = end.max(range.end);
        }
    }
    Ok(mappings)
}

/// The line of a mapping: range, permissions, offset, device, inode, name.
fn mapping_line(line: &str) -> Option<(Range<usize>, &str, &str)> {
    let mut fields = line.splitn(6, ' ');
    let (start, end) = fields.next()?.split_once('-')?;
    let range = usize::from_str_radix(start, 16).ok()?..usize::from_str_radix(end, 16).ok()?;
    let permissions = fields.next()?;
    Some((range, permissions, fields.nth(3).unwrap_or_default().trim()))
}
