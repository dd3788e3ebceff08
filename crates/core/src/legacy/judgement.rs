//! What the facts and links of format 1 come to: what is to be said of which entry.

use std::collections::HashSet;

use super::facts::{Fact, Facts, Malformed, flag, number};
use super::links::{Links, Role, is_unbroken, repeated_ids};
use super::pieces::Pieces;
use crate::forensics::Listing;
use crate::hash::Hash;
use crate::limits::MAX_WARNINGS;
use crate::report::ErrorType;
use crate::segment::FirstFew;

/// Most hashes of a kind that an entry is held against for the one that it named.
const MAX_LOOSE_ENDS: usize = 100;

/// What is to be said of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// Its content does not give its hash; where its `current_hash` was changed, the genuine one.
    Tampered(Option<Hash>),
    /// It names an entry that is not there, and its own hash bears that out.
    Missing,
    /// It names such an entry, and nothing vouches for that.
    Loose(Named),
    Forked,
    /// So many entries, from this one on, stand a second time.
    Doubled(u64),
    /// Amount number so and so has too many digits.
    Beyond(usize),
    Amounts,
    IdUsedTwice,
}

impl Act {
    /// The type of the finding that it is.
    const fn error(self) -> ErrorType {
        match self {
            Self::Tampered(_) => ErrorType::TransactionTampered,
            Self::Missing | Self::Loose(_) | Self::Forked | Self::Doubled(_) => ErrorType::HashChainBroken,
            Self::Beyond(_) => ErrorType::MalformedLine,
            Self::Amounts => ErrorType::AmountMismatch,
            Self::IdUsedTwice => ErrorType::DuplicateTransactionId,
        }
    }

    /// Whether what an entry names as the one before it can be another than it was.
    pub(super) const fn is_of_link(self) -> bool {
        matches!(self, Self::Tampered(None) | Self::Loose(_))
    }
}

/// What an entry names that nothing vouches for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Named {
    /// An entry that is not there.
    Absent,
    /// One that another follows.
    Taken,
    /// One that comes after it.
    Later,
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
    /// As there are links.
    pieces: Option<Pieces>,
    pub(super) malformed: FirstFew<Malformed>,
    /// The hashes that stand in what is no entry, and those of them that entries name whose predecessor is not there.
    in_malformed: HashSet<Hash>,
    in_place: HashSet<Hash>,
    pub(super) said: Listing<Said>,
    /// The ledger's first entry and its last, so far as it could be followed.
    pub(super) ends: Option<(u32, u32)>,
    /// Entries of an earlier time than the one before them.
    pub(super) earlier: FirstFew<(u32, u32)>,
}

impl Judgement {
    /// `contents`: see [`Links::of`].
    pub(super) fn of(facts: Facts, contents: &[(u32, Hash)], malformed: FirstFew<Malformed>) -> Self {
        let links = (!is_unbroken(&facts)).then(|| Links::of(&facts, contents));
        let pieces = links.as_ref().map(|links| Pieces::of(&facts, links));
        let whole = (facts.len() > 0).then(|| (0, number(facts.len() - 1)));
        let ends = pieces.as_ref().and_then(|pieces| pieces.ends).or(whole);
        let (in_place, said, earlier) = Default::default();
        let in_malformed = malformed.first.iter().flat_map(|malformed| malformed.hashes.iter().copied()).collect();
        let mut judgement = Self { facts, links, pieces, malformed, in_malformed, in_place, said, ends, earlier };
        judgement.judge();
        judgement.compare_times();
        judgement
    }

    /// Says of every entry what there is to say.
    fn judge(&mut self) {
        let repeated = self.repeated_ids();
        let mut repeated = repeated.iter().copied().peekable();
        let (mut said, mut last_double) = (Listing::<Said>::default(), None);
        let mut in_place = HashSet::new();
        for (entry, fact) in (0..).zip(self.facts.iter()) {
            let twice = repeated.next_if_eq(&entry).is_some();
            let role = self.links.as_ref().map_or(Role::Follows, |links| links.role(&self.facts, entry));
            if role == Role::Orphan && fact.is_vouched() && self.in_malformed.contains(&fact.previous) {
                in_place.insert(fact.previous);
            }
            if let Some(act) = self.act(entry, fact, role) {
                let goes_on = act == Act::Doubled(1) && last_double.is_some_and(|last: u32| last + 1 == entry);
                if act == Act::Doubled(1) {
                    last_double = Some(entry);
                }
                match said.listed.last_mut() {
                    Some(Said { act: Act::Doubled(count), .. }) if goes_on => *count += 1,
                    _ if goes_on => {}
                    _ => _ = said.add(act.error(), || Said { entry, act, before: self.hash_before(entry) }),
                }
            }
            if fact.is_vouched() && role != Role::Doubles {
                let sums =
                    fact.beyond().map(Act::Beyond).or_else(|| fact.is(flag::AMOUNT_DIFFERS).then_some(Act::Amounts));
                for act in sums.into_iter().chain(twice.then_some(Act::IdUsedTwice)) {
                    said.add(act.error(), || Said { entry, act, before: None });
                }
            }
        }
        (self.said, self.in_place) = (said, in_place);
    }

