//! One search: candidates for what a message was, hashed many at a time, until one gives its hash.

use std::ops::ControlFlow;

use crate::hash::{Batch, Hash};
use crate::report::{Coverage, NotChecked};

/// How many candidates are hashed at once.
const ROUND: usize = 256;
/// Longest message, in bytes of its texts: a personal block whose every text is as long as may be has fewer.
pub(crate) const LONGEST: usize = 4096;
/// Of how many bytes a message counts for one candidate; a longer one for one more with each.
const ONE: usize = 1024;

/// How many candidates an audit may still try, and what came of those that it tried.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget {
    left: u64,
    tried: u64,
    /// Whether a search ended for want of it.
    was_short: bool,
    sought: u64,
    proven: u64,
    /// Messages whose hash nothing confirms, so that nothing gives it for sure.
    unconfirmed: u64,
}

/// What a candidate puts in the place of what stands in a message: fields by their place, with their texts.
pub(crate) type Change = Vec<(usize, Option<String>)>;

/// Appends what is hashed where a message has these texts.
pub(crate) type Write<'a> = &'a dyn Fn(&[Option<&str>], &mut Vec<u8>);

/// A search under way.
pub(crate) struct Search<'a> {
    write: Write<'a>,
    found: &'a [Option<&'a str>],
    target: Hash,
    left: u64,
    tried: u64,
    /// The one that is tried.
    message: Vec<u8>,
    batch: Batch,
    changes: Vec<Change>,
    digests: Vec<Hash>,
    original: Option<Change>,
}

impl Budget {
    pub(crate) const fn new(candidates: u64) -> Self {
        Self { left: candidates, tried: 0, was_short: false, sought: 0, proven: 0, unconfirmed: 0 }
    }

    /// Says how the searches ended, where there were any.
    pub(crate) fn cover(&self, coverage: &mut Coverage) {
        let what = |count: u64| match count {
            1 => "what a changed entry said before".to_owned(),
            _ => format!("what {count} changed entries said before"),
        };
        if self.proven > 0 {
            coverage.checked.push(what(self.proven) + ": proven by its genuine hash");
        }
        if self.unconfirmed > 0 {
            let why = "nothing that is vouched for itself names the hash that it had".to_owned();
            coverage.not_checked.push(NotChecked { what: what(self.unconfirmed), why });
        }
        if self.sought == self.proven {
            return;
        }
        let more = if self.was_short { ", and a larger budget would try more" } else { "" };
        let why = match self.tried {
            0 => "no search for it was asked for".to_owned(),
            tried => format!("of {tried} candidates none gives the hash that it had{more}"),
        };
        coverage.not_checked.push(NotChecked { what: what(self.sought - self.proven), why });
    }

    /// Counts a search, and whether it found the original.
    pub(crate) fn count(&mut self, proven: bool) {
        self.sought += 1;
        self.proven += u64::from(proven);
    }

    /// Counts a message that is not searched for, since its hash is not known for sure.
    pub(crate) const fn pass_over(&mut self) {
        self.unconfirmed += 1;
    }

    /// Searches with a quarter of what is left, so that one message without an answer leaves some for those after it.
    pub(crate) fn spend<'a>(
        &mut self,
        write: Write<'a>,
        found: &'a [Option<&'a str>],
        target: Hash,
        candidates: impl FnOnce(&mut Search<'a>) -> ControlFlow<()>,
    ) -> Option<Change> {
        if self.left < cost(length(found)) {
            self.was_short = true;
            return None;
        }
        let share = self.left.div_ceil(4);
        let mut search = Search {
            write,
            found,
            target,
            left: share,
            tried: 0,
            message: Vec::new(),
            batch: Batch::default(),
            changes: Vec::with_capacity(ROUND),
            digests: Vec::with_capacity(ROUND),
            original: None,
        };
        let over = candidates(&mut search).is_break();
        // What still waits is compared, whichever way it ended.
        let found = search.compare().is_break();
        self.was_short |= over && !found;
        self.left -= search.tried;
        self.tried += search.tried;
        search.original
    }
}

impl<'a> Search<'a> {
    /// What stands in the message.
    pub(crate) const fn found(&self) -> &'a [Option<&'a str>] {
        self.found
    }

    /// Tries a candidate; breaks where the search is over.
    pub(crate) fn attempt(&mut self, change: Change) -> ControlFlow<()> {
        if change.iter().all(|(at, text)| self.found[*at] == text.as_deref()) {
            return ControlFlow::Continue(());
        }
        let mut texts = self.found.to_vec();
        change.iter().for_each(|(at, text)| texts[*at] = text.as_deref());
        let length = length(&texts);
        self.pay(cost(length))?;
        if length > LONGEST {
            return ControlFlow::Continue(());
        }
        self.message.clear();
        (self.write)(&texts, &mut self.message);
        self.batch.push(&self.message);
        self.changes.push(change);
        if self.changes.len() < ROUND { ControlFlow::Continue(()) } else { self.compare() }
    }

    /// Tries each text of one field.
    pub(crate) fn each(&mut self, at: usize, texts: impl IntoIterator<Item = Option<String>>) -> ControlFlow<()> {
        texts.into_iter().try_for_each(|text| self.attempt(vec![(at, text)]))
    }

    /// The same, of those texts that may stand there. The others cost too: to make them took as long.
    pub(crate) fn each_fitting(
        &mut self,
        at: usize,
        texts: impl IntoIterator<Item = String>,
        fits: impl Fn(&str) -> bool,
    ) -> ControlFlow<()> {
        texts.into_iter().try_for_each(|text| {
            if fits(&text) { self.attempt(vec![(at, Some(text))]) } else { self.pay(cost(text.len())) }
        })
    }

    fn pay(&mut self, cost: u64) -> ControlFlow<()> {
        if self.left < cost {
            return ControlFlow::Break(());
        }
        self.left -= cost;
        self.tried += cost;
        ControlFlow::Continue(())
    }

    /// Hashes what waits.
    fn compare(&mut self) -> ControlFlow<()> {
        self.batch.digest_into(&mut self.digests);
        self.batch.clear();
        let right = self.digests.iter().position(|digest| *digest == self.target);
        if let Some(at) = right {
            self.original.get_or_insert(self.changes.swap_remove(at));
        }
        self.changes.clear();
        if self.original.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

/// For how many candidates a message of this length counts.
const fn cost(length: usize) -> u64 {
    1 + (length / ONE) as u64
}

/// Bytes of all texts of a message.
pub(crate) fn length(texts: &[Option<&str>]) -> usize {
    texts.iter().flatten().map(|text| text.len()).sum()
}
