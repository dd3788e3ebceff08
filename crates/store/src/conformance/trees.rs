//! Nodes of the Merkle tree.

use countersign_core::hash::{Batch as Digests, Hash};
use countersign_core::merkle::{
    NodeId, Range, consistency_proof, inclusion_proof, leaf, verify_consistency, verify_inclusion,
};

use super::Open;
use super::desk::{Everything, carry_out, furnish, mint};
use crate::store::Store;
use crate::tree::Tree;

const ENTRIES: usize = 70;

/// Entries in batches of 1, 2, 3, …; their hashes.
fn grow(store: &dyn Store) -> Vec<Hash> {
    furnish(store, &["alice"]);
    let (mut entries, mut size) = (1, 1);
    while entries < ENTRIES {
        let orders = vec![mint("alice", "1"); size.min(ENTRIES - entries)];
        entries += carry_out(store, &orders).len();
        size += 1;
    }
    Everything::of(store).entries.iter().map(|record| record.hash().unwrap()).collect()
}

fn root(hashes: &[Hash]) -> Hash {
    Range::of_entries(0, hashes, &mut Digests::default()).root().unwrap()
}

pub(super) fn roots_of_every_size(open: &Open) {
    let store = open();
    let hashes = grow(&*store);
    let mut snapshot = store.snapshot().unwrap();
    for size in 0..=hashes.len() {
        let prefix = snapshot.prefix(size as u64).unwrap();
        let range = Range::of_prefix(size as u64, &prefix).unwrap();
        assert_eq!(range, Range::of_entries(0, &hashes[..size], &mut Digests::default()));
        assert_eq!(range.root(), Some(root(&hashes[..size])));
    }
}

pub(super) fn proofs_from_kept_nodes(open: &Open) {
    let store = open();
    let hashes = grow(&*store);
    let sizes = [1, 2, 3, 7, 8, 9, 31, 32, 33, 63, 64, 65, ENTRIES];
    for size in sizes {
        let whole = root(&hashes[..size]);
        for index in 0..size as u64 {
            let proof = inclusion_proof(&Tree(&*store), index, size as u64).unwrap();
            let it = leaf(&hashes[usize::try_from(index).unwrap()]);
            assert!(verify_inclusion(index, size as u64, &it, &whole, &proof), "{index} of {size}");
        }
        for old in 0..=size {
            let proof = consistency_proof(&Tree(&*store), old as u64, size as u64).unwrap();
            let before = root(&hashes[..old]);
            assert!(verify_consistency(old as u64, &before, size as u64, &whole, &proof), "{old} to {size}");
        }
    }
}

pub(super) fn a_node_that_is_not_kept_is_told(open: &Open) {
    let store = open();
    grow(&*store);
    let first = NodeId { level: 0, index: 0 };
    assert_eq!(store.nodes(&[]).unwrap(), []);
    let both = [NodeId { level: 1, index: 2 }, first];
    let backwards = [first, NodeId { level: 1, index: 2 }];
    let (mut found, expected) = (store.nodes(&both).unwrap(), store.nodes(&backwards).unwrap());
    found.reverse();
    assert_eq!(found, expected, "roots come in the order asked for");
    assert_eq!(store.nodes(&[first, first]).unwrap().len(), 2);
    // The level's last subtree is not complete yet, and there are none beyond.
    for (level, index) in [(6, 1), (0, ENTRIES as u64), (1, 35), (7, 0), (63, 0), (0, u64::MAX), (3, u64::MAX)] {
        let outcome = store.nodes(&[first, NodeId { level, index }]);
        assert!(outcome.is_err(), "{level} {index}: {outcome:?}");
    }
    assert!(store.snapshot().unwrap().prefix(ENTRIES as u64 + 1).is_err());
}
