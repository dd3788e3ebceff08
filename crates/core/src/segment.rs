//! What a run of lines amounts to: verification is a map of lines to segments, and a merge.
//!
//! `merge` is associative, so one core with a stream, all cores with blocks, several workers, or a
//! saved segment and what is new since all come to the same. A segment says *that* something is
//! wrong; what, is the second reading's business ([`crate::forensics`]).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::balances::Balances;
use crate::entry::{Entry, Values};
use crate::export::document::{Document, Trailer, Treasury, User};
use crate::hash::Hash;
use crate::index::Index;
use crate::limits::{MAX_ACCOUNTS, MAX_FINDINGS, MAX_MISNUMBERED, MAX_RUNS, MAX_WARNINGS};
use crate::merkle::Range;
use crate::money::Amount;
use crate::timestamp::Timestamp;

/// The first few of something by place, and how many there are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FirstFew<T> {
    /// The first few, in order.
    pub first: Vec<T>,
    /// How many there are.
    pub count: u64,
}

impl<T> Default for FirstFew<T> {
    fn default() -> Self {
        Self { first: Vec::new(), count: 0 }
    }
}

impl<T> FirstFew<T> {
    pub(crate) fn push(&mut self, item: T, max: usize) {
        self.push_with(|| item, max);
    }

    /// Makes the item only where it is among the first few.
    pub(crate) fn push_with(&mut self, make: impl FnOnce() -> T, max: usize) {
        self.count += 1;
        if self.first.len() < max {
            self.first.push(make());
        }
    }

    pub(crate) fn join(&mut self, next: Self, max: usize, moved: impl FnMut(T) -> T) {
        self.count += next.count;
        let room = max.saturating_sub(self.first.len());
        self.first.extend(next.first.into_iter().take(room).map(moved));
    }
}

/// An entry at one end of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndEntry {
    /// `transaction_id`.
    pub id: u128,
    /// `created_at` in Unix milliseconds.
    pub time_ms: i64,
    /// Line, counted from the start of the segment.
    pub line: u64,
    /// `seq` as written.
    pub seq: u64,
}

impl EndEntry {
    const fn moved(self, lines: u64) -> Self {
        Self { line: self.line + lines, ..self }
    }
}

/// Entries that stand one after another, each naming the hash of the one before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Line of the first, counted from the start of the segment.
    pub line: u64,
    /// How many.
    pub count: u64,
    /// `seq` of the first as written.
    pub first_seq: u64,
    /// `transaction_id` of the first.
    pub first_id: u128,
    /// What the first names.
    pub first_previous: Hash,
    /// `current_hash` of the first as written.
    pub first_hash: Hash,
    /// Whether the first's content gives its `current_hash`.
    pub first_agrees: bool,
    /// The first's preimage, where it does not: with another number it may. Of the first [`MAX_MISNUMBERED`] runs.
    pub first_preimage: Option<Box<[u8]>>,
    /// `current_hash` of the last as written.
    pub last_hash: Hash,
    /// What the last's content gives.
    pub last_content: Hash,
    /// The Merkle tree's subtrees over them.
    pub range: Range,
    /// The same as far as each size that was asked for.
    #[serde(default)]
    pub marks: Vec<Range>,
}

impl Run {
    /// `seq` after the last, by place.
    #[must_use]
    pub const fn next_seq(&self) -> u64 {
        self.first_seq + self.count
    }

    /// Whether an entry that names `previous` and calls itself `seq` follows on. By both: where one
    /// was edited, the second reading says which.
    pub(crate) fn leads_to(&self, previous: Hash, seq: u64) -> bool {
        self.first_seq > 0 && self.last_hash == previous && self.next_seq() == seq
    }

    fn join(&mut self, next: &Self) {
        self.count += next.count;
        self.last_hash = next.last_hash;
        self.last_content = next.last_content;
        self.marks.extend(next.marks.iter().map(|mark| self.range.joined(mark)));
        self.range.join(&next.range);
    }
}

/// The runs of a segment: the first [`MAX_RUNS`], the last, and how many.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Runs {
    /// The first, in order.
    pub first: Vec<Run>,
    /// The last, where it is not among the first.
    pub(crate) last: Option<Run>,
    /// How many there are.
    pub count: u64,
    /// A line that is no entry stands before the first.
    cut_before: bool,
    /// A line that is no entry stands after the last.
    cut_after: bool,
}

impl Runs {
    pub(crate) fn push(&mut self, mut run: Run) {
        run.first_preimage.take_if(|_| self.count >= MAX_MISNUMBERED);
        self.count += 1;
        self.cut_after = false;
        if self.first.len() < MAX_RUNS && self.last.is_none() {
            self.first.push(run);
        } else {
            self.last = Some(run);
        }
    }

