//! Walks over documents that change nothing: to say where a value stands, and to show what was encrypted.

use crate::document::{Comment, Entry, KeyPath, Leaf, Map, Origin, Place, Scalar, Step, Value};

/// The number of a value or comment, counted in document order over all documents. Nulls are not counted.
pub(crate) type Ordinal = usize;

/// Where the value or comment of that number stands.
pub(crate) fn locate(documents: &[Map], ordinal: Ordinal) -> Place {
    let mut place = Place::default();
    let mut left = ordinal;
    for document in documents {
        if locate_in_map(document, &mut left, &mut place) {
            break;
        }
    }
    place
}

fn locate_in_map(map: &Map, left: &mut Ordinal, place: &mut Place) -> bool {
    for entry in &map.entries {
        let found = match entry {
            Entry::Comment(comment) => found(comment.line, left, place),
            Entry::Pair(pair) => {
                place.path.push_key(&pair.key);
                let found = locate_in_value(&pair.value, left, place);
                if !found {
                    place.path.steps.pop();
                }
                found
            }
        };
        if found {
            return true;
        }
    }
    false
}

fn locate_in_value(value: &Value, left: &mut Ordinal, place: &mut Place) -> bool {
    match value {
        Value::Map(map) => locate_in_map(map, left, place),
        Value::List(items) => items.iter().enumerate().any(|(index, item)| {
            place.path.steps.push(Step::Index(index));
            let found = locate_in_value(item, left, place);
            if !found {
                place.path.steps.pop();
            }
            found
        }),
        Value::Leaf(Leaf {
            scalar: Scalar::Null,
            ..
        }) => false,
        Value::Leaf(leaf) => found(leaf.line, left, place),
        Value::Comment(comment) => found(comment.line, left, place),
    }
}

fn found(line: u32, left: &mut Ordinal, place: &mut Place) -> bool {
    if *left == 0 {
        place.line = line;
        return true;
    }
    *left -= 1;
    false
}

/// Gives `take` every value and comment that was encrypted, with its way from the top.
pub(crate) fn for_each_decrypted(documents: &[Map], take: &mut dyn FnMut(&KeyPath, &[u8])) {
    for document in documents {
        decrypted_in_map(document, &mut KeyPath::default(), take);
    }
}

fn decrypted_in_map(map: &Map, path: &mut KeyPath, take: &mut dyn FnMut(&KeyPath, &[u8])) {
    for entry in &map.entries {
        match entry {
            Entry::Comment(comment) => decrypted_comment(comment, path, take),
            Entry::Pair(pair) => {
                path.push_key(&pair.key);
                decrypted_in_value(&pair.value, path, take);
                path.steps.pop();
            }
        }
    }
}

fn decrypted_in_value(value: &Value, path: &mut KeyPath, take: &mut dyn FnMut(&KeyPath, &[u8])) {
    match value {
        Value::Map(map) => decrypted_in_map(map, path, take),
        Value::List(items) => {
            for (index, item) in items.iter().enumerate() {
                path.steps.push(Step::Index(index));
                decrypted_in_value(item, path, take);
                path.steps.pop();
            }
        }
        Value::Comment(comment) => decrypted_comment(comment, path, take),
        Value::Leaf(leaf) if leaf.origin == Origin::Decrypted => {
            leaf.scalar.with_bytes(|bytes| take(path, bytes))
        }
        Value::Leaf(_) => {}
    }
}

fn decrypted_comment(comment: &Comment, path: &KeyPath, take: &mut dyn FnMut(&KeyPath, &[u8])) {
    if comment.origin == Origin::Decrypted {
        take(path, comment.text.expose());
    }
}
