//! go-yaml v2 (go-yaml v2: decode.go).

use super::{DecodeError, Depth, Duplicates, entries::Entries, is_merge, pairs, scalar, target};
use crate::{
    json,
    node::{Kind, Node},
    resolve::Dialect,
    value::Value,
};

/// Decodes one tree.
pub(super) struct Decoder {
    depth: Depth,
    duplicates: Duplicates,
    purpose: Purpose,
}

/// What the value is for.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(super) enum Purpose {
    /// A Go `interface{}`.
    Go,
    /// JSON, by way of sigs.k8s.io/yaml.
    Json,
}

impl Decoder {
    pub(super) fn new(duplicates: Duplicates, purpose: Purpose) -> Self {
        Self {
            depth: Depth::default(),
            duplicates,
            purpose,
        }
    }

    pub(super) fn value(&mut self, node: &Node) -> Result<Value, DecodeError> {
        match node.kind {
            Kind::Alias => self.value(target(node)?),
            Kind::Scalar => self.scalar(node),
            Kind::Sequence => {
                self.depth.enter(node.position)?;
                let items = self.items(node);
                self.depth.leave();
                items.map(Value::Array)
            }
            Kind::Mapping => {
                let mut entries = Entries::default();
                self.mapping(node, &mut entries)?;
                match self.purpose {
                    Purpose::Go => entries.into_value(),
                    Purpose::Json => entries.into_object(),
                }
            }
        }
    }

    fn scalar(&self, node: &Node) -> Result<Value, DecodeError> {
        match (scalar(node, Dialect::GoYaml2)?, self.purpose) {
            (Value::Float(number), Purpose::Json) if !number.is_finite() => {
                Err(DecodeError::NotFinite { at: node.position })
            }
            (Value::Bytes(bytes), Purpose::Json) => Ok(Value::String(json::lossy(&bytes))),
            (value, _) => Ok(value),
        }
    }

    fn items(&mut self, node: &Node) -> Result<Vec<Value>, DecodeError> {
        let mut items = Vec::with_capacity(node.content.len());
        let mut refused_by_json = None;
        for item in &node.content {
            match self.value(item) {
                Ok(value) => items.push(value),
                // What go-yaml refuses counts before what JSON refuses.
                Err(error) if error.is_of_json() => refused_by_json = Some(error),
                Err(error) => return Err(error),
            }
        }
        refused_by_json.map_or(Ok(items), Err)
    }

    fn mapping(&mut self, node: &Node, entries: &mut Entries) -> Result<(), DecodeError> {
        self.depth.enter(node.position)?;
        let done = self.pairs(node, entries);
        self.depth.leave();
        done
    }

    fn pairs(&mut self, node: &Node, entries: &mut Entries) -> Result<(), DecodeError> {
        for (key, value) in pairs(node) {
            if is_merge(key) {
                self.merge(value, entries)?;
                continue;
            }
            let name = self.key(key)?;
            let value = match self.value(value) {
                Err(error) if !error.is_of_json() => return Err(error),
                value => value,
            };
            if self.duplicates == Duplicates::Refuse
                && let Some(first) = entries.position(&name)
            {
                return Err(DecodeError::DuplicateKey {
                    at: key.position,
                    first,
                });
            }
            entries.set(name, value, key.position);
        }
        Ok(())
    }

    fn key(&self, node: &Node) -> Result<Value, DecodeError> {
        let key = target(node)?;
        if key.kind != Kind::Scalar {
            return Err(DecodeError::InvalidKey { at: node.position });
        }
        scalar(key, Dialect::GoYaml2)
    }

    /// A merged mapping sets its keys where it stands, over those set before it.
    fn merge(&mut self, merged: &Node, entries: &mut Entries) -> Result<(), DecodeError> {
        let source = target(merged)?;
        match (merged.kind, source.kind) {
            (_, Kind::Mapping) => self.mapping(source, entries),
            (Kind::Sequence, _) => {
                // The first of the list is to win, so it is set last.
                for item in source.content.iter().rev() {
                    let mapping = target(item)?;
                    if mapping.kind != Kind::Mapping {
                        return Err(DecodeError::InvalidMerge { at: item.position });
                    }
                    self.mapping(mapping, entries)?;
                }
                Ok(())
            }
            _ => Err(DecodeError::InvalidMerge {
                at: merged.position,
            }),
        }
    }
}
