//! Parsed files, kept from one build to the next.

use std::any::{Any, TypeId};
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use goyaml::Value;
use sha2::{Digest, Sha256};
use tree::{Content, Opened, Protection};

/// What files were parsed to, found again by their content, for programs that build the same bases time and again.
///
/// A build that is given one ([`BuildOptions::cache`](crate::BuildOptions::cache)) makes exactly what it makes without.
/// Any number of builds can use it at once, of any trees and in any threads.
///
/// A file that was decrypted never gets in: neither what it holds nor a hash of it. Files that lie in the tree as they
/// are do, under the SHA-256 of their bytes. Whoever can measure how long a build takes can thus find out whether
/// a file of some content was built before: tenants that must not know that of each other need a cache each.
///
/// # Size
///
/// The capacity is in bytes of memory. What a file takes is an estimate, for objects about ten times the file's length.
/// When the capacity is reached, what was not used for the longest time makes room; what is larger than all of the
/// capacity is not kept.
pub struct ParseCache {
    capacity: usize,
    state: Mutex<State>,
}

/// What a [`ParseCache`] holds, and how often it was of use.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct CacheUsage {
    /// How many parsed files there are.
    pub entries: usize,
    /// How many bytes they take, by the estimate that the capacity is kept by.
    pub bytes: usize,
    /// How often a file was found.
    pub hits: u64,
    /// How often one was not.
    pub misses: u64,
}

impl ParseCache {
    /// An empty cache for that many bytes.
    pub fn new(capacity: usize) -> Self {
        Self {
            capacity,
            state: Mutex::default(),
        }
    }

    /// How many bytes it may take.
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// What it holds now.
    pub fn usage(&self) -> CacheUsage {
        self.state().usage
    }

    /// Forgets all files.
    pub fn clear(&self) {
        let mut state = self.state();
        let dropped = std::mem::take(&mut *state);
        state.usage.hits = dropped.usage.hits;
        state.usage.misses = dropped.usage.misses;
        drop(state);
    }

    /// What a file holds, parsed now or before. Errors are not kept.
    pub(crate) fn parse<T: Parse>(
        &self,
        file: Unprotected<'_>,
    ) -> Result<Parsed<Arc<T>>, T::Error> {
        let key = Key {
            form: TypeId::of::<T>(),
            content: Sha256::digest(file.0).into(),
        };
        let found = self.state().find(key);
        if let Some(Parsed { value, size }) = found
            && let Ok(value) = value.downcast()
        {
            return Ok(Parsed { value, size });
        }
        // The lock is not held meanwhile: two builds may parse one file, and either result will do.
        let parsed = T::parse(file.0)?.shared();
        let entry = Entry {
            parsed: Arc::<T>::clone(&parsed.value),
            size: parsed.size,
            bytes: parsed
                .size
                .saturating_add(size_of::<Entry>() + size_of::<T>()),
            used: 0,
        };
        if entry.bytes <= self.capacity {
            let mut state = self.state();
            let dropped = state.insert(key, entry, self.capacity);
            drop(state);
            drop(dropped);
        }
        Ok(parsed)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing in here panics half way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Shows how much there is, and nothing of it.
impl fmt::Debug for ParseCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParseCache")
            .field("capacity", &self.capacity)
            .field("usage", &self.usage())
            .finish()
    }
}

/// A form in which files are parsed.
pub(crate) trait Parse: Any + Send + Sync {
    type Error;

    fn parse(text: &[u8]) -> Result<Parsed<Self>, Self::Error>
    where
        Self: Sized;
}

/// What a text was parsed to, and about how many bytes that takes.
pub(crate) struct Parsed<T> {
    pub(crate) value: T,
    pub(crate) size: usize,
}

impl<T> Parsed<T> {
    pub(crate) fn shared(self) -> Parsed<Arc<T>> {
        Parsed {
            value: Arc::new(self.value),
            size: self.size,
        }
    }
}

/// The bytes of a file as they lie in the tree. There is no other way to make one than from a file that its opener
/// found unprotected, so that nothing else can get into a cache.
#[derive(Clone, Copy)]
pub(crate) struct Unprotected<'f>(&'f [u8]);

