//! Points in time as whole Unix milliseconds, and their two spellings on the wire.
//!
//! In scope: milliseconds, ISO 8601 text, LiveKit's nanoseconds and seconds. Out of scope: a clock
//! (time is an argument everywhere in the core) and time zones (everything is UTC).

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::Value;

use crate::shape::ToJson;

/// A point in time: Unix milliseconds, UTC. D1 and JavaScript hold it exactly (it stays far below
/// 2^53), which LiveKit's nanoseconds would not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Millis(pub i64);

/// One second in milliseconds.
pub const SECOND: i64 = 1_000;
/// One minute in milliseconds.
pub const MINUTE: i64 = 60 * SECOND;
/// One hour in milliseconds.
pub const HOUR: i64 = 60 * MINUTE;
/// One day in milliseconds.
pub const DAY: i64 = 24 * HOUR;

/// 9999-12-31T23:59:59.999Z: the last time that ISO text can spell with four digits of year.
const LAST: i64 = 253_402_300_799_999;

impl Millis {
    /// From Unix seconds (JWT's `NumericDate`, LiveKit's `createdAt`).
    #[must_use]
    pub const fn from_secs(secs: i64) -> Self {
        Self(secs.saturating_mul(SECOND))
    }

    /// From Unix nanoseconds (LiveKit's `startedAt`, `endedAt`, `updatedAt`), rounded down.
    #[must_use]
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos.div_euclid(1_000_000))
    }

    /// Whole Unix seconds, rounded down.
    #[must_use]
    pub const fn secs(self) -> i64 {
        self.0.div_euclid(SECOND)
    }

    /// This time and `ms` milliseconds, saturating.
    #[must_use]
    pub const fn plus(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// Milliseconds from `earlier` to this time; negative when `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// `2026-11-23T01:30:00.713Z`; a time outside the years 0 to 9999 is clamped to them.
    #[must_use]
    pub fn iso(self) -> String {
        let ms = self.0.clamp(-62_167_219_200_000, LAST);
        let of_day = ms.rem_euclid(DAY);
        let (year, month, day) = civil_from_days(ms.div_euclid(DAY));
        format!(
            "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{:03}Z",
            of_day / HOUR,
            of_day / MINUTE % 60,
            of_day / SECOND % 60,
            of_day % SECOND
        )
    }

    /// Reads `YYYY-MM-DD`, or `YYYY-MM-DDThh:mm[:ss[.fraction]]` with `Z` or an offset such as
    /// `+02:00`. `None` for anything else, a date that does not exist among it.
    #[must_use]
    pub fn parse_iso(text: &str) -> Option<Self> {
        let mut rest = Digits(text.as_bytes());
        let (year, month) = (rest.number(4, 9_999)?, rest.after(b'-')?.number(2, 12)?);
        let day = rest.after(b'-')?.number(2, 31)?;
        let days = Some(days_from_civil(year, month, day)).filter(|days| civil_from_days(*days) == (year, month, day))?;
        let midnight = Self(days * DAY);
        if rest.0.is_empty() {
            return Some(midnight);
        }
        let (hour, minute) = (rest.after(b'T')?.number(2, 23)?, rest.after(b':')?.number(2, 59)?);
        let second = if rest.after(b':').is_some() { rest.number(2, 59)? * SECOND + rest.fraction()? } else { 0 };
        let offset = rest.offset()?;
        rest.0.is_empty().then(|| midnight.plus(hour * HOUR + minute * MINUTE + second - offset))
    }
}

/// What is left to read of a time's text.
struct Digits<'a>(&'a [u8]);

impl Digits<'_> {
    /// Exactly `count` digits that make a number up to `most`.
    fn number(&mut self, count: usize, most: i64) -> Option<i64> {
        let (digits, rest) = self.0.split_at_checked(count)?;
        let number = digits.iter().try_fold(0, |sum, digit| Some(sum * 10 + digit_value(*digit)?))?;
        self.0 = rest;
        (number <= most).then_some(number)
    }

    /// Steps over `byte`; `None`, and nothing is read, when another comes.
    fn after(&mut self, byte: u8) -> Option<&mut Self> {
        self.0 = self.0.strip_prefix(&[byte])?;
        Some(self)
    }

    /// `.` and any number of digits in milliseconds, rounded down; zero where there is no point.
    fn fraction(&mut self) -> Option<i64> {
        if self.after(b'.').is_none() {
            return Some(0);
        }
        let (mut ms, mut worth) = (self.number(1, 9)? * 100, 10);
        while let Some((digit, rest)) = self.0.split_first().and_then(|(byte, rest)| Some((digit_value(*byte)?, rest))) {
            ms += digit * worth;
            worth /= 10;
            self.0 = rest;
        }
        Some(ms)
    }

    /// `Z`, or `+hh:mm` or `-hh:mm` in milliseconds.
    fn offset(&mut self) -> Option<i64> {
        if self.after(b'Z').is_some() {
            return Some(0);
        }
        let sign = if self.after(b'+').is_some() { 1 } else { self.after(b'-').map(|_| -1)? };
        Some(sign * (self.number(2, 23)? * HOUR + self.after(b':')?.number(2, 59)? * MINUTE))
    }
}

