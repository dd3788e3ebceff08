//! When the ledger is vouched for: signed checkpoints, every so many entries or seconds.
//!
//! What is signed is in [`countersign_store::Head`]: how many entries there are, and the root of their tree. The key is the
//! caller's; it is never in the database.

use std::fmt::Debug;
use std::sync::Arc;

use countersign_core::hash::Hash;
use countersign_core::timestamp::Timestamp;
use countersign_store::{Head, SignedCheckpoint};

use crate::config::Config;

/// Signs checkpoints.
pub trait Signer: Debug + Send + Sync {
    /// The signed note over the tree of the first `size` entries, with this root, at this time.
    fn sign(&self, size: u64, root: &Hash, unix_seconds: u64) -> String;
}

/// A signed checkpoint of a ledger's head; `None` where the head has no root.
pub fn vouch(signer: &dyn Signer, head: &Head, now: Timestamp) -> Option<SignedCheckpoint> {
    let root = head.range.root()?;
    let seconds = u64::try_from(now.millis() / 1000).unwrap_or_default();
    Some(SignedCheckpoint { size: head.seq, note: signer.sign(head.seq, &root, seconds), at: now })
}

/// Knows when the next checkpoint is due.
#[derive(Debug)]
pub(crate) struct Notary {
    signer: Option<Arc<dyn Signer>>,
    every_entries: u64,
    every_ms: i64,
    size: u64,
    at: Timestamp,
}

impl Notary {
    /// `last`: the latest checkpoint that is kept.
    pub(crate) fn new(
        signer: Option<Arc<dyn Signer>>,
        config: &Config,
        last: Option<&SignedCheckpoint>,
        now: Timestamp,
    ) -> Self {
        let every_ms = i64::try_from(config.checkpoint_every_seconds).unwrap_or(i64::MAX).saturating_mul(1000);
        Self {
            signer,
            every_entries: config.checkpoint_every_entries,
            every_ms,
            size: last.map_or(0, |last| last.size),
            at: last.map_or(now, |last| last.at),
        }
    }

    /// A checkpoint of this head, where one is due.
    pub(crate) fn due(&self, head: &Head, now: Timestamp) -> Option<SignedCheckpoint> {
        let signer = self.signer.as_deref()?;
        let beyond = head.seq.saturating_sub(self.size);
        let by_number = self.every_entries > 0 && beyond >= self.every_entries;
        let by_age = self.every_ms > 0 && beyond > 0 && now.millis() - self.at.millis() >= self.every_ms;
        if by_number || by_age { vouch(signer, head, now) } else { None }
    }

    /// In how many milliseconds one is due by its age, where there are entries beyond the last one.
    pub(crate) fn due_in(&self, seq: u64, now: Timestamp) -> Option<u64> {
        if self.signer.is_none() || self.every_ms == 0 || seq <= self.size {
            return None;
        }
        let due = self.at.millis().saturating_add(self.every_ms);
        Some(u64::try_from(due.saturating_sub(now.millis())).unwrap_or_default())
    }

    /// Tries again later.
    pub(crate) fn postpone(&mut self, now: Timestamp) {
        self.at = now;
    }

    /// Takes note of a checkpoint that is kept.
    pub(crate) fn kept(&mut self, checkpoint: &SignedCheckpoint) {
        self.size = self.size.max(checkpoint.size);
        self.at = self.at.max(checkpoint.at);
    }
}
