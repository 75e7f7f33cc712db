//! The functions that Go's `text/template` itself brings.

use std::cmp::Ordering;

use crate::error::Fault;
use crate::format;
use crate::format::quote::{Unit, is_print, units};
use crate::functions::Parameter::{Any, Str};
use crate::functions::{Call, Definition, find_in, text_at, value_at};
use crate::value::{Entry, Value};

static TABLE: &[Definition] = &[
    Definition::new("and", &[Any], Some(Any), unreachable_lazily),
    Definition::new("call", &[Any], Some(Any), call),
    Definition::new("eq", &[Any], Some(Any), |_, arguments| {
        equal(arguments).map(Value::Bool)
    }),
    Definition::new("ge", &[Any, Any], None, |_, arguments| {
        Ok(Value::Bool(!less(arguments)?))
    }),
    Definition::new("gt", &[Any, Any], None, |_, arguments| {
        Ok(Value::Bool(!less_or_equal(arguments)?))
    }),
    Definition::new("html", &[], Some(Any), html),
    Definition::new("index", &[Any], Some(Any), index),
    Definition::new("js", &[], Some(Any), javascript),
    Definition::new("le", &[Any, Any], None, |_, arguments| {
        less_or_equal(arguments).map(Value::Bool)
    }),
    Definition::new("len", &[Any], None, length),
    Definition::new("lt", &[Any, Any], None, |_, arguments| {
        less(arguments).map(Value::Bool)
    }),
    Definition::new("ne", &[Any, Any], None, |_, arguments| {
        Ok(Value::Bool(!equal(arguments)?))
    }),
    Definition::new("not", &[Any], None, |_, arguments| {
        Ok(Value::Bool(!value_at(arguments, 0)?.is_true()))
    }),
    Definition::new("or", &[Any], Some(Any), unreachable_lazily),
    Definition::new("print", &[], Some(Any), |call, arguments| {
        call.text(format::sprint(call, arguments)?)
    }),
    Definition::new("printf", &[Str], Some(Any), |call, arguments| {
        call.text(format::sprintf(
            call,
            text_at(arguments, 0)?,
            &arguments[1..],
        )?)
    }),
    Definition::new("println", &[], Some(Any), |call, arguments| {
        call.text(format::sprintln(call, arguments)?)
    }),
    Definition::new("slice", &[Any], Some(Any), slice),
    Definition::new("urlquery", &[], Some(Any), url_query),
];

pub(crate) fn find(name: &str) -> Option<&'static Definition> {
    find_in(TABLE, name)
}

/// `and` and `or` never get here: their operands are evaluated one by one.
fn unreachable_lazily(_: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    value_at(arguments, 0).cloned()
}

/// No value that a template can reach is a function.
fn call(_: &Call<'_>, _: &[Value]) -> Result<Value, Fault> {
    Err(Fault::NotAFunction)
}

/// The kinds that can be compared with each other.
enum Basic<'a> {
    Bool(bool),
    Int(i64),
    Uint(u64),
    Float(f64),
    Text(&'a [u8]),
    Other,
}

fn basic(value: &Value) -> Basic<'_> {
    match value {
        Value::Bool(truth) => Basic::Bool(*truth),
        Value::Int(number) | Value::Int64(number) => Basic::Int(*number),
        Value::Uint64(number) => Basic::Uint(*number),
        Value::Byte(number) => Basic::Uint(u64::from(*number)),
        Value::Float(number) => Basic::Float(*number),
        Value::Str(text) => Basic::Text(text),
        Value::Missing
        | Value::Nil
        | Value::List(_)
        | Value::Map(_)
        | Value::Time(_)
        | Value::Version(_) => Basic::Other,
    }
}

