//! Who stops the system on a finding.

use std::sync::Arc;
use std::time::Duration;

use backon::{BlockingRetryable, ExponentialBuilder};
use countersign_store::{Act, ActKind, Batch, Halt, Head, Store, StoreError, Wanted};

use super::clock::Clock;

/// Stops every transaction until an operator lifts it.
pub trait Halts: Send + Sync {
    /// Halts, by name and reason. Where the system is halted already, that is as good.
    ///
    /// # Errors
    /// Where it could not, in words.
    fn halt(&self, by: &str, reason: &str) -> Result<(), String>;
}

impl<F: Fn(&str, &str) -> Result<(), String> + Send + Sync> Halts for F {
    fn halt(&self, by: &str, reason: &str) -> Result<(), String> {
        self(by, reason)
    }
}

/// Halts by writing to the store itself: for a watch in a process of its own.
pub struct StoreHalt {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
}

/// How often a halt is tried again against other writers.
const RETRIES: usize = 50;
/// The longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

impl StoreHalt {
    /// Halts the ledger of this store.
    #[must_use]
    pub const fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }

    fn write(&self, by: &str, reason: &str) -> Result<(), StoreError> {
        let head = self.store.load(&Wanted::default())?.head;
        if head.halt.is_some() {
            return Ok(());
        }
        let (at, seq) = (self.clock.now(), head.seq);
        let halt = Halt { by: by.to_owned(), reason: reason.to_owned(), at };
        let (by, reason) = (Some(halt.by.clone()), Some(halt.reason.clone()));
        let act = Act { number: 0, kind: ActKind::Halt, account: None, by, reason, at, seq };
        self.store.commit(&Batch { acts: vec![act], ..Batch::on(Head { halt: Some(halt), ..head }) })
    }
}

impl Halts for StoreHalt {
    fn halt(&self, by: &str, reason: &str) -> Result<(), String> {
        let pauses = ExponentialBuilder::new()
            .with_min_delay(Duration::from_millis(5))
            .with_max_delay(LONGEST_PAUSE)
            .with_max_times(RETRIES)
            .with_jitter();
        let write = || self.write(by, reason);
        let clock = self.clock.clone();
        let outcome = write.retry(pauses).sleep(move |pause| clock.sleep(pause)).when(StoreError::is_conflict).call();
        outcome.map_err(|error| error.to_string())
    }
}

impl Halts for crate::Engine {
    fn halt(&self, by: &str, reason: &str) -> Result<(), String> {
        Self::halt(self, by, reason).map(|_| ()).map_err(|error| error.to_string())
    }
}
