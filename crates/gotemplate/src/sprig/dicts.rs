//! Functions on maps. Maps are shared: `set`, `unset` and `merge` change the map they are given.

use std::collections::BTreeMap;

use super::lists::stored;
use super::text::{as_text, strings};
use crate::error::Fault;
use crate::functions::{Call, map_at, shared, text_at, value_at};
use crate::limits::VALUE_DEPTH;
use crate::value::{Entry, Map, Value};

/// About what an entry of a map takes, in bytes.
const ENTRY: usize = 96;

fn made(call: &Call<'_>, entries: BTreeMap<crate::value::Text, Value>) -> Result<Value, Fault> {
    call.memory(entries.len().saturating_mul(ENTRY))?;
    Ok(Value::Map(Map::new(Entry::Any, entries)))
}

pub(super) fn dict(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let mut entries = BTreeMap::new();
    for pair in arguments.chunks(2) {
        let key = shared(as_text(call, value_at(pair, 0)?)?);
        entries.insert(key, pair.get(1).map_or_else(|| Value::text(""), stored));
    }
    made(call, entries)
}

pub(super) fn get(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    match map_at(arguments, 0)?.at(text_at(arguments, 1)?) {
        Some(value) => Ok(value),
        None => call.text(""),
    }
}

pub(super) fn set(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let (map, key, value) = (
        map_at(arguments, 0)?,
        text_at(arguments, 1)?,
        value_at(arguments, 2)?,
    );
    put(call, map, key.clone(), stored(value))?;
    Ok(Value::Map(map.clone()))
}

fn put(call: &Call<'_>, map: &Map, key: crate::value::Text, value: Value) -> Result<(), Fault> {
    call.memory(ENTRY)?;
    if map.is_nil() {
        return Err(Fault::ArgumentNil);
    }
    if matches!(value, Value::Map(_) | Value::List(_)) {
        call.steps(reach(&value)?)?;
    }
    if map.insert(key, value) {
        Ok(())
    } else {
        Err(Fault::Cycle)
    }
}

/// How many containers a value holds, up to a bound.
fn reach(value: &Value) -> Result<usize, Fault> {
    const MOST: usize = 1_000_000;
    let mut pending = vec![value.clone()];
    let mut seen = std::collections::HashSet::new();
    let mut count = 0;
    while let Some(next) = pending.pop() {
        let (address, inner) = match next {
            Value::Map(map) => (
                map.address(),
                map.entries()
                    .into_iter()
                    .map(|(_, value)| value)
                    .collect::<Vec<_>>(),
            ),
            Value::List(list) => (list.address(), list.items()),
            _ => continue,
        };
        count += 1 + inner.len();
        if count > MOST {
            return Err(Fault::StepLimit);
        }
        if seen.insert(address) {
            pending.extend(inner);
        }
    }
    Ok(count)
}

pub(super) fn unset(_: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let map = map_at(arguments, 0)?;
    map.remove(text_at(arguments, 1)?);
    Ok(Value::Map(map.clone()))
}

pub(super) fn has_key(_: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    Ok(Value::Bool(
        map_at(arguments, 0)?.at(text_at(arguments, 1)?).is_some(),
    ))
}

pub(super) fn pluck(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let key = text_at(arguments, 0)?;
    let mut found = Vec::new();
    for index in 1..arguments.len() {
        call.memory(32)?;
        found.extend(map_at(arguments, index)?.at(key));
    }
    Ok(Value::list(found))
}

/// Go gives the keys in no order; here they are sorted, one map after the other.
pub(super) fn keys(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let mut keys = Vec::new();
    for index in 0..arguments.len() {
        let map = map_at(arguments, index)?;
        call.memory(map.len().saturating_mul(32))?;
        keys.extend(map.entries().into_iter().map(|(key, _)| key));
    }
    strings(call, keys).map(Value::List)
}

/// Go gives the values in no order; here they are in the order of their keys.
pub(super) fn values(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let map = map_at(arguments, 0)?;
    call.memory(map.len().saturating_mul(32))?;
    Ok(Value::list(
        map.entries().into_iter().map(|(_, value)| value),
    ))
}

pub(super) fn pick(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let map = map_at(arguments, 0)?;
    let mut entries = BTreeMap::new();
    for index in 1..arguments.len() {
        let key = text_at(arguments, index)?;
        if let Some(value) = map.at(key) {
            entries.insert(key.clone(), value);
        }
    }
    made(call, entries)
}

pub(super) fn omit(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let map = map_at(arguments, 0)?;
    call.memory(map.len().saturating_mul(ENTRY))?;
    let mut entries: BTreeMap<_, _> = map.entries().into_iter().collect();
    for index in 1..arguments.len() {
        entries.remove(text_at(arguments, index)?);
    }
    made(call, entries)
}

pub(super) fn dig(_: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let [keys @ .., default, dict] = arguments else {
        return Err(Fault::ArgumentCount);
    };
    if keys.is_empty() {
        return Err(Fault::ArgumentCount);
    }
    for index in 0..keys.len() {
        text_at(keys, index)?;
    }
    let mut value = dict.clone();
    for index in 0..keys.len() {
        let Value::Map(map) = &value else {
            return Err(Fault::ArgumentType);
        };
        if map.entry() != Entry::Any {
            return Err(Fault::ArgumentType);
        }
        match map.at(text_at(keys, index)?) {
            Some(next) => value = next,
            None => return Ok(default.clone()),
        }
    }
    Ok(value)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Overwrite {
    Never,
    Always,
}

pub(super) fn merge(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    merge_all(call, arguments, Overwrite::Never)
}

pub(super) fn merge_overwrite(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    merge_all(call, arguments, Overwrite::Always)
}

fn merge_all(call: &Call<'_>, arguments: &[Value], overwrite: Overwrite) -> Result<Value, Fault> {
    let mut target = map_at(arguments, 0)?.clone();
    for index in 1..arguments.len() {
        let source = map_at(arguments, index)?;
        if target.is_nil() && !source.is_nil() {
            target = Map::new(Entry::Any, BTreeMap::new());
        }
        merge_into(call, &target, source, overwrite, 0)?;
    }
    Ok(Value::Map(target))
}

/// What `mergo` does to maps: a key that is missing or empty is set, maps are merged, and everything else is kept, or
/// with `Overwrite::Always` replaced.
fn merge_into(
    call: &Call<'_>,
    target: &Map,
    source: &Map,
    overwrite: Overwrite,
    depth: usize,
) -> Result<(), Fault> {
    if depth > VALUE_DEPTH {
        return Err(Fault::DepthLimit);
    }
    if target.address().is_some() && target.address() == source.address() {
        return Ok(());
    }
    for (key, value) in source.entries() {
        call.memory(ENTRY)?;
        let old = target.at(&key);
        if value.is_nil() {
            if overwrite == Overwrite::Always {
                put(call, target, key, value)?;
            }
            continue;
        }
        if let (Some(Value::Map(old)), Value::Map(new)) = (&old, &value) {
            if old.entry() != new.entry() {
                return Err(Fault::ArgumentType);
            }
            merge_into(call, old, new, overwrite, depth + 1)?;
            if !old.is_empty() {
                continue;
            }
        }
        if overwrite == Overwrite::Always || !old.is_some_and(|old| is_filled(&old)) {
            put(call, target, key, value)?;
        }
    }
    Ok(())
}

/// Not what `mergo` calls an empty value.
fn is_filled(value: &Value) -> bool {
    value.is_true()
}
