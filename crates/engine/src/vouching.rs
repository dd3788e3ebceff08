//! What stands between a ledger and the key that signs for it: only what was verified here is signed.
//!
//! Whoever may write the database may write into it whatever root he likes. So no root of the database's own is
//! signed: entries are read and hashed, from the latest checkpoint on that the same key signed, and the tree
//! over them is kept from then on. An earlier tree must be shown, by a proof, to be the beginning of that one.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use countersign_core::hash::Hash;
use countersign_core::merkle::{
    ProofError, Range, border_nodes, consistency_proof, inclusion_proof, leaf, verify_consistency, verify_inclusion,
};
use countersign_core::seal::Record;
use countersign_core::timestamp::Timestamp;
use countersign_store::{Head, SignedCheckpoint, Store, StoreError, Tree, Wanted};

use crate::footing::{damaged, entry_hash, record_hash};
use crate::notary::Signer;

/// Kept checkpoints that are looked at for one of our own key, the latest first. Past them everything is read.
const MAX_LOOKED_AT: usize = 16;

/// Signs checkpoints of a ledger, once it has verified what they say.
#[derive(Debug)]
pub struct Voucher {
    signer: Arc<dyn Signer>,
    verified: Mutex<Option<Verified>>,
}

/// The beginning of a ledger that was verified.
#[derive(Clone, Debug)]
struct Verified {
    /// The tree over it.
    range: Range,
    /// `current_hash` of its last entry, or the genesis hash.
    hash: Hash,
}

impl Voucher {
    /// One that has verified nothing yet.
    #[must_use]
    pub fn new(signer: Arc<dyn Signer>) -> Self {
        Self { signer, verified: Mutex::default() }
    }

    /// Signs a checkpoint of the first `size` entries. What of them was not verified yet is read.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] where the entries do not give the tree that the database keeps, or do not go on
    /// from what this key signed before; those of the database.
    pub fn vouch(&self, store: &dyn Store, size: u64, now: Timestamp) -> Result<SignedCheckpoint, StoreError> {
        let verified = self.verify(store, size)?;
        Ok(self.sign(size, &verified.root_of(store, size)?, now))
    }

    /// Whether a kept checkpoint is one that this would sign: by the same key, and the same cosigner where there is one.
    #[must_use]
    pub fn signed(&self, kept: &SignedCheckpoint) -> bool {
        self.signer.signed(&kept.note) && self.signer.opens(&kept.note).is_none_or(|(size, _)| size == kept.size)
    }

