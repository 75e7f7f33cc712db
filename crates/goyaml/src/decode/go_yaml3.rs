//! go-yaml v3 (go-yaml: decode.go).

use std::collections::HashMap;

use super::{
    DecodeError, Depth,
    entries::{Entries, KeyId, Taken},
    is_merge, pairs, scalar, target,
};
use crate::{
    node::{Kind, Node, Position, Tag},
    resolve::Dialect,
    value::Value,
};

/// Decodes one tree.
#[derive(Default)]
pub(super) struct Decoder {
    depth: Depth,
    /// While a mapping is merged into another: the keys that are set already.
    taken: Option<Taken>,
}

/// Which type of Go map a mapping becomes.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Keys {
    /// `map[string]interface{}`, where every key of the mapping is a string.
    Strings,
    /// `map[interface{}]interface{}`.
    Any,
}

impl Decoder {
    pub(super) fn value(&mut self, node: &Node) -> Result<Value, DecodeError> {
        match node.kind {
            Kind::Alias => self.value(target(node)?),
            Kind::Scalar => scalar(node, Dialect::GoYaml3),
            Kind::Sequence => {
                self.depth.enter(node.position)?;
                let mut items = Vec::with_capacity(node.content.len());
                for item in &node.content {
                    items.push(self.value(item)?);
                }
                self.depth.leave();
                Ok(Value::Array(items))
            }
            Kind::Mapping => {
                let mut entries = Entries::default();
                let keys = if has_string_keys(node)? {
                    Keys::Strings
                } else {
                    Keys::Any
                };
                self.mapping(node, keys, &mut entries)?;
                entries.into_value()
            }
        }
    }

    fn mapping(
        &mut self,
        node: &Node,
        keys: Keys,
        entries: &mut Entries,
    ) -> Result<(), DecodeError> {
        self.depth.enter(node.position)?;
        check_duplicates(node)?;
        let mut taken = self.taken.take();
        // Strings of different text are different keys; numbers and aliases may mean the same.
        let distinct = keys == Keys::Strings
            && taken.is_none()
            && pairs(node).all(|(key, _)| key.kind == Kind::Scalar);
        let mut merged = None;
        for (key, value) in pairs(node) {
            if is_merge(key) {
                merged = Some(value);
                continue;
            }
            let Some(name) = self.key(key, keys)? else {
                continue;
            };
            if let (Some(taken), Some(id)) = (&mut taken, KeyId::of(&name))
                && !taken.insert(id)
            {
                continue;
            }
            let value = self.value(value)?;
            if distinct {
                entries.push(name, Ok(value), key.position);
            } else {
                entries.set(name, Ok(value), key.position);
            }
        }
        self.taken = taken;
        if let Some(merged) = merged {
            self.merge(node, merged, keys, entries)?;
        }
        self.depth.leave();
        Ok(())
    }

    /// A key; `None` for a null that is merged among strings, which go-yaml leaves out.
    fn key(&mut self, node: &Node, keys: Keys) -> Result<Option<Value>, DecodeError> {
        let key = target(node)?;
        if key.kind != Kind::Scalar {
            return Err(DecodeError::InvalidKey { at: node.position });
        }
        let value = scalar(key, Dialect::GoYaml3)?;
        Ok(match (keys, value) {
            (Keys::Any, value) => Some(value),
            (Keys::Strings, Value::Null) => None,
            (Keys::Strings, value @ (Value::String(_) | Value::Bytes(_))) => Some(value),
            (Keys::Strings, _) => Some(Value::String(key.value.clone())),
        })
    }

    fn merge(
        &mut self,
        parent: &Node,
        merged: &Node,
        keys: Keys,
        entries: &mut Entries,
    ) -> Result<(), DecodeError> {
        let outermost = self.taken.is_none();
        if outermost {
            let mut taken = Taken::new();
            for (key, _) in pairs(parent) {
                taken.extend(self.key(key, Keys::Any)?.as_ref().and_then(KeyId::of));
            }
            self.taken = Some(taken);
        }
        let source = target(merged)?;
        match (merged.kind, source.kind) {
            (_, Kind::Mapping) => self.mapping(source, keys, entries)?,
            (Kind::Sequence, _) => {
                for item in &source.content {
                    let mapping = target(item)?;
                    if mapping.kind != Kind::Mapping {
                        return Err(DecodeError::InvalidMerge { at: item.position });
                    }
                    self.mapping(mapping, keys, entries)?;
                }
            }
            _ => {
                return Err(DecodeError::InvalidMerge {
                    at: merged.position,
                });
            }
        }
        if outermost {
            self.taken = None;
        }
        Ok(())
    }
}

fn has_string_keys(node: &Node) -> Result<bool, DecodeError> {
    for (key, _) in pairs(node) {
        if !matches!(target(key)?.tag, Tag::Str | Tag::Merge) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// go-yaml compares kinds and texts, not values: `1` and `"1"` are the same key, and so are any two lists.
fn check_duplicates(node: &Node) -> Result<(), DecodeError> {
    /// Up to so many keys are compared each with each.
    const FEW: usize = 8;
    let duplicate = |first: &Node, at: Position| DecodeError::DuplicateKey {
        at,
        first: first.position,
    };
    if node.content.len() <= 2 * FEW {
        for (index, (key, _)) in pairs(node).enumerate() {
            let same =
                |(other, _): &(&Node, &Node)| other.kind == key.kind && other.value == key.value;
            if let Some((first, _)) = pairs(node).take(index).find(same) {
                return Err(duplicate(first, key.position));
            }
        }
        return Ok(());
    }
    let mut seen: HashMap<(u8, &str), &Node> = HashMap::with_capacity(node.content.len() / 2);
    for (key, _) in pairs(node) {
        let kind = match key.kind {
            Kind::Alias => 0,
            Kind::Mapping => 1,
            Kind::Scalar => 2,
            Kind::Sequence => 3,
        };
        if let Some(first) = seen.insert((kind, &key.value), key) {
            return Err(duplicate(first, key.position));
        }
    }
    Ok(())
}