fn equal(arguments: &[Value]) -> Result<bool, Fault> {
    let (first, others) = arguments.split_first().ok_or(Fault::ArgumentCount)?;
    if others.is_empty() {
        return Err(Fault::ArgumentCount);
    }
    for other in others {
        if equal_pair(first, other)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn equal_pair(left: &Value, right: &Value) -> Result<bool, Fault> {
    match (basic(left), basic(right)) {
        (Basic::Bool(left), Basic::Bool(right)) => Ok(left == right),
        (Basic::Int(left), Basic::Int(right)) => Ok(left == right),
        (Basic::Uint(left), Basic::Uint(right)) => Ok(left == right),
        (Basic::Float(left), Basic::Float(right)) => Ok(left == right),
        (Basic::Text(left), Basic::Text(right)) => Ok(left == right),
        (Basic::Int(int), Basic::Uint(uint)) | (Basic::Uint(uint), Basic::Int(int)) => {
            Ok(u64::try_from(int) == Ok(uint))
        }
        (Basic::Other, Basic::Other) => equal_others(left, right),
        // A nil equals nothing but nil, and may be compared with anything.
        _ if left.is_nil() || right.is_nil() => Ok(false),
        _ => Err(Fault::Comparison),
    }
}

fn equal_others(left: &Value, right: &Value) -> Result<bool, Fault> {
    let absent = |value: &Value| match value {
        Value::Missing | Value::Nil => true,
        Value::List(list) => list.is_nil(),
        Value::Map(map) => map.is_nil(),
        _ => false,
    };
    let comparable =
        left.is_nil() || right.is_nil() || format::kind_name(left) == format::kind_name(right);
    match (left, right) {
        _ if !comparable => Err(Fault::Comparison),
        _ if absent(left) || absent(right) => Ok(absent(left) == absent(right)),
        (Value::Time(left), Value::Time(right)) => Ok(left == right),
        (Value::Version(left), Value::Version(right)) => Ok(std::rc::Rc::ptr_eq(left, right)),
        _ => Err(Fault::Comparison),
    }
}

fn compare(arguments: &[Value]) -> Result<Option<Ordering>, Fault> {
    match (
        basic(value_at(arguments, 0)?),
        basic(value_at(arguments, 1)?),
    ) {
        (Basic::Int(left), Basic::Int(right)) => Ok(Some(left.cmp(&right))),
        (Basic::Uint(left), Basic::Uint(right)) => Ok(Some(left.cmp(&right))),
        (Basic::Float(left), Basic::Float(right)) => Ok(left.partial_cmp(&right)),
        (Basic::Text(left), Basic::Text(right)) => Ok(Some(left.cmp(right))),
        (Basic::Int(left), Basic::Uint(right)) => Ok(Some(
            u64::try_from(left).map_or(Ordering::Less, |left| left.cmp(&right)),
        )),
        (Basic::Uint(left), Basic::Int(right)) => Ok(Some(
            u64::try_from(right).map_or(Ordering::Greater, |right| left.cmp(&right)),
        )),
        _ => Err(Fault::Comparison),
    }
}

fn less(arguments: &[Value]) -> Result<bool, Fault> {
    Ok(compare(arguments)? == Some(Ordering::Less))
}

fn less_or_equal(arguments: &[Value]) -> Result<bool, Fault> {
    Ok(matches!(
        compare(arguments)?,
        Some(Ordering::Less | Ordering::Equal)
    ))
}

fn position(index: &Value, capacity: usize) -> Result<usize, Fault> {
    let index = match index {
        Value::Int(index) | Value::Int64(index) => usize::try_from(*index).ok(),
        Value::Uint64(index) => usize::try_from(*index).ok(),
        Value::Byte(index) => Some(usize::from(*index)),
        Value::Missing | Value::Nil => return Err(Fault::ArgumentNil),
        _ => return Err(Fault::ArgumentType),
    };
    index.filter(|index| *index <= capacity).ok_or(Fault::Index)
}

fn index(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let (first, indexes) = arguments.split_first().ok_or(Fault::ArgumentCount)?;
    if first.is_nil() {
        return Err(Fault::ArgumentNil);
    }
    let mut item = first.clone();
    for index in indexes {
        call.steps(1)?;
        item = match &item {
            Value::Str(text) => text
                .get(position(index, text.len())?)
                .copied()
                .map(Value::Byte)
                .ok_or(Fault::Index)?,
            Value::List(list) => list.at(position(index, list.len())?).ok_or(Fault::Index)?,
            Value::Map(map) => match index {
                Value::Str(key) => map.at(key).unwrap_or_else(|| match map.entry() {
                    Entry::Any => Value::Nil,
                    Entry::Str => Value::text(""),
                }),
                Value::Missing | Value::Nil => return Err(Fault::ArgumentNil),
                _ => return Err(Fault::ArgumentType),
            },
            Value::Missing | Value::Nil => return Err(Fault::ArgumentNil),
            _ => return Err(Fault::ArgumentType),
        };
    }
    Ok(item)
}

/// Sprig replaces this function; it is here for callers that add functions of the same name or have no sprig.
fn slice(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let (item, indexes) = arguments.split_first().ok_or(Fault::ArgumentCount)?;
    let (length, capacity, most) = match item {
        Value::Str(text) => (text.len(), text.len(), 2),
        Value::List(list) => (list.len(), list.capacity(), 3),
        _ => return Err(Fault::ArgumentType),
    };
    if indexes.len() > most {
        return Err(Fault::ArgumentCount);
    }
    let mut bounds = [0, length, capacity];
    for (bound, index) in bounds.iter_mut().zip(indexes) {
        *bound = position(index, capacity)?;
    }
    let [from, to, limit] = bounds;
    if from > to || to > limit {
        return Err(Fault::Index);
    }
    match item {
        Value::Str(text) => call.text(&text[from..to]),
        Value::List(list) => list.window(from, to).map(Value::List).ok_or(Fault::Index),
        _ => Err(Fault::ArgumentType),
    }
}

fn length(_: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let length = match value_at(arguments, 0)? {
        Value::Str(text) => text.len(),
        Value::List(list) => list.len(),
        Value::Map(map) => map.len(),
        Value::Missing | Value::Nil => return Err(Fault::ArgumentNil),
        _ => return Err(Fault::ArgumentType),
    };
    Ok(Value::Int(length as i64))
}

/// What the escaping functions escape: the one string, or all operands as `print` prints them.
fn operands(call: &Call<'_>, arguments: &[Value]) -> Result<Vec<u8>, Fault> {
    if let [Value::Str(text)] = arguments {
        call.memory(text.len())?;
        return Ok(text.to_vec());
    }
    let shown: Vec<Value> = arguments
        .iter()
        .map(|value| {
            if value.is_nil() {
                Value::text("<no value>")
            } else {
                value.clone()
            }
        })
        .collect();
    format::sprint(call, &shown)
}

fn html(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let text = operands(call, arguments)?;
    call.memory(text.len().saturating_mul(5))?;
    let mut escaped = Vec::with_capacity(text.len());
    for byte in text {
        match byte {
            0 => escaped.extend_from_slice("\u{fffd}".as_bytes()),
            b'"' => escaped.extend_from_slice(b"&#34;"),
            b'\'' => escaped.extend_from_slice(b"&#39;"),
            b'&' => escaped.extend_from_slice(b"&amp;"),
            b'<' => escaped.extend_from_slice(b"&lt;"),
            b'>' => escaped.extend_from_slice(b"&gt;"),
            byte => escaped.push(byte),
        }
    }
    call.text(escaped)
}

fn javascript(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let text = operands(call, arguments)?;
    call.memory(text.len().saturating_mul(6))?;
    let mut escaped = Vec::with_capacity(text.len());
    for unit in units(&text) {
        match unit {
            Unit::Character(character @ ('\\' | '\'' | '"')) => {
                escaped.extend_from_slice(&[b'\\', character as u8])
            }
            Unit::Character(character @ ('<' | '>' | '&' | '=' | '\0'..=' '))
                if character != ' ' =>
            {
                escaped.extend_from_slice(format!("\\u{:04X}", u32::from(character)).as_bytes());
            }
            Unit::Character(character) if character.is_ascii() || is_print(character) => {
                escaped.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            }
            Unit::Character(character) => {
                escaped.extend_from_slice(format!("\\u{:04X}", u32::from(character)).as_bytes())
            }
            // The replacement character prints, so Go keeps the byte.
            Unit::Byte(byte) => escaped.push(byte),
        }
    }
    call.text(escaped)
}

fn url_query(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let text = operands(call, arguments)?;
    call.memory(text.len().saturating_mul(3))?;
    let mut escaped = Vec::with_capacity(text.len());
    for byte in text {
        match byte {
            b' ' => escaped.push(b'+'),
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                escaped.push(byte)
            }
            byte => escaped.extend_from_slice(format!("%{byte:02X}").as_bytes()),
        }
    }
    call.text(escaped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_for_the_search() {
        assert!(TABLE.is_sorted_by_key(|definition| definition.name));
    }
}
