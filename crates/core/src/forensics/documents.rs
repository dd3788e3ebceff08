//! Documents held against the replay. No hash covers them, so each value is compared.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::finding::file_finding;
use crate::balances::Balances;
use crate::export::document::Amounts;
use crate::money::Sum;
use crate::report::{ErrorType, Finding, Warning, WarningType};
use crate::segment::Documents;

/// What the documents say otherwise than the replay. `line` is that of the segment's first line.
pub(crate) fn compare(documents: &Documents, balances: &Balances, line: u64) -> (Vec<Finding>, Vec<Warning>) {
    let mut comparison = Comparison { balances, line, findings: Vec::new(), warnings: Vec::new() };
    if documents.users.is_empty() && documents.treasury.is_none() {
        return (Vec::new(), Vec::new());
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
    findings: Vec<Finding>,
    warnings: Vec<Warning>,
}

impl Comparison<'_> {
    fn user(&mut self, at: u64, id: &str, stated: &Amounts, frozen: bool) {
        for (currency, expected, found) in differences(&self.balances.balances(id), stated) {
            let message = format!("The document of {id} says {found} {currency}; its entries give {expected}.");
            let mut finding = self.mismatch(at, message, expected.into(), found.into());
            (finding.account, finding.currency) = (Some(id.to_owned()), Some(currency));
            self.findings.push(finding);
        }
        let expected = self.balances.is_frozen(id);
        if expected != frozen {
            let word = |frozen| if frozen { "frozen" } else { "not frozen" };
            let message =
                format!("The document of {id} says {}; by its entries it is {}.", word(frozen), word(expected));
            let mut finding = self.mismatch(at, message, expected.into(), frozen.into());
            (finding.account, finding.field) = (Some(id.to_owned()), Some("is_frozen_for_fraud".to_owned()));
            self.findings.push(finding);
        }
    }

    fn treasury(&mut self, at: u64, stated: &BTreeMap<String, Amounts>) {
        let none = Amounts::new();
        let buckets: BTreeSet<&str> = self.balances.buckets().chain(stated.keys().map(String::as_str)).collect();
        for bucket in buckets {
            let stated = stated.get(bucket).unwrap_or(&none);
            for (currency, expected, found) in differences(&self.balances.bucket_sums(bucket), stated) {
                let message = format!(
                    "The Treasury's document says {found} {currency} in {bucket}; the entries give {expected}."
                );
                let mut finding = self.mismatch(at, message, expected.into(), found.into());
                (finding.tax_type, finding.currency) = (Some(bucket.to_owned()), Some(currency));
                self.findings.push(finding);
            }
        }
    }

    fn mismatch(&self, at: u64, message: String, expected: Value, found: Value) -> Finding {
        Finding {
            line: Some(self.line + at),
            expected: Some(expected),
            found: Some(found),
            ..file_finding(ErrorType::DocumentMismatch, message)
        }
    }

    fn missing_users(&mut self, seen: &BTreeSet<&str>) {
        let with_money = |id: &str| self.balances.balances(id).iter().any(|(_, sum)| *sum != Sum::ZERO);
        let users = self.balances.users().map(|(id, _)| id);
        let missing: BTreeSet<&str> = users.filter(|id| !seen.contains(id) && with_money(id)).collect();
        for id in missing {
            let message = format!("{id} has money by the entries, and the export holds no document of it.");
            self.warnings.push(Warning { account: Some(id.to_owned()), ..warning(message) });
        }
    }

    fn missing_treasury(&mut self) {
        let with_money = |bucket: &str| self.balances.bucket_sums(bucket).iter().any(|(_, sum)| *sum != Sum::ZERO);
        if self.balances.buckets().any(with_money) {
            let message = "The Treasury has money by the entries, and the export holds no document of it.".to_owned();
            self.warnings.push(Warning { account: Some("TREASURY".to_owned()), ..warning(message) });
        }
    }
}

fn warning(message: String) -> Warning {
    Warning::new(WarningType::DocumentMissing, message)
}

/// `(currency, by replay, by document)` where they differ; zeros may be left out.
fn differences(replayed: &[(&str, Sum)], stated: &Amounts) -> Vec<(String, String, String)> {
    let by_replay = |currency: &str| replayed.iter().find(|(c, _)| *c == currency).map_or(Sum::ZERO, |(_, sum)| *sum);
    let by_document = |currency: &str| stated.get(currency).and_then(|t| Sum::parse(t.as_bytes())).unwrap_or(Sum::ZERO);
    let currencies: BTreeSet<&str> =
        replayed.iter().map(|(c, _)| *c).chain(stated.keys().map(String::as_str)).collect();
    currencies
        .into_iter()
        .map(|currency| (currency, by_replay(currency), by_document(currency)))
        .filter(|(_, expected, found)| expected != found)
        .map(|(currency, expected, found)| (currency.to_owned(), expected.to_string(), found.to_string()))
        .collect()
}
