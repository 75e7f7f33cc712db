//! Number, string and character constants, by the rules of Go's `strconv`.

use super::ast::Number;

/// `strconv.Unquote` of a string in double or back quotes.
pub(crate) fn unquote(quoted: &str) -> Option<Vec<u8>> {
    let inner = quoted.get(1..quoted.len().checked_sub(1)?)?;
    if quoted.starts_with('`') {
        return Some(inner.bytes().filter(|byte| *byte != b'\r').collect());
    }
    let mut text = Vec::with_capacity(inner.len());
    let mut rest = inner;
    while !rest.is_empty() {
        let (unit, after) = unquote_unit(rest, '"')?;
        match unit {
            Unit::Byte(byte) => text.push(byte),
            Unit::Character(character) => {
                text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            }
        }
        rest = after;
    }
    Some(text)
}

/// The value of a character constant, quotes included.
pub(crate) fn character(quoted: &str) -> Option<Number> {
    let (unit, rest) = unquote_unit(quoted.get(1..)?, '\'')?;
    let value = match unit {
        Unit::Byte(byte) => u32::from(byte),
        Unit::Character(character) => u32::from(character),
    };
    (rest == "'").then(|| Number {
        int: Some(i64::from(value)),
        float: Some(f64::from(value)),
        looks_float: false,
    })
}

enum Unit {
    Byte(u8),
    Character(char),
}

fn unquote_unit(text: &str, quote: char) -> Option<(Unit, &str)> {
    let mut characters = text.chars();
    let first = characters.next()?;
    if first == quote {
        return None;
    }
    if first != '\\' {
        return Some((Unit::Character(first), characters.as_str()));
    }
    let escape = characters.next()?;
    let rest = characters.as_str();
    let simple = match escape {
        'a' => 7,
        'b' => 8,
        'f' => 12,
        'n' => 10,
        'r' => 13,
        't' => 9,
        'v' => 11,
        '\\' => b'\\',
        '\'' | '"' if escape == quote => escape as u8,
        'x' => {
            let digits = rest.get(..2)?;
            return Some((Unit::Byte(hex(digits)? as u8), &rest[2..]));
        }
        'u' | 'U' => {
            let count = if escape == 'u' { 4 } else { 8 };
            let value = char::from_u32(hex(rest.get(..count)?)?)?;
            return Some((Unit::Character(value), &rest[count..]));
        }
        '0'..='7' => {
            let digits = &text.get(1..4)?;
            if !digits.bytes().all(|digit| matches!(digit, b'0'..=b'7')) {
                return None;
            }
            let value = u8::try_from(u32::from_str_radix(digits, 8).ok()?).ok()?;
            return Some((Unit::Byte(value), &text[4..]));
        }
        _ => return None,
    };
    Some((Unit::Character(char::from(simple)), rest))
}

fn hex(digits: &str) -> Option<u32> {
    digits
        .bytes()
        .all(|digit| digit.is_ascii_hexdigit())
        .then(|| u32::from_str_radix(digits, 16).ok())
        .flatten()
}

/// A number constant. Complex numbers are not supported.
pub(crate) fn number(text: &str) -> Option<Number> {
    let looks_float = {
        let digits = text.trim_start_matches(['+', '-']);
        let is_hex = digits.len() > 2
            && digits.starts_with('0')
            && matches!(digits.as_bytes()[1], b'x' | b'X');
        // A signed hexadecimal constant is no exception in Go: its `e` digits make it a float there.
        if is_hex && digits.len() == text.len() {
            text.contains(['p', 'P'])
        } else {
            text.contains(['.', 'e', 'E', 'p', 'P'])
        }
    };
    let uint = parse_uint(text);
    let int = parse_int(text);
    if int.is_some() || uint.is_some() {
        let float = int.map_or_else(
            || uint.map(|value| value as f64),
            |value| Some(value as f64),
        );
        return Some(Number {
            int,
            float,
            looks_float,
        });
    }
    if !text.contains(['.', 'e', 'E', 'p', 'P']) {
        return None;
    }
    let float = parse_float(text)?;
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    let whole = float.fract() == 0.0;
    let int = (whole && (-LIMIT..LIMIT).contains(&float)).then_some(float as i64);
    Some(Number {
        int,
        float: Some(float),
        looks_float,
    })
}

