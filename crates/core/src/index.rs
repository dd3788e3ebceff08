//! The index of transaction ids, for what looks back across the whole ledger: ids used twice, refunds
//! and erasures. 40 bytes an entry, and 32 for each that refers to another.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::balances::Numbers;
use crate::kind::Kind;
use crate::limits::MAX_INDEXED;
use crate::movement::Movement;

/// What looking back needs of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Record {
    /// The two halves of `transaction_id`.
    id: [u64; 2],
    /// `amount_net` in ten-thousandths.
    pub net: u64,
    /// Line, counted from the start of the run.
    pub line: u32,
    /// Number of the sender among the run's accounts.
    pub sender: u32,
    /// Number of the receiver among the run's accounts.
    pub receiver: u32,
    /// Number of the currency among the run's, and the flags above it.
    currency: u32,
}

const HAS_PERSONAL: u32 = 1 << 31;
const IS_REFUND: u32 = 1 << 30;
const IS_ERASURE: u32 = 1 << 29;
const CURRENCY: u32 = IS_ERASURE - 1;

impl Record {
    /// `transaction_id` as 128 bits.
    #[must_use]
    pub fn id(&self) -> u128 {
        u128::from(self.id[0]) << 64 | u128::from(self.id[1])
    }

    /// Number of the currency.
    #[must_use]
    pub const fn currency(&self) -> u32 {
        self.currency & CURRENCY
    }

    fn found(&self, what: Retrospect) -> Found {
        Found { line: u64::from(self.line), what, id: self.id() }
    }

    /// Whether the personal block stands.
    #[must_use]
    pub const fn has_personal(&self) -> bool {
        self.currency & HAS_PERSONAL != 0
    }
}

/// An entry that refers to an earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Reference {
    /// The id that it names; `None` where that is no id, so that it can match nothing.
    to: Option<[u64; 2]>,
    /// That of its record.
    line: u32,
}

/// Something that looking back finds, at an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Found {
    /// Line, counted from the start of the run.
    pub line: u64,
    /// What it is.
    pub what: Retrospect,
    /// The entry's `transaction_id`.
    pub id: u128,
}

/// What [`Index::look_back`] finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Retrospect {
    /// An id that an earlier entry has.
    IdUsedTwice,
    /// A refund of no earlier entry between the same parties in the same currency.
    RefundUnmatched,
    /// All refunds of an entry together are above its net.
    RefundExceeds,
    /// An erasure of no earlier entry of that party.
    ErasureUnmatched,
    /// A block is gone that no erasure names.
    PersonalRemoved,
    /// An erased block still stands.
    ErasureNotDone,
}

/// The index of a run of entries.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Index {
    records: Vec<Record>,
    references: Vec<Reference>,
    overflown: bool,
}

fn halves(id: u128) -> [u64; 2] {
    let bytes = id.to_be_bytes();
    let (high, low) = bytes.split_at(8);
    let half = |b: &[u8]| b.iter().fold(0, |n, b| n << 8 | u64::from(*b));
    [half(high), half(low)]
}

impl Index {
    /// Adds an entry.
    #[inline]
    pub fn add(&mut self, line: u64, movement: &Movement<'_>, numbers: Numbers) {
        let Ok(line) = u32::try_from(line) else {
            self.overflown = true;
            return;
        };
        if self.records.len() >= MAX_INDEXED {
            self.overflown = true;
            return;
        }
        let mut flags = if movement.has_personal { HAS_PERSONAL } else { 0 };
        if matches!(movement.kind, Kind::Refund | Kind::Erasure) {
            flags |= if movement.kind == Kind::Refund { IS_REFUND } else { IS_ERASURE };
            self.references.push(Reference { to: movement.reference.map(halves), line });
        }
        self.records.push(Record {
            id: halves(movement.id),
            net: movement.net.ten_thousandths(),
            line,
            sender: numbers.sender,
            receiver: numbers.receiver,
            currency: numbers.currency & CURRENCY | flags,
        });
    }

    /// The ids of all entries, the last first.
    pub(crate) fn ids(&self) -> impl Iterator<Item = u128> {
        self.records.iter().rev().map(Record::id)
    }

