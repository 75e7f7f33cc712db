//! Regular expressions: Go's syntax on Rust's engine.
//!
//! Both engines come from RE2 and match alike; the syntax differs. [`translate`] turns a Go pattern into one that
//! means the same here, and refuses what Go refuses.

use std::collections::HashMap;
use std::rc::Rc;

use goregex::{Pattern, translate};
use regex::bytes::{Regex, RegexBuilder};

use super::text::strings;
use crate::error::Fault;
use crate::format::quote::{Unit, units};
use crate::functions::{Call, int_at, text_at};
use crate::value::{Element, List, Value};

/// The compiled patterns of one rendering.
#[derive(Default)]
pub(crate) struct RegexCache(HashMap<Vec<u8>, Option<Rc<Regex>>>);

/// How many patterns are kept.
const KEPT: usize = 32;

/// The largest compiled pattern, in bytes.
const SIZE: usize = 2 << 20;

fn compiled(call: &Call<'_>, pattern: &[u8]) -> Result<Rc<Regex>, Fault> {
    if let Some(known) = call.executor.regexes.borrow().0.get(pattern) {
        return known.clone().ok_or(Fault::Regex);
    }
    let translated = str::from_utf8(pattern).ok().and_then(translate);
    // Compiling is the dear part.
    call.executor
        .budget
        .steps(cost(pattern, translated.as_ref()))?;
    let regex = translated.and_then(|pattern| compile(&pattern));
    let mut cache = call.executor.regexes.borrow_mut();
    if cache.0.len() >= KEPT {
        cache.0.clear();
    }
    cache.0.insert(pattern.to_vec(), regex.clone());
    regex.ok_or(Fault::Regex)
}

fn cost(pattern: &[u8], translated: Option<&Pattern>) -> u64 {
    translated.map_or(500 + pattern.len() as u64 * 20, |translated| {
        translated.cost
    })
}

/// What compiling a pattern costs in steps, and whether it does compile.
pub(crate) fn compilation(pattern: &[u8]) -> (u64, bool) {
    let translated = str::from_utf8(pattern).ok().and_then(translate);
    let cost = cost(pattern, translated.as_ref());
    (
        cost,
        translated.is_some_and(|pattern| compile(&pattern).is_some()),
    )
}

fn compile(pattern: &Pattern) -> Option<Rc<Regex>> {
    let mut builder = RegexBuilder::new(&pattern.text);
    builder
        .size_limit(SIZE)
        .dfa_size_limit(SIZE)
        .nest_limit(200);
    builder.build().ok().map(Rc::new)
}

fn searched<'a>(call: &Call<'_>, arguments: &'a [Value]) -> Result<(Rc<Regex>, &'a [u8]), Fault> {
    let text = text_at(arguments, 1)?;
    call.steps(text.len() / 8)?;
    Ok((compiled(call, text_at(arguments, 0)?)?, text))
}

/// A pattern that does not compile matches nothing.
pub(super) fn matches(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    match must_match(call, arguments) {
        Err(Fault::Regex) => Ok(Value::Bool(false)),
        result => result,
    }
}

pub(super) fn must_match(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let (regex, text) = searched(call, arguments)?;
    Ok(Value::Bool(regex.is_match(text)))
}

pub(super) fn find(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let (regex, text) = searched(call, arguments)?;
    call.text(regex.find(text).map_or(&[][..], |found| found.as_bytes()))
}

pub(super) fn find_all(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let (regex, text) = searched(call, arguments)?;
    let most = usize::try_from(int_at(arguments, 2)?).unwrap_or(usize::MAX);
    let mut found = Vec::new();
    for matched in regex.find_iter(text).take(most) {
        call.memory(64)?;
        found.push(matched.as_bytes());
    }
    if found.is_empty() {
        return Ok(Value::List(List::nil(Element::Str)));
    }
    strings(call, found).map(Value::List)
}

pub(super) fn replace_all(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let template = text_at(arguments, 2)?;
    replaced(call, arguments, |out, captures, names| {
        expand(call, out, template, captures, names)
    })
}

pub(super) fn replace_all_literal(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let literal = text_at(arguments, 2)?;
    replaced(call, arguments, |out, _, _| {
        call.memory(literal.len())?;
        out.extend_from_slice(literal);
        Ok(())
    })
}

