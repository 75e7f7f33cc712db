//! Times as a layout shows them.

use super::Part::{
    Day, Fraction, Hour, Hour12, LongMonth, LongWeekDay, LongYear, LowerNoon, Minute, Month,
    NumMonth, Offset, Second, SpaceDay, SpaceYearDay, TrimmedFraction, UpperNoon, WeekDay, Year,
    ZeroDay, ZeroHour12, ZeroMinute, ZeroMonth, ZeroSecond, ZeroYearDay, ZoneName,
};
use super::{DAYS, MONTHS, next_part};
use crate::time::{Time, Zone};

pub(in crate::time) fn format(time: Time, mut layout: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(layout.len() + 10);
    let civil = time.civil();
    loop {
        let (before, part, rest) = next_part(layout);
        out.extend_from_slice(before);
        let Some(part) = part else { return out };
        // Go writes the mark that the layout has before the fraction.
        let mark = layout[before.len()];
        layout = rest;
        let hour12 = if civil.hour.is_multiple_of(12) {
            12
        } else {
            civil.hour % 12
        };
        let month = MONTHS[civil.month as usize - 1];
        let weekday = DAYS[civil.weekday as usize];
        let text = match part {
            LongMonth => month.to_owned(),
            Month => month[..3].to_owned(),
            NumMonth => civil.month.to_string(),
            ZeroMonth => format!("{:02}", civil.month),
            LongWeekDay => weekday.to_owned(),
            WeekDay => weekday[..3].to_owned(),
            Day => civil.day.to_string(),
            SpaceDay => format!("{:2}", civil.day),
            ZeroDay => format!("{:02}", civil.day),
            SpaceYearDay => format!("{:3}", civil.year_day),
            ZeroYearDay => format!("{:03}", civil.year_day),
            Hour => format!("{:02}", civil.hour),
            Hour12 => hour12.to_string(),
            ZeroHour12 => format!("{hour12:02}"),
            Minute => civil.minute.to_string(),
            ZeroMinute => format!("{:02}", civil.minute),
            Second => civil.second.to_string(),
            ZeroSecond => format!("{:02}", civil.second),
            LongYear => {
                let sign = if civil.year < 0 { "-" } else { "" };
                format!("{sign}{:04}", civil.year.unsigned_abs())
            }
            Year => format!("{:02}", civil.year.max(0) % 100),
            UpperNoon => if civil.hour >= 12 { "PM" } else { "AM" }.to_owned(),
            LowerNoon => if civil.hour >= 12 { "pm" } else { "am" }.to_owned(),
            ZoneName => zone_name(time),
            Offset { iso: true, .. } if time.offset == 0 => "Z".to_owned(),
            Offset {
                colons,
                minutes,
                seconds,
                ..
            } => format_offset(time.offset, colons, minutes, seconds),
            Fraction { digits } => format!("{}{}", char::from(mark), nanoseconds(time, digits)),
            TrimmedFraction { digits } => {
                let fraction = nanoseconds(time, digits);
                let fraction = fraction.trim_end_matches('0');
                if fraction.is_empty() {
                    String::new()
                } else {
                    format!("{}{fraction}", char::from(mark))
                }
            }
        };
        out.extend_from_slice(text.as_bytes());
    }
}

fn nanoseconds(time: Time, digits: usize) -> String {
    let mut text = format!("{:09}", time.nanosecond());
    text.truncate(digits);
    while text.len() < digits {
        text.push('0');
    }
    text
}

fn zone_name(time: Time) -> String {
    match time.zone {
        Zone::Utc => "UTC".to_owned(),
        Zone::Named(name) => name
            .iter()
            .filter(|letter| **letter != 0)
            .map(|letter| char::from(*letter))
            .collect(),
        Zone::Fixed => {
            let minutes = time.offset / 60;
            let sign = if minutes < 0 { '-' } else { '+' };
            let minutes = minutes.abs();
            if minutes % 60 == 0 {
                format!("{sign}{:02}", minutes / 60)
            } else {
                format!("{sign}{:02}{:02}", minutes / 60, minutes % 60)
            }
        }
    }
}

fn format_offset(offset: i32, colons: bool, minutes: bool, seconds: bool) -> String {
    let sign = if offset < 0 { '-' } else { '+' };
    let total = offset.abs();
    let colon = if colons { ":" } else { "" };
    let mut text = format!("{sign}{:02}", total / 3600);
    if minutes {
        text.push_str(&format!("{colon}{:02}", total / 60 % 60));
    }
    if seconds {
        text.push_str(&format!("{colon}{:02}", total % 60));
    }
    text
}
