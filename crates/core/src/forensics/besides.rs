//! What else was done to an entry, added to the finding that it has: what was done to one entry is one
//! finding, and none of it hides the rest.

use super::finding::{integrity, mismatch, shown};
use super::role::NOT_KNOWN;
use crate::entry::{Entry, PERSONAL_KEYS};
use crate::hash::Hash;
use crate::report::{Cause, Finding};

/// What the personal block gives, where that is not `personal_hash`.
pub(super) fn changed_block(entry: &Entry<'_>) -> Option<Hash> {
    entry.personal_content_hash().filter(|computed| Hash::parse(entry.personal_hash) != Some(*computed))
}

/// Its content does not give `genuine`, and nothing says what stood there.
pub(super) fn add_content(finding: &mut Finding, entry: &Entry<'_>, genuine: Hash, possibly: Vec<String>) {
    if genuine == NOT_KNOWN {
        finding.message += " What else was changed nothing tells: the hash that the chain held for it is gone.";
        finding.possibly_modified_fields = Some(possibly);
        return;
    }
    finding.message +=
        " Its content does not give the hash that the chain holds for it either: it was changed after it was written.";
    let (stored, computed) = (genuine.to_string(), entry.content_hash().to_string());
    finding.hash_integrity_failure = Some(integrity(Some(stored), Some(computed), "The content", &possibly));
    finding.possibly_modified_fields = Some(possibly);
}

/// Its content does not give `genuine`, and what stood there is proven.
pub(super) fn add_recovered(finding: &mut Finding, entry: &Entry<'_>, genuine: Hash) {
    let names: Vec<&str> = finding.modified_fields.iter().flatten().map(|field| field.field.as_str()).collect();
    finding.message +=
        &format!(" What it said before gives the hash that the chain holds for it. Proven: {}.", names.join(", "));
    let (stored, computed) = (genuine.to_string(), entry.content_hash().to_string());
    finding.hash_integrity_failure = Some(integrity(Some(stored), Some(computed), "The content", &[]));
}

/// It names another entry than `expected`; `proven`, where its own hash gives that one.
pub(super) fn add_link(finding: &mut Finding, entry: &Entry<'_>, expected: Hash, proven: bool) {
    finding.message += if proven {
        " Its previous_hash was changed too; its own hash gives the one that stood there."
    } else {
        " Nor does it follow from the entry before it."
    };
    finding.hash_mismatch_details =
        Some(mismatch(Cause::Relinked, Some(expected.to_string()), Some(shown(entry.previous_hash))));
}

/// Its personal block, which hashes to `computed`, is not the one that it had.
pub(super) fn add_block(finding: &mut Finding, entry: &Entry<'_>, computed: Hash) {
    finding.message += " Its personal block was changed too: it does not give personal_hash, which the chain confirms.";
    let possibly = PERSONAL_KEYS.map(str::to_owned).to_vec();
    let (stored, computed) = (entry.personal_hash.to_owned(), computed.to_string());
    match &mut finding.hash_integrity_failure {
        Some(of_content) => of_content.possibly_modified_fields.extend(possibly.iter().cloned()),
        None => {
            finding.hash_integrity_failure =
                Some(integrity(Some(stored), Some(computed), "The personal block", &possibly));
        }
    }
    finding.possibly_modified_fields.get_or_insert_default().extend(possibly);
}
