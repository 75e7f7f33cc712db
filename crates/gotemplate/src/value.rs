//! The values that templates compute with.
//!
//! Go's `text/template` decides by static Go types: whether an `int64` may be given to a function that takes an
//! `int`, whether two lists are deeply equal, what `toJson` makes of a nil list. So these values carry the Go type
//! that the real functions would produce, strings are bytes, and maps have Go's reference semantics (`set` changes
//! the map that every other holder sees).

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::mem;
use std::rc::Rc;

use crate::semver::Version;
use crate::time::Time;

/// The bytes of a Go string; not always UTF-8.
pub type Text = Rc<[u8]>;

/// A value as a template sees it.
///
/// Cloning is shallow: texts are shared, and so are the contents of lists and maps. There is deliberately no `Debug`
/// and no `Display`: a value may hold a secret.
#[derive(Clone)]
#[non_exhaustive]
pub enum Value {
    /// No value at all: a missing key, or a nil that came out of a pipeline. Prints as `<no value>`.
    Missing,
    /// A nil inside an interface, such as `null` in decoded JSON.
    Nil,
    /// `bool`.
    Bool(bool),
    /// `int`.
    Int(i64),
    /// `int64`, what sprig's arithmetic gives.
    Int64(i64),
    /// `uint64`.
    Uint64(u64),
    /// `uint8`, what indexing a string gives.
    Byte(u8),
    /// `float64`.
    Float(f64),
    /// `string`.
    Str(Text),
    /// A slice.
    List(List),
    /// A map with string keys.
    Map(Map),
    /// `time.Time`.
    Time(Time),
    /// `*semver.Version`.
    Version(Rc<Version>),
}

/// The element type of a [`List`].
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Element {
    /// `[]interface {}`.
    Any,
    /// `[]string`.
    Str,
    /// `[]int`.
    Int,
    /// `[][]interface {}`.
    List,
}

/// The value type of a [`Map`].
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    /// `map[string]interface {}`.
    Any,
    /// `map[string]string`.
    Str,
}

/// A Go slice: a window on shared cells, or nil.
#[derive(Clone)]
pub struct List {
    element: Element,
    cells: Option<Rc<Cells>>,
    start: usize,
    len: usize,
}

/// A Go map with string keys: shared and mutable, or nil.
#[derive(Clone)]
pub struct Map {
    entry: Entry,
    cells: Option<Rc<Entries>>,
}

struct Cells(RefCell<Vec<Value>>);

struct Entries(RefCell<BTreeMap<Text, Value>>);

impl Value {
    /// A string.
    pub fn text(bytes: impl AsRef<[u8]>) -> Self {
        Self::Str(Rc::from(bytes.as_ref()))
    }

    /// A `map[string]string`, the data that the SealedSecrets controller gives to its templates.
    pub fn strings<K: AsRef<[u8]>, V: AsRef<[u8]>>(
        entries: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        let entries = entries
            .into_iter()
            .map(|(key, value)| (Rc::from(key.as_ref()), Self::text(value)));
        Self::Map(Map::new(Entry::Str, entries.collect()))
    }

    /// A `map[string]interface {}`.
    pub fn dict<K: AsRef<[u8]>>(entries: impl IntoIterator<Item = (K, Self)>) -> Self {
        let entries = entries
            .into_iter()
            .map(|(key, value)| (Rc::from(key.as_ref()), value));
        Self::Map(Map::new(Entry::Any, entries.collect()))
    }

    /// A `[]interface {}`.
    pub fn list(items: impl IntoIterator<Item = Self>) -> Self {
        Self::List(List::new(Element::Any, items.into_iter().collect()))
    }

    /// Whether this is [`Value::Missing`] or [`Value::Nil`].
    pub fn is_nil(&self) -> bool {
        matches!(self, Self::Missing | Self::Nil)
    }

    /// Go's `template.IsTrue`: not the zero value of its type. The same rule decides sprig's `empty`.
    pub(crate) fn is_true(&self) -> bool {
        match self {
            Self::Missing | Self::Nil => false,
            Self::Bool(value) => *value,
            Self::Int(value) | Self::Int64(value) => *value != 0,
            Self::Uint64(value) => *value != 0,
            Self::Byte(value) => *value != 0,
            Self::Float(value) => *value != 0.0,
            Self::Str(value) => !value.is_empty(),
            Self::List(list) => !list.is_empty(),
            Self::Map(map) => !map.is_empty(),
            Self::Time(_) | Self::Version(_) => true,
        }
    }
}

impl List {
    /// A list that is not nil.
    pub fn new(element: Element, items: Vec<Value>) -> Self {
        let len = items.len();
        Self {
            element,
            cells: Some(Rc::new(Cells(RefCell::new(items)))),
            start: 0,
            len,
        }
    }

    /// The nil slice of an element type: empty, but `null` in JSON.
    pub fn nil(element: Element) -> Self {
        Self {
            element,
            cells: None,
            start: 0,
            len: 0,
        }
    }

    /// The element type.
    pub fn element(&self) -> Element {
        self.element
    }

    /// Whether this is the nil slice.
    pub fn is_nil(&self) -> bool {
        self.cells.is_none()
    }

    /// How many elements.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The element at `index`.
    pub fn at(&self, index: usize) -> Option<Value> {
        if index >= self.len {
            return None;
        }
        self.cells
            .as_ref()
            .and_then(|cells| cells.0.borrow().get(self.start + index).cloned())
    }

