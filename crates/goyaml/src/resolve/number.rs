//! Numbers as Go's `strconv` reads them where go-yaml asks it to.

use super::Dialect;

/// A number of the type that go-yaml gives it.
pub(super) enum Number {
    Int(i64),
    Uint(u64),
    Float(f64),
}

/// Reads a text that starts with a digit or a sign.
pub(super) fn read(text: &str, dialect: Dialect) -> Option<Number> {
    let stripped;
    let plain = if text.contains('_') {
        stripped = text.replace('_', "");
        stripped.as_str()
    } else {
        text
    };
    if let Some(magnitude) = whole(unsigned(plain)) {
        // A second sign would have stopped `whole`.
        if let Some(number) = signed(plain.starts_with('-'), magnitude) {
            return Some(Number::Int(number));
        }
        if !plain.starts_with(['+', '-']) {
            return Some(Number::Uint(magnitude));
        }
    }
    if let Some(number) = decimal(plain) {
        return Some(Number::Float(number));
    }
    prefixed(plain, dialect)
}

/// Reads a text that starts with a point: a float, in which Go lets underscores stand between digits.
pub(super) fn leading_point(text: &str) -> Option<f64> {
    let bytes = text.as_bytes();
    let mut after_digit = false;
    for byte in bytes {
        if *byte == b'_' && !after_digit {
            return None;
        }
        after_digit = byte.is_ascii_digit();
    }
    if bytes
        .windows(2)
        .any(|pair| pair[0] == b'_' && !pair[1].is_ascii_digit())
        || bytes.ends_with(b"_")
    {
        return None;
    }
    decimal(&text.replace('_', ""))
}

fn unsigned(text: &str) -> &str {
    text.strip_prefix(['+', '-']).unwrap_or(text)
}

fn signed(negative: bool, magnitude: u64) -> Option<i64> {
    if negative {
        0i64.checked_sub_unsigned(magnitude)
    } else {
        i64::try_from(magnitude).ok()
    }
}

/// `ParseUint(digits, 0, 64)`: the base is in the text.
fn whole(digits: &str) -> Option<u64> {
    match digits.as_bytes() {
        [b'0', b'b' | b'B', _, ..] => based(&digits[2..], 2),
        [b'0', b'o' | b'O', _, ..] => based(&digits[2..], 8),
        [b'0', b'x' | b'X', _, ..] => based(&digits[2..], 16),
        [b'0'] => Some(0),
        [b'0', ..] => based(&digits[1..], 8),
        _ => based(digits, 10),
    }
}

fn based(digits: &str, base: u32) -> Option<u64> {
    // Rust would take a sign here, Go does not.
    if digits.starts_with('+') {
        return None;
    }
    u64::from_str_radix(digits, base).ok()
}

/// A float of the form `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?` that is finite.
fn decimal(text: &str) -> Option<f64> {
    let rest = unsigned(text).as_bytes();
    let (whole, rest) = split_digits(rest);
    let (fraction, rest) = match rest {
        [b'.', rest @ ..] => split_digits(rest),
        _ => (0, rest),
    };
    if whole + fraction == 0 {
        return None;
    }
    let rest = match rest {
        [b'e' | b'E', b'+' | b'-', rest @ ..] | [b'e' | b'E', rest @ ..] => {
            match split_digits(rest) {
                (0, _) => return None,
                (_, rest) => rest,
            }
        }
        _ => rest,
    };
    if !rest.is_empty() {
        return None;
    }
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

/// The number of digits at the start, and what follows them.
fn split_digits(bytes: &[u8]) -> (usize, &[u8]) {
    let length = bytes
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    (length, &bytes[length..])
}

/// What go-yaml reads by itself after Go has refused the text: a sign behind `0b`, and in v3 behind `0o`
/// (go-yaml: resolve.go).
fn prefixed(text: &str, dialect: Dialect) -> Option<Number> {
    let (digits, base) = match (text.as_bytes(), dialect) {
        ([b'0', b'b', ..], _) => (&text[2..], 2),
        ([b'0', b'o', ..], Dialect::GoYaml3) => (&text[2..], 8),
        _ => return None,
    };
    let magnitude = based(unsigned(digits), base)?;
    signed(digits.starts_with('-'), magnitude).map(Number::Int)
}
