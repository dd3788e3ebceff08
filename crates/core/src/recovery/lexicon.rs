//! What is seen elsewhere in a file, which is where the originals of changed texts mostly stand too.

use crate::balances::Balances;
use crate::entry::Entry;
use crate::names::Names;
use crate::taxes::Taxes;

/// Most texts kept of each kind, and most where they are long, which only free text is.
const MAX_KNOWN: usize = 10_000;
const MAX_KNOWN_LONG: usize = 1_000;
/// From how many bytes on a text is long, and how long one may be.
const LONG: usize = 129;
const LONGEST: usize = 2_000;

/// Texts by what they are for, each in the order of its first appearance.
#[derive(Debug, Default)]
pub(crate) struct Lexicon {
    pub(crate) accounts: Names,
    pub(crate) kinds: Names,
    pub(crate) currencies: Names,
    pub(crate) tax_types: Names,
    pub(crate) operators: Names,
    pub(crate) references: Names,
    pub(crate) usernames: Names,
    pub(crate) descriptions: Names,
    pub(crate) addresses: Names,
    pub(crate) agents: Names,
    /// Rates of the auditor's own table, in ten-thousandths.
    pub(crate) rates: Vec<u32>,
}

impl Lexicon {
    /// What the first reading of a file knows.
    pub(crate) fn of(balances: &Balances, taxes: Option<&Taxes>) -> Self {
        let mut lexicon = Self::default();
        balances.users().for_each(|(account, _)| see(&mut lexicon.accounts, Some(account)));
        balances.currencies().for_each(|currency| see(&mut lexicon.currencies, Some(currency)));
        balances.buckets().for_each(|tax_type| see(&mut lexicon.tax_types, Some(tax_type)));
        for (_, tax) in taxes.into_iter().flat_map(Taxes::iter) {
            see(&mut lexicon.tax_types, Some(&tax.tax_type));
            lexicon.rates.push(tax.rate);
        }
        lexicon
    }

    /// Remembers an entry's texts.
    pub(crate) fn see_entry(&mut self, entry: &Entry<'_>) {
        see(&mut self.accounts, Some(entry.sender_id));
        see(&mut self.accounts, Some(entry.receiver_id));
        see(&mut self.kinds, Some(entry.kind));
        see(&mut self.currencies, Some(entry.currency));
        see(&mut self.tax_types, entry.tax_type);
        see(&mut self.operators, entry.operator_id);
        see(&mut self.references, entry.reference_id);
        let Some(personal) = &entry.personal else { return };
        see(&mut self.usernames, personal.sender_username);
        see(&mut self.usernames, personal.receiver_username);
        see(&mut self.descriptions, personal.description);
        see(&mut self.addresses, personal.ip_address);
        see(&mut self.agents, personal.user_agent);
    }
}

/// Remembers a text, unless there are many already.
pub(crate) fn see(names: &mut Names, text: Option<&str>) {
    let Some(text) = text.filter(|text| text.len() <= LONGEST) else { return };
    let most = if text.len() < LONG { MAX_KNOWN } else { MAX_KNOWN_LONG };
    // One that finds no room is not looked for either.
    if names.len() < most {
        names.number(text, most);
    }
}
