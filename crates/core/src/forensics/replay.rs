//! The economy replayed in the order of the genuine ledger. Only what the hashes vouch for is judged.

use std::collections::{BTreeMap, BTreeSet};

use super::finding::{Place, Shown, content_finding};
use super::gaps::{TOO_MANY, UNKNOWN};
use super::listing::Listing;
use crate::balances::Balances;
use crate::economy;
use crate::entry::{Entry, Values};
use crate::export::strict::OwnedEntry;
use crate::index::Index;
use crate::kind::{Kind, Party};
use crate::limits::MAX_DISPLACED;
use crate::money::Sum;
use crate::movement::Movement;
use crate::report::{ErrorType, Finding};
use crate::segment::{EndEntry, Note, NoteAt, Notes};
use crate::taxes::Taxes;

/// What stands at a `seq` of the genuine ledger.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "of nearly every entry the content is known")]
enum Event {
    Entry(Box<OwnedEntry>, Values, Place),
    /// An entry whose content is not known.
    Unknown,
}

/// The state of the ledger at the entry that comes next.
#[derive(Debug)]
pub(crate) struct Replay {
    pub(crate) balances: Balances,
    pub(crate) index: Index,
    /// Why balances are no longer judged.
    pub(crate) stopped: Option<&'static str>,
    /// Whether an entry is gone, or its content not known.
    pub(crate) misses_any: bool,
    pub(crate) findings: Listing<Finding>,
    pub(crate) notes: Notes,
    taxes: Option<Taxes>,
    /// `seq` of the entry that comes next.
    next: u64,
    /// Entries that stand in the file before their turn.
    early: BTreeMap<u64, Event>,
    /// Runs of `seq` that are gone.
    gaps: BTreeMap<u64, u64>,
    last: Option<EndEntry>,
    negative: BTreeSet<(bool, String, String)>,
    lines_before: u64,
}

impl Replay {
    /// `gaps`: first and last `seq` of what is gone; `lines_before`: lines of the file before the segment.
    pub(crate) fn new(
        first_seq: u64,
        gaps: BTreeMap<u64, u64>,
        stopped: Option<&'static str>,
        lines_before: u64,
        taxes: Option<Taxes>,
    ) -> Self {
        Self {
            balances: Balances::default(),
            index: Index::default(),
            stopped,
            misses_any: false,
            findings: Listing::default(),
            notes: Notes::default(),
            taxes,
            next: first_seq,
            early: BTreeMap::new(),
            gaps,
            last: None,
            negative: BTreeSet::new(),
            lines_before,
        }
    }

    /// An entry whose content the hashes vouch for.
    pub(crate) fn entry(&mut self, seq: u64, entry: &Entry<'_>, values: &Values, place: &Place) {
        self.skip_gaps();
        if seq == self.next {
            self.apply(entry, values, place);
            self.next += 1;
            self.catch_up();
        } else {
            self.wait(seq, Event::Entry(Box::new(OwnedEntry::from(entry)), *values, place.clone()));
        }
    }

    /// An entry whose content is not known.
    pub(crate) fn unknown(&mut self, seq: u64) {
        self.skip_gaps();
        if seq == self.next {
            self.stop(UNKNOWN);
            self.next += 1;
            self.catch_up();
        } else {
            self.wait(seq, Event::Unknown);
        }
    }

    /// Whatever still waits.
    pub(crate) fn finish(&mut self) {
        self.catch_up();
        while let Some((seq, event)) = self.early.pop_first() {
            self.stop(UNKNOWN);
            self.next = seq + 1;
            self.happen(&event);
        }
    }

    fn wait(&mut self, seq: u64, event: Event) {
        if self.early.len() < MAX_DISPLACED {
            self.early.insert(seq, event);
        } else {
            self.stop(TOO_MANY);
        }
    }

    fn stop(&mut self, why: &'static str) {
        self.misses_any |= why == UNKNOWN;
        self.stopped.get_or_insert(why);
    }

    fn skip_gaps(&mut self) {
        while let Some(last) = self.gaps.remove(&self.next) {
            self.stop(UNKNOWN);
            self.next = last + 1;
        }
    }

    fn catch_up(&mut self) {
        self.skip_gaps();
        while let Some(event) = self.early.remove(&self.next) {
            self.happen(&event);
            self.next += 1;
            self.skip_gaps();
        }
    }

    fn happen(&mut self, event: &Event) {
        match event {
            Event::Entry(entry, values, place) => self.apply(&entry.entry(), values, place),
            Event::Unknown => self.stop(UNKNOWN),
        }
    }

    fn apply(&mut self, entry: &Entry<'_>, values: &Values, place: &Place) {
        let Some(kind) = Kind::parse(entry.kind) else { return };
        let before = self.findings.total();
        self.judge_rules(entry, values, kind, place);
        if self.stopped.is_none() {
            self.judge_freezes(entry, values, kind, place);
        }
        let movement = Movement::of(entry, values, kind);
        let numbers = self.balances.apply(&movement);
        if self.balances.overflown() {
            self.stop(TOO_MANY);
        }
        let line = place.line - self.lines_before;
        self.index.add(line, &movement, numbers);
        if self.stopped.is_none() {
            self.judge_funds(entry, place);
        }
        self.note(entry, values, kind, line, self.findings.total() == before);
    }

