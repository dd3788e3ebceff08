//! A store that can be lost, and can panic.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use countersign_core::books::Account;
use countersign_core::hash::Hash;
use countersign_core::merkle::NodeId;
use countersign_core::seal::Record;
use countersign_core::timestamp::Timestamp;
use countersign_store::{
    Batch, Identity, Loaded, Page, Query, Remains, SignedCheckpoint, Snapshot, Store, StoreError, Wanted,
};

/// A real store in a mood.
#[derive(Debug)]
pub(crate) struct Moody {
    inner: Arc<dyn Store>,
    mood: AtomicU8,
}

pub(crate) const WELL: u8 = 0;
pub(crate) const LOST: u8 = 1;
pub(crate) const PANICKING: u8 = 2;
/// Reads, and does not write.
pub(crate) const STUCK: u8 = 3;

impl Moody {
    pub(crate) fn of(inner: Arc<dyn Store>) -> Self {
        Self { inner, mood: AtomicU8::new(WELL) }
    }

    pub(crate) fn be(&self, mood: u8) {
        self.mood.store(mood, Ordering::SeqCst);
    }

    fn look(&self) -> Result<(), StoreError> {
        match self.mood.load(Ordering::SeqCst) {
            LOST => Err(StoreError::Lost { why: "gone fishing".to_owned() }),
            PANICKING => panic!("a fault of the program"),
            _ => Ok(()),
        }
    }
}

impl Store for Moody {
    fn identity(&self) -> &Identity {
        self.inner.identity()
    }

    fn load(&self, wanted: &Wanted) -> Result<Loaded, StoreError> {
        self.look()?;
        self.inner.load(wanted)
    }

    fn commit(&self, batch: &Batch) -> Result<(), StoreError> {
        self.look()?;
        if self.mood.load(Ordering::SeqCst) == STUCK {
            return Err(StoreError::Full { why: "no room".to_owned() });
        }
        self.inner.commit(batch)
    }

    fn snapshot(&self) -> Result<Box<dyn Snapshot + '_>, StoreError> {
        self.look()?;
        self.inner.snapshot()
    }

    fn entry(&self, seq: u64) -> Result<Option<Record>, StoreError> {
        self.inner.entry(seq)
    }

    fn entry_by_id(&self, transaction_id: &str) -> Result<Option<Record>, StoreError> {
        self.inner.entry_by_id(transaction_id)
    }

    fn history(&self, query: &Query, page: Page) -> Result<Vec<Record>, StoreError> {
        self.inner.history(query, page)
    }

    fn frozen(&self, after: Option<&str>, limit: u32) -> Result<Vec<Account>, StoreError> {
        self.inner.frozen(after, limit)
    }

    fn acts(&self, page: Page) -> Result<Vec<countersign_store::Act>, StoreError> {
        self.inner.acts(page)
    }

    fn plan(&self, query: &Query) -> Result<String, StoreError> {
        self.inner.plan(query)
    }

    fn plan_frozen(&self) -> Result<String, StoreError> {
        self.inner.plan_frozen()
    }

    fn nodes(&self, wanted: &[NodeId]) -> Result<Vec<Hash>, StoreError> {
        self.inner.nodes(wanted)
    }

    fn checkpoint(&self, size: Option<u64>) -> Result<Option<SignedCheckpoint>, StoreError> {
        self.inner.checkpoint(size)
    }

    fn keep_checkpoint(&self, checkpoint: &SignedCheckpoint) -> Result<(), StoreError> {
        self.inner.keep_checkpoint(checkpoint)
    }

    fn forget_answers(&self, before: Timestamp) -> Result<u64, StoreError> {
        self.inner.forget_answers(before)
    }

    fn unprotected(&self) -> Result<Vec<String>, StoreError> {
        self.inner.unprotected()
    }

    fn rid_of_erased(&self) -> Result<Remains, StoreError> {
        self.inner.rid_of_erased()
    }

    fn backup(&self, to: &Path) -> Result<(), StoreError> {
        self.inner.backup(to)
    }
}
