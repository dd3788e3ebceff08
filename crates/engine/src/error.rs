//! Why the engine does not do what was asked.

use countersign_core::settle::Refusal;
use countersign_store::{Halt, StoreError};

use crate::shield::ShieldRefusal;

/// Why the engine does not do what was asked. Nothing was written, but for the freeze that comes with
/// [`ShieldRefusal::Velocity`]; and it is not known where the database was lost, or the engine stopped, before it said
/// so.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The ledger's rules do not allow it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The shield does not.
    #[error(transparent)]
    Shield(#[from] ShieldRefusal),
    /// No transaction is taken at present.
    #[error("the ledger is halted by {} since {}: {}", .0.by, .0.at, .0.reason)]
    Halted(Halt),
    /// The halt that stands is not the one to be lifted: the watch's is lifted only by its name, so that nobody lifts it
    /// for another's, and one that is named must be there.
    #[error(
        "the ledger is halted by {} since {}: {}. Once you know what happened, lift it by that name: `resume --of {by}`, or \
         \"of\": {by:?} in the request", .0.by, .0.at, .0.reason, by = .0.by
    )]
    HaltNotNamed(Halt),
    /// The key came before, with something else.
    #[error("the idempotency key {key:?} came before with another request")]
    IdempotencyConflict {
        /// Which.
        key: String,
    },
    /// No idempotency key.
    #[error("an idempotency key is 1 to 128 bytes of text without control characters")]
    InvalidKey,
    /// Too many requests wait.
    #[error("too many requests are waiting: try again later")]
    Overloaded,
    /// The store did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store did not do it, try after try. Where it was lost, one of the tries may have been written: ask
    /// again with the same idempotency key.
    #[error("gave up after {attempts} tries: {last}")]
    GaveUp {
        /// How many.
        attempts: u32,
        /// Why the last one failed; [`StoreError::Lost`] where an earlier one was lost.
        last: StoreError,
    },
    /// The clock says a year that no entry can say.
    #[error("the clock says a time past the year 9999, which no entry can: nothing is written until it is set right")]
    Clock,
    /// The engine is stopped, or could not be set up.
    #[error("the engine has stopped")]
    Stopped,
    /// What was configured makes no sense.
    #[error("the configuration: {0}")]
    Config(String),
}

impl EngineError {
    /// A stable code for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Refused(refusal) => refusal.code(),
            Self::Shield(refusal) => refusal.code(),
            Self::Halted(_) => "HALTED",
            Self::HaltNotNamed(_) => "HALT_NOT_NAMED",
            Self::IdempotencyConflict { .. } => "IDEMPOTENCY_CONFLICT",
            Self::InvalidKey => "INVALID_KEY",
            Self::Overloaded => "OVERLOADED",
            Self::Store(error) => error.code(),
            Self::GaveUp { .. } => "GAVE_UP",
            Self::Clock => "CLOCK_WRONG",
            Self::Stopped => "STOPPED",
            Self::Config(_) => "INVALID_CONFIG",
        }
    }
}
