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
    /// By the numbers that they bear: the genuine hash, once it is known, and the line of the entry that has it.
    genuine: HashMap<u64, Option<(Hash, u64)>>,
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

    /// The genuine hash of the entry `seq`, which stands at this line.
    pub(super) fn know(&mut self, seq: u64, hash: Hash, line: u64) {
        if let Some(genuine) = self.genuine.get_mut(&seq) {
            *genuine = Some((hash, line));
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
        let elsewhere = |seen: &Seen| {
            let (hash, line) = (*genuine.get(&seen.seq)?)?;
            (seen.hash == Some(hash)).then_some(line)
        };
        let mut runs: Vec<(Option<u64>, Seen)> = Vec::new();
        for seen in seen {
            let other = elsewhere(&seen);
            match runs.last_mut() {
                Some((like, last)) if like.is_some() == other.is_some() && last.aside == seen.aside => {
                    last.count += seen.count;
                }
                _ => runs.push((other, seen)),
            }
        }
        runs.iter().map(|(other, seen)| finding(seen, *other)).collect()
    }
}

/// Whether content and personal block give the hash.
fn is_borne_out(entry: &Entry<'_>, hash: Hash) -> bool {
    let personal = entry.personal_content_hash();
    entry.content_hash() == hash && personal.is_none_or(|personal| Hash::parse(entry.personal_hash) == Some(personal))
}

/// `other`: the line at which the first of them stands too, as an entry of the ledger.
fn finding(seen: &Seen, other: Option<u64>) -> Finding {
    let Seen { seq, count, place, shown, .. } = seen;
    let line = place.line;
    let (cause, message) = match (other, count) {
        (Some(other), 1) => (Cause::Duplicated, format!("Entry {seq} stands a second time: at line {other} too.")),
        (Some(other), _) => (
            Cause::Duplicated,
            format!("{count} entries, from {seq} on, stand a second time: from line {other} on too."),
        ),
        (None, 1) => (
            Cause::Inserted,
            format!("The entry at line {line} does not belong to the ledger: its last hash is reached without it."),
        ),
        (None, _) => (
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
