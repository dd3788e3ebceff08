//! A file in which all is well: its report, once every root that it is to be held against is known.

use std::collections::BTreeMap;

use super::assembly::{Assembly, place};
use super::assurance::{Besides, judge};
use super::coverage::coverage;
use super::finding::FIRST_LINE;
use super::gaps::Gaps;
use super::statement::Statements;
use super::warning;
use crate::export::header::Header;
use crate::hash::Hash;
use crate::index::Found;
use crate::report::{Report, Warning};
use crate::segment::{FirstFew, Segment};

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
    pub(super) fn new(
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

    /// The sizes of checkpoints whose roots are not known yet.
    pub(super) fn unknown(&self) -> Vec<u64> {
        self.statements.wanted().into_iter().filter(|size| !self.roots.contains_key(size)).collect()
    }

    /// `recounted` are the roots that a second reading found.
    pub(crate) fn report(self, recounted: BTreeMap<u64, Hash>) -> Report {
        let Self { header, segment, found, missing, gaps, statements, mut roots } = self;
        roots.extend(recounted);
        let root = roots.get(&statements.last_seq);
        let assurance = judge(&statements, &roots, Besides::default());
        let mut warnings: Vec<Warning> =
            segment.notes.listed().into_iter().map(|at| warning::of_note(at, FIRST_LINE)).collect();
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
            warnings_unlisted: segment.notes.unlisted() + missing_unlisted,
            coverage: coverage(&header, segment.documents.any(), gaps, &assurance, statements.holdings.taxes.as_ref()),
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

/// `seq` and hash of the last entry of a clean segment.
pub(super) fn end(header: &Header, segment: &Segment) -> (u64, Hash) {
    segment
        .runs
        .first
        .first()
        .map_or((header.first_seq - 1, header.genesis()), |run| (run.next_seq() - 1, run.last_hash))
}
