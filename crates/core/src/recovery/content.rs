//! The original content of an entry of format 2 that does not give the hash that the chain holds for it.

use std::ops::ControlFlow;

use super::amounts::{self, Amounts};
use super::lexicon::Lexicon;
use super::search::{Budget, Change, Search};
use super::slips::slips;
use super::texts::{
    CURRENCY, FIELDS, GROSS, KIND, NET, OPERATOR, PERSONAL_HASH, RECEIVER, REFERENCE, SENDER, TAX, TAX_TYPE, TIME,
    alphabet, is_grammatical, texts, with_texts,
};
use crate::economy::Kind;
use crate::entry::Entry;
use crate::export::strict::OwnedEntry;
use crate::grammar::{NO_CURRENCY, SYSTEM, TREASURY};
use crate::hash::Hash;
use crate::money::Amount;
use crate::names::Names;
use crate::report::ModifiedField;
use crate::segment::id_text;
use crate::timestamp::Timestamp;

/// Most texts of one field that are tried together with those of another.
const MOST_IN_PAIRS: usize = 2_000;
/// Longest time between the neighbours of which every second is tried, and every millisecond.
const MOST_SECONDS: i64 = 2 * 24 * 60 * 60;
const MOST_MILLISECONDS: i64 = 300_000;
/// The types of the ledger.
const KINDS: [&str; 14] = [
    "TRANSFER",
    "WORK",
    "SALARY",
    "MARKET_BUY",
    "MARKET_SELL",
    "REWARD",
    "REFUND",
    "SYSTEM_MINT",
    "SYSTEM_BURN",
    "TAX_COLLECTION",
    "TAX_WITHDRAWAL",
    "ACCOUNT_FREEZE",
    "ACCOUNT_UNFREEZE",
    "ERASURE",
];
const TAX_TYPES: [&str; 3] = ["transfer_tax", "income_tax", "vat"];
/// Rates of the default policy, in ten-thousandths.
const RATES: [u32; 4] = [500, 1000, 1500, 0];

/// A changed entry, and what is known beside it.
pub(crate) struct Suspect<'a> {
    pub(crate) entry: &'a Entry<'a>,
    /// Its place in the ledger, and the hash that the entry before it has.
    pub(crate) seq: u64,
    pub(crate) previous: &'a str,
    pub(crate) target: Hash,
    /// When the entry before it was, and the one after it.
    pub(crate) before: Option<Timestamp>,
    pub(crate) after: Option<Timestamp>,
}

/// An entry as it was, and which of its texts were changed, in key order.
#[derive(Clone, Debug)]
pub(crate) struct Original {
    pub(crate) entry: OwnedEntry,
    pub(crate) modified: Vec<ModifiedField>,
}

/// Searches for what gives `target`; `ids` are those of earlier entries, the nearest first.
pub(crate) fn original_content(
    suspect: &Suspect<'_>,
    lexicon: &Lexicon,
    ids: impl Iterator<Item = u128>,
    budget: &mut Budget,
) -> Option<Original> {
    let found = texts(suspect.entry);
    let write = |texts: &[Option<&str>], out: &mut Vec<u8>| {
        with_texts(suspect.entry, texts).write_preimage_at(suspect.seq, suspect.previous, out);
    };
    let candidates = Candidates { suspect, lexicon, found: &found };
    let change = budget.spend(&write, &found, suspect.target, |search| candidates.attempt(search, ids))?;
    original(suspect, &found, &change)
}

/// What a change makes of an entry; nothing where the rest of it cannot have been in a ledger.
fn original(suspect: &Suspect<'_>, found: &[Option<&str>], change: &Change) -> Option<Original> {
    let mut texts = found.to_vec();
    change.iter().for_each(|(at, text)| texts[*at] = text.as_deref());
    let entry = Entry { seq: suspect.seq, ..with_texts(suspect.entry, &texts) };
    Entry { personal: None, ..entry.clone() }.check().ok()?;
    let mut changed: Vec<usize> = change.iter().map(|(at, _)| *at).filter(|at| texts[*at] != found[*at]).collect();
    changed.sort_unstable();
    let modified = |at: usize| ModifiedField {
        field: FIELDS[at].to_owned(),
        found: found[at].into(),
        original: texts[at].into(),
        proven: true,
    };
    Some(Original { modified: changed.into_iter().map(modified).collect(), entry: OwnedEntry::from(&entry) })
}

struct Candidates<'a> {
    suspect: &'a Suspect<'a>,
    lexicon: &'a Lexicon,
    found: &'a [Option<&'a str>],
}

