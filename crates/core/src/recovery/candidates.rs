//! What the content of an entry of either format can have been, the likeliest and cheapest first.

use std::ops::ControlFlow;

use super::amounts::{self, Amounts};
use super::form::{Form, Role};
use super::lexicon::Lexicon;
use super::search::{Change, Search};
use super::slips::slips;
use crate::grammar::{NO_CURRENCY, SYSTEM, TREASURY};
use crate::hash::Hash;
use crate::kind::Kind;
use crate::money::Amount;
use crate::names::Names;
use crate::report::ModifiedField;
use crate::segment::id_text;
use crate::timestamp::Timestamp;

/// Most texts of one field that are tried together with those of another, before amounts that nothing suggests and
/// after them.
const FEW_IN_PAIRS: usize = 100;
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
const AMOUNTS: [Role; 3] = [Role::Gross, Role::Tax, Role::Net];

/// A changed message as it stands, and what is known beside it.
pub(crate) struct Message<'a> {
    pub(crate) form: &'static Form,
    pub(crate) found: &'a [Option<&'a str>],
    /// When the entry before it was, and the one after it.
    pub(crate) before: Option<Timestamp>,
    pub(crate) after: Option<Timestamp>,
    /// What the personal block gives.
    pub(crate) block: Option<Hash>,
    pub(crate) lexicon: &'a Lexicon,
}

/// Which fields a change makes other than they stand, in their order.
pub(crate) fn modified(form: &Form, found: &[Option<&str>], change: &Change) -> Vec<ModifiedField> {
    let mut changed: Vec<_> = change.iter().filter(|(at, text)| found[*at] != text.as_deref()).collect();
    changed.sort_unstable();
    let field = |(at, text): &(usize, Option<String>)| ModifiedField {
        field: form.fields[*at].1.to_owned(),
        found: found[*at].into(),
        original: text.clone().into(),
        proven: true,
    };
    changed.into_iter().map(field).collect()
}

