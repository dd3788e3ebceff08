//! RFC 6962 trees over runs of entries: leaf = SHA-256(0x00 ‖ hash), node = SHA-256(0x01 ‖ left ‖ right).

mod nodes;
mod proof;
mod range;
#[cfg(test)]
mod reference;

pub use nodes::{
    NodeSource, Plan, ProofError, border_nodes, consistency_nodes, consistency_proof, inclusion_nodes, inclusion_proof,
};
pub use proof::{verify_consistency, verify_inclusion};
pub use range::{NodeId, Range};

use crate::hash::Hash;

/// Leaf hash of an entry's `current_hash`.
#[must_use]
pub fn leaf(current_hash: &Hash) -> Hash {
    Hash::of(&leaf_message(current_hash))
}

fn leaf_message(current_hash: &Hash) -> [u8; 33] {
    let mut message = [0; 33];
    message[1..].copy_from_slice(&current_hash.0);
    message
}

/// Hash of an inner node.
#[must_use]
pub fn node(left: &Hash, right: &Hash) -> Hash {
    Hash::of(&node_message(left, right))
}

fn node_message(left: &Hash, right: &Hash) -> [u8; 65] {
    let mut message = [1; 65];
    message[1..33].copy_from_slice(&left.0);
    message[33..].copy_from_slice(&right.0);
    message
}