impl<'f> Unprotected<'f> {
    /// `None` for a file whose protection was taken off.
    pub(crate) fn of(file: &'f Opened) -> Option<Self> {
        match (&file.content, &file.protection) {
            (Content::Plain(bytes), Protection::None) => Some(Self(bytes)),
            _ => None,
        }
    }
}

/// About how many bytes the structures take that a value is decoded to.
pub(crate) fn decoded_size(value: &Value) -> usize {
    /// The largest structures that a mapping is decoded to take about as much.
    const MAPPING: usize = 512;
    const VALUE: usize = size_of::<Value>();
    match value {
        Value::Null
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Uint(_)
        | Value::Float(_)
        | Value::Timestamp(_) => VALUE,
        Value::String(text) => VALUE + text.len(),
        Value::Bytes(bytes) => VALUE + bytes.len(),
        Value::Array(items) => VALUE + items.iter().map(decoded_size).sum::<usize>(),
        Value::Object(members) => {
            let members = members.iter();
            let sizes =
                members.map(|(name, value)| size_of::<String>() + name.len() + decoded_size(value));
            MAPPING + sizes.sum::<usize>()
        }
        Value::Mapping(members) => {
            let members = members.iter();
            let sizes = members.map(|(key, value)| decoded_size(key) + decoded_size(value));
            MAPPING + sizes.sum::<usize>()
        }
    }
}

#[derive(Clone, Copy, Eq, Hash, PartialEq)]
struct Key {
    form: TypeId,
    content: [u8; 32],
}

struct Entry {
    parsed: Arc<dyn Any + Send + Sync>,
    size: usize,
    /// With what the cache itself needs for it.
    bytes: usize,
    /// When it was used last, by the clock of the state.
    used: u64,
}

#[derive(Default)]
struct State {
    entries: HashMap<Key, Entry>,
    /// The keys by when they were used last.
    by_use: BTreeMap<u64, Key>,
    /// Counts uses.
    clock: u64,
    usage: CacheUsage,
}

impl State {
    fn find(&mut self, key: Key) -> Option<Parsed<Arc<dyn Any + Send + Sync>>> {
        let Some(entry) = self.entries.get_mut(&key) else {
            self.usage.misses += 1;
            return None;
        };
        self.usage.hits += 1;
        self.clock += 1;
        self.by_use.remove(&entry.used);
        self.by_use.insert(self.clock, key);
        entry.used = self.clock;
        Some(Parsed {
            value: Arc::clone(&entry.parsed),
            size: entry.size,
        })
    }