fn digit_value(byte: u8) -> Option<i64> {
    byte.is_ascii_digit().then(|| i64::from(byte - b'0'))
}

/// (Year, month, day) to days since 1970-01-01: Howard Hinnant's `days_from_civil`. A day that its
/// month does not have becomes one of the next.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let yoe = year.rem_euclid(400);
    let doy = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    era * 146_097 + doe - 719_468
}

/// Days since 1970-01-01 to (year, month, day): Howard Hinnant's `civil_from_days`,
/// <https://howardhinnant.github.io/date_algorithms.html>.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let day = doy - (153 * mp + 2) / 5 + 1;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    (yoe + era * 400 + i64::from(month <= 2), month, day)
}

impl JsonSchema for Millis {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Time".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date-time" })
    }
}

impl ToJson for Millis {
    fn to_json(&self) -> Value {
        Value::String(self.iso())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;

    #[test]
    fn iso_text_of_known_times() {
        for (ms, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_795_397_400_713, "2026-11-23T01:30:00.713Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
            (LAST, "9999-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(Millis(ms).iso(), text);
            assert_eq!(Millis::parse_iso(text), Some(Millis(ms)));
        }
        assert_eq!(Millis(i64::MAX).iso(), Millis(LAST).iso());
    }

    #[test]
    fn iso_text_with_an_offset_and_dates_that_do_not_exist() {
        assert_eq!(Millis::parse_iso("2026-11-23T03:30:00+02:00"), Millis::parse_iso("2026-11-23T01:30:00.000Z"));
        assert_eq!(Millis::parse_iso("2026-11-23"), Millis::parse_iso("2026-11-23T00:00:00Z"));
        for bad in ["", "2026-02-30", "2026-02-29", "1900-02-29", "2026-00-10", "2026-13-10", "2026-11-00", "2026-11-31"] {
            assert_eq!(Millis::parse_iso(bad), None, "{bad}");
        }
        for good in ["2024-02-29", "2000-02-29", "0000-02-29", "0000-01-01", "9999-12-31"] {
            assert_eq!(Millis::parse_iso(good).map(Millis::iso), Some(format!("{good}T00:00:00.000Z")));
        }
    }

    #[test]
    fn every_day_of_four_centuries_is_read_back() {
        for days in (-146_097..146_097).map(|days| days * DAY) {
            assert_eq!(Millis::parse_iso(&Millis(days).iso()), Some(Millis(days)));
        }
    }

    #[test]
    fn iso_text_with_and_without_seconds_and_fractions() {
        for (text, ms) in [
            ("1970-01-01T00:01Z", 60_000),
            ("1970-01-01T00:01:00Z", 60_000),
            ("1970-01-01T00:00:59.9Z", 59_900),
            ("1970-01-01T00:00:00.0019999999999999999999Z", 1),
            ("1970-01-01T23:59:59.999+00:00", DAY - 1),
            ("1970-01-01T00:00-01:30", 90 * MINUTE),
            ("1970-01-01T00:00:00.5+23:59", 500 - DAY + MINUTE),
        ] {
            assert_eq!(Millis::parse_iso(text), Some(Millis(ms)), "{text}");
        }
    }

    #[test]
    fn iso_text_that_is_none() {
        let days =
            "yesterday|1795397400713|2026-11-2|+026-11-23|-001-11-23|12026-11-23|2026-11-23Z|2026-11-23T|2026-11-2\u{663}|2026-1é-23";
        let times = "|T01:30|T01:30:00|T24:00Z|T25:00:00Z|T01:60Z|T01:30:60Z|T01:30:00.Z|T01:30.5Z|T01:30:0Z|T01Z|T01:30Z | 01:30Z";
        let offsets = "T01:30+24:00|T01:30+01:60|T01:30+0100|T01:30+01|T01:30ZZ|t01:30Z|T01:30z";
        let of_a_day = times.split('|').skip(1).chain(offsets.split('|')).map(|time| format!("2026-11-23{time}"));
        for bad in days.split('|').map(str::to_owned).chain(of_a_day) {
            assert_eq!(Millis::parse_iso(&bad), None, "{bad}");
        }
    }

    #[test]
    fn nanoseconds_become_milliseconds_rounded_down() {
        assert_eq!(Millis::from_nanos(1_795_397_401_748_850_947), Millis(1_795_397_401_748));
        assert_eq!(Millis::from_nanos(-1), Millis(-1));
    }
}
