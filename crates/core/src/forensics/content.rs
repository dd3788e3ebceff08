//! What an entry's content comes to beside the hash that the chain holds for it, and what is said of that.

use super::besides::{add_content, add_link, add_recovered};
use super::chain::Joint;
use super::finding::{Place, Shown, chain_finding, content_finding, integrity, shown};
use crate::economy;
use crate::entry::{Entry, KEYS, PERSONAL_KEYS};
use crate::export::strict::Fault;
use crate::hash::Hash;
use crate::recovery::Original;
use crate::report::{Cause, ErrorType, Finding, ModifiedField};

/// An entry of the genuine ledger, as the chain knows it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Genuine {
    pub(super) seq: u64,
    /// Of the first entry of a piece.
    pub(super) joint: Option<Joint>,
    pub(super) hash: Hash,
    /// Whether the hash is known to be genuine.
    pub(super) known: bool,
}

/// How an entry's content stands to its genuine hash.
#[derive(Clone, Debug)]
pub(super) enum Content {
    /// It gives the hash, and the entry states it.
    Agrees,
    /// It gives the hash, and the entry states another.
    Restated,
    /// With the `seq` of its place it gives the hash.
    Renumbered,
    /// On this predecessor it gives the hash.
    Relinked(Hash),
    /// It does not give the hash, and the original was found that does.
    Recovered(Box<Original>),
    /// It does not give the hash.
    Differs,
}

/// `gives`: the hash that its content gives.
pub(super) fn content(entry: &Entry<'_>, gives: Hash, genuine: &Genuine) -> Content {
    let Genuine { seq, joint, hash, .. } = *genuine;
    if gives == hash {
        let stated = Hash::parse(entry.current_hash) == Some(hash);
        return if stated { Content::Agrees } else { Content::Restated };
    }
    if entry.content_hash_at(seq, entry.previous_hash) == hash {
        return Content::Renumbered;
    }
    if let Some(Joint::Disagrees(previous)) = joint
        && entry.content_hash_at(seq, &previous.to_string()) == hash
    {
        return Content::Relinked(previous);
    }
    Content::Differs
}

impl Content {
    pub(super) const fn vouched(&self) -> bool {
        !matches!(self, Self::Differs)
    }

    /// The hash that the entry before has, as far as this one's content is vouched for, which covers it.
    pub(super) fn link(&self, entry: &Entry<'_>) -> Option<Hash> {
        match self {
            Self::Relinked(previous) => Some(*previous),
            _ => Hash::parse(entry.previous_hash).filter(|_| self.vouched()),
        }
    }

    /// The entry as the hash vouches for it, but for its number and its link.
    pub(super) fn written<'a>(&'a self, entry: &Entry<'a>) -> Entry<'a> {
        match self {
            Self::Recovered(original) => original.entry.entry(),
            _ => entry.clone(),
        }
    }

    /// The fields whose originals are proven.
    fn modified(&self, entry: &Entry<'_>, genuine: &Genuine) -> Vec<ModifiedField> {
        let field = |field: &str, found: serde_json::Value, original: serde_json::Value| ModifiedField {
            field: field.to_owned(),
            found,
            original,
            proven: true,
        };
        let mut modified = Vec::new();
        if !matches!(self, Self::Differs | Self::Agrees | Self::Restated) && entry.seq != genuine.seq {
            modified.push(field("seq", entry.seq.into(), genuine.seq.into()));
        }
        if let Self::Recovered(original) = self {
            modified.extend(original.modified.iter().cloned());
        }
        let recovered = matches!(self, Self::Recovered(_));
        let link = match (self, genuine.joint) {
            (Self::Relinked(previous), _) => Some(*previous),
            (_, Some(Joint::Disagrees(previous))) if recovered => Some(previous),
            _ => None,
        };
        if let Some(previous) = link {
            modified.push(field("previous_hash", shown(entry.previous_hash).into(), previous.to_string().into()));
        }
        let hash = genuine.hash.to_string();
        if self.vouched() && entry.current_hash != hash {
            modified.push(field("current_hash", shown(entry.current_hash).into(), hash.into()));
        }
        modified
    }
}

/// An entry that breaks its grammar, or stands where none may.
pub(super) fn malformed_entry(entry: &Entry<'_>, fault: &Fault, place: &Place) -> Finding {
    let at = fault.field.as_ref().map_or(String::new(), |field| format!("{field}: "));
    let message = format!("Line {} breaks the grammar of entries: {at}{}.", place.line, fault.reason);
    let mut finding = content_finding(ErrorType::MalformedLine, message, place, &Shown::from(entry));
    (finding.field, finding.reason) = (fault.field.clone(), Some(fault.reason.clone()));
    finding.found = fault.found.clone();
    finding.modified_fields = Some(Vec::new());
    finding
}

/// A malformed entry of the genuine ledger, which is tampered content too: whatever else was done to it
/// is not to hide behind the fault.
pub(super) fn tampered_and_malformed(
    entry: &Entry<'_>,
    fault: &Fault,
    place: &Place,
    content: &Content,
    genuine: &Genuine,
) -> Finding {
    let mut finding = malformed_entry(entry, fault, place);
    let mut modified = content.modified(entry, genuine);
    if let (Some(field), Some(written)) = (&fault.field, &fault.found) {
        modified.iter_mut().filter(|m| m.field == *field).for_each(|m| m.found = written.clone());
    }
    finding.modified_fields = Some(modified);
    match (content, genuine.joint) {
        (Content::Relinked(expected), _) => add_link(&mut finding, entry, *expected, true),
        (Content::Differs, joint) => {
            add_content(&mut finding, entry, genuine.hash, possibly_modified(entry, genuine));
            if let Some(Joint::Disagrees(expected)) = joint {
                add_link(&mut finding, entry, expected, false);
            }
        }
        (Content::Recovered(_), _) => add_recovered(&mut finding, entry, genuine.hash),
        _ => {}
    }
    finding
}

