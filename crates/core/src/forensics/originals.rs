//! Entries that were changed, each held until the one after it is known, and what they were before.

use super::content::{Content, Genuine};
use super::examination::Examination;
use super::finding::Place;
use super::recovery::{Block, Changed, Recovery};
use super::roots::Roots;
use crate::entry::{Entry, PERSONAL_KEYS};
use crate::export::strict::{Fault, OwnedEntry};
use crate::hash::Hash;
use crate::limits::MAX_HELD;
use crate::recovery::{Budget, Original, Suspect, original_block, original_content};
use crate::report::{Finding, ModifiedField};
use crate::timestamp::Timestamp;

impl Examination {
    /// Bounds the search for originals by a number of candidates.
    pub(crate) const fn search_among(&mut self, candidates: u64) {
        self.recovery.budget = Budget::new(candidates);
    }

    /// Holds an entry that was changed until one after it confirms the hash that it had.
    pub(super) fn hold(&mut self, entry: &Entry<'_>, fault: Option<&Fault>, place: &Place, genuine: Genuine) {
        let goes_on = |last: &Changed| last.genuine.seq + 1 == genuine.seq;
        let held = &self.recovery.changed;
        if held.len() >= MAX_HELD || held.last().is_some_and(|last| !goes_on(last)) {
            self.judge_changed(None, None);
        }
        let before = self.recovery.last.filter(|(seq, _)| seq + 1 == genuine.seq).map(|(_, time)| time);
        let (entry, fault, place) = (OwnedEntry::from(entry), fault.cloned(), place.clone());
        self.recovery.changed.push(Changed { entry, fault, place, genuine, before });
    }

    /// The leaves so far, and those of the entries that are held, as the chain has them.
    pub(super) fn leaves_so_far(&self) -> Roots {
        let mut leaves = self.leaves.clone();
        self.recovery.changed.iter().for_each(|Changed { genuine, .. }| leaves.push(genuine.seq, genuine.hash));
        leaves
    }

    /// Judges the entries that are held. `confirmed` is the hash that the entry after the last of them names, where
    /// that entry's own content is vouched for: of what only a changed entry names, a forger may have made the hash
    /// for a content of his. So the last is searched for first; once it is found, it confirms the one before.
    pub(super) fn judge_changed(&mut self, confirmed: Option<Hash>, after: Option<&str>) {
        let mut confirmed = confirmed;
        let mut after = after.and_then(|time| Timestamp::parse(time.as_bytes()));
        let mut judged = Vec::new();
        let mut held = std::mem::take(&mut self.recovery.changed);
        while let Some(changed) = held.pop() {
            let content = match held.last_mut().and_then(|before| joined(before, &changed, confirmed)) {
                Some(previous) => Content::Relinked(previous),
                None if changed.gives() == changed.genuine.hash => {
                    match changed.entry.entry().seq == changed.genuine.seq {
                        true => Content::Restated,
                        false => Content::Renumbered,
                    }
                }
                None => match self.original(&changed, confirmed, after) {
                    Some(original) => Content::Recovered(Box::new(original)),
                    None => Content::Differs,
                },
            };
            confirmed = match &content {
                Content::Relinked(previous) => Some(*previous),
                content => Hash::parse(&changed.previous()).filter(|_| content.vouched()),
            };
            after = Timestamp::parse(content.written(&changed.entry.entry()).created_at.as_bytes())
                .filter(|_| content.vouched());
            judged.push((changed, content));
        }
        for (Changed { entry, fault, place, genuine, .. }, content) in judged.into_iter().rev() {
            self.leaves.push(genuine.seq, genuine.hash);
            self.judge(&entry.entry(), fault.as_ref(), &place, &genuine, &content);
        }
    }

    /// What a changed entry was, where its hash is confirmed.
    fn original(&mut self, changed: &Changed, confirmed: Option<Hash>, after: Option<Timestamp>) -> Option<Original> {
        let Recovery { lexicon, budget, .. } = &mut self.recovery;
        if confirmed != Some(changed.genuine.hash) {
            budget.pass_over();
            return None;
        }
        let suspect = Suspect {
            entry: &changed.entry.entry(),
            seq: changed.genuine.seq,
            previous: &changed.previous(),
            target: changed.genuine.hash,
            before: changed.before,
            after,
        };
        original_content(&suspect, lexicon, self.replay.index.ids(), budget)
    }

    /// Searches for the blocks that were changed, now that the whole file was seen.
    pub(super) fn recover_blocks(&mut self) {
        for Block { entry, finding } in std::mem::take(&mut self.recovery.blocks) {
            let entry = entry.entry();
            let Some((found, target)) = entry.personal.zip(Hash::parse(entry.personal_hash)) else { continue };
            let Recovery { lexicon, budget, .. } = &mut self.recovery;
            let modified = original_block(&found, target, lexicon, budget);
            if let Some(modified) = modified {
                add_original_block(&mut self.findings.listed[finding], modified);
            }
        }
    }
}

/// The hash between two entries, where both state another, the one as its own and the other as its predecessor's: that
/// which the content of the first gives, and with which that of the second gives its own.
fn joined(before: &mut Changed, changed: &Changed, confirmed: Option<Hash>) -> Option<Hash> {
    let Genuine { seq, hash, .. } = changed.genuine;
    let (entry, gives) = (changed.entry.entry(), before.gives());
    let is_joint = confirmed == Some(hash)
        && before.genuine.seq + 1 == seq
        && entry.content_hash_at(seq, &gives.to_string()) == hash;
    is_joint.then(|| {
        before.genuine.hash = gives;
        gives
    })
}

/// What a block was is no longer only possible.
fn add_original_block(finding: &mut Finding, modified: Vec<ModifiedField>) {
    let names: Vec<&str> = modified.iter().map(|field| field.field.as_str()).collect();
    finding.message += &format!(" Proven of the block: {}.", names.join(", "));
    let all = finding.modified_fields.get_or_insert_default();
    // In key order the block stands between reference_id and the hashes.
    let hashes = all.iter().position(|field| field.field.ends_with("_hash")).unwrap_or(all.len());
    all.splice(hashes..hashes, modified);
    let of_block = |field: &String| PERSONAL_KEYS.contains(&field.as_str());
    if let Some(failure) = &mut finding.hash_integrity_failure {
        failure.possibly_modified_fields.retain(|field| !of_block(field));
    }
    if let Some(possibly) = &mut finding.possibly_modified_fields {
        possibly.retain(|field| !of_block(field));
    }
    finding.possibly_modified_fields.take_if(|possibly| possibly.is_empty());
}
