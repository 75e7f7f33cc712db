//! Metadata in the flat formats: `age__list_0__map_recipient` stands for the field `recipient` of the first item of the
//! list `age` (sops: `stores/flatten.go`).

use std::collections::BTreeMap;

use crate::document::{Entry, Leaf, Map, Value};
use crate::metadata_reader::MetadataError;

const MAP_STEP: &[u8] = b"__map_";
const LIST_STEP: &[u8] = b"__list_";

/// The deepest that metadata nest is `key_groups__list_0__map_kms__list_0__map_context__map_name`.
const MAX_STEPS: usize = 8;

/// Builds the nested block from its flat form. Comments are left out.
pub(crate) fn unflatten(flat: Map) -> Result<Map, MetadataError> {
    let mut root = Node::default();
    for entry in flat.entries {
        let Entry::Pair(pair) = entry else { continue };
        let Value::Leaf(leaf) = pair.value else {
            return Err(MetadataError::Flattened);
        };
        let mut node = &mut root;
        for step in steps(&pair.key)? {
            node = match step {
                Step::Key(key) => node.keys.entry(key).or_default(),
                Step::Index(index) => node.items.entry(index).or_default(),
            };
        }
        if node.leaf.replace(leaf).is_some() {
            return Err(MetadataError::Flattened);
        }
    }
    match root.into_value()? {
        Value::Map(map) => Ok(map),
        _ => Err(MetadataError::Flattened),
    }
}

enum Step {
    Key(Vec<u8>),
    Index(usize),
}

fn steps(name: &[u8]) -> Result<Vec<Step>, MetadataError> {
    let mut steps = Vec::new();
    let mut make: fn(&[u8]) -> Result<Step, MetadataError> = key;
    let mut start = 0;
    let mut at = 0;
    while at < name.len() {
        let (length, next): (_, fn(&[u8]) -> _) = if name[at..].starts_with(MAP_STEP) {
            (MAP_STEP.len(), key)
        } else if name[at..].starts_with(LIST_STEP) {
            (LIST_STEP.len(), index)
        } else {
            at += 1;
            continue;
        };
        if steps.len() == MAX_STEPS {
            return Err(MetadataError::Flattened);
        }
        steps.push(make(&name[start..at])?);
        make = next;
        at += length;
        start = at;
    }
    steps.push(make(&name[start..])?);
    Ok(steps)
}

fn key(name: &[u8]) -> Result<Step, MetadataError> {
    Ok(Step::Key(name.to_vec()))
}

fn index(digits: &[u8]) -> Result<Step, MetadataError> {
    let number = std::str::from_utf8(digits)
        .ok()
        .and_then(|digits| digits.parse().ok());
    number.map(Step::Index).ok_or(MetadataError::Flattened)
}

#[derive(Default)]
struct Node {
    leaf: Option<Leaf>,
    keys: BTreeMap<Vec<u8>, Self>,
    items: BTreeMap<usize, Self>,
}

impl Node {
    fn into_value(self) -> Result<Value, MetadataError> {
        match self {
            Self {
                leaf: Some(leaf),
                keys,
                items,
            } if keys.is_empty() && items.is_empty() => Ok(Value::Leaf(leaf)),
            Self {
                leaf: None,
                keys,
                items,
            } if items.is_empty() => {
                let mut map = Map::default();
                for (key, node) in keys {
                    map.push_pair(key, node.into_value()?);
                }
                Ok(Value::Map(map))
            }
            Self {
                leaf: None,
                keys,
                items,
            } if keys.is_empty() => {
                if items.keys().copied().ne(0..items.len()) {
                    return Err(MetadataError::Flattened);
                }
                items
                    .into_values()
                    .map(Self::into_value)
                    .collect::<Result<_, _>>()
                    .map(Value::List)
            }
            Self { .. } => Err(MetadataError::Flattened),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::unflatten;
    use crate::document::{Map, Value};

    fn flat(keys: &[&str]) -> Map {
        let mut map = Map::default();
        for key in keys {
            map.push_pair(*key, Value::text(*key, 1));
        }
        map
    }

    #[test]
    fn steps_form_lists_and_mappings() {
        let map = unflatten(flat(&[
            "age__list_1__map_enc",
            "age__list_0__map_enc",
            "kms__list_0__map_context__map_a",
            "mac",
        ]))
        .unwrap();
        let Some(Value::List(keys)) = map.get(b"age") else {
            panic!("no list")
        };
        assert_eq!(keys.len(), 2);
        assert!(matches!(&keys[1], Value::Map(key) if key.get(b"enc").is_some()));
        assert!(matches!(map.get(b"mac"), Some(Value::Leaf(_))));
    }

    #[test]
    fn contradictions_are_refused() {
        for keys in [
            &["a", "a"][..],
            &["a", "a__map_b"],
            &["a__list_0", "a__map_b"],
            &["a__list_1"],
            &["a__list_0", "a__list_2"],
            &["a__list_x"],
            &["a__list_"],
            &["__map___map___map___map___map___map___map___map___map_"],
        ] {
            assert!(unflatten(flat(keys)).is_err(), "{keys:?}");
        }
    }
}
