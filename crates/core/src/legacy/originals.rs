//! What a changed entry of format 1 said before.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::amounts::is_decimal128;
use super::document::{Document, HASHED, key, write_texts};
use crate::grammar;
use crate::hash::Hash;
use crate::money::Amount;
use crate::recovery::{Budget, Form, LONGEST, Lexicon, Message, Role, length, modified, see};
use crate::report::{Coverage, ModifiedField};
use crate::timestamp::Timestamp;

/// The keys that are hashed, beside the link.
static ENTRY: Form = Form {
    fields: &[
        (Role::Id, "transaction_id"),
        (Role::Sender, "sender_id"),
        (Role::Receiver, "receiver_id"),
        (Role::Gross, "amount_gross"),
        (Role::Tax, "tax_withheld"),
        (Role::Net, "amount_net"),
        (Role::Currency, "currency"),
        (Role::Kind, "type"),
        (Role::Time, "createdAt"),
    ],
    fits,
    amount,
    written: &[
        |amount| amount.to_string(),
        |amount| amount.to_decimal().normalize().to_string(),
        |amount| amount.to_decimal().round_dp(2).to_string(),
    ],
};

/// The search for originals, through the second reading and after it.
#[derive(Debug)]
pub(super) struct Originals {
    budget: Budget,
    lexicon: Lexicon,
    /// By line, what stands in entries that do not give their hash.
    changed: BTreeMap<u64, Option<Changed>>,
}

/// An entry that does not give its hash.
#[derive(Debug)]
struct Changed {
    texts: [Option<String>; 9],
    values: [serde_json::Value; 9],
    /// Which are of the type that the ledger writes.
    right: [bool; 9],
    previous: String,
    current: Option<Hash>,
}

impl Originals {
    /// Of the entries on these lines, among so many candidates.
    pub(super) fn new(candidates: u64, lines: impl Iterator<Item = u64>) -> Self {
        let changed = lines.map(|line| (line, None)).collect();
        Self { budget: Budget::new(candidates), lexicon: Lexicon::default(), changed }
    }

    /// Whether any are sought, so that every line tells something.
    pub(super) fn are_sought(&self) -> bool {
        !self.changed.is_empty()
    }

    /// Takes note of a line.
    pub(super) fn see(&mut self, line: u64, document: &Document<'_>) {
        let Lexicon { accounts, kinds, currencies, .. } = &mut self.lexicon;
        for (names, i) in [(accounts, key::SENDER_ID), (kinds, key::TYPE), (currencies, key::CURRENCY)] {
            see(names, document.hashed_text(i).as_deref());
        }
        see(&mut self.lexicon.accounts, document.hashed_text(key::RECEIVER_ID).as_deref());
        if let Some(changed) = self.changed.get_mut(&line) {
            *changed = Changed::of(document);
        }
    }

    /// What the entry on a line said before, where its hash is confirmed; the times are those of its neighbours in
    /// the ledger.
    pub(super) fn of(
        &mut self,
        line: u64,
        confirmed: bool,
        before: Option<Timestamp>,
        after: Option<Timestamp>,
    ) -> Option<Vec<ModifiedField>> {
        let changed = self.changed.remove(&line).flatten()?;
        let Some(target) = changed.current.filter(|_| confirmed) else {
            self.budget.pass_over();
            return None;
        };
        let found = changed.texts.each_ref().map(Option::as_deref);
        let write = |texts: &[Option<&str>], out: &mut Vec<u8>| write_texts(texts, &changed.previous, out);
        let message = Message { form: &ENTRY, found: &found, before, after, block: None, lexicon: &self.lexicon };
        let none = std::iter::empty();
        let change = self.budget.spend(&write, &found, target, |search| message.attempt(search, none));
        self.budget.count(change.is_some());
        let mut modified = modified(&ENTRY, &found, &change?);
        for (at, (_, name)) in ENTRY.fields.iter().enumerate() {
            match modified.iter_mut().find(|field| field.field == *name) {
                Some(field) => field.found = changed.values[at].clone(),
                // Its text is right, and it is of another type than the ledger writes.
                None if !changed.right[at] => modified.insert(
                    modified.iter().take_while(|field| place(&field.field) < at).count(),
                    ModifiedField {
                        field: (*name).to_owned(),
                        found: changed.values[at].clone(),
                        original: found[at].into(),
                        proven: true,
                    },
                ),
                None => {}
            }
        }
        Some(modified)
    }

    /// Says how the search ended, where there was one.
    pub(super) fn cover(&self, coverage: &mut Coverage) {
        self.budget.cover(coverage);
    }
}

impl Changed {
    /// Nothing of what is longer than any entry.
    fn of(document: &Document<'_>) -> Option<Self> {
        let places = [0, 1, 2, 3, 4, 5, 6, 7, key::CREATED_AT];
        debug_assert_eq!(places.len() + 1, HASHED.len());
        let text = |i: usize| document.hashed_text(i).unwrap_or_default();
        let texts = places.map(|i| document.hashed_text(i));
        let short = length(&texts.each_ref().map(Option::as_deref)) + text(key::PREVIOUS_HASH).len() <= LONGEST;
        short.then(|| Self {
            texts,
            values: places.map(|i| document.value(i)),
            right: places.map(|i| document.is_right(i)),
            previous: text(key::PREVIOUS_HASH),
            current: Hash::parse(&text(key::CURRENT_HASH)),
        })
    }
}

/// Where a field stands.
fn place(name: &str) -> usize {
    ENTRY.fields.iter().position(|(_, field)| *field == name).unwrap_or_default()
}

/// Whether the first system can have written a text there.
fn fits(role: Role, text: &str) -> bool {
    match role {
        Role::Id => grammar::uuid(text).is_some(),
        Role::Time => Timestamp::parse(text.as_bytes()).is_some(),
        Role::Sender | Role::Receiver => grammar::is_hex(text, 24),
        Role::Gross | Role::Tax | Role::Net => is_decimal128(text),
        Role::Currency => grammar::is_currency(text),
        _ => !text.is_empty(),
    }
}

/// An amount of at most four decimals.
fn amount(text: &str) -> Option<Amount> {
    let units = Decimal::from_str_exact(text).ok()?.checked_mul(Decimal::from(10_000))?.normalize();
    (units.scale() == 0).then(|| u64::try_from(units.mantissa()).ok().and_then(Amount::from_ten_thousandths)).flatten()
}