    /// Joins the index of the next run, whose lines follow `lines` and whose numbers are mapped.
    pub fn join(&mut self, next: &Self, lines: u64, accounts: &[u32], currencies: &[u32]) {
        self.overflown |= next.overflown;
        let last = next.records.last().map_or(0, |r| u64::from(r.line));
        let fits = u32::try_from(lines + last).is_ok() && self.records.len() + next.records.len() <= MAX_INDEXED;
        let Some(lines) = u32::try_from(lines).ok().filter(|_| fits) else {
            self.overflown = true;
            return;
        };
        let number = |map: &[u32], n: u32| map.get(n as usize).copied().unwrap_or(u32::MAX);
        self.records.extend(next.records.iter().map(|r| Record {
            line: r.line + lines,
            sender: number(accounts, r.sender),
            receiver: number(accounts, r.receiver),
            currency: r.currency & !CURRENCY | number(currencies, r.currency()) & CURRENCY,
            ..*r
        }));
        self.references.extend(next.references.iter().map(|r| Reference { line: r.line + lines, ..*r }));
    }

    /// Takes note that the personal blocks of these entries went after they were read; of how many.
    pub fn forget_blocks(&mut self, ids: &BTreeSet<u128>) -> u64 {
        let gone = self.records.iter_mut().filter(|r| r.has_personal() && ids.contains(&r.id()));
        gone.map(|record| record.currency &= !HAS_PERSONAL).count() as u64
    }

    /// Whether a named limit was passed, so that looking back is not possible.
    #[must_use]
    pub const fn overflown(&self) -> bool {
        self.overflown
    }

    /// Whether any entry refers to another.
    #[must_use]
    pub fn has_references(&self) -> bool {
        !self.references.is_empty()
    }

    /// Gives every entry another line, by which what is earlier is judged; those that have none are left out.
    pub(crate) fn move_lines(&mut self, to: impl Fn(u64) -> Option<u64>) {
        let to = |line: u32| to(u64::from(line)).and_then(|line| u32::try_from(line).ok());
        let moved = |line: &mut u32| to(*line).map(|to| *line = to).is_some();
        self.records.retain_mut(|record| moved(&mut record.line));
        self.references.retain_mut(|reference| moved(&mut reference.line));
    }

    /// Everything that looking back finds, by line. `whole` where the ledger starts with this run, so
    /// that what a refund or erasure names must be in it; `personal` where missing blocks are judged.
    /// Leaves the entries in the order of their ids: the index takes no more.
    #[must_use]
    pub fn look_back(&mut self, whole: bool, personal: bool) -> Vec<Found> {
        // By id, and of one id by line. Ids made in order, as version 7 makes them, are sorted already.
        self.records.sort_by_key(|r| (r.id, r.line));
        let mut found = Vec::new();
        let (mut own, mut before) = (Vec::new(), None);
        // In one pass: there are as many as entries, and by now no other thread has anything to do.
        for record in &self.records {
            if before.replace(record.id) == Some(record.id) {
                found.push(record.found(Retrospect::IdUsedTwice));
            }
            if record.currency & (IS_REFUND | IS_ERASURE) != 0 {
                own.push(record);
            }
        }
        let erased = self.follow_references(own, whole, &mut found);
        self.judge_blocks(&erased, personal, &mut found);
        found.sort_unstable();
        found
    }

    /// The first record of an id.
    fn record(&self, id: [u64; 2]) -> Option<usize> {
        let at = self.records.partition_point(|r| r.id < id);
        self.records.get(at).filter(|r| r.id == id).map(|_| at)
    }

