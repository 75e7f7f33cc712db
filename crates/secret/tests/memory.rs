//! What a program leaves in memory that has the wiping allocator.
//!
//! One test in a program of its own, since the search sees what every thread of the program holds.
#![allow(clippy::unwrap_used)]

mod marked;

use std::hint::black_box;

use secret::{FingerprintKey, Redactor, SecretBytes, WipingAllocator, process};

use marked::{LEN, assert_gone, byte, count, secret};

#[global_allocator]
static ALLOCATOR: WipingAllocator = WipingAllocator;

/// Leaves the secret in a frame of its own, well below the caller's.
#[inline(never)]
fn use_stack(number: usize) {
    let mut frame = [0; 8 << 10];
    for (at, place) in frame.iter_mut().take(LEN).enumerate() {
        *place = byte(number, at);
    }
    black_box(&frame);
}

#[test]
fn secrets_are_gone_once_their_blocks_are_freed() {
    // Plain types, in blocks that are freed, that grow and that shrink, small and large.
    let text = String::from_utf8(secret(0)).unwrap();
    assert_eq!(count(0), 1);
    drop(text);
    assert_gone(0);

    let mut grown = String::from_utf8(secret(1)).unwrap();
    for filler in [64, 4 << 10, 64 << 10, 1 << 20, 4 << 20] {
        grown.push_str(&"-".repeat(filler));
        assert_eq!(count(1), 1);
    }
    grown.truncate(LEN);
    grown.shrink_to_fit();
    assert_eq!(count(1), 1);
    drop(grown);
    assert_gone(1);

    // Blocks that the allocator keeps for itself.
    let mut large = vec![b'-'; 3 << 20];
    large[1 << 20..][..LEN].copy_from_slice(SecretBytes::new(secret(2)).expose());
    assert_eq!(count(2), 1);
    drop(large);
    assert_gone(2);

    let many: Vec<_> = (0..1000).map(|_| secret(3).into_boxed_slice()).collect();
    assert_eq!(count(3), 1000);
    drop(many);
    assert_gone(3);

    // A redactor that has learned and masked still holds no plaintext.
    let redactor = Redactor::new(FingerprintKey::generate().unwrap());
    let value = SecretBytes::new(secret(4));
    redactor.learn(value.expose());
    let text = format!("<{}>", str::from_utf8(value.expose()).unwrap());
    assert!(!redactor.redact(&text).contains(&text[1..9]));
    drop((text, value));
    process::scrub_stack();
    assert_gone(4);
    assert!(redactor.knows(&secret(4)));

    // The stack.
    use_stack(5);
    process::scrub_stack();
    assert_gone(5);
}
