//! What the types wipe on their own, under an allocator that wipes nothing.
//!
//! One test in a program of its own, since the search sees what every thread of the program holds.
#![allow(clippy::unwrap_used)]

mod marked;

use secret::{LockedBytes, SecretBytes, SecretString};

use marked::{assert_gone, byte, count, secret};

/// How many copies of a secret there are.
const MANY: usize = 200;

#[test]
fn secrets_are_gone_once_they_are_dropped() {
    // The search finds what is there, and what is freed without being wiped. There are many of each, since the search
    // uses memory itself, and takes some of the freed blocks for it.
    let bytes: Vec<_> = (0..MANY).map(|_| secret(0)).collect();
    assert_eq!(count(0), MANY);
    drop(bytes);
    assert!(count(0) > 0);

    let bytes: Vec<_> = (0..MANY).map(|_| SecretBytes::new(secret(1))).collect();
    assert_eq!(count(1), MANY);
    drop(bytes);
    assert_gone(1);

    let text = |_| SecretString::new(String::from_utf8(secret(2)).unwrap());
    let texts: Vec<_> = (0..MANY).map(text).collect();
    assert_eq!(count(2), MANY);
    let bytes: Vec<_> = texts.into_iter().map(SecretString::into_bytes).collect();
    assert_eq!(count(2), MANY);
    let texts: Vec<_> = bytes
        .into_iter()
        .map(|bytes| bytes.into_string().ok().unwrap())
        .collect();
    assert_eq!(count(2), MANY);
    drop(texts);
    assert_gone(2);

    let mut bytes = SecretBytes::new(secret(3));
    bytes.truncate(0);
    assert_gone(3);

    let failed = SecretBytes::try_init(64, |bytes| {
        bytes.copy_from_slice(SecretBytes::new(secret(4)).expose());
        Err(())
    });
    assert!(failed.is_err());
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
}