fn replaced(
    call: &Call<'_>,
    arguments: &[Value],
    mut replacement: impl FnMut(&mut Vec<u8>, &regex::bytes::Captures<'_>, &Regex) -> Result<(), Fault>,
) -> Result<Value, Fault> {
    let (regex, text) = searched(call, arguments)?;
    call.memory(text.len())?;
    let mut out = Vec::with_capacity(text.len());
    let mut from = 0;
    for captures in regex.captures_iter(text) {
        call.steps(1)?;
        let Some(whole) = captures.get(0) else {
            continue;
        };
        out.extend_from_slice(&text[from..whole.start()]);
        replacement(&mut out, &captures, &regex)?;
        from = whole.end();
    }
    out.extend_from_slice(&text[from..]);
    call.text(out)
}

/// Go's `Regexp.Expand`: `$name`, `${name}`, `$1` and `$$`. A name is as long as possible, and an unknown one is empty.
fn expand(
    call: &Call<'_>,
    out: &mut Vec<u8>,
    template: &[u8],
    captures: &regex::bytes::Captures<'_>,
    regex: &Regex,
) -> Result<(), Fault> {
    call.memory(template.len())?;
    let mut rest = template;
    while let Some(at) = memchr::memchr(b'$', rest) {
        out.extend_from_slice(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix(b"$") {
            out.push(b'$');
            rest = after;
            continue;
        }
        let Some((name, after)) = reference(rest) else {
            out.push(b'$');
            continue;
        };
        rest = after;
        let group = match group_number(name) {
            Some(number) => captures.get(number),
            // Of several groups with one name, Go takes the last that matched; names are unique here.
            None => regex
                .capture_names()
                .position(|known| known == Some(name))
                .and_then(|index| captures.get(index)),
        };
        if let Some(group) = group {
            call.memory(group.len())?;
            out.extend_from_slice(group.as_bytes());
        }
    }
    out.extend_from_slice(rest);
    Ok(())
}

fn group_number(name: &str) -> Option<usize> {
    let fits = name.bytes().all(|byte| byte.is_ascii_digit())
        && (name.len() == 1 || !name.starts_with('0'));
    if fits {
        Some(name.parse().unwrap_or(usize::MAX))
    } else {
        None
    }
}

/// The name after a `$`, and what follows it.
fn reference(text: &[u8]) -> Option<(&str, &[u8])> {
    let (braced, inner) = match text.strip_prefix(b"{") {
        Some(inner) => (true, inner),
        None => (false, text),
    };
    let length: usize = units(inner)
        .map_while(|unit| match unit {
            Unit::Character(character) if character == '_' || character.is_alphanumeric() => {
                Some(character.len_utf8())
            }
            _ => None,
        })
        .sum();
    let name = str::from_utf8(&inner[..length])
        .ok()
        .filter(|name| !name.is_empty())?;
    let rest = &inner[length..];
    if braced {
        rest.strip_prefix(b"}").map(|rest| (name, rest))
    } else {
        Some((name, rest))
    }
}

/// Go's `Regexp.Split`.
pub(super) fn split(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let (regex, text) = searched(call, arguments)?;
    let most = int_at(arguments, 2)?;
    if most == 0 {
        return Ok(Value::List(List::nil(Element::Str)));
    }
    if text.is_empty() && !text_at(arguments, 0)?.is_empty() {
        return strings(call, [""]).map(Value::List);
    }
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let mut parts: Vec<&[u8]> = Vec::new();
    let (mut begin, mut end) = (0, 0);
    for found in regex.find_iter(text) {
        call.memory(64)?;
        if parts.len() + 1 == most {
            break;
        }
        end = found.start();
        if found.end() != 0 {
            parts.push(&text[begin..end]);
        }
        begin = found.end();
    }
    if end != text.len() {
        parts.push(&text[begin..]);
    }
    strings(call, parts).map(Value::List)
}

pub(super) fn quote_meta(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let text = text_at(arguments, 0)?;
    call.memory(text.len().saturating_mul(2))?;
    let mut out = Vec::with_capacity(text.len());
    for byte in text.iter() {
        if br"\.+*?()|[]{}^$".contains(byte) {
            out.push(b'\\');
        }
        out.push(*byte);
    }
    call.text(out)
}
