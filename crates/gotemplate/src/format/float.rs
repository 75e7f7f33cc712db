//! Floats as Go's `strconv.AppendFloat` writes them.

/// The decimal digits of a float, and the position of its point: `0.d1d2d3… × 10^point`.
struct Digits {
    digits: Vec<u8>,
    point: i32,
}

/// Writes a float with one of the verbs `e`, `E`, `f`, `g`, `G`; without a precision, with as many digits as tell it
/// apart from other floats.
pub(crate) fn append(out: &mut Vec<u8>, value: f64, verb: u8, precision: Option<usize>) {
    if value.is_nan() {
        out.extend_from_slice(b"NaN");
        return;
    }
    if value.is_infinite() {
        out.extend_from_slice(if value < 0.0 { b"-Inf" } else { b"+Inf" });
        return;
    }
    if value.is_sign_negative() {
        out.push(b'-');
    }
    let magnitude = value.abs();
    match verb {
        b'f' | b'F' => match precision {
            Some(precision) => out.extend_from_slice(format!("{magnitude:.precision$}").as_bytes()),
            None => out.extend_from_slice(format!("{magnitude}").as_bytes()),
        },
        b'e' | b'E' => {
            let text = match precision {
                Some(precision) => format!("{magnitude:.precision$e}"),
                None => format!("{magnitude:e}"),
            };
            let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
            out.extend_from_slice(mantissa.as_bytes());
            append_exponent(out, verb, exponent.parse().unwrap_or(0));
        }
        _ => general(out, magnitude, verb, precision),
    }
}

fn general(out: &mut Vec<u8>, magnitude: f64, verb: u8, precision: Option<usize>) {
    let significant = precision.map(|precision| precision.max(1));
    let Digits { digits, point } = digits(magnitude, significant);
    let count = digits.len() as i32;
    // The shortest form decides by six digits (strconv: ftoa.go).
    let threshold =
        match significant.map(|significant| i32::try_from(significant).unwrap_or(i32::MAX)) {
            Some(significant) if significant > count && count >= point => count,
            Some(significant) => significant,
            None => 6,
        };
    let exponent = point - 1;
    if exponent < -4 || exponent >= threshold {
        out.push(digits.first().copied().unwrap_or(b'0'));
        if digits.len() > 1 {
            out.push(b'.');
            out.extend_from_slice(&digits[1..]);
        }
        append_exponent(out, if verb == b'G' { b'E' } else { b'e' }, exponent);
        return;
    }
    if point <= 0 {
        out.extend_from_slice(b"0");
        if count > 0 {
            out.push(b'.');
            out.extend(std::iter::repeat_n(b'0', point.unsigned_abs() as usize));
            out.extend_from_slice(&digits);
        }
        return;
    }
    let whole = point as usize;
    for index in 0..whole {
        out.push(digits.get(index).copied().unwrap_or(b'0'));
    }
    if digits.len() > whole {
        out.push(b'.');
        out.extend_from_slice(&digits[whole..]);
    }
}

fn digits(magnitude: f64, significant: Option<usize>) -> Digits {
    if magnitude == 0.0 {
        return Digits {
            digits: Vec::new(),
            point: 1,
        };
    }
    let text = match significant {
        Some(significant) => format!("{magnitude:.*e}", significant - 1),
        None => format!("{magnitude:e}"),
    };
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let mut digits: Vec<u8> = mantissa.bytes().filter(u8::is_ascii_digit).collect();
    while digits.last() == Some(&b'0') {
        digits.pop();
    }
    Digits {
        digits,
        point: exponent.parse::<i32>().unwrap_or(0) + 1,
    }
}

fn append_exponent(out: &mut Vec<u8>, verb: u8, exponent: i32) {
    out.push(verb);
    out.push(if exponent < 0 { b'-' } else { b'+' });
    out.extend_from_slice(format!("{:02}", exponent.unsigned_abs()).as_bytes());
}
