//! What a redactor remembers: keyed hashes.
//!
//! A text is looked at once, through a window of a few bytes. A bit map says whether anything that was learned begins
//! so; only where it does is the text decoded, hashed and looked up.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasherDefault, Hasher};

use crate::fingerprint::Fingerprint;

use super::forms::Form;
use super::sensitivity::Sensitivity;

/// Window in bytes for pieces that are looked for everywhere.
pub(super) const LONG: usize = 8;

/// Window in bytes for pieces that are looked for where they stand alone.
pub(super) const SHORT: usize = 4;

/// Reduces the bytes in a window to 32 bits, from which they cannot be told.
pub(super) struct Windows {
    factor: u64,
}

impl Windows {
    /// Windows with a random factor.
    pub(super) const fn new(random: u64) -> Self {
        Self { factor: random | 1 }
    }

    const fn long(&self, window: [u8; LONG]) -> u32 {
        (u64::from_le_bytes(window).wrapping_mul(self.factor) >> 32) as u32
    }

    const fn short(&self, window: [u8; SHORT]) -> u32 {
        ((u32::from_le_bytes(window) as u64).wrapping_mul(self.factor) >> 32) as u32
    }
}

/// Everything learned.
#[derive(Default)]
pub(super) struct Index {
    /// Whole values by their hash.
    whole: HashMap<u64, Fingerprint, BuildHasherDefault<Spread>>,
    /// Pieces by their hash.
    pieces: HashMap<u64, (Fingerprint, Sensitivity), BuildHasherDefault<Spread>>,
    long: Starts,
    short: Starts,
}

impl Index {
    pub(super) fn insert_whole(&mut self, hash: u64, fingerprint: Fingerprint) {
        self.whole.entry(hash).or_insert(fingerprint);
    }

    pub(super) fn whole(&self, hash: u64) -> Option<Fingerprint> {
        self.whole.get(&hash).copied()
    }

    /// Adds a piece and says whether it is new. A piece of several values shows the first one's fingerprint.
    pub(super) fn insert_piece(
        &mut self,
        hash: u64,
        fingerprint: Fingerprint,
        sensitivity: Sensitivity,
    ) -> bool {
        let new = !self.pieces.contains_key(&hash);
        if new {
            self.pieces.insert(hash, (fingerprint, sensitivity));
        }
        new
    }

    pub(super) fn piece(&self, hash: u64) -> Option<(Fingerprint, Sensitivity)> {
        self.pieces.get(&hash).copied()
    }

    /// Adds how a piece of `len` bytes begins in some form.
    pub(super) fn insert_start(&mut self, windows: &Windows, start: &[u8], len: usize, form: Form) {
        if let Ok(window) = start.try_into() {
            self.long.insert(windows.long(window), len, form);
        } else if let Ok(window) = start.try_into() {
            self.short.insert(windows.short(window), len, form);
        }
    }

    /// Calls `found` with every place of `text` where a piece may begin, and the pieces that may.
    pub(super) fn for_each_start(
        &self,
        windows: &Windows,
        text: &[u8],
        mut found: impl FnMut(usize, Candidates<'_>),
    ) {
        let (long, short) = (!self.long.is_empty(), !self.short.is_empty());
        if !long && !short {
            return;
        }
        for at in 0..text.len().saturating_sub(SHORT - 1) {
            let rest = &text[at..];
            if long && let Some(window) = rest.first_chunk() {
                let key = windows.long(*window);
                if self.long.may_contain(key) {
                    found(at, self.long.candidates(key));
                }
            }
            if short && let Some(window) = rest.first_chunk() {
                let key = windows.short(*window);
                if self.short.may_contain(key) {
                    found(at, self.short.candidates(key));
                }
            }
        }
    }
}

/// The beginnings of one length.
#[derive(Default)]
struct Starts {
    // One bit for every value of the upper bits of a key. Grows with the number of keys.
    filter: Vec<u64>,
    // The first candidate of a key.
    first: HashMap<u32, u32, BuildHasherDefault<Spread>>,
    candidates: Vec<Candidate>,
}

/// A piece that begins in a certain way.
struct Candidate {
    len: u16,
    form: u8,
    /// The next one that begins so; its own number if it is the last.
    next: u32,
}

impl Starts {
    fn is_empty(&self) -> bool {
        self.candidates.is_empty()
    }

    fn insert(&mut self, key: u32, len: usize, form: Form) {
        // Neither happens: pieces have at most 256 bytes, and four thousand million of them do not fit in memory.
        let (Ok(len), Ok(number)) = (u16::try_from(len), u32::try_from(self.candidates.len()))
        else {
            return;
        };
        let next = match self.first.entry(key) {
            Entry::Vacant(entry) => *entry.insert(number),
            Entry::Occupied(mut entry) => {
                let mut present = Candidates {
                    all: &self.candidates,
                    next: Some(*entry.get()),
                };
                if present.any(|present| present == (len.into(), form)) {
                    return;
                }
                entry.insert(number)
            }
        };
        self.candidates.push(Candidate {
            len,
            form: form.number(),
            next,
        });
        if self.first.len() * 16 > self.filter.len() * 64 {
            self.grow();
        } else {
            self.mark(key);
        }
    }

    fn grow(&mut self) {
        let words = (self.filter.len() * 4).max(64);
        self.filter.clear();
        self.filter.resize(words, 0);
        for key in self.first.keys().copied().collect::<Vec<_>>() {
            self.mark(key);
        }
    }

    fn mark(&mut self, key: u32) {
        let (word, bit) = self.place(key);
        self.filter[word] |= bit;
    }

    fn may_contain(&self, key: u32) -> bool {
        let (word, bit) = self.place(key);
        self.filter[word] & bit != 0
    }

    /// The bit of a key. The filter's length is a power of two.
    const fn place(&self, key: u32) -> (usize, u64) {
        let bit = key as usize & (self.filter.len() * 64 - 1);
        (bit / 64, 1 << (bit % 64))
    }

    fn candidates(&self, key: u32) -> Candidates<'_> {
        Candidates {
            all: &self.candidates,
            next: self.first.get(&key).copied(),
        }
    }
}

/// The pieces that begin in one way, as length and form.
pub(super) struct Candidates<'a> {
    all: &'a [Candidate],
    next: Option<u32>,
}

impl Iterator for Candidates<'_> {
    type Item = (usize, Form);

    fn next(&mut self) -> Option<Self::Item> {
        let number = self.next?;
        let candidate = self.all.get(number as usize)?;
        self.next = (candidate.next != number).then_some(candidate.next);
        Some((candidate.len.into(), Form::from_number(candidate.form)?))
    }
}

/// Hashes keys that are hashes already.
#[derive(Default)]
struct Spread(u64);

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(self.0 << 8 | u64::from(byte));
        }
    }

    fn write_u32(&mut self, key: u32) {
        self.write_u64(key.into());
    }

    // The table takes its place from the lower bits and its tag from the upper ones.
    fn write_u64(&mut self, key: u64) {
        self.0 = key.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 ^= self.0 >> 32;
    }
}
