//! Entries that all bear other numbers than they were written with: who takes one out of a table, or puts one in, moves the
//! numbers of those after it.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::entry::renumbered;
use crate::grammar::MAX_SEQ;
use crate::hash::Hash;
use crate::report::Finding;
use crate::segment::Run;

/// How far a number is looked for from the one that stands there.
const FARTHEST: u64 = 1_000;
/// Most numbers that are tried in all.
const MOST_TRIES: usize = 200_000;

/// What is known of a ledger's two ends.
pub(super) struct Ends {
    /// The `seq` of its first entry.
    pub(super) first: u64,
    /// The last entry's hash, and the `seq` after it.
    pub(super) head: Option<(Hash, u64)>,
}

/// Gives runs the numbers that they were written with, as far as the hashes tell.
pub(super) fn restore_numbers(runs: &mut [Run], ends: &Ends) {
    restore_by_content(runs);
    restore_by_links(runs, ends);
}

/// The number with which the content of its first entry gives its hash, where that is another than the one which stands
/// there. Two numbers cannot give one hash, so that nothing is guessed.
fn restore_by_content(runs: &mut [Run]) {
    let (mut tries, mut usual) = (MOST_TRIES, 1);
    for run in runs {
        let Some(preimage) = run.first_preimage.take() else { continue };
        // As far as that of the run before, then the nearest.
        let near = (1..=FARTHEST).flat_map(|by| [by, by.wrapping_neg()]);
        let numbers = std::iter::once(usual).chain(near).map(|by| run.first_seq.wrapping_add(by));
        let gives = |seq: &u64| renumbered(&preimage, *seq).is_some_and(|other| Hash::of(&other) == run.first_hash);
        let possible = numbers.filter(|seq| (1..=MAX_SEQ).contains(seq)).take(tries);
        if let Some(seq) = possible.inspect(|_| tries -= 1).find(gives) {
            usual = seq.wrapping_sub(run.first_seq);
            (run.first_seq, run.first_agrees) = (seq, true);
        }
    }
}

/// The number before that of the entry which names its hash, of one that stands alone and whose own number neither its
/// hash bears out nor a neighbour; where no other stands under that number.
fn restore_by_links(runs: &mut [Run], Ends { first, head }: &Ends) {
    let is_sure = |run: &&Run| run.first_agrees || run.count > 1;
    let after = runs.iter().filter(is_sure).map(|run| (run.first_previous, run.first_seq));
    let after: HashMap<Hash, u64> = after.chain(*head).collect();
    let expected: HashSet<u64> = runs.iter().map(Run::next_seq).chain([*first]).collect();
    let taken: BTreeMap<u64, u64> = runs.iter().map(|run| (run.first_seq, run.next_seq())).collect();
    let is_taken = |seq: u64| taken.range(..=seq).next_back().is_some_and(|(_, end)| seq < *end);
    for run in runs.iter_mut().filter(|run| !run.first_agrees && run.count == 1) {
        let number = after.get(&run.last_hash).and_then(|seq| seq.checked_sub(1));
        let is_better = |seq: &u64| *seq > 0 && !expected.contains(&run.first_seq) && !is_taken(*seq);
        if let Some(seq) = number.filter(is_better) {
            run.first_seq = seq;
        }
    }
}

/// Entries one after another whose numbers were changed alike: one act, found at the first.
#[derive(Clone, Copy, Debug)]
pub(super) struct Renumbered {
    first: u64,
    last: u64,
    /// By how much, wrapping.
    by: u64,
    /// Its place among the findings.
    finding: usize,
}

impl Renumbered {
    /// An entry that should have the number `seq`, and stands under `found`.
    pub(super) const fn of(seq: u64, found: u64, finding: usize) -> Self {
        Self { first: seq, last: seq, by: found.wrapping_sub(seq), finding }
    }

    /// Takes in the next entry, where the same was done to it.
    pub(super) fn takes_in(&mut self, seq: u64, found: u64) -> bool {
        let alike = self.last + 1 == seq && found.wrapping_sub(seq) == self.by;
        self.last += u64::from(alike);
        alike
    }

    /// Says in the finding of the first how far it goes.
    pub(super) fn tell(self, findings: &mut [Finding]) {
        let Self { first, last, by, finding } = self;
        if first == last {
            return;
        }
        let (by, side) = if by < MAX_SEQ { (by, "above") } else { (by.wrapping_neg(), "below") };
        let finding = &mut findings[finding];
        let place = finding.index.map_or(String::new(), |index| format!("#{}: ", index + 1));
        finding.count = Some(last - first + 1);
        finding.message = format!(
            "{place}The numbers of the entries {first} to {last} were changed after they were written: each stands {by} {side} the one with which its content gives the hash that the chain holds for it."
        );
    }
}
