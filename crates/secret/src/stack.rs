//! Wiping the stack.
#![allow(unsafe_code)]

use std::ffi::c_int;

use rustix::param::page_size;
use zeroize::zeroize_stack;

unsafe extern "C" {
    /// Linux: which of the pages from `address` on are in memory; fails where there are none.
    fn mincore(address: *mut u8, length: usize, pages: *mut u8) -> c_int;
}

/// The most that is wiped, in bytes: what decryption and the cryptographic libraries below it use, many times over,
/// and well within the 2 MiB that Rust gives a thread.
const LARGEST: usize = 1 << 20;

/// Wipes the stack below the caller, where functions that have returned may have left keys and values behind.
///
/// To be called when such work is done, from a function that did not itself hold the secrets in its frame. Only what
/// was in use is wiped, at most 1 MiB: a page of the stack that was never touched costs more to wipe than all others
/// together.
#[inline(never)]
pub fn scrub_stack() {
    // The next larger of a few sizes: each is a function of its own.
    match used_below() {
        0..=0x4000 => zeroize_stack::<0x4000>(),
        0x4001..=0x6000 => zeroize_stack::<0x6000>(),
        0x6001..=0x8000 => zeroize_stack::<0x8000>(),
        0x8001..=0xc000 => zeroize_stack::<0xc000>(),
        0xc001..=0x1_0000 => zeroize_stack::<0x1_0000>(),
        0x1_0001..=0x4_0000 => zeroize_stack::<0x4_0000>(),
        _ => zeroize_stack::<LARGEST>(),
    }
}

/// How many bytes below this function the stack has been in use. A stack grows page by page, so the first page that is
/// not in memory was never reached.
#[inline(never)]
fn used_below() -> usize {
    let page = page_size();
    let here = 0_u8;
    let current = (&raw const here).map_addr(|address| address & !(page - 1));
    let mut used = 0;
    while used < LARGEST {
        let below = current.wrapping_sub(used + page);
        let mut resident = 0_u8;
        // SAFETY: The call only looks an address up, whatever is there, and writes one byte for one page.
        let found = unsafe { mincore(below.cast_mut(), page, &raw mut resident) };
        if found != 0 || resident & 1 == 0 {
            break;
        }
        used += page;
    }
    used
}

#[cfg(test)]
mod tests {
    use std::hint::black_box;

    use super::*;

    #[inline(never)]
    fn use_stack<const SIZE: usize>() {
        black_box([1_u8; SIZE]);
    }

    #[test]
    fn what_was_used_is_seen() {
        let used = || {
            std::thread::spawn(|| {
                let before = used_below();
                use_stack::<200_000>();
                (before, used_below())
            })
            .join()
            .unwrap()
        };
        let (before, after) = used();
        assert!(before < 200_000 && after >= 196_000, "{before} {after}");
    }

    #[test]
    fn the_stack_can_be_scrubbed_on_any_thread() {
        std::thread::spawn(|| {
            use_stack::<900_000>();
            scrub_stack();
        })
        .join()
        .unwrap();
        scrub_stack();
    }
}
