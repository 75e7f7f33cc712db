//! Floats as Go writes them: `strconv.FormatFloat` with the fewest digits that read back the same, and what
//! `encoding/json` and go-yaml make of it.

use std::fmt::Write as _;

/// Writes a float as `encoding/json` does: plain notation, an exponent below 1e-6 and from 1e21 on (`1e-7`, `1e+21`).
///
/// `None` for an infinity or NaN, which JSON cannot hold.
pub fn json(value: f64) -> Option<String> {
    if !value.is_finite() {
        return None;
    }
    let size = value.abs();
    let digits = Digits::of(value);
    if size != 0.0 && !(1e-6..1e21).contains(&size) {
        return Some(digits.exponential(1));
    }
    Some(digits.plain())
}

/// Writes a float as go-yaml does: [`general`], with `.inf`, `-.inf` and `.nan` (go-yaml: encode.go).
pub fn yaml(value: f64) -> String {
    special(value, [".inf", "-.inf", ".nan"]).unwrap_or_else(|| Digits::of(value).general())
}

/// Writes a float as sigs.k8s.io/yaml writes it when it is the key of a mapping: with the digits of 32 bits
/// (sigs.k8s.io/yaml: yaml.go).
pub fn yaml32(value: f64) -> String {
    let value = narrowed(value);
    special(f64::from(value), [".inf", "-.inf", ".nan"])
        .unwrap_or_else(|| Digits::of32(value).general())
}

/// `FormatFloat(value, 'g', -1, 64)`: an exponent below 1e-4 and from 1e6 on, of at least two digits (`1e-07`, `1e+21`).
pub fn general(value: f64) -> String {
    special(value, ["+Inf", "-Inf", "NaN"]).unwrap_or_else(|| Digits::of(value).general())
}

/// `FormatFloat(value, 'g', -1, 32)`.
pub fn general32(value: f64) -> String {
    let value = narrowed(value);
    special(f64::from(value), ["+Inf", "-Inf", "NaN"])
        .unwrap_or_else(|| Digits::of32(value).general())
}

/// `FormatFloat(value, 'f', -1, 64)`: never an exponent.
pub fn plain(value: f64) -> String {
    special(value, ["+Inf", "-Inf", "NaN"]).unwrap_or_else(|| Digits::of(value).plain())
}

/// The float that Go's `float32(value)` gives: rounded to nearest, an infinity when too large.
#[allow(clippy::cast_possible_truncation)]
fn narrowed(value: f64) -> f32 {
    value as f32
}

fn special(value: f64, [positive, negative, nan]: [&str; 3]) -> Option<String> {
    if value.is_nan() {
        Some(nan.to_owned())
    } else if value.is_infinite() {
        Some(if value > 0.0 { positive } else { negative }.to_owned())
    } else {
        None
    }
}

/// The shortest digits of a finite float, and its decimal exponent: 0.012 is `12` and -2.
struct Digits {
    negative: bool,
    digits: String,
    exponent: i32,
}

impl Digits {
    fn of(value: f64) -> Self {
        let value_abs = value.abs();
        let digits = Self::split(&format!("{value_abs:e}"), value.is_sign_negative());
        digits.half_to_even(|precision| format!("{value_abs:.precision$e}"))
    }

    fn of32(value: f32) -> Self {
        let value_abs = value.abs();
        let digits = Self::split(&format!("{value_abs:e}"), value.is_sign_negative());
        digits.half_to_even(|precision| format!("{value_abs:.precision$e}"))
    }

    /// Where two shortest texts are equally near, Rust takes the greater and Go the one with the even last digit:
    /// 3459641.25 of 32 bits is `3459641.3` or `3459641.2`.
    fn half_to_even(mut self, exact: impl Fn(usize) -> String) -> Self {
        /// More digits than any 64-bit float has.
        const ALL: usize = 800;
        let Some(last) = self.digits.bytes().last().filter(|digit| digit % 2 == 1) else {
            return self;
        };
        let stem = self.digits.len() - 1;
        let halfway = |precision| {
            let exact = Self::split(&exact(precision), false).digits;
            exact[..stem] == self.digits[..stem]
                && exact.as_bytes()[stem] + 1 == last
                && exact.as_bytes()[stem + 1] == b'5'
                && exact[stem + 2..].bytes().all(|digit| digit == b'0')
        };
        if halfway(self.digits.len() + 1) && halfway(ALL) {
            self.digits.truncate(stem);
            self.digits.push(char::from(last - 1));
        }
        self
    }

    fn split(exponential: &str, negative: bool) -> Self {
        let (mantissa, exponent) = exponential.split_once('e').unwrap_or((exponential, "0"));
        Self {
            negative,
            digits: mantissa.chars().filter(char::is_ascii_digit).collect(),
            exponent: exponent.parse().unwrap_or(0),
        }
    }

    fn general(&self) -> String {
        // The threshold of six digits is Go's for the shortest form (strconv: ftoa.go).
        if (-4..6).contains(&self.exponent) {
            self.plain()
        } else {
            self.exponential(2)
        }
    }

    fn plain(&self) -> String {
        let mut text = String::with_capacity(self.digits.len() + 8);
        if self.negative {
            text.push('-');
        }
        match usize::try_from(self.exponent) {
            Ok(exponent) => {
                let whole = exponent + 1;
                if whole >= self.digits.len() {
                    text.push_str(&self.digits);
                    text.extend(std::iter::repeat_n('0', whole - self.digits.len()));
                } else {
                    text.push_str(&self.digits[..whole]);
                    text.push('.');
                    text.push_str(&self.digits[whole..]);
                }
            }
            Err(_) => {
                text.push_str("0.");
                text.extend((self.exponent..-1).map(|_| '0'));
                text.push_str(&self.digits);
            }
        }
        text
    }

    fn exponential(&self, width: usize) -> String {
        let mut text = String::with_capacity(self.digits.len() + 8);
        if self.negative {
            text.push('-');
        }
        let (first, rest) = self.digits.split_at(1);
        text.push_str(first);
        if !rest.is_empty() {
            text.push('.');
            text.push_str(rest);
        }
        let sign = if self.exponent < 0 { '-' } else { '+' };
        // Writing to a `String` cannot fail.
        let _ = write!(text, "e{sign}{:0width$}", self.exponent.unsigned_abs());
        text
    }
}
