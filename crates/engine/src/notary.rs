//! When the ledger is vouched for: signed checkpoints, every so many entries or seconds.
//!
//! What is signed is how many entries there are, and the root of their tree, once a [`Voucher`] has verified it. The
//! key is the caller's; it is never in the database.

use std::fmt::Debug;
use std::sync::Arc;

use countersign_core::hash::Hash;
use countersign_core::timestamp::Timestamp;
use countersign_store::SignedCheckpoint;

use crate::config::Config;
use crate::shield::velocity::AHEAD_MS;
pub use crate::vouching::Voucher;

/// Signs checkpoints.
pub trait Signer: Debug + Send + Sync {
    /// The signed note over the tree of the first `size` entries, with this root, at this time.
    fn sign(&self, size: u64, root: &Hash, unix_seconds: u64) -> String;

    /// The size and the root that a note says, where it is one of this ledger's and the same key signed it.
    fn opens(&self, note: &str) -> Option<(u64, Hash)>;

    /// Whether a note needs no further signature of this one's: it opens it, and whoever cosigns with it did so.
    fn signed(&self, note: &str) -> bool {
        self.opens(note).is_some()
    }
}

/// Knows when the next checkpoint is due.
#[derive(Debug)]
pub(crate) struct Notary {
    voucher: Option<Arc<Voucher>>,
    every_entries: u64,
    every_ms: i64,
    size: u64,
    at: Timestamp,
}

impl Notary {
    /// `last`: the latest checkpoint by the same keys that is kept of entries that there are.
    pub(crate) fn new(
        voucher: Option<Arc<Voucher>>,
        config: &Config,
        last: Option<&SignedCheckpoint>,
        now: Timestamp,
    ) -> Self {
        let every_ms = i64::try_from(config.checkpoint_every_seconds).unwrap_or(i64::MAX).saturating_mul(1000);
        Self {
            voucher,
            every_entries: config.checkpoint_every_entries,
            every_ms,
            size: last.map_or(0, |last| last.size),
            at: last.map_or(now, |last| last.at),
        }
    }

    /// Who signs, where somebody does.
    pub(crate) fn voucher(&self) -> Option<&Arc<Voucher>> {
        self.voucher.as_ref()
    }

    /// Who signs a checkpoint of the entry `seq`, where one is due.
    pub(crate) fn due(&self, seq: u64, now: Timestamp) -> Option<&Arc<Voucher>> {
        let beyond = seq.saturating_sub(self.size);
        let by_number = self.every_entries > 0 && beyond >= self.every_entries;
        let by_age = self.every_ms > 0 && beyond > 0 && self.left_ms(now) == 0;
        self.voucher.as_ref().filter(|_| by_number || by_age)
    }

    /// In how many milliseconds one is due by its age, where there are entries beyond the last one.
    pub(crate) fn due_in(&self, seq: u64, now: Timestamp) -> Option<u64> {
        if self.voucher.is_none() || self.every_ms == 0 || seq <= self.size {
            return None;
        }
        Some(self.left_ms(now))
    }

    /// Milliseconds until the last one is old. One of a time that has not come is, which a clock that was ahead gave it.
    fn left_ms(&self, now: Timestamp) -> u64 {
        if now.millis().saturating_add(AHEAD_MS) < self.at.millis() {
            return 0;
        }
        let due = self.at.millis().saturating_add(self.every_ms);
        u64::try_from(due.saturating_sub(now.millis())).unwrap_or_default()
    }

    /// Tries again later.
    pub(crate) fn postpone(&mut self, now: Timestamp) {
        self.at = now;
    }

    /// Takes note of a checkpoint that is kept.
    pub(crate) fn kept(&mut self, checkpoint: &SignedCheckpoint) {
        self.size = self.size.max(checkpoint.size);
        self.at = checkpoint.at;
    }
}
