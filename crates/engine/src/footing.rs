//! What a ledger stands on: a head that its last entry bears out, and that goes on from where we left it.

use countersign_core::hash::Hash;
use countersign_store::{Head, Store, StoreError};

/// Where this process left the ledger, or found it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Footing {
    pub(crate) version: u64,
    pub(crate) seq: u64,
    pub(crate) hash: Hash,
}

impl Footing {
    /// Finds its footing on a head.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] where its last entry does not bear it out; those of the database.
    pub(crate) fn find(store: &dyn Store, head: &Head) -> Result<Self, StoreError> {
        if head.range.len() != head.seq {
            let leaves = head.range.len();
            return damaged(format!("the head has {} entries, and its tree {leaves}", head.seq));
        }
        let hash = if head.seq == 0 { store.identity().genesis() } else { content_hash(store, head.seq)? };
        if hash != head.hash {
            return damaged(format!("entry {} hashes to {hash}, and the head says {}", head.seq, head.hash));
        }
        Ok(Self { version: head.version, seq: head.seq, hash: head.hash })
    }

    /// The footing on a head that was read later. Where nobody else wrote, that is the same one; else what was
    /// written must go on from here.
    ///
    /// # Errors
    /// As [`Footing::find`].
    pub(crate) fn follow(&self, store: &dyn Store, head: &Head) -> Result<Self, StoreError> {
        let same_place = (head.seq, head.hash) == (self.seq, self.hash);
        if head.version == self.version && same_place {
            return Ok(*self);
        }
        if head.version <= self.version || head.seq < self.seq {
            return damaged(format!(
                "the ledger went back from entry {} (version {}) to entry {} (version {})",
                self.seq, self.version, head.seq, head.version
            ));
        }
        if self.seq > 0 && content_hash(store, self.seq)? != self.hash {
            return damaged(format!("entry {} is not the one that it was", self.seq));
        }
        Self::find(store, head)
    }
}

/// What an entry's content hashes to, its personal block with it where that is still there.
fn content_hash(store: &dyn Store, seq: u64) -> Result<Hash, StoreError> {
    let Some(record) = store.entry(seq)? else { return damaged(format!("entry {seq} is missing")) };
    let entry = record.entry();
    if entry.seq != seq {
        return damaged(format!("entry {seq} says that it is entry {}", entry.seq));
    }
    if let Some(hash) = entry.personal_content_hash()
        && hash.to_string() != entry.personal_hash
    {
        return damaged(format!("the personal block of entry {seq} does not hash to what the entry says"));
    }
    Ok(entry.content_hash())
}

fn damaged<T>(why: String) -> Result<T, StoreError> {
    Err(StoreError::Damaged(why))
}
