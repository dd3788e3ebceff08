//! Time as the watch sees it, so that a test need not wait.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use countersign_core::timestamp::Timestamp;

/// What tells the time, and lets it pass.
pub trait Clock: Send + Sync {
    /// The time of day.
    fn now(&self) -> Timestamp;

    /// Time since some fixed moment; never goes back.
    fn elapsed(&self) -> Duration;

    /// Waits.
    fn sleep(&self, time: Duration);
}

/// The machine's own clock.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock {
    start: Instant,
}

impl Default for SystemClock {
    fn default() -> Self {
        Self { start: Instant::now() }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        // A clock before 1970 is taken for 1970: the schedule then says that audits were missed.
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    fn sleep(&self, time: Duration) {
        std::thread::sleep(time);
    }
}

/// A time so much later.
pub(super) fn after(time: Timestamp, wait: Duration) -> Timestamp {
    Timestamp::from_millis(time.millis().saturating_add(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX)))
}

/// From one time to a later one; zero where it is not later.
pub(super) fn between(from: Timestamp, to: Timestamp) -> Duration {
    Duration::from_millis(u64::try_from(to.millis().saturating_sub(from.millis())).unwrap_or(0))
}
