//! The original content of an entry of format 2 that does not give the hash that the chain holds for it.

use super::candidates::{Message, modified};
use super::form::ENTRY;
use super::lexicon::Lexicon;
use super::search::{Budget, Change};
use crate::entry::Entry;
use crate::export::strict::OwnedEntry;
use crate::hash::Hash;
use crate::report::ModifiedField;
use crate::timestamp::Timestamp;

/// A changed entry, and what is known beside it.
pub(crate) struct Suspect<'a> {
    pub(crate) entry: &'a Entry<'a>,
    /// Its place in the ledger, and the hash that the entry before it has.
    pub(crate) seq: u64,
    pub(crate) previous: &'a str,
    pub(crate) target: Hash,
    /// When the entry before it was, and the one after it.
    pub(crate) before: Option<Timestamp>,
    pub(crate) after: Option<Timestamp>,
}

/// An entry as it was, and which of its texts were changed, in key order.
#[derive(Clone, Debug)]
pub(crate) struct Original {
    pub(crate) entry: OwnedEntry,
    pub(crate) modified: Vec<ModifiedField>,
}

/// Searches for what gives `target`; `ids` are those of earlier entries, the nearest first.
pub(crate) fn original_content(
    suspect: &Suspect<'_>,
    lexicon: &Lexicon,
    ids: impl Iterator<Item = u128>,
    budget: &mut Budget,
) -> Option<Original> {
    let found = texts(suspect.entry);
    let write = |texts: &[Option<&str>], out: &mut Vec<u8>| {
        with_texts(suspect.entry, texts).write_preimage_at(suspect.seq, suspect.previous, out);
    };
    let message = Message {
        form: &ENTRY,
        found: &found,
        before: suspect.before,
        after: suspect.after,
        block: suspect.entry.personal_content_hash(),
        lexicon,
    };
    let change = budget.spend(&write, &found, suspect.target, |search| message.attempt(search, ids));
    let original = change.and_then(|change| original(suspect, &found, &change));
    budget.count(original.is_some());
    original
}

/// What a change makes of an entry; nothing where the rest of it cannot have been in a ledger.
fn original(suspect: &Suspect<'_>, found: &[Option<&str>], change: &Change) -> Option<Original> {
    let mut texts = found.to_vec();
    change.iter().for_each(|(at, text)| texts[*at] = text.as_deref());
    // What stands for its hashes may be none; they are those that were searched by.
    let (current, previous) = (suspect.target.to_string(), suspect.previous);
    let hashes = Entry { current_hash: &current, previous_hash: previous, ..with_texts(suspect.entry, &texts) };
    let entry = Entry { seq: suspect.seq, ..hashes };
    Entry { personal: None, ..entry.clone() }.check().ok()?;
    Some(Original { entry: OwnedEntry::from(&entry), modified: modified(&ENTRY, found, change) })
}

/// What an entry has in the fields of [`ENTRY`].
fn texts<'a>(e: &Entry<'a>) -> [Option<&'a str>; 13] {
    [
        Some(e.transaction_id),
        Some(e.created_at),
        Some(e.kind),
        Some(e.currency),
        Some(e.amount_gross),
        Some(e.tax_withheld),
        Some(e.amount_net),
        e.tax_type,
        Some(e.sender_id),
        Some(e.receiver_id),
        e.operator_id,
        e.reference_id,
        Some(e.personal_hash),
    ]
}

/// An entry with other texts there.
fn with_texts<'a>(entry: &Entry<'a>, texts: &[Option<&'a str>]) -> Entry<'a> {
    let optional = |at: usize| texts.get(at).copied().flatten();
    let text = |at: usize| optional(at).unwrap_or_default();
    Entry {
        transaction_id: text(0),
        created_at: text(1),
        kind: text(2),
        currency: text(3),
        amount_gross: text(4),
        tax_withheld: text(5),
        amount_net: text(6),
        tax_type: optional(7),
        sender_id: text(8),
        receiver_id: text(9),
        operator_id: optional(10),
        reference_id: optional(11),
        personal_hash: text(12),
        ..entry.clone()
    }
}
