//! What the facts and links of format 1 come to: what is to be said of which entry.

use super::facts::{Fact, Facts, Malformed, flag, number};
use super::links::{Links, Role, is_unbroken, repeated_ids};
use crate::hash::Hash;
use crate::limits::{MAX_FINDINGS, MAX_WARNINGS};
use crate::segment::FirstFew;

/// What is to be said of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// Its content does not give its hash; where its `current_hash` was changed, the genuine one.
    Tampered(Option<Hash>),
    /// It names an entry that is not there, and its own hash bears that out.
    Missing,
    /// It names an entry that is not there, or that another follows, and nothing vouches for that.
    Loose {
        forks: bool,
    },
    Forked,
    /// So many entries, from this one on, stand a second time.
    Doubled(u64),
    Circle(u64),
    /// Amount number so and so has too many digits.
    Beyond(usize),
    Amounts,
    IdUsedTwice,
}

/// An entry, by its number in the file, and what is to be said of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Said {
    pub(super) entry: u32,
    pub(super) act: Act,
    /// The hash that the ledger so far ends with, where this entry starts a piece of it.
    pub(super) before: Option<Hash>,
}

/// The judgement of a file by what the first reading kept.
#[derive(Debug)]
pub(super) struct Judgement {
    pub(super) facts: Facts,
    /// `None` where the file is the ledger in its order.
    pub(super) links: Option<Links>,
    pub(super) malformed: FirstFew<Malformed>,
    pub(super) said: FirstFew<Said>,
    /// The ledger's first entry and its last, so far as it could be followed.
    pub(super) ends: Option<(u32, u32)>,
    /// Entries of an earlier time than the one before them.
    pub(super) earlier: FirstFew<(u32, u32)>,
}

impl Judgement {
    /// `contents`: see [`Links::of`].
    pub(super) fn of(facts: Facts, contents: &[(u32, Hash)], malformed: FirstFew<Malformed>) -> Self {
        let links = (!is_unbroken(&facts)).then(|| Links::of(&facts, contents));
        let ends = (facts.len() > 0).then(|| (0, number(facts.len() - 1)));
        let (said, earlier) = Default::default();
        let mut judgement = Self { facts, links, malformed, said, ends, earlier };
        judgement.judge();
        judgement.compare_times();
        judgement
    }

    /// Says of every entry what there is to say.
    fn judge(&mut self) {
        let repeated = repeated_ids(&self.facts);
        let mut repeated = repeated.iter().copied().peekable();
        let mut pieces = Pieces::new(self.links.as_ref());
        let (mut said, mut last_double) = (FirstFew::<Said>::default(), None);
        for (entry, fact) in (0..).zip(self.facts.iter()) {
            let twice = repeated.next_if_eq(&entry).is_some();
            let role = self.links.as_ref().map_or(Role::Follows, |links| links.role(&self.facts, entry));
            let before = pieces.before(&self.facts, entry, role);
            if let Some(act) = self.act(entry, fact, role) {
                let goes_on = act == Act::Doubled(1) && last_double.is_some_and(|last: u32| last + 1 == entry);
                if act == Act::Doubled(1) {
                    last_double = Some(entry);
                }
                match said.first.last_mut() {
                    Some(Said { act: Act::Doubled(count), .. }) if goes_on => *count += 1,
                    _ if goes_on => {}
                    _ => said.push(Said { entry, act, before }, MAX_FINDINGS),
                }
            }
            if fact.is_vouched() && !matches!(role, Role::Doubles | Role::Circle) {
                let sums =
                    fact.beyond().map(Act::Beyond).or_else(|| fact.is(flag::AMOUNT_DIFFERS).then_some(Act::Amounts));
                for act in sums.into_iter().chain(twice.then_some(Act::IdUsedTwice)) {
                    said.push(Said { entry, act, before: None }, MAX_FINDINGS);
                }
            }
        }
        self.said = said;
        if let Some(first) = pieces.first {
            self.ends = Some((first, pieces.last.unwrap_or(first)));
        }
    }

