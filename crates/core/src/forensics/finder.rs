//! Finding the chain again. Works on the runs that the first reading left, not on entries.
//!
//! An entry says its place three times: by its number, by the hash that it names, by its own hash, which covers both. Where
//! they contradict each other, what more than one entry bears out decides.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use super::chain::{Aside, Chain, End, Joint, Piece, permuted};
use super::succession::{Followers, leads, reach};
use crate::export::header::Header;
use crate::hash::Hash;
use crate::segment::Run;

/// `end` is where the ledger ends, where that can be relied on.
pub(crate) fn find_chain(runs: &[Run], header: &Header, end: Option<End>) -> Chain {
    let mut finder = Finder::new(runs, end);
    if let Some(start) = finder.start(header) {
        finder.follow(start, header);
    }
    finder.set_rest_aside();
    let permuted = permuted(runs, &finder.chain.pieces);
    Chain { permuted, ..finder.chain }
}

struct Finder<'a> {
    runs: &'a [Run],
    followers: Followers,
    /// How far (in `seq`) one comes from each run by links.
    reach: Vec<u64>,
    /// Whether links lead from each run to where the ledger ends.
    leads: Vec<bool>,
    /// Whether more than one entry says what the number of each run's first is.
    sure: Vec<bool>,
    end: Option<End>,
    used: Vec<bool>,
    /// How many runs that are not used start with each number.
    unused: HashMap<u64, usize>,
    chain: Chain,
}

impl<'a> Finder<'a> {
    fn new(runs: &'a [Run], end: Option<End>) -> Self {
        let followers = Followers::of(runs);
        let reach = reach(runs, &followers);
        let leads = end.map_or_else(|| vec![false; runs.len()], |end| leads(runs, end.hash));
        let (sure, used) = (have_sure_numbers(runs, end), vec![false; runs.len()]);
        let mut unused = HashMap::new();
        runs.iter().for_each(|run| *unused.entry(run.first_seq).or_default() += 1);
        Self { runs, followers, reach, leads, sure, end, used, unused, chain: Chain::default() }
    }

    /// By which of several runs the ledger goes on: one that leads to its end before one that does not, and
    /// of such one that leads farther.
    fn promise(&self, run: usize) -> (bool, u64) {
        (self.leads[run], self.reach[run])
    }

    /// By which of several that follow on `before` by links, to be the entry `seq`: a number that fits comes before a far one.
    fn promise_after(&self, before: &Run, run: usize, seq: u64) -> impl Ord + use<> {
        let Run { first_seq, first_previous, .. } = self.runs[run];
        let by_second = u64::from(first_previous != before.last_hash);
        (self.leads[run], first_seq + by_second == seq, self.reach[run], Reverse(first_seq), Reverse(run))
    }

    /// The run that the ledger starts with.
    fn start(&self, header: &Header) -> Option<usize> {
        let farthest = |i: &usize| (self.promise(*i), self.runs[*i].first_agrees, Reverse(*i));
        let genesis = self.followers.linked.get(&header.genesis()).filter(|_| header.is_from_start());
        let starts = |i: &usize| self.is_by_genesis(*i, header);
        let by_hash = genesis.and_then(|runs| runs.iter().copied().filter(starts).max_by_key(farthest));
        let by_seq =
            || (0..self.runs.len()).filter(|&i| self.runs[i].first_seq == header.first_seq).max_by_key(farthest);
        let lowest = || (0..self.runs.len()).min_by_key(|&i| (self.runs[i].first_seq, Reverse(self.promise(i)), i));
        by_hash.or_else(by_seq).or_else(lowest)
    }

    /// Whether a run names the hash that a ledger starts with, and does not belong where its number says.
    fn is_by_genesis(&self, run: usize, header: &Header) -> bool {
        let Run { first_seq, first_agrees, first_previous, .. } = self.runs[run];
        let belongs = first_seq == header.first_seq || first_agrees || !self.sure[run];
        header.is_from_start() && first_previous == header.genesis() && belongs
    }

