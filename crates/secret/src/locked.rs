//! Private keys: memory that is never swapped, dumped or inherited.
//!
//! Each [`LockedBytes`] has pages of its own between two guard pages:
//!
//! ```text
//! | guard (no access) | zeros … the bytes | guard (no access) |
//! ```
//!
//! The bytes end where the guard begins, so reading or writing past their end faults. The pages are locked (`mlock`),
//! left out of core dumps (`MADV_DONTDUMP`) and given to children as zeros (`MADV_WIPEONFORK`).
#![allow(unsafe_code)]

use std::ffi::c_void;
use std::ptr::{self, NonNull};
use std::slice;

use rustix::mm::{
    Advice, MapFlags, MprotectFlags, ProtFlags, madvise, mlock, mmap_anonymous, mprotect, munmap,
};
use rustix::param::page_size;
use zeroize::Zeroize;

/// A private key in locked memory.
///
/// Locking degrades: where the limit on locked memory (`RLIMIT_MEMLOCK`) does not allow more, the key is held in
/// pages that have everything else, and [`is_locked`](Self::is_locked) says so. A key takes one page of 4 KiB of that
/// limit per started 4 KiB.
///
/// As [`SecretBytes`](crate::SecretBytes), it has no `Debug`, `Display`, `Clone` or `PartialEq`:
///
/// ```compile_fail,E0277
/// let key = secret::LockedBytes::take(&mut [1, 2, 3]).unwrap();
/// println!("{key:?}");
/// ```
///
/// ```compile_fail,E0599
/// let key = secret::LockedBytes::take(&mut [1, 2, 3]).unwrap();
/// let twin = key.clone();
/// ```
pub struct LockedBytes {
    // Start of the whole mapping, guards included.
    mapping: NonNull<c_void>,
    // Length of the accessible pages between the guards.
    pages: usize,
    // Length of the content, which fills the end of the accessible pages.
    len: usize,
    locked: bool,
}

// SAFETY: the mapping is owned by this value alone, like the buffer of a `Box<[u8]>`, and is not tied to a thread.
unsafe impl Send for LockedBytes {}
// SAFETY: through `&self` the content is only read.
unsafe impl Sync for LockedBytes {}

impl LockedBytes {
    /// Moves `source` into locked memory and wipes it.
    ///
    /// # Errors
    ///
    /// When the system gives no memory. `source` is wiped all the same: a key is not left behind.
    pub fn take(source: &mut [u8]) -> Result<Self, MapError> {
        let result = Self::init(source.len(), |bytes| bytes.copy_from_slice(source));
        source.zeroize();
        result
    }

    /// `len` zero bytes in locked memory that `fill` writes in place.
    ///
    /// # Errors
    ///
    /// When the system gives no memory.
    pub fn init(len: usize, fill: impl FnOnce(&mut [u8])) -> Result<Self, MapError> {
        let mut key = Self::map(len)?;
        fill(key.expose_mut());
        Ok(key)
    }

    /// The content.
    pub fn expose(&self) -> &[u8] {
        // SAFETY: the `len` bytes at `content()` are mapped, initialised (anonymous pages are zeros) and written only
        // through `&mut self`.
        unsafe { slice::from_raw_parts(self.content(), self.len) }
    }

    /// The content, to be changed in place.
    pub fn expose_mut(&mut self) -> &mut [u8] {
        // SAFETY: as in `expose`, and `&mut self` makes the access exclusive.
        unsafe { slice::from_raw_parts_mut(self.content(), self.len) }
    }

    /// Length of the content in bytes.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no content.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether the pages are locked into memory, which the limit on locked memory can forbid.
    pub const fn is_locked(&self) -> bool {
        self.locked
    }

