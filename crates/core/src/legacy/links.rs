//! The order of a ledger of format 1, found by its links: whatever order the file has, since times repeat.

use std::collections::HashMap;
use std::hash::BuildHasher;

use hashbrown::HashTable;

use super::facts::{Fact, Facts, flag, number};
use crate::hash::Hash;

/// No entry. The ledger's first entries hang onto [`GENESIS`] instead, those whose link nothing vouches for onto
/// [`UNVOUCHED`] or, where it leads to what follows them, [`BACKWARD`], and copies of what hangs onto nothing onto
/// [`COPY`].
const NONE: u32 = u32::MAX;
const GENESIS: u32 = u32::MAX - 1;
const UNVOUCHED: u32 = u32::MAX - 2;
const BACKWARD: u32 = u32::MAX - 3;
const COPY: u32 = u32::MAX - 4;

/// Of an entry: another names it, and one that is vouched for does.
const NAMED: u8 = 1;
const FOLLOWED: u8 = 2;

/// What an entry is to the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// It follows the entry before it, or is the first.
    Follows,
    /// It names an entry that another, which goes further, follows too.
    Forks,
    /// The entry that it equals follows the same one.
    Doubles,
    /// It equals another but for its content, which does not give its hash.
    EditedCopy,
    /// It names an entry that the file does not hold.
    Orphan,
    /// It names an entry that another follows, and its own hash does not bear it out.
    Unvouched,
    /// It names an entry that follows it, and its own hash does not bear it out.
    Backward,
}

impl Role {
    /// Whether a piece of the ledger starts with such an entry.
    pub(super) const fn starts_piece(self) -> bool {
        matches!(self, Self::Orphan | Self::Unvouched | Self::Backward)
    }
}

/// The links of a ledger followed. 16 bytes an entry; 27 at most while it is made, and 8 more for each whose content
/// does not give its hash.
#[derive(Debug)]
pub(super) struct Links {
    parent: Vec<u32>,
    /// Of those that follow an entry, the one that goes furthest.
    best: Vec<u32>,
    /// Entries on the longest way from here to an end.
    depth: Vec<u32>,
    /// The first entry of the ledger, of those that say so the one that goes furthest.
    first: u32,
    /// By entry whose `current_hash` was changed: the hash that its successor names.
    renamed: HashMap<u32, Hash>,
}

/// Whether the file already has the ledger's order, and every entry is right by itself.
pub(super) fn is_unbroken(facts: &Facts) -> bool {
    let mut previous = None;
    facts.iter().all(|fact| {
        let linked = previous.map_or(fact.is(flag::GENESIS), |hash| hash == fact.previous && !fact.is(flag::GENESIS));
        previous = Some(fact.current);
        linked && fact.is_right()
    })
}

/// Of the entries that count, those whose id an earlier one has that is no copy of them. What is not vouched for by
/// its own hash never counts: it may have been given its id to accuse another.
pub(super) fn repeated_ids(facts: &Facts, counts: impl Fn(u32) -> bool) -> Vec<u32> {
    let hasher = foldhash::fast::RandomState::default();
    let id = |i: u32| facts.get(i as usize).id_key();
    let hash = |i: u32| hasher.hash_one(id(i));
    let mut ids = HashTable::with_capacity(facts.len());
    let mut repeated = Vec::new();
    let is_judged = |i: u32, fact: &Fact| fact.is_vouched() && counts(i);
    for (i, fact) in (0..).zip(facts.iter()).filter(|(i, fact)| is_judged(*i, fact)) {
        let same = |j: &u32| id(*j) == fact.id_key();
        if let Some(first) = ids.find(hash(i), same).map(|j| facts.get(*j as usize)) {
            repeated.extend((first.current != fact.current).then_some(i));
        } else {
            ids.insert_unique(hash(i), i, |j| hash(*j));
        }
    }
    repeated
}

/// Entries by `current_hash`: of several one whose content gives it, and of those the first.
struct ByHash<'a> {
    facts: &'a Facts,
    hasher: foldhash::fast::RandomState,
    table: HashTable<u32>,
}

impl<'a> ByHash<'a> {
    fn of(facts: &'a Facts) -> Self {
        let mut all = Self {
            facts,
            hasher: foldhash::fast::RandomState::default(),
            table: HashTable::with_capacity(facts.len()),
        };
        for (i, fact) in (0..).zip(facts.iter()).filter(|(_, fact)| !fact.is(flag::NO_CURRENT)) {
            let hash = all.hasher.hash_one(fact.current);
            match all.table.find_mut(hash, |j| facts.get(*j as usize).current == fact.current) {
                Some(j) if fact.is_vouched() && !facts.get(*j as usize).is_vouched() => *j = i,
                Some(_) => {}
                None => {
                    all.table.insert_unique(hash, i, |j| all.hasher.hash_one(facts.get(*j as usize).current));
                }
            }
        }
        all
    }

    /// Whether another is held for the entry that has its hash.
    fn is_copy(&self, i: u32) -> bool {
        let fact = self.facts.get(i as usize);
        !fact.is(flag::NO_CURRENT) && self.get(&fact.current).is_some_and(|j| j != i)
    }