    fn follow(&mut self, start: usize, header: &Header) {
        let run = &self.runs[start];
        let by_genesis = self.is_by_genesis(start, header);
        let base = if by_genesis { header.first_seq } else { run.first_seq.max(header.first_seq) };
        let joint = if base > header.first_seq {
            self.missing(None, start, header.first_seq)
        } else if header.is_from_start() && !by_genesis {
            Joint::Disagrees(header.genesis())
        } else {
            Joint::Linked
        };
        self.append(start, base, 0, joint);
        while let Some((run, base, joint)) = self.next() {
            let skip = u64::from(joint == Joint::Linked && self.starts_with_copy(run));
            self.append(run, base, skip, joint);
        }
    }

    /// Whether a run that follows on the last piece does so by its second entry.
    fn starts_with_copy(&self, run: usize) -> bool {
        let last = self.chain.pieces.last().map(|piece| self.runs[piece.run].last_hash);
        last.is_some_and(|last| self.runs[run].first_previous != last)
    }

    fn append(&mut self, run: usize, base: u64, skip: u64, joint: Joint) {
        let Run { line, count, first_seq, .. } = self.runs[run];
        self.used[run] = true;
        self.unused.entry(first_seq).and_modify(|unused| *unused -= 1);
        if skip > 0 {
            self.chain.asides.push(Aside { line, count: skip, first_seq });
        }
        self.chain.pieces.push(Piece { run, skip, base, take: count - skip, joint, last: None });
    }

    /// What comes after the last piece so far.
    fn next(&mut self) -> Option<(usize, u64, Joint)> {
        let piece = self.chain.pieces.last()?.clone();
        let (run, end) = (&self.runs[piece.run], piece.base + piece.take);
        if self.leads[piece.run] && self.end.is_some_and(|end| end.hash == run.last_hash) {
            return None;
        }
        let (linked, diverted): (Vec<usize>, Vec<usize>) =
            self.followers.after(run).filter(|&i| !self.used[i]).partition(|&i| !self.is_of_elsewhere(run, i, end));
        let linked = linked.into_iter().max_by_key(|&i| self.promise_after(run, i, end));
        let own = linked.map_or((false, end), |i| self.promise(i));
        let within = |i: &usize| self.runs[*i].first_seq > piece.base && self.runs[*i].first_seq < end;
        let branches = |i: &usize| within(i) && self.sure[*i] && !self.is_of_elsewhere(run, *i, end);
        let branch = self.farthest((0..self.runs.len()).filter(branches)).filter(|&i| self.promise(i) > own);
        let of_copy = |i: &usize| !self.used[*i] && self.is_what_was_copied(run, *i) && branches(i);
        let branch = branch.or_else(|| (0..self.runs.len()).find(of_copy));
        if let Some(next) = branch {
            let base = self.runs[next].first_seq;
            self.set_tail_aside(base, Some(self.runs[next].first_previous));
            return Some((next, base, Joint::Branches));
        }
        let first = self.chain.pieces.first()?.base;
        let goes_back = |i: &usize| linked.is_none() && (first + 1..end).contains(&self.runs[*i].first_seq);
        if let Some(next) = diverted.iter().copied().filter(goes_back).max_by_key(|&i| self.promise(i)) {
            let base = self.runs[next].first_seq;
            self.cut_back(base);
            return Some((next, base, Joint::Diverted));
        }
        let fits = |i: &usize| self.runs[*i].first_seq == end;
        let by_content = self.by_content(run).filter(fits).max_by_key(|&i| self.promise_after(run, i, end));
        let by_content = by_content.filter(|_| !linked.as_ref().is_some_and(fits));
        if let Some(next) = by_content {
            return Some((next, end, self.adjacent(&piece, next)));
        }
        if let Some(next) = linked {
            return Some((next, end, Joint::Linked));
        }
        let last = self.end.map_or(u64::MAX, |end| end.seq);
        let later = |i: &usize| {
            !self.used[*i] && (end..=last).contains(&self.runs[*i].first_seq) && !self.is_stray(*i, piece.run)
        };
        let next =
            (0..self.runs.len()).filter(later).min_by_key(|&i| (self.runs[i].first_seq, Reverse(self.reach[i]), i))?;
        let base = self.runs[next].first_seq;
        let joint = if base == end { self.adjacent(&piece, next) } else { self.missing(Some(&piece), next, end) };
        Some((next, base, joint))
    }

