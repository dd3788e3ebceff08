//! Proofs that an entry is in a tree, and that one tree extends another: RFC 9162 section 2.1, whose
//! trees and proofs are RFC 6962's. A proof is a list of hashes, deepest first.

use super::node;
use crate::hash::Hash;

/// Whether `proof` shows that `leaf` is the `index`-th leaf (from 0) of the tree of `size` leaves with
/// this root. RFC 9162 section 2.1.3.2.
#[must_use]
pub fn verify_inclusion(index: u64, size: u64, leaf: &Hash, root: &Hash, proof: &[Hash]) -> bool {
    if index >= size {
        return false;
    }
    let (mut at, mut last, mut hash) = (index, size - 1, *leaf);
    for sibling in proof {
        if last == 0 {
            return false;
        }
        if is_right(at) || at == last {
            hash = node(sibling, &hash);
            climb_left_border(&mut at, &mut last);
        } else {
            hash = node(&hash, sibling);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    last == 0 && hash == *root
}

/// Whether `proof` shows that the tree of `new_size` leaves starts with the tree of `old_size` leaves.
/// RFC 9162 section 2.1.4.2; every tree extends the empty one, by an empty proof.
#[must_use]
pub fn verify_consistency(old_size: u64, old_root: &Hash, new_size: u64, new_root: &Hash, proof: &[Hash]) -> bool {
    if old_size == new_size {
        return proof.is_empty() && old_root == new_root;
    }
    if old_size == 0 {
        return proof.is_empty() && *old_root == Hash::of(b"");
    }
    if old_size > new_size {
        return false;
    }
    // Of a complete old tree, its own root is the node to start from, and is left out.
    let whole = old_size.is_power_of_two().then_some(old_root);
    let mut path = whole.into_iter().chain(proof);
    let Some(start) = path.next() else { return false };
    let (mut at, mut last) = (old_size - 1, new_size - 1);
    let complete = at.trailing_ones();
    (at, last) = (at >> complete, last >> complete);
    let (mut old, mut new) = (*start, *start);
    for sibling in path {
        if last == 0 {
            return false;
        }
        if is_right(at) || at == last {
            (old, new) = (node(sibling, &old), node(sibling, &new));
            climb_left_border(&mut at, &mut last);
        } else {
            new = node(&new, sibling);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    last == 0 && old == *old_root && new == *new_root
}

const fn is_right(at: u64) -> bool {
    at % 2 == 1
}

/// At the tree's right border, levels at which the node has no sibling are passed over.
const fn climb_left_border(at: &mut u64, last: &mut u64) {
    while !is_right(*at) && *at != 0 {
        (*at, *last) = (*at >> 1, *last >> 1);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::merkle::leaf;
    use crate::merkle::reference::{entries, inclusion, root, subproof};

    const MOST: usize = 131;

    #[test]
    fn every_proof_of_every_small_tree_holds() {
        let hashes = entries(MOST);
        for size in 0..=MOST {
            let all = root(&hashes[..size]);
            for index in 0..size {
                let proof = inclusion(index, &hashes[..size]);
                assert!(verify_inclusion(index as u64, size as u64, &leaf(&hashes[index]), &all, &proof));
            }
            for old in 1..=size {
                let proof = subproof(old, &hashes[..size], true);
                let before = root(&hashes[..old]);
                assert!(verify_consistency(old as u64, &before, size as u64, &all, &proof), "{old} of {size}");
            }
            assert!(verify_consistency(0, &Hash::of(b""), size as u64, &all, &[]));
        }
    }

    proptest! {
        #[test]
        fn a_changed_proof_fails(size in 2_usize..MOST, index: prop::sample::Index, at: prop::sample::Index, bit in 0_usize..256) {
            let hashes = entries(size);
            let (index, all) = (index.index(size), root(&hashes));
            let flip = |proof: &mut Vec<Hash>| {
                if proof.is_empty() {
                    return false;
                }
                let at = at.index(proof.len());
                proof[at].0[bit / 8] ^= 1 << (bit % 8);
                true
            };
            let (n, i, leaf) = (size as u64, index as u64, leaf(&hashes[index]));
            let mut proof = inclusion(index, &hashes);
            let longer = [proof.as_slice(), &[all]].concat();
            prop_assert!(!verify_inclusion(i, n, &leaf, &all, &longer));
            prop_assert!(!verify_inclusion(i, n, &leaf, &all, &proof[1..]));
            prop_assert!(!verify_inclusion(n, n, &leaf, &all, &proof));
            prop_assert!(!flip(&mut proof) || !verify_inclusion(i, n, &leaf, &all, &proof));
            let old = index + 1;
            let before = root(&hashes[..old]);
            let mut proof = subproof(old, &hashes, true);
            let longer = [proof.as_slice(), &[all]].concat();
            prop_assert!(!verify_consistency(old as u64, &before, n, &all, &longer));
            prop_assert!(old == size || !verify_consistency(old as u64, &before, n, &all, &proof[1..]));
            prop_assert!(old == size || !verify_consistency(n, &all, old as u64, &before, &proof));
            prop_assert!(!flip(&mut proof) || !verify_consistency(old as u64, &before, n, &all, &proof));
        }
    }
}
