//! Paths with slashes. On the systems that the controller runs on, `os…` functions do the same.

use crate::error::Fault;
use crate::functions::{Call, text_at};
use crate::value::Value;

/// `path.Clean`: the shortest path that is the same by its text.
fn cleaned(path: &[u8]) -> Vec<u8> {
    if path.is_empty() {
        return b".".to_vec();
    }
    let rooted = path.starts_with(b"/");
    let mut kept: Vec<&[u8]> = Vec::new();
    for part in path.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." => match kept.last() {
                Some(last) if *last != b".." => {
                    kept.pop();
                }
                _ if rooted => {}
                _ => kept.push(part),
            },
            part => kept.push(part),
        }
    }
    let joined = kept.join(&b'/');
    match (rooted, joined.is_empty()) {
        (true, _) => [b"/", joined.as_slice()].concat(),
        (false, true) => b".".to_vec(),
        (false, false) => joined,
    }
}

pub(super) fn clean(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let path = text_at(arguments, 0)?;
    call.memory(path.len().saturating_mul(10))?;
    call.text(cleaned(path))
}

pub(super) fn base(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let path = text_at(arguments, 0)?;
    if path.is_empty() {
        return call.text(".");
    }
    let trimmed = path
        .iter()
        .rposition(|byte| *byte != b'/')
        .map_or(&path[..0], |last| &path[..=last]);
    let name = memchr::memrchr(b'/', trimmed).map_or(trimmed, |slash| &trimmed[slash + 1..]);
    call.text(if name.is_empty() { b"/" } else { name })
}

pub(super) fn dir(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let path = text_at(arguments, 0)?;
    call.memory(path.len().saturating_mul(10))?;
    call.text(cleaned(
        memchr::memrchr(b'/', path).map_or(&[], |slash| &path[..=slash]),
    ))
}

pub(super) fn ext(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let path = text_at(arguments, 0)?;
    let name = memchr::memrchr(b'/', path).map_or(&**path, |slash| &path[slash..]);
    call.text(memchr::memrchr(b'.', name).map_or(&[][..], |dot| &name[dot..]))
}

pub(super) fn is_abs(_: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    Ok(Value::Bool(text_at(arguments, 0)?.starts_with(b"/")))
}
