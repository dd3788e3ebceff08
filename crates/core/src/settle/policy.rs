//! What a ledger's operator decides: currencies, rates, bounds.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::grammar::{NO_CURRENCY, is_currency};
use crate::kind::Kind;
use crate::limits::MAX_CURRENCIES;
use crate::money::Amount;
use crate::taxes::Taxes;

/// What a ledger's operator decides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// The ledger's own list.
    pub currencies: BTreeSet<String>,
    /// By type, where it is not FORMAT.md's default; X_ types are not taxed unless they stand here.
    pub taxes: Taxes,
    /// Least amount of an order. What goes back or out of what was paid before, REFUND and TAX_WITHDRAWAL, is held to
    /// neither bound and may be of any currency that was used: they may have been others then.
    pub least: Amount,
    /// Most; likewise.
    pub most: Amount,
}

impl Default for Policy {
    /// EURO, GOLD and RON, the default rates, amounts from 0.0001 to 999,999,999.9999.
    fn default() -> Self {
        Self {
            currencies: ["EURO", "GOLD", "RON"].map(str::to_owned).into(),
            taxes: Taxes::default(),
            least: Amount::LEAST,
            most: Amount::from_ten_thousandths(9_999_999_999_999).unwrap_or_default(),
        }
    }
}

/// Whether what a type moves was paid before: how much of what there is, the earlier entry or the bucket says.
const fn gives_back(kind: Kind) -> bool {
    matches!(kind, Kind::Refund | Kind::TaxWithdrawal)
}

impl Policy {
    /// The first rule that it breaks: rates of types that are never taxed, names off their grammar, amounts of
    /// nothing.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn check(&self) -> Result<(), String> {
        if let Some(bad) = self.currencies.iter().find(|c| !is_currency(c) || *c == NO_CURRENCY) {
            return Err(format!("{bad:?} is no currency: 3 to 12 of A-Z 0-9, a letter first, and not XXX"));
        }
        if self.currencies.len() > MAX_CURRENCIES {
            return Err(format!("{} currencies, where {MAX_CURRENCIES} are the most", self.currencies.len()));
        }
        // Where a type moves money, gross is not zero.
        if self.least == Amount::ZERO || self.least > self.most {
            return Err(format!(
                "least is {} and most {}: least is above zero, and not above most",
                self.least, self.most
            ));
        }
        self.taxes.check()
    }

    /// Whether money of a type may be of this currency.
    pub(super) fn knows(&self, currency: &str, kind: Kind) -> bool {
        let is_one = || is_currency(currency) && currency != NO_CURRENCY;
        self.currencies.contains(currency) || (gives_back(kind) && is_one())
    }

    /// Least and most amount of a type.
    pub(super) fn bounds(&self, kind: Kind) -> (Amount, Amount) {
        if gives_back(kind) { (Amount::LEAST, Amount::MAX) } else { (self.least, self.most) }
    }
}
