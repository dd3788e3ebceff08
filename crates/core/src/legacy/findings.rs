//! The findings and warnings of format 1, in the report's words.

use super::document::UNPROTECTED;
use super::examination::Examination;
use super::facts::{Malformed, flag};
use super::fetched::START;
use super::judgement::{Act, Named, Said};
use crate::forensics::{Assembly, Listing, Place, Shown, chain_finding, content_finding, file_finding};
use crate::report::{Cause, Coverage, EntryPlace, ErrorType, Finding, NotChecked, Report, Warning, WarningType};
use crate::segment::{id_text, time_text};

impl Examination {
    pub(super) fn report(mut self) -> Report {
        self.join_pieces();
        self.recover();
        let mut coverage = coverage(self.judgement.judges_all(), self.judgement.is_all_ledger());
        self.originals.cover(&mut coverage);
        let (said, malformed) = (&self.judgement.said, &self.judgement.malformed);
        let listed = said.listed.iter().flat_map(|said| self.findings(said));
        let mut findings = Listing::of(listed.chain(malformed.first.iter().map(|malformed| self.malformed(malformed))));
        said.unlisted.iter().for_each(|(error, count)| findings.pass_over(*error, *count));
        findings.pass_over(ErrorType::MalformedLine, malformed.count - malformed.first.len() as u64);
        if self.ending.cut {
            let message = "The file ends in the middle: what came after is not in it.".to_owned();
            findings.extend([file_finding(ErrorType::ExportTruncated, message)]);
        }
        let last = self.judgement.ends.map(|(_, last)| self.judgement.facts.get(last as usize));
        Assembly {
            format: 1,
            total: self.judgement.facts.len() as u64,
            first: self.judgement.ends.map(|(first, _)| self.place_of_end(first)),
            last: self.judgement.ends.map(|(_, last)| self.place_of_end(last)),
            findings,
            warnings: self.warnings(),
            warnings_unlisted: self.judgement.earlier.count - self.judgement.earlier.first.len() as u64,
            coverage,
            head: last.filter(|fact| !fact.is(flag::NO_CURRENT)).map(|fact| fact.current.to_string()),
            ..Assembly::default()
        }
        .report()
    }

    fn id_of(&self, entry: u32) -> Option<String> {
        let fact = self.judgement.facts.get(entry as usize);
        if fact.is(flag::ID_HASHED | flag::NO_ID) {
            return self.fetched.get(&u64::from(fact.line)).and_then(|fetched| fetched.shown.transaction_id.clone());
        }
        Some(id_text(fact.id()))
    }

    fn place_of_end(&self, entry: u32) -> EntryPlace {
        let fact = self.judgement.facts.get(entry as usize);
        let timestamp = if fact.is(flag::NO_TIME) { self.time_said(entry) } else { Some(time_text(fact.time_ms)) };
        EntryPlace { id: self.id_of(entry).unwrap_or_default(), timestamp: timestamp.unwrap_or_default() }
    }

    /// What stands where an entry's time belongs, which is none: what stood there before, if that is found.
    fn time_said(&self, entry: u32) -> Option<String> {
        let fetched = self.fetched.get(&self.judgement.line_of(entry))?;
        let original = fetched.originals.iter().find(|field| field.field == "createdAt");
        let text = original.and_then(|field| field.original.as_str()).map(str::to_owned);
        text.or_else(|| fetched.shown.timestamp.clone())
    }

    fn place(&self, entry: u32) -> Place {
        let before = self.judgement.before(entry).and_then(|before| self.fetched.get(&self.judgement.line_of(before)));
        Place {
            line: self.judgement.line_of(entry),
            index: u64::from(entry),
            seq: None,
            previous: before.map(|fetched| fetched.shown.as_previous()),
        }
    }

