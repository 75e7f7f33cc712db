//! The allocator of programs that hold secrets.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};

use zeroizing_alloc::ZeroAlloc;

/// A global allocator that wipes every block when it is freed, over the allocator of the system.
///
/// It covers what types cannot: JSON values, parser arenas, buffers of HTTP and TLS libraries, and the old block of a
/// vector that grew. Growing always moves to a new block: the system would copy, and free the old one unwiped.
///
/// ```
/// #[global_allocator]
/// static ALLOCATOR: secret::WipingAllocator = secret::WipingAllocator;
/// # fn main() {}
/// ```
pub struct WipingAllocator;

const WIPING: ZeroAlloc<System> = ZeroAlloc(System);

// SAFETY: every call is handed on unchanged, to one allocator.
unsafe impl GlobalAlloc for WipingAllocator {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the contract of the same method.
        unsafe { WIPING.alloc(layout) }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the contract of the same method.
        unsafe { WIPING.alloc_zeroed(layout) }
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of the same method.
        unsafe { WIPING.dealloc(block, layout) }
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: the caller keeps the contract of the same method.
        unsafe { WIPING.realloc(block, layout, new_size) }
    }
}
