//! Documents held against the replay. No hash covers them, so each value is compared.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::finding::file_finding;
use crate::balances::Balances;
use crate::export::document::Amounts;
use crate::limits::{MAX_FINDINGS, MAX_WARNINGS};
use crate::money::Sum;
use crate::report::{ErrorType, Finding, Warning, WarningType};
use crate::segment::{Documents, FirstFew};

/// What the documents say otherwise than the replay, and whose are missing: as many as a report lists,
/// and how many there are. `line` is that of the segment's first line.
pub(crate) fn compare(documents: &Documents, balances: &Balances, line: u64) -> (FirstFew<Finding>, FirstFew<Warning>) {
    let mut comparison = Comparison { balances, line, findings: FirstFew::default(), warnings: FirstFew::default() };
    if documents.users.is_empty() && documents.treasury.is_none() {
        return (FirstFew::default(), FirstFew::default());
    }
    let mut seen = BTreeSet::new();
    for (at, user) in &documents.users {
        // A second document of one account is malformed, and not compared.
        if seen.insert(user.id.as_str()) {
            comparison.user(*at, &user.id, &user.balances, user.is_frozen_for_fraud);
        }
    }
    comparison.missing_users(&seen);
    match &documents.treasury {
        Some((at, treasury)) => comparison.treasury(*at, &treasury.collected),
        None => comparison.missing_treasury(),
    }
    (comparison.findings, comparison.warnings)
}

struct Comparison<'a> {
    balances: &'a Balances,
    line: u64,
    findings: FirstFew<Finding>,
    warnings: FirstFew<Warning>,
}

impl Comparison<'_> {
    fn user(&mut self, at: u64, id: &str, stated: &Amounts, frozen: bool) {
        for Difference { currency, expected, found } in differences(&self.balances.balances(id), stated) {
            self.find(at, || {
                let message = format!("The document of {id} says {found} {currency}; its entries give {expected}.");
                let finding = mismatch(message, expected.to_string().into(), found.to_string().into());
                Finding { account: Some(id.to_owned()), currency: Some(currency.to_owned()), ..finding }
            });
        }
        let expected = self.balances.is_frozen(id);
        if expected != frozen {
            self.find(at, || {
                let word = |frozen| if frozen { "frozen" } else { "not frozen" };
                let message =
                    format!("The document of {id} says {}; by its entries it is {}.", word(frozen), word(expected));
                let finding = mismatch(message, expected.into(), frozen.into());
                Finding { account: Some(id.to_owned()), field: Some("is_frozen_for_fraud".to_owned()), ..finding }
            });
        }
    }

    fn treasury(&mut self, at: u64, stated: &BTreeMap<String, Amounts>) {
        let none = Amounts::new();
        let buckets: BTreeSet<&str> = self.balances.buckets().chain(stated.keys().map(String::as_str)).collect();
        for bucket in buckets {
            let stated = stated.get(bucket).unwrap_or(&none);
            for Difference { currency, expected, found } in differences(&self.balances.bucket_sums(bucket), stated) {
                self.find(at, || {
                    let message = format!(
                        "The Treasury's document says {found} {currency} in {bucket}; the entries give {expected}."
                    );
                    let finding = mismatch(message, expected.to_string().into(), found.to_string().into());
                    Finding { tax_type: Some(bucket.to_owned()), currency: Some(currency.to_owned()), ..finding }
                });
            }
        }
    }

    /// Counts a finding about the document at a line, and makes it where it can be listed.
    fn find(&mut self, at: u64, make: impl FnOnce() -> Finding) {
        let line = Some(self.line + at);
        self.findings.push_with(|| Finding { line, ..make() }, MAX_FINDINGS);
    }

    fn missing_users(&mut self, seen: &BTreeSet<&str>) {
        let with_money = |id: &str| self.balances.balances(id).iter().any(|(_, sum)| *sum != Sum::ZERO);
        let users = self.balances.users().map(|(id, _)| id);
        let missing: BTreeSet<&str> = users.filter(|id| !seen.contains(id) && with_money(id)).collect();
        for id in missing {
            let message = format!("{id} has money by the entries, and the export holds no document of it.");
            self.warnings.push(Warning { account: Some(id.to_owned()), ..warning(message) }, MAX_WARNINGS);
        }
    }

    fn missing_treasury(&mut self) {
        let with_money = |bucket: &str| self.balances.bucket_sums(bucket).iter().any(|(_, sum)| *sum != Sum::ZERO);
        if self.balances.buckets().any(with_money) {
            let message = "The Treasury has money by the entries, and the export holds no document of it.".to_owned();
            self.warnings.push(Warning { account: Some("TREASURY".to_owned()), ..warning(message) }, MAX_WARNINGS);
        }
    }
}

fn mismatch(message: String, expected: Value, found: Value) -> Finding {
    Finding { expected: Some(expected), found: Some(found), ..file_finding(ErrorType::DocumentMismatch, message) }
}

fn warning(message: String) -> Warning {
    Warning::new(WarningType::DocumentMissing, message)
}

/// A sum of which replay and document differ.
struct Difference<'a> {
    currency: &'a str,
    /// By replay.
    expected: Sum,
    /// By the document.
    found: Sum,
}

/// Where they differ, by currency; zeros may be left out. `replayed`: in that order, without zeros.
fn differences<'a>(replayed: &[(&'a str, Sum)], stated: &'a Amounts) -> Vec<Difference<'a>> {
    let sum = |text: &String| Sum::parse(text.as_bytes()).unwrap_or(Sum::ZERO);
    let stated = stated.iter().map(|(currency, text)| (currency.as_str(), sum(text)));
    if stated.clone().filter(|(_, sum)| *sum != Sum::ZERO).eq(replayed.iter().copied()) {
        return Vec::new();
    }
    let mut both: BTreeMap<&str, (Sum, Sum)> = stated.map(|(currency, found)| (currency, (Sum::ZERO, found))).collect();
    for (currency, expected) in replayed {
        both.entry(currency).or_default().0 = *expected;
    }
    let difference = |(currency, (expected, found))| Difference { currency, expected, found };
    both.into_iter().map(difference).filter(|d| d.expected != d.found).collect()
}
