//! Entries set aside, held against the genuine ones: which stand a second time, and which were put in.

use std::collections::HashMap;

use super::chain::Aside;
use super::finding::{Place, Shown, chain_finding};
use crate::entry::Entry;
use crate::hash::Hash;
use crate::limits::MAX_COMPARED;
use crate::report::{Cause, Finding};

/// Entries of one aside that stand one after another.
#[derive(Clone, Debug)]
struct Seen {
    /// Line of the aside's first entry.
    aside: u64,
    /// As written.
    seq: u64,
    /// The hash, where all of the entry bears it out.
    hash: Option<Hash>,
    count: u64,
    place: Place,
    shown: Shown,
}

/// What was set aside.
#[derive(Clone, Debug, Default)]
pub(super) struct Asides {
    /// By the numbers that they bear: the genuine hash, once it is known.
    genuine: HashMap<u64, Option<Hash>>,
    /// In the order of the file.
    seen: Vec<Seen>,
}

impl Asides {
    /// `asides` in the order of the file.
    pub(super) fn of(asides: &[Aside]) -> Self {
        let all = asides.iter().flat_map(|aside| (0..aside.count).map(|i| aside.first_seq.wrapping_add(i)));
        let seqs = asides.iter().map(|aside| aside.first_seq).chain(all.take(MAX_COMPARED));
        Self { genuine: seqs.map(|seq| (seq, None)).collect(), seen: Vec::new() }
    }

    /// The genuine hash of the entry `seq`.
    pub(super) fn know(&mut self, seq: u64, hash: Hash) {
        if let Some(genuine) = self.genuine.get_mut(&seq) {
            *genuine = Some(hash);
        }
    }

    /// The next entry of the aside that starts at this line. `flawless`: it keeps the grammar.
    pub(super) fn see(&mut self, aside: u64, entry: &Entry<'_>, flawless: bool, place: &Place) {
        let full = self.seen.len() >= MAX_COMPARED;
        match self.seen.last_mut() {
            Some(last) if full && last.aside == aside => last.count += 1,
            _ => self.seen.push(Seen {
                aside,
                seq: entry.seq,
                hash: Hash::parse(entry.current_hash).filter(|hash| flawless && is_borne_out(entry, *hash)),
                count: 1,
                place: place.clone(),
                shown: Shown::from(entry),
            }),
        }
    }

    /// One finding for each run of them that stand a second time, or were put in.
    pub(super) fn findings(self) -> Vec<Finding> {
        let Self { genuine, seen } = self;
        let is_twice =
            |seen: &Seen| seen.hash.is_some() && genuine.get(&seen.seq).is_some_and(|genuine| *genuine == seen.hash);
        let mut runs: Vec<(bool, Seen)> = Vec::new();
        for seen in seen {
            let twice = is_twice(&seen);
            match runs.last_mut() {
                Some((like, last)) if *like == twice && last.aside == seen.aside => last.count += seen.count,
                _ => runs.push((twice, seen)),
            }
        }
        runs.iter().map(|(twice, seen)| finding(seen, *twice)).collect()
    }
}

/// Whether content and personal block give the hash.
fn is_borne_out(entry: &Entry<'_>, hash: Hash) -> bool {
    let personal = entry.personal_content_hash();
    entry.content_hash() == hash && personal.is_none_or(|personal| Hash::parse(entry.personal_hash) == Some(personal))
}

fn finding(seen: &Seen, twice: bool) -> Finding {
    let Seen { seq, count, place, shown, .. } = seen;
    let line = place.line;
    let (cause, message) = match (twice, count) {
        (true, 1) => (Cause::Duplicated, format!("Entry {seq} stands a second time.")),
        (true, _) => (Cause::Duplicated, format!("{count} entries, from {seq} on, stand a second time.")),
        (false, 1) => (
            Cause::Inserted,
            format!("The entry at line {line} does not belong to the ledger: its last hash is reached without it."),
        ),
        (false, _) => (
            Cause::Inserted,
            format!(
                "The {count} entries from line {line} on do not belong to the ledger: its last hash is reached without them."
            ),
        ),
    };
    let mut finding = chain_finding(cause, message, place, shown, None);
    finding.count = Some(*count);
    finding
}
