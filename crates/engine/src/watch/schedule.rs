//! When an audit is due: a cron expression, read in one time zone.

use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, Datelike, Utc, Weekday};
use chrono_tz::Tz;
use countersign_core::timestamp::Timestamp;
use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};

use super::clock::between;

/// Why a schedule cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// The expression is none.
    #[error("cron: {found:?} is no expression of five fields: {why}")]
    NoExpression {
        /// As configured.
        found: String,
        /// What is wrong with it.
        why: String,
    },
    /// It never comes.
    #[error("cron: {0:?} is never due")]
    NeverDue(String),
    /// The zone is none.
    #[error("time_zone: {0:?} is no name of the IANA database, as UTC or Europe/Bucharest are")]
    NoZone(String),
    /// The day is none.
    #[error("full_on: {0:?} is no day of the week")]
    NoDay(String),
}

/// When audits are due. Where clocks are put forward over a due time, it is due as the clocks jump; where
/// they are put back over it, once.
#[derive(Clone, Debug)]
pub struct Schedule {
    cron: Cron,
    zone: Tz,
    full_on: Weekday,
}

/// What became due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// The latest time at which an audit was due.
    pub at: Timestamp,
    /// How many due times passed before it with no audit; at most [`MAX_MISSED`] are counted.
    pub skipped: u64,
}

/// Due times are counted up to here.
pub const MAX_MISSED: u64 = 10_000;

impl Schedule {
    /// Reads a cron expression of five fields, the zone of its times (IANA) and the weekday of the full audit.
    ///
    /// # Errors
    /// Whichever cannot be read.
    pub fn new(expression: &str, zone: &str, full_on: &str) -> Result<Self, ScheduleError> {
        let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
        let no_expression = |e: croner::errors::CronError| ScheduleError::NoExpression {
            found: expression.to_owned(),
            why: e.to_string(),
        };
        let cron = parser.parse(expression).map_err(no_expression)?;
        let zone = Tz::from_str(zone).map_err(|_| ScheduleError::NoZone(zone.to_owned()))?;
        let full_on = Weekday::from_str(full_on).map_err(|_| ScheduleError::NoDay(full_on.to_owned()))?;
        let schedule = Self { cron, zone, full_on };
        // From a fixed day, so that one configuration always gives one answer.
        let never = schedule.next(Timestamp::from_millis(0)).is_none();
        if never { Err(ScheduleError::NeverDue(expression.to_owned())) } else { Ok(schedule) }
    }

    /// The first due time after `time`; `None` where the calendar ends before it.
    #[must_use]
    pub fn next(&self, time: Timestamp) -> Option<Timestamp> {
        let next = self.cron.find_next_occurrence(&self.local(time)?, false).ok()?;
        Some(Timestamp::from_millis(next.timestamp_millis()))
    }

    /// What became due after `from`, up to `now`.
    #[must_use]
    pub fn due(&self, from: Timestamp, now: Timestamp) -> Option<Due> {
        let mut due: Option<Due> = None;
        let mut at = from;
        while let Some(next) = self.next(at).filter(|next| *next <= now) {
            let skipped = due.map_or(0, |due| due.skipped + 1);
            due = Some(Due { at: next, skipped });
            if skipped >= MAX_MISSED {
                break;
            }
            at = next;
        }
        due
    }

    /// Whether the audit that is due at `time` is a full one: on that day of the week, or where the last full
    /// one lies a week back or further.
    #[must_use]
    pub fn is_full(&self, time: Timestamp, last_full: Option<Timestamp>) -> bool {
        const WEEK: Duration = Duration::from_secs(7 * 24 * 3600);
        let on_the_day = self.local(time).is_some_and(|local| local.weekday() == self.full_on);
        on_the_day || last_full.is_none_or(|last| between(last, time) >= WEEK)
    }

