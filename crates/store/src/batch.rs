//! What is written at once: all of it, or nothing.

use std::collections::HashMap;

use countersign_core::books::{Account, Treasury};
use countersign_core::hash::Hash;
use countersign_core::merkle::NodeId;
use countersign_core::seal::Record;
use countersign_core::timestamp::Timestamp;

use crate::act::{Act, ActKind};
use crate::basis::Basis;
use crate::error::StoreError;
use crate::head::Head;

/// One commit. A document carries the version that it was read at, and is written with the next one, where
/// that is still the one it has; else the whole batch is refused with a [`crate::VersionError`]. Documents
/// are compared before the head, so that a race names the document it is about. Where the version is the same and
/// anything else is not what the batch was made on, it is refused as [`StoreError::Damaged`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// The head after the batch, with the version that it was read at.
    pub head: Head,
    /// What it was made on.
    pub basis: Basis,
    /// New entries, in order; the first follows the head that was read.
    pub entries: Vec<Record>,
    /// Roots of the complete subtrees above the leaves that these entries complete. A leaf follows from its
    /// entry, and is not kept.
    pub nodes: Vec<(NodeId, Hash)>,
    /// Accounts that change.
    pub accounts: Vec<Account>,
    /// Accounts that are new; written with version 1.
    pub opened: Vec<Account>,
    /// The Treasury, where it changes.
    pub treasury: Option<Treasury>,
    /// What was answered to requests with a key.
    pub answers: Vec<Answer>,
    /// What operators did, in order.
    pub acts: Vec<Act>,
    /// `transaction_id`s of entries whose personal block goes; each has its ERASURE entry.
    pub erased: Vec<String>,
    /// Checkpoints of the head after the batch, or of one before it.
    pub checkpoints: Vec<SignedCheckpoint>,
}

impl Batch {
    /// A batch that changes nothing but what the caller puts in. `head`: as it was read; the batch is held to it.
    #[must_use]
    pub fn on(head: Head) -> Self {
        Self {
            basis: Basis { head: head.clone(), treasury: None, accounts: HashMap::new() },
            head,
            entries: Vec::new(),
            nodes: Vec::new(),
            accounts: Vec::new(),
            opened: Vec::new(),
            treasury: None,
            answers: Vec::new(),
            acts: Vec::new(),
            erased: Vec::new(),
            checkpoints: Vec::new(),
        }
    }

    /// Holds the entries and the new head to the head that was read: each entry follows the one before it, and the
    /// head names the last.
    ///
    /// # Errors
    /// [`StoreError::Refused`]: whoever made the batch made a mistake.
    pub fn check_follows(&self) -> Result<(), StoreError> {
        let read = &self.basis.head;
        let (seq, hash) = follow((read.seq, read.hash), &self.entries)?;
        if (self.head.seq, self.head.hash, self.head.range.len()) != (seq, hash, seq) {
            return Err(StoreError::Refused { why: format!("the new head is not the entry {seq}") });
        }
        Ok(())
    }

    /// Whether something personal goes with it, a block or a name, of which nothing is to be left.
    #[must_use]
    pub fn erases(&self) -> bool {
        !self.erased.is_empty() || self.acts.iter().any(|act| act.kind == ActKind::AccountRenamed)
    }

    /// Whether it does nothing but halt. That goes through where the last entry is no longer the one that the
    /// head names: then most of all.
    #[must_use]
    pub fn only_halts(&self) -> bool {
        let documents = self.accounts.is_empty() && self.opened.is_empty() && self.treasury.is_none();
        let chain = self.entries.is_empty() && self.nodes.is_empty() && self.erased.is_empty();
        let acts = self.acts.iter().all(|act| act.kind == ActKind::Halt);
        self.head.halt.is_some() && acts && documents && chain && self.answers.is_empty() && self.checkpoints.is_empty()
    }
}

/// Holds entries to the one before them, by its `seq` and its hash; those of the last of them.
pub(crate) fn follow(before: (u64, Hash), entries: &[Record]) -> Result<(u64, Hash), StoreError> {
    let refused = |why: String| Err(StoreError::Refused { why });
    let (mut seq, mut hash) = before;
    for record in entries {
        if record.seq != seq + 1 || Hash::parse(&record.previous_hash) != Some(hash) {
            return refused(format!("the entry {} does not follow the entry {seq}", record.seq));
        }
        let Some(next) = record.hash() else {
            return refused(format!("the current_hash of the entry {} is no hash", record.seq));
        };
        (seq, hash) = (record.seq, next);
    }
    Ok((seq, hash))
}

/// What a request with an idempotency key was answered, for when it comes again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The caller's key, 1 to 128 bytes of text.
    pub key: String,
    /// Hash of what was asked, so that a key reused for something else is told.
    pub asked: Hash,
    /// The answer, JSON.
    pub answer: String,
    /// When.
    pub at: Timestamp,
}

/// A signed note over a tree of the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCheckpoint {
    /// Entries that it covers.
    pub size: u64,
    /// The note.
    pub note: String,
    /// When it was made.
    pub at: Timestamp,
}
