//! The allocator of programs that hold secrets.
//!
//! # What it costs
//!
//! Medians of `cargo bench -p lockstep-secret --bench allocator`, on two cores of a shared virtual machine, beside the
//! allocator of the system (glibc) and the crate `zeroizing-alloc` 0.1.1 over it:
//!
//! | load | system | `zeroizing-alloc` | this one |
//! |---|---|---|---|
//! | a parser: a million small blocks, a thousand alive | 15.0 ms | 19.8 ms | 20.3 ms |
//! | a document: 200,000 small blocks, freed together | 37.4 ms | 35.1 ms | 29.7 ms |
//! | a buffer that doubles to 16 MiB | 0.3 ms | 20.0 ms | 1.1 ms |
//! | twenty buffers of 3 MiB, one after the other | 0.6 ms | 1.3 ms | 1.3 ms |
//!
//! A small block costs 4 ns to wipe, since it is in the cache; differences in the second row are noise. What costs is
//! a large block that grows: to allocate, copy and wipe touches twice the memory, and fresh pages are dear. Moving its
//! pages (`mremap`) touches none, which is why there is an allocator here instead of that crate.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

use rustix::mm::{
    Advice, MapFlags, MremapFlags, ProtFlags, madvise, mmap_anonymous, mremap, munmap,
};

/// A global allocator that leaves nothing readable in the memory that it frees.
///
/// It covers what types cannot: JSON values, parser arenas, buffers of HTTP and TLS libraries, and the old block of a
/// vector that grew.
///
/// * Blocks of less than 2 MiB come from the allocator of the system and are wiped when they are freed; from 64 KiB on
///   their whole pages go back to the kernel instead, which clears them. They grow by moving to a new block: the system
///   would copy, and free the old one unwiped.
/// * Larger blocks are mappings of their own, which grow without a copy. Two of up to 4 MiB are wiped and kept for the
///   next blocks. The pages of all others leave the process; the kernel clears them before anyone gets them again.
///
/// ```
/// #[global_allocator]
/// static ALLOCATOR: secret::WipingAllocator = secret::WipingAllocator;
/// # fn main() {}
/// ```
pub struct WipingAllocator;

/// From this size in bytes on, a block is a mapping of its own: the size of a huge page, one of which costs about as
/// much to get as a few small ones.
pub(crate) const LARGE: usize = 2 << 20;

/// The largest alignment in bytes that a mapping has on every system.
const PAGE: usize = 4096;

const fn is_large(size: usize, align: usize) -> bool {
    size >= LARGE && align <= PAGE
}

// SAFETY: small blocks are the system's, and handed back to it with the layout that they came with. Large blocks are
// mappings of at least their size, aligned to pages. Which of the two a block is depends on its layout alone, which
// `dealloc` and `realloc` are given again.
unsafe impl GlobalAlloc for WipingAllocator {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if is_large(layout.size(), layout.align()) {
            return map(layout.size());
        }
        // SAFETY: the caller keeps the contract of the same method.
        unsafe { System.alloc(layout) }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if is_large(layout.size(), layout.align()) {
            return map(layout.size());
        }
        if layout.size() < SPARSE {
            // SAFETY: the caller keeps the contract of the same method.
            return unsafe { System.alloc_zeroed(layout) };
        }
        // The system would write zeros to every page, also to those that nothing has touched yet.
        // SAFETY: the caller keeps the contract of the same method.
        let block = unsafe { System.alloc(layout) };
        if !block.is_null() {
            // SAFETY: the block has so many bytes, and nobody else has it.
            unsafe { clear(block, layout.size()) };
        }
        block
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if is_large(layout.size(), layout.align()) {
            // SAFETY: the block is a mapping of this size, and the caller does not use it again.
            unsafe { unmap(block, layout.size()) };
            return;
        }
        // SAFETY: the caller owns `layout.size()` bytes at `block`, and does not use them again.
        unsafe { clear(block, layout.size()) };
        // SAFETY: the caller keeps the contract of the same method.
        unsafe { System.dealloc(block, layout) }
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        if is_large(layout.size(), layout.align()) && is_large(new_size, layout.align()) {
            // SAFETY: the block is a mapping of this size. If it moves, the caller uses the new address.
            let moved =
                unsafe { mremap(block.cast(), layout.size(), new_size, MremapFlags::MAYMOVE) };
            return moved.map_or(ptr::null_mut(), <*mut _>::cast);
        }
        // SAFETY: the caller vouches that the size is not zero and does not overflow when rounded up to the alignment.
        let new_layout = unsafe { Layout::from_size_align_unchecked(new_size, layout.align()) };
        // SAFETY: the size is not zero.
        let new_block = unsafe { self.alloc(new_layout) };
        if !new_block.is_null() {
            // SAFETY: both blocks have at least so many bytes, and the new one overlaps nothing in use.
            unsafe { ptr::copy_nonoverlapping(block, new_block, layout.size().min(new_size)) };
            if is_large(layout.size(), layout.align()) {
                // SAFETY: the block is a mapping of this size, and the caller uses the new one from now on.
                unsafe { unmap(block, layout.size()) };
                return new_block;
            }
            // A block that grows is full, and its pages are wanted again at once: none is given back, whatever the size.
            // SAFETY: the caller uses the new block from now on.
            unsafe { wipe(block, layout.size()) };
            // SAFETY: the block is the system's, and has this layout.
            unsafe { System.dealloc(block, layout) };
        }
        new_block
    }
}

