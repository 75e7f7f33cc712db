//! Arithmetic on floats without binary rounding in between, as sprig does it with `shopspring/decimal`: operands are
//! taken by their shortest decimal form, and division stops at 16 digits after the point.

use std::cmp::Ordering;

use super::cast::to_float64;
use crate::error::Fault;
use crate::functions::{Call, value_at};
use crate::value::Value;

/// How many digits after the point a quotient has.
const PRECISION: i64 = 16;

/// `± digits × 10^exponent`; digits are decimal, the most significant first.
struct Decimal {
    negative: bool,
    digits: Vec<u8>,
    exponent: i64,
}

pub(super) fn add1(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    fold(call, value_at(arguments, 0)?, &[Value::Int(1)], plus)
}

pub(super) fn add(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    fold(call, &Value::Float(0.0), arguments, plus)
}

pub(super) fn sub(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    fold(
        call,
        value_at(arguments, 0)?,
        &arguments[1..],
        |left, right| {
            plus(
                left,
                Decimal {
                    negative: !right.negative,
                    ..right
                },
            )
        },
    )
}

pub(super) fn mul(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    fold(
        call,
        value_at(arguments, 0)?,
        &arguments[1..],
        |left, right| Ok(times(&left, &right)),
    )
}

pub(super) fn div(call: &Call<'_>, arguments: &[Value]) -> Result<Value, Fault> {
    fold(call, value_at(arguments, 0)?, &arguments[1..], quotient)
}

fn fold(
    call: &Call<'_>,
    first: &Value,
    rest: &[Value],
    operation: fn(Decimal, Decimal) -> Result<Decimal, Fault>,
) -> Result<Value, Fault> {
    let mut result = Decimal::from_float(to_float64(first))?;
    for value in rest {
        let operand = Decimal::from_float(to_float64(value))?;
        // The work of one operation grows with the product of the lengths, exponents included.
        let length = |decimal: &Decimal| {
            decimal.digits.len() + decimal.exponent.unsigned_abs() as usize + 32
        };
        call.steps(length(&result).saturating_mul(length(&operand)) / 64)?;
        result = operation(result, operand)?;
    }
    Ok(Value::Float(result.to_float()))
}

impl Decimal {
    fn from_float(number: f64) -> Result<Self, Fault> {
        if !number.is_finite() {
            return Err(Fault::ArgumentValue);
        }
        let text = format!("{:e}", number.abs());
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let fraction = mantissa
            .split_once('.')
            .map_or(0, |(_, fraction)| fraction.len() as i64);
        let digits = mantissa
            .bytes()
            .filter(u8::is_ascii_digit)
            .map(|digit| digit - b'0')
            .collect();
        let exponent = exponent.parse::<i64>().unwrap_or(0) - fraction;
        Ok(Self {
            negative: number < 0.0,
            digits,
            exponent,
        }
        .trimmed())
    }

    fn trimmed(mut self) -> Self {
        let zeros = self.digits.iter().take_while(|digit| **digit == 0).count();
        self.digits.drain(..zeros);
        while self.digits.last() == Some(&0) {
            self.digits.pop();
            self.exponent += 1;
        }
        if self.digits.is_empty() {
            self.exponent = 0;
            self.negative = false;
        }
        self
    }

    /// The digits at a smaller exponent.
    fn at(&self, exponent: i64) -> Vec<u8> {
        let zeros = usize::try_from(self.exponent - exponent).unwrap_or(0);
        let mut digits = self.digits.clone();
        digits.extend(std::iter::repeat_n(0, zeros));
        digits
    }

    fn to_float(&self) -> f64 {
        let digits: String = self
            .digits
            .iter()
            .map(|digit| char::from(b'0' + digit))
            .collect();
        let sign = if self.negative { "-" } else { "" };
        let digits = if digits.is_empty() { "0" } else { &digits };
        format!("{sign}{digits}e{}", self.exponent)
            .parse()
            .unwrap_or(0.0)
    }
}

