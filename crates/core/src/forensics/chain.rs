//! Finding the chain again: which runs of entries make up the genuine ledger, in which order, and
//! what the others are. Works on the runs that the first reading left, not on entries.

use std::cmp::Reverse;
use std::collections::HashMap;

use crate::export::header::Header;
use crate::hash::Hash;
use crate::segment::Run;

/// How a piece of the chain hangs onto the piece before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Joint {
    /// It names the hash before it; or it is the first, and nothing is known of what came before.
    Linked,
    /// It names another hash than the entry before it has, by its own hash rightly so: the entry
    /// before was edited and hashed anew, or its `current_hash` overwritten.
    Rehashed,
    /// It names another hash than this one, and its own hash does not bear it out.
    Disagrees(Hash),
    /// The entries between are gone.
    Missing {
        /// The first that is gone.
        first: u64,
        /// The last that is gone.
        last: u64,
        /// As many lines as entries are gone stand there unreadable.
        unreadable: bool,
    },
    /// It continues from within the run before it, whose rest is set aside.
    Branches,
    /// Its number is that of an entry which was set aside, and so is the one that it names: what it should name the second
    /// reading knows.
    Diverted,
}

/// A run, or its start, in its place in the genuine ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) run: usize,
    /// How many of the run's entries before it are set aside.
    pub(crate) skip: u64,
    /// The genuine `seq` of its first entry.
    pub(crate) base: u64,
    /// How many of the run's entries are genuine.
    pub(crate) take: u64,
    pub(crate) joint: Joint,
    /// The genuine hash of its last entry, where a successor names it.
    pub(crate) last: Option<Hash>,
}

/// Entries that are not of the genuine ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Aside {
    pub(crate) line: u64,
    pub(crate) count: u64,
    /// As written.
    pub(crate) first_seq: u64,
}

/// Places whose entries are permuted among themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Permuted {
    pub(crate) line: u64,
    /// Those not in their place, ascending; the first [`MAX_SEQS`] of them.
    pub(crate) seqs: Vec<u64>,
}

/// Where the trailer says that the ledger ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct End {
    pub(crate) seq: u64,
    pub(crate) hash: Hash,
}

/// Most `seq`s that one finding lists.
const MAX_SEQS: usize = 1000;

/// The chain found again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Chain {
    /// In the order of the genuine ledger.
    pub(crate) pieces: Vec<Piece>,
    pub(crate) asides: Vec<Aside>,
    pub(crate) permuted: Vec<Permuted>,
}

impl Chain {
    /// `end` is where the ledger ends, where that can be relied on.
    pub(crate) fn of(runs: &[Run], header: &Header, end: Option<End>) -> Self {
        let mut finder = Finder::new(runs, end);
        if let Some(start) = finder.start(header) {
            finder.follow(start, header);
        }
        finder.set_rest_aside();
        let permuted = permuted(runs, &finder.chain.pieces);
        Self { permuted, ..finder.chain }
    }

    /// The genuine `seq` after the last entry.
    pub(crate) fn end(&self) -> Option<u64> {
        self.pieces.last().map(|piece| piece.base + piece.take)
    }

    /// The genuine `seq` of the entry at a line.
    pub(crate) fn seq_at(&self, runs: &[Run], line: u64) -> Option<u64> {
        let at = |piece: &Piece| line.checked_sub(runs[piece.run].line + piece.skip).filter(|at| *at < piece.take);
        self.pieces.iter().find_map(|piece| at(piece).map(|at| piece.base + at))
    }

    /// Where its entries stand.
    pub(crate) fn places(&self, runs: &[Run]) -> Places {
        let mut order = 0;
        let stretches = self.pieces.iter().map(|piece| {
            let stretch = Stretch { line: runs[piece.run].line + piece.skip, count: piece.take, order };
            order += piece.take;
            stretch
        });
        let in_chain: Vec<Stretch> = stretches.collect();
        let mut in_file = in_chain.clone();
        in_file.sort_unstable_by_key(|stretch| stretch.line);
        Places { in_chain, in_file }
    }

    /// Ends the chain at an entry of its last piece, and sets aside what follows it there.
    pub(crate) fn end_at(&mut self, runs: &[Run], seq: u64) {
        let Some(piece) = self.pieces.last_mut() else { return };
        let keep = (seq + 1).saturating_sub(piece.base);
        if !(1..piece.take).contains(&keep) {
            return;
        }
        let aside =
            Aside { line: runs[piece.run].line + piece.skip + keep, count: piece.take - keep, first_seq: seq + 1 };
        piece.take = keep;
        let at = self.asides.partition_point(|before| before.line < aside.line);
        self.asides.insert(at, aside);
    }
}

