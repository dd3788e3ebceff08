//! The second reading of format 1, which fetches what is shown and searches for what changed entries said before.

use std::collections::{BTreeMap, BTreeSet};

use super::Ending;
use super::document::Document;
use super::facts::{Gathered, flag, line_document};
use super::fetched::Fetched;
use super::framing::{Framing, Layout, bson_documents};
use super::judgement::{Act, Judgement, Said};
use super::originals::Originals;
use crate::export::strict::Fault;
use crate::hash::Hash;
use crate::segment::lines_of;
use crate::timestamp::Timestamp;

/// A file of format 1 in which something is to be shown.
#[derive(Debug)]
pub(super) struct Examination {
    pub(super) judgement: Judgement,
    pub(super) extra: BTreeSet<String>,
    pub(super) ending: Ending,
    pub(super) unit: &'static str,
    layout: Layout,
    /// By line: what is fetched, and how.
    wanted: BTreeMap<u64, Wish>,
    /// See [`Judgement::loose_ends`].
    loose_ends: Vec<Hash>,
    pub(super) fetched: BTreeMap<u64, Fetched>,
    pub(super) originals: Originals,
    line: u64,
}

/// How an entry is fetched.
#[derive(Clone, Copy, Debug)]
enum Wish {
    /// As it stands there.
    Shown,
    /// With the hash that it named, if that is another: most likely this one, or none at the ledger's start.
    Linked(Option<Hash>),
}

impl Examination {
    /// `candidates` bounds the search for what changed entries said before.
    pub(super) fn new(gathered: Gathered, mut ending: Ending, framing: &Framing, candidates: u64) -> Self {
        let Gathered { lines, facts, contents, mut malformed, extra } = gathered;
        // What was cut off is not malformed as well; and what has its last byte was not cut off.
        if ending.unfinished && malformed.first.last().is_some_and(|last| last.line == lines && last.breaks_off) {
            malformed.first.pop();
            malformed.count -= 1;
            ending.cut = true;
        }
        let judgement = Judgement::of(facts, &contents.first, malformed);
        let changed = judgement.changed().map(|said| judgement.line_of(said.entry));
        Self {
            originals: Originals::new(candidates, changed),
            wanted: wanted(&judgement),
            loose_ends: judgement.loose_ends(),
            fetched: BTreeMap::new(),
            line: 0,
            unit: framing.unit(),
            layout: framing.layout(),
            judgement,
            extra,
            ending,
        }
    }

    /// Whether nothing is left to fetch.
    pub(super) fn is_complete(&self) -> bool {
        self.wanted.is_empty()
    }

    pub(super) fn entries(&self) -> u64 {
        self.line.min(self.judgement.facts.len() as u64)
    }

    /// Takes a block of the second reading.
    pub(super) fn block(&mut self, block: &[u8]) {
        match self.layout {
            Layout::Lines => lines_of(block, |line, _| self.read(|| line_document(line))),
            Layout::Bson => bson_documents(block, |bytes| self.read(|| Document::of_bson(bytes))),
        }
    }

    fn read<'a>(&mut self, read: impl FnOnce() -> Result<Document<'a>, Fault>) {
        self.line += 1;
        let wanted = self.wanted.remove(&self.line);
        if wanted.is_none() && !self.originals.are_sought() {
            return;
        }
        let Ok(document) = read() else { return };
        self.originals.see(self.line, &document);
        let fetched = match wanted {
            Some(Wish::Shown) => Fetched::of(&document),
            Some(Wish::Linked(likely)) => {
                let ends = self.loose_ends.iter().copied().map(Some);
                Fetched::of(&document).held_against(&document, [likely, None].into_iter().chain(ends))
            }
            None => return,
        };
        self.fetched.insert(self.line, fetched);
    }

    /// Brings the ledger's ends to where pieces of it begin and end that were found to follow from one another.
    pub(super) fn join_pieces(&mut self) {
        let Self { judgement, fetched, .. } = self;
        let loose = judgement.said.listed.iter().filter(|said| matches!(said.act, Act::Loose(_)));
        let mut loose: Vec<(u32, Option<Hash>)> = loose
            .filter_map(|said| Some((said.entry, fetched.get(&judgement.line_of(said.entry))?.named.as_ref()?)))
            .map(|(entry, named)| (entry, *named))
            .collect();
        while let Some(i) = loose.iter().position(|(entry, named)| judgement.join(*entry, *named)) {
            loose.swap_remove(i);
        }
    }

    /// Searches for what changed entries said before, the last first: an entry's hash is confirmed where one that is
    /// vouched for, or was found, names it. Of the last entry's nobody speaks but itself.
    pub(super) fn recover(&mut self) {
        let Self { judgement, originals, fetched, .. } = self;
        let is_known = |entry: &u32| fetched.get(&judgement.line_of(*entry)).is_some_and(Fetched::is_explained);
        let changed = judgement.changed().map(|said| said.entry);
        let (known, mut changed): (Vec<u32>, Vec<u32>) = changed.partition(is_known);
        changed.sort_by_key(|entry| judgement.left(*entry));
        if changed.is_empty() {
            return;
        }
        let sought: BTreeSet<u32> = changed.iter().copied().collect();
        let mut next: BTreeMap<u32, u32> =
            judgement.followers().filter(|(before, _)| sought.contains(before)).collect();
        let time = |entry: u32| {
            let fact = judgement.facts.at(entry).filter(|fact| !fact.is(flag::NO_TIME))?;
            Some(Timestamp::from_millis(fact.time_ms))
        };
        let retyped = |entry: &u32| fetched.get(&judgement.line_of(*entry)).is_some_and(|fetched| fetched.retyped);
        let mut found: BTreeSet<u32> = known.into_iter().filter(retyped).collect();
        for entry in changed {
            let confirms = |next: &u32| found.contains(next) || judgement.facts.get(*next as usize).is_vouched();
            let confirmed = next.remove(&entry).filter(confirms);
            let (before, after) = (judgement.before(entry).and_then(time), confirmed.and_then(time));
            let line = judgement.line_of(entry);
            let Some(modified) = originals.of(line, confirmed.is_some(), before, after) else { continue };
            found.insert(entry);
            if let Some(fetched) = fetched.get_mut(&line) {
                fetched.originals = modified;
            }
        }
    }
}

/// What the second reading must fetch.
fn wanted(judgement: &Judgement) -> BTreeMap<u64, Wish> {
    let mut wanted = BTreeMap::new();
    for said in &judgement.said.listed {
        if let Some(before) = judgement.before(said.entry) {
            wanted.entry(judgement.line_of(before)).or_insert(Wish::Shown);
        }
    }
    for Said { entry, act, before } in &judgement.said.listed {
        let wish = wanted.entry(judgement.line_of(*entry)).or_insert(Wish::Shown);
        if act.is_of_link() {
            *wish = Wish::Linked(*before);
        }
    }
    let ends = judgement.ends.into_iter().flat_map(|(first, last)| [first, last]);
    for entry in ends.chain(judgement.earlier.first.iter().map(|(_, entry)| *entry)) {
        if judgement.facts.get(entry as usize).is(flag::ID_HASHED | flag::NO_ID | flag::NO_TIME) {
            wanted.entry(judgement.line_of(entry)).or_insert(Wish::Shown);
        }
    }
    wanted
}