    /// All elements.
    pub fn items(&self) -> Vec<Value> {
        match &self.cells {
            Some(cells) => cells.0.borrow()[self.start..self.start + self.len].to_vec(),
            None => Vec::new(),
        }
    }

    /// Go's `cap`: how far a slice of this slice may reach.
    pub(crate) fn capacity(&self) -> usize {
        self.cells
            .as_ref()
            .map_or(0, |cells| cells.0.borrow().len() - self.start)
    }

    /// `list[from:to]`; `None` where Go would panic.
    pub(crate) fn window(&self, from: usize, to: usize) -> Option<Self> {
        (from <= to && to <= self.capacity()).then(|| Self {
            start: self.start + from,
            len: to - from,
            ..self.clone()
        })
    }

    /// Sorts the shared cells themselves, as Go's `sort` does.
    pub(crate) fn sort_in_place(&self) {
        if let Some(cells) = &self.cells {
            cells.0.borrow_mut()[self.start..self.start + self.len].sort_by(|left, right| {
                match (left, right) {
                    (Value::Str(left), Value::Str(right)) => left.cmp(right),
                    _ => std::cmp::Ordering::Equal,
                }
            });
        }
    }

    pub(crate) fn address(&self) -> Option<*const ()> {
        self.cells.as_ref().map(|cells| Rc::as_ptr(cells).cast())
    }
}

impl Map {
    /// A map that is not nil.
    pub fn new(entry: Entry, entries: BTreeMap<Text, Value>) -> Self {
        Self {
            entry,
            cells: Some(Rc::new(Entries(RefCell::new(entries)))),
        }
    }

    /// The nil map: empty, cannot be written to, `null` in JSON.
    pub fn nil(entry: Entry) -> Self {
        Self { entry, cells: None }
    }

    /// The value type.
    pub fn entry(&self) -> Entry {
        self.entry
    }

    /// Whether this is the nil map.
    pub fn is_nil(&self) -> bool {
        self.cells.is_none()
    }

    /// How many entries.
    pub fn len(&self) -> usize {
        self.cells
            .as_ref()
            .map_or(0, |cells| cells.0.borrow().len())
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value of `key`.
    pub fn at(&self, key: &[u8]) -> Option<Value> {
        self.cells
            .as_ref()
            .and_then(|cells| cells.0.borrow().get(key).cloned())
    }

    /// All entries, in the order of their keys.
    pub fn entries(&self) -> Vec<(Text, Value)> {
        match &self.cells {
            Some(cells) => cells
                .0
                .borrow()
                .iter()
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect(),
            None => Vec::new(),
        }
    }

    /// Sets `key`; false where this is the nil map, or where the map would come to contain itself. Go allows the
    /// latter, and then never ends printing it; here it would also be memory that is never wiped.
    #[must_use]
    pub(crate) fn insert(&self, key: Text, value: Value) -> bool {
        let Some(cells) = &self.cells else {
            return false;
        };
        if self.is_within(&value) {
            return false;
        }
        let old = cells.0.borrow_mut().insert(key, value);
        drop(old);
        true
    }

    pub(crate) fn remove(&self, key: &[u8]) {
        if let Some(cells) = &self.cells {
            let old = cells.0.borrow_mut().remove(key);
            drop(old);
        }
    }

    pub(crate) fn address(&self) -> Option<*const ()> {
        self.cells.as_ref().map(|cells| Rc::as_ptr(cells).cast())
    }

    fn is_within(&self, value: &Value) -> bool {
        let mut seen = std::collections::HashSet::new();
        let mut pending = vec![value.clone()];
        while let Some(next) = pending.pop() {
            match next {
                Value::Map(map) => {
                    if map.address() == self.address() {
                        return true;
                    }
                    if seen.insert(map.address()) {
                        pending.extend(
                            map.entries()
                                .into_iter()
                                .map(|(_, value)| value)
                                .filter(is_container),
                        );
                    }
                }
                Value::List(list)
                    if matches!(list.element(), Element::Any | Element::List)
                        && seen.insert(list.address()) =>
                {
                    pending.extend(list.items().into_iter().filter(is_container));
                }
                _ => {}
            }
        }
        false
    }
}

fn is_container(value: &Value) -> bool {
    matches!(value, Value::List(_) | Value::Map(_))
}

// Templates can nest values as deep as their step budget allows. Dropping them by recursion would overflow the stack.
impl Drop for Cells {
    fn drop(&mut self) {
        release(mem::take(self.0.get_mut()));
    }
}

impl Drop for Entries {
    fn drop(&mut self) {
        release(mem::take(self.0.get_mut()).into_values().collect());
    }
}

fn release(mut pending: Vec<Value>) {
    while let Some(value) = pending.pop() {
        match value {
            Value::List(List {
                cells: Some(cells), ..
            }) => {
                if let Some(mut cells) = Rc::into_inner(cells) {
                    pending.append(cells.0.get_mut());
                }
            }
            Value::Map(Map {
                cells: Some(cells), ..
            }) => {
                if let Some(mut cells) = Rc::into_inner(cells) {
                    pending.extend(mem::take(cells.0.get_mut()).into_values());
                }
            }
            _ => {}
        }
    }
}