    fn local(&self, time: Timestamp) -> Option<DateTime<Tz>> {
        DateTime::<Utc>::from_timestamp_millis(time.millis()).map(|utc| utc.with_timezone(&self.zone))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text.as_bytes()).unwrap()
    }

    fn nightly() -> Schedule {
        Schedule::new("0 3 * * *", "UTC", "Sunday").unwrap()
    }

    #[test]
    fn in_utc_every_night_is_like_any_other() {
        let schedule = nightly();
        let next = |text| schedule.next(at(text)).unwrap().to_string();
        assert_eq!(next("2026-02-11T15:30:00.000Z"), "2026-02-12T03:00:00.000Z");
        assert_eq!(next("2026-02-12T02:59:59.999Z"), "2026-02-12T03:00:00.000Z");
        assert_eq!(next("2026-02-12T03:00:00.000Z"), "2026-02-13T03:00:00.000Z");
        // The night in which Europe's clocks are put forward is like any other in UTC.
        assert_eq!(next("2026-03-28T12:00:00.000Z"), "2026-03-29T03:00:00.000Z");
    }

    #[test]
    fn a_zone_moves_it_and_its_summer_time_too() {
        let schedule = Schedule::new("0 3 * * *", "Europe/Bucharest", "Sunday").unwrap();
        let next = |text| schedule.next(at(text)).unwrap().to_string();
        assert_eq!(next("2026-02-11T15:30:00.000Z"), "2026-02-12T01:00:00.000Z");
        assert_eq!(next("2026-07-11T15:30:00.000Z"), "2026-07-12T00:00:00.000Z");
        // On 2026-03-29 clocks go from 03:00 to 04:00 there, which is 01:00 UTC: due as they jump.
        assert_eq!(next("2026-03-28T12:00:00.000Z"), "2026-03-29T01:00:00.000Z");
        // On 2026-10-25 they go from 04:00 back to 03:00: due once.
        assert_eq!(next("2026-10-24T12:00:00.000Z"), "2026-10-25T00:00:00.000Z");
        assert_eq!(next("2026-10-25T00:00:00.000Z"), "2026-10-26T01:00:00.000Z");
    }

    #[test]
    fn what_was_missed_is_counted() {
        let schedule = nightly();
        let from = at("2026-02-11T03:00:00.000Z");
        assert_eq!(schedule.due(from, at("2026-02-12T02:59:00.000Z")), None);
        let due = schedule.due(from, at("2026-02-12T03:00:00.000Z")).unwrap();
        assert_eq!((due.at, due.skipped), (at("2026-02-12T03:00:00.000Z"), 0));
        let due = schedule.due(from, at("2026-02-15T12:00:00.000Z")).unwrap();
        assert_eq!((due.at, due.skipped), (at("2026-02-15T03:00:00.000Z"), 3));
    }

    #[test]
    fn a_full_audit_on_its_day_and_after_a_week_without() {
        let schedule = nightly();
        let (saturday, sunday) = (at("2026-02-14T03:00:00.000Z"), at("2026-02-15T03:00:00.000Z"));
        let monday = Some(at("2026-02-09T03:00:00.000Z"));
        assert!(schedule.is_full(sunday, monday));
        assert!(!schedule.is_full(saturday, monday));
        assert!(schedule.is_full(saturday, None));
        assert!(schedule.is_full(saturday, Some(at("2026-02-07T03:00:00.000Z"))));
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        let error = |cron, zone, day| Schedule::new(cron, zone, day).unwrap_err().to_string();
        let cron = |expression| error(expression, "UTC", "Sunday");
        for none in ["", "at three", "0 25 * * *", "0 0 3 * * *"] {
            assert!(cron(none).contains("five fields"), "{none}: {}", cron(none));
        }
        assert_eq!(cron("0 0 31 2 *"), "cron: \"0 0 31 2 *\" is never due");
        assert!(error("0 3 * * *", "Mars", "Sunday").contains("Mars"));
        assert!(error("0 3 * * *", "UTC", "someday").contains("someday"));
    }
}
