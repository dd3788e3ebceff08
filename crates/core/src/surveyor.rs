//! The first reading of lines: each checked by itself, its hashes computed, and made part of a segment.

use serde::{Deserialize, Serialize};

use crate::economy;
use crate::entry::{Entry, Values};
use crate::export::header::PersonalData;
use crate::export::line::Line;
use crate::grammar;
use crate::hash::{Batch, Hash, TOGETHER};
use crate::kind::Kind;
use crate::limits::{MAX_FINDINGS, MAX_LINE, MAX_PREIMAGE};
use crate::merkle::Range;
use crate::movement::{Movement, Movements};
use crate::segment::{EndEntry, Note, NoteAt, Run, Segment, lines_of};
use crate::survey::Surveying;
use crate::taxes::Taxes;

/// What verifying a line needs to know of the export it stands in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Context {
    /// Whether personal blocks may stand.
    pub personal: PersonalData,
    /// Sizes of the ledger at which its root is asked for.
    pub marks: Marks,
    /// What is withheld of each type; where there is no table, by FORMAT.md's.
    pub taxes: Option<Taxes>,
}

impl Context {
    /// That of a ledger where it is kept: nothing is withheld, and no root is asked for on the way.
    #[must_use]
    pub const fn of_ledger(taxes: Option<Taxes>) -> Self {
        Self { personal: PersonalData::Full, marks: Marks::NONE, taxes }
    }
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
        self.0.iter().fold(false, |found, mark| found | (*mark == size)) && size > 0
    }
}

/// How many leaves are folded into the Merkle tree together.
const LEAVES: usize = 4096;

/// How many movements are applied together: their texts and flows are waited for together.
const APPLIED: usize = 64;

/// What a block amounts to: its segment, but for balances and index, which its movements add to those
/// of everything before it.
#[derive(Debug, Default)]
pub(crate) struct Part {
    segment: Segment,
    movements: Movements,
}

/// An entry whose hashes are being computed.
#[derive(Debug)]
struct Waiting {
    line: u64,
    seq: u64,
    id: u128,
    /// `previous_hash` and `current_hash` as written; what is no hash names none, and is that of the content. `None`
    /// where neither is one.
    hashes: Option<(Hash, Option<Hash>)>,
    /// Where the personal block stands: its hash as written.
    personal: Option<Option<Hash>>,
    /// Whether nothing was wrong so far.
    good: bool,
}

impl Waiting {
    /// Whether this is the hash that it states.
    fn states(&self, hash: &Hash) -> bool {
        self.hashes.and_then(|(_, current)| current).is_some_and(|current| current == *hash)
    }
}

/// Makes parts of blocks.
#[derive(Debug)]
pub(crate) struct Surveyor {
    context: Context,
    part: Part,
    waiting: Vec<Waiting>,
    entry_preimages: Batch,
    personal_preimages: Batch,
    entry_digests: Vec<Hash>,
    personal_digests: Vec<Hash>,
    /// `current_hash`es of the run that is being read, for its Merkle range.
    leaves: Vec<Hash>,
    leaf_messages: Batch,
}

impl Surveyor {
    fn new(context: Context) -> Self {
        Self {
            context,
            part: Part::default(),
            waiting: Vec::with_capacity(TOGETHER),
            entry_preimages: Batch::default(),
            personal_preimages: Batch::default(),
            entry_digests: Vec::new(),
            personal_digests: Vec::new(),
            leaves: Vec::new(),
            leaf_messages: Batch::default(),
        }
    }

    /// Takes whole lines, each but the last of all with its line feed.
    fn block(&mut self, block: &[u8]) {
        // One look at the block's UTF-8 saves one at every line.
        match std::str::from_utf8(block) {
            Ok(text) => lines_of(block, |line, at| self.line(line, || Line::read_text(&text[at..at + line.len()]))),
            Err(_) => lines_of(block, |line, _| self.line(line, || Line::read(line))),
        }
        self.flush();
        self.close_run();
    }

