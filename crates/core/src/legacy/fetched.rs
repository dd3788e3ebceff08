//! What the second reading of format 1 fetches of an entry, and what is said of its content.

use super::document::{Document, HASHED};
use crate::forensics::{Place, Shown, content_finding, integrity, shown_value};
use crate::hash::Hash;
use crate::recovery::LONGEST;
use crate::report::{ErrorType, Finding, ModifiedField};

/// What the first entry of a ledger of format 1 names as its predecessor's hash.
pub(super) const START: &str = "0";

/// What the second reading fetches of an entry.
#[derive(Clone, Debug)]
pub(super) struct Fetched {
    pub(super) shown: Shown,
    computed: Option<Hash>,
    /// The hash that it named as its predecessor's, none at the ledger's start, where that was changed and is found:
    /// with it the content gives `current_hash`.
    pub(super) named: Option<Option<Hash>>,
    /// The texts of its content give `current_hash`, and some are of another type than the ledger writes.
    pub(super) retyped: bool,
    /// What was changed in it, as far as that is proven.
    pub(super) originals: Vec<ModifiedField>,
}

impl Fetched {
    pub(super) fn of(document: &Document<'_>) -> Self {
        let shown = document.shown();
        let mistyped: Vec<usize> = (0..HASHED.len()).filter(|i| !document.is_right(*i)).collect();
        let has_texts = mistyped.iter().all(|i| document.hashed_text(*i).is_some());
        let texts = has_texts.then(|| hash_of(document, None));
        let retyped = !mistyped.is_empty() && texts.is_some_and(|hash| states(&shown, hash));
        let same_text = |i: usize| ModifiedField {
            field: HASHED[i].to_owned(),
            found: shown_value(document.value(i)),
            original: shown_value(document.value(i)),
            proven: true,
        };
        let originals = if retyped { mistyped.iter().copied().map(same_text).collect() } else { Vec::new() };
        Self { shown, computed: texts.filter(|_| mistyped.is_empty()), named: None, retyped, originals }
    }

    /// Looks whether it named another entry before; no hash is the ledger's start.
    pub(super) fn held_against(
        self,
        document: &Document<'_>,
        previous: impl IntoIterator<Item = Option<Hash>>,
    ) -> Self {
        if document.wrong_type(true).is_some() {
            return self;
        }
        // Of what is longer than any entry, only the likeliest: each hash of a megabyte takes as long as a thousand.
        let length: usize = (0..HASHED.len()).filter_map(|i| document.hashed_text(i)).map(|text| text.len()).sum();
        let most = if length > LONGEST { 1 } else { usize::MAX };
        let text = |hash: Option<Hash>| hash.map_or_else(|| START.to_owned(), |hash| hash.to_string());
        let gives = |named: &Option<Hash>| states(&self.shown, hash_of(document, Some(&text(*named))));
        let named = previous.into_iter().take(most).find(gives);
        Self { named, ..self }
    }

    /// Whether it is known what was changed in it.
    pub(super) const fn is_explained(&self) -> bool {
        self.retyped || self.named.is_some()
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
        let how = if genuine.is_some() {
            "its content gives the hash that the chain holds for it, and current_hash is another"
        } else if self.retyped {
            "its texts give the hash that the chain holds for it, but not all of them are of the types that the ledger writes"
        } else {
            "its content does not give the hash that the chain holds for it"
        };
        let message = format!("Entry {name} was changed after it was written: {how}.{what}");
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
            "more digits, written out, than are computed with",
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

fn hash_of(document: &Document<'_>, previous: Option<&str>) -> Hash {
    let mut preimage = Vec::new();
    document.write_preimage(previous, &mut preimage);
    Hash::of(&preimage)
}

fn states(shown: &Shown, hash: Hash) -> bool {
    shown.current_hash.as_deref() == Some(hash.to_string().as_str())
}
