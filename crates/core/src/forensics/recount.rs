//! A second reading of a file in which all is well so far: the roots at the sizes of older
//! checkpoints, which stand in the trailer, so that the first reading cannot know them.

use super::clean::Clean;
use super::roots::Roots;
use crate::export::line::Line;
use crate::hash::Hash;
use crate::report::Report;
use crate::segment::lines_of;

/// Reads the entries' hashes once more, as far as the largest size that is asked for.
#[derive(Debug)]
pub(crate) struct Recount {
    clean: Clean,
    roots: Roots,
    first_seq: u64,
    /// `seq` of the entry that comes next: in a clean file, by its line.
    next: u64,
    last: u64,
}

impl Recount {
    pub(crate) fn new(clean: Clean, wanted: Vec<u64>) -> Self {
        let (first_seq, last) = (clean.header().first_seq, wanted.last().copied().unwrap_or_default());
        Self { roots: Roots::new(clean.header(), wanted), clean, first_seq, next: first_seq, last }
    }

    pub(crate) const fn entries(&self) -> u64 {
        self.next - self.first_seq
    }

    pub(crate) fn block(&mut self, block: &[u8]) {
        if self.next <= self.last {
            lines_of(block, |line, _| self.line(line));
        }
    }

    fn line(&mut self, line: &[u8]) {
        if self.next > self.last {
            return;
        }
        let read = Line::read(line);
        if let Some(hash) = read.entry().and_then(|entry| Hash::parse(entry.current_hash)) {
            self.roots.push(self.next, hash);
        }
        self.next += 1;
    }

    pub(crate) fn finish(self) -> Report {
        self.clean.report(self.roots.finish().roots)
    }
}
