//! What callers and the sequencer share: the queue and the counters.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use countersign_store::{Head, Store, StoreError, Wanted};

use crate::footing::Footing;
use crate::metrics::Metrics;
use crate::queue::Queue;
use crate::ticket::{Answered, Outcome, Ticket};

/// Most tasks that wait.
pub const MAX_QUEUE: usize = 4096;

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) queue: Queue<Ticket>,
    metrics: Mutex<Metrics>,
    /// Where the sequencer left the ledger. Only it moves it on.
    footing: Mutex<Footing>,
}

impl Shared {
    pub(crate) fn new(footing: Footing) -> Self {
        let metrics = Mutex::new(Metrics::new(MAX_QUEUE));
        Self { queue: Queue::new(MAX_QUEUE), metrics, footing: Mutex::new(footing) }
    }

    pub(crate) fn footing(&self) -> MutexGuard<'_, Footing> {
        self.footing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The head as it is now, where it goes on from where the sequencer left it.
    pub(crate) fn head(&self, store: &dyn Store) -> Result<Head, StoreError> {
        // Taken before the head is read, which is then never older; and not held, since the sequencer moves it on.
        let footing = self.footing().clone();
        let head = store.load(&Wanted::default())?.head;
        footing.follow(store, &head)?;
        Ok(head)
    }

    pub(crate) fn metrics(&self) -> MutexGuard<'_, Metrics> {
        // Numbers stay numbers, whoever panicked.
        self.metrics.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn count(&self, outcomes: &[Outcome]) {
        let mut metrics = self.metrics();
        for outcome in outcomes {
            match outcome {
                Ok(Answered::Receipt(receipt)) if receipt.replayed => metrics.replayed += 1,
                Ok(Answered::Receipt(_)) => metrics.settled += 1,
                Ok(_) => {}
                Err(error) => metrics.note_refused(error.code(), 1),
            }
        }
    }

    pub(crate) fn count_failed_try(&self, error: &StoreError, again: bool) {
        let mut metrics = self.metrics();
        metrics.version_conflicts += u64::from(matches!(error, StoreError::Version(_)));
        metrics.lost += u64::from(matches!(error, StoreError::Lost { .. }));
        metrics.retries += u64::from(again);
        metrics.given_up += u64::from(!again);
    }

    pub(crate) fn count_commit(&self, took: Duration, tasks: usize, frozen: u64, checkpoints: usize) {
        let mut metrics = self.metrics();
        metrics.batches += 1;
        metrics.batch_sizes.note(f64::from(u32::try_from(tasks).unwrap_or(u32::MAX)));
        metrics.commit_seconds.note_time(took);
        metrics.frozen += frozen;
        metrics.checkpoints += checkpoints as u64;
    }
}