    fn malformed(&self, malformed: &Malformed) -> Finding {
        let (unit, Malformed { line, fault, .. }) = (self.unit, malformed);
        let broken = if self.judgement.stands_for_an_entry(malformed) {
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
            Act::Tampered(None) | Act::Loose(_) if fetched.named == Some(None) => {
                vec![relinked_start(&name, &place, shown)]
            }
            Act::Tampered(None) | Act::Loose(_) if let Some(named) = fetched.named => chain(
                Cause::Relinked,
                format!(
                    "Only previous_hash of entry {name} was changed: with the hash of the entry before it, its content gives its own hash."
                ),
                named,
            ),
            Act::Tampered(genuine) => vec![fetched.tampered(&name, &place, genuine)],
            Act::Missing if self.judgement.is_beside(said.entry) => chain(
                Cause::Missing,
                format!(
                    "Entry {name} names an entry that the file does not hold, and is of a time in which the ledger goes on without it: it is taken for none of the ledger's."
                ),
                None,
            ),
            Act::Missing if said.before.is_none() => chain(
                Cause::Missing,
                format!("The ledger's start is missing: entry {name}, the earliest in the file, names one before it."),
                None,
            ),
            Act::Missing => chain(
                Cause::Missing,
                format!(
                    "Before entry {name} the chain is broken: it names an entry that the file does not hold. Entries between are gone, or the one before was changed and hashed anew."
                ),
                said.before,
            ),
            Act::Loose(Named::Taken) | Act::Forked => chain(
                Cause::Forked,
                format!(
                    "Entry {name} names an entry that another follows too, in the branch of the ledger that goes further."
                ),
                None,
            ),
            Act::Loose(named) => {
                let what = if named == Named::Later { "comes after it" } else { "the file does not hold" };
                let message = format!(
                    "Entry {name} names an entry that {what}, and its own hash does not bear that out: what came before it is not known."
                );
                let mut findings = chain(Cause::Unknown, message, said.before);
                // What is not followed has no hash but what it says itself.
                if self.judgement.is_followed(said.entry) {
                    findings.push(fetched.tampered(&name, &place, None));
                }
                findings
            }
            Act::Doubled(1) => {
                counted(1, chain(Cause::Duplicated, format!("Entry {name} stands a second time."), None))
            }
            Act::Doubled(n) => {
                let message = format!("{n} entries in a row, {name} the first of them, stand a second time.");
                counted(n, chain(Cause::Duplicated, message, None))
            }
            Act::Beyond(which) => vec![fetched.beyond(&name, &place, which)],
            Act::Amounts => vec![fetched.amounts(&name, &place)],
            Act::IdUsedTwice => {
                let message = format!("An earlier entry has the id {name} too.");
                vec![content_finding(ErrorType::DuplicateTransactionId, message, &place, shown)]
            }
        }
    }

    fn warnings(&self) -> Vec<Warning> {
        let mut warnings: Vec<Warning> = self.judgement.earlier.first.iter().map(|pair| self.earlier(*pair)).collect();
        if self.judgement.facts.len() > 0 {
            let fields: Vec<String> =
                UNPROTECTED.iter().map(|key| (*key).to_owned()).chain(self.extra.iter().cloned()).collect();
            let message =
                "The original ledger's hash leaves these fields out: an edit in them cannot be seen.".to_owned();
            warnings.push(Warning { fields: Some(fields), ..Warning::new(WarningType::UnprotectedFields, message) });
        }
        let moved = |(before, entry): (u32, u32)| self.judgement.line_of(entry) < self.judgement.line_of(before);
        if self.judgement.links.is_some() && self.judgement.followers().any(moved) {
            let message =
                "The file has another order than the ledger; the links between its entries gave the ledger's."
                    .to_owned();
            warnings.push(Warning::new(WarningType::OrderRecovered, message));
        }
        warnings
    }

    fn earlier(&self, (before, entry): (u32, u32)) -> Warning {
        let id = self.id_of(entry);
        let time = |entry: u32| time_text(self.judgement.facts.get(entry as usize).time_ms);
        let (now, then) = (time(entry), time(before));
        let name = id.clone().unwrap_or_default();
        Warning {
            line: Some(self.judgement.line_of(entry)),
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

/// The first entry of the ledger, made to name another: no hash stood there.
fn relinked_start(name: &str, place: &Place, shown: &Shown) -> Finding {
    let message = format!(
        "Only previous_hash of entry {name} was changed: with the {START} of the ledger's first entry, its content gives its own hash."
    );
    let mut relinked = chain_finding(Cause::Relinked, message, place, shown, None);
    relinked.expected = Some(START.into());
    if let Some(details) = &mut relinked.hash_mismatch_details {
        details.expected = Some(START.to_owned());
    }
    relinked
}

/// `all`: whether every entry was judged by itself; `is_ledger`: whether every one is taken for one of the ledger.
fn coverage(all: bool, is_ledger: bool) -> Coverage {
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
    if !is_ledger {
        gaps.push((
            "the ids of what stands beside the ledger",
            "they may have been given to it to accuse another entry",
        ));
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
