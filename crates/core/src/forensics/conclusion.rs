//! What the first reading comes to: a report where all is well, else the second reading.

use std::collections::BTreeMap;

use super::clean::{Clean, end};
use super::documents;
use super::examination::Examination;
use super::finding::FIRST_LINE;
use super::gaps::{CUT, DROPPED, Gaps, TOO_MANY};
use super::holdings::Holdings;
use super::reading::SecondReading;
use super::recount::Recount;
use super::statement::Statements;
use crate::export::header::{Header, PersonalData};
use crate::index::{Found, Retrospect};
use crate::report::{LATER_START, Report};
use crate::segment::{FirstFew, Segment};

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
    let clean = Clean::new(header, segment, found, missing, gaps, statements);
    match clean.unknown() {
        known if known.is_empty() => Ok(clean.report(BTreeMap::new())),
        unknown => Err(SecondReading::Recount(Box::new(Recount::new(clean, unknown)))),
    }
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