    /// Gives back what had to make room, to be dropped once others can go on.
    fn insert(&mut self, key: Key, mut entry: Entry, capacity: usize) -> Vec<Entry> {
        let mut dropped = Vec::new();
        self.clock += 1;
        entry.used = self.clock;
        self.usage.bytes += entry.bytes;
        self.by_use.insert(self.clock, key);
        if let Some(other) = self.entries.insert(key, entry) {
            self.by_use.remove(&other.used);
            self.usage.bytes -= other.bytes;
            dropped.push(other);
        }
        while self.usage.bytes > capacity
            && let Some((_, oldest)) = self.by_use.pop_first()
        {
            if let Some(entry) = self.entries.remove(&oldest) {
                self.usage.bytes -= entry.bytes;
                dropped.push(entry);
            }
        }
        self.usage.entries = self.entries.len();
        dropped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use secret::SecretBytes;
    use tree::{
        Limits, MacCoverage, MemoryEntry, Opener, PlainOpener, SopsFormat, SopsProtection, Tree,
        TreePath,
    };

    /// A text of a hundred bytes whatever it is.
    #[derive(Debug, Eq, PartialEq)]
    struct Text(Vec<u8>);

    impl Parse for Text {
        type Error = &'static str;

        fn parse(text: &[u8]) -> Result<Parsed<Self>, Self::Error> {
            match text {
                b"bad" => Err("bad"),
                _ => Ok(Parsed {
                    value: Self(text.to_vec()),
                    size: 100,
                }),
            }
        }
    }

    /// The length of a text.
    struct Length(usize);

    impl Parse for Length {
        type Error = &'static str;

        fn parse(text: &[u8]) -> Result<Parsed<Self>, Self::Error> {
            Ok(Parsed {
                value: Self(text.len()),
                size: 1,
            })
        }
    }

    const EACH: usize = 100 + size_of::<Entry>() + size_of::<Text>();

    fn cached(cache: &ParseCache, text: &[u8]) -> Arc<Text> {
        cache.parse::<Text>(Unprotected(text)).unwrap().value
    }

    fn opened(text: &str) -> Opened {
        let path = TreePath::parse("a").unwrap();
        let entries = [(path.clone(), MemoryEntry::file(text))];
        let tree = Tree::memory(entries, Limits::default()).unwrap();
        PlainOpener.open(&tree, &path).unwrap()
    }

    #[test]
    fn a_file_is_parsed_once_in_each_form() {
        let cache = ParseCache::new(10 * EACH);
        let first = cached(&cache, b"one");
        assert!(Arc::ptr_eq(&first, &cached(&cache, b"one")));
        assert!(!Arc::ptr_eq(&first, &cached(&cache, b"two")));
        assert_eq!(
            cache
                .parse::<Length>(Unprotected(b"three"))
                .unwrap()
                .value
                .0,
            "three".len()
        );
        assert_eq!(
            cache.parse::<Length>(Unprotected(b"one")).unwrap().value.0,
            3
        );
        let usage = cache.usage();
        assert_eq!((usage.entries, usage.hits, usage.misses), (4, 1, 4));
        cache.clear();
        let usage = cache.usage();
        assert_eq!((usage.entries, usage.bytes, usage.hits), (0, 0, 1));
        assert_eq!(*cached(&cache, b"one"), *first);
    }

    #[test]
    fn errors_are_not_kept() {
        let cache = ParseCache::new(10 * EACH);
        for _ in 0..2 {
            let result = cache.parse::<Text>(Unprotected(b"bad"));
            assert_eq!(result.err(), Some("bad"));
        }
        assert_eq!(cache.usage().entries, 0);
    }

    #[test]
    fn what_was_not_used_for_longest_makes_room() {
        let cache = ParseCache::new(3 * EACH);
        for text in ["a", "b", "c", "a", "d"] {
            cached(&cache, text.as_bytes());
            assert!(cache.usage().bytes <= cache.capacity(), "at {text}");
        }
        let misses = cache.usage().misses;
        for text in ["a", "c", "d"] {
            cached(&cache, text.as_bytes());
        }
        assert_eq!(cache.usage().misses, misses);
        cached(&cache, b"b");
        assert_eq!(cache.usage().misses, misses + 1);
        assert_eq!(cache.usage().entries, 3);
    }

    #[test]
    fn what_is_larger_than_the_capacity_is_not_kept() {
        let cache = ParseCache::new(EACH - 1);
        cached(&cache, b"a");
        assert_eq!((cache.usage().entries, cache.usage().bytes), (0, 0));
    }

    #[test]
    fn nothing_but_an_unprotected_file_can_get_in() {
        let sops = Protection::Sops(SopsProtection {
            format: SopsFormat::Yaml,
            verified_mac: MacCoverage::EveryValue,
            encrypted: Vec::new(),
        });
        assert!(Unprotected::of(&opened("a")).is_some());
        for (content, protection) in [
            (
                Content::Secret(SecretBytes::from(b"a".to_vec())),
                sops.clone(),
            ),
            (
                Content::Secret(SecretBytes::from(b"a".to_vec())),
                Protection::None,
            ),
            (opened("a").content, sops),
        ] {
            let opened = Opened {
                content,
                protection,
            };
            assert!(Unprotected::of(&opened).is_none());
        }
    }

    #[test]
    fn threads_that_share_a_cache_keep_its_bound() {
        let cache = ParseCache::new(8 * EACH);
        std::thread::scope(|scope| {
            for thread in 0..4_usize {
                let cache = &cache;
                scope.spawn(move || {
                    for round in 0..400 {
                        let text = format!("{}", (round * 7 + thread) % 16);
                        assert_eq!(cached(cache, text.as_bytes()).0, text.as_bytes());
                        assert!(cache.usage().bytes <= cache.capacity());
                    }
                });
            }
        });
        let usage = cache.usage();
        assert_eq!((usage.entries, usage.bytes), (8, 8 * EACH));
        assert_eq!(usage.hits + usage.misses, 1_600);
    }
}
