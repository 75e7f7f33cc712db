//! Points in time as go-yaml and Go's `time` package read and write them.

use std::fmt;

/// A date, a time of day and an offset from UTC, as they were written.
///
/// `Debug` shows no digit, since a timestamp may be a plaintext. [`Display`](fmt::Display) writes RFC 3339 with the
/// fraction that is there (Go: `time.RFC3339Nano`).
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct Timestamp {
    year: u16,
    month: u8,
    day: u8,
    hour: u8,
    minute: u8,
    second: u8,
    nanosecond: u32,
    /// Seconds east of UTC.
    offset: i32,
}

impl Timestamp {
    /// Reads what go-yaml takes for a timestamp in a plain scalar (go-yaml: resolve.go): `2024-1-2`, `2024-1-2 3:4:5.6`
    /// and `2024-1-2T3:4:5.6+07:00`, also with `t` or `Z`, with one or two digits in every part but the year.
    pub fn parse_yaml(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        if bytes.len() < 5 || bytes[4] != b'-' {
            return None;
        }
        let mut rest = Reader { rest: bytes };
        let (year, month, day) = rest.date(Width::Free)?;
        let date = Self {
            year,
            month,
            day,
            hour: 0,
            minute: 0,
            second: 0,
            nanosecond: 0,
            offset: 0,
        };
        match rest.next() {
            None => Some(date),
            Some(b' ') => {
                // Go leaves out all blanks where the layout has one (time: format.go).
                rest.blanks();
                let date = rest.time(Width::Free, date)?;
                rest.rest.is_empty().then_some(date)
            }
            Some(b'T' | b't') => {
                let date = rest.time(Width::Free, date)?;
                let offset = rest.offset()?;
                rest.rest.is_empty().then_some(Self { offset, ..date })
            }
            Some(_) => None,
        }
    }

    /// Reads RFC 3339 as Go's `time.Parse(time.RFC3339, text)` does, which also takes an hour of one digit, a comma
    /// before the fraction, and offsets up to `+24:60`.
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        let mut rest = Reader {
            rest: text.as_bytes(),
        };
        let (year, month, day) = rest.date(Width::Two)?;
        let date = Self {
            year,
            month,
            day,
            hour: 0,
            minute: 0,
            second: 0,
            nanosecond: 0,
            offset: 0,
        };
        if rest.next() != Some(b'T') {
            return None;
        }
        let date = rest.time(Width::Two, date)?;
        let offset = rest.offset()?;
        rest.rest.is_empty().then_some(Self { offset, ..date })
    }

    /// The same instant's text to the second, fractions cut off (Go: `time.RFC3339`).
    pub fn to_seconds(self) -> String {
        Self {
            nanosecond: 0,
            ..self
        }
        .to_string()
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Timestamp")
    }
}

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
        if self.offset == 0 {
            return f.write_str("Z");
        }
        let minutes = self.offset.unsigned_abs() / 60;
        let sign = if self.offset < 0 { '-' } else { '+' };
        write!(f, "{sign}{:02}:{:02}", minutes / 60, minutes % 60)
    }
}

/// How many digits a part has.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Width {
    /// One or two.
    Free,
    /// Two.
    Two,
}

struct Reader<'t> {
    rest: &'t [u8],
}

impl Reader<'_> {
    fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        (self.next()? == byte).then_some(())
    }

    fn blanks(&mut self) {
        while let [b' ', rest @ ..] = self.rest {
            self.rest = rest;
        }
    }

    fn number(&mut self, width: Width) -> Option<u8> {
        let (value, rest) = match self.rest {
            [a @ b'0'..=b'9', b @ b'0'..=b'9', rest @ ..] => ((a - b'0') * 10 + (b - b'0'), rest),
            [a @ b'0'..=b'9', rest @ ..] if width == Width::Free => (a - b'0', rest),
            _ => return None,
        };
        self.rest = rest;
        Some(value)
    }

    fn date(&mut self, width: Width) -> Option<(u16, u8, u8)> {
        let century = self.number(Width::Two)?;
        let year = u16::from(century) * 100 + u16::from(self.number(Width::Two)?);
        self.expect(b'-')?;
        let month = self.number(width)?;
        self.expect(b'-')?;
        let day = self.number(width)?;
        let valid = (1..=12).contains(&month) && (1..=days_in(year, month)).contains(&day);
        valid.then_some((year, month, day))
    }

    fn time(&mut self, width: Width, date: Timestamp) -> Option<Timestamp> {
        // The hour is of one or two digits in every Go layout.
        let hour = self.number(Width::Free)?;
        self.expect(b':')?;
        let minute = self.number(width)?;
        self.expect(b':')?;
        let second = self.number(width)?;
        let nanosecond = self.fraction();
        let valid = hour < 24 && minute < 60 && second < 60;
        valid.then_some(Timestamp {
            hour,
            minute,
            second,
            nanosecond,
            ..date
        })
    }

    /// Nanoseconds; digits past the ninth are read and dropped.
    fn fraction(&mut self) -> u32 {
        let [b'.' | b',', digits @ ..] = self.rest else {
            return 0;
        };
        let length = digits
            .iter()
            .take_while(|digit| digit.is_ascii_digit())
            .count();
        if length == 0 {
            return 0;
        }
        self.rest = &digits[length..];
        (0..9).fold(0, |value, index| {
            let digit = if index < length {
                digits[index] - b'0'
            } else {
                0
            };
            value * 10 + u32::from(digit)
        })
    }

    fn offset(&mut self) -> Option<i32> {
        let sign = match self.next()? {
            b'Z' => return Some(0),
            b'+' => 1,
            b'-' => -1,
            _ => return None,
        };
        let hours = self.number(Width::Two)?;
        self.expect(b':')?;
        let minutes = self.number(Width::Two)?;
        (hours <= 24 && minutes <= 60)
            .then_some(sign * (i32::from(hours) * 60 + i32::from(minutes)) * 60)
    }
}

fn days_in(year: u16, month: u8) -> u8 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => {
            29
        }
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}
