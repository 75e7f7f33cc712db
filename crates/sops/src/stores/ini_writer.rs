//! Writing INI (sops: `stores/ini/store.go`, on `gopkg.in/ini.v1`: `file.go`).

use secret::SecretBytes;

use crate::document::{Comment, Entry, Map, Value};
use crate::stores::ini::{DEFAULT_SECTION, trim};
use crate::stores::text_of;

/// Why a document has no INI form.
#[derive(Debug)]
pub(crate) enum NoIniForm<'d> {
    /// A value at the top that is not a mapping.
    NotASection(&'d [u8]),
    /// A section or key without a name.
    EmptyName,
    /// A mapping or list inside a section.
    Nested(&'d [u8]),
}

/// Writes the sections of all documents one after another.
pub(crate) fn emit(documents: &[Map]) -> Result<SecretBytes, NoIniForm<'_>> {
    let sections = documents
        .iter()
        .flat_map(Map::pairs)
        .map(|pair| match &pair.value {
            Value::Map(map) => Section::new(&pair.key, map),
            _ => Err(NoIniForm::NotASection(&pair.key)),
        })
        .collect::<Result<Vec<_>, _>>()?;
    let mut out = SecretBytes::default();
    for (position, section) in sections.iter().enumerate() {
        if section.write(position == 0, &mut out) && position + 1 < sections.len() {
            out.extend_from_slice(b"\n");
        }
    }
    Ok(out)
}

struct Section<'d> {
    name: &'d [u8],
    comment: Option<&'d Comment>,
    keys: Vec<Key<'d>>,
}

struct Key<'d> {
    name: &'d [u8],
    value: SecretBytes,
    comment: Option<&'d Comment>,
}

impl<'d> Section<'d> {
    /// The first entry can be the section's comment; later comments belong to the key before them, the last one to each.
    fn new(name: &'d [u8], map: &'d Map) -> Result<Self, NoIniForm<'d>> {
        if name.is_empty() {
            return Err(NoIniForm::EmptyName);
        }
        let mut section = Self {
            name,
            comment: None,
            keys: Vec::new(),
        };
        for (position, entry) in map.entries.iter().enumerate() {
            match entry {
                Entry::Comment(comment) if position == 0 => section.comment = Some(comment),
                Entry::Comment(comment) => {
                    if let Some(key) = section.keys.last_mut() {
                        key.comment = Some(comment);
                    }
                }
                Entry::Pair(pair) if pair.key.is_empty() => return Err(NoIniForm::EmptyName),
                Entry::Pair(pair) => {
                    let Value::Leaf(leaf) = &pair.value else {
                        return Err(NoIniForm::Nested(&pair.key));
                    };
                    let value = text_of(&leaf.scalar, SecretBytes::copy_of);
                    section.keys.push(Key {
                        name: &pair.key,
                        value,
                        comment: None,
                    });
                }
            }
        }
        Ok(section)
    }

    /// Returns whether anything but a comment was written: a first section `DEFAULT` has no header and may be empty.
    fn write(&self, first: bool, out: &mut SecretBytes) -> bool {
        if let Some(comment) = self.comment {
            write_comment(comment, |line| line, out);
        }
        if !(first && self.name.to_ascii_uppercase() == DEFAULT_SECTION) {
            out.extend_from_slice(b"[");
            out.extend_from_slice(self.name);
            out.extend_from_slice(b"]\n");
        } else if self.keys.is_empty() {
            return false;
        }
        let names: Vec<Vec<u8>> = self.keys.iter().map(|key| quoted_name(key.name)).collect();
        let width = names.iter().map(Vec::len).max().unwrap_or(0);
        for (key, name) in self.keys.iter().zip(names) {
            if let Some(comment) = key.comment {
                write_comment(comment, trim, out);
            }
            out.extend_from_slice(&name);
            out.extend_from_slice(&b" ".repeat(width - name.len()));
            out.extend_from_slice(b" = ");
            write_value(key.value.expose(), out);
            out.extend_from_slice(b"\n");
        }
        true
    }
}

fn write_comment(comment: &Comment, unsigned: fn(&[u8]) -> &[u8], out: &mut SecretBytes) {
    let text = comment.text.expose();
    if text.is_empty() {
        return;
    }
    for line in text.split(|byte| *byte == b'\n') {
        match line {
            [sign @ (b'#' | b';'), rest @ ..] => {
                out.extend_from_slice(&[*sign, b' ']);
                out.extend_from_slice(trim(rest));
            }
            _ => {
                out.extend_from_slice(b"; ");
                out.extend_from_slice(unsigned(line));
            }
        }
        out.extend_from_slice(b"\n");
    }
}

fn quoted_name(name: &[u8]) -> Vec<u8> {
    let quote: &[u8] = if name.iter().any(|byte| matches!(byte, b'"' | b'=' | b':')) {
        b"`"
    } else if name.contains(&b'`') {
        b"\"\"\""
    } else {
        b""
    };
    [quote, name, quote].concat()
}

fn write_value(value: &[u8], out: &mut SecretBytes) {
    let quote: &[u8] = if value.iter().any(|byte| matches!(byte, b'\n' | b'`')) {
        b"\"\"\""
    } else if value.iter().any(|byte| matches!(byte, b'#' | b';')) {
        b"`"
    } else if trim(value).len() != value.len() {
        b"\""
    } else {
        b""
    };
    out.extend_from_slice(quote);
    out.extend_from_slice(value);
    out.extend_from_slice(quote);
}
