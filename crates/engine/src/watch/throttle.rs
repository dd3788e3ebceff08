//! A snapshot read no faster than an operator lets it be.

use std::ops::RangeInclusive;
use std::time::Duration;

use countersign_core::books::{Account, Treasury};
use countersign_core::hash::Hash;
use countersign_core::seal::Record;
use countersign_store::{Head, Snapshot, StoreError};

use super::clock::Clock;

/// A snapshot that is read at so many rows a second at most, by sleeping between pages.
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
    slept: Duration,
}

/// Pages a second.
const PAGES: u64 = 10;
/// Most rows of a page.
const MAX_PAGE: u64 = 1_000;

impl<'a> Throttled<'a> {
    pub(super) fn new(snapshot: Box<dyn Snapshot + 'a>, clock: &'a dyn Clock, rate: u64) -> Self {
        Self { snapshot, pace: Pace { clock, rate, rows: 0, page_began: clock.elapsed(), slept: Duration::ZERO } }
    }

    /// How long it slept.
    pub(super) const fn slept(&self) -> Duration {
        self.pace.slept
    }
}

impl Pace<'_> {
    fn row(&mut self) {
        if self.rate == 0 {
            return;
        }
        self.rows += 1;
        let page = (self.rate / PAGES).clamp(1, MAX_PAGE);
        if self.rows < page {
            return;
        }
        let least = Duration::from_micros(page * 1_000_000 / self.rate);
        let rest = least.saturating_sub(self.clock.elapsed().saturating_sub(self.page_began));
        if rest > Duration::ZERO {
            self.clock.sleep(rest);
            self.slept += rest;
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
            pace.row();
            each(record)
        })
    }

    fn accounts(&mut self, each: &mut dyn FnMut(Account) -> Result<(), StoreError>) -> Result<(), StoreError> {
        let pace = &mut self.pace;
        self.snapshot.accounts(&mut |account| {
            pace.row();
            each(account)
        })
    }

    fn treasury(&mut self) -> Result<Treasury, StoreError> {
        self.snapshot.treasury()
    }

    fn prefix(&mut self, size: u64) -> Result<Vec<Hash>, StoreError> {
        self.snapshot.prefix(size)
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
            let mut pace = Pace { clock: &clock, rate, rows: 0, page_began: Duration::ZERO, slept: Duration::ZERO };
            (0..rows).for_each(|_| pace.row());
            assert_eq!(pace.slept.as_millis().div_ceil(100), u128::from(seconds * 10_u64), "{rate} a second");
        }
    }
}