    /// What an entry's place in the chain, or its content, gives to say.
    fn act(&self, entry: u32, fact: &Fact, role: Role) -> Option<Act> {
        match role {
            Role::Follows if fact.is_vouched() => None,
            Role::Follows => Some(Act::Tampered(self.links.as_ref().and_then(|links| links.renamed(entry)))),
            Role::EditedCopy => Some(Act::Tampered(None)),
            Role::Doubles => Some(Act::Doubled(1)),
            Role::Forks => Some(Act::Forked),
            Role::Unvouched => Some(Act::Loose { forks: true }),
            Role::Orphan if !fact.is_vouched() => Some(Act::Loose { forks: false }),
            // A line before it that may have been an entry is a finding by itself, which explains the gap.
            Role::Orphan => (!self.follows_malformed(entry)).then_some(Act::Missing),
            Role::Circle => self.links.as_ref().and_then(|links| links.circle_from(entry)).map(Act::Circle),
        }
    }

    /// Whether what stands right before an entry may have been one.
    fn follows_malformed(&self, entry: u32) -> bool {
        let start = entry.checked_sub(1).map_or(0, |before| self.line_of(before));
        let between = |at: u64| self.malformed.first.partition_point(|malformed| malformed.line <= at);
        self.malformed.first[between(start)..between(self.line_of(entry))].iter().any(|one| one.holds_hash)
    }

    /// Whether what is no entry stands in the place of one, or of more: the next entry names one that is not there.
    pub(super) fn stands_for_an_entry(&self, malformed: &Malformed) -> bool {
        let (mut next, mut end) = (0, number(self.facts.len()));
        while next < end {
            let middle = next + (end - next) / 2;
            if self.line_of(middle) < malformed.line { next = middle + 1 } else { end = middle }
        }
        let Some(fact) = self.facts.at(next) else { return false };
        let orphan = self.links.as_ref().is_some_and(|links| links.role(&self.facts, next) == Role::Orphan);
        orphan && fact.is_vouched() && self.follows_malformed(next)
    }

    /// The entry before one in the ledger; where it follows none, in the file.
    pub(super) fn before(&self, entry: u32) -> Option<u32> {
        self.links.as_ref().and_then(|links| links.parent(entry)).or_else(|| entry.checked_sub(1))
    }

    /// The pairs of entries that follow one another.
    pub(super) fn followers(&self) -> impl Iterator<Item = (u32, u32)> {
        (0..number(self.facts.len())).filter_map(|i| match &self.links {
            None => i.checked_sub(1).map(|before| (before, i)),
            Some(links) if links.role(&self.facts, i) == Role::Follows => links.parent(i).map(|before| (before, i)),
            Some(_) => None,
        })
    }

    fn compare_times(&mut self) {
        let mut earlier = FirstFew::default();
        for (before, entry) in self.followers() {
            let (a, b) = (self.facts.get(before as usize), self.facts.get(entry as usize));
            if b.time_ms < a.time_ms && a.is_vouched() && b.is_vouched() {
                earlier.push((before, entry), MAX_WARNINGS);
            }
        }
        self.earlier = earlier;
    }

    pub(super) fn line_of(&self, entry: u32) -> u64 {
        u64::from(self.facts.get(entry as usize).line)
    }

    /// Entries whose content does not give their hash.
    pub(super) fn changed(&self) -> impl Iterator<Item = &Said> {
        self.said.first.iter().filter(|said| said.act == Act::Tampered(None))
    }

    /// Whether every entry's sums, id and time were judged.
    pub(super) fn judges_all(&self) -> bool {
        !self
            .said
            .first
            .iter()
            .any(|said| matches!(said.act, Act::Tampered(_) | Act::Loose { .. } | Act::Doubled(_) | Act::Circle(_)))
    }
}

/// The pieces of a ledger with gaps, in the order of the file after the one with its first entry.
struct Pieces<'a> {
    links: Option<&'a Links>,
    first: Option<u32>,
    last: Option<u32>,
}

impl<'a> Pieces<'a> {
    fn new(links: Option<&'a Links>) -> Self {
        let first = links.and_then(Links::first);
        let last = first.zip(links).map(|(first, links)| links.end_of(first));
        Self { links, first, last }
    }

    /// The hash that the ledger so far ends with, where this entry starts a piece of it.
    fn before(&mut self, facts: &Facts, entry: u32, role: Role) -> Option<Hash> {
        let links = self.links.filter(|_| matches!(role, Role::Orphan | Role::Unvouched))?;
        let before = self.last.map(|last| facts.get(last as usize).current);
        let end = links.end_of(entry);
        // A forged entry by itself, which nothing follows, is no piece of the ledger.
        if role == Role::Orphan || end != entry {
            self.first = self.first.or(Some(entry));
            self.last = Some(end);
        }
        before
    }
}
