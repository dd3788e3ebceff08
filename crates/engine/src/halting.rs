//! Halts: which takes the place of which, who lifts one, and halting past the engine: where a ledger is damaged, no batch
//! goes through, and a halt must.

use std::time::Duration;

use backon::{BlockingRetryable as _, ExponentialBuilder};
use countersign_core::settle::Refusal;
use countersign_core::timestamp::Timestamp;
use countersign_store::{Halt, Store, StoreError};
use serde::Serialize;

use crate::error::EngineError;
use crate::request::check_words;
use crate::stamps::{Stamps as _, SystemStamps};

/// How often a halt is tried again against other writers.
const RETRIES: usize = 50;
/// The longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// Who halts on a finding, as it stands in the halt: no operator's name.
pub(crate) const WATCH: &str = "watch";

/// The halt that stands once one was ordered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Halted {
    /// By whom, why and since when.
    #[serde(flatten)]
    pub halt: Halt,
    /// Whether it stood already: then nothing was written, and what was ordered is kept nowhere.
    pub already: bool,
}

/// Halts a ledger by writing to its store, whatever of it can be read: where [`crate::Engine::start`] says
/// that it is damaged. A halt that stands already is returned as it is.
///
/// # Errors
/// A refusal where there is no name, the watch's, or no reason; those of the database.
pub fn halt_store(store: &dyn Store, by: &str, reason: &str) -> Result<Halted, EngineError> {
    check_operator(by)?;
    halt_store_as(store, by, reason)
}

/// The same in any name.
pub(crate) fn halt_store_as(store: &dyn Store, by: &str, reason: &str) -> Result<Halted, EngineError> {
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
) -> Result<Halted, StoreError> {
    let pauses = ExponentialBuilder::new()
        .with_min_delay(Duration::from_millis(5))
        .with_max_delay(LONGEST_PAUSE)
        .with_max_times(RETRIES)
        .with_jitter();
    let halt = || write(store, &Halt { by: by.to_owned(), reason: reason.to_owned(), at: now() });
    halt.retry(pauses).sleep(sleep).when(StoreError::is_conflict).call()
}

fn write(store: &dyn Store, ordered: &Halt) -> Result<Halted, StoreError> {
    let (mut halt, mut over) = (ordered.clone(), None);
    loop {
        let standing = store.halt(&halt, over.as_ref())?;
        if standing == halt {
            return Ok(Halted { halt, already: false });
        }
        let Some(instead) = instead_of(&standing, ordered) else {
            return Ok(Halted { halt: standing, already: true });
        };
        (halt, over) = (instead, Some(standing));
    }
}

/// What is written where a halt stands; `None` where that goes on standing. The watch's takes the place of anybody
/// else's, or who lifts his own, of which he knows why it is there, would lift with it what he never saw.
pub(crate) fn instead_of(standing: &Halt, ordered: &Halt) -> Option<Halt> {
    if ordered.by != WATCH || standing.by == WATCH {
        return None;
    }
    let Halt { by, reason, at } = standing;
    let reason = format!("{} (it was halted before, by {by} since {at}: {reason})", ordered.reason);
    Some(Halt { reason, ..ordered.clone() })
}

/// Whether a halt that stands is the one to be lifted. The watch's is lifted only by its name.
pub(crate) fn is_meant(standing: &Halt, of: Option<&str>) -> bool {
    of.map_or(standing.by != WATCH, |of| of == standing.by)
}

/// Nobody acts in the watch's name, or its halt and its acts could not be told from his.
pub(crate) fn check_operator(by: &str) -> Result<(), Refusal> {
    match by {
        WATCH => {
            Err(Refusal::InvalidField { field: "by", reason: "watch is the name of the watch, and no operator's" })
        }
        _ => Ok(()),
    }
}
