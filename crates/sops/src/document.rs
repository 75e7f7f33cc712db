//! The tree that every format is read into and written from.
//!
//! It is what sops calls a tree: ordered, with comments as entries of mappings and as items of lists, and with the
//! scalar types of Go. Texts are bytes, since neither dotenv nor `!!binary` promise UTF-8.

use std::fmt;

use secret::SecretBytes;
use zeroize::Zeroizing;

use goyaml::Timestamp;

/// The deepest nesting that is read. Go's YAML stops at 10,000; no file that people keep comes near either.
pub(crate) const MAX_DEPTH: usize = 500;

/// One document: sops' `TreeBranch`.
#[derive(Default)]
pub(crate) struct Map {
    pub(crate) entries: Vec<Entry>,
}

/// What stands in a mapping.
pub(crate) enum Entry {
    Comment(Comment),
    Pair(Pair),
}

/// A key and its value.
pub(crate) struct Pair {
    pub(crate) key: Vec<u8>,
    pub(crate) value: Value,
}

/// A value of a mapping or an item of a list.
pub(crate) enum Value {
    Leaf(Leaf),
    /// Only in lists.
    Comment(Comment),
    List(Vec<Self>),
    Map(Map),
}

/// A scalar and where it stands.
pub(crate) struct Leaf {
    pub(crate) scalar: Scalar,
    /// Counted from one.
    pub(crate) line: u32,
    pub(crate) origin: Origin,
}

/// Whether a value stood in the file as it is now.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(crate) enum Origin {
    Clear,
    Decrypted,
}

/// The scalar types.
pub(crate) enum Scalar {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(SecretBytes),
    Time(Timestamp),
}

/// One line of comment, without its `#`.
pub(crate) struct Comment {
    pub(crate) text: SecretBytes,
    pub(crate) placement: Placement,
    pub(crate) line: u32,
    pub(crate) origin: Origin,
}

/// Where a comment stands relative to the value that it belongs to.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(crate) enum Placement {
    /// On a line of its own.
    Above,
    /// Behind the value. Lost when the comment is decrypted (sops: `aes/cipher.go`).
    Inline,
}

impl Map {
    pub(crate) fn push_pair(&mut self, key: impl Into<Vec<u8>>, value: Value) {
        self.entries.push(Entry::Pair(Pair {
            key: key.into(),
            value,
        }));
    }

    /// The pairs, without the comments.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = &Pair> {
        self.entries.iter().filter_map(|entry| match entry {
            Entry::Pair(pair) => Some(pair),
            Entry::Comment(_) => None,
        })
    }

    /// The first value of this name.
    pub(crate) fn get(&self, key: &[u8]) -> Option<&Value> {
        self.pairs()
            .find(|pair| pair.key == key)
            .map(|pair| &pair.value)
    }

    /// The line of the first thing in it that has one.
    pub(crate) fn first_line(&self) -> Option<u32> {
        self.entries.iter().find_map(|entry| match entry {
            Entry::Comment(comment) => Some(comment.line),
            Entry::Pair(pair) => pair.value.first_line(),
        })
    }
}

impl Value {
    pub(crate) fn new(scalar: Scalar, line: u32) -> Self {
        Self::Leaf(Leaf {
            scalar,
            line,
            origin: Origin::Clear,
        })
    }

    pub(crate) fn text(bytes: impl Into<Vec<u8>>, line: u32) -> Self {
        Self::new(Scalar::Text(SecretBytes::new(bytes.into())), line)
    }

    pub(crate) fn first_line(&self) -> Option<u32> {
        match self {
            Self::Leaf(leaf) => Some(leaf.line),
            Self::Comment(comment) => Some(comment.line),
            Self::List(items) => items.iter().find_map(Self::first_line),
            Self::Map(map) => map.first_line(),
        }
    }
}

impl Comment {
    pub(crate) fn new(text: impl Into<Vec<u8>>, placement: Placement, line: u32) -> Self {
        Self {
            text: SecretBytes::new(text.into()),
            placement,
            line,
            origin: Origin::Clear,
        }
    }
}

impl Scalar {
    /// Gives `take` the canonical bytes, those that are encrypted and go into the MAC (sops: `ToBytes`).
    pub(crate) fn with_bytes<R>(&self, take: impl FnOnce(&[u8]) -> R) -> R {
        match self {
            Self::Null => take(b""),
            Self::Bool(true) => take(b"True"),
            Self::Bool(false) => take(b"False"),
            Self::Int(number) => take(Zeroizing::new(number.to_string()).as_bytes()),
            Self::Float(number) => take(Zeroizing::new(goyaml::float::plain(*number)).as_bytes()),
            Self::Text(text) => take(text.expose()),
            Self::Time(time) => take(Zeroizing::new(time.to_string()).as_bytes()),
        }
    }
}

/// Reads a boolean as Go's `strconv.ParseBool` does.
pub(crate) fn parse_bool(text: &[u8]) -> Option<bool> {
    match text {
        b"1" | b"t" | b"T" | b"TRUE" | b"true" | b"True" => Some(true),
        b"0" | b"f" | b"F" | b"FALSE" | b"false" | b"False" => Some(false),
        _ => None,
    }
}

/// Where in a file something stands. Shows keys and positions, never a value.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Place {
    /// Counted from one; zero where it is not known.
    pub line: u32,
    /// The keys and positions that lead there.
    pub path: KeyPath,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.line, self.path.steps.is_empty()) {
            (0, true) => f.write_str("document"),
            (0, false) => write!(f, "{}", self.path),
            (line, true) => write!(f, "line {line}"),
            (line, false) => write!(f, "line {line}, {}", self.path),
        }
    }
}

/// The way from the top of a document to a value: `data.users[3].name`.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub struct KeyPath {
    pub(crate) steps: Vec<Step>,
}

/// One step of a [`KeyPath`].
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum Step {
    /// Into a mapping.
    Key(String),
    /// Into a list, counted from zero, comments included.
    Index(usize),
}

impl KeyPath {
    /// The steps, from the top.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    pub(crate) fn push_key(&mut self, key: &[u8]) {
        self.steps
            .push(Step::Key(String::from_utf8_lossy(key).into_owned()));
    }
}

impl fmt::Display for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.steps.iter().enumerate() {
            match step {
                Step::Key(key) => {
                    if position > 0 {
                        f.write_str(".")?;
                    }
                    // Keys come from the file: nothing in them may reach the terminal's own language.
                    write!(f, "{}", key.escape_debug())?;
                }
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}
