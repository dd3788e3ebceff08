//! Entries that all bear other numbers than they were written with: who takes one out of a table, or puts one in, moves the
//! numbers of those after it.

use crate::entry::renumbered;
use crate::grammar::MAX_SEQ;
use crate::hash::Hash;
use crate::report::Finding;
use crate::segment::Run;

/// How far a number is looked for from the one that stands there.
const FARTHEST: u64 = 1_000;
/// Most numbers that are tried in all.
const MOST_TRIES: usize = 200_000;

/// Gives each run the number with which the content of its first entry gives its hash, where that is another than the one
/// which stands there. Two numbers cannot give one hash, so that nothing is guessed.
pub(super) fn restore_numbers(runs: &mut [Run]) {
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
        finding.count = Some(last - first + 1);
        finding.message = format!(
            "The numbers of the entries {first} to {last} were changed after they were written: each stands {by} {side} the one with which its content gives the hash that the chain holds for it."
        );
    }
}
