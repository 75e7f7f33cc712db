//! Conversions between types, with the rules of `spf13/cast`: what cannot be converted is zero.

use crate::error::Fault;
use crate::functions::{Call, text_at, value_at};
use crate::parse::literal::{parse_float, parse_int};
use crate::value::Value;

/// Go's conversion of a float to an `int64` on amd64: what does not fit is the smallest number.
fn truncated(number: f64) -> i64 {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    if (-LIMIT..LIMIT).contains(&number) {
        number as i64
    } else {
        i64::MIN
    }
}

pub(super) fn to_int64(value: &Value) -> i64 {
    match value {
        Value::Int(number) | Value::Int64(number) => *number,
        Value::Uint64(number) => *number as i64,
        Value::Byte(number) => i64::from(*number),
        Value::Float(number) => truncated(*number),
        Value::Bool(truth) => i64::from(*truth),
        Value::Str(text) => str::from_utf8(text)
            .ok()
            .and_then(|text| parse_int(without_zero_decimals(text)))
            .unwrap_or(0),
        Value::Missing
        | Value::Nil
        | Value::List(_)
        | Value::Map(_)
        | Value::Time(_)
        | Value::Version(_) => 0,
    }
}

/// `5.00` counts as `5`.
fn without_zero_decimals(text: &str) -> &str {
    let trimmed = text.trim_end_matches('0');
    match trimmed.strip_suffix('.') {
        Some(whole) if trimmed.len() < text.len() => whole,
        _ => text,
    }
}

pub(super) fn to_float64(value: &Value) -> f64 {
    match value {
        Value::Int(number) | Value::Int64(number) => *number as f64,
        Value::Uint64(number) => *number as f64,
        Value::Byte(number) => f64::from(*number),
        Value::Float(number) => *number,
        Value::Bool(truth) => f64::from(u8::from(*truth)),
        Value::Str(text) => str::from_utf8(text)
            .ok()
            .and_then(parse_float)
            .unwrap_or(0.0),
        Value::Missing
        | Value::Nil
        | Value::List(_)
        | Value::Map(_)
        | Value::Time(_)
        | Value::Version(_) => 0.0,
    }
}

pub(super) fn int(_: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    value_at(arguments, 0).map(|value| Value::Int(to_int64(value)))
}

pub(super) fn int64(_: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    value_at(arguments, 0).map(|value| Value::Int64(to_int64(value)))
}

pub(super) fn float64(_: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    value_at(arguments, 0).map(|value| Value::Float(to_float64(value)))
}

/// `strconv.Atoi` without its error: what does not fit is the largest or smallest number.
pub(super) fn atoi(_: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let text = text_at(arguments, 0)?;
    let digits = text
        .strip_prefix(b"-")
        .or_else(|| text.strip_prefix(b"+"))
        .unwrap_or(text);
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Ok(Value::Int(0));
    }
    let number = digits.iter().fold(0_i64, |number, digit| {
        let digit = i64::from(digit - b'0');
        let number = number.saturating_mul(10);
        if text.starts_with(b"-") {
            number.saturating_sub(digit)
        } else {
            number.saturating_add(digit)
        }
    });
    Ok(Value::Int(number))
}

pub(super) fn to_decimal(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let text = call.display(value_at(arguments, 0)?)?;
    let fits = text
        .iter()
        .enumerate()
        .all(|(at, byte)| byte.is_ascii_digit() || at == 0 && matches!(byte, b'+' | b'-'));
    let number = str::from_utf8(&text)
        .ok()
        .filter(|_| fits)
        .and_then(|text| i64::from_str_radix(text, 8).ok());
    Ok(Value::Int64(number.unwrap_or(0)))
}
