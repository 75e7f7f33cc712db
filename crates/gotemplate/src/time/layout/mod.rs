//! Layouts: which parts of `Mon Jan 2 15:04:05 MST 2006` a text names, and what stands for them.

mod format;
mod read;

pub(super) use format::format;
pub(super) use read::parse;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    LongMonth,
    Month,
    NumMonth,
    ZeroMonth,
    LongWeekDay,
    WeekDay,
    Day,
    SpaceDay,
    ZeroDay,
    SpaceYearDay,
    ZeroYearDay,
    Hour,
    Hour12,
    ZeroHour12,
    Minute,
    ZeroMinute,
    Second,
    ZeroSecond,
    LongYear,
    Year,
    UpperNoon,
    LowerNoon,
    ZoneName,
    /// `-0700` and its relatives.
    Offset {
        iso: bool,
        colons: bool,
        minutes: bool,
        seconds: bool,
    },
    /// `.000`: so many digits.
    Fraction {
        digits: usize,
    },
    /// `.999`: up to so many digits.
    TrimmedFraction {
        digits: usize,
    },
}

use Part::{
    Day, Fraction, Hour, Hour12, LongMonth, LongWeekDay, LongYear, LowerNoon, Minute, Month,
    NumMonth, Offset, Second, SpaceDay, SpaceYearDay, TrimmedFraction, UpperNoon, WeekDay, Year,
    ZeroDay, ZeroHour12, ZeroMinute, ZeroMonth, ZeroSecond, ZeroYearDay, ZoneName,
};

const fn offset(iso: bool, colons: bool, minutes: bool, seconds: bool) -> Part {
    Offset {
        iso,
        colons,
        minutes,
        seconds,
    }
}

/// Longer names come before the shorter ones that they begin with.
const NAMES: [(&str, Part); 34] = [
    ("January", LongMonth),
    ("Jan", Month),
    ("Monday", LongWeekDay),
    ("Mon", WeekDay),
    ("MST", ZoneName),
    ("01", ZeroMonth),
    ("02", ZeroDay),
    ("03", ZeroHour12),
    ("04", ZeroMinute),
    ("05", ZeroSecond),
    ("06", Year),
    ("002", ZeroYearDay),
    ("15", Hour),
    ("1", NumMonth),
    ("2006", LongYear),
    ("2", Day),
    ("__2", SpaceYearDay),
    ("_2", SpaceDay),
    ("3", Hour12),
    ("4", Minute),
    ("5", Second),
    ("PM", UpperNoon),
    ("pm", LowerNoon),
    ("-07:00:00", offset(false, true, true, true)),
    ("-07:00", offset(false, true, true, false)),
    ("-070000", offset(false, false, true, true)),
    ("-0700", offset(false, false, true, false)),
    ("-07", offset(false, false, false, false)),
    ("Z07:00:00", offset(true, true, true, true)),
    ("Z07:00", offset(true, true, true, false)),
    ("Z070000", offset(true, false, true, true)),
    ("Z0700", offset(true, false, true, false)),
    ("Z07", offset(true, false, false, false)),
    ("_2006", LongYear),
];

/// The text before the next part of a layout, the part, and the rest.
fn next_part(layout: &[u8]) -> (&[u8], Option<Part>, &[u8]) {
    for at in 0..layout.len() {
        let rest = &layout[at..];
        if let Some(after) = rest.strip_prefix(b"_2006") {
            // `_2006` is an underscore and a year, not a day and `006`.
            return (&layout[..=at], Some(LongYear), after);
        }
        if rest.starts_with(b"Jan")
            && !rest.starts_with(b"January")
            && rest.get(3).is_some_and(u8::is_ascii_lowercase)
        {
            continue;
        }
        if rest.starts_with(b"Mon")
            && !rest.starts_with(b"Monday")
            && rest.get(3).is_some_and(u8::is_ascii_lowercase)
        {
            continue;
        }
        let follows = |digits: &[u8]| !digits.first().is_some_and(u8::is_ascii_digit);
        if let [b'.' | b',', digit @ (b'0' | b'9'), ..] = rest {
            let digits = rest[1..].iter().take_while(|byte| *byte == digit).count();
            if follows(&rest[1 + digits..]) {
                let part = if *digit == b'0' {
                    Fraction { digits }
                } else {
                    TrimmedFraction { digits }
                };
                return (&layout[..at], Some(part), &rest[1 + digits..]);
            }
        }
        if let Some((name, part)) = NAMES
            .iter()
            .find(|(name, _)| rest.starts_with(name.as_bytes()))
        {
            return (&layout[..at], Some(*part), &rest[name.len()..]);
        }
    }
    (layout, None, &[])
}
