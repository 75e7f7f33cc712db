//! Points in time as Go reads and writes them in RFC 3339.

use std::fmt;

/// A date and time of day with its offset from UTC.
///
/// Kept as written (Go: `time/format.go`), so that the offset survives a round trip.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Timestamp {
    year: u16,
    month: u8,
    day: u8,
    hour: u8,
    minute: u8,
    second: u8,
    nanosecond: u32,
    /// East of Greenwich.
    offset_minutes: i16,
}

impl Timestamp {
    /// Reads what Go's `time.Parse(time.RFC3339, …)` reads: hours of one digit, a comma before the fraction and
    /// fractions of any length are accepted.
    pub fn parse(text: &str) -> Option<Self> {
        Self::read(text.as_bytes(), Strictness::Lenient)
    }

    /// Reads what Go's `time.Time.UnmarshalText` reads: RFC 3339 to the letter.
    pub fn parse_strict(text: &[u8]) -> Option<Self> {
        Self::read(text, Strictness::Strict)
    }

    /// From its parts, where they form a valid date and time. `offset_minutes` counts east of Greenwich.
    pub fn from_parts(
        (year, month, day): (u16, u8, u8),
        (hour, minute, second, nanosecond): (u8, u8, u8, u32),
        offset_minutes: i16,
    ) -> Option<Self> {
        let valid = year <= 9999
            && (1..=12).contains(&month)
            && (1..=days_in(year, month)).contains(&day)
            && hour < 24
            && minute < 60
            && second < 60
            && nanosecond < 1_000_000_000;
        valid.then_some(Self {
            year,
            month,
            day,
            hour,
            minute,
            second,
            nanosecond,
            offset_minutes,
        })
    }

    /// The RFC 3339 form without fractions of a second.
    pub fn to_rfc3339(self) -> String {
        Self {
            nanosecond: 0,
            ..self
        }
        .to_string()
    }

    /// Seconds since 1970 in UTC, for comparison and ages.
    pub fn unix_seconds(self) -> i64 {
        // Days of the civil calendar, counted from a March so that leap days come last.
        let (year, month) = if self.month > 2 {
            (i64::from(self.year), i64::from(self.month) - 3)
        } else {
            (i64::from(self.year) - 1, i64::from(self.month) + 9)
        };
        let days = 365 * year + year.div_euclid(4) - year.div_euclid(100)
            + year.div_euclid(400)
            + (153 * month + 2) / 5
            + i64::from(self.day)
            - 1
            - 719_468;
        let minutes = (days * 24 + i64::from(self.hour)) * 60 + i64::from(self.minute)
            - i64::from(self.offset_minutes);
        minutes * 60 + i64::from(self.second)
    }

    fn read(text: &[u8], strictness: Strictness) -> Option<Self> {
        let mut reader = Reader { rest: text };
        let year = reader.number(4)?;
        reader.expect(b'-')?;
        let month = reader.number(2)?;
        reader.expect(b'-')?;
        let day = reader.number(2)?;
        reader.expect(b'T')?;
        let hour = match strictness {
            Strictness::Lenient if reader.rest.get(1) == Some(&b':') => reader.number(1)?,
            _ => reader.number(2)?,
        };
        reader.expect(b':')?;
        let minute = reader.number(2)?;
        reader.expect(b':')?;
        let second = reader.number(2)?;
        let nanosecond = match (reader.rest.first(), strictness) {
            (Some(b'.'), _) | (Some(b','), Strictness::Lenient) => reader.fraction()?,
            _ => 0,
        };
        let offset_minutes = reader.offset(strictness)?;
        if !reader.rest.is_empty() {
            return None;
        }
        let narrow = |number: u32| u8::try_from(number).ok();
        Self::from_parts(
            (u16::try_from(year).ok()?, narrow(month)?, narrow(day)?),
            (narrow(hour)?, narrow(minute)?, narrow(second)?, nanosecond),
            offset_minutes,
        )
    }
}

/// RFC 3339 with as many digits of the second's fraction as are needed (Go: `time.RFC3339Nano`).
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
            self.year, self.month, self.day, self.hour, self.minute, self.second
        )?;
        if self.nanosecond != 0 {
            let digits = format!("{:09}", self.nanosecond);
            write!(f, ".{}", digits.trim_end_matches('0'))?;
        }
        if self.offset_minutes == 0 {
            return f.write_str("Z");
        }
        let sign = if self.offset_minutes < 0 { '-' } else { '+' };
        let minutes = self.offset_minutes.unsigned_abs();
        write!(f, "{sign}{:02}:{:02}", minutes / 60, minutes % 60)
    }
}

