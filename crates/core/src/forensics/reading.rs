//! The second reading, for whichever reason it is made.

use super::{Examination, Recount};
use crate::report::Report;

/// Why the same bytes are read again.
#[derive(Debug)]
pub(crate) enum SecondReading {
    /// Something is wrong, and what is to be found out.
    Examination(Box<Examination>),
    /// Nothing is, and older checkpoints are to be held against the entries.
    Recount(Box<Recount>),
}

impl SecondReading {
    /// Bounds the search for what changed entries said before by a number of candidates.
    pub(crate) fn search_among(&mut self, candidates: u64) {
        if let Self::Examination(examination) = self {
            examination.search_among(candidates);
        }
    }

    /// Reads whole lines.
    pub(crate) fn block(&mut self, block: &[u8]) {
        match self {
            Self::Examination(examination) => examination.block(block),
            Self::Recount(recount) => recount.block(block),
        }
    }

    pub(crate) const fn entries(&self) -> u64 {
        match self {
            Self::Examination(examination) => examination.entries(),
            Self::Recount(recount) => recount.entries(),
        }
    }

    pub(crate) fn finish(self) -> Report {
        match self {
            Self::Examination(examination) => examination.finish(),
            Self::Recount(recount) => recount.finish(),
        }
    }
}
