//! Arithmetic on `int64` and `float64`. Integers wrap around.

use super::cast::{to_float64, to_int64};
use crate::error::Fault;
use crate::functions::{Call, int_at, value_at};
use crate::value::{Element, List, Value};

pub(super) fn add(_: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    Ok(Value::Int64(
        arguments
            .iter()
            .fold(0, |sum, value| sum.wrapping_add(to_int64(value))),
    ))
}

pub(super) fn add1(_: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    Ok(Value::Int64(
        to_int64(value_at(arguments, 0)?).wrapping_add(1),
    ))
}

fn pair(arguments: &[Value]) -> Result<(i64, i64), Fault> {
    Ok((
        to_int64(value_at(arguments, 0)?),
        to_int64(value_at(arguments, 1)?),
    ))
}

pub(super) fn sub(_: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let (left, right) = pair(arguments)?;
    Ok(Value::Int64(left.wrapping_sub(right)))
}

pub(super) fn div(_: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    match pair(arguments)? {
        (_, 0) => Err(Fault::DivisionByZero),
        (left, right) => Ok(Value::Int64(left.wrapping_div(right))),
    }
}

pub(super) fn modulo(_: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    match pair(arguments)? {
        (_, 0) => Err(Fault::DivisionByZero),
        (left, right) => Ok(Value::Int64(left.wrapping_rem(right))),
    }
}

pub(super) fn mul(_: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    Ok(Value::Int64(
        arguments.iter().fold(1, |product: i64, value| {
            product.wrapping_mul(to_int64(value))
        }),
    ))
}

pub(super) fn max(_: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    arguments
        .iter()
        .map(to_int64)
        .max()
        .map(Value::Int64)
        .ok_or(Fault::ArgumentCount)
}

pub(super) fn min(_: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    arguments
        .iter()
        .map(to_int64)
        .min()
        .map(Value::Int64)
        .ok_or(Fault::ArgumentCount)
}

/// `math.Max`: an infinity wins over everything, then not-a-number does.
pub(super) fn maxf(_: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    extreme(arguments, f64::INFINITY, f64::max)
}

pub(super) fn minf(_: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    extreme(arguments, f64::NEG_INFINITY, f64::min)
}

fn extreme(arguments: &[Value], winner: f64, choose: fn(f64, f64) -> f64) -> Result<Value, Fault> {
    let fold = |left: f64, right: f64| {
        if left == winner || right == winner {
            winner
        } else if left.is_nan() || right.is_nan() {
            f64::NAN
        } else if left == 0.0 && right == 0.0 {
            // The sign of zero counts.
            if left.is_sign_negative() == winner.is_sign_negative() {
                left
            } else {
                right
            }
        } else {
            choose(left, right)
        }
    };
    arguments
        .iter()
        .map(to_float64)
        .reduce(fold)
        .map(Value::Float)
        .ok_or(Fault::ArgumentCount)
}

pub(super) fn floor(_: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    Ok(Value::Float(to_float64(value_at(arguments, 0)?).floor()))
}

pub(super) fn ceil(_: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    Ok(Value::Float(to_float64(value_at(arguments, 0)?).ceil()))
}

pub(super) fn round(_: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let round_on = match arguments.get(2) {
        Some(Value::Float(round_on)) => *round_on,
        _ => 0.5,
    };
    let power = 10_f64.powf(int_at(arguments, 1)? as f64);
    let shifted = power * to_float64(value_at(arguments, 0)?);
    let rounded = if shifted.is_infinite() || shifted - shifted.trunc() < round_on {
        shifted.floor()
    } else {
        shifted.ceil()
    };
    Ok(Value::Float(rounded / power))
}

/// How many numbers `untilStep` gives.
fn count(start: i64, stop: i64, step: i64) -> u128 {
    let distance = i128::from(stop) - i128::from(start);
    if step == 0 || distance == 0 || (distance > 0) != (step > 0) {
        return 0;
    }
    distance
        .unsigned_abs()
        .div_ceil(u128::from(step.unsigned_abs()))
}

fn numbers(
    call: &Call<'_>,
    start: i64,
    stop: i64,
    step: i64,
) -> Result<impl Iterator<Item = i64> + use<>, Fault> {
    let count = usize::try_from(count(start, stop, step)).map_err(|_| Fault::MemoryLimit)?;
    call.memory(count.saturating_mul(64))?;
    Ok((0..count as i64).map(move |index| start.wrapping_add(step.wrapping_mul(index))))
}

pub(super) fn until(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let stop = int_at(arguments, 0)?;
    let items = numbers(call, 0, stop, if stop < 0 { -1 } else { 1 })?
        .map(Value::Int)
        .collect();
    Ok(Value::List(List::new(Element::Int, items)))
}

pub(super) fn until_step(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let (start, stop, step) = (
        int_at(arguments, 0)?,
        int_at(arguments, 1)?,
        int_at(arguments, 2)?,
    );
    let items = numbers(call, start, stop, step)?.map(Value::Int).collect();
    Ok(Value::List(List::new(Element::Int, items)))
}

pub(super) fn seq(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    let (start, step, end) = match arguments.len() {
        1 => (1, None, int_at(arguments, 0)?),
        2 => (int_at(arguments, 0)?, None, int_at(arguments, 1)?),
        3 => (
            int_at(arguments, 0)?,
            Some(int_at(arguments, 1)?),
            int_at(arguments, 2)?,
        ),
        _ => return call.text(""),
    };
    let direction = if end < start { -1 } else { 1 };
    if direction < 0 && step.is_some_and(|step| step > 0) {
        return call.text("");
    }
    let numbers = numbers(
        call,
        start,
        end.wrapping_add(direction),
        step.unwrap_or(direction),
    )?;
    let texts: Vec<String> = numbers.map(|number| number.to_string()).collect();
    call.text(texts.join(" "))
}
