//! Base 64, base 32, checksums and JSON.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};

use crate::error::Fault;
use crate::functions::{Call, text_at, value_at};
use crate::json::{self, Html};
use crate::value::Value;

const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

pub(super) fn b64enc(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let text = text_at(arguments, 0)?;
    call.memory(text.len().saturating_mul(2))?;
    call.text(STANDARD.encode(text))
}

/// A text that cannot be decoded gives the text of Go's error, as sprig has it.
pub(super) fn b64dec(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let text = text_at(arguments, 0)?;
    call.memory(text.len())?;
    match decode64(text) {
        Ok(bytes) => call.text(bytes),
        Err(at) => call.text(format!("illegal base64 data at input byte {at}")),
    }
}

/// Decodes as `encoding/base64` does; the error is the offset that Go names.
fn decode64(text: &[u8]) -> Result<Vec<u8>, usize> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let mut group = [0_u8; 4];
    let mut filled = 0;
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        at += 1;
        if let Some(value) = digit64(byte) {
            group[filled] = value;
            filled += 1;
            if filled == 4 {
                out.extend_from_slice(&bytes_of(group)[..3]);
                filled = 0;
            }
            continue;
        }
        match byte {
            b'\n' | b'\r' => continue,
            b'=' if filled >= 2 => {}
            _ => return Err(at - 1),
        }
        let skip = |at: &mut usize| {
            while matches!(text.get(*at), Some(b'\n' | b'\r')) {
                *at += 1;
            }
        };
        skip(&mut at);
        if filled == 2 {
            match text.get(at) {
                None => return Err(text.len()),
                Some(b'=') => at += 1,
                Some(_) => return Err(at - 1),
            }
            skip(&mut at);
        }
        if at < text.len() {
            return Err(at);
        }
        group[filled..].fill(0);
        out.extend_from_slice(&bytes_of(group)[..filled - 1]);
        return Ok(out);
    }
    if filled == 0 {
        Ok(out)
    } else {
        Err(text.len() - filled)
    }
}

fn digit64(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

fn bytes_of([first, second, third, fourth]: [u8; 4]) -> [u8; 3] {
    [
        first << 2 | second >> 4,
        second << 4 | third >> 2,
        third << 6 | fourth,
    ]
}

pub(super) fn b32enc(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let text = text_at(arguments, 0)?;
    call.memory(text.len().saturating_mul(2) + 8)?;
    let mut out = Vec::with_capacity(text.len().div_ceil(5) * 8);
    for chunk in text.chunks(5) {
        let mut group = [0; 8];
        group[3..3 + chunk.len()].copy_from_slice(chunk);
        let bits = u64::from_be_bytes(group);
        let used = (chunk.len() * 8).div_ceil(5);
        for place in 0..8 {
            let index = (bits >> (35 - 5 * place) & 31) as usize;
            out.push(if place < used { BASE32[index] } else { b'=' });
        }
    }
    call.text(out)
}

pub(super) fn b32dec(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let text = text_at(arguments, 0)?;
    call.memory(text.len().saturating_mul(2))?;
    match decode32(text) {
        Ok(bytes) => call.text(bytes),
        Err(at) => call.text(format!("illegal base32 data at input byte {at}")),
    }
}

/// Decodes as `encoding/base32` does; the offset of an error does not count line ends.
fn decode32(text: &[u8]) -> Result<Vec<u8>, usize> {
    let text: Vec<u8> = text
        .iter()
        .copied()
        .filter(|byte| !matches!(byte, b'\n' | b'\r'))
        .collect();
    let mut out = Vec::with_capacity(text.len() / 8 * 5);
    for (index, chunk) in text.chunks(8).enumerate() {
        let start = index * 8;
        let mut bits = 0_u64;
        let mut count = 0;
        for (place, byte) in chunk.iter().enumerate() {
            if *byte == b'=' && place >= 2 && start + 8 >= text.len() {
                // The padding ends the text, and must fill the group.
                if chunk.len() < 8 {
                    return Err(text.len());
                }
                if let Some(wrong) = chunk[place..].iter().position(|byte| *byte != b'=') {
                    return Err(start + place + wrong - 1);
                }
                break;
            }
            let value = BASE32
                .iter()
                .position(|digit| digit == byte)
                .ok_or(start + place)?;
            bits = bits << 5 | value as u64;
            count = place + 1;
        }
        if chunk.len() < 8 {
            return Err(start);
        }
        if matches!(count, 1 | 3 | 6) {
            return Err(start + count);
        }
        let bytes = count * 5 / 8;
        let aligned = bits << (64 - 5 * count);
        out.extend_from_slice(&aligned.to_be_bytes()[..bytes]);
    }
    Ok(out)
}

fn hex(call: &Call<'_>, digest: &[u8]) -> Result<Value, Fault> {
    call.text(
        digest
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>(),
    )
}

pub(super) fn sha1(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let text = text_at(arguments, 0)?;
    call.steps(text.len() / 16)?;
    hex(
        call,
        &sha1::Digest::finalize(<Sha1 as sha1::Digest>::new_with_prefix(text)),
    )
}

pub(super) fn sha256(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let text = text_at(arguments, 0)?;
    call.steps(text.len() / 16)?;
    hex(call, &Sha256::digest(text))
}

pub(super) fn sha512(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let text = text_at(arguments, 0)?;
    call.steps(text.len() / 16)?;
    hex(call, &Sha512::digest(text))
}

/// The sum in decimal.
pub(super) fn adler32(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    const PRIME: u32 = 65_521;
    let text = text_at(arguments, 0)?;
    call.steps(text.len() / 16)?;
    let (low, high) = text.iter().fold((1, 0), |(low, high), byte| {
        let low = (low + u32::from(*byte)) % PRIME;
        (low, (high + low) % PRIME)
    });
    call.text((high << 16 | low).to_string())
}

pub(super) fn from_json(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    match json::read(call, text_at(arguments, 0)?) {
        Ok(decoded) => Ok(decoded.value),
        Err(Fault::Json) => Ok(Value::Nil),
        Err(fault) => Err(fault),
    }
}

pub(super) fn must_from_json(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let decoded = json::read(call, text_at(arguments, 0)?)?;
    if decoded.overflowed {
        Err(Fault::Json)
    } else {
        Ok(decoded.value)
    }
}

/// sprig gives an empty string for what JSON cannot hold.
fn or_nothing(call: &Call<'_>, result: Result<Value, Fault>) -> Result<Value, Fault> {
    match result {
        Err(Fault::Json) => call.text(""),
        result => result,
    }
}

pub(super) fn to_json(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    or_nothing(call, must_to_json(call, arguments))
}

pub(super) fn must_to_json(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    call.text(json::write(
        call,
        value_at(arguments, 0)?,
        Html::Escaped,
        None,
    )?)
}

pub(super) fn to_pretty_json(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    or_nothing(call, must_to_pretty_json(call, arguments))
}

pub(super) fn must_to_pretty_json(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    call.text(json::write(
        call,
        value_at(arguments, 0)?,
        Html::Escaped,
        Some("  "),
    )?)
}

pub(super) fn to_raw_json(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    call.text(json::write(
        call,
        value_at(arguments, 0)?,
        Html::Plain,
        None,
    )?)
}
