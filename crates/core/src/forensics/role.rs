//! What an entry can be in the chain that was found.

use super::chain::Joint;
use crate::hash::Hash;

/// What an entry is in the chain that was found.
#[derive(Clone, Copy, Debug)]
pub(super) enum Role {
    /// Of the genuine ledger.
    Genuine { seq: u64, joint: Option<Joint>, named: Named },
    /// Set aside; the line of the first that was with it.
    Aside(u64),
    /// In no run: it names no hashes, or the chain was not followed so far.
    Outside,
}

/// In the place of a hash that nothing tells: no content gives it.
pub(super) const NOT_KNOWN: Hash = Hash([0; 32]);

/// Who names the genuine hash of an entry.
#[derive(Clone, Copy, Debug)]
pub(super) enum Named {
    /// Its successor names the one that it has.
    Own,
    /// Its successor names another, which that one's own hash does not bear out.
    Disputed,
    /// Its successor names this one.
    Other(Hash),
    /// What followed it is gone.
    Nobody,
    /// It is the last, which only the trailer and the checkpoints speak of.
    End,
}