    /// Whether a run ends with an altered copy of what another starts with.
    fn is_what_was_copied(&self, run: &Run, genuine: usize) -> bool {
        let Run { first_seq, first_hash, first_agrees, .. } = self.runs[genuine];
        let is_copy = first_hash == run.last_hash && first_seq + 1 == run.next_seq();
        is_copy && first_agrees && run.last_content != run.last_hash
    }

    /// Runs that name the hash which the content of a run's last entry gives, where it states another: one that stood
    /// elsewhere leads elsewhere.
    fn by_content(&self, run: &Run) -> impl Iterator<Item = usize> {
        let named = self.followers.linked.get(&run.last_content).filter(|_| run.last_content != run.last_hash);
        named.into_iter().flatten().copied().filter(|&i| !self.used[i])
    }

    /// Whether a run, though it names what stands before `end`, belongs where its number says: its first entry's link was
    /// changed, or an entry was taken out, or put in, before it.
    fn is_of_elsewhere(&self, before: &Run, run: usize, end: u64) -> bool {
        let Run { first_seq, first_agrees, first_previous, .. } = self.runs[run];
        if first_seq == end || first_previous != before.last_hash {
            return false;
        }
        if !first_agrees {
            return self.sure[run];
        }
        // It was hashed anew, and those after it were not.
        let after = self.runs[run].next_seq();
        let goes_on = self.unused.get(&after).is_some_and(|unused| *unused > 0);
        let is_last = self.end.is_some_and(|end| end.seq + 1 == after);
        !self.is_followed(run) && (is_last || goes_on)
    }

    /// Whether all that speaks for a run is its number: where nobody knows how far the ledger goes, one entry in the midst of
    /// others, which nothing follows on, is put in.
    fn is_stray(&self, run: usize, last: usize) -> bool {
        self.end.is_none() && run < last && self.runs[run].count == 1 && !self.is_followed(run)
    }

    /// Whether something bears out the hash that a run ends with: an entry that names it, or the trailer.
    fn is_followed(&self, run: usize) -> bool {
        let hash = self.runs[run].last_hash;
        self.end.is_some_and(|end| end.hash == hash) || self.followers.linked.contains_key(&hash)
    }

    /// Whether what bears the next number, or the trailer, names another hash than a run ends with, and its own hash rightly
    /// so: of one by itself that nothing bears out either, the link may have been changed.
    fn is_disowned(&self, run: usize) -> bool {
        let is_borne_out = |other: usize| self.runs[other].count > 1 || self.is_followed(other);
        self.is_other_end(run) || self.disowners(run).any(|other| is_borne_out(other) || !self.is_contradicted(other))
    }

    /// Whether anything at all that bears the next number names another hash, rightly or not borne out itself.
    fn is_contradicted(&self, run: usize) -> bool {
        self.is_other_end(run) || self.disowners(run).next().is_some()
    }

    fn is_other_end(&self, run: usize) -> bool {
        let (after, hash) = (self.runs[run].next_seq(), self.runs[run].last_hash);
        self.end.is_some_and(|end| end.seq + 1 == after && end.hash != hash)
    }

    fn disowners(&self, run: usize) -> impl Iterator<Item = usize> {
        let (after, hash) = (self.runs[run].next_seq(), self.runs[run].last_hash);
        let disowns = move |other: &Run| other.first_seq == after && other.first_agrees && other.first_previous != hash;
        (0..self.runs.len()).filter(move |&i| disowns(&self.runs[i]))
    }

