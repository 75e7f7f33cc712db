//! The entries of a mapping while it is decoded.

use std::collections::{HashMap, HashSet};

use super::{DecodeError, kubernetes::key_text};
use crate::{node::Position, value::Value};

/// What makes two keys the same to a Go map.
#[derive(Clone, Eq, Hash, PartialEq)]
pub(super) enum KeyId {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    /// The bits, those of zero for both zeros.
    Float(u64),
    Text(Vec<u8>),
    Timestamp(String),
}

impl KeyId {
    /// `None` for NaN, which is the same as nothing, and for what cannot be a key.
    pub(super) fn of(key: &Value) -> Option<Self> {
        Some(match key {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(*value),
            Value::Int(number) => Self::Int(*number),
            Value::Uint(number) => Self::Uint(*number),
            Value::Float(number) if number.is_nan() => return None,
            // Adding a positive zero makes the negative one positive.
            Value::Float(number) => Self::Float((number + 0.0).to_bits()),
            Value::String(text) => Self::Text(text.clone().into_bytes()),
            Value::Bytes(bytes) => Self::Text(bytes.clone()),
            Value::Timestamp(time) => Self::Timestamp(time.to_string()),
            Value::Array(_) | Value::Object(_) | Value::Mapping(_) => return None,
        })
    }
}

/// Keys that are taken, so that merged mappings do not set them again.
pub(super) type Taken = HashSet<KeyId>;

struct Entry {
    key: Value,
    /// An error only if it does not matter once another value takes the place of this one.
    value: Result<Value, DecodeError>,
    /// Where the key is.
    at: Position,
}

/// Entries in the order in which their keys first came.
#[derive(Default)]
pub(super) struct Entries {
    entries: Vec<Entry>,
    /// Where each key is, for the first `indexed` entries; used when there are more than are quickly looked through.
    index: HashMap<KeyId, usize>,
    indexed: usize,
}

impl Entries {
    /// Up to so many entries are looked through one by one.
    const FEW: usize = 8;

    /// Where a key was set, if it was.
    pub(super) fn position(&mut self, key: &Value) -> Option<Position> {
        self.place(key).map(|place| self.entries[place].at)
    }

    /// Sets the value of a key, in its old place if it has one.
    pub(super) fn set(&mut self, key: Value, value: Result<Value, DecodeError>, at: Position) {
        let Some(place) = self.place(&key) else {
            return self.push(key, value, at);
        };
        let entry = &mut self.entries[place];
        // Go keeps the first key, except that a zero takes the sign of the last.
        if let Value::Float(_) = key {
            entry.key = key;
        }
        entry.value = value;
    }

    /// Adds the value of a key that is known to be new.
    pub(super) fn push(&mut self, key: Value, value: Result<Value, DecodeError>, at: Position) {
        self.entries.push(Entry { key, value, at });
    }

    fn place(&mut self, key: &Value) -> Option<usize> {
        if self.entries.len() <= Self::FEW {
            // NaN differs from itself here as in Go.
            return self.entries.iter().position(|entry| entry.key == *key);
        }
        for (place, entry) in self.entries.iter().enumerate().skip(self.indexed) {
            self.index
                .extend(KeyId::of(&entry.key).map(|id| (id, place)));
        }
        self.indexed = self.entries.len();
        self.index.get(&KeyId::of(key)?).copied()
    }

    /// An object, or a mapping where some key is not a string.
    pub(super) fn into_value(self) -> Result<Value, DecodeError> {
        if self.are_named() {
            return self.into_object();
        }
        let mut mapping = Vec::with_capacity(self.entries.len());
        for entry in self.entries {
            mapping.push((entry.key, entry.value?));
        }
        Ok(Value::Mapping(mapping))
    }

    /// An object with the names that sigs.k8s.io/yaml gives to keys.
    pub(super) fn into_object(self) -> Result<Value, DecodeError> {
        let named = self.are_named();
        let mut object: Vec<(String, Value)> = Vec::with_capacity(self.entries.len());
        let mut places: HashMap<String, usize> = HashMap::new();
        for entry in self.entries {
            let name = key_text(entry.key).ok_or(DecodeError::UnsupportedKey { at: entry.at })?;
            let value = entry.value?;
            // Keys of several types may have become the same text.
            if !named {
                if let Some(place) = places.get(&name) {
                    object[*place].1 = value;
                    continue;
                }
                places.insert(name.clone(), object.len());
            }
            object.push((name, value));
        }
        Ok(Value::Object(object))
    }

    fn are_named(&self) -> bool {
        self.entries
            .iter()
            .all(|entry| matches!(entry.key, Value::String(_)))
    }
}
