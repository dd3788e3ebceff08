//! The first reading of lines: each checked by itself, its hashes computed, and taken into a segment.

use serde::{Deserialize, Serialize};

use crate::economy::{self, Kind};
use crate::entry::{Entry, Values};
use crate::export::header::PersonalData;
use crate::export::line::Line;
use crate::grammar;
use crate::hash::{Batch, Hash};
use crate::limits::{MAX_FINDINGS, MAX_LINE, MAX_WARNINGS};
use crate::merkle::Range;
use crate::money::Amount;
use crate::segment::{EndEntry, Note, NoteAt, Run, Segment, lines_of};
use crate::survey::Surveying;

/// What verifying a line needs to know of the export it stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Context {
    /// Whether personal blocks may stand.
    pub personal: PersonalData,
    /// Sizes of the ledger at which its root is asked for.
    pub marks: Marks,
}

/// A few sizes of a ledger, those of checkpoints that are known before it is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marks([u64; Self::MOST]);

impl Marks {
    /// How many are taken; roots at other sizes need a second reading.
    pub const MOST: usize = 8;
    /// None.
    pub const NONE: Self = Self([0; Self::MOST]);

    /// The first few of these sizes.
    #[must_use]
    pub fn of(sizes: &[u64]) -> Self {
        let mut marks = Self::NONE;
        marks.0.iter_mut().zip(sizes).for_each(|(mark, size)| *mark = *size);
        marks
    }

    fn has(&self, size: u64) -> bool {
        // Without an early exit, so that it becomes a few vector instructions.
        self.0.iter().fold(false, |found, mark| found | (*mark == size))
    }
}

/// How many entries are hashed together: enough to fill four lanes, few enough to stay in the cache.
const TOGETHER: usize = 64;
/// How many leaves are folded into the Merkle tree together.
const LEAVES: usize = 4096;

/// An entry whose hashes are being computed.
struct Waiting<'a> {
    line: u64,
    read: Line<'a>,
}

/// Makes a segment of lines, block after block.
#[derive(Debug)]
pub struct Surveyor {
    context: Context,
    segment: Segment,
    entry_preimages: Batch,
    personal_preimages: Batch,
    entry_digests: Vec<Hash>,
    personal_digests: Vec<Hash>,
    /// `current_hash`es of the run that is being read, for its Merkle range.
    leaves: Vec<Hash>,
    leaf_messages: Batch,
}

impl Surveyor {
    /// Before the first line.
    #[must_use]
    pub fn new(context: Context) -> Self {
        Self {
            context,
            segment: Segment::default(),
            entry_preimages: Batch::default(),
            personal_preimages: Batch::default(),
            entry_digests: Vec::new(),
            personal_digests: Vec::new(),
            leaves: Vec::new(),
            leaf_messages: Batch::default(),
        }
    }

    /// How many entries were taken in.
    #[must_use]
    pub const fn entries(&self) -> u64 {
        self.segment.entries
    }

    /// Takes whole lines, each but the last of all with its line feed.
    pub fn block(&mut self, block: &[u8]) {
        let mut waiting = Vec::with_capacity(TOGETHER);
        // One look at the block's UTF-8 saves one at every line.
        match std::str::from_utf8(block) {
            Ok(text) => {
                lines_of(block, |line, at| {
                    self.line(&mut waiting, line, || Line::read_text(&text[at..at + line.len()]));
                });
            }
            Err(_) => lines_of(block, |line, _| self.line(&mut waiting, line, || Line::read(line))),
        }
        self.flush(&mut waiting);
    }