impl Message<'_> {
    /// Tries all candidates; `ids` are those of earlier entries, the nearest first.
    pub(crate) fn attempt(&self, search: &mut Search<'_>, ids: impl Iterator<Item = u128>) -> ControlFlow<()> {
        let places = 0..self.form.fields.len();
        self.suggested_amounts().try_for_each(|amounts| self.attempt_amounts(search, amounts))?;
        places.clone().try_for_each(|at| search.each(at, self.known(at)))?;
        self.exchanged().map_or(ControlFlow::Continue(()), |change| search.attempt(change))?;
        places.clone().try_for_each(|at| self.attempt_slips(search, at))?;
        for (step, most) in [(1000, MOST_SECONDS), (1, MOST_MILLISECONDS)] {
            places.clone().try_for_each(|at| search.each(at, self.times(at, step, most)))?;
        }
        let reference = self.form.place(Role::Reference);
        reference.map_or(ControlFlow::Continue(()), |at| search.each(at, ids.map(id_text).map(Some)))?;
        self.pairs(search, FEW_IN_PAIRS)?;
        let rates = self.rates();
        amounts::at_rates(&rates).try_for_each(|amounts| self.attempt_amounts(search, amounts))?;
        self.pairs(search, MOST_IN_PAIRS)
    }

    fn role(&self, at: usize) -> Role {
        self.form.fields[at].0
    }

    fn text(&self, role: Role) -> Option<&str> {
        self.form.place(role).and_then(|at| self.found[at])
    }

    fn amounts(&self) -> [Option<Amount>; 3] {
        AMOUNTS.map(|role| self.text(role).and_then(self.form.amount))
    }

    /// The rate of its type by default, that of the amounts found, those of the auditor's table, and the others of the
    /// default policy.
    fn rates(&self) -> Vec<u32> {
        let by_type = self.text(Role::Kind).and_then(Kind::parse).and_then(Kind::default_tax).map(|(rate, _)| rate);
        let mut rates: Vec<u32> = Vec::with_capacity(RATES.len() + 2);
        for rate in by_type.into_iter().chain(self.rate_found()).chain(self.lexicon.rates.iter().copied()).chain(RATES)
        {
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

    fn attempt_amounts(&self, search: &mut Search<'_>, amounts: Amounts) -> ControlFlow<()> {
        self.written(amounts).try_for_each(|change| search.attempt(change))
    }

    /// Amounts in each way in which they may be written; one that stands there already, as it stands.
    fn written(&self, amounts: Amounts) -> impl Iterator<Item = Change> {
        let wanted =
            AMOUNTS.into_iter().zip(amounts).filter_map(|(role, amount)| Some((self.form.place(role)?, amount)));
        let others: Vec<_> =
            wanted.filter(|(at, amount)| self.found[*at].and_then(self.form.amount) != Some(*amount)).collect();
        self.form
            .written
            .iter()
            .map(move |write| others.iter().map(|(at, amount)| (*at, Some(write(*amount)))).collect())
    }

    /// Sender and receiver in each other's place.
    fn exchanged(&self) -> Option<Change> {
        let (sender, receiver) = (self.form.place(Role::Sender)?, self.form.place(Role::Receiver)?);
        let own = |at: usize| self.found[at].map(str::to_owned);
        Some(vec![(sender, own(receiver)), (receiver, own(sender))])
    }

    /// What is known to stand in a field: in the file, or in any ledger.
    fn known(&self, at: usize) -> Box<dyn Iterator<Item = Option<String>> + '_> {
        let seen = self.lexicon;
        let (may_be_none, fixed, names): (bool, &[&str], Option<&Names>) = match self.role(at) {
            Role::Kind => (false, &KINDS, Some(&seen.kinds)),
            Role::Currency => (false, &[NO_CURRENCY], Some(&seen.currencies)),
            Role::TaxType => (true, &TAX_TYPES, Some(&seen.tax_types)),
            Role::Sender | Role::Receiver => (false, &[SYSTEM, TREASURY], Some(&seen.accounts)),
            Role::Operator => (true, &[], Some(&seen.operators)),
            Role::Reference => (true, &[], Some(&seen.references)),
            Role::Id | Role::Time | Role::Gross | Role::Tax | Role::Net | Role::PersonalHash => (false, &[], None),
        };
        let of_block = self.block.filter(|_| self.role(at) == Role::PersonalHash);
        let none = may_be_none.then_some(None).into_iter();
        let texts = fixed.iter().copied().chain(names.into_iter().flat_map(Names::iter)).map(str::to_owned);
        let texts = texts.filter(move |text| (self.form.fits)(self.role(at), text));
        Box::new(none.chain(texts.chain(of_block.map(|hash| hash.to_string())).map(Some)))
    }

    fn attempt_slips(&self, search: &mut Search<'_>, at: usize) -> ControlFlow<()> {
        let (role, fits) = (self.role(at), self.form.fits);
        let slips = self.found[at].into_iter().flat_map(|text| slips(text, role.alphabet()));
        search.each_fitting(at, slips, |text| fits(role, text))
    }

    /// Times between the neighbours, a step in milliseconds apart; where one of them is not known or the two
    /// are far apart, around the time found.
    fn times(&self, at: usize, step: i64, most: i64) -> impl Iterator<Item = Option<String>> {
        let found = self.found[at].and_then(|text| Timestamp::parse(text.as_bytes()));
        let earliest = self.before.map_or(i64::MIN, Timestamp::millis);
        let latest = self.after.map_or(i64::MAX, Timestamp::millis);
        let near = found.or(self.before).or(self.after).map_or(0, Timestamp::millis).max(earliest).min(latest);
        let half = step.saturating_mul(most) / 2;
        let (start, end) = (earliest.max(near.saturating_sub(half)), latest.min(near.saturating_add(half)));
        let steps = start.div_euclid(step)..=end.div_euclid(step);
        let is_time = self.role(at) == Role::Time;
        let time = move |n: i64| Some(Timestamp::from_millis(n.saturating_mul(step)).to_string());
        steps.take_while(move |_| is_time).map(time)
    }

    /// What is known of two fields at once, those of which less is known first.
    fn pairs(&self, search: &mut Search<'_>, most: usize) -> ControlFlow<()> {
        let places = 0..self.form.fields.len();
        let known = |at: usize| self.known(at).take(most).collect();
        let mut known: Vec<(usize, Vec<Option<String>>)> = places.map(|at| (at, known(at))).collect();
        known.sort_by_key(|(_, texts)| texts.len());
        let amounts: Vec<Change> = self.suggested_amounts().flat_map(|amounts| self.written(amounts)).collect();
        for (i, (at, texts)) in known.iter().enumerate() {
            for text in texts {
                let with = |mut change: Change| {
                    change.push((*at, text.clone()));
                    change
                };
                amounts.iter().try_for_each(|change| search.attempt(with(change.clone())))?;
                let others =
                    known[..i].iter().flat_map(|(at, texts)| texts.iter().map(move |text| (*at, text.clone())));
                others.map(|other| with(vec![other])).try_for_each(|change| search.attempt(change))?;
            }
        }
        ControlFlow::Continue(())
    }
}
