//! Secrets that can be searched for. They are made at run time: a literal would be found in the program's own text.

use secret::scan::{Needle, scan};

/// Length of each secret in bytes.
pub(crate) const LEN: usize = 64;

/// What is searched for: not the first bytes, over which an allocator writes its own data in a free block.
const SEARCHED: std::ops::Range<usize> = 24..LEN;

/// One byte of the secret of a number: a letter.
pub(crate) fn byte(number: usize, at: usize) -> u8 {
    let mut mixed = ((number << 8 | at) as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ mixed >> 31).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    b'a' + (mixed >> 33) as u8 % 26
}

pub(crate) fn secret(number: usize) -> Vec<u8> {
    (0..LEN).map(|at| byte(number, at)).collect()
}

/// How often the secret is in memory.
pub(crate) fn count(number: usize) -> usize {
    let needle = Needle::new(SEARCHED.len(), |at| byte(number, SEARCHED.start + at));
    scan(&[needle]).unwrap().len()
}

#[track_caller]
pub(crate) fn assert_gone(number: usize) {
    assert_eq!(count(number), 0);
}