#[derive(Clone, Copy)]
enum Strictness {
    Lenient,
    Strict,
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl Reader<'_> {
    fn number(&mut self, digits: usize) -> Option<u32> {
        let (text, rest) = self.rest.split_at_checked(digits)?;
        self.rest = rest;
        text.iter().try_fold(0, |number, digit| {
            digit
                .is_ascii_digit()
                .then(|| number * 10 + u32::from(digit - b'0'))
        })
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        self.rest = self.rest.strip_prefix(&[byte])?;
        Some(())
    }

    fn fraction(&mut self) -> Option<u32> {
        let digits = self.rest[1..]
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        if digits == 0 {
            return None;
        }
        let text = &self.rest[1..=digits];
        self.rest = &self.rest[1 + digits..];
        let nanosecond = (0..9).fold(0, |number, place| {
            number * 10 + text.get(place).map_or(0, |digit| u32::from(digit - b'0'))
        });
        Some(nanosecond)
    }

    fn offset(&mut self, strictness: Strictness) -> Option<i16> {
        let sign = match self.rest.first()? {
            b'Z' => {
                self.rest = &self.rest[1..];
                return Some(0);
            }
            b'+' => 1,
            b'-' => -1,
            _ => return None,
        };
        self.rest = &self.rest[1..];
        let hours = self.number(2)?;
        self.expect(b':')?;
        let minutes = self.number(2)?;
        // Go's lenient reader tolerates one more than the largest hour and minute.
        let (most_hours, most_minutes) = match strictness {
            Strictness::Lenient => (24, 60),
            Strictness::Strict => (23, 59),
        };
        if hours > most_hours || minutes > most_minutes {
            return None;
        }
        i16::try_from(hours * 60 + minutes)
            .ok()
            .map(|minutes| sign * minutes)
    }
}

fn days_in(year: u16, month: u8) -> u8 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => {
            29
        }
        2 => 28,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::Timestamp;

    #[test]
    fn go_forms_are_read_and_written_back() {
        for (text, written, seconds) in [
            (
                "2024-01-01T00:00:00Z",
                "2024-01-01T00:00:00Z",
                "2024-01-01T00:00:00Z",
            ),
            (
                "2024-02-29T23:59:59+00:00",
                "2024-02-29T23:59:59Z",
                "2024-02-29T23:59:59Z",
            ),
            (
                "2024-01-01T00:00:00.5Z",
                "2024-01-01T00:00:00.5Z",
                "2024-01-01T00:00:00Z",
            ),
            (
                "2024-01-01T00:00:00,25Z",
                "2024-01-01T00:00:00.25Z",
                "2024-01-01T00:00:00Z",
            ),
            (
                "2024-01-01T3:00:00-07:30",
                "2024-01-01T03:00:00-07:30",
                "2024-01-01T03:00:00-07:30",
            ),
            (
                "2024-01-01T00:00:00.1234567891Z",
                "2024-01-01T00:00:00.123456789Z",
                "2024-01-01T00:00:00Z",
            ),
        ] {
            let timestamp = Timestamp::parse(text).expect(text);
            assert_eq!(timestamp.to_string(), written);
            assert_eq!(timestamp.to_rfc3339(), seconds);
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            "2024-01-01",
            "2024-13-01T00:00:00Z",
            "2023-02-29T00:00:00Z",
            "2024-01-01T24:00:00Z",
            "2024-01-01t00:00:00Z",
            "2024-01-01T00:00:00z",
            "2024-01-01T00:00:00",
            "2024-01-01T00:00:00.Z",
            "2024-01-01T00:00:00Z ",
            "2024-01-01T00:00:60Z",
            "2024-01-01T00:00:00+25:00",
        ] {
            assert_eq!(Timestamp::parse(text), None, "{text}");
        }
        assert_eq!(Timestamp::parse_strict(b"2024-01-01T3:00:00Z"), None);
        assert_eq!(Timestamp::parse_strict(b"2024-01-01T03:00:00,5Z"), None);
        assert_eq!(Timestamp::parse_strict(b"2024-01-01T03:00:00+24:00"), None);
    }

    #[test]
    fn seconds_count_from_1970_in_utc() {
        for (text, seconds) in [
            ("1970-01-01T00:00:00Z", 0),
            ("1970-01-01T01:00:00+01:00", 0),
            ("2000-03-01T00:00:00Z", 951_868_800),
            ("2024-02-29T12:00:00-01:00", 1_709_211_600 + 3600),
        ] {
            assert_eq!(
                Timestamp::parse(text).expect(text).unix_seconds(),
                seconds,
                "{text}"
            );
        }
    }
}
