//! Dates and durations. What has no date in its arguments asks the clock.

use super::text::as_text;
use crate::error::Fault;
use crate::functions::{Call, text_at, value_at};
use crate::time::{Time, format_duration, parse_duration};
use crate::value::Value;

const DATE: &[u8] = b"2006-01-02";

fn current(call: &Call<'_>) -> Result<Time, Fault> {
    let now = call.clock()?;
    Ok(Time::from_unix(
        i64::try_from(now.as_secs()).unwrap_or(i64::MAX),
        now.subsec_nanos(),
    ))
}

pub(super) fn now(call: &Call<'_>, _: &[Value]) -> Result<Value, Fault> {
    current(call).map(Value::Time)
}

/// A time, or seconds since the epoch; for anything else sprig takes the current time.
fn time_of(call: &Call<'_>, value: &Value) -> Result<Time, Fault> {
    match value {
        Value::Time(time) => Ok(*time),
        Value::Int(seconds) | Value::Int64(seconds) => Ok(Time::from_unix(*seconds, 0)),
        _ => current(call),
    }
}

fn formatted(call: &Call<'_>, layout: &[u8], value: &Value, zone: &[u8]) -> Result<Value, Fault> {
    // Months and days have the longest names; each replaces three letters.
    call.memory(layout.len().saturating_mul(8) + 64)?;
    match zone {
        b"" | b"UTC" | b"Local" => call.text(time_of(call, value)?.at_offset(0).format(layout)),
        _ => Err(Fault::Zone),
    }
}

pub(super) fn date(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    formatted(call, text_at(arguments, 0)?, value_at(arguments, 1)?, b"")
}

pub(super) fn date_in_zone(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    formatted(
        call,
        text_at(arguments, 0)?,
        value_at(arguments, 1)?,
        text_at(arguments, 2)?,
    )
}

pub(super) fn html_date(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    formatted(call, DATE, value_at(arguments, 0)?, b"")
}

pub(super) fn html_date_in_zone(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    formatted(call, DATE, value_at(arguments, 0)?, text_at(arguments, 1)?)
}

fn time_at(arguments: &[Value], index: usize) -> Result<Time, Fault> {
    match value_at(arguments, index)? {
        Value::Time(time) => Ok(*time),
        _ => Err(Fault::ArgumentType),
    }
}

pub(super) fn modify(_: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let time = time_at(arguments, 1)?;
    Ok(Value::Time(
        parse_duration(text_at(arguments, 0)?).map_or(time, |duration| time.plus(duration)),
    ))
}

pub(super) fn must_modify(_: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let duration = parse_duration(text_at(arguments, 0)?).ok_or(Fault::Date)?;
    Ok(Value::Time(time_at(arguments, 1)?.plus(duration)))
}

pub(super) fn to_date(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    match must_to_date(call, arguments) {
        Err(Fault::Date) => Ok(Value::Time(Time::ZERO)),
        result => result,
    }
}

pub(super) fn must_to_date(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let (layout, text) = (text_at(arguments, 0)?, text_at(arguments, 1)?);
    call.steps(layout.len() + text.len())?;
    Time::parse(layout, text)
        .map(Value::Time)
        .ok_or(Fault::Date)
}

pub(super) fn unix_epoch(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    call.text(time_at(arguments, 0)?.unix().to_string())
}

/// The nanoseconds since a time, as far as an `int64` holds them.
fn since(call: &Call<'_>, time: Time) -> Result<i64, Fault> {
    let now = current(call)?;
    let nanoseconds = i128::from(now.unix() - time.unix()) * 1_000_000_000
        + i128::from(now.nanosecond())
        - i128::from(time.nanosecond());
    Ok(i64::try_from(nanoseconds).unwrap_or(if nanoseconds < 0 { i64::MIN } else { i64::MAX }))
}

pub(super) fn ago(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let elapsed = since(call, time_of(call, value_at(arguments, 0)?)?)?;
    let whole = (elapsed / 500_000_000 + elapsed.signum()) / 2;
    call.text(format_duration(whole.saturating_mul(1_000_000_000)))
}

pub(super) fn duration(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let seconds = match value_at(arguments, 0)? {
        value @ Value::Str(_) => parsed_int(&as_text(call, value)?),
        Value::Int64(seconds) => *seconds,
        _ => 0,
    };
    call.text(format_duration(seconds.wrapping_mul(1_000_000_000)))
}

/// `strconv.ParseInt(text, 10, 64)` without its error: out of range, it gives the nearest number.
fn parsed_int(text: &[u8]) -> i64 {
    let digits = text
        .strip_prefix(b"-")
        .or_else(|| text.strip_prefix(b"+"))
        .unwrap_or(text);
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return 0;
    }
    let negative = text.starts_with(b"-");
    digits.iter().fold(0_i64, |number, digit| {
        let digit = i64::from(digit - b'0');
        let number = number.saturating_mul(10);
        if negative {
            number.saturating_sub(digit)
        } else {
            number.saturating_add(digit)
        }
    })
}

pub(super) fn duration_round(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let duration = match value_at(arguments, 0)? {
        Value::Str(text) => parse_duration(text).unwrap_or(0),
        Value::Int64(nanoseconds) => *nanoseconds,
        Value::Time(time) => since(call, *time)?,
        _ => 0,
    };
    const HOUR: u64 = 3_600_000_000_000;
    let units = [
        (365 * 24 * HOUR, "y"),
        (30 * 24 * HOUR, "mo"),
        (24 * HOUR, "d"),
        (HOUR, "h"),
        (HOUR / 60, "m"),
        (HOUR / 3600, "s"),
    ];
    let magnitude = duration.unsigned_abs();
    match units.iter().find(|(length, _)| magnitude > *length) {
        Some((length, unit)) => call.text(format!("{}{unit}", magnitude / length)),
        None => call.text("0s"),
    }
}
