//! Regular expressions: Go's syntax on Rust's engine.
//!
//! Both engines come from RE2 and match alike; the syntax differs. [`translated`] turns a Go pattern into one that
//! means the same here, and refuses what Go refuses.

use std::collections::HashMap;
use std::rc::Rc;

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
    // Compiling is the dear part: about a microsecond for each byte, and more for counted repetition.
    call.steps(500 + pattern.len().saturating_mul(20))?;
    let regex = compile(pattern);
    let mut cache = call.executor.regexes.borrow_mut();
    if cache.0.len() >= KEPT {
        cache.0.clear();
    }
    cache.0.insert(pattern.to_vec(), regex.clone());
    regex.ok_or(Fault::Regex)
}

/// Whether a pattern compiles.
pub(crate) fn compiles(pattern: &[u8]) -> bool {
    compile(pattern).is_some()
}

fn compile(pattern: &[u8]) -> Option<Rc<Regex>> {
    let pattern = translated(str::from_utf8(pattern).ok()?)?;
    RegexBuilder::new(&pattern).size_limit(SIZE).dfa_size_limit(SIZE).nest_limit(200).build().ok().map(Rc::new)
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
    replaced(call, arguments, |out, captures, names| expand(call, out, template, captures, names))
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
        let Some(whole) = captures.get(0) else { continue };
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
            None => regex.capture_names().position(|known| known == Some(name)).and_then(|index| captures.get(index)),
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
    let fits = name.bytes().all(|byte| byte.is_ascii_digit()) && (name.len() == 1 || !name.starts_with('0'));
    if fits { Some(name.parse().unwrap_or(usize::MAX)) } else { None }
}

/// The name after a `$`, and what follows it.
fn reference(text: &[u8]) -> Option<(&str, &[u8])> {
    let (braced, inner) = match text.strip_prefix(b"{") {
        Some(inner) => (true, inner),
        None => (false, text),
    };
    let length: usize = units(inner)
        .map_while(|unit| match unit {
            Unit::Character(character) if character == '_' || character.is_alphanumeric() => Some(character.len_utf8()),
            _ => None,
        })
        .sum();
    let name = str::from_utf8(&inner[..length]).ok().filter(|name| !name.is_empty())?;
    let rest = &inner[length..];
    if braced { rest.strip_prefix(b"}").map(|rest| (name, rest)) } else { Some((name, rest)) }
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

/// A pattern in Go's syntax, in the syntax of this engine; `None` where Go refuses it.
fn translated(pattern: &str) -> Option<String> {
    let mut translation = Translation { rest: pattern, out: String::with_capacity(pattern.len() + 16) };
    let mut repeatable = false;
    let mut after_repeat = false;
    while let Some(next) = translation.rest.chars().next() {
        let was_repeatable = std::mem::replace(&mut repeatable, true);
        let was_repeat = std::mem::replace(&mut after_repeat, false);
        match next {
            '\\' => repeatable = translation.escape()?,
            '[' => translation.class()?,
            '(' => {
                translation.group()?;
                repeatable = false;
            }
            '|' => {
                translation.take(1);
                repeatable = false;
            }
            '*' | '+' | '?' => {
                if !was_repeatable || was_repeat {
                    return None;
                }
                translation.take(1);
                translation.lazy();
                after_repeat = true;
            }
            '{' => match counts(translation.rest) {
                Some((length, least, most)) => {
                    if !was_repeatable || was_repeat || least > 1000 || most.is_some_and(|most| most > 1000 || most < least) {
                        return None;
                    }
                    translation.take(length);
                    translation.lazy();
                    after_repeat = true;
                }
                None => {
                    translation.out.push('\\');
                    translation.take(1);
                }
            },
            _ => translation.take(next.len_utf8()),
        }
    }
    Some(translation.out)
}

/// `{n}`, `{n,}` or `{n,m}`: its length and its bounds. Anything else in braces is literal text.
fn counts(text: &str) -> Option<(usize, u64, Option<u64>)> {
    let (inner, _) = text.strip_prefix('{')?.split_once('}')?;
    let number = |text: &str| {
        let fits = !text.is_empty() && text.len() < 10 && text.bytes().all(|byte| byte.is_ascii_digit());
        (fits && (text.len() == 1 || !text.starts_with('0'))).then(|| text.parse::<u64>().ok()).flatten()
    };
    let (least, most) = match inner.split_once(',') {
        None => (number(inner)?, number(inner)),
        Some((least, "")) => (number(least)?, None),
        Some((least, most)) => (number(least)?, Some(number(most)?)),
    };
    Some((inner.len() + 2, least, most))
}

fn is_named_class(name: &str) -> bool {
    const NAMES: [&str; 14] = [
        "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space", "upper", "word",
        "xdigit",
    ];
    NAMES.contains(&name.strip_prefix('^').unwrap_or(name))
}

struct Translation<'p> {
    rest: &'p str,
    out: String,
}

