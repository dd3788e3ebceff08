//! What the watch shows of itself.

use countersign_core::timestamp::Timestamp;
use serde::Serialize;

use super::alarm::Counts;

/// What the watch did since it was started, and what its last audit came to.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Metrics {
    /// Audits that came to a verdict.
    pub audits: u64,
    /// Audits that came to none.
    pub failed: u64,
    /// Due audits that did not run, or ran late.
    pub missed: u64,
    /// Audits that found something.
    pub invalid: u64,
    /// When the last audit that came to a verdict started.
    pub last_at: Option<Timestamp>,
    /// How long it took, in milliseconds, without what it slept to spare the database.
    pub last_time_ms: Option<f64>,
    /// Entries of the ledger then.
    pub last_entries: Option<u64>,
    /// Whether nothing was found.
    pub last_valid: Option<bool>,
    /// When the last full one started.
    pub last_full_at: Option<Timestamp>,
    /// When the next is due.
    pub next_due: Option<Timestamp>,
    /// Whether one runs now.
    pub running: bool,
    /// Whether a halt that a finding asks for could not be written yet.
    pub halt_pending: bool,
    /// Whether a finding could not be halted on, as far as that was tried.
    pub cannot_halt: bool,
    /// Whether the watch's own thread has ended: nothing is audited any more.
    pub gone: bool,
    /// Alerts.
    pub alerts: Counts,
}

/// Commits of an engine since it was started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Commits {
    /// Those that were written.
    pub written: u64,
    /// Those that met another writer.
    pub conflicts: u64,
}

impl From<&crate::Metrics> for Commits {
    fn from(metrics: &crate::Metrics) -> Self {
        Self { written: metrics.batches, conflicts: metrics.version_conflicts }
    }
}

impl Commits {
    pub(super) const fn attempts(self) -> u64 {
        self.written.saturating_add(self.conflicts)
    }

    /// Those since an earlier count; all of them where counting started anew.
    pub(super) const fn since(self, earlier: Self) -> Self {
        if self.written < earlier.written || self.conflicts < earlier.conflicts {
            return self;
        }
        Self { written: self.written - earlier.written, conflicts: self.conflicts - earlier.conflicts }
    }
}
