//! The chain found again: which runs of entries make up the genuine ledger, in which order, and what the others are.

use crate::hash::Hash;
use crate::segment::Run;

/// How a piece of the chain hangs onto the piece before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Joint {
    /// It names the hash before it; or it is the first, and nothing is known of what came before.
    Linked,
    /// It names another hash than the entry before it has, by its own hash rightly so: the entry
    /// before was edited and hashed anew, or its `current_hash` overwritten.
    Rehashed,
    /// It names another hash than this one, and its own hash does not bear it out.
    Disagrees(Hash),
    /// The entries between are gone.
    Missing {
        /// The first that is gone.
        first: u64,
        /// The last that is gone.
        last: u64,
        /// As many lines as entries are gone stand there unreadable.
        unreadable: bool,
    },
    /// It continues from within the run before it, whose rest is set aside.
    Branches,
    /// Its number is that of an entry which was set aside, and so is the one that it names: what it should name the second
    /// reading knows.
    Diverted,
}

/// A run, or its start, in its place in the genuine ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) run: usize,
    /// How many of the run's entries before it are set aside.
    pub(crate) skip: u64,
    /// The genuine `seq` of its first entry.
    pub(crate) base: u64,
    /// How many of the run's entries are genuine.
    pub(crate) take: u64,
    pub(crate) joint: Joint,
    /// The genuine hash of its last entry, where a successor names it.
    pub(crate) last: Option<Hash>,
}

/// Entries that are not of the genuine ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Aside {
    pub(crate) line: u64,
    pub(crate) count: u64,
    /// As written.
    pub(crate) first_seq: u64,
}

/// Places whose entries are permuted among themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Permuted {
    pub(crate) line: u64,
    /// Those not in their place, ascending; the first [`MAX_SEQS`] of them.
    pub(crate) seqs: Vec<u64>,
}

/// Where the trailer says that the ledger ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct End {
    pub(crate) seq: u64,
    pub(crate) hash: Hash,
}

/// Most `seq`s that one finding lists.
const MAX_SEQS: usize = 1000;

/// The chain found again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Chain {
    /// In the order of the genuine ledger.
    pub(crate) pieces: Vec<Piece>,
    pub(crate) asides: Vec<Aside>,
    pub(crate) permuted: Vec<Permuted>,
}

impl Chain {
    /// The genuine `seq` after the last entry.
    pub(crate) fn end(&self) -> Option<u64> {
        self.pieces.last().map(|piece| piece.base + piece.take)
    }

    /// Where its entries stand.
    pub(crate) fn places(&self, runs: &[Run]) -> Places {
        let mut order = 0;
        let stretches = self.pieces.iter().map(|piece| {
            let stretch =
                Stretch { line: runs[piece.run].line + piece.skip, count: piece.take, order, seq: piece.base };
            order += piece.take;
            stretch
        });
        let in_chain: Vec<Stretch> = stretches.collect();
        let mut in_file = in_chain.clone();
        in_file.sort_unstable_by_key(|stretch| stretch.line);
        Places { in_chain, in_file }
    }

    /// Ends the chain at an entry of its last piece, and sets aside what follows it there.
    pub(crate) fn end_at(&mut self, runs: &[Run], seq: u64) {
        let Some(piece) = self.pieces.last_mut() else { return };
        let keep = (seq + 1).saturating_sub(piece.base);
        if !(1..piece.take).contains(&keep) {
            return;
        }
        let aside =
            Aside { line: runs[piece.run].line + piece.skip + keep, count: piece.take - keep, first_seq: seq + 1 };
        piece.take = keep;
        let at = self.asides.partition_point(|before| before.line < aside.line);
        self.asides.insert(at, aside);
    }
}

/// Entries of the chain that stand one after another in the file.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    line: u64,
    count: u64,
    /// How many entries of the chain come before.
    order: u64,
    /// The genuine `seq` of the first.
    seq: u64,
}

/// Where the entries of the chain stand in the file.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    in_chain: Vec<Stretch>,
    in_file: Vec<Stretch>,
}

impl Places {
    /// Which entry of the chain stands at a line: how many come before it.
    pub(crate) fn order(&self, line: u64) -> Option<u64> {
        self.at(line).map(|(stretch, at)| stretch.order + at)
    }

    /// The genuine `seq` of the entry at a line.
    pub(crate) fn seq(&self, line: u64) -> Option<u64> {
        self.at(line).map(|(stretch, at)| stretch.seq + at)
    }

    /// The stretch that a line is in, and how many of its entries come before.
    fn at(&self, line: u64) -> Option<(Stretch, u64)> {
        let next = self.in_file.partition_point(|stretch| stretch.line <= line);
        let stretch = self.in_file[next.checked_sub(1)?];
        let at = line - stretch.line;
        (at < stretch.count).then_some((stretch, at))
    }

    /// The line of the entry that so many come before.
    pub(crate) fn line(&self, order: u64) -> Option<u64> {
        let at = self.in_chain.partition_point(|stretch| stretch.order <= order).checked_sub(1)?;
        let Stretch { line, count, order: first, .. } = self.in_chain[at];
        (order - first < count).then_some(line + (order - first))
    }
}

/// The places whose pieces are permuted among themselves: where all pieces so far are the first of
/// the file, and no smaller such group stands before them.
pub(super) fn permuted(runs: &[Run], pieces: &[Piece]) -> Vec<Permuted> {
    let mut by_file: Vec<usize> = (0..pieces.len()).collect();
    by_file.sort_unstable_by_key(|&p| pieces[p].run);
    let (mut found, mut start, mut farthest) = (Vec::new(), 0, 0);
    let mut rank = vec![0; pieces.len()];
    by_file.iter().enumerate().for_each(|(r, &p)| rank[p] = r);
    for end in 0..pieces.len() {
        farthest = farthest.max(rank[end]);
        if farthest == end {
            if end > start {
                found.push(group(runs, pieces, &by_file[start..=end], start));
            }
            start = end + 1;
        }
    }
    found
}

/// One group, by the order of the file; `first` is where it starts in the chain.
fn group(runs: &[Run], pieces: &[Piece], by_file: &[usize], first: usize) -> Permuted {
    let mut seqs = Vec::new();
    let mut seq = pieces[first].base;
    for &p in by_file {
        let piece = &pieces[p];
        if piece.base != seq {
            let room = MAX_SEQS - seqs.len();
            seqs.extend((piece.base..piece.base + piece.take).take(room));
        }
        seq += piece.take;
    }
    seqs.sort_unstable();
    let at = &pieces[by_file[0]];
    Permuted { line: runs[at.run].line + at.skip, seqs }
}
