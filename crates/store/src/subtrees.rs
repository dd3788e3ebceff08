//! The subtrees that a store keeps, held to its entries: proofs and partial exports are made of them, and no entry shows one
//! that is another.

use countersign_core::hash::Hash;
use countersign_core::merkle::{NodeId, Range};

use crate::error::StoreError;
use crate::store::Store;

/// Subtrees that are fetched at once.
const BATCH: usize = 1 << 10;

/// Takes the entries' hashes in their order, and compares what they give with what is kept.
#[derive(Debug)]
pub struct Subtrees<'a> {
    store: &'a dyn Store,
    tree: Range,
    /// What was not compared yet.
    given: Vec<(NodeId, Hash)>,
    differs: Option<String>,
}

impl<'a> Subtrees<'a> {
    /// Before the first entry.
    #[must_use]
    pub fn of(store: &'a dyn Store) -> Self {
        Self { store, tree: Range::empty(0), given: Vec::with_capacity(BATCH), differs: None }
    }

    /// Takes the `current_hash` of the next entry. After the first difference there is nothing to look for.
    ///
    /// # Errors
    /// Those of the database.
    pub fn push(&mut self, current_hash: &Hash) -> Result<(), StoreError> {
        if self.differs.is_some() {
            return Ok(());
        }
        let given = &mut self.given;
        self.tree.push(current_hash, |id, root| given.push((id, root)));
        if self.given.len() >= BATCH { self.compare() } else { Ok(()) }
    }

    /// Where what is kept differs first, as a sentence: one that is another, or is not there.
    ///
    /// # Errors
    /// Those of the database.
    pub fn finish(mut self) -> Result<Option<String>, StoreError> {
        self.compare()?;
        Ok(self.differs)
    }

    fn compare(&mut self) -> Result<(), StoreError> {
        // Neighbours stand beside each other in the database.
        self.given.sort_unstable_by_key(|(id, _)| *id);
        let wanted: Vec<NodeId> = self.given.iter().map(|(id, _)| *id).collect();
        let kept = match self.store.nodes(&wanted) {
            Err(StoreError::Damaged(why)) => {
                self.differs.get_or_insert(format!("A subtree over the entries cannot be read: {why}."));
                Vec::new()
            }
            kept => kept?,
        };
        let other = self.given.iter().zip(kept).find(|((_, given), kept)| given != kept);
        if let Some(((NodeId { level, index }, _), _)) = other {
            let (first, last) = ((index << level) + 1, (index + 1) << level);
            let why = format!("The subtree that the store keeps over the entries {first} to {last} is not theirs.");
            self.differs.get_or_insert(why);
        }
        self.given.clear();
        Ok(())
    }
}