    fn line<'a>(&mut self, waiting: &mut Vec<Waiting<'a>>, line: &'a [u8], read: impl FnOnce() -> Line<'a>) {
        let number = self.segment.lines;
        self.segment.lines += 1;
        if line.len() > MAX_LINE {
            self.flush(waiting);
            self.interrupt(number);
            return;
        }
        match read() {
            Line::Unreadable(_) => {
                self.flush(waiting);
                self.interrupt(number);
            }
            Line::Document(document) => {
                self.flush(waiting);
                self.close_run();
                self.segment.runs.cut();
                self.segment.documents.take(number, *document);
            }
            read => {
                waiting.push(Waiting { line: number, read });
                if waiting.len() == TOGETHER {
                    self.flush(waiting);
                }
            }
        }
    }

    fn fault(&mut self, line: u64) {
        self.segment.faults.push(line, MAX_FINDINGS);
    }

    /// A line where an entry might have stood.
    fn interrupt(&mut self, line: u64) {
        self.fault(line);
        self.close_run();
        self.segment.runs.cut();
    }

    /// Hashes what waits, and takes it in.
    fn flush(&mut self, waiting: &mut Vec<Waiting<'_>>) {
        self.entry_preimages.clear();
        self.personal_preimages.clear();
        for Waiting { read, .. } in waiting.iter() {
            let Some(entry) = read.entry() else { continue };
            self.entry_preimages.push_with(|out| entry.write_preimage(out));
            if let Some(personal) = entry.personal {
                self.personal_preimages.push_with(|out| personal.write_preimage(out));
            }
        }
        let (mut entries, mut personals) =
            (std::mem::take(&mut self.entry_digests), std::mem::take(&mut self.personal_digests));
        self.entry_preimages.digest_into(&mut entries);
        self.personal_preimages.digest_into(&mut personals);
        let mut personal = personals.iter();
        for (Waiting { line, read }, content) in waiting.iter().zip(&entries) {
            match read {
                Line::Plain(entry, values) => self.entry(*line, entry, Some(values), content, &mut personal),
                Line::Other(owned, values) => self.entry(*line, &owned.entry(), Some(values), content, &mut personal),
                Line::Faulty(owned, _) => self.entry(*line, &owned.entry(), None, content, &mut personal),
                Line::Document(_) | Line::Unreadable(_) => {}
            }
        }
        (self.entry_digests, self.personal_digests) = (entries, personals);
        waiting.clear();
    }

    fn entry<'d>(
        &mut self,
        line: u64,
        entry: &Entry<'_>,
        values: Option<&Values>,
        content: &Hash,
        personal_digests: &mut impl Iterator<Item = &'d Hash>,
    ) {
        let mut good = true;
        self.segment.documents.last_entry = Some(line);
        if entry.personal.is_some() {
            let digest = personal_digests.next();
            good &= digest.is_some_and(|d| Hash::parse(entry.personal_hash) == Some(*d));
            good &= self.context.personal == PersonalData::Full;
        } else {
            self.segment.withheld += 1;
        }
        self.segment.entries += 1;
        let hashes = Hash::parse(entry.previous_hash).zip(Hash::parse(entry.current_hash));
        good &= hashes.is_some_and(|(_, current)| current == *content);
        good &= match (values, hashes) {
            (Some(values), Some(hashes)) => self.take_in(line, entry, values, content, hashes),
            (None, Some(hashes)) => {
                self.chain(line, entry, grammar::uuid(entry.transaction_id).unwrap_or(0), content, hashes);
                false
            }
            _ => {
                self.close_run();
                self.segment.runs.cut();
                false
            }
        };
        if !good {
            self.fault(line);
        }
    }

    /// An entry that keeps its grammar.
    fn take_in(&mut self, line: u64, entry: &Entry<'_>, values: &Values, content: &Hash, hashes: (Hash, Hash)) -> bool {
        self.chain(line, entry, values.id, content, hashes);
        let Some(kind) = Kind::parse(entry.kind) else { return false };
        let place = EndEntry { id: values.id, time_ms: values.time.millis(), line, seq: entry.seq };
        self.note(entry, values, kind, place);
        self.segment.first.get_or_insert(place);
        self.segment.last = Some(place);
        let numbers = self.segment.balances.apply(entry, values, kind);
        self.segment.index.add(line, entry, values, kind, numbers);
        economy::adds_up(values) && economy::broken_rule(entry, values, kind).is_none()
    }

    fn note(&mut self, entry: &Entry<'_>, values: &Values, kind: Kind, place: EndEntry) {
        let notes = &mut self.segment.notes;
        let at = |note| NoteAt { entry: place, note };
        if let Some(last) = self.segment.last
            && place.time_ms < last.time_ms
        {
            notes.push(at(Note::Earlier { before_ms: last.time_ms }), MAX_WARNINGS);
        }
        if let Some((expected, _)) = economy::other_than_policy(entry, values, kind) {
            let units = Amount::ten_thousandths;
            notes.push(at(Note::OtherTax { expected: units(expected), found: units(values.tax) }), MAX_WARNINGS);
        }
    }

    /// Hangs an entry onto the run before it, or starts another.
    fn chain(&mut self, line: u64, entry: &Entry<'_>, id: u128, content: &Hash, (previous, current): (Hash, Hash)) {
        if let Some(run) = self.segment.runs.open()
            && run.leads_to(previous, entry.seq)
        {
            (run.last_hash, run.last_content, run.count) = (current, *content, run.count + 1);
            self.leaves.push(current);
            if self.leaves.len() == LEAVES {
                self.close_run();
            }
            self.mark(entry.seq);
            return;
        }
        self.close_run();
        self.leaves.push(current);
        self.segment.runs.push(Run {
            line,
            count: 1,
            first_seq: entry.seq,
            first_id: id,
            first_previous: previous,
            first_hash: current,
            first_agrees: current == *content,
            last_hash: current,
            last_content: *content,
            range: Range::default(),
            marks: Vec::new(),
        });
        self.mark(entry.seq);
    }

    /// Keeps the run's range as far as this entry, where the root is asked for there.
    fn mark(&mut self, seq: u64) {
        if self.context.marks.has(seq) {
            self.close_run();
            if let Some(run) = self.segment.runs.open() {
                run.marks.push(run.range.clone());
            }
        }
    }

    /// Folds the leaves that wait into the range of the run that they belong to.
    fn close_run(&mut self) {
        let runs = &mut self.segment.runs;
        if let Some(run) = runs.last.as_mut().or(runs.first.last_mut())
            && !self.leaves.is_empty()
        {
            let before = run.count - self.leaves.len() as u64;
            let begin = run.first_seq.saturating_sub(1) + before;
            let range = Range::of_entries(begin, &self.leaves, &mut self.leaf_messages);
            if before == 0 {
                run.range = range;
            } else {
                run.range.join(&range);
            }
        }
        self.leaves.clear();
    }

    /// The segment of everything taken.
    #[must_use]
    pub fn finish(mut self) -> Segment {
        self.close_run();
        self.segment
    }
}

impl Surveying for Surveyor {
    type Context = Context;
    type Outcome = Segment;

    fn new(context: Context) -> Self {
        Self::new(context)
    }

    fn block(&mut self, block: &[u8]) {
        self.block(block);
    }

    fn entries(&self) -> u64 {
        self.entries()
    }

    fn finish(self) -> Segment {
        self.finish()
    }

    fn merge(total: Segment, next: Segment) -> Segment {
        total.merge(next)
    }

    fn entries_of(outcome: &Segment) -> u64 {
        outcome.entries
    }
}

impl Segment {
    /// Verifies whole lines, each but the last with its line feed.
    #[must_use]
    pub fn of_lines(context: Context, block: &[u8]) -> Self {
        let mut surveyor = Surveyor::new(context);
        surveyor.block(block);
        surveyor.finish()
    }
}
