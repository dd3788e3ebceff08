//! The report put together, for either format.

use super::assurance::Assurance;
use super::listing::{Listing, cut};
use crate::limits::MAX_WARNINGS;
use crate::report::{CheckpointView, Coverage, EntryPlace, Finding, Input, Performance, Report, TrustGrade, Warning};
use crate::segment::{EndEntry, id_text, time_text};

/// Everything a report says, but times and the input.
#[derive(Debug, Default)]
pub(crate) struct Assembly {
    pub(crate) format: u8,
    pub(crate) ledger: Option<String>,
    pub(crate) total: u64,
    pub(crate) first: Option<EntryPlace>,
    pub(crate) last: Option<EntryPlace>,
    pub(crate) findings: Listing<Finding>,
    pub(crate) warnings: Vec<Warning>,
    pub(crate) warnings_unlisted: u64,
    pub(crate) coverage: Coverage,
    pub(crate) head: Option<String>,
    pub(crate) root: Option<String>,
    /// What the checkpoints come to; `None` for format 1, which has none.
    pub(crate) assurance: Option<Assurance>,
}

impl Assembly {
    pub(crate) fn report(mut self) -> Report {
        let (grade, says, checkpoints, signed_at) = self.take_assurance();
        // Those about the whole file have no line, and stand last.
        self.findings.listed.sort_by_key(|finding| finding.line.unwrap_or(u64::MAX));
        self.warnings.sort_by_key(|warning| warning.line.unwrap_or(u64::MAX));
        let findings_total = self.findings.total();
        let warnings_total = self.warnings.len() as u64 + self.warnings_unlisted;
        let (trust_grade, message) = self.verdict(findings_total, grade, &says);
        let (findings, findings_by_type) = self.findings.finish(|finding| finding.error_type);
        cut(&mut self.warnings, MAX_WARNINGS, |warning| warning.warning_type);
        let first = findings.first().cloned();
        let of_first = |value: fn(Finding) -> Option<String>| first.clone().and_then(value);
        Report {
            valid: findings_total == 0,
            error_type: first.as_ref().map(|f| f.error_type),
            message,
            format: self.format,
            ledger: self.ledger,
            trust_grade,
            corrupted_transaction: first.as_ref().and_then(|f| f.corrupted_transaction.clone()),
            hash_mismatch_details: first.as_ref().and_then(|f| f.hash_mismatch_details.clone()),
            hash_integrity_failure: first.as_ref().and_then(|f| f.hash_integrity_failure.clone()),
            previous_transaction: first.as_ref().and_then(|f| f.previous_transaction.clone()),
            transactions_verified_before_failure: first.as_ref().map(|f| f.index.unwrap_or(self.total)),
            total_transactions: self.total,
            verification_time_ms: 0.0,
            performance: Performance::default(),
            first_transaction: self.first,
            last_transaction: self.last,
            verified_at: None,
            next_recommended_check: None,
            security_recommendation: of_first(|f| Some(f.security_recommendation)),
            findings,
            findings_total,
            findings_by_type,
            warnings: self.warnings,
            warnings_total,
            coverage: self.coverage,
            input: Input::default(),
            head: self.head,
            root: self.root,
            checkpoints,
            signed_at,
        }
    }

    /// Adds what the checkpoints found, and gives what they say of a file without findings.
    fn take_assurance(&mut self) -> (TrustGrade, String, Vec<CheckpointView>, Option<String>) {
        let Some(assurance) = self.assurance.take() else {
            return (TrustGrade::Consistent, String::new(), Vec::new(), None);
        };
        self.findings.extend(assurance.findings);
        self.warnings.extend(assurance.warning);
        (assurance.grade, assurance.says, assurance.views, assurance.signed_at)
    }

    fn verdict(&self, findings: u64, grade: TrustGrade, says: &str) -> (TrustGrade, String) {
        let entries = |n: u64| if n == 1 { "1 entry".to_owned() } else { format!("{n} entries") };
        match (findings, self.total) {
            (0, 0) => (TrustGrade::Empty, "The ledger is empty: there is nothing to vouch for.".to_owned()),
            (0, n) => (grade, format!("The blockchain is intact: all checks of {} hold.{says}", entries(n))),
            (1, n) => (TrustGrade::Broken, format!("1 finding in {}: {}", entries(n), self.first_message())),
            (k, n) => {
                (TrustGrade::Broken, format!("{k} findings in {}; the first: {}", entries(n), self.first_message()))
            }
        }
    }

    fn first_message(&self) -> &str {
        self.findings.listed.first().map_or("", |finding| &finding.message)
    }
}

/// An entry at one end of the file, as the report shows it.
pub(crate) fn place(entry: EndEntry) -> EntryPlace {
    EntryPlace { id: id_text(entry.id), timestamp: time_text(entry.time_ms) }
}