/// A mapping of `size` bytes, all zero; null where the system has no memory.
fn map(size: usize) -> *mut u8 {
    if size <= KEPT_SIZE
        && let Some(block) = KEPT.iter().find_map(|place| reuse(place, size))
    {
        return block;
    }
    let protection = ProtFlags::READ | ProtFlags::WRITE;
    // SAFETY: a fresh private mapping at an address of the kernel's choice touches no memory in use.
    let mapping = unsafe { mmap_anonymous(ptr::null_mut(), size, protection, MapFlags::PRIVATE) };
    let Ok(mapping) = mapping else {
        return ptr::null_mut();
    };
    // Where the system has no huge pages to give, small ones do.
    // SAFETY: the mapping was just made; the advice does not change what it holds.
    let _no_huge_pages = unsafe { madvise(mapping, size, Advice::LinuxHugepage) };
    mapping.cast()
}

/// Wiped mappings for the next large blocks: getting pages from the kernel costs more than wiping them. Each begins
/// with its size.
static KEPT: [AtomicPtr<u8>; 2] = [const { AtomicPtr::new(ptr::null_mut()) }; 2];

/// Size in bytes of the largest mapping that is kept.
const KEPT_SIZE: usize = 4 << 20;

/// The mapping kept at a place, made `size` bytes long; `None` if there is none.
fn reuse(place: &AtomicPtr<u8>, size: usize) -> Option<*mut u8> {
    let block = place.swap(ptr::null_mut(), Ordering::Acquire);
    if block.is_null() {
        return None;
    }
    let header = block.cast::<usize>();
    // SAFETY: `unmap` put the size at the beginning of the mapping, which is aligned to pages. Nobody else has it: it
    // was taken from its place.
    let kept_size = unsafe { header.replace(0) };
    // SAFETY: the mapping has this size, and only the new address is used.
    let resized = unsafe { mremap(block.cast(), kept_size, size, MremapFlags::MAYMOVE) };
    if resized.is_err() {
        // SAFETY: the mapping has this size, and nobody has its address.
        let _unmapped = unsafe { munmap(block.cast(), kept_size) };
    }
    resized.ok().map(<*mut _>::cast)
}

/// Keeps a mapping, wiped, for the next large block, or gives it back.
///
/// # Safety
///
/// The block is a mapping of `size` bytes that nobody uses again.
unsafe fn unmap(block: *mut u8, size: usize) {
    if size <= KEPT_SIZE
        && let Some(place) = KEPT
            .iter()
            .find(|place| place.load(Ordering::Relaxed).is_null())
    {
        // SAFETY: the caller gives the whole block.
        unsafe { wipe(block, size) };
        // SAFETY: a large block has room for its size, and is aligned to pages.
        unsafe { block.cast::<usize>().write(size) };
        if place
            .compare_exchange(ptr::null_mut(), block, Ordering::Release, Ordering::Relaxed)
            .is_ok()
        {
            return;
        }
    }
    // SAFETY: the caller gives the whole mapping.
    let _unmapped = unsafe { munmap(block.cast(), size) };
}

/// From this size in bytes on, the pages of a block are given back instead of overwritten: most blocks of the size are
/// buffers that were never filled, and to write to a page that was not touched is to get it first.
const SPARSE: usize = 64 * 1024;