    fn farthest(&self, runs: impl Iterator<Item = usize>) -> Option<usize> {
        let promise = |i: &usize| (self.promise(*i), Reverse(self.runs[*i].first_seq), Reverse(*i));
        runs.filter(|&i| !self.used[i]).max_by_key(promise)
    }

    /// Neighbours by `seq` whose hashes disagree: which of the two is at fault.
    fn adjacent(&mut self, before: &Piece, next: usize) -> Joint {
        let (left, right) = (&self.runs[before.run], &self.runs[next]);
        // Of one by itself, the entry after it may name the hash that its content gives, whatever it states.
        let named = right.count == 1 && self.followers.linked.contains_key(&right.last_content);
        // Of one by itself whose hash is disowned, nothing bears out what it names.
        let is_borne_out = right.count > 1 || self.is_followed(next) || !self.is_disowned(next);
        let agrees = right.first_agrees && is_borne_out;
        if left.last_content == right.first_previous || agrees || named {
            if let Some(piece) = self.chain.pieces.last_mut() {
                piece.last = Some(right.first_previous);
            }
            return Joint::Rehashed;
        }
        Joint::Disagrees(left.last_hash)
    }

    fn missing(&self, before: Option<&Piece>, next: usize, first: u64) -> Joint {
        let last = self.runs[next].first_seq - 1;
        let after = |p: &Piece| (p.run + 1, self.runs[p.run].line + self.runs[p.run].count);
        let (neighbour, line) = before.map_or((0, 0), after);
        let unreadable = neighbour == next && self.runs[next].line.saturating_sub(line) > last - first;
        Joint::Missing { first, last, unreadable }
    }

    /// All from `seq` on, which the first piece does not start with.
    fn cut_back(&mut self, seq: u64) {
        while let Some(piece) = self.chain.pieces.pop_if(|piece| piece.base >= seq) {
            let Run { line, first_seq, .. } = self.runs[piece.run];
            self.chain.asides.push(Aside {
                line: line + piece.skip,
                count: piece.take,
                first_seq: first_seq + piece.skip,
            });
        }
        match self.chain.pieces.last_mut() {
            Some(piece) if piece.base + piece.take > seq => self.set_tail_aside(seq, None),
            Some(piece) => piece.last = None,
            None => {}
        }
    }

    /// The rest of the last piece, from `seq` on; the branch names `hash` as what comes before it.
    fn set_tail_aside(&mut self, seq: u64, hash: Option<Hash>) {
        let Some(piece) = self.chain.pieces.last_mut() else { return };
        let (keep, run) = (seq - piece.base, &self.runs[piece.run]);
        self.chain.asides.push(Aside { line: run.line + piece.skip + keep, count: piece.take - keep, first_seq: seq });
        (piece.take, piece.last) = (keep, hash);
    }

    fn set_rest_aside(&mut self) {
        let unused = self.runs.iter().zip(&self.used).filter(|(_, used)| !**used);
        let aside = |(run, _): (&Run, _)| Aside { line: run.line, count: run.count, first_seq: run.first_seq };
        self.chain.asides.extend(unused.map(aside));
        self.chain.asides.sort_unstable_by_key(|aside| aside.line);
    }
}

/// Of each run, whether its own hash, the entry after its first, the run that names its last or the trailer says what the
/// number of its first is.
fn have_sure_numbers(runs: &[Run], end: Option<End>) -> Vec<bool> {
    let after: HashSet<(Hash, u64)> = runs.iter().map(|run| (run.first_previous, run.first_seq)).collect();
    let ends = |run: &Run| end.is_some_and(|end| end.hash == run.last_hash && end.seq + 1 == run.next_seq());
    let is_named =
        |run: &Run| [run.last_hash, run.last_content].iter().any(|hash| after.contains(&(*hash, run.next_seq())));
    let is_sure = |run: &Run| run.first_agrees || run.count > 1 || ends(run) || is_named(run);
    runs.iter().map(is_sure).collect()
}