    /// The latest kept checkpoint of at most `size` entries that this would sign.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) fn latest(&self, store: &dyn Store, size: u64) -> Result<Option<SignedCheckpoint>, StoreError> {
        find_kept(store, Some(size), |kept| self.signed(&kept).then_some(kept))
    }

    /// Verifies the ledger up to a head, and holds the head's tree to it.
    ///
    /// # Errors
    /// As [`Voucher::vouch`].
    pub(crate) fn check(&self, store: &dyn Store, head: &Head) -> Result<(), StoreError> {
        let verified = self.verify(store, head.seq)?;
        if verified.range.len() == head.seq { verified.bears_out(&head.range) } else { Ok(()) }
    }

    /// Signs a checkpoint of a head that is about to be written, whose entries this process made: they follow
    /// those of the tree `before`.
    ///
    /// # Errors
    /// As [`Voucher::vouch`].
    pub(crate) fn vouch_next(
        &self,
        store: &dyn Store,
        before: &Range,
        head: &Head,
        now: Timestamp,
    ) -> Result<SignedCheckpoint, StoreError> {
        let verified = self.verify(store, before.len())?;
        self.reached(store, before.len())?;
        verified.bears_out(before)?;
        match head.range.root() {
            Some(root) => Ok(self.sign(head.seq, &root, now)),
            None => damaged(format!("the tree of the head {} has no root", head.seq)),
        }
    }

    /// Holds the `seq` entries that a ledger was found to have to what was verified. Where that is more, somebody has
    /// written since; or the ledger has become shorter.
    ///
    /// # Errors
    /// [`StoreError::Busy`]; [`StoreError::Damaged`]; those of the database.
    pub(crate) fn reached(&self, store: &dyn Store, seq: u64) -> Result<(), StoreError> {
        let verified = self.verified_entries();
        if seq >= verified {
            return Ok(());
        }
        match store.load(&Wanted::default())?.head.seq {
            now if now < verified => {
                damaged(format!("the ledger ends with entry {now}, and {verified} were verified here"))
            }
            _ => Err(StoreError::Busy { why: "somebody else has written meanwhile".to_owned() }),
        }
    }

    /// How many entries were verified.
    pub(crate) fn verified_entries(&self) -> u64 {
        self.verified().as_ref().map_or(0, |verified| verified.range.len())
    }

    /// Takes over a head that this process wrote on the tree `before`, where that was verified.
    pub(crate) fn follow(&self, before: &Range, head: &Head) {
        let mut verified = self.verified();
        if verified.as_ref().is_some_and(|verified| verified.range == *before) {
            *verified = Some(Verified { range: head.range.clone(), hash: head.hash });
        }
    }

    fn sign(&self, size: u64, root: &Hash, now: Timestamp) -> SignedCheckpoint {
        let seconds = u64::try_from(now.millis() / 1000).unwrap_or_default();
        SignedCheckpoint { size, note: self.signer.sign(size, root, seconds), at: now }
    }

    /// What is verified: the first `size` entries, or more.
    fn verify(&self, store: &dyn Store, size: u64) -> Result<Verified, StoreError> {
        let known = self.verified().clone();
        let mut verified = known.map_or_else(|| Verified::find(&*self.signer, store), Ok)?;
        verified.extend(store, size)?;
        let mut kept = self.verified();
        if kept.as_ref().is_none_or(|kept| kept.range.len() < verified.range.len()) {
            *kept = Some(verified.clone());
        }
        Ok(verified)
    }

    fn verified(&self) -> MutexGuard<'_, Option<Verified>> {
        self.verified.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Verified {
    /// What the latest kept checkpoint of this key vouches for; nothing where there is none.
    fn find(signer: &dyn Signer, store: &dyn Store) -> Result<Self, StoreError> {
        match find_kept(store, None, |kept| signer.opens(&kept.note))? {
            Some((size, root)) => Self::signed(store, size, &root),
            None => Ok(Self { range: Range::empty(0), hash: store.identity().genesis() }),
        }
    }

    /// The first `size` entries, where the database still has the tree of them that was signed, and the last of
    /// them in it.
    fn signed(store: &dyn Store, size: u64, root: &Hash) -> Result<Self, StoreError> {
        let seq = store.load(&Wanted::default())?.head.seq;
        if size > seq {
            return damaged(format!("the ledger ends with entry {seq}, and our own key signed for {size}"));
        }
        let range = Range::of_prefix(size, &store.nodes(&border_nodes(size))?);
        let Some(range) = range.filter(|range| range.root().as_ref() == Some(root)) else {
            return damaged(format!("the tree of the first {size} entries is not the one that our own key signed"));
        };
        if size == 0 {
            return Ok(Self { range, hash: store.identity().genesis() });
        }
        let hash = entry_hash(store, size)?;
        let proof = inclusion_proof(&Tree(store), size - 1, size).map_err(unproven)?;
        if !verify_inclusion(size - 1, size, &leaf(&hash), root, &proof) {
            return damaged(format!("entry {size} is not the one that our own key signed for"));
        }
        Ok(Self { range, hash })
    }

    /// Reads and verifies what follows, up to the entry `size`.
    fn extend(&mut self, store: &dyn Store, size: u64) -> Result<(), StoreError> {
        if size <= self.range.len() {
            return Ok(());
        }
        let first = self.range.len() + 1;
        store.snapshot()?.entries(first..=size, &mut |record| self.take(&record))?;
        match self.range.len() {
            found if found == size => Ok(()),
            found => damaged(format!("entry {} is missing", found + 1)),
        }
    }

    fn take(&mut self, record: &Record) -> Result<(), StoreError> {
        let seq = self.range.len() + 1;
        let hash = record_hash(record, seq)?;
        if Hash::parse(&record.previous_hash) != Some(self.hash) || record.hash() != Some(hash) {
            return damaged(format!("entry {seq} does not follow the entry before it, or is not what its hash says"));
        }
        self.range.push(&hash, |_, _| {});
        self.hash = hash;
        Ok(())
    }

    /// Holds a head's tree to this one.
    fn bears_out(&self, range: &Range) -> Result<(), StoreError> {
        if self.range == *range {
            return Ok(());
        }
        damaged(format!("the tree of the head is not the one that its {} entries give", range.len()))
    }

    /// Root of the tree of the first `size` entries that the database keeps, shown to be the beginning of this.
    fn root_of(&self, store: &dyn Store, size: u64) -> Result<Hash, StoreError> {
        let (kept, ours) = (Tree(store).root(size)?, self.range.root().unwrap_or_default());
        let proof = consistency_proof(&Tree(store), size, self.range.len()).map_err(unproven)?;
        if verify_consistency(size, &kept, self.range.len(), &ours, &proof) {
            return Ok(kept);
        }
        damaged(format!("the tree that is kept of the first {size} entries is not the one that they give"))
    }
}

/// What the latest of the kept checkpoints of at most `most` entries gives that gives something.
fn find_kept<T>(
    store: &dyn Store,
    mut most: Option<u64>,
    what: impl Fn(SignedCheckpoint) -> Option<T>,
) -> Result<Option<T>, StoreError> {
    for _ in 0..MAX_LOOKED_AT {
        let Some(kept) = store.checkpoint(most)? else { break };
        let smaller = kept.size.checked_sub(1);
        if let Some(found) = what(kept) {
            return Ok(Some(found));
        }
        let Some(smaller) = smaller else { break };
        most = Some(smaller);
    }
    Ok(None)
}

fn unproven(error: ProofError<StoreError>) -> StoreError {
    match error {
        ProofError::Source(error) => error,
        other => StoreError::Damaged(other.to_string()),
    }
}