/// What an entry that keeps its grammar comes to; `alone` where its personal block is as it was.
pub(super) fn judge_content(
    entry: &Entry<'_>,
    place: &Place,
    content: &Content,
    genuine: &Genuine,
    alone: bool,
) -> Option<Finding> {
    match (content, genuine.joint) {
        (Content::Relinked(expected), _) => Some(relinked(entry, place, content, genuine, *expected, alone)),
        (Content::Agrees, Some(Joint::Disagrees(_))) if genuine.seq == 1 => None,
        (Content::Recovered(_), _) => Some(tampered(entry, place, content, genuine)),
        (_, Some(Joint::Disagrees(expected))) => {
            let seq = genuine.seq;
            let message = match content {
                Content::Agrees => format!(
                    "Entry {seq} does not follow from the entry before it, though its own hash bears out what it names: it was written onto another, or hashed anew."
                ),
                _ => format!(
                    "Entry {seq} does not follow from the entry before it, and its own hash does not bear it out."
                ),
            };
            Some(chain_finding(Cause::Unknown, message, place, &Shown::from(entry), Some(expected)))
        }
        (Content::Agrees, _) => None,
        _ => Some(tampered(entry, place, content, genuine)),
    }
}

fn relinked(
    entry: &Entry<'_>,
    place: &Place,
    content: &Content,
    genuine: &Genuine,
    expected: Hash,
    alone: bool,
) -> Finding {
    let modified = content.modified(entry, genuine);
    let more: Vec<&str> = modified.iter().map(|m| m.field.as_str()).filter(|field| *field != "previous_hash").collect();
    let only = if alone && more.is_empty() { "only " } else { "" };
    let more = if more.is_empty() { String::new() } else { format!(" Changed too, and proven: {}.", more.join(", ")) };
    let message = format!(
        "Entry {}: {only}its previous_hash was changed; its own hash gives the one that stood there.{more}",
        genuine.seq
    );
    let finding = chain_finding(Cause::Relinked, message, place, &Shown::from(entry), Some(expected));
    Finding { modified_fields: only.is_empty().then_some(modified), ..finding }
}

/// The block of an entry that is otherwise as it was.
pub(super) fn changed_block_alone(entry: &Entry<'_>, place: &Place, computed: Hash) -> Finding {
    let possibly = PERSONAL_KEYS.map(str::to_owned).to_vec();
    let message = format!(
        "The personal block of entry {} was changed: it does not give personal_hash, which the chain confirms.",
        entry.seq
    );
    let mut finding = content_finding(ErrorType::TransactionTampered, message, place, &Shown::from(entry));
    let (stored, computed) = (entry.personal_hash.to_owned(), computed.to_string());
    (finding.expected, finding.found) = (Some(stored.clone().into()), Some(computed.clone().into()));
    finding.hash_integrity_failure = Some(integrity(Some(stored), Some(computed), "The personal block", &possibly));
    (finding.modified_fields, finding.possibly_modified_fields) = (Some(Vec::new()), Some(possibly));
    finding
}

fn tampered(entry: &Entry<'_>, place: &Place, content: &Content, genuine: &Genuine) -> Finding {
    let modified = content.modified(entry, genuine);
    let possibly = if modified.is_empty() { possibly_modified(entry, genuine) } else { Vec::new() };
    let names: Vec<&str> = modified.iter().map(|m| m.field.as_str()).collect();
    let what = if names.is_empty() { String::new() } else { format!(" Proven: {}.", names.join(", ")) };
    let restated = matches!(content, Content::Restated);
    let how = if restated {
        "its content gives the hash that the chain holds for it, and current_hash is another"
    } else {
        "its content does not give the hash that the chain holds for it"
    };
    let message = format!("Entry {} was changed after it was written: {how}.{what}", genuine.seq);
    let mut finding = content_finding(ErrorType::TransactionTampered, message, place, &Shown::from(entry));
    let (stored, computed) = (genuine.hash.to_string(), entry.content_hash().to_string());
    // Where current_hash itself was changed, it is what does not fit.
    let found = if restated { shown(entry.current_hash) } else { computed.clone() };
    (finding.expected, finding.found) = (Some(stored.clone().into()), Some(found.into()));
    finding.hash_integrity_failure = Some(integrity(Some(stored), Some(computed), "The content", &possibly));
    finding.possibly_modified_fields = modified.is_empty().then_some(possibly);
    finding.modified_fields = Some(modified);
    finding
}

/// The fields that may have been changed, by the arithmetic. Of what stood before an entry nothing tells whether that is
/// what it names: the one before may have been hashed anew, and this one told so.
fn possibly_modified(entry: &Entry<'_>, genuine: &Genuine) -> Vec<String> {
    let amounts = ["amount_gross", "tax_withheld", "amount_net"];
    let unbalanced = entry.check().is_ok_and(|values| !economy::adds_up(&values));
    let hashed = KEYS.into_iter().filter(|key| !matches!(*key, "personal" | "current_hash"));
    let hashed = hashed.filter(|key| *key != "previous_hash" || genuine.seq > 1);
    let fields: Vec<&str> = if unbalanced { amounts.to_vec() } else { hashed.collect() };
    fields.into_iter().map(str::to_owned).collect()
}
