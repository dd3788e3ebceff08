//! What the links and facts of format 1 come to, and the second reading, which fetches what is shown.

use std::collections::{BTreeMap, BTreeSet};

use super::Ending;
use super::document::{Document, HASHED, UNPROTECTED};
use super::facts::{Fact, Facts, Gathered, Malformed, flag, line_document, number};
use super::framing::{Framing, Layout, bson_documents};
use super::links::{Links, Role, is_unbroken, repeated_ids};
use super::originals::Originals;
use crate::export::strict::Fault;
use crate::forensics::{Assembly, Place, Shown, chain_finding, content_finding, file_finding, integrity};
use crate::hash::Hash;
use crate::limits::{MAX_FINDINGS, MAX_WARNINGS};
use crate::report::{
    Cause, Coverage, EntryPlace, ErrorType, Finding, ModifiedField, NotChecked, Report, Warning, WarningType,
};
use crate::segment::{FirstFew, id_text, lines_of, time_text};
use crate::timestamp::Timestamp;

/// What is to be said of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
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
struct Said {
    entry: u32,
    act: Act,
    /// The hash that the ledger so far ends with, where this entry starts a piece of it.
    before: Option<Hash>,
}

/// What the second reading fetches of an entry.
#[derive(Clone, Debug)]
struct Fetched {
    shown: Shown,
    computed: Option<Hash>,
    /// With the hash that should stand there as its `previous_hash`, the content gives `current_hash`.
    relinked: bool,
    /// What was changed in it, as far as that is proven.
    originals: Vec<ModifiedField>,
}

/// The judgement of a file of format 1.
#[derive(Debug)]
pub(super) struct Examination {
    facts: Facts,
    /// `None` where the file is the ledger in its order.
    links: Option<Links>,
    said: FirstFew<Said>,
    /// The ledger's first entry and its last, so far as it could be followed.
    ends: Option<(u32, u32)>,
    /// Entries of an earlier time than the one before them.
    earlier: FirstFew<(u32, u32)>,
    malformed: FirstFew<Malformed>,
    extra: BTreeSet<String>,
    ending: Ending,
    unit: &'static str,
    layout: Layout,
    /// By line: what is fetched, and the `previous_hash` that should stand there where that is in question.
    wanted: BTreeMap<u64, Option<String>>,
    fetched: BTreeMap<u64, Fetched>,
    originals: Originals,
    line: u64,
}

impl Examination {
    /// `candidates` bounds the search for what changed entries said before.
    pub(super) fn new(gathered: Gathered, mut ending: Ending, framing: &Framing, candidates: u64) -> Self {
        let Gathered { lines, facts, contents, mut malformed, extra } = gathered;
        // What was cut off is not malformed as well.
        if ending.unfinished && malformed.first.last().is_some_and(|last| last.line == lines) {
            malformed.first.pop();
            malformed.count -= 1;
            ending.cut = true;
        }
        let links = (!is_unbroken(&facts)).then(|| Links::of(&facts, &contents.first));
        let mut examination = Self {
            said: FirstFew::default(),
            ends: (facts.len() > 0).then(|| (0, number(facts.len() - 1))),
            earlier: FirstFew::default(),
            wanted: BTreeMap::new(),
            fetched: BTreeMap::new(),
            originals: Originals::new(candidates, std::iter::empty()),
            line: 0,
            unit: framing.unit(),
            layout: framing.layout(),
            facts,
            links,
            malformed,
            extra,
            ending,
        };
        examination.judge();
        examination.compare_times();
        examination.want();
        let changed = examination.changed().map(|said| examination.line_of(said.entry));
        examination.originals = Originals::new(candidates, changed);
        examination
    }

    /// Whether nothing is left to fetch.
    pub(super) fn is_complete(&self) -> bool {
        self.wanted.is_empty()
    }

