//! Halting a ledger past its engine: where it is damaged, no batch goes through, and a halt must.

use std::time::Duration;

use backon::{BlockingRetryable as _, ExponentialBuilder};
use countersign_core::timestamp::Timestamp;
use countersign_store::{Halt, Store, StoreError};

use crate::draft::check_words;
use crate::error::EngineError;
use crate::stamps::{Stamps as _, SystemStamps};

/// How often a halt is tried again against other writers.
const RETRIES: usize = 50;
/// The longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// Halts a ledger by writing to its store, whatever of it can be read: where [`crate::Engine::start`] says
/// that it is damaged. A halt that stands already is returned as it is.
///
/// # Errors
/// A refusal where there is no name or no reason; those of the database.
pub fn halt_store(store: &dyn Store, by: &str, reason: &str) -> Result<Halt, EngineError> {
    check_words(Some(by), Some(reason))?;
    let mut stamps = SystemStamps::default();
    Ok(halt(store, by, reason, || stamps.now(), std::thread::sleep)?)
}

/// The same by another clock, in whatever words: those of a finding hold what is in the ledger.
pub(crate) fn halt(
    store: &dyn Store,
    by: &str,
    reason: &str,
    mut now: impl FnMut() -> Timestamp,
    sleep: impl Fn(Duration) + 'static,
) -> Result<Halt, StoreError> {
    let pauses = ExponentialBuilder::new()
        .with_min_delay(Duration::from_millis(5))
        .with_max_delay(LONGEST_PAUSE)
        .with_max_times(RETRIES)
        .with_jitter();
    let halt = || store.halt(&Halt { by: by.to_owned(), reason: reason.to_owned(), at: now() });
    halt.retry(pauses).sleep(sleep).when(StoreError::is_conflict).call()
}