    fn get(&self, current: &Hash) -> Option<u32> {
        self.table.find(self.hasher.hash_one(current), |j| self.facts.get(*j as usize).current == *current).copied()
    }
}

impl Links {
    /// `contents`: what the content gives, of entries whose `current_hash` is another.
    pub(super) fn of(facts: &Facts, contents: &[(u32, Hash)]) -> Self {
        let by_hash = ByHash::of(facts);
        let by_content: HashMap<Hash, u32> = contents.iter().rev().map(|(i, hash)| (*hash, *i)).collect();
        let mut links = Self {
            parent: Vec::with_capacity(facts.len()),
            best: vec![NONE; facts.len()],
            depth: vec![0; facts.len()],
            first: NONE,
            renamed: HashMap::new(),
        };
        for fact in facts.iter() {
            // Whose content gives a hash is the entry that had it, whatever others call themselves.
            let named = || {
                let stated = by_hash.get(&fact.previous);
                let given = || by_content.get(&fact.previous).copied();
                let vouched = stated.filter(|i| facts.get(*i as usize).is_vouched());
                vouched.or_else(given).or(stated).unwrap_or(NONE)
            };
            let parent = match fact {
                _ if fact.is(flag::GENESIS) => GENESIS,
                _ if fact.is(flag::NO_PREVIOUS) => NONE,
                _ => named(),
            };
            links.parent.push(parent);
            if facts.at(parent).is_some_and(|parent| parent.current != fact.previous) {
                links.renamed.insert(parent, fact.previous);
            }
        }
        links.find_copies(facts, &by_hash);
        let doubtful = links.loosen(facts, &by_hash);
        drop(by_hash);
        links.measure(facts);
        if links.cut_circles(facts) {
            links.measure(facts);
        }
        if links.part(facts, doubtful) {
            links.measure(facts);
        }
        let starts = (0..number(facts.len())).filter(|i| links.parent[*i as usize] == GENESIS);
        links.first = starts.reduce(|a, b| if links.goes_further(facts, b, a) { b } else { a }).unwrap_or(NONE);
        links
    }

    /// Whether the content of an entry gives the hash by which it is known, so that its link is what it was.
    pub(super) fn vouches(&self, facts: &Facts, i: u32) -> bool {
        facts.get(i as usize).is_vouched() || self.renamed.contains_key(&i)
    }

    /// Of entries that name one that is not there and have one hash, all but one are its copies.
    fn find_copies(&mut self, facts: &Facts, by_hash: &ByHash<'_>) {
        for i in 0..number(facts.len()) {
            let orphan = self.parent[i as usize] == NONE && !self.renamed.contains_key(&i);
            if orphan && by_hash.is_copy(i) {
                self.parent[i as usize] = COPY;
            }
        }
    }

    /// Takes a link that its entry's own hash does not bear out for none, where another entry follows there
    /// whose hash does; but not of a copy, which was edited where it stands. Returns such links that stay, with what
    /// they lead to.
    fn loosen(&mut self, facts: &Facts, by_hash: &ByHash<'_>) -> Vec<(u32, u32)> {
        let mut marks = vec![0_u8; facts.len()];
        let mut begun = false;
        let mut doubtful = Vec::new();
        for i in 0..number(facts.len()) {
            let (parent, vouches) = (self.parent[i as usize], self.vouches(facts, i));
            if let Some(marks) = marks.get_mut(parent as usize) {
                *marks |= if vouches { NAMED | FOLLOWED } else { NAMED };
            }
            begun |= vouches && parent == GENESIS;
            if !vouches && (parent == GENESIS || parent < COPY) && !by_hash.is_copy(i) {
                doubtful.push((parent, i));
            }
        }
        doubtful.retain(|&(parent, i)| {
            let taken = if parent == GENESIS { begun } else { marks[parent as usize] & FOLLOWED != 0 };
            if taken {
                self.parent[i as usize] = UNVOUCHED;
            }
            !taken && marks[i as usize] & NAMED != 0
        });
        doubtful
    }

    /// Of entries that follow one, none of them vouched for, takes those out that are of after all that the earliest
    /// leads to: they were made to name an earlier one than they did. Returns whether there were any.
    fn part(&mut self, facts: &Facts, mut doubtful: Vec<(u32, u32)>) -> bool {
        let time = |i: u32| facts.get(i as usize).time_ms;
        doubtful.retain(|(parent, i)| self.parent[*i as usize] == *parent);
        doubtful.sort_unstable_by_key(|&(parent, i)| (parent, time(i), i));
        let (mut any, mut ends) = (false, None);
        for branches in doubtful.chunk_by(|a, b| a.0 == b.0).filter(|branches| branches.len() > 1) {
            // Of all at once: each way by itself would be gone as often as there are branches along it.
            let end = ends.get_or_insert_with(|| self.ends())[branches[0].1 as usize];
            for &(_, later) in branches[1..].iter().filter(|(_, later)| time(*later) >= time(end)) {
                self.parent[later as usize] = UNVOUCHED;
                any = true;
            }
        }
        any
    }

