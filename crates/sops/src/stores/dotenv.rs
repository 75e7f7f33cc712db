//! Lines of `KEY=value` (sops: `stores/dotenv/store.go`).
//!
//! Nothing is trimmed or unquoted; a carriage return is part of the value. The two characters `\n` in a value are a
//! newline, both ways. The metadata are keys that begin with `sops_`.

use secret::SecretBytes;

use crate::document::{Comment, Entry, Leaf, Map, Pair, Placement, Scalar, Value};
use crate::stores::text_of;

const METADATA_PREFIX: &[u8] = b"sops_";

/// A line that is neither empty, a comment nor an assignment.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("line {line}: no equals sign")]
pub struct DotenvError {
    /// Counted from one.
    pub line: u32,
}

impl DotenvError {
    /// A stable name of the cause.
    pub fn reason(&self) -> &'static str {
        "malformed-dotenv"
    }
}

pub(crate) fn parse(bytes: &[u8]) -> Result<Map, DotenvError> {
    let mut map = Map::default();
    let mut number = 0;
    for line in bytes.split(|byte| *byte == b'\n') {
        number += 1;
        match line {
            [] => {}
            [b'#', text @ ..] => {
                map.entries
                    .push(Entry::Comment(Comment::new(text, Placement::Above, number)));
            }
            _ => {
                let Some(position) = line.iter().position(|byte| *byte == b'=') else {
                    return Err(DotenvError { line: number });
                };
                let value = unescape(&line[position + 1..]);
                map.push_pair(&line[..position], Value::text(value, number));
            }
        }
    }
    Ok(map)
}

/// Takes the metadata out of a document.
pub(crate) fn take_metadata(map: &mut Map) -> Option<Map> {
    let is_metadata = |entry: &mut Entry| match entry {
        Entry::Pair(pair) => pair.key.starts_with(METADATA_PREFIX),
        Entry::Comment(_) => false,
    };
    let mut metadata = Map {
        entries: map.entries.extract_if(.., is_metadata).collect(),
    };
    for entry in &mut metadata.entries {
        if let Entry::Pair(pair) = entry {
            pair.key.drain(..METADATA_PREFIX.len());
        }
    }
    (!metadata.entries.is_empty()).then_some(metadata)
}

/// Writes a document.
///
/// # Errors
///
/// The key whose value is a mapping or a list.
pub(crate) fn emit(map: &Map) -> Result<SecretBytes, &[u8]> {
    let mut out = SecretBytes::default();
    for entry in &map.entries {
        match entry {
            Entry::Comment(comment) => {
                out.extend_from_slice(b"#");
                out.extend_from_slice(comment.text.expose());
            }
            Entry::Pair(Pair { key, value }) => {
                let Value::Leaf(leaf) = value else {
                    return Err(key);
                };
                out.extend_from_slice(key);
                out.extend_from_slice(b"=");
                write(&mut out, leaf);
            }
        }
        out.extend_from_slice(b"\n");
    }
    Ok(out)
}

fn write(out: &mut SecretBytes, leaf: &Leaf) {
    match &leaf.scalar {
        Scalar::Text(text) => {
            for (position, line) in text.expose().split(|byte| *byte == b'\n').enumerate() {
                if position > 0 {
                    out.extend_from_slice(b"\\n");
                }
                out.extend_from_slice(line);
            }
        }
        other => text_of(other, |text| out.extend_from_slice(text)),
    }
}

fn unescape(value: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(value.len());
    let mut rest = value;
    while let Some((first, after)) = rest.split_first() {
        if let Some(after) = rest.strip_prefix(b"\\n") {
            text.push(b'\n');
            rest = after;
        } else {
            text.push(*first);
            rest = after;
        }
    }
    text
}
