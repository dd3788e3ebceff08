//! A strong tag: as long as it is the same, so is every byte of an export.

use countersign_core::export::header::PersonalData;
use countersign_core::grammar::NO_CURRENCY;
use countersign_core::hash::Hash;
use countersign_store::{Head, Identity};

use super::form::{Form, Packing};

/// What the bytes of an export follow from, beside what is asked for.
pub(crate) struct Grounds<'a> {
    pub(crate) identity: &'a Identity,
    /// Of the snapshot.
    pub(crate) head: &'a Head,
    /// `seq` of the last entry that is exported.
    pub(crate) last: u64,
    /// Its `current_hash`.
    pub(crate) last_hash: Hash,
    /// Checkpoints in the trailer.
    pub(crate) notes: &'a [String],
}

/// The tag, with its quotes.
pub(crate) fn tag(form: &Form, grounds: &Grounds<'_>) -> String {
    let Grounds { identity, head, last, last_hash, notes } = grounds;
    let (personal, erasures) = match form.personal {
        PersonalData::Full => ("full", erasures(head)),
        PersonalData::Withheld => ("withheld", 0),
    };
    // From the first entry up to the last the documents stand in it, which change without an entry, too.
    let has_documents = form.first == 1 && *last == head.seq;
    let documents = if has_documents { head.version.to_string() } else { String::new() };
    let packed = form.packing != Packing::Plain;
    let lines = [
        "countersign/http-export/1".to_owned(),
        // What packs may pack otherwise in another version.
        env!("CARGO_PKG_VERSION").to_owned(),
        identity.ledger.clone(),
        identity.ledger_id.clone(),
        form.first.to_string(),
        last.to_string(),
        last_hash.to_string(),
        personal.to_owned(),
        erasures.to_string(),
        documents,
        packed.to_string(),
        notes.concat(),
    ];
    let hash = Hash::of(lines.join("\n").as_bytes()).to_string();
    format!("\"{}\"", &hash[..32])
}

/// How many personal blocks are gone: each that goes has its entry.
fn erasures(head: &Head) -> u64 {
    let by_type = head.totals.get(NO_CURRENCY);
    by_type.and_then(|by_type| by_type.get("ERASURE")).map_or(0, |total| total.transactions)
}

#[cfg(test)]
mod tests {
    use countersign_store::Total;

    use super::*;

    fn identity() -> Identity {
        Identity { ledger: "a".to_owned(), ledger_id: "0".repeat(32) }
    }

    fn form(personal: PersonalData) -> Form {
        Form { first: 1, last: None, personal, packing: Packing::Plain }
    }

    #[test]
    fn what_holds_no_documents_does_not_change_with_them() {
        let head = |version| Head { seq: 9, version, ..Head::empty(&identity()) };
        for (first, last, changes) in [(1, 9, true), (2, 9, false), (1, 8, false), (2, 8, false)] {
            let form = Form { first, ..form(PersonalData::Full) };
            let changed = of(&form, &head(9), last, &[]) != of(&form, &head(10), last, &[]);
            assert_eq!(changed, changes, "{first} to {last}");
        }
    }

    fn of(form: &Form, head: &Head, last: u64, notes: &[String]) -> String {
        let identity = identity();
        tag(form, &Grounds { identity: &identity, head, last, last_hash: Hash::of(b"x"), notes })
    }

    #[test]
    fn what_changes_the_bytes_changes_the_tag_and_nothing_else_does() {
        let full = || form(PersonalData::Full);
        let mut head = Head { seq: 9, version: 9, ..Head::empty(&identity()) };
        let (partial, whole) = (of(&full(), &head, 5, &[]), of(&full(), &head, 9, &[]));
        (head.seq, head.version) = (10, 12);
        assert_eq!(of(&full(), &head, 5, &[]), partial, "later entries change nothing of earlier ones");
        assert_ne!(of(&full(), &head, 9, &[]), whole, "documents stand no more in what ends before the last entry");
        assert_ne!(of(&full(), &head, 5, &["note".to_owned()]), partial);
        assert_ne!(of(&Form { first: 2, ..full() }, &head, 5, &[]), partial);
        assert_ne!(of(&Form { packing: Packing::File, ..full() }, &head, 5, &[]), partial);
        let withheld = of(&form(PersonalData::Withheld), &head, 5, &[]);
        assert_ne!(withheld, partial);
        let total = Total { transactions: 1, ..Total::default() };
        head.totals.entry("XXX".to_owned()).or_default().insert("ERASURE".to_owned(), total);
        assert_ne!(of(&full(), &head, 5, &[]), partial, "a block that is erased is gone from every export");
        assert_eq!(of(&form(PersonalData::Withheld), &head, 5, &[]), withheld);
    }
}
