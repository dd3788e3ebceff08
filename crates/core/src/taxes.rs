//! What is withheld of each type: FORMAT.md's table, and what a ledger's operator, or its auditor, says otherwise.

use std::collections::BTreeMap;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::grammar::is_tax_type;
use crate::kind::Kind;

/// A tax: its rate and the Treasury's bucket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tax {
    /// In ten-thousandths of gross: 500 is 5 %. At most 10,000.
    #[serde(deserialize_with = "rate")]
    pub rate: u32,
    /// The bucket.
    pub tax_type: String,
}

/// Says in the words of whoever writes tables what a rate is.
fn rate<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let rate = u32::deserialize(deserializer);
    rate.map_err(|_| D::Error::custom("a rate is a whole number of ten-thousandths, 350 for 3.5 %"))
}

/// Taxes by type, where they are not FORMAT.md's default; X_ types are not taxed unless they stand here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Taxes(BTreeMap<String, Tax>);

/// A rate of 100 %, in ten-thousandths.
pub(crate) const WHOLE: u32 = 10_000;
/// Longest table that is read, in bytes.
pub const MAX_TABLE: usize = 1 << 20;

impl Taxes {
    /// Reads a table from JSON: `{"TRANSFER": {"rate": 500, "tax_type": "transfer_tax"}}`.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn parse(json: &str) -> Result<Self, String> {
        if json.len() > MAX_TABLE {
            return Err(format!("longer than {MAX_TABLE} bytes"));
        }
        let taxes: Self = serde_json::from_str(json).map_err(|error| error.to_string())?;
        taxes.check()?;
        Ok(taxes)
    }

    /// Says what a type is taxed.
    pub fn set(&mut self, kind: impl Into<String>, tax: Tax) {
        self.0.insert(kind.into(), tax);
    }

    /// How many types it says something of.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether it leaves every type as FORMAT.md has it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The first rule that it breaks: rates of types that are never taxed, names off their grammar.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn check(&self) -> Result<(), String> {
        for (name, tax) in &self.0 {
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

    /// The rate and the bucket of a type.
    #[must_use]
    pub fn of<'a>(&'a self, name: &str, kind: Kind) -> (u32, &'a str) {
        let own = self.0.get(name).map(|tax| (tax.rate, tax.tax_type.as_str()));
        own.or(kind.default_tax()).unwrap_or((0, ""))
    }

    /// Everything that it says, by type.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Tax)> {
        self.0.iter().map(|(name, tax)| (name.as_str(), tax))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_read_whole_or_not_at_all() {
        let taxes = Taxes::parse(r#"{"X_TIP":{"rate":1000,"tax_type":"tips"},"TRANSFER":{"rate":0,"tax_type":"vat"}}"#);
        let taxes = taxes.unwrap();
        assert_eq!(taxes.of("X_TIP", Kind::Application), (1000, "tips"));
        assert_eq!(taxes.of("X_GIFT", Kind::Application), (0, ""));
        assert_eq!(taxes.of("TRANSFER", Kind::Transfer), (0, "vat"));
        assert_eq!(taxes.of("WORK", Kind::Work), (1500, "income_tax"));
        for (wrong, why) in [
            ("[]", "invalid type"),
            (r#"{"TRANSFER":{"rate":5}}"#, "missing field `tax_type`"),
            (
                r#"{"TRANSFER":{"rate":5.5,"tax_type":"vat"}}"#,
                "a rate is a whole number of ten-thousandths, 350 for 3.5 % at line 1 column",
            ),
            (r#"{"TRANSFER":{"rate":5,"tax_type":"vat","from":1}}"#, "unknown field `from`"),
            (r#"{"transfer":{"rate":5,"tax_type":"vat"}}"#, "there is no type \"transfer\""),
            (r#"{"REFUND":{"rate":5,"tax_type":"vat"}}"#, "REFUND is never taxed"),
            (r#"{"TRANSFER":{"rate":10001,"tax_type":"vat"}}"#, "a rate is at most 10000"),
            (r#"{"TRANSFER":{"rate":5,"tax_type":"VAT"}}"#, "a tax_type 2 to 32 of a-z 0-9 _"),
        ] {
            let error = Taxes::parse(wrong).unwrap_err();
            assert!(error.contains(why), "{wrong}: {error}");
        }
    }
}