    /// The entries of the ledger whose id an earlier one of it has.
    fn repeated_ids(&self) -> Vec<u32> {
        let repeated = repeated_ids(&self.facts, |_| true);
        let Some((links, pieces)) = self.links.as_ref().zip(self.pieces.as_ref()).filter(|_| !repeated.is_empty())
        else {
            return repeated;
        };
        // What stands beside the ledger is said of what stands there, and accuses no other.
        let ledger = pieces.ledger(links, self.facts.len());
        repeated_ids(&self.facts, |i| ledger[i as usize])
    }

    /// The hash that the ledger so far ends with, where an entry starts a piece of it.
    fn hash_before(&self, entry: u32) -> Option<Hash> {
        self.pieces.as_ref()?.before(&self.facts, entry)
    }

    /// The hashes that an entry can have named before it was made to name another: those that pieces end with, and
    /// those that other entries name whose links nothing vouches for. The first few of each.
    pub(super) fn loose_ends(&self) -> Vec<Hash> {
        let Some((links, pieces)) = self.links.as_ref().zip(self.pieces.as_ref()) else { return Vec::new() };
        let fact = |i: u32| self.facts.get(i as usize);
        let lasts = pieces.lasts(links).take(MAX_LOOSE_ENDS).map(fact);
        let doubtful = self.said.listed.iter().filter(|said| said.act.is_of_link()).map(|said| fact(said.entry));
        let lasts = lasts.filter(|fact| !fact.is(flag::NO_CURRENT)).map(|fact| fact.current);
        let named = doubtful.filter(|fact| !fact.is(flag::NO_PREVIOUS | flag::GENESIS)).map(|fact| fact.previous);
        lasts.chain(named.take(MAX_LOOSE_ENDS)).collect()
    }

    /// Takes note that an entry which starts a piece follows from a hash, none being the ledger's start; whether
    /// that moves an end of the ledger.
    pub(super) fn join(&mut self, entry: u32, previous: Option<Hash>) -> bool {
        let Some((links, (first, last))) = self.links.as_ref().zip(self.ends) else { return false };
        let end = links.end_of(entry);
        let ends = match previous {
            None if links.first().is_none() && first != entry => (entry, last),
            Some(hash) if self.facts.get(last as usize).current == hash && end != last => (first, end),
            _ => return false,
        };
        self.ends = Some(ends);
        true
    }

    /// Whether an entry starts what stands beside the ledger, which goes on without it.
    pub(super) fn is_beside(&self, entry: u32) -> bool {
        self.pieces.as_ref().is_some_and(|pieces| pieces.is_beside(entry))
    }

    /// Whether another entry follows one.
    pub(super) fn is_followed(&self, entry: u32) -> bool {
        self.links.as_ref().is_none_or(|links| links.depth(entry) > 1)
    }

    /// How many entries there are from one to the end of its piece.
    pub(super) fn left(&self, entry: u32) -> u32 {
        self.links.as_ref().map_or_else(|| number(self.facts.len()) - entry, |links| links.depth(entry))
    }

    /// What an entry's place in the chain, or its content, gives to say.
    fn act(&self, entry: u32, fact: &Fact, role: Role) -> Option<Act> {
        match role {
            Role::Follows if fact.is_vouched() => None,
            Role::Follows => Some(Act::Tampered(self.links.as_ref().and_then(|links| links.renamed(entry)))),
            Role::EditedCopy => Some(Act::Tampered(None)),
            Role::Doubles => Some(Act::Doubled(1)),
            Role::Forks => Some(Act::Forked),
            Role::Unvouched => Some(Act::Loose(Named::Taken)),
            Role::Backward => Some(Act::Loose(Named::Later)),
            Role::Orphan if !fact.is_vouched() => Some(Act::Loose(Named::Absent)),
            // A line before it that may have been an entry is a finding by itself, which explains the gap.
            Role::Orphan => (!self.follows_malformed(entry)).then_some(Act::Missing),
        }
    }

    /// Whether what stands right before an entry may have been one, or what stands anywhere may be the one it names.
    fn follows_malformed(&self, entry: u32) -> bool {
        if self.in_malformed.contains(&self.facts.get(entry as usize).previous) {
            return true;
        }
        let start = entry.checked_sub(1).map_or(0, |before| self.line_of(before));
        let between = |at: u64| self.malformed.first.partition_point(|malformed| malformed.line <= at);
        self.malformed.first[between(start)..between(self.line_of(entry))].iter().any(|one| one.holds_hash)
    }

    /// Whether what is no entry stands in the place of one, or of more: the next entry names one that is not there.
    pub(super) fn stands_for_an_entry(&self, malformed: &Malformed) -> bool {
        if malformed.hashes.iter().any(|hash| self.in_place.contains(hash)) {
            return true;
        }
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
        self.said.listed.iter().filter(|said| said.act == Act::Tampered(None))
    }

    /// Whether no entry stands beside the ledger.
    pub(super) fn is_all_ledger(&self) -> bool {
        let stands_beside = |said: &Said| match said.act {
            Act::Forked => true,
            Act::Missing => self.is_beside(said.entry),
            _ => false,
        };
        !self.said.listed.iter().any(stands_beside)
    }

    /// Whether every entry's sums, id and time were judged.
    pub(super) fn judges_all(&self) -> bool {
        !self.said.listed.iter().any(|said| matches!(said.act, Act::Tampered(_) | Act::Loose(_) | Act::Doubled(_)))
    }
}