    /// Judges refunds and erasures, which are `own`, in the order of their lines; gives the places of erased records, each
    /// once.
    fn follow_references(&self, mut own: Vec<&Record>, whole: bool, found: &mut Vec<Found>) -> Vec<usize> {
        let mut references: Vec<&Reference> = self.references.iter().collect();
        // No two stand on one line, so that each meets its own.
        own.sort_unstable_by_key(|r| r.line);
        references.sort_unstable_by_key(|r| r.line);
        let mut refunded = std::collections::BTreeMap::<usize, u128>::new();
        let mut erased = Vec::new();
        for (record, reference) in own.into_iter().zip(references) {
            let earlier = reference.to.and_then(|id| self.record(id)).filter(|&at| self.records[at].line < record.line);
            let is_refund = record.currency & IS_REFUND != 0;
            let Some(at) = earlier else {
                if whole {
                    let kind = if is_refund { Retrospect::RefundUnmatched } else { Retrospect::ErasureUnmatched };
                    found.push(record.found(kind));
                }
                continue;
            };
            let original = &self.records[at];
            if !is_refund {
                let party = [original.sender, original.receiver].contains(&record.receiver);
                match party {
                    true => erased.push(at),
                    false => found.push(record.found(Retrospect::ErasureUnmatched)),
                }
                continue;
            }
            let reversed = (original.sender, original.receiver) == (record.receiver, record.sender);
            if !reversed || original.currency() != record.currency() {
                found.push(record.found(Retrospect::RefundUnmatched));
                continue;
            }
            let total = refunded.entry(at).or_default();
            *total += u128::from(record.net);
            if *total > u128::from(original.net) {
                found.push(record.found(Retrospect::RefundExceeds));
            }
        }
        erased.sort_unstable();
        erased.dedup();
        erased
    }

    /// `missing`: whether one that is gone without an erasure is judged.
    fn judge_blocks(&self, erased: &[usize], missing: bool, found: &mut Vec<Found>) {
        let not_done = erased.iter().map(|&at| &self.records[at]).filter(|record| record.has_personal());
        found.extend(not_done.map(|record| record.found(Retrospect::ErasureNotDone)));
        if missing {
            let bare = self.records.iter().enumerate().filter(|(_, record)| !record.has_personal());
            let removed = bare.filter(|(at, _)| erased.binary_search(at).is_err());
            found.extend(removed.map(|(_, record)| record.found(Retrospect::PersonalRemoved)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Amount;

    /// What is found of entries from party 1 to party 2, refunds the other way, by `(id, kind, reference, has_personal)`.
    fn found(entries: &[(u128, Kind, Option<u128>, bool)], personal: bool) -> Vec<(u64, Retrospect)> {
        let mut index = Index::default();
        let amount = Amount::from_ten_thousandths(10_000).unwrap();
        for (line, &(id, kind, reference, has_personal)) in (0..).zip(entries) {
            let (sender, receiver) = if kind == Kind::Refund { (2, 1) } else { (1, 2) };
            let (currency, tax_type) = ("EURO", None);
            let (gross, tax, net) = (amount, Amount::ZERO, amount);
            // Parties are known by their numbers.
            let movement = Movement {
                id,
                kind,
                currency,
                sender: "",
                receiver: "",
                tax_type,
                gross,
                tax,
                net,
                reference,
                has_personal,
            };
            index.add(line, &movement, Numbers { sender, receiver, currency: 0 });
        }
        index.look_back(true, personal).into_iter().map(|found| (found.line, found.what)).collect()
    }

    #[test]
    fn ids_in_any_order_are_looked_back_at_by_line() {
        use Kind::{Refund, Transfer};
        let entries = [
            (9, Transfer, None, true),
            (3, Transfer, None, true),
            (5, Refund, Some(9), true),
            (3, Transfer, None, true),
            (4, Refund, Some(9), true),
            (1, Refund, Some(2), true),
            (2, Transfer, None, true),
            (3, Transfer, None, true),
        ];
        let expected = [
            (3, Retrospect::IdUsedTwice),
            (4, Retrospect::RefundExceeds),
            (5, Retrospect::RefundUnmatched),
            (7, Retrospect::IdUsedTwice),
        ];
        assert_eq!(found(&entries, true), expected);
    }

    #[test]
    fn a_block_is_judged_once_however_often_it_was_erased() {
        use Kind::{Erasure, Transfer};
        let entries = [
            (1, Transfer, None, true),
            (2, Transfer, None, false),
            (3, Transfer, None, false),
            (4, Erasure, Some(1), true),
            (5, Erasure, Some(1), true),
            (6, Erasure, Some(2), true),
            (7, Erasure, Some(2), true),
        ];
        assert_eq!(found(&entries, true), [(0, Retrospect::ErasureNotDone), (2, Retrospect::PersonalRemoved)]);
        assert_eq!(found(&entries, false), [(0, Retrospect::ErasureNotDone)]);
    }
}
