//! What the first reading comes to: a report where all is well, else the second reading.

use std::collections::BTreeMap;

use super::assembly::Assembly;
use super::assurance::{Besides, judge};
use super::coverage::{CUT, DROPPED, Gaps, LATER_START, TOO_MANY, coverage};
use super::examination::Examination;
use super::holdings::Holdings;
use super::reading::SecondReading;
use super::recount::Recount;
use super::statement::Statements;
use super::{documents, warning};
use crate::export::header::{Header, PersonalData};
use crate::hash::Hash;
use crate::index::{Found, Retrospect};
use crate::report::{EntryPlace, Report, Warning};
use crate::segment::{EndEntry, FirstFew, Segment, id_text, time_text};

/// Line of the file at which a segment of everything after the header starts.
pub(crate) const FIRST_LINE: u64 = 2;

/// Judges the first reading. `cut_short`: the compressed stream ended early; `unfinished`: the last
/// line has no line feed.
pub(crate) fn conclude(
    header: Header,
    mut segment: Segment,
    cut_short: bool,
    unfinished: bool,
    holdings: Holdings,
) -> Result<Report, SecondReading> {
    let trailer = segment.documents.trailer.as_ref();
    let (stated, embedded) = trailer.map_or((0, &[][..]), |trailer| (trailer.last_seq, &trailer.checkpoints));
    let statements = Statements::of(&header, embedded, stated.max(end(&header, &segment).0), holdings);
    let gaps = gaps(&header, &segment, &statements);
    let mut index = std::mem::take(&mut segment.index);
    let found = if gaps.looking_back.is_some() {
        Vec::new()
    } else {
        index.look_back(header.is_from_start(), gaps.removed.is_none() && header.personal == PersonalData::Full)
    };
    let only_warns = |f: &Found| f.what == Retrospect::ErasureNotDone;
    let unclean = !agrees(&header, &segment, cut_short) || !found.iter().all(only_warns);
    let examine = |header, segment, statements, found| {
        let examination = Examination::new(header, segment, (index, found), cut_short, unfinished, statements);
        Err(SecondReading::Examination(Box::new(examination)))
    };
    if unclean || (gaps.balances.is_none() && !segment.balances.keeps_the_rules()) {
        return examine(header, segment, statements, found);
    }
    let (mismatches, missing) = match gaps.balances.or(gaps.documents) {
        None => documents::compare(&segment.documents, &segment.balances, FIRST_LINE),
        Some(_) => (FirstFew::default(), FirstFew::default()),
    };
    if mismatches.count > 0 {
        return examine(header, segment, statements, found);
    }
    Clean::new(header, segment, found, missing, gaps, statements).conclude()
}

/// What cannot be checked of a file whose entries are all genuine.
fn gaps(header: &Header, segment: &Segment, statements: &Statements) -> Gaps {
    let later = (!header.is_from_start()).then_some(LATER_START);
    let too_many = (segment.balances.overflown() || segment.documents.overflown).then_some(TOO_MANY);
    Gaps {
        balances: later.or(too_many),
        documents: statements.say_truncated().then_some(DROPPED),
        looking_back: segment.index.overflown().then_some(TOO_MANY),
        removed: (header.last_seq.is_some() || statements.say_truncated()).then_some(CUT),
        entries: None,
        trailer: None,
        rest: None,
    }
}

/// Whether everything but balances, documents and what looks back holds.
fn agrees(header: &Header, segment: &Segment, cut_short: bool) -> bool {
    segment.faults.count == 0
        && !cut_short
        && segment.runs.count <= 1
        && segment.is_in_order()
        && starts_right(header, segment)
        && ends_right(header, segment)
        && (header.is_from_start() || !segment.documents.any())
        && segment.documents.accounts_are_distinct()
}

fn starts_right(header: &Header, segment: &Segment) -> bool {
    segment.runs.first.first().is_none_or(|run| {
        run.first_seq == header.first_seq && (!header.is_from_start() || run.first_previous == header.genesis())
    })
}

