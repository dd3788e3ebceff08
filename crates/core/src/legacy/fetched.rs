//! What the second reading of format 1 fetches of an entry, and what is said of its content.

use super::document::{Document, HASHED};
use crate::forensics::{Place, Shown, content_finding, integrity};
use crate::hash::Hash;
use crate::report::{ErrorType, Finding, ModifiedField};

/// What the second reading fetches of an entry.
#[derive(Clone, Debug)]
pub(super) struct Fetched {
    pub(super) shown: Shown,
    computed: Option<Hash>,
    /// With the hash that should stand there as its `previous_hash`, the content gives `current_hash`.
    pub(super) relinked: bool,
    /// What was changed in it, as far as that is proven.
    pub(super) originals: Vec<ModifiedField>,
}

impl Fetched {
    pub(super) fn of(document: &Document<'_>, previous: Option<&str>) -> Self {
        let hash = |previous: Option<&str>| {
            document.wrong_type(previous.is_some()).is_none().then(|| {
                let mut preimage = Vec::new();
                document.write_preimage(previous, &mut preimage);
                Hash::of(&preimage)
            })
        };
        let shown = document.shown();
        let relinked = previous.is_some_and(|previous| {
            hash(Some(previous)).is_some_and(|hash| Some(hash.to_string()) == shown.current_hash)
        });
        Self { shown, computed: hash(None), relinked, originals: Vec::new() }
    }

    pub(super) fn tampered(&self, name: &str, place: &Place, genuine: Option<Hash>) -> Finding {
        let current = self.shown.current_hash.clone();
        let restated = genuine.map(|hash| ModifiedField {
            field: "current_hash".to_owned(),
            found: current.clone().into(),
            original: hash.to_string().into(),
            proven: true,
        });
        let modified: Vec<ModifiedField> = self.originals.iter().cloned().chain(restated).collect();
        let names: Vec<&str> = modified.iter().map(|field| field.field.as_str()).collect();
        let (what, possibly) = if names.is_empty() {
            (String::new(), HASHED.iter().copied().chain(["current_hash"]).map(str::to_owned).collect())
        } else {
            (format!(" Proven: {}.", names.join(", ")), Vec::new())
        };
        let message = format!(
            "Entry {name} was changed after it was written: its content does not give the hash that the chain holds for it.{what}"
        );
        let mut finding = content_finding(ErrorType::TransactionTampered, message, place, &self.shown);
        let stored = genuine.map(|hash| hash.to_string()).or_else(|| current.clone());
        let computed = self.computed.map(|hash| hash.to_string());
        // Where current_hash itself was changed, it is what does not fit.
        let found = if genuine.is_some() { current } else { computed.clone() };
        (finding.expected, finding.found) = (stored.clone().map(Into::into), found.map(Into::into));
        finding.hash_integrity_failure = Some(integrity(stored, computed, "The content", &possibly));
        finding.possibly_modified_fields = modified.is_empty().then_some(possibly);
        finding.modified_fields = Some(modified);
        finding
    }

    pub(super) fn beyond(&self, name: &str, place: &Place, which: usize) -> Finding {
        let (field, reason) = (
            ["amount_gross", "tax_withheld", "amount_net"][which.min(2)],
            "more digits than the 28 that are computed with",
        );
        let message = format!("In entry {name}, {field} has {reason}: its sum is not checked.");
        let finding = content_finding(ErrorType::MalformedLine, message, place, &self.shown);
        Finding { field: Some(field.to_owned()), reason: Some(reason.to_owned()), ..finding }
    }

    pub(super) fn amounts(&self, name: &str, place: &Place) -> Finding {
        let text = |amount: &Option<String>| amount.clone().unwrap_or_default();
        let (gross, tax, net) =
            (text(&self.shown.amount_gross), text(&self.shown.tax_withheld), text(&self.shown.amount_net));
        let message = format!("In entry {name}, gross {gross} is not tax {tax} and net {net} together.");
        content_finding(ErrorType::AmountMismatch, message, place, &self.shown)
    }
}