/// Entries of the chain that stand one after another in the file.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    line: u64,
    count: u64,
    /// How many entries of the chain come before.
    order: u64,
}

/// Where the entries of the chain stand in the file.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    in_chain: Vec<Stretch>,
    in_file: Vec<Stretch>,
}

impl Places {
    /// Which entry of the chain stands at a line: how many come before it.
    pub(crate) fn order(&self, line: u64) -> Option<u64> {
        let at = self.in_file.partition_point(|stretch| stretch.line <= line).checked_sub(1)?;
        let Stretch { line: first, count, order } = self.in_file[at];
        (line - first < count).then_some(order + (line - first))
    }

    /// The line of the entry that so many come before.
    pub(crate) fn line(&self, order: u64) -> Option<u64> {
        let at = self.in_chain.partition_point(|stretch| stretch.order <= order).checked_sub(1)?;
        let Stretch { line, count, order: first } = self.in_chain[at];
        (order - first < count).then_some(line + (order - first))
    }
}

struct Finder<'a> {
    runs: &'a [Run],
    followers: Followers,
    /// How far (in `seq`) one comes from each run by links.
    reach: Vec<u64>,
    /// Whether links lead from each run to where the ledger ends.
    leads: Vec<bool>,
    end: Option<End>,
    used: Vec<bool>,
    chain: Chain,
}

