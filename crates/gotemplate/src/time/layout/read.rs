//! Times that a text tells in the form of a layout.

use super::Part::{
    Day, Fraction, Hour, Hour12, LongMonth, LongWeekDay, LongYear, LowerNoon, Minute, Month,
    NumMonth, Offset, Second, SpaceDay, SpaceYearDay, TrimmedFraction, UpperNoon, WeekDay, Year,
    ZeroDay, ZeroHour12, ZeroMinute, ZeroMonth, ZeroSecond, ZeroYearDay, ZoneName,
};
use super::{DAYS, MONTHS, Part, next_part};
use crate::time::{DAY, Time, Zone, days_before, days_in, days_to_year, is_leap};

pub(in crate::time) fn parse(mut layout: &[u8], mut text: &[u8]) -> Option<Time> {
    let mut read = Read::default();
    loop {
        let (before, part, rest) = next_part(layout);
        text = skip(text, before)?;
        layout = rest;
        match part {
            Some(part) => text = read.part(part, text, rest)?,
            None if text.is_empty() => return read.time(),
            None => return None,
        }
    }
}

/// What a text has told about a time.
#[derive(Default)]
struct Read {
    year: i64,
    month: Option<u32>,
    day: Option<u32>,
    year_day: Option<u32>,
    hour: u32,
    minute: u32,
    second: u32,
    nanosecond: u32,
    afternoon: Option<bool>,
    offset: Option<i32>,
    utc: bool,
    zone: Option<[u8; 5]>,
}

/// Skips literal text of a layout. Spaces in it stand for any number of spaces.
fn skip<'a>(mut text: &'a [u8], mut prefix: &[u8]) -> Option<&'a [u8]> {
    while let Some((first, rest)) = prefix.split_first() {
        if *first == b' ' {
            if !text.is_empty() && text[0] != b' ' {
                return None;
            }
            prefix = trim_spaces(prefix);
            text = trim_spaces(text);
            continue;
        }
        text = text.strip_prefix(&[*first])?;
        prefix = rest;
    }
    Some(text)
}

fn trim_spaces(text: &[u8]) -> &[u8] {
    &text[text.iter().take_while(|byte| **byte == b' ').count()..]
}

fn digits(text: &[u8], count: usize) -> Option<(u32, &[u8])> {
    let (number, rest) = text.split_at_checked(count)?;
    number
        .iter()
        .try_fold(0, |value, digit| {
            digit
                .is_ascii_digit()
                .then(|| value * 10 + u32::from(digit - b'0'))
        })
        .map(|value| (value, rest))
}

/// One or two digits; exactly two where `fixed`.
fn small(text: &[u8], fixed: bool) -> Option<(u32, &[u8])> {
    let two = text.get(1).is_some_and(u8::is_ascii_digit);
    if fixed || two {
        digits(text, 2)
    } else {
        digits(text, 1)
    }
}

fn name<'a>(text: &'a [u8], names: &[&str], length: Option<usize>) -> Option<(u32, &'a [u8])> {
    names.iter().enumerate().find_map(|(index, name)| {
        let name = &name.as_bytes()[..length.unwrap_or(name.len())];
        let head = text.get(..name.len())?;
        head.eq_ignore_ascii_case(name)
            .then(|| (index as u32, &text[name.len()..]))
    })
}