    fn map(len: usize) -> Result<Self, MapError> {
        let page = page_size();
        let too_long = MapError(rustix::io::Errno::NOMEM.into());
        // An empty key has a page as well, so that every value owns a mapping.
        let Some(pages) = len.max(1).checked_next_multiple_of(page) else {
            return Err(too_long);
        };
        let Some(total) = pages.checked_add(2 * page) else {
            return Err(too_long);
        };
        // SAFETY: a fresh private mapping at an address of the kernel's choice touches no memory in use.
        let mapping = unsafe {
            mmap_anonymous(
                ptr::null_mut(),
                total,
                ProtFlags::empty(),
                MapFlags::PRIVATE,
            )
        }
        .map_err(|error| MapError(error.into()))?;
        let Some(mapping) = NonNull::new(mapping) else {
            return Err(too_long);
        };
        let mut key = Self {
            mapping,
            pages,
            len,
            locked: false,
        };
        let data = key.data();
        // SAFETY: `data` and `pages` lie page-aligned inside the mapping that was just made.
        unsafe { mprotect(data, pages, MprotectFlags::READ | MprotectFlags::WRITE) }
            .map_err(|error| MapError(error.into()))?;
        for advice in [Advice::LinuxDontDump, Advice::LinuxWipeOnFork] {
            // An old kernel that does not know an advice still holds the key; the process is non-dumpable as well.
            // SAFETY: the same pages; neither advice changes what they hold in this process.
            let _unknown_advice = unsafe { madvise(data, pages, advice) };
        }
        // SAFETY: the same pages.
        key.locked = unsafe { mlock(data, pages) }.is_ok();
        Ok(key)
    }

    /// Start of the accessible pages.
    fn data(&self) -> *mut c_void {
        self.mapping.as_ptr().wrapping_byte_add(page_size())
    }

    /// Start of the content.
    fn content(&self) -> *mut u8 {
        self.data().wrapping_byte_add(self.pages - self.len).cast()
    }
}

impl Drop for LockedBytes {
    fn drop(&mut self) {
        self.expose_mut().zeroize();
        // SAFETY: exactly the mapping made in `map`, to which no reference outlives `self`. Unmapping unlocks.
        let unmapped = unsafe { munmap(self.mapping.as_ptr(), self.pages + 2 * page_size()) };
        debug_assert!(unmapped.is_ok(), "the mapping is this value's own");
    }
}

/// The system gave no memory for a key.
#[derive(Debug, thiserror::Error)]
#[error("cannot map memory for a key")]
pub struct MapError(#[source] std::io::Error);

impl MapError {
    /// A stable name of this error.
    pub const fn reason(&self) -> &'static str {
        "no-key-memory"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn take(source: &mut [u8]) -> LockedBytes {
        let Ok(key) = LockedBytes::take(source) else {
            panic!("no memory")
        };
        key
    }

    #[test]
    fn a_taken_key_is_moved_and_the_source_wiped() {
        for len in [0, 1, 16, 32, 4095, 4096, 4097, 10_000] {
            let mut source: Vec<u8> = (0..len).map(|i: usize| (i % 251) as u8 + 1).collect();
            let expected = source.clone();
            let key = take(&mut source);
            assert_eq!(key.expose(), expected);
            assert_eq!(key.len(), len);
            assert_eq!(key.is_empty(), len == 0);
            assert!(source.iter().all(|&byte| byte == 0));
        }
    }

    #[test]
    fn keys_are_read_from_other_threads() {
        let key = take(&mut [7; 32]);
        let sum: u32 = std::thread::scope(|scope| {
            let reader = || {
                key.expose()
                    .iter()
                    .map(|&byte| u32::from(byte))
                    .sum::<u32>()
            };
            let readers = [scope.spawn(reader), scope.spawn(reader)];
            readers.map(|reader| reader.join().unwrap()).iter().sum()
        });
        assert_eq!(sum, 2 * 7 * 32);
    }

    #[test]
    fn a_length_that_overflows_is_an_error() {
        for len in [usize::MAX, usize::MAX - 4096, usize::MAX - 2 * 4096] {
            assert!(LockedBytes::init(len, |_| ()).is_err());
        }
    }

    #[test]
    fn a_process_without_locked_memory_still_holds_keys() {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        use rustix::thread::{CapabilitySet, capabilities, set_capabilities};

        std::thread::spawn(|| {
            // Root may lock without limit, by a capability that this thread can do without.
            let mut sets = capabilities(None).unwrap();
            sets.effective.remove(CapabilitySet::IPC_LOCK);
            set_capabilities(None, sets).unwrap();
            let before = getrlimit(Resource::Memlock);
            setrlimit(
                Resource::Memlock,
                Rlimit {
                    current: Some(0),
                    maximum: before.maximum,
                },
            )
            .unwrap();
            let key = take(&mut [3; 32]);
            setrlimit(Resource::Memlock, before).unwrap();
            assert!(!key.is_locked());
            assert_eq!(key.expose(), [3; 32]);
        })
        .join()
        .unwrap();
    }
}
