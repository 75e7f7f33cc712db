//! Times as Go's `time` package formats and reads them: by a layout that is itself a time, `2006-01-02 15:04:05`.
//!
//! There are UTC and fixed offsets. Named zones would need a database of zones and make the result depend on it, so
//! they are refused; and "Local", which sprig uses where no zone is given, is UTC, as it is in the controller's image.

mod duration;
mod layout;

pub(crate) use duration::{format_duration, parse_duration};

/// A point in time, and the offset it is shown in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Time {
    seconds: i64,
    nanosecond: u32,
    offset: i32,
    zone: Zone,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Zone {
    Utc,
    Fixed,
    /// A zone known by an abbreviation only, as parsing makes it: up to five letters.
    Named([u8; 5]),
}

/// A date and a time of day.
#[derive(Clone, Copy)]
pub(crate) struct Civil {
    pub(crate) year: i64,
    pub(crate) month: u32,
    pub(crate) day: u32,
    pub(crate) hour: u32,
    pub(crate) minute: u32,
    pub(crate) second: u32,
    /// From 0, Sunday.
    pub(crate) weekday: u32,
    /// From 1.
    pub(crate) year_day: u32,
}

const DAY: i64 = 86_400;

impl Time {
    /// Go's zero time: the first of January of the year 1.
    pub(crate) const ZERO: Self = Self {
        seconds: -62_135_596_800,
        nanosecond: 0,
        offset: 0,
        zone: Zone::Utc,
    };

    pub(crate) fn from_unix(seconds: i64, nanosecond: u32) -> Self {
        Self {
            seconds,
            nanosecond,
            offset: 0,
            zone: Zone::Utc,
        }
    }

    pub(crate) fn unix(self) -> i64 {
        self.seconds
    }

    pub(crate) fn nanosecond(self) -> u32 {
        self.nanosecond
    }

    /// The same time, shown at an offset in seconds east of UTC.
    pub(crate) fn at_offset(self, offset: i32) -> Self {
        let zone = if offset == 0 { Zone::Utc } else { Zone::Fixed };
        Self {
            offset,
            zone,
            ..self
        }
    }

    /// Adds nanoseconds.
    pub(crate) fn plus(self, nanoseconds: i64) -> Self {
        let total = i64::from(self.nanosecond) + nanoseconds.rem_euclid(1_000_000_000);
        let seconds = self
            .seconds
            .wrapping_add(nanoseconds.div_euclid(1_000_000_000))
            .wrapping_add(total / 1_000_000_000);
        Self {
            seconds,
            nanosecond: (total % 1_000_000_000) as u32,
            ..self
        }
    }

    /// `time.Time.String`.
    pub(crate) fn display(self) -> String {
        String::from_utf8_lossy(&self.format(b"2006-01-02 15:04:05.999999999 -0700 MST"))
            .into_owned()
    }

    pub(crate) fn format(self, layout: &[u8]) -> Vec<u8> {
        layout::format(self, layout)
    }

    /// `time.ParseInLocation(layout, text, UTC)`.
    pub(crate) fn parse(layout: &[u8], text: &[u8]) -> Option<Self> {
        layout::parse(layout, text)
    }

    /// `time.Time.MarshalJSON`.
    pub(crate) fn json(self) -> Option<Vec<u8>> {
        let year = self.civil().year;
        let whole_minutes = self.offset % 60 == 0 && self.offset.abs() < DAY as i32;
        ((0..=9999).contains(&year) && whole_minutes)
            .then(|| self.format(b"2006-01-02T15:04:05.999999999Z07:00"))
    }

    pub(crate) fn civil(self) -> Civil {
        let local = self.seconds.saturating_add(i64::from(self.offset));
        let days = local.div_euclid(DAY);
        let rest = local.rem_euclid(DAY) as u32;
        // Counting from the first of March of a leap cycle makes the leap day the last of its year.
        let shifted = i128::from(days) + 719_468;
        let era = shifted.div_euclid(146_097);
        let of_era = shifted.rem_euclid(146_097) as i64;
        let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_index = (5 * day_of_year + 2) / 153;
        let day = (day_of_year - (153 * month_index + 2) / 5 + 1) as u32;
        let month = if month_index < 10 {
            month_index + 3
        } else {
            month_index - 9
        } as u32;
        let year = era as i64 * 400 + year_of_era + i64::from(month <= 2);
        Civil {
            year,
            month,
            day,
            hour: rest / 3600,
            minute: rest / 60 % 60,
            second: rest % 60,
            weekday: (days + 4).rem_euclid(7) as u32,
            year_day: days_before(year, month) + day,
        }
    }
}

pub(crate) fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// The days of a year before a month.
fn days_before(year: i64, month: u32) -> u32 {
    const BEFORE: [u32; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    let leap = u32::from(month > 2 && is_leap(year));
    BEFORE.get(month as usize - 1).copied().unwrap_or(0) + leap
}

fn days_in(year: i64, month: u32) -> u32 {
    match month {
        2 => 28 + u32::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// The days from the epoch to the first of January of a year.
fn days_to_year(year: i64) -> i64 {
    let before = year - 1;
    before * 365 + before.div_euclid(4) - before.div_euclid(100) + before.div_euclid(400) - 719_162
}