fn ends_right(header: &Header, segment: &Segment) -> bool {
    let (last_seq, head) = end(header, segment);
    let something = segment.entries > 0 || header.is_from_start();
    something
        && header.last_seq.is_none_or(|stated| stated == last_seq)
        && segment.documents.trailer.as_ref().is_some_and(|trailer| {
            (trailer.entries, trailer.last_seq, trailer.head) == (segment.entries, last_seq, head)
        })
}

/// `seq` and hash of the last entry of a clean segment.
fn end(header: &Header, segment: &Segment) -> (u64, Hash) {
    segment
        .runs
        .first
        .first()
        .map_or((header.first_seq - 1, header.genesis()), |run| (run.next_seq() - 1, run.last_hash))
}

/// A file that agrees with itself; what remains is to hold it to its checkpoints.
#[derive(Debug)]
pub(crate) struct Clean {
    header: Header,
    segment: Segment,
    found: Vec<Found>,
    missing: FirstFew<Warning>,
    gaps: Gaps,
    statements: Statements,
    /// Roots that are known so far, by size: over all entries, and as far as each mark.
    roots: BTreeMap<u64, Hash>,
}

impl Clean {
    fn new(
        header: Header,
        segment: Segment,
        found: Vec<Found>,
        missing: FirstFew<Warning>,
        gaps: Gaps,
        statements: Statements,
    ) -> Self {
        Self { roots: roots(&header, &segment), header, segment, found, missing, gaps, statements }
    }

    pub(crate) const fn header(&self) -> &Header {
        &self.header
    }

    /// The report, where every root that is asked for is known.
    fn conclude(self) -> Result<Report, SecondReading> {
        let unknown: Vec<u64> =
            self.statements.wanted().into_iter().filter(|size| !self.roots.contains_key(size)).collect();
        if unknown.is_empty() {
            return Ok(self.report(BTreeMap::new()));
        }
        let first_seq = self.header.first_seq;
        Err(SecondReading::Recount(Box::new(Recount::new(self, first_seq, unknown))))
    }

    /// `recounted` are the roots that a second reading found.
    pub(crate) fn report(self, recounted: BTreeMap<u64, Hash>) -> Report {
        let Self { header, segment, found, missing, gaps, statements, mut roots } = self;
        roots.extend(recounted);
        let root = roots.get(&statements.last_seq);
        let assurance = judge(&statements, &roots, Besides::default());
        let mut warnings: Vec<Warning> =
            segment.notes.first.iter().map(|at| warning::of_note(at, FIRST_LINE)).collect();
        // In a clean segment line and seq go together.
        let not_done =
            found.iter().map(|f| warning::erasure_not_done(f, FIRST_LINE + f.line, Some(header.first_seq + f.line)));
        warnings.extend(not_done);
        let missing_unlisted = missing.count - missing.first.len() as u64;
        warnings.extend(missing.first);
        warnings.extend(warning::of_file(&header, segment.entries, segment.withheld));
        Assembly {
            format: 2,
            ledger: Some(header.ledger.clone()),
            total: segment.entries,
            first: segment.first.map(place),
            last: segment.last.map(place),
            warnings,
            warnings_unlisted: segment.notes.count - segment.notes.first.len() as u64 + missing_unlisted,
            coverage: coverage(&header, segment.documents.any(), gaps, &assurance),
            head: Some(end(&header, &segment).1.to_string()),
            root: root.map(|hash| hash.to_string()),
            assurance: Some(assurance),
            ..Assembly::default()
        }
        .report()
    }
}

/// The roots that the first reading of a clean file knows, where what stands before it is known.
fn roots(header: &Header, segment: &Segment) -> BTreeMap<u64, Hash> {
    let Some(prefix) = header.prefix_range() else { return BTreeMap::new() };
    let run = segment.runs.first.first();
    let marks = run.into_iter().flat_map(|run| run.marks.iter().chain([&run.range]));
    let ranges = marks.map(|range| prefix.joined(range)).chain(run.is_none().then(|| prefix.clone()));
    ranges.filter_map(|range| Some((range.len(), range.root()?))).collect()
}

/// An entry at one end of the file, as the report shows it.
pub(crate) fn place(entry: EndEntry) -> EntryPlace {
    EntryPlace { id: id_text(entry.id), timestamp: time_text(entry.time_ms) }
}