fn compare(left: &[u8], right: &[u8]) -> Ordering {
    let significant = |digits: &[u8]| digits.iter().take_while(|digit| **digit == 0).count();
    let (left, right) = (&left[significant(left)..], &right[significant(right)..]);
    left.len().cmp(&right.len()).then_with(|| left.cmp(right))
}

/// `left - right`, where `left` is not the smaller one.
fn difference(left: &[u8], right: &[u8]) -> Vec<u8> {
    let mut digits = left.to_vec();
    let mut borrow = 0;
    for index in 0..digits.len() {
        let at = digits.len() - 1 - index;
        let taken = borrow + right.len().checked_sub(index + 1).map_or(0, |at| right[at]);
        borrow = u8::from(digits[at] < taken);
        digits[at] = digits[at] + 10 * borrow - taken;
    }
    digits
}

fn sum(left: &[u8], right: &[u8]) -> Vec<u8> {
    let length = left.len().max(right.len()) + 1;
    let mut digits = vec![0; length];
    let mut carry = 0;
    for index in 0..length {
        let digit = |digits: &[u8]| {
            digits
                .len()
                .checked_sub(index + 1)
                .map_or(0, |at| digits[at])
        };
        let total = digit(left) + digit(right) + carry;
        digits[length - 1 - index] = total % 10;
        carry = total / 10;
    }
    digits
}

fn plus(left: Decimal, right: Decimal) -> Result<Decimal, Fault> {
    let exponent = left.exponent.min(right.exponent);
    let (one, other) = (left.at(exponent), right.at(exponent));
    let (negative, digits) = if left.negative == right.negative {
        (left.negative, sum(&one, &other))
    } else if compare(&one, &other).is_ge() {
        (left.negative, difference(&one, &other))
    } else {
        (right.negative, difference(&other, &one))
    };
    Ok(Decimal {
        negative,
        digits,
        exponent,
    }
    .trimmed())
}

fn times(left: &Decimal, right: &Decimal) -> Decimal {
    let mut places = vec![0_u32; left.digits.len() + right.digits.len()];
    for (one, left) in left.digits.iter().rev().enumerate() {
        for (other, right) in right.digits.iter().rev().enumerate() {
            places[one + other] += u32::from(left * right);
        }
        // The places are carried after each row, so that they cannot overflow.
        let mut carry = 0;
        for place in &mut places {
            let total = *place + carry;
            *place = total % 10;
            carry = total / 10;
        }
    }
    let digits = places.iter().rev().map(|place| *place as u8).collect();
    Decimal {
        negative: left.negative != right.negative,
        digits,
        exponent: left.exponent + right.exponent,
    }
    .trimmed()
}

fn quotient(left: Decimal, right: Decimal) -> Result<Decimal, Fault> {
    if right.digits.is_empty() {
        return Err(Fault::DivisionByZero);
    }
    // Both are made whole numbers whose quotient counts in units of the last digit kept.
    let (mut dividend, mut divisor) = (left.digits.clone(), right.digits.clone());
    let shift = left.exponent - right.exponent + PRECISION;
    let zeros = std::iter::repeat_n(0, usize::try_from(shift.unsigned_abs()).unwrap_or(0));
    if shift >= 0 {
        dividend.extend(zeros)
    } else {
        divisor.extend(zeros)
    }
    let mut digits = Vec::with_capacity(dividend.len());
    let mut rest: Vec<u8> = Vec::new();
    for digit in dividend {
        rest.push(digit);
        let zeros = rest.iter().take_while(|digit| **digit == 0).count();
        rest.drain(..zeros);
        let mut count = 0;
        while compare(&rest, &divisor).is_ge() {
            rest = difference(&rest, &divisor);
            let zeros = rest.iter().take_while(|digit| **digit == 0).count();
            rest.drain(..zeros);
            count += 1;
        }
        digits.push(count);
    }
    // The last digit is rounded away from zero.
    if compare(&sum(&rest, &rest), &divisor).is_ge() {
        digits = sum(&digits, &[1]);
    }
    let negative = left.negative != right.negative;
    Ok(Decimal {
        negative,
        digits,
        exponent: -PRECISION,
    }
    .trimmed())
}
