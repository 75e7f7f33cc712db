//! The functions that sprig takes from `Masterminds/goutils`. They cut strings at bytes.

use super::case::{swapped, uncapitalized};
use crate::error::Fault;
use crate::functions::{Call, int_at, text_at};
use crate::value::Value;

pub(super) fn abbrev(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let (width, text) = (int_at(arguments, 0)?, text_at(arguments, 1)?);
    if width < 4 {
        Ok(Value::Str(text.clone()))
    } else {
        call.text(abbreviated(text, 0, width))
    }
}

pub(super) fn abbrev_both(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let (left, right, text) = (
        int_at(arguments, 0)?,
        int_at(arguments, 1)?,
        text_at(arguments, 2)?,
    );
    if right < 4 || left > 0 && right < 7 {
        return Ok(Value::Str(text.clone()));
    }
    call.text(abbreviated(text, left, right))
}

/// At most `width` bytes of the text, from about `offset` on, with dots where something is missing.
fn abbreviated(text: &[u8], offset: i64, width: i64) -> Vec<u8> {
    let length = text.len() as i64;
    if length <= width || width < 4 {
        // Go returns nothing for a width that is too small.
        return if length <= width || text.is_empty() {
            text.to_vec()
        } else {
            Vec::new()
        };
    }
    let kept = width - 3;
    let offset = if offset > length || length - offset < kept {
        length - kept
    } else {
        offset
    };
    if offset <= 4 {
        return [&text[..kept as usize], b"..."].concat();
    }
    if width < 7 {
        return Vec::new();
    }
    if offset + kept < length {
        return [
            b"...",
            abbreviated(&text[offset as usize..], 0, kept).as_slice(),
        ]
        .concat();
    }
    [b"...", &text[(length - kept) as usize..]].concat()
}

pub(super) fn wrap(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    wrapped(
        call,
        text_at(arguments, 1)?,
        int_at(arguments, 0)?,
        b"\n",
        false,
    )
}

pub(super) fn wrap_with(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let separator = text_at(arguments, 1)?;
    let separator: &[u8] = if separator.is_empty() {
        b"\n"
    } else {
        separator
    };
    wrapped(
        call,
        text_at(arguments, 2)?,
        int_at(arguments, 0)?,
        separator,
        true,
    )
}

fn wrapped(
    call: &Call<'_>,
    text: &[u8],
    width: i64,
    separator: &[u8],
    cut: bool,
) -> Result<Value, Fault> {
    let width = usize::try_from(width).unwrap_or(0).max(1);
    let mut out = Vec::new();
    let mut rest = text;
    while rest.len() > width {
        call.memory(separator.len())?;
        call.steps(1 + width.min(rest.len()) / 64)?;
        if rest[0] == b' ' {
            rest = &rest[1..];
            continue;
        }
        let space = memchr::memrchr(b' ', &rest[..=width]);
        let (line, after) = match space {
            Some(space) => (&rest[..space], &rest[space + 1..]),
            None if cut => rest.split_at(width),
            None => match memchr::memchr(b' ', &rest[width..]) {
                Some(space) => (&rest[..width + space], &rest[width + space + 1..]),
                None => break,
            },
        };
        out.extend_from_slice(line);
        out.extend_from_slice(separator);
        rest = after;
    }
    out.extend_from_slice(rest);
    call.text(out)
}

pub(super) fn swap_case(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let text = text_at(arguments, 0)?;
    call.memory(text.len().saturating_mul(3))?;
    call.text(swapped(text))
}

pub(super) fn untitle(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let text = text_at(arguments, 0)?;
    call.memory(text.len().saturating_mul(3))?;
    call.text(uncapitalized(text))
}

/// The bytes as characters of Latin-1, which is how `goutils` walks through a string.
fn latin1(text: &[u8]) -> impl Iterator<Item = char> {
    text.iter().map(|byte| char::from(*byte))
}

pub(super) fn nospace(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let text = text_at(arguments, 0)?;
    call.memory(text.len().saturating_mul(2))?;
    if !latin1(text).any(char::is_whitespace) {
        return Ok(Value::Str(text.clone()));
    }
    call.text(
        latin1(text)
            .filter(|character| !character.is_whitespace())
            .collect::<String>(),
    )
}

pub(super) fn initials(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let text = text_at(arguments, 0)?;
    call.memory(text.len().saturating_mul(2))?;
    let mut after_gap = true;
    let mut out = String::new();
    for character in latin1(text) {
        if character.is_whitespace() {
            after_gap = true;
        } else if std::mem::replace(&mut after_gap, false) {
            out.push(character);
        }
    }
    call.text(out)
}
