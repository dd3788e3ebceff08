//! The Merkle tree over a store's entries: roots of any size, and where proofs are made from.

use countersign_core::hash::Hash;
use countersign_core::merkle::{NodeId, NodeSource, Range, border_nodes};

use crate::error::StoreError;
use crate::store::Store;

/// The tree of a store.
#[derive(Clone, Copy, Debug)]
pub struct Tree<'a>(pub &'a dyn Store);

impl Tree<'_> {
    /// Root of the tree of the first `size` entries, from the subtrees that are kept.
    ///
    /// # Errors
    /// Those of the database.
    pub fn root(self, size: u64) -> Result<Hash, StoreError> {
        root_of(size, &self.0.nodes(&border_nodes(size))?)
    }
}

impl NodeSource for Tree<'_> {
    type Error = StoreError;

    fn nodes(&self, wanted: &[NodeId]) -> Result<Vec<Hash>, StoreError> {
        self.0.nodes(wanted)
    }
}

/// Root of the tree of `size` entries, from the roots of its complete subtrees, largest first.
pub(crate) fn root_of(size: u64, roots: &[Hash]) -> Result<Hash, StoreError> {
    Range::of_prefix(size, roots).and_then(|range| range.root()).ok_or_else(|| lost(size))
}

pub(crate) fn lost(size: u64) -> StoreError {
    StoreError::Damaged(format!("the subtrees of the first {size} entries are not all kept"))
}