    pub(super) fn entries(&self) -> u64 {
        self.line.min(self.facts.len() as u64)
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
    fn stands_for_an_entry(&self, malformed: &Malformed) -> bool {
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
    fn before(&self, entry: u32) -> Option<u32> {
        self.links.as_ref().and_then(|links| links.parent(entry)).or_else(|| entry.checked_sub(1))
    }

    /// The pairs of entries that follow one another.
    fn followers(&self) -> impl Iterator<Item = (u32, u32)> {
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

    fn line_of(&self, entry: u32) -> u64 {
        u64::from(self.facts.get(entry as usize).line)
    }

    /// Notes what the second reading must fetch.
    fn want(&mut self) {
        let mut wanted = BTreeMap::new();
        for said in &self.said.first {
            if let Some(before) = self.before(said.entry) {
                wanted.entry(self.line_of(before)).or_insert(None);
            }
        }
        for Said { entry, act, before } in &self.said.first {
            let previous =
                matches!(act, Act::Loose { .. }).then(|| before.map_or("0".to_owned(), |hash| hash.to_string()));
            let wish = wanted.entry(self.line_of(*entry)).or_insert(None);
            *wish = wish.take().or(previous);
        }
        let ends = self.ends.into_iter().flat_map(|(first, last)| [first, last]);
        for entry in ends.chain(self.earlier.first.iter().map(|(_, entry)| *entry)) {
            if self.facts.get(entry as usize).is(flag::ID_HASHED | flag::NO_ID) {
                wanted.entry(self.line_of(entry)).or_insert(None);
            }
        }
        self.wanted = wanted;
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
        if let Some(previous) = wanted {
            self.fetched.insert(self.line, Fetched::of(&document, previous.as_deref()));
        }
    }

    pub(super) fn report(mut self) -> Report {
        self.recover();
        let mut coverage = coverage(self.judges_all());
        self.originals.cover(&mut coverage);
        let mut findings: Vec<Finding> = self.said.first.iter().flat_map(|said| self.findings(said)).collect();
        findings.extend(self.malformed.first.iter().map(|malformed| self.malformed(malformed)));
        if self.ending.cut {
            let message = "The file ends in the middle: what came after is not in it.".to_owned();
            findings.push(file_finding(ErrorType::ExportTruncated, message));
        }
        let unlisted =
            self.said.count - self.said.first.len() as u64 + self.malformed.count - self.malformed.first.len() as u64;
        let last = self.ends.map(|(_, last)| self.facts.get(last as usize));
        Assembly {
            format: 1,
            total: self.facts.len() as u64,
            first: self.ends.map(|(first, _)| self.place_of_end(first)),
            last: self.ends.map(|(_, last)| self.place_of_end(last)),
            findings,
            unlisted,
            warnings: self.warnings(),
            warnings_unlisted: self.earlier.count - self.earlier.first.len() as u64,
            coverage,
            head: last.filter(|fact| !fact.is(flag::NO_CURRENT)).map(|fact| fact.current.to_string()),
            ..Assembly::default()
        }
        .report()
    }

    /// Searches for what changed entries said before, the last first: an entry's hash is confirmed where one that is
    /// vouched for, or was found, names it. Of the last entry's nobody speaks but itself.
    fn recover(&mut self) {
        let changed: Vec<u32> = self.changed().map(|said| said.entry).collect();
        if changed.is_empty() {
            return;
        }
        let sought: BTreeSet<u32> = changed.iter().copied().collect();
        let mut next: BTreeMap<u32, u32> = self.followers().filter(|(before, _)| sought.contains(before)).collect();
        let mut found = BTreeSet::new();
        for entry in changed.into_iter().rev() {
            let time = |entry: u32| self.facts.at(entry).map(|fact| Timestamp::from_millis(fact.time_ms));
            let confirms = |next: &u32| found.contains(next) || self.facts.get(*next as usize).is_vouched();
            let confirmed = next.remove(&entry).filter(confirms);
            let (before, after) = (self.before(entry).and_then(time), confirmed.and_then(time));
            let line = self.line_of(entry);
            let Some(modified) = self.originals.of(line, confirmed.is_some(), before, after) else { continue };
            found.insert(entry);
            if let Some(fetched) = self.fetched.get_mut(&line) {
                fetched.originals = modified;
            }
        }
    }

    /// Entries whose content does not give their hash.
    fn changed(&self) -> impl Iterator<Item = &Said> {
        self.said.first.iter().filter(|said| said.act == Act::Tampered(None))
    }

    /// Whether every entry's sums, id and time were judged.
    fn judges_all(&self) -> bool {
        !self
            .said
            .first
            .iter()
            .any(|said| matches!(said.act, Act::Tampered(_) | Act::Loose { .. } | Act::Doubled(_) | Act::Circle(_)))
    }

    fn id_of(&self, entry: u32) -> Option<String> {
        let fact = self.facts.get(entry as usize);
        if fact.is(flag::ID_HASHED | flag::NO_ID) {
            return self.fetched.get(&u64::from(fact.line)).and_then(|fetched| fetched.shown.transaction_id.clone());
        }
        Some(id_text(fact.id()))
    }

    fn place_of_end(&self, entry: u32) -> EntryPlace {
        EntryPlace {
            id: self.id_of(entry).unwrap_or_default(),
            timestamp: time_text(self.facts.get(entry as usize).time_ms),
        }
    }

    fn place(&self, entry: u32) -> Place {
        let before = self.before(entry).and_then(|before| self.fetched.get(&self.line_of(before)));
        Place {
            line: self.line_of(entry),
            index: u64::from(entry),
            seq: None,
            previous: before.map(|fetched| fetched.shown.as_previous()),
        }
    }

    fn malformed(&self, malformed: &Malformed) -> Finding {
        let (unit, Malformed { line, fault, .. }) = (self.unit, malformed);
        let broken = if self.stands_for_an_entry(malformed) {
            " The chain is broken there: the entry after it names one that the file does not hold, and how many are gone is not known."
        } else {
            ""
        };
        let message = format!("The {unit} {line} is no entry: {}.{broken}", fault.reason);
        Finding {
            line: Some(*line),
            field: fault.field.clone(),
            reason: Some(fault.reason.clone()),
            ..file_finding(ErrorType::MalformedLine, message)
        }
    }

    /// What there is to say, in the report's words.
    fn findings(&self, said: &Said) -> Vec<Finding> {
        let place = self.place(said.entry);
        let Some(fetched) = self.fetched.get(&place.line) else {
            let message = format!("The {} {} is another than when it was first read.", self.unit, place.line);
            return vec![Finding { line: Some(place.line), ..file_finding(ErrorType::MalformedLine, message) }];
        };
        let shown = &fetched.shown;
        let name =
            shown.transaction_id.as_deref().map_or_else(|| format!("on {} {}", self.unit, place.line), str::to_owned);
        let chain = |cause, message, expected| vec![chain_finding(cause, message, &place, shown, expected)];
        match said.act {
            Act::Tampered(genuine) => vec![fetched.tampered(&name, &place, genuine)],
            Act::Missing if said.before.is_none() => chain(
                Cause::Missing,
                format!("The ledger's start is missing: entry {name}, the first in the file, names one before it."),
                None,
            ),
            Act::Missing => chain(
                Cause::Missing,
                format!(
                    "Before entry {name} the chain is broken: it names an entry that the file does not hold. Entries between are gone, or the one before was changed and hashed anew."
                ),
                said.before,
            ),
            Act::Loose { .. } if fetched.relinked => chain(
                Cause::Relinked,
                format!(
                    "Only previous_hash of entry {name} was changed: with the hash of the entry before it, its content gives its own hash."
                ),
                said.before,
            ),
            Act::Loose { forks: true } | Act::Forked => chain(
                Cause::Forked,
                format!(
                    "Entry {name} names an entry that another follows too, in the branch of the ledger that goes further."
                ),
                None,
            ),
            Act::Loose { forks: false } => {
                let message = format!(
                    "Entry {name} names an entry that the file does not hold, and its own hash does not bear that out: what came before it is not known."
                );
                let mut both = chain(Cause::Unknown, message, said.before);
                both.push(fetched.tampered(&name, &place, None));
                both
            }
            Act::Doubled(1) => {
                counted(1, chain(Cause::Duplicated, format!("Entry {name} stands a second time."), None))
            }
            Act::Doubled(n) => {
                counted(n, chain(Cause::Duplicated, format!("{n} entries, from {name} on, stand a second time."), None))
            }
            Act::Circle(n) => counted(
                n,
                chain(
                    Cause::Unknown,
                    format!(
                        "{n} entries, {name} among them, name one another in a circle: they have no place in the ledger."
                    ),
                    None,
                ),
            ),
            Act::Beyond(which) => vec![fetched.beyond(&name, &place, which)],
            Act::Amounts => vec![fetched.amounts(&name, &place)],
            Act::IdUsedTwice => {
                let message = format!("An earlier entry has the id {name} too.");
                vec![content_finding(ErrorType::DuplicateTransactionId, message, &place, shown)]
            }
        }
    }

    fn warnings(&self) -> Vec<Warning> {
        let mut warnings: Vec<Warning> = self.earlier.first.iter().map(|pair| self.earlier(*pair)).collect();
        if self.facts.len() > 0 {
            let fields: Vec<String> =
                UNPROTECTED.iter().map(|key| (*key).to_owned()).chain(self.extra.iter().cloned()).collect();
            let message =
                "The original ledger's hash leaves these fields out: an edit in them cannot be seen.".to_owned();
            warnings.push(Warning { fields: Some(fields), ..Warning::new(WarningType::UnprotectedFields, message) });
        }
        let moved = |(before, entry): (u32, u32)| self.line_of(entry) < self.line_of(before);
        if self.links.is_some() && self.followers().any(moved) {
            let message =
                "The file has another order than the ledger; the links between its entries gave the ledger's."
                    .to_owned();
            warnings.push(Warning::new(WarningType::OrderRecovered, message));
        }
        warnings
    }

    fn earlier(&self, (before, entry): (u32, u32)) -> Warning {
        let id = self.id_of(entry);
        let time = |entry: u32| time_text(self.facts.get(entry as usize).time_ms);
        let (now, then) = (time(entry), time(before));
        let name = id.clone().unwrap_or_default();
        Warning {
            line: Some(self.line_of(entry)),
            transaction_id: id,
            found: Some(now.clone().into()),
            ..Warning::new(
                WarningType::TimestampOutOfOrder,
                format!("Entry {name} is of {now}, earlier than the entry before it ({then})."),
            )
        }
    }
}

fn counted(count: u64, findings: Vec<Finding>) -> Vec<Finding> {
    findings.into_iter().map(|finding| Finding { count: Some(count), ..finding }).collect()
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

impl Fetched {
    fn of(document: &Document<'_>, previous: Option<&str>) -> Self {
        let hash = |previous: Option<&str>| {
            document.wrong_type(previous.is_some()).is_none().then(|| {
                let mut preimage = Vec::new();
                document.write_preimage(previous, &mut preimage);
                Hash::of(&preimage)
            })
        };
        let shown = document.shown();
        let relinked = previous.is_some_and(|previous| {
            hash(Some(previous)).is_some_and(|hash| Some(hash.to_string()) == shown.current_hash)
        });
        Self { shown, computed: hash(None), relinked, originals: Vec::new() }
    }

    fn tampered(&self, name: &str, place: &Place, genuine: Option<Hash>) -> Finding {
        let current = self.shown.current_hash.clone();
        let restated = genuine.map(|hash| ModifiedField {
            field: "current_hash".to_owned(),
            found: current.clone().into(),
            original: hash.to_string().into(),
            proven: true,
        });
        let modified: Vec<ModifiedField> = self.originals.iter().cloned().chain(restated).collect();
        let names: Vec<&str> = modified.iter().map(|field| field.field.as_str()).collect();
        let (what, possibly) = if names.is_empty() {
            (String::new(), HASHED.iter().copied().chain(["current_hash"]).map(str::to_owned).collect())
        } else {
            (format!(" Proven: {}.", names.join(", ")), Vec::new())
        };
        let message = format!(
            "Entry {name} was changed after it was written: its content does not give the hash that the chain holds for it.{what}"
        );
        let mut finding = content_finding(ErrorType::TransactionTampered, message, place, &self.shown);
        let stored = genuine.map(|hash| hash.to_string()).or_else(|| current.clone());
        let computed = self.computed.map(|hash| hash.to_string());
        // Where current_hash itself was changed, it is what does not fit.
        let found = if genuine.is_some() { current } else { computed.clone() };
        (finding.expected, finding.found) = (stored.clone().map(Into::into), found.map(Into::into));
        finding.hash_integrity_failure = Some(integrity(stored, computed, "The content", &possibly));
        finding.possibly_modified_fields = modified.is_empty().then_some(possibly);
        finding.modified_fields = Some(modified);
        finding
    }

    fn beyond(&self, name: &str, place: &Place, which: usize) -> Finding {
        let (field, reason) = (
            ["amount_gross", "tax_withheld", "amount_net"][which.min(2)],
            "more digits than the 28 that are computed with",
        );
        let message = format!("In entry {name}, {field} has {reason}: its sum is not checked.");
        let finding = content_finding(ErrorType::MalformedLine, message, place, &self.shown);
        Finding { field: Some(field.to_owned()), reason: Some(reason.to_owned()), ..finding }
    }

    fn amounts(&self, name: &str, place: &Place) -> Finding {
        let text = |amount: &Option<String>| amount.clone().unwrap_or_default();
        let (gross, tax, net) =
            (text(&self.shown.amount_gross), text(&self.shown.tax_withheld), text(&self.shown.amount_net));
        let message = format!("In entry {name}, gross {gross} is not tax {tax} and net {net} together.");
        content_finding(ErrorType::AmountMismatch, message, place, &self.shown)
    }
}

/// `all`: whether every entry was judged by itself.
fn coverage(all: bool) -> Coverage {
    let mut checked = vec!["every entry's hash, recomputed from its content", "every link to the entry before"];
    let each = ["gross = tax + net", "transaction ids used twice", "times never going back"];
    let unjudged =
        "an entry whose content its hash does not vouch for, or that stands a second time, is not judged by it";
    let mut gaps = Vec::new();
    if all {
        checked.extend(each);
    } else {
        gaps.extend(each.map(|what| (what, unjudged)));
    }
    let opening = "this ledger holds no opening balances";
    let unchecked = [
        ("balances and buckets never below zero", opening),
        ("frozen accounts not moving", opening),
        ("the rules of every type", "the original ledger did not keep to them"),
        ("tax rates against the default policy", "the original ledger had its own"),
        (
            "the fields that its hash leaves out",
            "an edit in them cannot be seen: the warning UNPROTECTED_FIELDS lists them",
        ),
        (
            "whether the whole chain was rewritten, or its tail dropped before the export",
            "a chain shows only that a file agrees with itself, and this format has neither numbers nor checkpoints",
        ),
    ];
    Coverage {
        checked: checked.into_iter().map(str::to_owned).collect(),
        not_checked: gaps
            .into_iter()
            .chain(unchecked)
            .map(|(what, why)| NotChecked { what: what.to_owned(), why: why.to_owned() })
            .collect(),
    }
}