impl Candidates<'_> {
    /// All of them, the cheapest first.
    fn attempt(&self, search: &mut Search<'_>, ids: impl Iterator<Item = u128>) -> ControlFlow<()> {
        self.suggested_amounts().try_for_each(|amounts| search.attempt(of_amounts(&amounts)))?;
        (0..FIELDS.len()).try_for_each(|at| search.each(at, self.known(at)))?;
        search.attempt(vec![(SENDER, self.own(RECEIVER)), (RECEIVER, self.own(SENDER))])?;
        (0..FIELDS.len()).try_for_each(|at| search.each(at, self.slips(at)))?;
        search.each(TIME, self.times(1000, MOST_SECONDS))?;
        search.each(TIME, self.times(1, MOST_MILLISECONDS))?;
        search.each(REFERENCE, ids.map(id_text).map(Some))?;
        let rates = self.rates();
        amounts::at_rates(&rates).try_for_each(|amounts| search.attempt(of_amounts(&amounts)))?;
        self.pairs(search)
    }

    fn own(&self, at: usize) -> Option<String> {
        self.found[at].map(str::to_owned)
    }

    fn amounts(&self) -> [Option<Amount>; 3] {
        [GROSS, TAX, NET].map(|at| self.found[at].and_then(|text| Amount::parse(text.as_bytes())))
    }

    /// The rate of its type by default, that of the amounts found, and the others of the default policy.
    fn rates(&self) -> Vec<u32> {
        let by_type = self.found[KIND].and_then(Kind::parse).and_then(Kind::default_tax).map(|(rate, _)| rate);
        let mut rates: Vec<u32> = Vec::with_capacity(RATES.len() + 2);
        for rate in by_type.into_iter().chain(self.rate_found()).chain(RATES) {
            if !rates.contains(&rate) {
                rates.push(rate);
            }
        }
        rates
    }

    fn rate_found(&self) -> Option<u32> {
        let [gross, tax, _] = self.amounts();
        let (gross, tax) = (u128::from(gross?.ten_thousandths()), u128::from(tax?.ten_thousandths()));
        u32::try_from((tax * 10_000 + gross / 2).checked_div(gross)?).ok().filter(|rate| *rate < 10_000)
    }

    fn suggested_amounts(&self) -> impl Iterator<Item = Amounts> {
        let found = self.amounts();
        amounts::from_two(found).chain(self.rates().into_iter().flat_map(move |rate| amounts::from_one(found, rate)))
    }

    /// What is known to stand in a field: in the file, or in any ledger.
    fn known(&self, at: usize) -> Box<dyn Iterator<Item = Option<String>> + '_> {
        let seen = self.lexicon;
        let (may_be_none, fixed, names): (bool, &[&str], Option<&Names>) = match at {
            KIND => (false, &KINDS, Some(&seen.kinds)),
            CURRENCY => (false, &[NO_CURRENCY], Some(&seen.currencies)),
            TAX_TYPE => (true, &TAX_TYPES, Some(&seen.tax_types)),
            SENDER | RECEIVER => (false, &[SYSTEM, TREASURY], Some(&seen.accounts)),
            OPERATOR => (true, &[], Some(&seen.operators)),
            REFERENCE => (true, &[], Some(&seen.references)),
            _ => (false, &[], None),
        };
        let of_block = (at == PERSONAL_HASH).then(|| self.suspect.entry.personal_content_hash()).flatten();
        let none = may_be_none.then_some(None).into_iter();
        let texts = fixed.iter().copied().chain(names.into_iter().flat_map(Names::iter)).map(str::to_owned);
        Box::new(none.chain(texts.chain(of_block.map(|hash| hash.to_string())).map(Some)))
    }

    fn slips(&self, at: usize) -> impl Iterator<Item = Option<String>> {
        let slips = self.found[at].into_iter().flat_map(move |text| slips(text, alphabet(at)));
        slips.filter(move |text| is_grammatical(at, text)).map(Some)
    }

    /// Times between the neighbours, a step in milliseconds apart; where one of them is not known or the two
    /// are far apart, around the time found.
    fn times(&self, step: i64, most: i64) -> impl Iterator<Item = Option<String>> {
        let found = self.found[TIME].and_then(|text| Timestamp::parse(text.as_bytes()));
        let near = found.or(self.suspect.before).or(self.suspect.after).map_or(0, Timestamp::millis);
        let half = step.saturating_mul(most) / 2;
        let start = self.suspect.before.map_or(i64::MIN, Timestamp::millis).max(near.saturating_sub(half));
        let end = self.suspect.after.map_or(i64::MAX, Timestamp::millis).min(near.saturating_add(half));
        let first = start.div_euclid(step);
        (first..=end.div_euclid(step)).map(move |n| Some(Timestamp::from_millis(n * step).to_string()))
    }

    /// What is known of two fields at once, those of which less is known first.
    fn pairs(&self, search: &mut Search<'_>) -> ControlFlow<()> {
        let mut known: Vec<(usize, Vec<Option<String>>)> =
            (0..FIELDS.len()).map(|at| (at, self.known(at).take(MOST_IN_PAIRS).collect())).collect();
        let amounts: Vec<Amounts> = self.suggested_amounts().collect();
        known.sort_by_key(|(_, texts)| texts.len());
        for (i, (at, texts)) in known.iter().enumerate() {
            for text in texts {
                for amounts in &amounts {
                    search.attempt([vec![(*at, text.clone())], of_amounts(amounts)].concat())?;
                }
                for (other, others) in &known[..i] {
                    others
                        .iter()
                        .try_for_each(|theirs| search.attempt(vec![(*at, text.clone()), (*other, theirs.clone())]))?;
                }
            }
        }
        ControlFlow::Continue(())
    }
}

fn of_amounts(amounts: &Amounts) -> Change {
    [GROSS, TAX, NET].into_iter().zip(amounts).map(|(at, amount)| (at, Some(amount.to_string()))).collect()
}
