//! Durations as Go writes them: `1h2m3.5s`.

const UNITS: [(&str, u64); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("\u{b5}s", 1_000),
    ("\u{3bc}s", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// `time.ParseDuration`, in nanoseconds.
pub(crate) fn parse_duration(text: &[u8]) -> Option<i64> {
    let text = str::from_utf8(text).ok()?;
    let negative = text.starts_with('-');
    let mut rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut total = 0_u64;
    while !rest.is_empty() {
        let digits = rest
            .find(|next: char| !next.is_ascii_digit())
            .unwrap_or(rest.len());
        let (whole, after) = rest.split_at(digits);
        let (fraction, after) = match after.strip_prefix('.') {
            Some(after) => after.split_at(
                after
                    .find(|next: char| !next.is_ascii_digit())
                    .unwrap_or(after.len()),
            ),
            None => ("", after),
        };
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let length = after
            .find(|next: char| next == '.' || next.is_ascii_digit())
            .unwrap_or(after.len());
        let (name, after) = after.split_at(length);
        let unit = UNITS.iter().find(|(known, _)| *known == name)?.1;
        let whole: u64 = if whole.is_empty() {
            0
        } else {
            whole.parse().ok()?
        };
        let mut value = whole.checked_mul(unit).filter(|value| *value <= 1 << 63)?;
        value = value.checked_add(fraction_of(fraction, unit))?;
        total = total.checked_add(value).filter(|total| *total <= 1 << 63)?;
        rest = after;
    }
    if negative {
        0_i64.checked_sub_unsigned(total)
    } else {
        i64::try_from(total).ok()
    }
}

fn fraction_of(digits: &str, unit: u64) -> u64 {
    let mut value = 0_u64;
    let mut scale = 1_f64;
    for digit in digits.bytes() {
        let Some(next) = value
            .checked_mul(10)
            .and_then(|value| value.checked_add(u64::from(digit - b'0')))
        else {
            break;
        };
        if next > i64::MAX as u64 {
            break;
        }
        value = next;
        scale *= 10.0;
    }
    (value as f64 * (unit as f64 / scale)) as u64
}

/// `time.Duration.String`.
pub(crate) fn format_duration(nanoseconds: i64) -> String {
    let magnitude = nanoseconds.unsigned_abs();
    let sign = if nanoseconds < 0 { "-" } else { "" };
    let with_fraction = |unit: u64| {
        let fraction = format!(
            "{:0width$}",
            magnitude % unit,
            width = unit.ilog10() as usize
        );
        let fraction = fraction.trim_end_matches('0');
        let whole = magnitude / unit;
        if unit == 1 || fraction.is_empty() {
            whole.to_string()
        } else {
            format!("{whole}.{fraction}")
        }
    };
    match magnitude {
        0 => "0s".to_owned(),
        1..1_000 => format!("{sign}{magnitude}ns"),
        1_000..1_000_000 => format!("{sign}{}\u{b5}s", with_fraction(1_000)),
        1_000_000..1_000_000_000 => format!("{sign}{}ms", with_fraction(1_000_000)),
        _ => {
            let minutes = magnitude / 60_000_000_000;
            let seconds = magnitude % 60_000_000_000;
            let fraction = format!("{:09}", seconds % 1_000_000_000);
            let fraction = fraction.trim_end_matches('0');
            let mut text = sign.to_owned();
            if minutes >= 60 {
                text.push_str(&format!("{}h", minutes / 60));
            }
            if minutes > 0 {
                text.push_str(&format!("{}m", minutes % 60));
            }
            text.push_str(&(seconds / 1_000_000_000).to_string());
            if !fraction.is_empty() {
                text.push('.');
                text.push_str(fraction);
            }
            text.push('s');
            text
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_and_written_as_go_does() {
        for (text, shown) in [
            ("90m", "1h30m0s"),
            ("1.5h", "1h30m0s"),
            ("-1ms", "-1ms"),
            ("1us500ns", "1.5\u{b5}s"),
            ("0", "0s"),
            ("100000h", "100000h0m0s"),
        ] {
            assert_eq!(
                parse_duration(text.as_bytes())
                    .map(format_duration)
                    .as_deref(),
                Some(shown)
            );
        }
        for text in ["", "1", "-", "1x", "h", ".h", "1h1", "9999999999h"] {
            assert_eq!(parse_duration(text.as_bytes()), None, "{text}");
        }
    }
}