    /// A line that is no entry.
    pub(crate) fn cut(&mut self) {
        self.cut_before |= self.count == 0;
        self.cut_after = true;
    }

    /// The run that the next entry may follow.
    pub(crate) fn open(&mut self) -> Option<&mut Run> {
        if self.cut_after {
            return None;
        }
        self.last.as_mut().or(self.first.last_mut())
    }

    fn join(&mut self, next: Self, lines: u64) {
        if next.cut_before {
            self.cut();
        }
        let listed = next.first.len() as u64 + u64::from(next.last.is_some());
        for (i, mut run) in next.first.into_iter().chain(next.last).enumerate() {
            run.line += lines;
            match self.open() {
                Some(left) if i == 0 && left.leads_to(run.first_previous, run.first_seq) => left.join(&run),
                _ => self.push(run),
            }
        }
        self.count += next.count - listed;
        self.cut_after |= next.cut_after;
    }
}

/// Something worth knowing about one entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Note {
    /// It is earlier than the entry before it, which has this time.
    Earlier {
        /// Unix milliseconds.
        before_ms: i64,
    },
    /// The policy gives another tax (in ten-thousandths) or another bucket.
    OtherTax {
        /// By the policy.
        expected: u64,
        /// By the entry.
        found: u64,
        /// What it is of, in ten-thousandths.
        gross: u64,
        /// The entry's currency.
        currency: Box<str>,
        /// Its type.
        kind: Box<str>,
    },
}

impl Note {
    pub(crate) fn other_tax(entry: &Entry<'_>, values: &Values, expected: Amount) -> Self {
        Self::OtherTax {
            expected: expected.ten_thousandths(),
            found: values.tax.ten_thousandths(),
            gross: values.gross.ten_thousandths(),
            currency: entry.currency.into(),
            kind: entry.kind.into(),
        }
    }
}

/// A note with the entry it is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoteAt {
    /// The entry.
    pub entry: EndEntry,
    /// What is to be known.
    pub note: Note,
}

/// Notes by what they say, so that many of one kind hide no other.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notes {
    earlier: FirstFew<NoteAt>,
    other_tax: FirstFew<NoteAt>,
}

impl Notes {
    pub(crate) fn push(&mut self, at: NoteAt) {
        let alike = match at.note {
            Note::Earlier { .. } => &mut self.earlier,
            Note::OtherTax { .. } => &mut self.other_tax,
        };
        alike.push(at, MAX_WARNINGS);
    }

    fn join(&mut self, next: Self, lines: u64) {
        let moved = |at: NoteAt| NoteAt { entry: at.entry.moved(lines), ..at };
        self.earlier.join(next.earlier, MAX_WARNINGS, moved);
        self.other_tax.join(next.other_tax, MAX_WARNINGS, moved);
    }

    /// Those that are listed, by line.
    #[must_use]
    pub fn listed(&self) -> Vec<&NoteAt> {
        let mut listed: Vec<&NoteAt> = self.earlier.first.iter().chain(&self.other_tax.first).collect();
        listed.sort_by_key(|at| at.entry.line);
        listed
    }

    /// How many more there are.
    #[must_use]
    pub fn unlisted(&self) -> u64 {
        [&self.earlier, &self.other_tax].into_iter().map(|notes| notes.count - notes.first.len() as u64).sum()
    }
}

/// The documents of a segment, and how its lines are ordered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Documents {
    /// Users' documents with their lines.
    pub users: Vec<(u64, User)>,
    /// The Treasury's with its line, the first where there are several.
    pub treasury: Option<(u64, Treasury)>,
    /// The trailer, the first where there are several.
    pub trailer: Option<Trailer>,
    /// There were more than [`MAX_ACCOUNTS`].
    pub overflown: bool,
    /// How many are the Treasury's.
    treasuries: u64,
    /// Line of the first document.
    first_line: Option<u64>,
    /// Line of the first trailer.
    trailer_line: Option<u64>,
    /// Line of the last entry.
    pub(crate) last_entry: Option<u64>,
}

/// What a run of lines amounts to. Lines count from 0 at its start.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Segment {
    /// How many lines.
    pub lines: u64,
    /// How many of them are entries.
    pub entries: u64,
    /// How many entries have no personal block.
    pub withheld: u64,
    /// The first entry.
    pub first: Option<EndEntry>,
    /// The last entry.
    pub last: Option<EndEntry>,
    /// How the entries hang together.
    pub runs: Runs,
    /// Lines at which something is wrong.
    pub faults: FirstFew<u64>,
    /// What is worth knowing.
    pub notes: Notes,
    /// What the entries do to balances.
    pub balances: Balances,
    /// For looking back.
    pub index: Index,
    /// Lines that are no entries.
    pub documents: Documents,
}

