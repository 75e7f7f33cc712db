//! Functions on lists.

use super::cast::to_int64;
use super::text::{as_text, strings};
use super::types::equal;
use crate::error::Fault;
use crate::functions::{Call, int_at, text_at, value_at};
use crate::value::{Element, List, Value};

/// The list argument; anything else makes sprig panic.
fn list_at(arguments: &[Value], index: usize) -> Result<&List, Fault> {
    match value_at(arguments, index)? {
        Value::List(list) => Ok(list),
        Value::Missing | Value::Nil => Err(Fault::ArgumentNil),
        _ => Err(Fault::ArgumentType),
    }
}

fn items(call: &Call<'_>, list: &List) -> Result<Vec<Value>, Fault> {
    call.memory(list.len().saturating_mul(32))?;
    Ok(list.items())
}

fn made(items: Vec<Value>) -> Result<Value, Fault> {
    Ok(Value::List(List::new(Element::Any, items)))
}

pub(super) fn list(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    call.memory(arguments.len() * 32)?;
    made(arguments.iter().map(stored).collect())
}

/// A value as it is inside of a list or map, where nothing is a nil.
pub(super) fn stored(value: &Value) -> Value {
    if value.is_nil() {
        Value::Nil
    } else {
        value.clone()
    }
}

pub(super) fn push(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let mut items = items(call, list_at(arguments, 0)?)?;
    items.push(stored(value_at(arguments, 1)?));
    made(items)
}

pub(super) fn prepend(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let mut items = items(call, list_at(arguments, 0)?)?;
    items.insert(0, stored(value_at(arguments, 1)?));
    made(items)
}

pub(super) fn concat(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let mut all = Vec::new();
    for index in 0..arguments.len() {
        all.append(&mut items(call, list_at(arguments, index)?)?);
    }
    if all.is_empty() {
        Ok(Value::List(List::nil(Element::Any)))
    } else {
        made(all)
    }
}

pub(super) fn first(_: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    Ok(list_at(arguments, 0)?.at(0).unwrap_or(Value::Nil))
}

pub(super) fn last(_: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let list = list_at(arguments, 0)?;
    Ok(list
        .len()
        .checked_sub(1)
        .and_then(|index| list.at(index))
        .unwrap_or(Value::Nil))
}

pub(super) fn rest(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let mut items = items(call, list_at(arguments, 0)?)?;
    if items.is_empty() {
        return Ok(Value::List(List::nil(Element::Any)));
    }
    items.remove(0);
    made(items)
}

pub(super) fn initial(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let mut items = items(call, list_at(arguments, 0)?)?;
    if items.pop().is_none() {
        return Ok(Value::List(List::nil(Element::Any)));
    }
    made(items)
}

pub(super) fn reverse(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let mut items = items(call, list_at(arguments, 0)?)?;
    items.reverse();
    made(items)
}

pub(super) fn compact(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let mut items = items(call, list_at(arguments, 0)?)?;
    items.retain(Value::is_true);
    made(items)
}

pub(super) fn uniq(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let mut kept: Vec<Value> = Vec::new();
    for item in items(call, list_at(arguments, 0)?)? {
        if !is_in(call, &kept, &item)? {
            kept.push(item);
        }
    }
    made(kept)
}

pub(super) fn without(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let mut kept = Vec::new();
    for item in items(call, list_at(arguments, 0)?)? {
        if !is_in(call, &arguments[1..], &item)? {
            kept.push(item);
        }
    }
    made(kept)
}

pub(super) fn has(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    if value_at(arguments, 1)?.is_nil() {
        return Ok(Value::Bool(false));
    }
    let items = items(call, list_at(arguments, 1)?)?;
    is_in(call, &items, value_at(arguments, 0)?).map(Value::Bool)
}

fn is_in(call: &Call<'_>, items: &[Value], wanted: &Value) -> Result<bool, Fault> {
    for item in items {
        if equal(call, wanted, item, 0)? {
            return Ok(true);
        }
    }
    Ok(false)
}

pub(super) fn slice(_: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let list = list_at(arguments, 0)?;
    if list.is_empty() {
        return Ok(Value::Nil);
    }
    let bound = |index: usize, default: usize| match arguments.get(index) {
        Some(value) => usize::try_from(to_int64(value)).map_err(|_| Fault::Index),
        None => Ok(default),
    };
    list.window(bound(1, 0)?, bound(2, list.len())?)
        .map(Value::List)
        .ok_or(Fault::Index)
}

pub(super) fn chunk(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let (size, list) = (int_at(arguments, 0)?, list_at(arguments, 1)?);
    let items = items(call, list)?;
    let chunks = if size > 0 {
        call.memory(items.len() / size as usize * 96)?;
        items
            .chunks(size as usize)
            .map(|chunk| Value::list(chunk.to_vec()))
            .collect()
    } else {
        // sprig divides floats and does not look at the sign: some negative sizes give nothing, or one chunk.
        let length = items.len() as i64;
        let count = if size == 0 {
            None
        } else {
            Some((length - 1).wrapping_neg().div_euclid(size.wrapping_neg()) + 1)
        };
        match (count, length.checked_rem(size)) {
            (Some(0), _) => Vec::new(),
            (Some(1), Some(rest @ 1..)) => vec![Value::list(items[..rest as usize].to_vec())],
            _ => return Err(Fault::ArgumentValue),
        }
    };
    Ok(Value::List(List::new(Element::List, chunks)))
}

/// sprig's `strslice`: texts of all elements that are not nil, or of a value that is no list.
fn texts(call: &Call<'_>, value: &Value) -> Result<List, Fault> {
    match value {
        Value::List(list) if list.element() == Element::Str => Ok(list.clone()),
        Value::List(list) => {
            let texts: Result<Vec<Vec<u8>>, Fault> = items(call, list)?
                .iter()
                .filter(|item| !item.is_nil())
                .map(|item| as_text(call, item))
                .collect();
            strings(call, texts?)
        }
        Value::Missing | Value::Nil => Ok(List::new(Element::Str, Vec::new())),
        other => strings(call, [as_text(call, other)?]),
    }
}

pub(super) fn to_strings(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    texts(call, value_at(arguments, 0)?).map(Value::List)
}

pub(super) fn join(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let separator = text_at(arguments, 0)?;
    let mut out = Vec::new();
    for (index, item) in texts(call, value_at(arguments, 1)?)?
        .items()
        .iter()
        .enumerate()
    {
        if let Value::Str(text) = item {
            call.memory(separator.len() + text.len())?;
            if index > 0 {
                out.extend_from_slice(separator);
            }
            out.extend_from_slice(text);
        }
    }
    call.text(out)
}

/// A list of strings is sorted itself, not a copy.
pub(super) fn sort_alpha(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let value = value_at(arguments, 0)?;
    let list = match value {
        Value::List(_) => texts(call, value)?,
        other => return strings(call, [as_text(call, other)?]).map(Value::List),
    };
    call.steps(
        list.len()
            .saturating_mul(2 + list.len().max(1).ilog2() as usize),
    )?;
    list.sort_in_place();
    Ok(Value::List(list))
}