/// Makes the `size` bytes of a block of the system's zero.
///
/// # Safety
///
/// The bytes are the caller's to write. They need not be initialised.
#[inline]
unsafe fn clear(block: *mut u8, size: usize) {
    if size < SPARSE {
        // SAFETY: the caller may write so many bytes.
        unsafe { wipe(block, size) };
        return;
    }
    let head = block.align_offset(PAGE);
    let pages = (size - head) & !(PAGE - 1);
    // SAFETY: both are inside the block.
    let (first, tail) = unsafe { (block.add(head), block.add(head + pages)) };
    // SAFETY: whole pages of a block whose content nobody needs, private and anonymous as all memory of the system's
    // allocator: they are zero when they are next looked at.
    let given_back = unsafe { madvise(first.cast(), pages, Advice::LinuxDontNeed) };
    if given_back.is_err() {
        // Locked pages stay.
        // SAFETY: the caller may write so many bytes.
        unsafe { wipe(first, pages) };
    }
    // SAFETY: the caller may write the bytes before and after the pages.
    unsafe {
        wipe(block, head);
        wipe(tail, size - head - pages);
    }
}

/// Overwrites `size` bytes with zeros, in a way that the compiler does not take for useless.
///
/// # Safety
///
/// The bytes are the caller's to write. They need not be initialised.
unsafe fn wipe(block: *mut u8, size: usize) {
    // SAFETY: the caller may write so many bytes.
    unsafe { block.write_bytes(0, size) };
    // SAFETY: the bytes are initialised now, and nobody writes to them meanwhile.
    zeroize::optimization_barrier(unsafe { std::slice::from_raw_parts(block, size) });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Grows and shrinks a block through the given sizes, and checks its content and alignment at each.
    fn resize(sizes: &[usize], align: usize) {
        let mut layout = Layout::from_size_align(sizes[0], align).unwrap();
        // SAFETY: the size is not zero.
        let mut block = unsafe { WipingAllocator.alloc_zeroed(layout) };
        assert!(!block.is_null());
        // SAFETY: the block has so many bytes.
        let content = unsafe { std::slice::from_raw_parts_mut(block, layout.size()) };
        assert!(content.iter().all(|&byte| byte == 0));
        content.fill(7);
        for &size in &sizes[1..] {
            // SAFETY: the block has this layout, and the size is not zero.
            block = unsafe { WipingAllocator.realloc(block, layout, size) };
            assert!(!block.is_null());
            assert!(block.addr().is_multiple_of(align));
            let kept = layout.size().min(size);
            layout = Layout::from_size_align(size, align).unwrap();
            // SAFETY: the block has so many bytes.
            assert!(
                unsafe { std::slice::from_raw_parts(block, kept) }
                    .iter()
                    .all(|&byte| byte == 7)
            );
            // SAFETY: the block has so many bytes.
            unsafe { block.write_bytes(7, size) };
        }
        // SAFETY: the block has this layout, and is not used again.
        unsafe { WipingAllocator.dealloc(block, layout) };
    }

    #[test]
    fn blocks_keep_their_content_across_every_change_of_size() {
        for align in [1, 8, 64, 4096, 8192] {
            resize(&[1, 100, 10, 1000], align);
            resize(
                &[LARGE - 1, LARGE, LARGE + 1, 3 * LARGE, LARGE, LARGE - 1, 5],
                align,
            );
            resize(&[16 << 20, 64 << 20, 1 << 20], align);
            // Blocks that are kept, and come back in other sizes.
            for size in [2 << 20, 4 << 20, (3 << 20) + 5, 2 << 20] {
                resize(&[size, size + 7], align);
            }
        }
    }

    #[test]
    fn kept_blocks_are_never_shared() {
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..50).for_each(|step| resize(&[(2 << 20) + step * 4096], 8)));
            }
        });
    }

    #[test]
    fn sparse_blocks_are_zero_to_the_last_byte() {
        for size in [SPARSE - 1, SPARSE, SPARSE + 1, 3 * SPARSE + 4095] {
            for offset in [0, 1, 4095, 4096] {
                let mut bytes = vec![7_u8; size + 3 * PAGE];
                // SAFETY: the part lies within the vector.
                unsafe { clear(bytes.as_mut_ptr().add(offset), size) };
                assert!(bytes[..offset].iter().all(|&byte| byte == 7));
                assert!(bytes[offset..offset + size].iter().all(|&byte| byte == 0));
                assert!(bytes[offset + size..].iter().all(|&byte| byte == 7));
            }
        }
    }

    #[test]
    fn memory_that_there_is_not_is_null() {
        let layout = Layout::from_size_align(isize::MAX as usize - 4096, 1).unwrap();
        // SAFETY: the size is not zero.
        assert!(unsafe { WipingAllocator.alloc(layout) }.is_null());
    }
}
