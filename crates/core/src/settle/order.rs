//! What somebody asks the ledger to do.

use serde::{Deserialize, Serialize};

use super::refusal::Refusal;
use crate::entry::{PERSONAL_MAX, REFERENCE_MAX};
use crate::grammar;
use crate::money::Amount;

/// One order. Its keys are those of the entry that it becomes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// A type of the ledger, or an application's own.
    #[serde(rename = "type")]
    pub kind: String,
    /// Who pays: an account, SYSTEM or TREASURY.
    pub sender_id: String,
    /// Who is paid.
    pub receiver_id: String,
    /// In what; absent where the type moves nothing.
    #[serde(default)]
    pub currency: Option<String>,
    /// How much is taken from the sender: digits with at most four decimals; absent where the type
    /// moves nothing, and of a REFUND where all that is left is paid back.
    #[serde(default)]
    pub amount: Option<String>,
    /// The Treasury's bucket, where the type does not say it: TAX_COLLECTION and TAX_WITHDRAWAL.
    #[serde(default)]
    pub tax_type: Option<String>,
    /// Who ordered it, where the type needs somebody.
    #[serde(default)]
    pub operator_id: Option<String>,
    /// What it refers to; of a REFUND or an ERASURE the `transaction_id` of an earlier entry.
    #[serde(default)]
    pub reference_id: Option<String>,
    /// Free text for the personal block; of a TAX_WITHDRAWAL, an ACCOUNT_FREEZE or an ACCOUNT_UNFREEZE the reason, which
    /// must be said.
    #[serde(default)]
    pub description: Option<String>,
    /// Where the order came from. A server sets it; a caller's word is not taken for it.
    #[serde(skip)]
    pub ip_address: Option<String>,
    /// What the caller says it is. A server sets it.
    #[serde(skip)]
    pub user_agent: Option<String>,
}

/// How much of what is no amount is shown, in characters.
const MAX_AMOUNT_TEXT: usize = 32;
const DECIMALS: usize = 4;

/// Reads an amount as callers write it: digits, and at most four decimals; no sign, no exponent.
pub(super) fn amount(text: &str, least: Amount, most: Amount) -> Result<Amount, Refusal> {
    let invalid = || Refusal::InvalidAmount { found: text.chars().take(MAX_AMOUNT_TEXT).collect() };
    let (whole, decimals) = text.split_once('.').map_or((text, None), |(whole, rest)| (whole, Some(rest)));
    let digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
    let well_formed = digits(whole) && decimals.is_none_or(|d| digits(d) && d.len() <= DECIMALS);
    if !well_formed {
        return Err(invalid());
    }
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        rest => rest,
    };
    let too_large = || Refusal::AmountTooLarge { most };
    let canonical = format!("{whole}.{:0<4}", decimals.unwrap_or(""));
    let amount = Amount::parse(canonical.as_bytes()).ok_or_else(too_large)?;
    match amount {
        amount if amount < least => Err(Refusal::AmountTooSmall { least }),
        amount if amount > most => Err(too_large()),
        amount => Ok(amount),
    }
}

impl Order {
    /// Holds what the order says to the grammar of an entry; the first field that breaks it.
    pub(super) fn check(&self) -> Result<(), Refusal> {
        let [_, _, description, ip_address, user_agent] = PERSONAL_MAX;
        let rules = [
            ("sender_id", grammar::is_id(&self.sender_id), AN_ID),
            ("receiver_id", grammar::is_id(&self.receiver_id), AN_ID),
            ("operator_id", self.operator_id.as_deref().is_none_or(grammar::is_id), AN_ID),
            ("tax_type", self.tax_type.as_deref().is_none_or(grammar::is_tax_type), "not 2 to 32 of a-z 0-9 _"),
            ("reference_id", is_text(self.reference_id.as_deref(), REFERENCE_MAX), A_TEXT),
            ("description", is_text(self.description.as_deref(), description), A_TEXT),
            ("ip_address", is_text(self.ip_address.as_deref(), ip_address), A_TEXT),
            ("user_agent", is_text(self.user_agent.as_deref(), user_agent), A_TEXT),
        ];
        let broken = rules.into_iter().find(|(_, holds, _)| !holds);
        broken.map_or(Ok(()), |(field, _, reason)| Err(Refusal::InvalidField { field, reason }))
    }
}

const AN_ID: &str = "not 1 to 64 of A-Z a-z 0-9 . _ : -";
const A_TEXT: &str = "empty, too long, or with a control or deceiving character";

fn is_text(text: Option<&str>, max: usize) -> bool {
    text.is_none_or(|text| grammar::is_text(text, max))
}
