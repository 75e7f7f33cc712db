//! The writer.

use std::fmt::Write as _;

use thiserror::Error;

use crate::{float, value::Value};

/// Which characters a string's text is escaped for.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Escape {
    /// Also `<`, `>` and `&`, as `json.Marshal` does, so that the text may stand in HTML.
    #[default]
    Html,
    /// Only what JSON asks for (`Encoder.SetEscapeHTML(false)`), and U+2028 and U+2029.
    Plain,
}

/// The order of an object's keys.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum KeyOrder {
    /// As they are, repeated ones too.
    #[default]
    AsGiven,
    /// By their bytes, as `json.Marshal` writes a map; the last of a repeated key.
    Sorted,
}

/// Where a line breaks.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Layout<'l> {
    /// Nowhere, and no blanks.
    #[default]
    Compact,
    /// Before each item and key, indented by this text per level (`json.MarshalIndent`, `json.Indent`).
    Indented(&'l str),
}

/// Why a value cannot be written.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum WriteError {
    /// An infinity or NaN.
    #[error("JSON has no infinity and no NaN")]
    NotFinite,
    /// A mapping with a key that is not a string.
    #[error("JSON has only strings as keys")]
    KeyNotString,
}

impl WriteError {
    /// A stable name for the kind of error.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::NotFinite => "json-not-finite",
            Self::KeyNotString => "json-key-not-string",
        }
    }
}

/// Writes JSON piece by piece into a string, for callers with a tree of their own.
///
/// The caller opens and closes what belongs together and puts a [`key`](Self::key) before each value of an object.
///
/// ```
/// use goyaml::json::{Escape, Layout, Writer};
///
/// let mut out = String::new();
/// let mut json = Writer::new(&mut out, Layout::Indented("\t"), Escape::Html);
/// json.begin_object();
/// json.key(b"a&b");
/// json.float(1e21)?;
/// json.end_object();
/// assert_eq!(out, "{\n\t\"a\\u0026b\": 1e+21\n}");
/// # Ok::<(), goyaml::json::WriteError>(())
/// ```
pub struct Writer<'o> {
    out: &'o mut String,
    layout: Layout<'o>,
    escape: Escape,
    depth: usize,
    /// Whether nothing has been written yet in the innermost array or object.
    empty: bool,
    /// Whether a key was just written, so that its value follows on the same line.
    after_key: bool,
}

impl<'o> Writer<'o> {
    /// A writer that appends to `out`.
    pub fn new(out: &'o mut String, layout: Layout<'o>, escape: Escape) -> Self {
        Self {
            out,
            layout,
            escape,
            depth: 0,
            empty: true,
            after_key: false,
        }
    }

    /// Opens an array.
    pub fn begin_array(&mut self) {
        self.begin('[');
    }

    /// Closes an array.
    pub fn end_array(&mut self) {
        self.end(']');
    }

    /// Opens an object.
    pub fn begin_object(&mut self) {
        self.begin('{');
    }

    /// Closes an object.
    pub fn end_object(&mut self) {
        self.end('}');
    }

    /// Writes a key. Bytes that are not UTF-8 become `\ufffd`.
    pub fn key(&mut self, key: &[u8]) {
        self.item();
        self.quoted(key);
        self.out.push_str(if self.layout == Layout::Compact {
            ":"
        } else {
            ": "
        });
        self.after_key = true;
    }

    /// Writes a string. Bytes that are not UTF-8 become `\ufffd`.
    pub fn string(&mut self, text: &[u8]) {
        self.item();
        self.quoted(text);
    }

    /// Writes a whole number.
    pub fn int(&mut self, number: i64) {
        self.item();
        // Writing to a `String` cannot fail.
        let _ = write!(self.out, "{number}");
    }

    /// Writes a whole number.
    pub fn uint(&mut self, number: u64) {
        self.item();
        let _ = write!(self.out, "{number}");
    }

    /// Writes a number.
    ///
    /// # Errors
    ///
    /// When it is not finite.
    pub fn float(&mut self, number: f64) -> Result<(), WriteError> {
        let text = float::json(number).ok_or(WriteError::NotFinite)?;
        self.item();
        self.out.push_str(&text);
        Ok(())
    }

    /// Writes `true` or `false`.
    pub fn bool(&mut self, value: bool) {
        self.item();
        self.out.push_str(if value { "true" } else { "false" });
    }

    /// Writes `null`.
    pub fn null(&mut self) {
        self.item();
        self.out.push_str("null");
    }

