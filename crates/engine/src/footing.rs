//! What a ledger stands on: a head that its last entry bears out, and that goes on from where we left it.

use countersign_core::hash::Hash;
use countersign_core::merkle::{Range, border_nodes};
use countersign_core::seal::Record;
use countersign_store::{Head, Store, StoreError};

/// Where this process left the ledger, or found it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Footing {
    pub(crate) version: u64,
    pub(crate) seq: u64,
    pub(crate) hash: Hash,
    /// The tree over all entries, as the head has it.
    pub(crate) range: Range,
}

impl Footing {
    /// Of a head that this process wrote; `version` is the one that it has now.
    pub(crate) fn on(head: &Head, version: u64) -> Self {
        Self { version, seq: head.seq, hash: head.hash, range: head.range.clone() }
    }

    /// Finds its footing on a head.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] where its last entry or the tree's kept nodes do not bear it out; those of the
    /// database.
    pub(crate) fn find(store: &dyn Store, head: &Head) -> Result<Self, StoreError> {
        let found = Self::borne_out(store, head)?;
        if store.nodes(&border_nodes(head.seq))? != head.range.roots() {
            return damaged(format!("the tree of the head {} is not the one that is kept", head.seq));
        }
        Ok(found)
    }

    fn borne_out(store: &dyn Store, head: &Head) -> Result<Self, StoreError> {
        if head.range.len() != head.seq {
            let leaves = head.range.len();
            return damaged(format!("the head has {} entries, and its tree {leaves}", head.seq));
        }
        let hash = if head.seq == 0 { store.identity().genesis() } else { entry_hash(store, head.seq)? };
        if hash != head.hash {
            return damaged(format!("entry {} hashes to {hash}, and the head says {}", head.seq, head.hash));
        }
        Ok(Self { version: head.version, seq: head.seq, hash: head.hash, range: head.range.clone() })
    }

    /// The footing on a head that was read later. Where nobody else wrote, that is the same one; else what was
    /// written must go on from here.
    ///
    /// # Errors
    /// As [`Footing::find`].
    pub(crate) fn follow(&self, store: &dyn Store, head: &Head) -> Result<Self, StoreError> {
        let same_place = (head.seq, head.hash) == (self.seq, self.hash);
        if same_place && head.range != self.range {
            return damaged(format!("the tree of the head {} is not the one that it was", head.seq));
        }
        if head.version == self.version && same_place {
            return Ok(self.clone());
        }
        if head.version <= self.version || head.seq < self.seq {
            return damaged(format!(
                "the ledger went back from entry {} (version {}) to entry {} (version {})",
                self.seq, self.version, head.seq, head.version
            ));
        }
        if self.seq > 0 && entry_hash(store, self.seq)? != self.hash {
            return damaged(format!("entry {} is not the one that it was", self.seq));
        }
        Self::borne_out(store, head)
    }
}

/// What the content of the entry `seq` hashes to.
pub(crate) fn entry_hash(store: &dyn Store, seq: u64) -> Result<Hash, StoreError> {
    let Some(record) = store.entry(seq)? else { return damaged(format!("entry {seq} is missing")) };
    record_hash(&record, seq)
}

/// What an entry's content hashes to, its personal block with it where that is still there.
pub(crate) fn record_hash(record: &Record, seq: u64) -> Result<Hash, StoreError> {
    let entry = record.entry();
    if entry.seq != seq {
        return damaged(format!("entry {seq} is missing, or says that it is entry {}", entry.seq));
    }
    if let Some(hash) = entry.personal_content_hash()
        && hash.to_string() != entry.personal_hash
    {
        return damaged(format!("the personal block of entry {seq} does not hash to what the entry says"));
    }
    Ok(entry.content_hash())
}

pub(crate) fn damaged<T>(why: String) -> Result<T, StoreError> {
    Err(StoreError::Damaged(why))
}
