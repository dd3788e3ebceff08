//! Proofs from kept nodes. A writer keeps the root of every complete subtree by level and index, so a
//! proof is a few reads: [`inclusion_nodes`] and [`consistency_nodes`] say of what, and how the
//! nodes read make up the proof's hashes; [`super::Range::push`] says what to keep when entries are appended.

use super::node;
use super::range::NodeId;
use crate::hash::Hash;

/// Where the roots of complete subtrees are kept.
pub trait NodeSource {
    /// Why they could not be read.
    type Error;

    /// The roots of the subtrees wanted, in that order, and as many.
    ///
    /// # Errors
    /// Where one is not there, or reading fails.
    fn nodes(&self, wanted: &[NodeId]) -> Result<Vec<Hash>, Self::Error>;
}

/// Why a proof could not be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProofError<E> {
    /// No such leaf or tree.
    #[error("{what} lies outside a tree of {size} leaves")]
    Outside {
        /// The index or size asked for.
        what: u64,
        /// The size of the tree.
        size: u64,
    },
    /// The source gave another number of nodes than it was asked for.
    #[error("{wanted} nodes were asked for, and {found} given")]
    Missing {
        /// How many were asked for.
        wanted: usize,
        /// How many were given.
        found: usize,
    },
    /// The source failed.
    #[error("the tree's nodes could not be read")]
    Source(#[source] E),
}

/// Which nodes a proof needs, and how they make it up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    nodes: Vec<NodeId>,
    /// How many nodes make up each hash of the proof.
    counts: Vec<usize>,
}

impl Plan {
    /// What to read.
    #[must_use]
    pub fn nodes(&self) -> &[NodeId] {
        &self.nodes
    }

    /// The proof, of the nodes read; `None` where their number is another.
    #[must_use]
    pub fn combine(&self, mut nodes: &[Hash]) -> Option<Vec<Hash>> {
        let mut proof = Vec::with_capacity(self.counts.len());
        for count in &self.counts {
            let (those, rest) = nodes.split_at_checked(*count)?;
            nodes = rest;
            proof.push(those.iter().copied().rev().reduce(|right, left| node(&left, &right))?);
        }
        nodes.is_empty().then_some(proof)
    }

    /// Adds the hash over the leaves from `begin` to `end`.
    fn push(&mut self, (begin, end): (u64, u64)) {
        let before = self.nodes.len();
        self.nodes.extend(cover(begin, end));
        self.counts.push(self.nodes.len() - before);
    }

    fn read<S: NodeSource>(&self, source: &S) -> Result<Vec<Hash>, ProofError<S::Error>> {
        let nodes =
            if self.nodes.is_empty() { Vec::new() } else { source.nodes(&self.nodes).map_err(ProofError::Source)? };
        self.combine(&nodes).ok_or(ProofError::Missing { wanted: self.nodes.len(), found: nodes.len() })
    }
}

/// The complete subtrees over the leaves from `begin` to `end`, largest first; `begin` is a multiple
/// of the largest.
fn cover(mut begin: u64, end: u64) -> impl Iterator<Item = NodeId> {
    std::iter::from_fn(move || {
        let level = (end - begin).checked_ilog2()?;
        let node = NodeId { level: u8::try_from(level).ok()?, index: begin >> level };
        begin += 1 << level;
        Some(node)
    })
}

/// The complete subtrees that make up a tree of `size` leaves, largest first: what [`Range::of_prefix`]
/// and an export's `prefix` take the roots of.
#[must_use]
pub fn border_nodes(size: u64) -> Vec<NodeId> {
    cover(0, size).collect()
}

/// What proves that the `index`-th leaf is in the tree of `size` leaves: PATH of RFC 9162 section
/// 2.1.3.1. `None` where there is no such leaf.
#[must_use]
pub fn inclusion_nodes(index: u64, size: u64) -> Option<Plan> {
    (index < size).then(|| {
        let (mut siblings, mut begin, mut end) = (Vec::new(), 0, size);
        while end - begin > 1 {
            siblings.push(descend(&mut begin, &mut end, index));
        }
        plan(siblings, None)
    })
}

/// What proves that the tree of `new` leaves extends that of `old`: PROOF of RFC 9162 section 2.1.4.1;
/// nothing where `old` is 0. `None` where `old` is larger.
#[must_use]
pub fn consistency_nodes(old: u64, new: u64) -> Option<Plan> {
    if old == 0 || old > new {
        return (old == 0).then(Plan::default);
    }
    let (mut siblings, mut begin, mut end) = (Vec::new(), 0, new);
    while old != end {
        siblings.push(descend(&mut begin, &mut end, old - 1));
    }
    // An old tree that is a node of the new one is known to who asks.
    Some(plan(siblings, (begin > 0).then_some((begin, end))))
}

/// Goes to the half of `begin..end` in which `leaf` lies, and returns the other.
const fn descend(begin: &mut u64, end: &mut u64, leaf: u64) -> (u64, u64) {
    let middle = *begin + (1 << (*end - *begin - 1).ilog2());
    if leaf < middle {
        let right = (middle, *end);
        *end = middle;
        right
    } else {
        let left = (*begin, middle);
        *begin = middle;
        left
    }
}

