//! Functions on strings.

use memchr::memmem;

use super::unicode::is_space;
use crate::error::Fault;
use crate::format::quote::{Unit, append_quoted, units};
use crate::functions::{Call, int_at, shared, text_at, value_at};
use crate::value::{Element, Entry, List, Map, Value};

/// sprig's `strval`: strings as they are, everything else as `print` prints it.
pub(super) fn as_text(call: &Call<'_>, value: &Value) -> Result<Vec<u8>, Fault> {
    match value {
        Value::Str(text) => {
            call.memory(text.len())?;
            Ok(text.to_vec())
        }
        other => call.display(other),
    }
}

pub(super) fn to_string(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    match value_at(arguments, 0)? {
        Value::Str(text) => Ok(Value::Str(text.clone())),
        other => call.text(as_text(call, other)?),
    }
}

pub(super) fn trim(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    call.text(trim_space(text_at(arguments, 0)?))
}

/// `strings.TrimSpace`; bytes that are not UTF-8 are no space.
fn trim_space(text: &[u8]) -> &[u8] {
    let length = |unit: Unit| match unit {
        Unit::Character(character) if is_space(character) => Some(character.len_utf8()),
        _ => None,
    };
    let front: usize = units(text).map_while(length).sum();
    let text = &text[front..];
    let mut end = text.len();
    while end > 0 {
        let start = (end.saturating_sub(3)..end)
            .rev()
            .find(|at| text[*at] & 0xc0 != 0x80)
            .unwrap_or(end - 1);
        match str::from_utf8(&text[start..end])
            .ok()
            .and_then(|last| last.chars().next())
        {
            Some(character) if is_space(character) => end = start,
            _ => break,
        }
    }
    &text[..end]
}

pub(super) fn trim_all(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let (set, text) = (text_at(arguments, 0)?, text_at(arguments, 1)?);
    call.steps(set.len().saturating_mul(text.len()) / 64)?;
    let set: Vec<char> = units(set).map(character).collect();
    let all: Vec<Unit> = units(text).collect();
    let belongs = |unit: &&Unit| set.contains(&character(**unit));
    let front = all.iter().take_while(belongs).count();
    let back = all[front..].iter().rev().take_while(belongs).count();
    let length = |units: &[Unit]| -> usize {
        let lengths = units.iter().map(|unit| match unit {
            Unit::Character(character) => character.len_utf8(),
            Unit::Byte(_) => 1,
        });
        lengths.sum()
    };
    let (from, to) = (
        length(&all[..front]),
        text.len() - length(&all[all.len() - back..]),
    );
    call.text(&text[from..to])
}

fn character(unit: Unit) -> char {
    match unit {
        Unit::Character(character) => character,
        Unit::Byte(_) => char::REPLACEMENT_CHARACTER,
    }
}

pub(super) fn trim_prefix(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let (prefix, text) = (text_at(arguments, 0)?, text_at(arguments, 1)?);
    call.text(text.strip_prefix(&**prefix).unwrap_or(text))
}

pub(super) fn trim_suffix(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let (suffix, text) = (text_at(arguments, 0)?, text_at(arguments, 1)?);
    call.text(text.strip_suffix(&**suffix).unwrap_or(text))
}

pub(super) fn contains(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let (part, text) = (text_at(arguments, 0)?, text_at(arguments, 1)?);
    call.steps(text.len() / 64)?;
    Ok(Value::Bool(memmem::find(text, part).is_some()))
}

pub(super) fn has_prefix(_: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    Ok(Value::Bool(
        text_at(arguments, 1)?.starts_with(text_at(arguments, 0)?),
    ))
}

pub(super) fn has_suffix(_: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    Ok(Value::Bool(
        text_at(arguments, 1)?.ends_with(text_at(arguments, 0)?),
    ))
}

pub(super) fn repeat(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let (count, text) = (int_at(arguments, 0)?, text_at(arguments, 1)?);
    let count = usize::try_from(count).map_err(|_| Fault::ArgumentValue)?;
    call.memory(text.len().checked_mul(count).ok_or(Fault::MemoryLimit)?)?;
    if text.is_empty() {
        return call.text("");
    }
    call.text(text.repeat(count))
}

pub(super) fn replace(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let (old, new, text) = (
        text_at(arguments, 0)?,
        text_at(arguments, 1)?,
        text_at(arguments, 2)?,
    );
    call.text(replaced(call, text, old, new)?)
}

pub(super) fn replaced(
    call: &Call<'_>,
    text: &[u8],
    old: &[u8],
    new: &[u8],
) -> Result<Vec<u8>, Fault> {
    let mut out = Vec::new();
    call.memory(text.len())?;
    if old.is_empty() {
        let mut rest = text;
        for unit in units(text) {
            call.memory(new.len() + 1)?;
            out.extend_from_slice(new);
            let length = match unit {
                Unit::Character(character) => character.len_utf8(),
                Unit::Byte(_) => 1,
            };
            out.extend_from_slice(&rest[..length]);
            rest = &rest[length..];
        }
        call.memory(new.len())?;
        out.extend_from_slice(new);
        return Ok(out);
    }
    let mut from = 0;
    for at in memmem::find_iter(text, old) {
        call.memory(new.len() + 1)?;
        out.extend_from_slice(&text[from..at]);
        out.extend_from_slice(new);
        from = at + old.len();
    }
    out.extend_from_slice(&text[from..]);
    Ok(out)
}

