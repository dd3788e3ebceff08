//! A snapshot read no faster than an operator lets it be, and no longer.

use std::cell::Cell;
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use countersign_core::books::{Account, Treasury};
use countersign_core::hash::Hash;
use countersign_core::merkle::NodeId;
use countersign_core::seal::Record;
use countersign_store::{Head, Snapshot, StoreError};

use super::clock::Clock;

/// A snapshot that is read at so many rows a second at most, by sleeping between pages, until it is stopped.
pub(super) struct Throttled<'a> {
    snapshot: Box<dyn Snapshot + 'a>,
    pace: Pace<'a>,
}

/// How fast rows may pass.
struct Pace<'a> {
    clock: &'a dyn Clock,
    /// Rows a second; 0: no limit.
    rate: u64,
    rows: u64,
    page_began: Duration,
    slept: &'a Cell<Duration>,
    stop: &'a AtomicBool,
}

/// Pages a second.
const PAGES: u64 = 10;
/// Most rows of a page.
const MAX_PAGE: u64 = 1_000;

impl<'a> Throttled<'a> {
    /// `slept` is told how long it slept. Once `stop` is set, reading fails.
    pub(super) fn new(
        snapshot: Box<dyn Snapshot + 'a>,
        clock: &'a dyn Clock,
        rate: u64,
        slept: &'a Cell<Duration>,
        stop: &'a AtomicBool,
    ) -> Self {
        Self { snapshot, pace: Pace { clock, rate, rows: 0, page_began: clock.elapsed(), slept, stop } }
    }
}

impl Pace<'_> {
    fn row(&mut self) -> Result<(), StoreError> {
        if self.stop.load(Ordering::Relaxed) {
            return Err(StoreError::Other("the audit was stopped".to_owned()));
        }
        if self.rate > 0 {
            self.count();
        }
        Ok(())
    }

    fn count(&mut self) {
        self.rows += 1;
        let page = (self.rate / PAGES).clamp(1, MAX_PAGE);
        if self.rows < page {
            return;
        }
        let least = Duration::from_micros(page * 1_000_000 / self.rate);
        let rest = least.saturating_sub(self.clock.elapsed().saturating_sub(self.page_began));
        if rest > Duration::ZERO {
            self.clock.sleep(rest);
            self.slept.set(self.slept.get() + rest);
        }
        (self.rows, self.page_began) = (0, self.clock.elapsed());
    }
}

impl Snapshot for Throttled<'_> {
    fn head(&self) -> &Head {
        self.snapshot.head()
    }

    fn entries(
        &mut self,
        range: RangeInclusive<u64>,
        each: &mut dyn FnMut(Record) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let pace = &mut self.pace;
        self.snapshot.entries(range, &mut |record| {
            pace.row()?;
            each(record)
        })
    }

    fn accounts(&mut self, each: &mut dyn FnMut(Account) -> Result<(), StoreError>) -> Result<(), StoreError> {
        let pace = &mut self.pace;
        self.snapshot.accounts(&mut |account| {
            pace.row()?;
            each(account)
        })
    }

    fn treasury(&mut self) -> Result<Treasury, StoreError> {
        self.snapshot.treasury()
    }

    fn nodes(&mut self, wanted: &[NodeId]) -> Result<Vec<Hash>, StoreError> {
        self.snapshot.nodes(wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_core::timestamp::Timestamp;
    use std::sync::Mutex;

    /// Time passes only in sleep.
    struct Asleep(Mutex<Duration>);

    impl Clock for Asleep {
        fn now(&self) -> Timestamp {
            Timestamp::from_millis(0)
        }

        fn elapsed(&self) -> Duration {
            *self.0.lock().unwrap()
        }

        fn sleep(&self, time: Duration) {
            *self.0.lock().unwrap() += time;
        }
    }

    #[test]
    fn so_many_rows_take_so_long() {
        for (rate, rows, seconds) in [(0, 5_000, 0), (500, 5_000, 10), (3, 30, 10), (1_000_000, 2_000_000, 2)] {
            let clock = Asleep(Mutex::new(Duration::ZERO));
            let (slept, stop) = (Cell::new(Duration::ZERO), AtomicBool::new(false));
            let (page_began, slept, stop) = (Duration::ZERO, &slept, &stop);
            let mut pace = Pace { clock: &clock, rate, rows: 0, page_began, slept, stop };
            (0..rows).for_each(|_| pace.row().unwrap());
            assert_eq!(slept.get().as_millis().div_ceil(100), u128::from(seconds * 10_u64), "{rate} a second");
        }
    }
}
