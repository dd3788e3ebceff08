//! What a ledger's operator decides: currencies, rates, bounds.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::grammar::{NO_CURRENCY, is_currency, is_tax_type};
use crate::kind::Kind;
use crate::money::Amount;

/// A tax: its rate and the Treasury's bucket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tax {
    /// In ten-thousandths of gross: 500 is 5 %. At most 10,000.
    pub rate: u32,
    /// The bucket.
    pub tax_type: String,
}

/// What a ledger's operator decides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// The ledger's own list.
    pub currencies: BTreeSet<String>,
    /// By type, where it is not FORMAT.md's default; X_ types are not taxed unless they stand here.
    pub taxes: BTreeMap<String, Tax>,
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
            taxes: BTreeMap::new(),
            least: Amount::LEAST,
            most: Amount::from_ten_thousandths(9_999_999_999_999).unwrap_or_default(),
        }
    }
}

/// Whether what a type moves was paid before: how much of what there is, the earlier entry or the bucket says.
const fn gives_back(kind: Kind) -> bool {
    matches!(kind, Kind::Refund | Kind::TaxWithdrawal)
}

/// A rate of 100 %, in ten-thousandths.
pub(super) const WHOLE: u32 = 10_000;

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
        // Where a type moves money, gross is not zero.
        if self.least == Amount::ZERO || self.least > self.most {
            return Err(format!(
                "least is {} and most {}: least is above zero, and not above most",
                self.least, self.most
            ));
        }
        for (name, tax) in &self.taxes {
            let kind = Kind::parse(name).ok_or_else(|| format!("there is no type {name:?}"))?;
            let taxable = matches!(kind, Kind::Application) || kind.default_tax().is_some_and(|(rate, _)| rate > 0);
            if !taxable && tax.rate > 0 {
                return Err(format!("{name} is never taxed"));
            }
            if tax.rate > WHOLE || !is_tax_type(&tax.tax_type) {
                return Err(format!("{name}: a rate is at most {WHOLE}, a tax_type 2 to 32 of a-z 0-9 _"));
            }
        }
        Ok(())
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

    /// The rate and the bucket of a type.
    pub(super) fn tax<'a>(&'a self, name: &str, kind: Kind) -> (u32, &'a str) {
        let own = self.taxes.get(name).map(|tax| (tax.rate, tax.tax_type.as_str()));
        own.or(kind.default_tax()).unwrap_or((0, ""))
    }
}