impl<'a> Finder<'a> {
    fn new(runs: &'a [Run], end: Option<End>) -> Self {
        let followers = Followers::of(runs);
        let reach = reach(runs, &followers);
        let leads = end.map_or_else(|| vec![false; runs.len()], |end| leads(runs, end.hash));
        Self { runs, followers, reach, leads, end, used: vec![false; runs.len()], chain: Chain::default() }
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
        let belongs = first_seq == header.first_seq || first_agrees || !self.has_sure_number(run);
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
        self.used[run] = true;
        let Run { line, count, first_seq, .. } = self.runs[run];
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
        let branches = |i: &usize| within(i) && !diverted.contains(i) && self.has_sure_number(*i);
        let branch = self.farthest((0..self.runs.len()).filter(branches)).filter(|&i| self.promise(i) > own);
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
        let by_content = self.by_content(run).find(fits).filter(|_| !linked.as_ref().is_some_and(fits));
        if let Some(next) = by_content {
            return Some((next, end, self.adjacent(&piece, next)));
        }
        if let Some(next) = linked {
            return Some((next, end, Joint::Linked));
        }
        let last = self.end.map_or(u64::MAX, |end| end.seq);
        let later = |i: &usize| !self.used[*i] && (end..=last).contains(&self.runs[*i].first_seq);
        let next =
            (0..self.runs.len()).filter(later).min_by_key(|&i| (self.runs[i].first_seq, Reverse(self.reach[i]), i))?;
        let base = self.runs[next].first_seq;
        let joint = if base == end { self.adjacent(&piece, next) } else { self.missing(Some(&piece), next, end) };
        Some((next, base, joint))
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
            return self.has_sure_number(run);
        }
        // It was hashed anew, and those after it were not.
        let after = self.runs[run].next_seq();
        let goes_on = |(other, used): (&Run, &bool)| !used && other.first_seq == after;
        let is_last = self.end.is_some_and(|end| end.seq + 1 == after);
        !self.is_followed(run) && (is_last || self.runs.iter().zip(&self.used).any(goes_on))
    }

    /// Whether more than one entry says what the number of a run's first is.
    fn has_sure_number(&self, run: usize) -> bool {
        let Run { first_agrees, count, last_hash, .. } = self.runs[run];
        let after = self.runs[run].next_seq();
        let mut followers = self.followers.linked.get(&last_hash).into_iter().flatten();
        let is_end = self.end.is_some_and(|end| end.hash == last_hash && end.seq + 1 == after);
        first_agrees || count > 1 || is_end || followers.any(|&i| self.runs[i].first_seq == after)
    }

    /// Whether something bears out the hash that a run ends with: an entry that names it, or the trailer.
    fn is_followed(&self, run: usize) -> bool {
        let hash = self.runs[run].last_hash;
        self.end.is_some_and(|end| end.hash == hash) || self.followers.linked.contains_key(&hash)
    }

    /// Whether what bears the next number, or the trailer, names another hash than a run ends with, and its own hash rightly so.
    fn is_disowned(&self, run: usize) -> bool {
        let (after, hash) = (self.runs[run].next_seq(), self.runs[run].last_hash);
        let disowns = |other: &Run| other.first_seq == after && other.first_agrees && other.first_previous != hash;
        let is_other_end = self.end.is_some_and(|end| end.seq + 1 == after && end.hash != hash);
        is_other_end || self.runs.iter().any(disowns)
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

/// Which runs follow on which.
#[derive(Debug, Default)]
struct Followers {
    /// Runs by the hash that their first entry names, in the order of the file.
    linked: HashMap<Hash, Vec<usize>>,
    /// Runs by the hash that their first entry states and its content does not give: an altered copy of the
    /// entry that has it, on which the second follows.
    copied: HashMap<Hash, Vec<usize>>,
}

impl Followers {
    fn of(runs: &[Run]) -> Self {
        let mut followers = Self::default();
        for (i, run) in runs.iter().enumerate() {
            followers.linked.entry(run.first_previous).or_default().push(i);
            if is_behind_copy(run) {
                followers.copied.entry(run.first_hash).or_default().push(i);
            }
        }
        followers
    }

    fn after(&self, run: &Run) -> impl Iterator<Item = usize> {
        let copied = self.copied.get(&run.last_hash).filter(|_| run.last_content == run.last_hash);
        let linked = self.linked.get(&run.last_hash);
        linked.into_iter().chain(copied).flatten().copied()
    }
}

/// Whether a run's first entry may be an altered copy of the genuine one that the second follows.
const fn is_behind_copy(run: &Run) -> bool {
    !run.first_agrees && run.count > 1
}

/// How far one comes from each run by links. Runs later in the ledger are settled first; a hostile
/// circle of links ends where it meets a run that is not settled.
fn reach(runs: &[Run], followers: &Followers) -> Vec<u64> {
    let mut order: Vec<usize> = (0..runs.len()).collect();
    // Of two with one number, that which another may come to by its second entry.
    order.sort_unstable_by_key(|&i| (Reverse(runs[i].first_seq), !is_behind_copy(&runs[i])));
    let mut reach: Vec<u64> = runs.iter().map(Run::next_seq).collect();
    for i in order {
        reach[i] = followers.after(&runs[i]).filter(|&n| n != i).map(|n| reach[n]).fold(reach[i], u64::max);
    }
    reach
}

/// Which runs lead by links to one that ends with this hash; where the content of one gives it, to that.
fn leads(runs: &[Run], head: Hash) -> Vec<bool> {
    let mut by_last = HashMap::<Hash, Vec<usize>>::new();
    runs.iter().enumerate().for_each(|(i, run)| by_last.entry(run.last_hash).or_default().push(i));
    let ends = by_last.get(&head).cloned().unwrap_or_default();
    let proven: Vec<usize> = ends.iter().copied().filter(|&i| runs[i].last_content == head).collect();
    let mut reached = if proven.is_empty() { ends } else { proven };
    let mut leads = vec![false; runs.len()];
    while let Some(i) = reached.pop() {
        if !std::mem::replace(&mut leads[i], true) {
            reached.extend(by_last.get(&runs[i].first_previous).into_iter().flatten().filter(|&&n| !leads[n]));
            let copied = by_last.get(&runs[i].first_hash).filter(|_| is_behind_copy(&runs[i]));
            let proven = |n: &&usize| runs[**n].last_content == runs[**n].last_hash;
            reached.extend(copied.into_iter().flatten().filter(proven));
        }
    }
    leads
}

/// The places whose pieces are permuted among themselves: where all pieces so far are the first of
/// the file, and no smaller such group stands before them.
fn permuted(runs: &[Run], pieces: &[Piece]) -> Vec<Permuted> {
    let mut by_file: Vec<usize> = (0..pieces.len()).collect();
    by_file.sort_unstable_by_key(|&p| pieces[p].run);
    let (mut found, mut start, mut farthest) = (Vec::new(), 0, 0);
    let mut rank = vec![0; pieces.len()];
    by_file.iter().enumerate().for_each(|(r, &p)| rank[p] = r);
    for end in 0..pieces.len() {
        farthest = farthest.max(rank[end]);
        if farthest == end {
            if end > start {
                found.push(group(runs, pieces, &by_file[start..=end], start));
            }
            start = end + 1;
        }
    }
    found
}

/// One group, by the order of the file; `first` is where it starts in the chain.
fn group(runs: &[Run], pieces: &[Piece], by_file: &[usize], first: usize) -> Permuted {
    let mut seqs = Vec::new();
    let mut seq = pieces[first].base;
    for &p in by_file {
        let piece = &pieces[p];
        if piece.base != seq {
            let room = MAX_SEQS - seqs.len();
            seqs.extend((piece.base..piece.base + piece.take).take(room));
        }
        seq += piece.take;
    }
    seqs.sort_unstable();
    let at = &pieces[by_file[0]];
    Permuted { line: runs[at.run].line + at.skip, seqs }
}
