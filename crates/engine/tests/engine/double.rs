//! A store around a real one that does on purpose what a real one does rarely.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use countersign_core::books::Account;
use countersign_core::hash::Hash;
use countersign_core::merkle::NodeId;
use countersign_core::seal::Record;
use countersign_core::timestamp::Timestamp;
use countersign_store::{
    Batch, Identity, Loaded, Making, Page, Query, Remains, SignedCheckpoint, Snapshot, Store, StoreError, Wanted,
};

/// What happens to a commit.
pub(crate) enum Mishap {
    /// It fails, and nothing is written.
    Before(StoreError),
    /// It is written, and yet it fails.
    After(StoreError),
    /// Of a batch that is written while it is made: it fails after two pieces.
    Midway(StoreError),
    /// Something else happens first; then it goes on.
    First(Box<dyn FnOnce() + Send>),
    /// It is written; then something else happens.
    Then(Box<dyn FnOnce() + Send>),
}

type Recorder = Box<dyn Fn(&Batch) + Send + Sync>;

/// A real store with mishaps.
pub(crate) struct Double {
    inner: Arc<dyn Store>,
    commits: Mutex<VecDeque<Mishap>>,
    loads: Mutex<VecDeque<StoreError>>,
    record: Option<Recorder>,
    /// Batches that were to be written while they were made.
    making: AtomicUsize,
}

impl std::fmt::Debug for Double {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Double of {:?}", self.inner)
    }
}

impl Double {
    pub(crate) fn of(inner: Arc<dyn Store>) -> Self {
        Self { inner, commits: Mutex::default(), loads: Mutex::default(), record: None, making: AtomicUsize::new(0) }
    }

    /// How many batches were to be written while they were made.
    pub(crate) fn making(&self) -> usize {
        self.making.load(Ordering::Relaxed)
    }

    /// Hands every batch that was written to `record`.
    pub(crate) fn recording(self, record: impl Fn(&Batch) + Send + Sync + 'static) -> Self {
        Self { record: Some(Box::new(record)), ..self }
    }

    /// Happens to the commits to come, one each.
    pub(crate) fn on_commit(&self, mishaps: impl IntoIterator<Item = Mishap>) {
        self.commits.lock().expect("whole").extend(mishaps);
    }

    /// Happens to the loads to come, one each.
    pub(crate) fn on_load(&self, errors: impl IntoIterator<Item = StoreError>) {
        self.loads.lock().expect("whole").extend(errors);
    }
}

impl Store for Double {
    fn identity(&self) -> &Identity {
        self.inner.identity()
    }

    fn load(&self, wanted: &Wanted) -> Result<Loaded, StoreError> {
        let mishap = self.loads.lock().expect("whole").pop_front();
        mishap.map_or_else(|| self.inner.load(wanted), Err)
    }

    fn commit(&self, batch: &Batch) -> Result<(), StoreError> {
        let mishap = self.commits.lock().expect("whole").pop_front();
        match mishap {
            Some(Mishap::Before(error) | Mishap::Midway(error)) => return Err(error),
            Some(Mishap::After(error)) => return self.inner.commit(batch).and(Err(error)),
            Some(Mishap::Then(act)) => return self.inner.commit(batch).map(|()| act()),
            Some(Mishap::First(act)) => act(),
            None => {}
        }
        self.inner.commit(batch)?;
        if let Some(record) = &self.record {
            record(batch);
        }
        Ok(())
    }

    /// Piece by piece, but where what happens to it is of a whole batch.
    fn commit_while_made(&self, making: &mut dyn Making) -> Result<bool, StoreError> {
        self.making.fetch_add(1, Ordering::Relaxed);
        let mishap = self.commits.lock().expect("whole").pop_front();
        match mishap {
            None => {}
            Some(Mishap::First(act)) => act(),
            Some(Mishap::Midway(error)) => {
                assert!(making.more() && making.more(), "there is no second piece");
                return Err(error);
            }
            Some(whole) => {
                self.commits.lock().expect("whole").push_front(whole);
                return making.batch().map_or(Ok(false), |batch| self.commit(batch).map(|()| true));
            }
        }
        let is_written = self.inner.commit_while_made(making)?;
        if let (Some(record), true) = (&self.record, is_written) {
            making.batch().into_iter().for_each(record);
        }
        Ok(is_written)
    }

    fn writes_while_made(&self) -> bool {
        self.inner.writes_while_made()
    }

    fn snapshot(&self) -> Result<Box<dyn Snapshot + '_>, StoreError> {
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