    fn line<'a>(&mut self, line: &'a [u8], read: impl FnOnce() -> Line<'a>) {
        let number = self.part.segment.lines;
        self.part.segment.lines += 1;
        if line.len() > MAX_LINE {
            return self.interrupt(number);
        }
        match read() {
            // Not moved: it is large, and there is one for each entry.
            Line::Plain(ref entry, ref values) => self.entry(number, line, entry, Some(values)),
            Line::Other(owned, values) => self.entry(number, line, &owned.entry(), Some(&values)),
            Line::Faulty(owned, _) => self.entry(number, line, &owned.entry(), None),
            Line::Unreadable(_) => self.interrupt(number),
            Line::Document(document) => {
                self.cut();
                self.part.segment.documents.take(number, *document);
            }
        }
    }

    fn fault(&mut self, line: u64) {
        self.part.segment.faults.push(line, MAX_FINDINGS);
    }

    /// A line that is no entry ends a run.
    fn cut(&mut self) {
        self.flush();
        self.close_run();
        self.part.segment.runs.cut();
    }

    /// A line where an entry might have stood.
    fn interrupt(&mut self, line: u64) {
        self.cut();
        self.fault(line);
    }

    /// An entry, with its values where it keeps its grammar. `bytes`: its line.
    fn entry(&mut self, line: u64, bytes: &[u8], entry: &Entry<'_>, values: Option<&Values>) {
        self.entry_preimages.push_with(entry.preimage_bound(), |out| entry.put_preimage(bytes, out));
        let personal = entry.personal.as_ref().map(|personal| {
            self.personal_preimages.push_with(personal.preimage_bound(), |out| personal.put_preimage(bytes, out));
            values.map_or_else(|| Hash::parse(entry.personal_hash), |values| Some(values.personal_hash))
        });
        let segment = &mut self.part.segment;
        segment.documents.last_entry = Some(line);
        segment.entries += 1;
        segment.withheld += u64::from(personal.is_none());
        let mut good = personal.is_none() || self.context.personal == PersonalData::Full;
        let (id, hashes) = match values {
            Some(values) => {
                good &= self.take_in(line, bytes, entry, values);
                (values.id, Some((values.previous_hash, Some(values.current_hash))))
            }
            None => {
                good = false;
                let (previous, current) = (Hash::parse(entry.previous_hash), Hash::parse(entry.current_hash));
                let hashes = previous.or(current).map(|_| (previous.unwrap_or_default(), current));
                (grammar::uuid(entry.transaction_id).unwrap_or(0), hashes)
            }
        };
        self.waiting.push(Waiting { line, seq: entry.seq, id, hashes, personal, good });
        if self.waiting.len() == TOGETHER {
            self.flush();
        }
    }

    /// An entry that keeps its grammar: whether it keeps the rules that tie its fields together.
    fn take_in(&mut self, line: u64, bytes: &[u8], entry: &Entry<'_>, values: &Values) -> bool {
        let kind = values.kind;
        let place = EndEntry { id: values.id, time_ms: values.time.millis(), line, seq: entry.seq };
        self.note(entry, values, kind, place);
        self.part.segment.first.get_or_insert(place);
        self.part.segment.last = Some(place);
        self.part.movements.push(line, bytes, &Movement::of(entry, values, kind));
        economy::adds_up(values) && economy::broken_rule(entry, values, kind).is_none()
    }

    /// Hashes what waits, and hangs it together.
    fn flush(&mut self) {
        let waiting = std::mem::take(&mut self.waiting);
        let mut contents = std::mem::take(&mut self.entry_digests);
        let mut personals = std::mem::take(&mut self.personal_digests);
        self.entry_preimages.digest_into(&mut contents);
        self.personal_preimages.digest_into(&mut personals);
        let mut personal = personals.iter().copied();
        for (number, (entry, content)) in waiting.iter().zip(&contents).enumerate() {
            // Of a hash that is none, too, the block's digest is taken.
            let block_agrees = entry.personal.is_none_or(|written| personal.next() == written && written.is_some());
            let agrees = self.hang(entry, number, content);
            if !(entry.good && block_agrees && agrees) {
                self.fault(entry.line);
            }
        }
        (self.waiting, self.entry_digests, self.personal_digests) = (waiting, contents, personals);
        self.waiting.clear();
        self.entry_preimages.clear();
        self.personal_preimages.clear();
    }

    /// Hangs an entry, whose preimage has this number, onto the chain; whether its content gives its hash.
    fn hang(&mut self, entry: &Waiting, number: usize, content: &Hash) -> bool {
        let Some((previous, current)) = entry.hashes else {
            self.close_run();
            self.part.segment.runs.cut();
            return false;
        };
        self.chain(entry, number, content, (previous, current.unwrap_or(*content)));
        current == Some(*content)
    }

    fn note(&mut self, entry: &Entry<'_>, values: &Values, kind: Kind, place: EndEntry) {
        let notes = &mut self.part.segment.notes;
        let at = |note| NoteAt { entry: place, note };
        if let Some(last) = self.part.segment.last
            && place.time_ms < last.time_ms
        {
            notes.push(at(Note::Earlier { before_ms: last.time_ms }));
        }
        if let Some(expected) = economy::other_than_policy(entry, values, kind, self.context.taxes.as_ref()) {
            notes.push(at(Note::other_tax(entry, values, expected)));
        }
    }

    /// Hangs an entry onto the run before it, or starts another.
    fn chain(&mut self, entry: &Waiting, number: usize, content: &Hash, (previous, current): (Hash, Hash)) {
        if let Some(run) = self.part.segment.runs.open()
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
        let preimage = self.entry_preimages.message(number);
        let first_preimage = (!entry.states(content) && preimage.len() <= MAX_PREIMAGE).then(|| preimage.into());
        self.part.segment.runs.push(Run {
            line: entry.line,
            count: 1,
            first_seq: entry.seq,
            first_id: entry.id,
            first_previous: previous,
            first_hash: current,
            first_agrees: entry.states(content),
            first_preimage,
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
            if let Some(run) = self.part.segment.runs.open() {
                run.marks.push(run.range.clone());
            }
        }
    }

    /// Folds the leaves that wait into the range of the run that they belong to.
    fn close_run(&mut self) {
        let runs = &mut self.part.segment.runs;
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
}

impl Surveying for Surveyor {
    type Context = Context;
    type Part = Part;
    type Outcome = Segment;

    fn new(context: Context) -> Self {
        Self::new(context)
    }

    fn survey(&mut self, block: &[u8], part: &mut Part) {
        std::mem::swap(&mut self.part, part);
        self.block(block);
        std::mem::swap(&mut self.part, part);
    }

    fn fold(total: &mut Segment, part: &mut Part) {
        let before = total.lines;
        *total = std::mem::take(total).merge(std::mem::take(&mut part.segment));
        let (mut all, mut numbers) = (part.movements.iter(), Vec::with_capacity(APPLIED));
        let mut together = (Vec::with_capacity(APPLIED), Vec::with_capacity(APPLIED));
        loop {
            together.extend(all.by_ref().take(APPLIED));
            let (lines, movements) = &mut together;
            if lines.is_empty() {
                break;
            }
            total.balances.apply_all(movements, &mut numbers);
            for ((line, movement), numbers) in lines.drain(..).zip(movements.drain(..)).zip(&numbers) {
                total.index.add(before + line, &movement, *numbers);
            }
        }
        drop((all, together));
        part.movements.clear();
    }

    fn entries(total: &Segment) -> u64 {
        total.entries
    }
}

impl Segment {
    /// Verifies whole lines, each but the last with its line feed.
    #[must_use]
    pub fn of_lines(context: Context, block: &[u8]) -> Self {
        let (mut part, mut segment) = (Part::default(), Self::default());
        Surveyor::new(context).survey(block, &mut part);
        Surveyor::fold(&mut segment, &mut part);
        segment
    }
}
