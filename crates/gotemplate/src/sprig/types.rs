//! Defaults, choices, types, comparison and versions.

use std::rc::Rc;

use super::lists::stored;
use crate::error::Fault;
use crate::format::{kind_name, type_name};
use crate::functions::{Call, text_at, value_at};
use crate::limits::VALUE_DEPTH;
use crate::semver::{self, Version};
use crate::value::{List, Map, Value};

pub(super) fn default(_: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    match arguments {
        [_, given, ..] if given.is_true() => Ok(given.clone()),
        _ => value_at(arguments, 0).cloned(),
    }
}

pub(super) fn empty(_: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    Ok(Value::Bool(!value_at(arguments, 0)?.is_true()))
}

pub(super) fn coalesce(_: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    Ok(arguments
        .iter()
        .find(|value| value.is_true())
        .cloned()
        .unwrap_or(Value::Nil))
}

pub(super) fn all(_: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    Ok(Value::Bool(arguments.iter().all(Value::is_true)))
}

pub(super) fn any(_: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    Ok(Value::Bool(arguments.iter().any(Value::is_true)))
}

pub(super) fn ternary(_: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let chosen = match value_at(arguments, 2)? {
        Value::Bool(true) => 0,
        Value::Bool(false) => 1,
        _ => return Err(Fault::ArgumentType),
    };
    value_at(arguments, chosen).cloned()
}

pub(super) fn type_of(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    call.text(type_name(value_at(arguments, 0)?))
}

pub(super) fn type_is(_: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    Ok(Value::Bool(
        **text_at(arguments, 0)? == *type_name(value_at(arguments, 1)?).as_bytes(),
    ))
}

pub(super) fn type_is_like(_: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let (wanted, name) = (
        text_at(arguments, 0)?,
        type_name(value_at(arguments, 1)?).as_bytes(),
    );
    Ok(Value::Bool(
        **wanted == *name || name.strip_prefix(b"*") == Some(&**wanted),
    ))
}

pub(super) fn kind_of(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    call.text(kind_name(value_at(arguments, 0)?))
}

pub(super) fn kind_is(_: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    Ok(Value::Bool(
        **text_at(arguments, 0)? == *kind_name(value_at(arguments, 1)?).as_bytes(),
    ))
}

pub(super) fn deep_equal(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    equal(call, value_at(arguments, 0)?, value_at(arguments, 1)?, 0).map(Value::Bool)
}

/// `reflect.DeepEqual`: the types count too, and a nil slice is not an empty one.
pub(super) fn equal(
    call: &Call<'_>,
    left: &Value,
    right: &Value,
    depth: usize,
) -> Result<bool, Fault> {
    if depth > VALUE_DEPTH {
        return Err(Fault::DepthLimit);
    }
    call.steps(1)?;
    Ok(match (left, right) {
        (Value::Missing | Value::Nil, Value::Missing | Value::Nil) => true,
        (Value::Bool(left), Value::Bool(right)) => left == right,
        (Value::Int(left), Value::Int(right)) | (Value::Int64(left), Value::Int64(right)) => {
            left == right
        }
        (Value::Uint64(left), Value::Uint64(right)) => left == right,
        (Value::Byte(left), Value::Byte(right)) => left == right,
        (Value::Float(left), Value::Float(right)) => left == right,
        (Value::Str(left), Value::Str(right)) => {
            call.steps(left.len().min(right.len()) / 64)?;
            left == right
        }
        (Value::List(left), Value::List(right)) => {
            if left.element() != right.element()
                || left.len() != right.len()
                || left.is_nil() != right.is_nil()
            {
                return Ok(false);
            }
            let same = left.address() == right.address();
            for (left, right) in left.items().iter().zip(right.items()).filter(|_| !same) {
                if !equal(call, left, &right, depth + 1)? {
                    return Ok(false);
                }
            }
            true
        }
        (Value::Map(left), Value::Map(right)) => {
            if left.entry() != right.entry()
                || left.len() != right.len()
                || left.is_nil() != right.is_nil()
            {
                return Ok(false);
            }
            if left.address() == right.address() {
                return Ok(true);
            }
            for (key, value) in left.entries() {
                match right.at(&key) {
                    Some(other) if equal(call, &value, &other, depth + 1)? => {}
                    _ => return Ok(false),
                }
            }
            true
        }
        (Value::Time(left), Value::Time(right)) => left == right,
        (Value::Version(left), Value::Version(right)) => left.original == right.original,
        _ => false,
    })
}

pub(super) fn deep_copy(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    match value_at(arguments, 0)? {
        Value::Missing | Value::Nil => Err(Fault::ArgumentNil),
        value => copy(call, value, 0),
    }
}

fn copy(call: &Call<'_>, value: &Value, depth: usize) -> Result<Value, Fault> {
    if depth > VALUE_DEPTH {
        return Err(Fault::DepthLimit);
    }
    call.memory(32)?;
    Ok(match value {
        Value::List(list) if !list.is_nil() => {
            let items: Result<Vec<Value>, Fault> = list
                .items()
                .iter()
                .map(|item| copy(call, item, depth + 1))
                .collect();
            Value::List(List::new(list.element(), items?))
        }
        Value::Map(map) if !map.is_nil() => {
            let mut entries = std::collections::BTreeMap::new();
            for (key, value) in map.entries() {
                call.memory(96)?;
                entries.insert(key, copy(call, &value, depth + 1)?);
            }
            Value::Map(Map::new(map.entry(), entries))
        }
        // The copy of a version has none of its private fields: sprig gives version 0.0.0.
        Value::Version(_) => Value::Version(Rc::new(Version::default())),
        other => stored(other),
    })
}

fn version_at(arguments: &[Value], index: usize) -> Result<Version, Fault> {
    str::from_utf8(text_at(arguments, index)?)
        .ok()
        .and_then(Version::parse)
        .ok_or(Fault::Version)
}

pub(super) fn semver(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    call.memory(text_at(arguments, 0)?.len().saturating_mul(4) + 128)?;
    version_at(arguments, 0).map(|version| Value::Version(Rc::new(version)))
}

pub(super) fn semver_compare(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let constraint = text_at(arguments, 0)?;
    call.steps(constraint.len().saturating_mul(4) + 200)?;
    call.memory(text_at(arguments, 1)?.len().saturating_mul(4) + 128)?;
    let constraint = str::from_utf8(constraint).map_err(|_| Fault::Version)?;
    let version = version_at(arguments, 1)?;
    semver::check(constraint, &version)
        .map(Value::Bool)
        .ok_or(Fault::Version)
}
