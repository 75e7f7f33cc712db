//! Nothing secret is left in memory, by a search of the memory itself.
//!
//! One test in a program of its own, since the search sees what every thread of the program holds. Secrets are made
//! at run time: a literal would be found in the program's own text.
#![allow(clippy::unwrap_used)]

use std::hint::black_box;

use secret::scan::{Hit, Needle, scan};
use secret::{
    FingerprintKey, LockedBytes, Redactor, SecretBytes, SecretString, WipingAllocator, process,
};

#[global_allocator]
static ALLOCATOR: WipingAllocator = WipingAllocator;

/// Length of each secret in bytes.
const LEN: usize = 32;

/// One byte of the secret of a number: a letter.
fn byte(number: usize, at: usize) -> u8 {
    b'a' + ((number * 7919 + at * 104_729 + 13).wrapping_mul(2_654_435_761) >> 7) as u8 % 26
}

fn secret(number: usize) -> Vec<u8> {
    (0..LEN).map(|at| byte(number, at)).collect()
}

fn hits(number: usize) -> Vec<Hit> {
    scan(&[Needle::new(LEN, |at| byte(number, at))]).unwrap()
}

#[track_caller]
fn assert_gone(number: usize) {
    assert_eq!(hits(number), []);
}

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
fn secrets_are_gone_once_they_are_dropped() {
    // The search finds what is there.
    let bytes = SecretBytes::new(secret(0));
    assert_eq!(hits(0).len(), 1);
    drop(bytes);
    assert_gone(0);

    let text = SecretString::new(String::from_utf8(secret(1)).unwrap());
    assert_eq!(hits(1).len(), 1);
    let bytes = text.into_bytes();
    assert_eq!(hits(1).len(), 1);
    drop(bytes);
    assert_gone(1);

    let mut bytes = SecretBytes::new(secret(2));
    bytes.truncate(0);
    assert_gone(2);

    // The allocator: plain types, blocks that grow, small and large.
    let mut grown = String::from_utf8(secret(3)).unwrap();
    let filler = "-".repeat(64 << 10);
    for _ in 0..64 {
        grown.push_str(&filler);
    }
    assert_eq!(hits(3).len(), 1);
    grown.truncate(LEN);
    grown.shrink_to_fit();
    assert_eq!(hits(3).len(), 1);
    drop(grown);
    assert_gone(3);
    let many: Vec<_> = (0..1000).map(|_| secret(4).into_boxed_slice()).collect();
    assert_eq!(hits(4).len(), 1000);
    drop(many);
    assert_gone(4);

    // Keys: the source is wiped, and live keys are in locked pages only.
    let mut source = secret(5);
    let key = LockedBytes::take(&mut source).unwrap();
    assert!(key.is_locked());
    assert!(
        key.expose()
            .iter()
            .enumerate()
            .all(|(at, &found)| found == byte(5, at))
    );
    assert_gone(5);
    drop(key);
    assert_gone(5);

    // A redactor that has learned and masked still holds no plaintext.
    let redactor = Redactor::new(FingerprintKey::generate().unwrap());
    let value = SecretBytes::new(secret(6));
    redactor.learn(value.expose());
    let text = format!("<{}>", str::from_utf8(value.expose()).unwrap());
    assert!(!redactor.redact(&text).contains(&text[1..9]));
    drop((text, value));
    process::scrub_stack();
    assert_gone(6);
    assert!(redactor.knows(&secret(6)));

    // The stack.
    use_stack(7);
    process::scrub_stack();
    assert_gone(7);
}
