//! The pieces of a ledger with gaps, in their order: that of their times, whatever order the file has.

use super::facts::{Facts, number};
use super::links::Links;
use crate::hash::Hash;

/// Entries that follow one another, of which the first follows none.
#[derive(Clone, Copy, Debug)]
struct Piece {
    first: u32,
    last: u32,
    /// When it begins and ends, so far as its entries' own hashes vouch for their times.
    from_ms: i64,
    to_ms: i64,
    /// The last entry of the ledger up to this piece, where there is one.
    before: Option<u32>,
    /// It is taken for a piece of the ledger.
    counts: bool,
}

impl Piece {
    fn of(facts: &Facts, links: &Links, first: u32) -> Self {
        let time = |i: u32| facts.get(i as usize).time_ms;
        let (mut last, mut times) = (first, None);
        for i in links.from(first) {
            last = i;
            if links.vouches(facts, i) {
                times = Some((times.map_or(time(i), |(from, _)| from), time(i)));
            }
        }
        let (from_ms, to_ms) = times.unwrap_or((time(first), time(last)));
        Self { first, last, from_ms, to_ms, before: None, counts: true }
    }

    /// Whether it continues a ledger that ends at some time. What ends before that stands beside the ledger: it was
    /// put there. So was an entry by itself that nothing vouches for, neither its hash nor another that follows.
    fn continues(&self, facts: &Facts, links: &Links, until: Option<i64>) -> bool {
        let alone = self.first == self.last && !links.vouches(facts, self.first);
        !alone && until.is_none_or(|until| self.to_ms >= until)
    }
}

/// The pieces of a ledger, but for the one with its start.
#[derive(Debug)]
pub(super) struct Pieces {
    /// By their first entry.
    pieces: Vec<Piece>,
    /// The ledger's first entry and its last, where anything is taken for it.
    pub(super) ends: Option<(u32, u32)>,
}

impl Pieces {
    pub(super) fn of(facts: &Facts, links: &Links) -> Self {
        let firsts = (0..number(facts.len())).filter(|i| links.role(facts, *i).starts_piece());
        let mut pieces: Vec<Piece> = firsts.map(|first| Piece::of(facts, links, first)).collect();
        pieces.sort_unstable_by_key(|piece| (piece.from_ms, piece.first));
        let mut ledger = links.first().map(|first| Piece::of(facts, links, first));
        for piece in &mut pieces {
            piece.before = ledger.map(|ledger| ledger.last);
            piece.counts = piece.continues(facts, links, ledger.map(|ledger| ledger.to_ms));
            if piece.counts {
                ledger = Some(Piece { first: ledger.map_or(piece.first, |ledger| ledger.first), ..*piece });
            }
        }
        pieces.sort_unstable_by_key(|piece| piece.first);
        Self { pieces, ends: ledger.map(|ledger| (ledger.first, ledger.last)) }
    }

    fn starting_with(&self, entry: u32) -> Option<&Piece> {
        self.pieces.binary_search_by_key(&entry, |piece| piece.first).ok().map(|i| &self.pieces[i])
    }

    /// The hash that the ledger ends with before the piece that starts with an entry.
    pub(super) fn before(&self, facts: &Facts, entry: u32) -> Option<Hash> {
        let before = self.starting_with(entry)?.before?;
        Some(facts.get(before as usize).current)
    }

    /// Whether the piece that starts with an entry is not taken for one of the ledger.
    pub(super) fn is_beside(&self, entry: u32) -> bool {
        self.starting_with(entry).is_some_and(|piece| !piece.counts)
    }

    /// The last entries of the pieces, and of the one with the ledger's start.
    pub(super) fn lasts(&self, links: &Links) -> impl Iterator<Item = u32> {
        let start = links.first().map(|first| links.end_of(first));
        start.into_iter().chain(self.pieces.iter().map(|piece| piece.last))
    }

    /// By entry, whether it is taken for one of the ledger.
    pub(super) fn ledger(&self, links: &Links, entries: usize) -> Vec<bool> {
        let mut ledger = vec![false; entries];
        let counting = self.pieces.iter().filter(|piece| piece.counts).map(|piece| piece.first);
        for entry in links.first().into_iter().chain(counting).flat_map(|first| links.from(first)) {
            ledger[entry as usize] = true;
        }
        ledger
    }
}
