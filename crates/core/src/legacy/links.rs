//! The order of a ledger of format 1, found by its links: whatever order the file has, since times repeat.

use std::collections::HashMap;
use std::hash::BuildHasher;

use hashbrown::HashTable;

use super::facts::{Facts, flag, number};
use crate::hash::Hash;

/// No entry. The ledger's first entries hang onto [`GENESIS`] instead, and those whose link nothing vouches
/// for onto [`UNVOUCHED`].
const NONE: u32 = u32::MAX;
const GENESIS: u32 = u32::MAX - 1;
const UNVOUCHED: u32 = u32::MAX - 2;

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
    /// It follows itself, by way of others.
    Circle,
}

/// The links of a ledger followed. 16 bytes an entry; 27 at most while it is made.
#[derive(Debug)]
pub(super) struct Links {
    parent: Vec<u32>,
    /// Of those that follow an entry, the one that goes furthest.
    best: Vec<u32>,
    /// Entries on the longest way from here to an end; 0 within a circle.
    depth: Vec<u32>,
    /// The first entry of the ledger, of those that say so the one that goes furthest.
    first: u32,
    /// By the first of its entries: how many a circle has.
    circles: HashMap<u32, u64>,
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

/// The entries whose id an earlier one has that is no copy of them.
pub(super) fn repeated_ids(facts: &Facts) -> Vec<u32> {
    let hasher = foldhash::fast::RandomState::default();
    let hash = |i: u32| hasher.hash_one(facts.get(i as usize).id());
    let mut ids = HashTable::with_capacity(facts.len());
    let mut repeated = Vec::new();
    for (i, fact) in (0..).zip(facts.iter()).filter(|(_, fact)| !fact.is(flag::NO_ID)) {
        let same = |j: &u32| facts.get(*j as usize).id() == fact.id();
        if let Some(first) = ids.find(hash(i), same).map(|j| facts.get(*j as usize)) {
            let is_copy = first.current == fact.current && !fact.is(flag::NO_CURRENT);
            repeated.extend((!is_copy).then_some(i));
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
            circles: HashMap::new(),
            renamed: HashMap::new(),
        };
        for fact in facts.iter() {
            let parent = match by_hash.get(&fact.previous) {
                _ if fact.is(flag::GENESIS) => GENESIS,
                _ if fact.is(flag::NO_PREVIOUS) => NONE,
                Some(parent) => parent,
                None => by_content.get(&fact.previous).copied().unwrap_or(NONE),
            };
            links.parent.push(parent);
            if facts.at(parent).is_some_and(|parent| parent.current != fact.previous) {
                links.renamed.insert(parent, fact.previous);
            }
        }
        links.loosen(facts, &by_hash);
        drop(by_hash);
        links.measure();
        links.find_circles();
        links.first = links.furthest((0..number(facts.len())).filter(|i| links.parent[*i as usize] == GENESIS));
        links
    }

    /// Takes a link that its entry's own hash does not bear out for none, where another entry follows there
    /// whose hash does; but not of a copy, which was edited where it stands.
    fn loosen(&mut self, facts: &Facts, by_hash: &ByHash<'_>) {
        let mut followed = vec![false; facts.len()];
        let mut begun = false;
        for (fact, &parent) in facts.iter().zip(&self.parent).filter(|(fact, _)| fact.is_vouched()) {
            match followed.get_mut(parent as usize) {
                Some(followed) => *followed = true,
                None => begun |= parent == GENESIS && fact.is(flag::GENESIS),
            }
        }
        for (i, fact) in facts.iter().enumerate().filter(|(_, fact)| !fact.is_vouched()) {
            let parent = self.parent[i];
            let taken = if parent == GENESIS { begun } else { followed.get(parent as usize).copied().unwrap_or(false) };
            let is_copy = by_hash.get(&fact.current).is_some_and(|j| j as usize != i);
            if taken && !is_copy {
                self.parent[i] = UNVOUCHED;
            }
        }
    }

    /// How far every entry goes, from the ends back; what is never reached is in a circle.
    fn measure(&mut self) {
        let mut followers = vec![0_u32; self.parent.len()];
        for &parent in &self.parent {
            if let Some(count) = followers.get_mut(parent as usize) {
                *count += 1;
            }
        }
        let mut ends: Vec<u32> = (0..).zip(&followers).filter(|(_, count)| **count == 0).map(|(i, _)| i).collect();
        while let Some(i) = ends.pop() {
            let next = self.best[i as usize];
            let depth = if next == NONE { 1 } else { self.depth[next as usize] + 1 };
            self.depth[i as usize] = depth;
            let parent = self.parent[i as usize] as usize;
            let Some(best) = self.best.get(parent).copied() else { continue };
            if best == NONE || (self.depth[best as usize], std::cmp::Reverse(best)) < (depth, std::cmp::Reverse(i)) {
                self.best[parent] = i;
            }
            followers[parent] -= 1;
            if followers[parent] == 0 {
                ends.push(number(parent));
            }
        }
    }

    fn find_circles(&mut self) {
        let mut seen = vec![false; self.depth.len()];
        for first in (0..number(self.depth.len())).filter(|i| self.depth[*i as usize] == 0) {
            let (mut at, mut count) = (first, 0);
            while !std::mem::replace(&mut seen[at as usize], true) {
                at = self.parent[at as usize];
                count += 1;
            }
            if count > 0 {
                self.circles.insert(first, count);
            }
        }
    }

    /// Of some entries the one that goes furthest, of equals the first.
    fn furthest(&self, entries: impl Iterator<Item = u32>) -> u32 {
        entries.min_by_key(|i| (std::cmp::Reverse(self.depth[*i as usize]), *i)).unwrap_or(NONE)
    }

    /// The entry before this one.
    pub(super) fn parent(&self, i: u32) -> Option<u32> {
        let parent = self.parent[i as usize];
        (parent < UNVOUCHED).then_some(parent)
    }

    pub(super) fn role(&self, facts: &Facts, i: u32) -> Role {
        let chosen = match self.parent[i as usize] {
            _ if self.depth[i as usize] == 0 => return Role::Circle,
            NONE => return Role::Orphan,
            UNVOUCHED => return Role::Unvouched,
            GENESIS => self.first,
            // A circle's own entries are not measured: whatever hangs onto one follows it.
            parent => self.best[parent as usize],
        };
        let (fact, other) = (facts.get(i as usize), facts.get(chosen as usize));
        match (chosen == i, fact.current == other.current && !fact.is(flag::NO_CURRENT), fact.is_vouched()) {
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

    /// The last entry of the piece that starts with this one.
    pub(super) fn end_of(&self, mut i: u32) -> u32 {
        while self.best[i as usize] != NONE {
            i = self.best[i as usize];
        }
        i
    }

    /// How many entries are in the circle of which this one is the first in the file.
    pub(super) fn circle_from(&self, i: u32) -> Option<u64> {
        self.circles.get(&i).copied()
    }
}
