//! The order in which go-yaml writes the keys of a Go map: numbers by size, texts with the numbers in them by size too
//! (go-yaml: sorter.go).
//!
//! Outside ASCII the standard library's letters and numerals stand in for Go's, which are a little fewer (`½` is no
//! digit to Go).

use std::cmp::Ordering;

use crate::{resolve::Dialect, value::Value};

/// Entries in the order of their names; of equal names the last.
pub(super) fn names(entries: &[(String, Value)], dialect: Dialect) -> Vec<(&str, &Value)> {
    let mut sorted: Vec<(&str, &Value)> = entries
        .iter()
        .map(|(key, value)| (key.as_str(), value))
        .collect();
    sort(&mut sorted, &|left, right| {
        text_less(left.0, right.0, dialect)
    });
    keep_last(sorted, |left, right| left == right)
}

/// Entries in the order of their keys; of equal keys the last.
pub(super) fn keys(entries: &[(Value, Value)], dialect: Dialect) -> Vec<(&Value, &Value)> {
    let mut sorted: Vec<(&Value, &Value)> =
        entries.iter().map(|(key, value)| (key, value)).collect();
    sort(&mut sorted, &|left, right| less(left.0, right.0, dialect));
    keep_last(sorted, |left, right| left == right)
}

fn keep_last<K: Copy, V: Copy>(sorted: Vec<(K, V)>, same: impl Fn(&K, &K) -> bool) -> Vec<(K, V)> {
    let mut kept: Vec<(K, V)> = Vec::with_capacity(sorted.len());
    for entry in sorted {
        match kept.last_mut() {
            Some(last) if same(&last.0, &entry.0) => *last = entry,
            _ => kept.push(entry),
        }
    }
    kept
}

/// A stable merge sort. Go's comparison is no total order (`a1b`, `a01` and the like can form circles), and the
/// standard library may panic on such.
fn sort<T: Copy>(items: &mut Vec<T>, less: &impl Fn(&T, &T) -> bool) {
    let mut width = 1;
    while width < items.len() {
        let mut merged = Vec::with_capacity(items.len());
        for pair in items.chunks(width * 2) {
            let (mut left, mut right) = pair.split_at(pair.len().min(width));
            while let (Some(first), Some(second)) = (left.first(), right.first()) {
                if less(second, first) {
                    merged.push(*second);
                    right = &right[1..];
                } else {
                    merged.push(*first);
                    left = &left[1..];
                }
            }
            merged.extend_from_slice(left);
            merged.extend_from_slice(right);
        }
        *items = merged;
        width *= 2;
    }
}

/// The order of Go's `reflect.Kind`s, as far as keys have them.
fn kind(value: &Value) -> u8 {
    match value {
        Value::Null => 0,
        Value::Bool(_) => 1,
        Value::Int(_) => 2,
        Value::Uint(_) => 11,
        Value::Float(_) => 14,
        Value::Array(_) => 17,
        Value::Object(_) | Value::Mapping(_) => 21,
        Value::String(_) | Value::Bytes(_) => 24,
        Value::Timestamp(_) => 25,
    }
}

#[allow(clippy::cast_precision_loss)]
fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Bool(value) => Some(f64::from(u8::from(*value))),
        Value::Int(number) => Some(*number as f64),
        Value::Uint(number) => Some(*number as f64),
        Value::Float(number) => Some(*number),
        _ => None,
    }
}

fn less(left: &Value, right: &Value, dialect: Dialect) -> bool {
    if let (Some(a), Some(b)) = (number(left), number(right)) {
        if a.partial_cmp(&b) != Some(Ordering::Equal) {
            return a < b;
        }
        return match (left, right) {
            (Value::Int(a), Value::Int(b)) => a < b,
            (Value::Uint(a), Value::Uint(b)) => a < b,
            _ => kind(left) < kind(right),
        };
    }
    match (left, right) {
        (Value::String(a), Value::String(b)) => text_less(a, b, dialect),
        _ => kind(left) < kind(right),
    }
}

fn text_less(left: &str, right: &str, dialect: Dialect) -> bool {
    let common = left
        .bytes()
        .zip(right.bytes())
        .take_while(|(a, b)| a == b)
        .count();
    let common = left.floor_char_boundary(common);
    let (stem, a) = left.split_at(common);
    let b = &right[common..];
    let (Some(first), Some(second)) = (a.chars().next(), b.chars().next()) else {
        return a.len() < b.len();
    };
    match (first.is_alphabetic(), second.is_alphabetic()) {
        (true, true) => return first < second,
        (false, false) => {}
        (first_is_letter, second_is_letter) => {
            // Only v3 looks at what stands before: `a1b` comes before `a1-`, but `a-` before `ab`.
            let after_digit = dialect == Dialect::GoYaml3 && stem.ends_with(char::is_numeric);
            return if after_digit {
                first_is_letter
            } else {
                second_is_letter
            };
        }
    }
    // Zeros inside a number count, those in front of it do not.
    let mut start = 0;
    if first == '0' || second == '0' {
        let digits = stem
            .chars()
            .rev()
            .take_while(|character| character.is_numeric());
        start = i64::from(digits.into_iter().any(|digit| digit != '0'));
    }
    let (a_number, a_length) = leading_number(a, start);
    let (b_number, b_length) = leading_number(b, start);
    (a_number, a_length, first) < (b_number, b_length, second)
}

/// The number at the start of a text, as Go computes it: digits after `start`, in 64 bits that wrap.
fn leading_number(text: &str, start: i64) -> (i64, usize) {
    let mut number = start;
    let mut length = 0;
    for digit in text.chars().take_while(|character| character.is_numeric()) {
        number = number
            .wrapping_mul(10)
            .wrapping_add(i64::from(u32::from(digit)) - i64::from(u32::from('0')));
        length += 1;
    }
    (number, length)
}