pub(super) fn indent(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    call.text(indented(call, arguments, b"")?)
}

pub(super) fn nindent(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    call.text(indented(call, arguments, b"\n")?)
}

fn indented(call: &Call<'_>, arguments: &[Value], before: &[u8]) -> Result<Vec<u8>, Fault> {
    let spaces = usize::try_from(int_at(arguments, 0)?).map_err(|_| Fault::ArgumentValue)?;
    call.memory(spaces.saturating_mul(2))?;
    let pad = vec![b' '; spaces];
    let separator = [b"\n", pad.as_slice()].concat();
    let text = replaced(call, text_at(arguments, 1)?, b"\n", &separator)?;
    Ok([before, &pad, &text].concat())
}

pub(super) fn trunc(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let (count, text) = (int_at(arguments, 0)?, text_at(arguments, 1)?);
    let length = text.len() as i64;
    if count < 0 && length.saturating_add(count) > 0 {
        return call.text(&text[(length + count) as usize..]);
    }
    if count >= 0 && length > count {
        return call.text(&text[..count as usize]);
    }
    Ok(Value::Str(text.clone()))
}

pub(super) fn substr(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let (start, end, text) = (
        int_at(arguments, 0)?,
        int_at(arguments, 1)?,
        text_at(arguments, 2)?,
    );
    let length = text.len() as i64;
    let (from, to) = if start < 0 {
        (0, end)
    } else if end < 0 || end > length {
        (start, length)
    } else {
        (start, end)
    };
    let (from, to) = (
        usize::try_from(from).map_err(|_| Fault::Index)?,
        usize::try_from(to).map_err(|_| Fault::Index)?,
    );
    call.text(text.get(from..to).ok_or(Fault::Index)?)
}

pub(super) fn plural(_: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let index = usize::from(int_at(arguments, 2)? != 1);
    text_at(arguments, index).cloned().map(Value::Str)
}

/// Joins what each value that is not nil gives, with spaces.
fn spaced(
    call: &Call<'_>,
    values: &[Value],
    mut append: impl FnMut(&mut Vec<u8>, &Value) -> Result<(), Fault>,
) -> Result<Value, Fault> {
    let mut out = Vec::new();
    for (index, value) in values.iter().filter(|value| !value.is_nil()).enumerate() {
        call.steps(1)?;
        if index > 0 {
            out.push(b' ');
        }
        append(&mut out, value)?;
    }
    call.text(out)
}

pub(super) fn quote(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    spaced(call, arguments, |out, value| {
        let text = as_text(call, value)?;
        call.memory(text.len().saturating_mul(4))?;
        append_quoted(out, &text, b'"', false);
        Ok(())
    })
}

pub(super) fn squote(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    spaced(call, arguments, |out, value| {
        out.push(b'\'');
        out.extend_from_slice(&call.display(value)?);
        out.push(b'\'');
        Ok(())
    })
}

pub(super) fn cat(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    spaced(call, arguments, |out, value| {
        out.extend_from_slice(&call.display(value)?);
        Ok(())
    })
}

/// `strings.SplitN`: at most `most` parts, all where it is negative.
pub(super) fn parts<'t>(
    call: &Call<'_>,
    text: &'t [u8],
    separator: &[u8],
    most: i64,
) -> Result<Vec<&'t [u8]>, Fault> {
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let mut parts = Vec::new();
    let mut from = 0;
    if most == 0 {
        return Ok(parts);
    }
    if separator.is_empty() {
        for unit in units(text) {
            if parts.len() + 1 == most {
                break;
            }
            call.memory(64)?;
            let length = match unit {
                Unit::Character(character) => character.len_utf8(),
                Unit::Byte(_) => 1,
            };
            parts.push(&text[from..from + length]);
            from += length;
        }
        if from < text.len() {
            parts.push(&text[from..]);
        }
        return Ok(parts);
    }
    for at in memmem::find_iter(text, separator) {
        if parts.len() + 1 == most {
            break;
        }
        call.memory(64)?;
        parts.push(&text[from..at]);
        from = at + separator.len();
    }
    parts.push(&text[from..]);
    Ok(parts)
}

pub(super) fn strings(
    call: &Call<'_>,
    parts: impl IntoIterator<Item = impl AsRef<[u8]>>,
) -> Result<List, Fault> {
    let items: Result<Vec<Value>, Fault> = parts.into_iter().map(|part| call.text(part)).collect();
    Ok(List::new(Element::Str, items?))
}

pub(super) fn split_list(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let (separator, text) = (text_at(arguments, 0)?, text_at(arguments, 1)?);
    strings(call, parts(call, text, separator, -1)?).map(Value::List)
}

pub(super) fn split(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    numbered(
        call,
        parts(call, text_at(arguments, 1)?, text_at(arguments, 0)?, -1)?,
    )
}

pub(super) fn splitn(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let parts = parts(
        call,
        text_at(arguments, 2)?,
        text_at(arguments, 0)?,
        int_at(arguments, 1)?,
    )?;
    numbered(call, parts)
}

/// A map with the keys `_0`, `_1` and so on.
fn numbered(call: &Call<'_>, parts: Vec<&[u8]>) -> Result<Value, Fault> {
    let mut entries = std::collections::BTreeMap::new();
    for (index, part) in parts.into_iter().enumerate() {
        call.memory(64)?;
        entries.insert(shared(format!("_{index}").into_bytes()), call.text(part)?);
    }
    Ok(Value::Map(Map::new(Entry::Str, entries)))
}
