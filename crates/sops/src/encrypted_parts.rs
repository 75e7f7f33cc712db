//! Which parts of an opened document were encrypted, told to those who read its text.

use std::collections::BTreeMap;

use tree::SecretParts;

use crate::document::{Map, Origin, Value};
use crate::format::Format;

/// What was encrypted in each document of the text that is written in `format`. Comments are no part of it.
///
/// A format without mappings and lists as Kubernetes knows them gives no places: all of it counts.
pub(crate) fn encrypted_parts(documents: &[Map], format: Format) -> Vec<SecretParts> {
    let merge_keys = match format {
        Format::Yaml => MergeKeys::Merged,
        Format::Json => MergeKeys::Plain,
        Format::Binary | Format::Dotenv | Format::Ini => return vec![SecretParts::All],
    };
    documents
        .iter()
        .map(|document| of_map(document, merge_keys))
        .collect()
}

/// What a reader of the text makes of a key `<<`. In YAML it is written as a merge key, whose entries are then found in
/// the mapping around it.
#[derive(Clone, Copy, Eq, PartialEq)]
enum MergeKeys {
    Merged,
    Plain,
}

fn of_map(map: &Map, merge_keys: MergeKeys) -> SecretParts {
    let mut entries = BTreeMap::new();
    let mut merged = Vec::new();
    for pair in map.pairs() {
        let parts = of_value(&pair.value, merge_keys);
        if parts == SecretParts::None {
            continue;
        }
        if merge_keys == MergeKeys::Merged && pair.key == b"<<" {
            match entries_of(parts) {
                Some(entries) => merged.extend(entries),
                None => return SecretParts::All,
            }
        } else if let Ok(key) = std::str::from_utf8(&pair.key) {
            entries.insert(key.to_owned(), parts);
        } else {
            // How a reader spells such a key is its own affair.
            return SecretParts::All;
        }
    }
    // A mapping's own entries come before those that are merged into it, and earlier ones before later ones.
    for (key, parts) in merged {
        entries.entry(key).or_insert(parts);
    }
    if entries.is_empty() {
        SecretParts::None
    } else {
        SecretParts::Object(entries)
    }
}

/// The entries that a merge key brings: those of a mapping, or of each in a list. `None` where they are not known.
fn entries_of(parts: SecretParts) -> Option<Vec<(String, SecretParts)>> {
    match parts {
        SecretParts::None => Some(Vec::new()),
        SecretParts::All | SecretParts::Somewhere => None,
        SecretParts::Object(entries) => Some(entries.into_iter().collect()),
        SecretParts::Array(items) => {
            let entries: Option<Vec<_>> = items.into_iter().map(entries_of).collect();
            entries.map(|entries| entries.into_iter().flatten().collect())
        }
    }
}

fn of_value(value: &Value, merge_keys: MergeKeys) -> SecretParts {
    match value {
        Value::Map(map) => of_map(map, merge_keys),
        Value::List(items) => {
            let parts: Vec<_> = items
                .iter()
                .filter(|item| !matches!(item, Value::Comment(_)))
                .map(|item| of_value(item, merge_keys))
                .collect();
            if parts.iter().all(|parts| *parts == SecretParts::None) {
                SecretParts::None
            } else {
                SecretParts::Array(parts)
            }
        }
        Value::Leaf(leaf) if leaf.origin == Origin::Decrypted => SecretParts::All,
        Value::Leaf(_) | Value::Comment(_) => SecretParts::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Comment, Placement};

    fn leaf(origin: Origin) -> Value {
        let Value::Leaf(mut leaf) = Value::text("x", 1) else {
            unreachable!("a text is a leaf")
        };
        leaf.origin = origin;
        Value::Leaf(leaf)
    }

    fn clear() -> Value {
        leaf(Origin::Clear)
    }

    fn decrypted() -> Value {
        leaf(Origin::Decrypted)
    }

    fn map<const N: usize>(pairs: [(&[u8], Value); N]) -> Map {
        let mut map = Map::default();
        for (key, value) in pairs {
            map.push_pair(key, value);
        }
        map
    }

    fn of(map: Map, format: Format) -> SecretParts {
        encrypted_parts(&[map], format).remove(0)
    }

    #[test]
    fn decrypted_values_are_secret_where_they_stand() {
        let data = map([(b"port", decrypted()), (b"host", clear())]);
        let parts = of(
            map([(b"kind", clear()), (b"data", Value::Map(data))]),
            Format::Json,
        );
        assert_eq!(*parts.entry("kind"), SecretParts::None);
        assert_eq!(*parts.entry("data").entry("port"), SecretParts::All);
        assert_eq!(*parts.entry("data").entry("host"), SecretParts::None);
    }

    #[test]
    fn comments_of_a_list_are_no_items() {
        let mut comment = Comment::new("x", Placement::Above, 1);
        comment.origin = Origin::Decrypted;
        let list = vec![Value::Comment(comment), decrypted(), clear()];
        let parts = of(map([(b"list", Value::List(list))]), Format::Yaml);
        assert_eq!(*parts.entry("list").item(0), SecretParts::All);
        assert_eq!(*parts.entry("list").item(1), SecretParts::None);
    }

    #[test]
    fn merged_entries_are_found_where_a_reader_finds_them() {
        let merging = |value| map([(b"a".as_slice(), clear()), (b"<<", value)]);
        let base = || Value::Map(map([(b"pw", decrypted())]));
        for value in [
            base(),
            Value::List(vec![Value::Map(Map::default()), base()]),
        ] {
            let parts = of(merging(value), Format::Yaml);
            assert_eq!(*parts.entry("pw"), SecretParts::All);
            assert_eq!(*parts.entry("a"), SecretParts::None);
        }
        let parts = of(merging(base()), Format::Json);
        assert_eq!(*parts.entry("<<").entry("pw"), SecretParts::All);
    }

    #[test]
    fn places_that_cannot_be_named_make_all_of_it_secret() {
        for (document, format) in [
            (map([(b"\xff", decrypted())]), Format::Yaml),
            (map([(b"<<", decrypted())]), Format::Yaml),
            (map([(b"data", decrypted())]), Format::Binary),
        ] {
            assert_eq!(of(document, format), SecretParts::All);
        }
    }
}
