//! A clock that the tests turn.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use countersign_core::timestamp::Timestamp;
use countersign_engine::watch::Clock;

/// Time passes where it is slept through, and where a test says so.
#[derive(Debug)]
pub(crate) struct Turned {
    now_ms: AtomicI64,
    /// By so much, in milliseconds, an audit's stopwatch goes on at every look.
    pub(crate) look_ms: AtomicU64,
    elapsed_ms: AtomicU64,
    slept_ms: AtomicU64,
}

impl Turned {
    pub(crate) fn at(text: &str) -> Self {
        let now_ms = AtomicI64::new(time(text).millis());
        Self { now_ms, look_ms: AtomicU64::new(0), elapsed_ms: AtomicU64::new(0), slept_ms: AtomicU64::new(0) }
    }

    pub(crate) fn turn(&self, text: &str) {
        self.now_ms.store(time(text).millis(), Ordering::SeqCst);
    }

    pub(crate) fn slept(&self) -> Duration {
        Duration::from_millis(self.slept_ms.load(Ordering::SeqCst))
    }
}

impl Clock for Turned {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.now_ms.load(Ordering::SeqCst))
    }

    fn elapsed(&self) -> Duration {
        let step = self.look_ms.load(Ordering::SeqCst);
        Duration::from_millis(self.elapsed_ms.fetch_add(step, Ordering::SeqCst) + step)
    }

    fn sleep(&self, time: Duration) {
        let ms = u64::try_from(time.as_millis()).expect("short");
        self.elapsed_ms.fetch_add(ms, Ordering::SeqCst);
        self.slept_ms.fetch_add(ms, Ordering::SeqCst);
    }
}

pub(crate) fn time(text: &str) -> Timestamp {
    Timestamp::parse(text.as_bytes()).expect("a time")
}
