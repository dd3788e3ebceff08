//! Merkle roots at the sizes of checkpoints, of leaves that need not come in their order.

use std::collections::BTreeMap;

use crate::export::header::Header;
use crate::hash::{Batch, Hash};
use crate::merkle::Range;

/// How many leaves are folded into the tree together.
const LEAVES: usize = 4096;

/// The leaves of a ledger as far as they are known. What is kept grows with the gaps and the sizes
/// asked for, not with the leaves.
#[derive(Clone, Debug, Default)]
pub(crate) struct Roots {
    /// Sizes at which the root is asked for, ascending.
    wanted: Vec<u64>,
    /// Gap-free runs of leaves by their first, none going past a size that is wanted.
    parts: BTreeMap<u64, Range>,
    /// Where the leaves that wait begin.
    begin: u64,
    waiting: Vec<Hash>,
}

/// What the leaves came to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Found {
    /// By size, where every leaf before it is known.
    pub(crate) roots: BTreeMap<u64, Hash>,
    /// Over all leaves, where none is unknown.
    pub(crate) whole: Option<Hash>,
}

impl Roots {
    /// Before the first entry of an export. `wanted` ascends.
    pub(crate) fn new(header: &Header, wanted: Vec<u64>) -> Self {
        let parts = header.prefix_range().filter(|prefix| !prefix.is_empty()).map(|prefix| (0, prefix));
        Self { wanted, parts: parts.into_iter().collect(), begin: header.first_seq - 1, waiting: Vec::new() }
    }

    fn is_wanted(&self, size: u64) -> bool {
        self.wanted.binary_search(&size).is_ok()
    }

    /// The genuine hash of the entry `seq`, from 1.
    pub(crate) fn push(&mut self, seq: u64, hash: Hash) {
        if seq - 1 != self.begin + self.waiting.len() as u64 {
            self.fold();
            self.begin = seq - 1;
        }
        self.waiting.push(hash);
        if self.waiting.len() == LEAVES || self.is_wanted(seq) {
            self.fold();
        }
    }

    fn fold(&mut self) {
        if self.waiting.is_empty() {
            return;
        }
        let begin = self.begin;
        let part = Range::of_entries(begin, &self.waiting, &mut Batch::default());
        self.waiting.clear();
        self.begin += part.len();
        let may_join = !self.is_wanted(begin);
        match self.parts.range_mut(..begin).next_back() {
            Some((first, before)) if may_join && first + before.len() == begin => before.join(&part),
            _ => drop(self.parts.insert(begin, part)),
        }
    }

    /// The root at `seq`, were this the hash of its entry and the last of the ledger.
    pub(crate) fn root_with(&self, seq: u64, hash: Hash) -> Option<Hash> {
        let mut with = self.clone();
        with.push(seq, hash);
        with.finish().roots.get(&seq).copied()
    }

    pub(crate) fn finish(mut self) -> Found {
        self.fold();
        let (mut roots, mut all) = (BTreeMap::new(), Range::empty(0));
        loop {
            if self.is_wanted(all.len()) {
                roots.extend(all.root().map(|root| (all.len(), root)));
            }
            let Some(next) = self.parts.remove(&all.len()) else { break };
            all.join(&next);
        }
        let whole = all.root().filter(|_| self.parts.is_empty() && !all.is_empty());
        Found { roots, whole }
    }
}
