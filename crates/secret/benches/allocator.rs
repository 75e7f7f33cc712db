//! What wiping costs, against the allocator of the system and the crate `zeroizing-alloc`, in one process.
//!
//! ```text
//! cargo bench -p lockstep-secret --bench allocator
//! ```
#![allow(unsafe_code, clippy::print_stdout)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::time::{Duration, Instant};

use secret::WipingAllocator;
use zeroizing_alloc::ZeroAlloc;

/// A block with its layout.
struct Block(*mut u8, Layout);

/// Blocks of `size` bytes, written to their end.
fn allocate(allocator: &dyn GlobalAlloc, size: usize) -> Block {
    let Ok(layout) = Layout::from_size_align(size, 8) else {
        std::process::abort()
    };
    // SAFETY: the size is not zero.
    let block = unsafe { allocator.alloc(layout) };
    assert!(!block.is_null());
    // SAFETY: the block has `size` bytes.
    unsafe { block.write_bytes(7, size) };
    Block(black_box(block), layout)
}

fn free(allocator: &dyn GlobalAlloc, Block(block, layout): Block) {
    // SAFETY: the block came from `allocate` with this layout, and is given back once.
    unsafe { allocator.dealloc(block, layout) };
}

/// Sizes as a parser asks for them: mostly small, now and then a longer string.
fn small(step: usize) -> usize {
    let random = step.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 48;
    if random.is_multiple_of(16) {
        256 + random % 1024
    } else {
        16 + random % 112
    }
}

/// A parser: many small blocks, a thousand alive at a time.
fn churn(allocator: &dyn GlobalAlloc) {
    let mut alive: Vec<Option<Block>> = (0..1000).map(|_| None).collect();
    for step in 0..1_000_000 {
        let place = &mut alive[step % 1000];
        if let Some(block) = place.replace(allocate(allocator, small(step))) {
            free(allocator, block);
        }
    }
    alive
        .into_iter()
        .flatten()
        .for_each(|block| free(allocator, block));
}

/// A document: two hundred thousand blocks, freed together.
fn document(allocator: &dyn GlobalAlloc) {
    let blocks: Vec<_> = (0..200_000)
        .map(|step| allocate(allocator, small(step)))
        .collect();
    blocks.into_iter().for_each(|block| free(allocator, block));
}

/// An output buffer that doubles to 16 MiB, written as it grows.
fn growth(allocator: &dyn GlobalAlloc) {
    let Block(mut block, mut layout) = allocate(allocator, 1024);
    while layout.size() < 16 << 20 {
        let size = layout.size() * 2;
        // SAFETY: the block has this layout, and the new size is neither zero nor too large.
        block = unsafe { allocator.realloc(block, layout, size) };
        assert!(!block.is_null());
        // SAFETY: the block has `size` bytes now.
        unsafe {
            block
                .add(layout.size())
                .write_bytes(7, size - layout.size())
        };
        layout = Layout::from_size_align(size, 8).unwrap_or(layout);
    }
    free(allocator, Block(block, layout));
}

/// File buffers of 3 MiB.
fn files(allocator: &dyn GlobalAlloc) {
    for _ in 0..20 {
        let block = allocate(allocator, 3 << 20);
        free(allocator, block);
    }
}

/// The median of eleven runs.
fn median(load: impl Fn()) -> Duration {
    let mut times: Vec<_> = (0..11)
        .map(|_| {
            let start = Instant::now();
            load();
            start.elapsed()
        })
        .collect();
    times.sort();
    times[5]
}

fn main() {
    println!(
        "{:<10} {:>12} {:>16} {:>12}",
        "load", "system", "zeroizing-alloc", "wiping"
    );
    for (name, load) in [
        ("churn", churn as fn(&dyn GlobalAlloc)),
        ("document", document),
        ("growth", growth),
        ("files", files),
    ] {
        let system = median(|| load(&System));
        let zeroizing = median(|| load(&ZeroAlloc(System)));
        let wiping = median(|| load(&WipingAllocator));
        println!("{name:<10} {system:>12.2?} {zeroizing:>16.2?} {wiping:>12.2?}");
    }
}
