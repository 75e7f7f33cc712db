//! Durations as Go writes them: `90s`, `2m30s`, `1.5h`.

use std::time::Duration;

/// Applications are looked at no more often than this: each look costs the cluster and the Git server something.
const SHORTEST_INTERVAL: Duration = Duration::from_secs(10);

/// Why a text is no duration.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DurationError {
    /// It is written otherwise.
    #[error("a duration is a number and a unit, as in `90s`, `2m30s` or `1h`")]
    Malformed,
    /// It is negative, or longer than anybody waits.
    #[error("the duration is out of bounds")]
    OutOfBounds,
    /// It is an interval shorter than what is allowed.
    #[error("an interval is at least {}s", SHORTEST_INTERVAL.as_secs())]
    TooShort,
}

impl DurationError {
    /// The stable name of the reason.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Malformed => "duration-malformed",
            Self::OutOfBounds => "duration-out-of-bounds",
            Self::TooShort => "interval-too-short",
        }
    }
}

/// A duration; a number alone is one in seconds (argo-cd: `parseStringToDuration`).
pub(super) fn parse(text: &str) -> Result<Duration, DurationError> {
    if let Ok(seconds) = text.parse::<i64>() {
        return u64::try_from(seconds)
            .map(Duration::from_secs)
            .map_err(|_| DurationError::OutOfBounds);
    }
    parse_go(text)
}

/// The interval of an application.
pub(super) fn parse_interval(text: &str) -> Result<Duration, DurationError> {
    match parse_go(text)? {
        interval if interval < SHORTEST_INTERVAL => Err(DurationError::TooShort),
        interval => Ok(interval),
    }
}

/// Go's `time.ParseDuration`, without the negative ones.
fn parse_go(text: &str) -> Result<Duration, DurationError> {
    let rest = text.strip_prefix('+').unwrap_or(text);
    if rest.starts_with('-') {
        return Err(DurationError::OutOfBounds);
    }
    if rest == "0" {
        return Ok(Duration::ZERO);
    }
    if rest.is_empty() {
        return Err(DurationError::Malformed);
    }
    let mut nanoseconds = 0_u128;
    let mut rest = rest;
    while !rest.is_empty() {
        let (number, behind) = split_at_first(rest, |c| !(c.is_ascii_digit() || c == '.'));
        let (unit, behind) = split_at_first(behind, |c| c.is_ascii_digit() || c == '.');
        let unit = match unit {
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            _ => return Err(DurationError::Malformed),
        };
        nanoseconds = nanoseconds.saturating_add(scaled(number, unit)?);
        rest = behind;
    }
    // Go counts in 63 bits.
    match u64::try_from(nanoseconds) {
        Ok(nanoseconds) if i64::try_from(nanoseconds).is_ok() => {
            Ok(Duration::from_nanos(nanoseconds))
        }
        _ => Err(DurationError::OutOfBounds),
    }
}

/// A decimal number times a unit, rounded down.
fn scaled(number: &str, unit: u128) -> Result<u128, DurationError> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() || fraction.contains('.') {
        return Err(DurationError::Malformed);
    }
    let digits = |text: &str| {
        if text.is_empty() {
            return Ok(0);
        }
        text.parse::<u64>()
            .map(u128::from)
            .map_err(|_| DurationError::OutOfBounds)
    };
    // More digits than a unit can show change nothing.
    let fraction = &fraction[..fraction.len().min(15)];
    let scale = 10_u128.pow(u32::try_from(fraction.len()).unwrap_or_default());
    Ok(digits(whole)? * unit + digits(fraction)? * unit / scale)
}

fn split_at_first(text: &str, is_end: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(is_end).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_argo_cd_reads_them() {
        for (text, expect) in [
            ("5s", Ok(5_000)),
            ("3m", Ok(180_000)),
            ("1h15m30.918s", Ok(4_530_918)),
            (".5s", Ok(500)),
            ("1.s", Ok(1_000)),
            ("90", Ok(90_000)),
            ("0", Ok(0)),
            ("+5s", Ok(5_000)),
            ("1500us", Ok(1)),
            ("", Err(DurationError::Malformed)),
            (".s", Err(DurationError::Malformed)),
            ("1.2.3s", Err(DurationError::Malformed)),
            ("3 m", Err(DurationError::Malformed)),
            ("3d", Err(DurationError::Malformed)),
            ("3", Ok(3_000)),
            ("1h3", Err(DurationError::Malformed)),
            ("-5s", Err(DurationError::OutOfBounds)),
            ("-5", Err(DurationError::OutOfBounds)),
            ("9999999999h", Err(DurationError::OutOfBounds)),
            ("99999999999999999999s", Err(DurationError::OutOfBounds)),
        ] {
            assert_eq!(
                parse(text).map(|duration| duration.as_millis()),
                expect,
                "{text}"
            );
        }
    }

    #[test]
    fn intervals_have_a_floor() {
        assert_eq!(parse_interval("10s"), Ok(Duration::from_secs(10)));
        assert_eq!(parse_interval("9.9s"), Err(DurationError::TooShort));
        assert_eq!(parse_interval("0"), Err(DurationError::TooShort));
    }
}