/// `strconv.ParseUint(text, 0, 64)`.
pub(crate) fn parse_uint(text: &str) -> Option<u64> {
    let bytes = text.as_bytes();
    let prefix = bytes.get(1).map(u8::to_ascii_lowercase);
    let (base, digits) = match (bytes.first()?, prefix) {
        (b'0', Some(b'x')) => (16, &text[2..]),
        (b'0', Some(b'o')) => (8, &text[2..]),
        (b'0', Some(b'b')) => (2, &text[2..]),
        (b'0', Some(_)) => (8, &text[1..]),
        _ => (10, text),
    };
    if !underscores_separate(text)
        || !digits
            .bytes()
            .next()
            .is_some_and(|first| first != b'+' && first != b'-')
    {
        return None;
    }
    let mut value = 0_u64;
    let mut any = false;
    for digit in digits.chars().filter(|digit| *digit != '_') {
        value = value
            .checked_mul(base)?
            .checked_add(u64::from(digit.to_digit(base as u32)?))?;
        any = true;
    }
    any.then_some(value)
}

/// `strconv.ParseInt(text, 0, 64)`.
pub(crate) fn parse_int(text: &str) -> Option<i64> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let value = parse_uint(digits)?;
    if negative {
        0_i64.checked_sub_unsigned(value)
    } else {
        i64::try_from(value).ok()
    }
}

/// `strconv.ParseFloat(text, 64)`; `None` also for values out of range.
pub(crate) fn parse_float(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let lower = unsigned.to_ascii_lowercase();
    let magnitude = match lower.as_str() {
        "inf" | "infinity" => f64::INFINITY,
        "nan" => return Some(f64::NAN),
        _ if lower.contains('_') && !underscores_separate(text) => return None,
        _ if lower.starts_with("0x") => hex_float(&lower[2..].replace('_', ""))?,
        _ => {
            let digits = lower.replace('_', "");
            if !digits
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'+' | b'-'))
            {
                return None;
            }
            // Go has no float with underscores and no base prefix outside of source text.
            let value = digits.parse::<f64>().ok()?;
            if value.is_infinite() {
                return None;
            }
            value
        }
    };
    Some(if text.starts_with('-') {
        -magnitude
    } else {
        magnitude
    })
}

fn hex_float(text: &str) -> Option<f64> {
    let (digits, exponent) = text.split_once('p')?;
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut mantissa = 0_u64;
    let mut scale = 0_i64;
    let mut dropped = 0_u64;
    for (index, digit) in whole.chars().chain(fraction.chars()).enumerate() {
        let digit = u64::from(digit.to_digit(16)?);
        let fractional = index >= whole.len();
        if mantissa >> 59 == 0 {
            mantissa = mantissa << 4 | digit;
            scale -= if fractional { 4 } else { 0 };
        } else {
            dropped |= digit;
            scale += if fractional { 0 } else { 4 };
        }
    }
    // A sticky bit keeps the rounding right for digits beyond the mantissa.
    mantissa |= u64::from(dropped != 0);
    let exponent: i64 = exponent
        .strip_prefix('+')
        .unwrap_or(exponent)
        .parse()
        .ok()?;
    let mut exponent = exponent.checked_add(scale)?.clamp(-5000, 5000);
    let mut value = mantissa as f64;
    while exponent > 0 && value.is_finite() && value != 0.0 {
        let step = exponent.min(512);
        value *= 2_f64.powi(step as i32);
        exponent -= step;
    }
    while exponent < 0 && value != 0.0 {
        let step = (-exponent).min(512);
        value *= 2_f64.powi(-step as i32);
        exponent += step;
    }
    value.is_finite().then_some(value)
}

/// Go's rule that underscores only separate digits, or follow a base prefix.
fn underscores_separate(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text).as_bytes();
    if !digits.contains(&b'_') {
        return true;
    }
    let hexadecimal =
        digits.len() >= 2 && digits[0] == b'0' && digits[1].eq_ignore_ascii_case(&b'x');
    let prefixed = digits.len() >= 2
        && digits[0] == b'0'
        && matches!(digits[1].to_ascii_lowercase(), b'x' | b'o' | b'b');
    let mut last_is_digit = prefixed;
    let mut last_is_underscore = false;
    for byte in &digits[if prefixed { 2 } else { 0 }..] {
        let digit = byte.is_ascii_digit() || hexadecimal && byte.is_ascii_hexdigit();
        match byte {
            _ if digit => (last_is_digit, last_is_underscore) = (true, false),
            b'_' if last_is_digit => (last_is_digit, last_is_underscore) = (false, true),
            b'_' => return false,
            _ if last_is_underscore => return false,
            _ => (last_is_digit, last_is_underscore) = (false, false),
        }
    }
    !last_is_underscore
}