    fn find(
        &mut self,
        error: ErrorType,
        message: String,
        entry: &Entry<'_>,
        place: &Place,
        more: impl FnOnce(&mut Finding),
    ) {
        self.findings.add(error, || {
            let mut finding = content_finding(error, message, place, &Shown::from(entry));
            more(&mut finding);
            finding
        });
    }

    fn judge_rules(&mut self, entry: &Entry<'_>, values: &Values, kind: Kind, place: &Place) {
        if let Some(rule) = economy::broken_rule(entry, values, kind) {
            let message = format!("Entry {} breaks a rule of its type {}: {rule}.", entry.seq, entry.kind);
            self.find(ErrorType::TypeRuleBroken, message, entry, place, |f| f.rule = Some(rule.to_owned()));
        }
        // A broken rule is not to hide money that comes from nowhere.
        if !economy::adds_up(values) {
            let (gross, tax, net) = (entry.amount_gross, entry.tax_withheld, entry.amount_net);
            let message = format!("Entry {}: gross {gross} is not tax {tax} plus net {net}.", entry.seq);
            let sum = (Sum::from(values.tax) + Sum::from(values.net)).to_string();
            self.find(ErrorType::AmountMismatch, message, entry, place, |f| {
                (f.expected, f.found) = (Some(sum.into()), Some(gross.into()));
            });
        }
    }

    fn judge_freezes(&mut self, entry: &Entry<'_>, values: &Values, kind: Kind, place: &Place) {
        let frozen = |account: &str| self.balances.is_frozen(account);
        let rule = match kind {
            Kind::AccountFreeze if frozen(entry.receiver_id) => Some("what is frozen cannot be frozen again"),
            Kind::AccountUnfreeze if !frozen(entry.receiver_id) => Some("what is not frozen cannot be unfrozen"),
            _ => None,
        };
        let (from, to) = (Party::of(entry.sender_id), Party::of(entry.receiver_id));
        let (sends, receives) = economy::blocked_by_freeze(from, to, values.gross);
        let moved = [(sends, entry.sender_id, "sends"), (receives, entry.receiver_id, "receives")]
            .map(|(blocked, account, does)| (blocked && frozen(account)).then_some((account, does)));
        if let Some(rule) = rule {
            let message = format!("Entry {}: {rule} ({}).", entry.seq, entry.receiver_id);
            self.find(ErrorType::TypeRuleBroken, message, entry, place, |f| f.rule = Some(rule.to_owned()));
        }
        for (account, does) in moved.into_iter().flatten() {
            let message = format!(
                "{account} {does} {} {} in entry {} while it is frozen.",
                entry.amount_gross, entry.currency, entry.seq
            );
            self.find(ErrorType::FrozenAccountMoved, message, entry, place, |f| f.account = Some(account.to_owned()));
        }
    }

    fn judge_funds(&mut self, entry: &Entry<'_>, place: &Place) {
        let currency = entry.currency;
        match (Party::of(entry.sender_id), entry.tax_type) {
            (Party::User, _) => {
                let (account, balance) = (entry.sender_id, self.balances.balance(entry.sender_id, currency));
                if balance < Sum::ZERO && self.negative.insert((false, account.to_owned(), currency.to_owned())) {
                    let message = format!("After entry {} {account} has {balance} {currency}.", entry.seq);
                    self.find(ErrorType::BalanceNegative, message, entry, place, |f| {
                        (f.account, f.currency) = (Some(account.to_owned()), Some(currency.to_owned()));
                        f.found = Some(balance.to_string().into());
                    });
                }
            }
            (Party::Treasury, Some(bucket)) => {
                let held = self.balances.collected(bucket, currency);
                if held < Sum::ZERO && self.negative.insert((true, bucket.to_owned(), currency.to_owned())) {
                    let message = format!("After entry {} the bucket {bucket} has {held} {currency}.", entry.seq);
                    self.find(ErrorType::TreasuryNegative, message, entry, place, |f| {
                        (f.tax_type, f.currency) = (Some(bucket.to_owned()), Some(currency.to_owned()));
                        f.found = Some(held.to_string().into());
                    });
                }
            }
            _ => {}
        }
    }

    fn note(&mut self, entry: &Entry<'_>, values: &Values, kind: Kind, line: u64, flawless: bool) {
        let place = EndEntry { id: values.id, time_ms: values.time.millis(), line, seq: entry.seq };
        let earlier = self.last.filter(|last| place.time_ms < last.time_ms);
        let earlier = earlier.map(|last| Note::Earlier { before_ms: last.time_ms });
        let other = economy::other_than_policy(entry, values, kind, self.taxes.as_ref()).filter(|_| flawless);
        let other = other.map(|expected| Note::other_tax(entry, values, expected));
        earlier.into_iter().chain(other).for_each(|note| self.notes.push(NoteAt { entry: place, note }));
        self.last = Some(place);
    }
}
