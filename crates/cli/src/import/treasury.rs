//! The Treasury's document of the first system.

use std::collections::BTreeMap;

use countersign_core::books::Sums;
use countersign_core::grammar;
use countersign_core::money::Sum;

use super::document::{Document, Fault};

/// Where the buckets stand: one object, or a key each.
const COLLECTED: &str = "collected";
const FLAT: &str = "collected_";

/// The Treasury as the first system kept it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Treasury {
    /// `collected.vat.EURO` or `collected_vat_euro`; without zeros.
    pub collected: BTreeMap<String, Sums>,
}

impl Treasury {
    pub(super) fn read(document: &Document<'_>) -> Result<Self, Fault> {
        let mut treasury = Self::default();
        let mut any = false;
        if let Some((key, value)) = document.value(&[COLLECTED]) {
            any = true;
            for (bucket, sums) in document.objects(key, value)? {
                let place = format!("{key}.{bucket}");
                for (currency, sum) in document.amounts(&place, sums)? {
                    treasury.put(document, &place, &bucket, currency, sum)?;
                }
            }
        }
        for (key, value) in document.members().filter(|(key, _)| key.starts_with(FLAT)) {
            any = true;
            let (bucket, currency) = key[FLAT.len()..].rsplit_once('_').ok_or_else(|| document.fault(key, UNNAMED))?;
            let currency = document.currency(key, &currency.to_uppercase())?;
            treasury.put(document, key, bucket, currency, document.amount(key, value)?)?;
        }
        if !any {
            return Err(document.fault(COLLECTED, "missing: is this the Treasury?"));
        }
        document.refuse_other_money(|key| key == COLLECTED || key.starts_with(FLAT))?;
        Ok(treasury)
    }

    fn put(
        &mut self,
        document: &Document<'_>,
        key: &str,
        bucket: &str,
        currency: String,
        sum: Sum,
    ) -> Result<(), Fault> {
        if !grammar::is_tax_type(bucket) {
            return Err(document.fault(key, "no tax type: 2 to 32 of a-z 0-9 _, a letter first"));
        }
        if sum == Sum::ZERO {
            return Ok(());
        }
        match self.collected.entry(bucket.to_owned()).or_default().insert(currency, sum) {
            Some(_) => Err(document.fault(key, "stands twice")),
            None => Ok(()),
        }
    }
}

const UNNAMED: &str = "neither collected, nor collected_ with a tax type and a currency";
