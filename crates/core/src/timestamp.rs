//! Times as the formats write them: `YYYY-MM-DDTHH:MM:SS.mmmZ`.
//!
//! The day arithmetic is Howard Hinnant's `days_from_civil` and `civil_from_days`
//! (<https://howardhinnant.github.io/date_algorithms.html>), exact for the proleptic Gregorian calendar.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

const DAY_MS: i64 = 86_400_000;

impl Timestamp {
    /// The last that an entry can say: 9999-12-31T23:59:59.999Z.
    pub const MAX: Self = Self(253_402_300_799_999);
    /// Length of the written form, in bytes.
    pub const TEXT_LEN: usize = 24;

    /// From Unix milliseconds, before 1970 too.
    #[must_use]
    pub const fn from_millis(ms: i64) -> Self {
        Self(ms)
    }

    /// Unix milliseconds.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Reads the one accepted form: 24 bytes, an existing day, year from 1.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Self> {
        let text: &[u8; Self::TEXT_LEN] = text.try_into().ok()?;
        let marks = (text[4], text[7], text[10], text[13], text[16], text[19], text[23]);
        if marks != (b'-', b'-', b'T', b':', b':', b'.', b'Z') {
            return None;
        }
        let year = number(&text[..4])?;
        let (month, day) = (number(&text[5..7])?, number(&text[8..10])?);
        let (hour, minute, second) = (number(&text[11..13])?, number(&text[14..16])?, number(&text[17..19])?);
        let ms = number(&text[20..23])?;
        if year < 1 || !(1..=12).contains(&month) || hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        if day < 1 || day > days_in_month(year, month) {
            return None;
        }
        let clock = ((hour * 60 + minute) * 60 + second) * 1000 + ms;
        Some(Self(days_from_civil(year, month, day) * DAY_MS + clock))
    }

    /// Reads RFC 3339 in UTC with none to three digits of fraction, as `mongoexport` writes dates.
    #[must_use]
    pub fn parse_relaxed(text: &str) -> Option<Self> {
        let body = text.strip_suffix('Z')?;
        let (clock, fraction) = body.split_once('.').map_or((body, None), |(a, b)| (a, Some(b)));
        let digits = fraction.unwrap_or("");
        if fraction.is_some_and(str::is_empty) || digits.len() > 3 || clock.len() != 19 {
            return None;
        }
        let mut text = *b"YYYY-MM-DDTHH:MM:SS.000Z";
        text[..19].copy_from_slice(clock.as_bytes());
        text[20..20 + digits.len()].copy_from_slice(digits.as_bytes());
        Self::parse(&text)
    }

    /// The written form; `None` where the year has not four digits.
    #[must_use]
    pub fn text(self) -> Option<[u8; Self::TEXT_LEN]> {
        let (year, month, day) = civil_from_days(self.0.div_euclid(DAY_MS));
        let ms = self.0.rem_euclid(DAY_MS);
        if !(0..=9999).contains(&year) {
            return None;
        }
        let mut text = *b"YYYY-MM-DDTHH:MM:SS.mmmZ";
        for (at, width, value) in [
            (0, 4, year),
            (5, 2, month),
            (8, 2, day),
            (11, 2, ms / 3_600_000),
            (14, 2, ms / 60_000 % 60),
            (17, 2, ms / 1000 % 60),
            (20, 3, ms % 1000),
        ] {
            digits(value, &mut text[at..at + width]);
        }
        Some(text)
    }
}

/// Writes a number in as many digits as there is room for.
fn digits(mut value: i64, out: &mut [u8]) {
    for digit in out.iter_mut().rev() {
        *digit = b'0' + u8::try_from(value % 10).unwrap_or(0);
        value /= 10;
    }
}

fn number(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0, |n, b| b.is_ascii_digit().then(|| n * 10 + i64::from(b - b'0')))
}

const fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

const fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let yoe = y.rem_euclid(400);
    let doy = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    let doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    era * 146_097 + doe - 719_468
}

const fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    let year = yoe + era * 400 + if month <= 2 { 1 } else { 0 };
    (year, month, doy - (153 * mp + 2) / 5 + 1)
}

impl fmt::Display for Timestamp {
    /// As ES2019 `Date.prototype.toISOString`: years outside 0 to 9999 have a sign and six digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(text) = self.text() {
            return f.write_str(std::str::from_utf8(&text).unwrap_or_default());
        }
        let (year, month, day) = civil_from_days(self.0.div_euclid(DAY_MS));
        let ms = self.0.rem_euclid(DAY_MS);
        let (h, m, s) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60);
        let sign = if year < 0 { '-' } else { '+' };
        write!(f, "{sign}{:06}-{month:02}-{day:02}T{h:02}:{m:02}:{s:02}.{:03}Z", year.abs(), ms % 1000)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(text.as_bytes()).ok_or_else(|| D::Error::custom("a time is written YYYY-MM-DDTHH:MM:SS.mmmZ"))
    }
}

#[cfg(test)]
mod tests {
    use super::Timestamp;

    #[test]
    fn reads_what_it_writes() {
        for text in ["2026-02-11T15:30:00.970Z", "0001-01-01T00:00:00.000Z", "2024-02-29T23:59:59.999Z"] {
            assert_eq!(Timestamp::parse(text.as_bytes()).unwrap().to_string(), text);
        }
        assert_eq!(Timestamp::parse(b"9999-12-31T23:59:59.999Z"), Some(Timestamp::MAX));
        assert_eq!(Timestamp::parse(b"1970-01-01T00:00:00.000Z").unwrap().millis(), 0);
        assert_eq!(Timestamp::from_millis(-1).to_string(), "1969-12-31T23:59:59.999Z");
        assert_eq!(Timestamp::from_millis(253_402_300_800_000).to_string(), "+010000-01-01T00:00:00.000Z");
    }

    #[test]
    fn refuses_days_and_hours_that_do_not_exist() {
        for text in [
            "2026-02-29T00:00:00.000Z",
            "0000-01-01T00:00:00.000Z",
            "2026-01-01T24:00:00.000Z",
            "2026-01-01T00:00:60.000Z",
            "2026-01-01T00:00:00.00Z",
            "2026-01-01 00:00:00.000Z",
        ] {
            assert_eq!(Timestamp::parse(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn reads_the_fractions_of_mongoexport() {
        let at = |t| Timestamp::parse_relaxed(t).map(|t| t.to_string());
        assert_eq!(at("2026-02-11T15:30:00Z").unwrap(), "2026-02-11T15:30:00.000Z");
        assert_eq!(at("2026-02-11T15:30:00.97Z").unwrap(), "2026-02-11T15:30:00.970Z");
        assert_eq!(at("2026-02-11T15:30:00.9701Z"), None);
    }
}