impl Segment {
    /// The segment of this run of lines and the next.
    #[must_use]
    pub fn merge(mut self, next: Self) -> Self {
        let lines = self.lines;
        if let (Some(last), Some(first)) = (self.last, next.first)
            && first.time_ms < last.time_ms
        {
            let note = Note::Earlier { before_ms: last.time_ms };
            self.notes.push(NoteAt { entry: first.moved(lines), note });
        }
        self.lines += next.lines;
        self.entries += next.entries;
        self.withheld += next.withheld;
        self.first = self.first.or(next.first.map(|e| e.moved(lines)));
        self.last = next.last.map(|e| e.moved(lines)).or(self.last);
        self.runs.join(next.runs, lines);
        self.faults.join(next.faults, MAX_FINDINGS, |line| line + lines);
        self.notes.join(next.notes, lines);
        let (accounts, currencies) = self.balances.join(&next.balances);
        self.index.join(&next.index, lines, &accounts, &currencies);
        self.documents.join(next.documents, lines);
        self
    }

    /// Takes note that the personal blocks of these entries, by `transaction_id`, were erased after they were
    /// read, as entries that follow say.
    pub fn forget_blocks(&mut self, ids: &BTreeSet<u128>) {
        self.withheld += self.index.forget_blocks(ids);
    }

    /// Whether lines stand in order: entries, documents, at most one of the Treasury, one trailer.
    #[must_use]
    pub fn is_in_order(&self) -> bool {
        let Documents { treasuries, first_line, trailer_line, last_entry, .. } = self.documents;
        let before = |a: Option<u64>, b: Option<u64>| a.zip(b).is_none_or(|(a, b)| a < b);
        treasuries <= 1 && before(last_entry, first_line) && trailer_line.is_none_or(|line| line + 1 == self.lines)
    }
}

impl Documents {
    /// Whether there is any but the trailer.
    #[must_use]
    pub fn any(&self) -> bool {
        !self.users.is_empty() || self.treasury.is_some()
    }

    /// Line of the trailer, counted from the start of the segment.
    #[must_use]
    pub const fn trailer_line(&self) -> Option<u64> {
        self.trailer_line
    }

    /// Whether no account has two.
    #[must_use]
    pub fn accounts_are_distinct(&self) -> bool {
        let mut ids: Vec<&str> = self.users.iter().map(|(_, user)| user.id.as_str()).collect();
        ids.sort_unstable();
        ids.windows(2).all(|pair| pair[0] != pair[1])
    }

    pub(crate) fn take(&mut self, line: u64, document: Document) {
        match document {
            Document::Trailer(trailer) => {
                self.trailer_line.get_or_insert(line);
                self.trailer.get_or_insert(trailer);
                return;
            }
            Document::Treasury(treasury) => {
                self.treasuries += 1;
                self.treasury.get_or_insert((line, treasury));
            }
            Document::User(user) if self.users.len() < MAX_ACCOUNTS => self.users.push((line, user)),
            Document::User(_) => self.overflown = true,
        }
        self.first_line.get_or_insert(line);
    }

    fn join(&mut self, next: Self, lines: u64) {
        self.overflown |= next.overflown || self.users.len() + next.users.len() > MAX_ACCOUNTS;
        let room = MAX_ACCOUNTS.saturating_sub(self.users.len());
        self.users.extend(next.users.into_iter().take(room).map(|(line, user)| (line + lines, user)));
        self.treasury = self.treasury.take().or(next.treasury.map(|(line, treasury)| (line + lines, treasury)));
        self.trailer = self.trailer.take().or(next.trailer);
        self.treasuries += next.treasuries;
        self.first_line = self.first_line.or(next.first_line.map(|line| line + lines));
        self.trailer_line = self.trailer_line.or(next.trailer_line.map(|line| line + lines));
        self.last_entry = next.last_entry.map(|line| line + lines).or(self.last_entry);
    }
}

/// Calls `each` with every line, its line feed and carriage return taken off, and where it starts.
pub(crate) fn lines_of<'a>(block: &'a [u8], mut each: impl FnMut(&'a [u8], usize)) {
    let mut start = 0;
    while start < block.len() {
        let end = memchr::memchr(b'\n', &block[start..]).map_or(block.len(), |n| start + n);
        let line = &block[start..end];
        each(line.strip_suffix(b"\r").unwrap_or(line), start);
        start = end + 1;
    }
}

/// The text of an id.
#[must_use]
pub fn id_text(id: u128) -> String {
    uuid::Uuid::from_u128(id).to_string()
}

/// The text of a time.
#[must_use]
pub fn time_text(ms: i64) -> String {
    Timestamp::from_millis(ms).to_string()
}