    /// Writes a value whole.
    ///
    /// # Errors
    ///
    /// When it holds what JSON cannot: a float that is not finite, a mapping with other keys than strings.
    pub fn value(&mut self, value: &Value, order: KeyOrder) -> Result<(), WriteError> {
        match value {
            Value::Null => self.null(),
            Value::Bool(value) => self.bool(*value),
            Value::Int(number) => self.int(*number),
            Value::Uint(number) => self.uint(*number),
            Value::Float(number) => self.float(*number)?,
            Value::String(text) => self.string(text.as_bytes()),
            Value::Bytes(bytes) => self.string(bytes),
            Value::Timestamp(time) => self.string(time.to_string().as_bytes()),
            Value::Array(items) => {
                self.begin_array();
                for item in items {
                    self.value(item, order)?;
                }
                self.end_array();
            }
            Value::Object(entries) => {
                self.begin_object();
                match order {
                    KeyOrder::AsGiven => {
                        for (key, value) in entries {
                            self.key(key.as_bytes());
                            self.value(value, order)?;
                        }
                    }
                    KeyOrder::Sorted => {
                        let mut sorted: Vec<_> = entries.iter().collect();
                        // The sort is stable, so the last of equal keys is the last given.
                        sorted.sort_by(|(left, _), (right, _)| left.cmp(right));
                        for (index, (key, value)) in sorted.iter().enumerate() {
                            if sorted.get(index + 1).is_none_or(|(next, _)| next != key) {
                                self.key(key.as_bytes());
                                self.value(value, order)?;
                            }
                        }
                    }
                }
                self.end_object();
            }
            Value::Mapping(_) => return Err(WriteError::KeyNotString),
        }
        Ok(())
    }

    fn begin(&mut self, bracket: char) {
        self.item();
        self.out.push(bracket);
        self.depth += 1;
        self.empty = true;
    }

    fn end(&mut self, bracket: char) {
        self.depth = self.depth.saturating_sub(1);
        if !self.empty {
            self.line();
        }
        self.out.push(bracket);
        self.empty = false;
    }

    /// What comes before a key or an item.
    fn item(&mut self) {
        if self.after_key {
            self.after_key = false;
            return;
        }
        if !self.empty {
            self.out.push(',');
        }
        self.empty = false;
        if self.depth > 0 {
            self.line();
        }
    }

    fn line(&mut self) {
        if let Layout::Indented(indent) = self.layout {
            self.out.push('\n');
            self.out.extend(std::iter::repeat_n(indent, self.depth));
        }
    }

    fn quoted(&mut self, text: &[u8]) {
        self.out.push('"');
        escape_into(self.out, text, self.escape);
        self.out.push('"');
    }
}

/// Appends the JSON text of a value.
///
/// # Errors
///
/// When the value holds what JSON cannot; `out` then has a part of the text.
pub fn write(
    out: &mut String,
    value: &Value,
    layout: Layout<'_>,
    order: KeyOrder,
    escape: Escape,
) -> Result<(), WriteError> {
    Writer::new(out, layout, escape).value(value, order)
}

/// The JSON text of a value as `json.Marshal` has it: compact, keys sorted, escaped for HTML.
///
/// # Errors
///
/// When the value holds what JSON cannot.
pub fn to_string(value: &Value) -> Result<String, WriteError> {
    let mut out = String::new();
    write(
        &mut out,
        value,
        Layout::Compact,
        KeyOrder::Sorted,
        Escape::Html,
    )?;
    Ok(out)
}

/// Appends the text of a string without its quotes. Bytes that are not UTF-8 become `\ufffd`.
pub fn escape_into(out: &mut String, text: &[u8], escape: Escape) {
    if let Ok(text) = str::from_utf8(text) {
        return escape_valid(out, text, escape);
    }
    for chunk in text.utf8_chunks() {
        escape_valid(out, chunk.valid(), escape);
        out.extend(chunk.invalid().iter().map(|_| "\\ufffd"));
    }
}

fn escape_valid(out: &mut String, text: &str, escape: Escape) {
    let bytes = text.as_bytes();
    let mask = match escape {
        Escape::Html => ALWAYS | HTML,
        Escape::Plain => ALWAYS,
    };
    let mut start = 0;
    let mut at = 0;
    while let Some(length) = bytes[at..]
        .iter()
        .position(|byte| CLASSES[usize::from(*byte)] & mask != 0)
    {
        at += length;
        let byte = bytes[at];
        if byte == SEPARATOR_LEAD {
            let (code, width) = match &bytes[at..] {
                [_, 0x80, 0xA8, ..] => ("\\u2028", 3),
                [_, 0x80, 0xA9, ..] => ("\\u2029", 3),
                _ => {
                    at += 1;
                    continue;
                }
            };
            out.push_str(&text[start..at]);
            out.push_str(code);
            at += width;
            start = at;
            continue;
        }
        out.push_str(&text[start..at]);
        match byte {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            0x08 => out.push_str("\\b"),
            0x0C => out.push_str("\\f"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            // Writing to a `String` cannot fail.
            _ => _ = write!(out, "\\u{byte:04x}"),
        }
        at += 1;
        start = at;
    }
    out.push_str(&text[start..]);
}

/// Escaped in every string.
const ALWAYS: u8 = 1;
/// Escaped for HTML.
const HTML: u8 = 2;
/// The first byte of U+2028 and U+2029.
const SEPARATOR_LEAD: u8 = 0xE2;

const CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut byte = 0;
    while byte < 0x20 {
        classes[byte] = ALWAYS;
        byte += 1;
    }
    classes[b'"' as usize] = ALWAYS;
    classes[b'\\' as usize] = ALWAYS;
    classes[SEPARATOR_LEAD as usize] = ALWAYS;
    classes[b'<' as usize] = HTML;
    classes[b'>' as usize] = HTML;
    classes[b'&' as usize] = HTML;
    classes
};
