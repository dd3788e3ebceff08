//! The roots of the complete subtrees that make up a gap-free run of leaves, by absolute position, so
//! that neighbouring ranges join into one (the "compact range" of Trillian).

use serde::{Deserialize, Serialize};

use super::{leaf, leaf_message, node, node_message};
use crate::hash::{Batch, Hash};

/// Names a complete subtree: the `index`-th of 2^`level` leaves. Level 0 are the leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId {
    /// How many times leaves were paired.
    pub level: u8,
    /// From 0, left to right.
    pub index: u64,
}

/// A complete subtree: the `index`-th of 2^`level` leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Subtree {
    level: u8,
    index: u64,
    root: Hash,
}

/// The complete subtrees of leaves `begin..end`, left to right.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Range {
    begin: u64,
    end: u64,
    subtrees: Vec<Subtree>,
}

impl Range {
    /// No leaf, at `begin`.
    #[must_use]
    pub const fn empty(begin: u64) -> Self {
        Self { begin, end: begin, subtrees: Vec::new() }
    }

    /// Of entries' `current_hash`es, the first at `begin`.
    #[must_use]
    pub fn of_entries(begin: u64, hashes: &[Hash], batch: &mut Batch) -> Self {
        let mut level = Vec::new();
        batch.clear();
        for hash in hashes {
            batch.push(&leaf_message(hash));
        }
        batch.digest_into(&mut level);
        let mut range = Self::empty(begin);
        range.end = begin + hashes.len() as u64;
        range.fold_levels(level, batch);
        range
    }

    /// Pairs nodes up, level by level; what has no sibling in the run stays at its border.
    fn fold_levels(&mut self, mut nodes: Vec<Hash>, batch: &mut Batch) {
        let (mut index, mut level, mut right_border) = (self.begin, 0, Vec::new());
        while !nodes.is_empty() {
            let mut rest = nodes.as_slice();
            if index % 2 == 1 {
                self.subtrees.push(Subtree { level, index, root: rest[0] });
                (rest, index) = (&rest[1..], index + 1);
            }
            let (pairs, odd) = rest.as_chunks::<2>();
            if let [last] = odd {
                right_border.push(Subtree { level, index: index + 2 * pairs.len() as u64, root: *last });
            }
            batch.clear();
            for [left, right] in pairs {
                batch.push(&node_message(left, right));
            }
            let mut parents = Vec::with_capacity(pairs.len());
            batch.digest_into(&mut parents);
            (nodes, index, level) = (parents, index / 2, level + 1);
        }
        self.subtrees.extend(right_border.into_iter().rev());
    }

    /// The leaves `0..size` from the roots of their complete subtrees, largest first; `None` where
    /// their number does not fit the size.
    #[must_use]
    pub fn of_prefix(size: u64, roots: &[Hash]) -> Option<Self> {
        if roots.len() != size.count_ones() as usize {
            return None;
        }
        let (mut subtrees, mut begin) = (Vec::with_capacity(roots.len()), 0);
        let levels = (0..64_u8).rev().filter(|level| size >> level & 1 == 1);
        for (level, root) in levels.zip(roots) {
            subtrees.push(Subtree { level, index: begin >> level, root: *root });
            begin += 1 << level;
        }
        Some(Self { begin: 0, end: size, subtrees })
    }

    /// Joins the range that starts where this one ends.
    ///
    /// # Panics
    /// Where it does not.
    pub fn join(&mut self, next: &Self) {
        assert_eq!(self.end, next.begin, "ranges join only where one ends and the next begins");
        self.end = next.end;
        for subtree in &next.subtrees {
            self.append(*subtree);
        }
    }

    /// This range and the one that starts where it ends.
    ///
    /// # Panics
    /// As [`Range::join`].
    #[must_use]
    pub fn joined(&self, next: &Self) -> Self {
        let mut joined = self.clone();
        joined.join(next);
        joined
    }

    /// Appends one entry's leaf. Every complete subtree above it that this completes is handed to `each`.
    pub fn push(&mut self, current_hash: &Hash, each: impl FnMut(NodeId, Hash)) {
        let leaf = Subtree { level: 0, index: self.end, root: leaf(current_hash) };
        self.end += 1;
        self.append_each(leaf, each);
    }

    /// The roots of its complete subtrees, left to right: of one that starts at 0, an export's `prefix`.
    #[must_use]
    pub fn roots(&self) -> Vec<Hash> {
        self.subtrees.iter().map(|subtree| subtree.root).collect()
    }

    fn append(&mut self, subtree: Subtree) {
        self.append_each(subtree, |_, _| {});
    }

    fn append_each(&mut self, mut subtree: Subtree, mut each: impl FnMut(NodeId, Hash)) {
        while let Some(left) = self.subtrees.last() {
            if left.level != subtree.level || left.index % 2 == 1 || left.index + 1 != subtree.index {
                break;
            }
            let root = node(&left.root, &subtree.root);
            subtree = Subtree { level: subtree.level + 1, index: subtree.index / 2, root };
            self.subtrees.pop();
            each(NodeId { level: subtree.level, index: subtree.index }, root);
        }
        self.subtrees.push(subtree);
    }

    /// Leaves it covers.
    #[must_use]
    pub const fn len(&self) -> u64 {
        self.end - self.begin
    }

    /// Whether it covers none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.end == self.begin
    }

    /// The root of the tree, where the range starts at its first leaf.
    #[must_use]
    pub fn root(&self) -> Option<Hash> {
        if self.begin != 0 {
            return None;
        }
        let mut roots = self.subtrees.iter().rev().map(|s| s.root);
        let Some(last) = roots.next() else {
            return Some(Hash::of(b""));
        };
        Some(roots.fold(last, |right, left| node(&left, &right)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::merkle::reference::{entries, root};

    proptest! {
        #[test]
        fn joined_at_any_place_it_is_the_tree(count in 0_usize..200, a in 0_usize..200, b in 0_usize..200) {
            let hashes = entries(count);
            let (a, b) = (a.min(b).min(count), a.max(b).min(count));
            let mut batch = Batch::default();
            let mut part = |from: usize, to: usize| Range::of_entries(from as u64, &hashes[from..to], &mut batch);
            let (mut left, mut middle, right) = (part(0, a), part(a, b), part(b, count));
            let mut other = left.clone();
            other.join(&middle);
            other.join(&right);
            middle.join(&right);
            left.join(&middle);
            prop_assert_eq!(&left, &other);
            prop_assert_eq!(left.root(), Some(root(&hashes)));
            prop_assert_eq!(Range::of_prefix(count as u64, &left.roots()), Some(left.clone()));
            let (mut pushed, mut completed) = (Range::empty(0), 0);
            hashes.iter().for_each(|hash| pushed.push(hash, |_, _| completed += 1));
            prop_assert_eq!(pushed, left);
            // Every leaf but the subtrees' first ones completes one: n leaves have n - popcount(n) nodes above.
            prop_assert_eq!(completed, count - count.count_ones() as usize);
        }
    }
}
