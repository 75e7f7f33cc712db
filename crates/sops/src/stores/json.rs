//! JSON (sops: `stores/json/store.go`).
//!
//! Keys keep their order. A number is an `int` where it fits 64 bits with sign and a `float` otherwise. Comments are left
//! out on writing. Unlike in sops, a key that stands twice in an object, an object that ends with the file, and text
//! behind the object are errors.

use std::collections::HashSet;

use goyaml::json::{self, Escape, Layout, ParseError, WriteError, Writer};
use secret::SecretBytes;

use crate::document::{Entry, Leaf, Map, Origin, Scalar, Value};
use crate::parse_error::ShapeError;

/// How far JSON is indented.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum JsonIndent {
    /// One tab a level, sops' default.
    #[default]
    Tab,
    /// So many blanks a level.
    Spaces(u8),
}

/// Why a text is not the JSON that sops reads.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JsonError {
    /// It is not JSON.
    #[error(transparent)]
    Syntax(#[from] ParseError),
    /// It is JSON, but not what a sops file can be.
    #[error(transparent)]
    Shape(#[from] ShapeError),
}

impl JsonError {
    /// A stable name of the cause.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Syntax(error) => error.reason(),
            Self::Shape(error) => error.reason(),
        }
    }
}

pub(crate) fn parse(bytes: &[u8]) -> Result<Map, JsonError> {
    let (value, lines) = json::parse_with_lines(bytes)?;
    match value {
        goyaml::Value::Object(entries) => Ok(map(entries, &mut lines.into_iter())?),
        _ => Err(ShapeError::NotAMapping.into()),
    }
}

/// The lines of the scalars that follow, in document order.
type Lines = std::vec::IntoIter<u32>;

fn map(entries: Vec<(String, goyaml::Value)>, lines: &mut Lines) -> Result<Map, ShapeError> {
    let mut keys = HashSet::with_capacity(entries.len());
    if let Some((key, _)) = entries.iter().find(|(key, _)| !keys.insert(key.as_str())) {
        return Err(ShapeError::duplicate(key.as_bytes(), None));
    }
    drop(keys);
    let mut map = Map {
        entries: Vec::with_capacity(entries.len()),
    };
    for (key, item) in entries {
        let item = value(item, lines).map_err(|error| error.below_key(key.as_bytes()))?;
        map.push_pair(key, item);
    }
    Ok(map)
}

fn value(item: goyaml::Value, lines: &mut Lines) -> Result<Value, ShapeError> {
    use goyaml::Value as Json;
    let scalar = match item {
        Json::Array(items) => {
            let items = items.into_iter().enumerate();
            let items = items
                .map(|(index, item)| value(item, lines).map_err(|error| error.below_index(index)));
            return items.collect::<Result<_, _>>().map(Value::List);
        }
        Json::Object(entries) => return map(entries, lines).map(Value::Map),
        Json::Null => Scalar::Null,
        Json::Bool(flag) => Scalar::Bool(flag),
        Json::Int(number) => Scalar::Int(number),
        // Beyond 64 bits with sign, numbers are floats to sops.
        #[allow(clippy::cast_precision_loss)]
        Json::Uint(number) => Scalar::Float(number as f64),
        Json::Float(number) => Scalar::Float(number),
        Json::String(text) => Scalar::Text(SecretBytes::new(text.into_bytes())),
        // YAML alone has these.
        Json::Bytes(_) | Json::Timestamp(_) | Json::Mapping(_) => Scalar::Null,
    };
    Ok(Value::Leaf(Leaf {
        scalar,
        line: lines.next().unwrap_or_default(),
        origin: Origin::Clear,
    }))
}

/// An object and a newline.
pub(crate) fn emit(map: &Map, indent: JsonIndent) -> Result<String, WriteError> {
    let mut out = laid_out(indent, |writer| write_map(writer, map))?;
    out.push('\n');
    Ok(out)
}

/// Any value, without a newline behind it.
pub(crate) fn emit_value(value: &Value, indent: JsonIndent) -> Result<String, WriteError> {
    laid_out(indent, |writer| write_value(writer, value))
}

/// Any value as `json.Marshal` writes it.
pub(crate) fn emit_compact(value: &Value) -> Result<String, WriteError> {
    let mut out = String::new();
    write_value(
        &mut Writer::new(&mut out, Layout::Compact, Escape::Html),
        value,
    )?;
    Ok(out)
}

fn laid_out(
    indent: JsonIndent,
    write: impl FnOnce(&mut Writer<'_>) -> Result<(), WriteError>,
) -> Result<String, WriteError> {
    let level = match indent {
        JsonIndent::Tab => "\t".to_owned(),
        JsonIndent::Spaces(width) => " ".repeat(usize::from(width)),
    };
    let mut out = String::new();
    write(&mut Writer::new(
        &mut out,
        Layout::Indented(&level),
        Escape::Html,
    ))?;
    Ok(out)
}

fn write_map(writer: &mut Writer<'_>, map: &Map) -> Result<(), WriteError> {
    writer.begin_object();
    for entry in &map.entries {
        if let Entry::Pair(pair) = entry {
            writer.key(&pair.key);
            write_value(writer, &pair.value)?;
        }
    }
    writer.end_object();
    Ok(())
}

fn write_value(writer: &mut Writer<'_>, value: &Value) -> Result<(), WriteError> {
    let leaf = match value {
        Value::Comment(_) => return Ok(()),
        Value::Map(map) => return write_map(writer, map),
        Value::List(items) => {
            writer.begin_array();
            for item in items {
                write_value(writer, item)?;
            }
            writer.end_array();
            return Ok(());
        }
        Value::Leaf(leaf) => leaf,
    };
    match &leaf.scalar {
        Scalar::Null => writer.null(),
        Scalar::Bool(flag) => writer.bool(*flag),
        Scalar::Int(number) => writer.int(*number),
        Scalar::Float(number) => writer.float(*number)?,
        Scalar::Text(text) => writer.string(text.expose()),
        Scalar::Time(time) => writer.string(time.to_string().as_bytes()),
    }
    Ok(())
}
