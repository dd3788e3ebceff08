//! Format 1, the original ledger: read only. FORMAT.md, "Format 1".
//!
//! The first reading keeps a few facts of every entry and follows the links; where there is something to
//! show, the second reading fetches it.

mod amounts;
mod document;
mod examination;
mod facts;
mod fetched;
mod findings;
mod framing;
mod judgement;
mod links;
mod originals;
mod parties;
mod pieces;

use crate::limits::MAX_LEGACY;
use crate::report::Report;
use crate::sniff::Form;
use crate::survey::Survey;
use crate::unreadable::Unreadable;
use examination::Examination;
use facts::{Gathered, Gatherer};
use framing::{End, Framing};

pub use parties::users_of_format_1;

/// The audit of a format 1 export: a first reading, and a second where something is to be shown.
#[derive(Debug)]
pub(crate) struct LegacyAudit {
    framing: Framing,
    reading: Reading,
    candidates: u64,
}

#[derive(Debug)]
enum Reading {
    First(Survey<Gatherer>),
    Second(Box<Examination>),
}

/// How the file ended.
#[derive(Clone, Copy, Debug)]
struct Ending {
    /// It was cut off: the compressed stream, the array, or the last document is not whole.
    cut: bool,
    /// The last line has no line feed, so that what is wrong with it may be that.
    unfinished: bool,
}

impl LegacyAudit {
    /// `candidates` bounds the search for what changed entries said before.
    pub(crate) fn new(form: &Form, threads: usize, candidates: u64) -> Self {
        let framing = Framing::new(form);
        let reading = Reading::First(Survey::new(framing.layout(), threads));
        Self { framing, reading, candidates }
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) -> Result<(), Unreadable> {
        let Self { framing, reading, .. } = self;
        match reading {
            Reading::First(survey) => {
                framing.push(bytes, &mut |block| survey.block(block))?;
                within_limits(survey.entries())
            }
            Reading::Second(examination) => framing.push(bytes, &mut |block| {
                examination.block(&block);
                block
            }),
        }
    }

    pub(crate) fn entries(&self) -> u64 {
        match &self.reading {
            Reading::First(survey) => survey.entries(),
            Reading::Second(examination) => examination.entries(),
        }
    }

    /// The report, or the audit to read the same bytes again with.
    pub(crate) fn finish(mut self, cut_short: bool) -> Result<Result<Report, Box<Self>>, Unreadable> {
        let End { rest, unfinished, open } = self.framing.finish();
        match self.reading {
            Reading::First(mut survey) => {
                survey.block(rest);
                let gathered = survey.finish();
                let ending = Ending { cut: cut_short || open, unfinished };
                accept(&gathered, ending, &self.framing)?;
                let examination = Examination::new(gathered, ending, &self.framing, self.candidates);
                if examination.is_complete() {
                    return Ok(Ok(examination.report()));
                }
                Ok(Err(Box::new(Self {
                    framing: self.framing.anew(),
                    reading: Reading::Second(Box::new(examination)),
                    candidates: self.candidates,
                })))
            }
            Reading::Second(mut examination) => {
                examination.block(&rest);
                Ok(Ok(examination.report()))
            }
        }
    }
}

fn within_limits(entries: u64) -> Result<(), Unreadable> {
    if entries > MAX_LEGACY as u64 {
        return Err(Unreadable::Limit {
            what: format!("more than {MAX_LEGACY} entries of format 1, which are ordered in memory"),
        });
    }
    Ok(())
}

/// Refuses what holds no entry, though it holds something.
fn accept(gathered: &Gathered, ending: Ending, framing: &Framing) -> Result<(), Unreadable> {
    within_limits(gathered.facts.len() as u64)?;
    if u32::try_from(gathered.lines).is_err() {
        return Err(Unreadable::Limit { what: format!("more than {} {}s", u32::MAX, framing.unit()) });
    }
    if gathered.facts.len() == 0 && (gathered.lines > 0 || ending.cut) {
        return Err(Unreadable::NotAnExport { seen: format!("no {} of it is an entry of the ledger", framing.unit()) });
    }
    Ok(())
}
