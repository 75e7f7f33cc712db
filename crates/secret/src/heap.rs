//! Room for programs that are about to need much memory.
#![allow(unsafe_code)]

#[cfg(target_env = "gnu")]
pub use glibc::expect_large_heap;

/// Makes room on the heap, where the system's allocator can be told to. This one cannot.
#[cfg(not(target_env = "gnu"))]
pub fn expect_large_heap() {}

#[cfg(target_env = "gnu")]
mod glibc {
    use std::alloc::{GlobalAlloc, Layout, System};
    use std::ffi::{c_int, c_void};

    use rustix::mm::{Advice, madvise};

    use crate::alloc::LARGE;

    unsafe extern "C" {
        /// glibc: sets a parameter of the allocator.
        fn mallopt(parameter: c_int, value: c_int) -> c_int;
        /// The end of the heap, for an increment of zero.
        fn sbrk(increment: isize) -> *mut c_void;
    }

    const M_TRIM_THRESHOLD: c_int = -1;
    const M_TOP_PAD: c_int = -2;
    const M_MMAP_THRESHOLD: c_int = -3;

    /// How much room is made, in bytes. It is not memory before it is used.
    const ROOM: usize = 512 << 20;

    /// By how many bytes the heap grows by itself.
    const USUAL_PAD: c_int = 128 * 1024;

    /// Size of a huge page in bytes.
    const HUGE: usize = 2 << 20;

    /// Makes room on the heap in huge pages, where the system has them: to be called once before work that needs many
    /// megabytes in small blocks. Getting these in pages of 4 KiB takes up to a third of such work's time.
    ///
    /// Memory beyond the room, and that of other threads, comes in small pages as always.
    pub fn expect_large_heap() {
        let room = ROOM as c_int;
        // What the system's allocator is asked for stays on the heap, which grows by the room and does not shrink.
        for (parameter, value) in [
            (M_MMAP_THRESHOLD, LARGE as c_int),
            (M_TRIM_THRESHOLD, room),
            (M_TOP_PAD, room),
        ] {
            // SAFETY: the parameters are plain numbers; what the allocator does not take it leaves as it is.
            unsafe { mallopt(parameter, value) };
        }
        let Ok(layout) = Layout::from_size_align(LARGE / 2, 8) else {
            return;
        };
        // SAFETY: the size is not zero.
        let block = unsafe { System.alloc(layout) };
        if block.is_null() {
            return;
        }
        let start = block.map_addr(|address| address.next_multiple_of(HUGE));
        // SAFETY: the block has this layout, and nothing was written to it.
        unsafe { System.dealloc(block, layout) };
        // SAFETY: an increment of zero changes nothing.
        let end = unsafe { sbrk(0) };
        let length = end.addr().saturating_sub(start.addr()) & !(HUGE - 1);
        if length == 0 || length > 2 * ROOM {
            // The heap could not grow so far, and the block came from elsewhere.
            // SAFETY: as above.
            unsafe { mallopt(M_TOP_PAD, USUAL_PAD) };
        } else {
            // SAFETY: the range is part of the heap; the advice does not change what it holds.
            let _no_huge_pages = unsafe { madvise(start.cast(), length, Advice::LinuxHugepage) };
        }
    }
}

#[cfg(all(test, target_env = "gnu"))]
mod tests {
    use super::*;

    #[test]
    fn memory_is_there_and_whole_afterwards() {
        let before = vec![7_u8; 100_000];
        expect_large_heap();
        let blocks: Vec<Vec<u8>> = (0..2000_usize)
            .map(|index| vec![index as u8; 100 * (1 + index % 900)])
            .collect();
        for (index, block) in blocks.iter().enumerate() {
            assert!(block.iter().all(|&byte| byte == index as u8));
        }
        assert!(before.iter().all(|&byte| byte == 7));
    }
}