impl Read {
    fn part<'a>(&mut self, part: Part, text: &'a [u8], layout: &[u8]) -> Option<&'a [u8]> {
        let in_range = |value: u32, below: u32| (value < below).then_some(value);
        let rest = match part {
            Year => {
                let (year, rest) = digits(text, 2)?;
                self.year = i64::from(year) + if year >= 69 { 1900 } else { 2000 };
                rest
            }
            LongYear => {
                let (year, rest) = digits(text, 4)?;
                self.year = i64::from(year);
                rest
            }
            Month | LongMonth => {
                let (index, rest) = name(text, &MONTHS, (part == Month).then_some(3))?;
                self.month = Some(index + 1);
                rest
            }
            NumMonth | ZeroMonth => {
                let (month, rest) = small(text, part == ZeroMonth)?;
                self.month = Some(month).filter(|month| (1..=12).contains(month));
                self.month?;
                rest
            }
            WeekDay | LongWeekDay => name(text, &DAYS, (part == WeekDay).then_some(3))?.1,
            Day | SpaceDay | ZeroDay => {
                let text = if part == SpaceDay {
                    text.strip_prefix(b" ").unwrap_or(text)
                } else {
                    text
                };
                let (day, rest) = small(text, part == ZeroDay)?;
                self.day = Some(day);
                rest
            }
            SpaceYearDay | ZeroYearDay => {
                let spaces = if part == SpaceYearDay {
                    text.iter()
                        .take(2)
                        .take_while(|byte| **byte == b' ')
                        .count()
                } else {
                    0
                };
                let text = &text[spaces..];
                let count = text
                    .iter()
                    .take(3)
                    .take_while(|byte| byte.is_ascii_digit())
                    .count();
                if count == 0 || part == ZeroYearDay && count != 3 {
                    return None;
                }
                let (day, rest) = digits(text, count)?;
                self.year_day = Some(day);
                rest
            }
            Hour => {
                let (hour, rest) = small(text, false)?;
                self.hour = in_range(hour, 24)?;
                rest
            }
            Hour12 | ZeroHour12 => {
                let (hour, rest) = small(text, part == ZeroHour12)?;
                self.hour = in_range(hour, 13)?;
                rest
            }
            Minute | ZeroMinute => {
                let (minute, rest) = small(text, part == ZeroMinute)?;
                self.minute = in_range(minute, 60)?;
                rest
            }
            Second | ZeroSecond => {
                let (second, rest) = small(text, part == ZeroSecond)?;
                self.second = in_range(second, 60)?;
                self.unannounced_fraction(rest, layout)?
            }
            UpperNoon | LowerNoon => {
                let (mark, rest) = text.split_at_checked(2)?;
                let (before, after): (&[u8], &[u8]) = if part == UpperNoon {
                    (b"AM", b"PM")
                } else {
                    (b"am", b"pm")
                };
                self.afternoon = Some(mark == after);
                if mark != before && mark != after {
                    return None;
                }
                rest
            }
            Offset {
                iso,
                colons,
                minutes,
                seconds,
            } => {
                if let (true, Some(rest)) = (iso, text.strip_prefix(b"Z")) {
                    self.utc = true;
                    rest
                } else {
                    self.offset(text, colons, minutes, seconds)?
                }
            }
            ZoneName => self.zone_name(text)?,
            Fraction { digits: count } => {
                let (mark, rest) = text.split_first()?;
                if !matches!(mark, b'.' | b',')
                    || rest.len() < count
                    || !rest[..count].iter().all(u8::is_ascii_digit)
                {
                    return None;
                }
                self.fraction(&rest[..count])?;
                &rest[count..]
            }
            TrimmedFraction { .. } => match text {
                [b'.' | b',', rest @ ..] if rest.first().is_some_and(u8::is_ascii_digit) => {
                    let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
                    self.fraction(&rest[..count])?;
                    &rest[count..]
                }
                text => text,
            },
        };
        Some(rest)
    }

    /// Go reads a fraction after the seconds even where the layout has none.
    fn unannounced_fraction<'a>(&mut self, text: &'a [u8], layout: &[u8]) -> Option<&'a [u8]> {
        let announced = matches!(
            next_part(layout),
            ([], Some(Fraction { .. } | TrimmedFraction { .. }), _)
        );
        match text {
            [b'.' | b',', rest @ ..]
                if !announced && rest.first().is_some_and(u8::is_ascii_digit) =>
            {
                let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
                self.fraction(&rest[..count])?;
                Some(&rest[count..])
            }
            _ => Some(text),
        }
    }

    fn fraction(&mut self, text: &[u8]) -> Option<()> {
        let kept = &text[..text.len().min(9)];
        let (value, _) = digits(kept, kept.len())?;
        self.nanosecond = value * 10_u32.pow(9 - kept.len() as u32);
        Some(())
    }

    fn offset<'a>(
        &mut self,
        text: &'a [u8],
        colons: bool,
        minutes: bool,
        seconds: bool,
    ) -> Option<&'a [u8]> {
        let (sign, mut rest) = text.split_first()?;
        let mut total = 0;
        for (wanted, scale, below) in [(true, 3600, 25), (minutes, 60, 61), (seconds, 1, 61)] {
            if !wanted {
                continue;
            }
            if colons && scale != 3600 {
                rest = rest.strip_prefix(b":")?;
            }
            let (value, after) = digits(rest, 2)?;
            if value >= below {
                return None;
            }
            total += value as i32 * scale;
            rest = after;
        }
        self.offset = Some(match sign {
            b'+' => total,
            b'-' => -total,
            _ => return None,
        });
        Some(rest)
    }

    fn zone_name<'a>(&mut self, text: &'a [u8]) -> Option<&'a [u8]> {
        if let Some(rest) = text.strip_prefix(b"UTC") {
            self.utc = true;
            return Some(rest);
        }
        let letters = text
            .iter()
            .take_while(|letter| letter.is_ascii_uppercase())
            .count();
        let fits = match letters {
            3 => true,
            4 => text[3] == b'T' || text.starts_with(b"WITA"),
            5 => text[4] == b'T',
            _ => false,
        };
        // `GMT+3` and bare offsets are zones that this library does not need.
        if !fits || text.starts_with(b"GMT") && matches!(text.get(3), Some(b'+' | b'-')) {
            return None;
        }
        let mut zone = [0; 5];
        zone[..letters].copy_from_slice(&text[..letters]);
        self.zone = Some(zone);
        Some(&text[letters..])
    }

    fn time(mut self) -> Option<Time> {
        match self.afternoon {
            Some(true) if self.hour < 12 => self.hour += 12,
            Some(false) if self.hour == 12 => self.hour = 0,
            _ => {}
        }
        if let Some(year_day) = self.year_day {
            let length = 365 + u32::from(is_leap(self.year));
            if year_day < 1 || year_day > length {
                return None;
            }
            let month = (1..=12)
                .rev()
                .find(|month| days_before(self.year, *month) < year_day)?;
            let day = year_day - days_before(self.year, month);
            if self.month.is_some_and(|told| told != month)
                || self.day.is_some_and(|told| told != day)
            {
                return None;
            }
            (self.month, self.day) = (Some(month), Some(day));
        }
        let (month, day) = (self.month.unwrap_or(1), self.day.unwrap_or(1));
        if day < 1 || day > days_in(self.year, month) {
            return None;
        }
        let days =
            days_to_year(self.year) + i64::from(days_before(self.year, month)) + i64::from(day) - 1;
        let seconds = days * DAY + i64::from(self.hour * 3600 + self.minute * 60 + self.second);
        let time = Time::from_unix(seconds, self.nanosecond);
        Some(match (self.utc, self.offset, self.zone) {
            (true, ..) | (_, None, None) => time,
            (_, Some(offset), zone) => {
                let shown =
                    Time::from_unix(seconds - i64::from(offset), self.nanosecond).at_offset(offset);
                match zone {
                    Some(zone) => Time {
                        zone: Zone::Named(zone),
                        ..shown
                    },
                    None => shown,
                }
            }
            (_, None, Some(zone)) => Time {
                zone: Zone::Named(zone),
                ..time
            },
        })
    }
}
