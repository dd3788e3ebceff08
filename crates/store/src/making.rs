//! A batch that is being made while its first entries are written already.

use std::fmt::Debug;

use countersign_core::hash::Hash;
use countersign_core::merkle::NodeId;
use countersign_core::seal::Record;

use crate::batch::Batch;
use crate::head::Head;

/// Entries as they were made, in order, and the nodes that they complete: the next of a batch's own.
pub type Made<'a> = (&'a [Record], &'a [(NodeId, Hash)]);

/// Makes a batch, piece by piece.
pub trait Making: Debug {
    /// What the batch is made on.
    fn head(&self) -> &Head;

    /// Waits for the next entries; `false` where there are no more.
    fn more(&mut self) -> bool;

    /// The entries that were waited for last, at least one, and their nodes.
    fn made(&self) -> Made<'_>;

    /// Waits for the whole batch, whatever of it was asked for before; `None` where it is not to be written after all.
    /// May be asked for again.
    fn batch(&mut self) -> Option<&Batch>;
}
