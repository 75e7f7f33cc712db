//! What needs randomness: it comes from the caller's [`Ambient`](crate::Ambient), or there is none.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::error::Fault;
use crate::format::quote::{Unit, units};
use crate::functions::{Call, int_at, text_at};
use crate::value::Value;

/// A number below `bound`, every one as likely.
fn below(call: &Call<'_>, bound: u64) -> Result<u64, Fault> {
    let fair = u64::MAX - u64::MAX % bound;
    loop {
        let mut bytes = [0; 8];
        call.fill(&mut bytes)?;
        call.steps(1)?;
        let number = u64::from_le_bytes(bytes);
        if number < fair {
            return Ok(number % bound);
        }
    }
}

fn length(call: &Call<'_>, arguments: &[Value]) -> Result<usize, Fault> {
    let length = usize::try_from(int_at(arguments, 0)?).unwrap_or(0);
    call.memory(length)?;
    Ok(length)
}

fn chosen(
    call: &Call<'_>,
    arguments: &[Value],
    alphabet: impl Iterator<Item = u8>,
) -> Result<Value, Fault> {
    let alphabet: Vec<u8> = alphabet.collect();
    let mut out = Vec::new();
    for _ in 0..length(call, arguments)? {
        let index = below(call, alphabet.len() as u64)? as usize;
        out.push(alphabet[index]);
    }
    call.text(out)
}

pub(super) fn alpha(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    chosen(call, arguments, (b'a'..=b'z').chain(b'A'..=b'Z'))
}

pub(super) fn alpha_num(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    chosen(
        call,
        arguments,
        (b'a'..=b'z').chain(b'A'..=b'Z').chain(b'0'..=b'9'),
    )
}

pub(super) fn numeric(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    chosen(call, arguments, b'0'..=b'9')
}

/// The characters from the space on, without delete.
pub(super) fn ascii(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    chosen(call, arguments, b' '..=b'~')
}

/// So many bytes, in base 64.
pub(super) fn bytes(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    if int_at(arguments, 0)? < 0 {
        return Err(Fault::ArgumentValue);
    }
    let mut bytes = vec![0; length(call, arguments)?];
    call.fill(&mut bytes)?;
    call.memory(bytes.len().saturating_mul(2))?;
    call.text(STANDARD.encode(bytes))
}

pub(super) fn int(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let (least, end) = (int_at(arguments, 0)?, int_at(arguments, 1)?);
    let span = u64::try_from(end.wrapping_sub(least))
        .ok()
        .filter(|span| *span > 0)
        .ok_or(Fault::ArgumentValue)?;
    Ok(Value::Int(least.wrapping_add(below(call, span)? as i64)))
}

pub(super) fn shuffle(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let text = text_at(arguments, 0)?;
    call.memory(text.len().saturating_mul(8))?;
    let mut all: Vec<char> = units(text)
        .map(|unit| match unit {
            Unit::Character(character) => character,
            Unit::Byte(_) => char::REPLACEMENT_CHARACTER,
        })
        .collect();
    for index in (1..all.len()).rev() {
        let other = below(call, index as u64 + 1)? as usize;
        all.swap(index, other);
    }
    call.fill(&mut [])?;
    call.text(all.into_iter().collect::<String>())
}

pub(super) fn uuidv4(call: &Call<'_>, _: &[Value]) -> Result<Value, Fault> {
    let mut bytes = [0; 16];
    call.fill(&mut bytes)?;
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let mut text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    for at in [20, 16, 12, 8] {
        text.insert(at, '-');
    }
    call.text(text)
}