/// Deepest first.
fn plan(siblings: Vec<(u64, u64)>, start: Option<(u64, u64)>) -> Plan {
    let mut plan = Plan::default();
    start.into_iter().chain(siblings.into_iter().rev()).for_each(|span| plan.push(span));
    plan
}

/// The proof that the `index`-th leaf (from 0) is in the tree of `size` leaves.
///
/// # Errors
/// No such leaf, or what the source says.
pub fn inclusion_proof<S: NodeSource>(source: &S, index: u64, size: u64) -> Result<Vec<Hash>, ProofError<S::Error>> {
    inclusion_nodes(index, size).ok_or(ProofError::Outside { what: index, size })?.read(source)
}

/// The proof that the tree of `new` leaves extends that of `old`.
///
/// # Errors
/// `old` is larger than `new`, or what the source says.
pub fn consistency_proof<S: NodeSource>(source: &S, old: u64, new: u64) -> Result<Vec<Hash>, ProofError<S::Error>> {
    consistency_nodes(old, new).ok_or(ProofError::Outside { what: old, size: new })?.read(source)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::hash::Batch;
    use crate::merkle::reference::{entries, inclusion, root, subproof};
    use crate::merkle::{Range, leaf, verify_consistency, verify_inclusion};

    /// What a writer keeps, leaves too.
    fn new_nodes(border: &mut Range, hashes: &[Hash]) -> Vec<(NodeId, Hash)> {
        let mut made = Vec::new();
        for hash in hashes {
            made.push((NodeId { level: 0, index: border.len() }, leaf(hash)));
            border.push(hash, |id, root| made.push((id, root)));
        }
        made
    }

    #[derive(Default)]
    struct Kept(BTreeMap<NodeId, Hash>);

    impl NodeSource for Kept {
        type Error = NodeId;

        fn nodes(&self, wanted: &[NodeId]) -> Result<Vec<Hash>, NodeId> {
            wanted.iter().map(|id| self.0.get(id).copied().ok_or(*id)).collect()
        }
    }

    /// Each kept node is written once, and every proof asks only for what is kept.
    #[test]
    fn kept_nodes_give_the_proofs_of_the_rfc() {
        const MOST: usize = 131;
        let hashes = entries(MOST);
        let (mut kept, mut border) = (Kept::default(), Range::empty(0));
        for size in 0..=MOST {
            if size > 0 {
                for (id, hash) in new_nodes(&mut border, &hashes[size - 1..size]) {
                    assert_eq!(kept.0.insert(id, hash), None, "{id:?} is made once");
                }
            }
            let n = size as u64;
            assert_eq!(border.root(), Some(root(&hashes[..size])));
            let prefix = kept.nodes(&border_nodes(n)).unwrap();
            assert_eq!(Range::of_prefix(n, &prefix), Some(border.clone()));
            for index in 0..size {
                assert_eq!(inclusion_proof(&kept, index as u64, n), Ok(inclusion(index, &hashes[..size])));
            }
            for old in 1..=size {
                assert_eq!(consistency_proof(&kept, old as u64, n), Ok(subproof(old, &hashes[..size], true)));
            }
            assert_eq!(consistency_proof(&kept, 0, n), Ok(Vec::new()));
            assert_eq!(inclusion_proof(&kept, n, n), Err(ProofError::Outside { what: n, size: n }));
            assert_eq!(consistency_proof(&kept, n + 1, n), Err(ProofError::Outside { what: n + 1, size: n }));
        }
    }

    #[test]
    fn a_source_that_fails_is_said() {
        let kept = Kept::default();
        assert!(matches!(inclusion_proof(&kept, 0, 2), Err(ProofError::Source(NodeId { level: 0, index: 1 }))));
    }

    proptest! {
        #[test]
        fn appended_in_any_parts_the_nodes_are_the_same(count in 0_usize..200, cut: prop::sample::Index) {
            let hashes = entries(count);
            let at = cut.index(count + 1);
            let (mut once, mut twice) = (Range::empty(0), Range::empty(0));
            let nodes = new_nodes(&mut once, &hashes);
            let parts = [new_nodes(&mut twice, &hashes[..at]), new_nodes(&mut twice, &hashes[at..])].concat();
            prop_assert_eq!(nodes, parts);
            prop_assert_eq!(&once, &twice);
            prop_assert_eq!(once, Range::of_entries(0, &hashes, &mut Batch::default()));
        }

        /// Sizes that no test can build: plans are short, and end in what the verifier expects.
        #[test]
        fn plans_of_vast_trees_are_short(size in 1_u64..=u64::MAX >> 1, index: u64, old: u64) {
            let (index, old) = (index % size, old % size + 1);
            let plan = inclusion_nodes(index, size).unwrap();
            prop_assert!(plan.nodes().len() <= 2 * 64);
            let hashes: Vec<Hash> = plan.nodes().iter().map(|id| Hash::of(&id.index.to_le_bytes())).collect();
            let proof = plan.combine(&hashes).unwrap();
            prop_assert!(!verify_inclusion(index, size, &Hash::default(), &Hash::default(), &proof));
            let plan = consistency_nodes(old, size).unwrap();
            let hashes = vec![Hash::default(); plan.nodes().len()];
            let proof = plan.combine(&hashes).unwrap();
            prop_assert!(!verify_consistency(old, &Hash::of(b"old"), size, &Hash::of(b"new"), &proof));
        }
    }
}
