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

    /// What was made since the last time, once there is something; `None` where nothing more is made.
    fn more(&mut self) -> Option<Made<'_>>;

    /// The whole batch, once all of it is made; `None` where it is not to be written after all.
    fn batch(&mut self) -> Option<&Batch>;
}