impl Translation<'_> {
    fn take(&mut self, length: usize) {
        let (taken, rest) = self.rest.split_at(length);
        self.out.push_str(taken);
        self.rest = rest;
    }

    fn lazy(&mut self) {
        if self.rest.starts_with('?') {
            self.take(1);
        }
    }

    fn replace(&mut self, length: usize, with: &str) {
        self.out.push_str(with);
        self.rest = &self.rest[length..];
    }

    /// An escape outside of a class. Gives whether it can be repeated; Go allows that for assertions too.
    fn escape(&mut self) -> Option<bool> {
        let next = self.rest.chars().nth(1)?;
        match next {
            'd' => self.replace(2, "[0-9]"),
            'D' => self.replace(2, "[^0-9]"),
            's' => self.replace(2, r"[\t\n\x0c\r ]"),
            'S' => self.replace(2, r"[^\t\n\x0c\r ]"),
            'w' => self.replace(2, "[0-9A-Za-z_]"),
            'W' => self.replace(2, "[^0-9A-Za-z_]"),
            'b' => self.replace(2, r"(?-u:\b)"),
            'B' => self.replace(2, r"(?-u:\B)"),
            'A' | 'z' => self.take(2),
            'Q' => {
                let (literal, rest) = match self.rest[2..].split_once(r"\E") {
                    Some((literal, rest)) => (literal, rest),
                    None => (&self.rest[2..], ""),
                };
                self.out.push_str(&regex::escape(literal));
                self.rest = rest;
            }
            // Any single byte is nothing that a text should be matched with.
            'C' => return None,
            _ => self.character_escape(next)?,
        }
        Some(true)
    }

    /// An escape that stands for a character or a Unicode class.
    fn character_escape(&mut self, next: char) -> Option<()> {
        match next {
            'p' | 'P' => {
                let after = &self.rest[2..];
                let length = match after.strip_prefix('{') {
                    Some(inner) => inner.find('}')? + 2,
                    None => after.chars().next()?.len_utf8(),
                };
                self.take(2 + length);
            }
            'x' => {
                let after = &self.rest[2..];
                match after.strip_prefix('{') {
                    Some(inner) => {
                        let digits = &inner[..inner.find('}')?];
                        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                            return None;
                        }
                        self.take(digits.len() + 4);
                    }
                    None => {
                        if !after.get(..2)?.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                            return None;
                        }
                        self.take(4);
                    }
                }
            }
            '0'..='7' => {
                // Octal where it cannot be a back reference: a zero, or two digits.
                let digits: String = self.rest[1..].chars().take(3).take_while(|digit| matches!(digit, '0'..='7')).collect();
                if next != '0' && digits.len() < 2 {
                    return None;
                }
                let code = u32::from_str_radix(&digits, 8).ok()?;
                self.replace(1 + digits.len(), &format!("\\x{{{code:x}}}"));
            }
            'a' | 'f' | 't' | 'n' | 'r' | 'v' => self.take(2),
            _ if next.is_ascii_punctuation() => {
                // Not every sign may be escaped here.
                self.replace(2, &format!("\\x{{{:x}}}", u32::from(next)));
            }
            _ => return None,
        }
        Some(())
    }

    fn class(&mut self) -> Option<()> {
        self.take(1);
        if self.rest.starts_with('^') {
            self.take(1);
        }
        let mut first = true;
        loop {
            let next = self.rest.chars().next()?;
            match next {
                ']' if !first => {
                    self.take(1);
                    return Some(());
                }
                '[' if self.rest.starts_with("[:") => {
                    match self.rest.find(":]") {
                        Some(at) if is_named_class(&self.rest[2..at]) => self.take(at + 2),
                        Some(_) => return None,
                        None => self.replace(1, r"\["),
                    }
                }
                '\\' => {
                    let escaped = self.rest.chars().nth(1)?;
                    match escaped {
                        'd' => self.replace(2, "0-9"),
                        'D' => self.replace(2, "[^0-9]"),
                        's' => self.replace(2, r"\t\n\x0c\r\x20"),
                        'S' => self.replace(2, r"[^\t\n\x0c\r\x20]"),
                        'w' => self.replace(2, "0-9A-Za-z_"),
                        'W' => self.replace(2, "[^0-9A-Za-z_]"),
                        _ => self.character_escape(escaped)?,
                    }
                }
                // A dash is literal at either end.
                '-' if first || self.rest.starts_with("-]") => self.replace(1, r"\-"),
                '[' | ']' | '&' | '~' | '^' => {
                    let escaped = format!("\\{next}");
                    self.replace(1, &escaped);
                }
                _ => self.take(next.len_utf8()),
            }
            first = false;
        }
    }

    fn group(&mut self) -> Option<()> {
        let Some(after) = self.rest.strip_prefix("(?") else {
            self.take(1);
            return Some(());
        };
        if let Some(name) = after.strip_prefix("P<").or_else(|| after.strip_prefix('<')) {
            let length = name.find('>')?;
            let fits = length > 0 && name[..length].chars().all(|next| next == '_' || next.is_ascii_alphanumeric());
            let start = self.rest.len() - name.len();
            if !fits {
                return None;
            }
            self.out.push_str("(?P<");
            self.rest = &self.rest[start..];
            self.take(length + 1);
            return Some(());
        }
        let flags = after.find(|next: char| !matches!(next, 'i' | 'm' | 's' | 'U' | '-'))?;
        let ends = after[flags..].starts_with([':', ')']);
        let dashes = after[..flags].matches('-').count();
        if !ends || dashes > 1 || after[..flags].ends_with('-') {
            return None;
        }
        self.take(2 + flags + 1);
        Some(())
    }
}