    /// By entry, the end of its piece.
    fn ends(&self) -> Vec<u32> {
        let (mut ends, mut way) = (vec![NONE; self.best.len()], Vec::new());
        for first in 0..number(ends.len()) {
            let mut at = first;
            while ends[at as usize] == NONE && self.best[at as usize] != NONE {
                way.push(at);
                at = self.best[at as usize];
            }
            let end = if ends[at as usize] == NONE { at } else { ends[at as usize] };
            way.drain(..).chain([at]).for_each(|i| ends[i as usize] = end);
        }
        ends
    }

    /// How far every entry goes, from the ends back; what is never reached is in a circle.
    fn measure(&mut self, facts: &Facts) {
        self.best.fill(NONE);
        self.depth.fill(0);
        let mut followers = vec![0_u32; self.parent.len()];
        for &parent in &self.parent {
            if let Some(count) = followers.get_mut(parent as usize) {
                *count += 1;
            }
        }
        let mut ends: Vec<u32> = (0..).zip(&followers).filter(|(_, count)| **count == 0).map(|(i, _)| i).collect();
        while let Some(i) = ends.pop() {
            let next = self.best[i as usize];
            self.depth[i as usize] = if next == NONE { 1 } else { self.depth[next as usize] + 1 };
            let parent = self.parent[i as usize] as usize;
            let Some(best) = self.best.get(parent).copied() else { continue };
            if best == NONE || self.goes_further(facts, i, best) {
                self.best[parent] = i;
            }
            followers[parent] -= 1;
            if followers[parent] == 0 {
                ends.push(number(parent));
            }
        }
    }

    /// Whether an entry goes further than another; of equals one that is vouched for, then the first.
    fn goes_further(&self, facts: &Facts, i: u32, other: u32) -> bool {
        let rank = |i: u32| (self.depth[i as usize], self.vouches(facts, i), std::cmp::Reverse(i));
        rank(i) > rank(other)
    }

    /// Cuts every circle at a link that its entry's own hash does not bear out: there is one, since no content can
    /// hold a hash that was made of it. Of several, at the one that goes back furthest in time. Returns whether
    /// there were any.
    fn cut_circles(&mut self, facts: &Facts) -> bool {
        let mut seen: Vec<bool> = self.depth.iter().map(|depth| *depth > 0).collect();
        let mut cuts = Vec::new();
        for first in 0..number(seen.len()) {
            let time = |i: u32| facts.get(i as usize).time_ms;
            let back = |i: u32| i128::from(time(self.parent[i as usize])) - i128::from(time(i));
            let (mut at, mut best) = (first, None);
            while !std::mem::replace(&mut seen[at as usize], true) {
                let rank = (!self.vouches(facts, at), back(at));
                best = best.max(Some((rank, at)));
                at = self.parent[at as usize];
            }
            cuts.extend(best.map(|(_, at)| at));
        }
        cuts.iter().for_each(|i| self.parent[*i as usize] = BACKWARD);
        !cuts.is_empty()
    }

    /// The entry before this one.
    pub(super) fn parent(&self, i: u32) -> Option<u32> {
        let parent = self.parent[i as usize];
        (parent < COPY).then_some(parent)
    }

    pub(super) fn role(&self, facts: &Facts, i: u32) -> Role {
        let vouched = facts.get(i as usize).is_vouched();
        let chosen = match self.parent[i as usize] {
            NONE => return Role::Orphan,
            UNVOUCHED => return Role::Unvouched,
            BACKWARD => return Role::Backward,
            COPY => return if vouched { Role::Doubles } else { Role::EditedCopy },
            GENESIS => self.first,
            parent => self.best[parent as usize],
        };
        let (fact, other) = (facts.get(i as usize), facts.get(chosen as usize));
        match (chosen == i, fact.current == other.current && !fact.is(flag::NO_CURRENT), vouched) {
            (true, ..) => Role::Follows,
            (_, true, true) => Role::Doubles,
            (_, true, false) => Role::EditedCopy,
            (_, false, _) => Role::Forks,
        }
    }

    /// The hash by which the successor of an entry knows it, where its `current_hash` was changed.
    pub(super) fn renamed(&self, i: u32) -> Option<Hash> {
        self.renamed.get(&i).copied()
    }

    /// The first entry, where one says so.
    pub(super) fn first(&self) -> Option<u32> {
        (self.first != NONE).then_some(self.first)
    }

    /// An entry and those that follow it, to the end of its piece.
    pub(super) fn from(&self, i: u32) -> impl Iterator<Item = u32> {
        std::iter::successors(Some(i), |i| Some(self.best[*i as usize]).filter(|next| *next != NONE))
    }

    /// The last entry of the piece that starts with this one.
    pub(super) fn end_of(&self, i: u32) -> u32 {
        self.from(i).last().unwrap_or(i)
    }

    /// How many entries there are from this one to the end of its piece.
    pub(super) fn depth(&self, i: u32) -> u32 {
        self.depth[i as usize]
    }
}
