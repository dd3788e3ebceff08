//! What is to be said of an entry of the genuine ledger: of its place, its content, its block, its number.

use super::besides::{add_block, changed_block};
use super::chain::Joint;
use super::content::{Content, Genuine, changed_block_alone, content, judge_content, tampered_and_malformed};
use super::examination::Examination;
use super::finding::{Place, Shown, chain_finding, file_finding};
use super::renumbering::Renumbered;
use crate::entry::{Entry, Personal};
use crate::export::strict::Fault;
use crate::hash::Hash;
use crate::report::{Cause, ErrorType, Finding, MissingRange};

/// A block that cannot be read stands there all the same: that it is gone is not what is wrong with it.
const UNREAD: Personal<'static> = Personal {
    salt: "",
    sender_username: None,
    receiver_username: None,
    description: None,
    ip_address: None,
    user_agent: None,
};

impl Examination {
    pub(super) fn genuine(&mut self, entry: &Entry<'_>, fault: Option<&Fault>, place: &Place, genuine: Genuine) {
        let Genuine { seq, joint, hash, .. } = genuine;
        self.asides.know(seq, hash, place.line);
        let stand_ins = std::mem::take(&mut self.order.unreadable);
        if let Some(Joint::Missing { first, last, unreadable }) = joint
            && !(unreadable && stand_ins > last - first)
        {
            self.find_missing(entry, place, first, last);
        }
        // Nothing is hashed twice: what the first reading found right need not be found right again.
        let gives = if self.overview.is_sound(place) { Hash::parse(entry.current_hash) } else { None };
        let content = content(entry, gives.unwrap_or_else(|| entry.content_hash()), &genuine);
        match content {
            // What its leaf is, only its judgement says.
            Content::Differs if genuine.known => self.hold(entry, fault, place, genuine),
            content => {
                self.judge_changed(content.link(entry), Some(entry.created_at));
                self.remember_leaves(entry, &genuine, content.vouched());
                self.judge(entry, fault, place, &genuine, &content);
            }
        }
    }

    pub(super) fn judge(
        &mut self,
        entry: &Entry<'_>,
        fault: Option<&Fault>,
        place: &Place,
        genuine: &Genuine,
        content: &Content,
    ) {
        let (seq, vouched) = (genuine.seq, content.vouched());
        let disagrees = matches!(genuine.joint, Some(Joint::Disagrees(_))) && !matches!(content, Content::Relinked(_));
        if !vouched || disagrees || matches!(genuine.joint, Some(Joint::Missing { .. })) {
            self.broken_before = self.broken_before.max(seq);
        }
        if let (Content::Agrees, 1, Some(Joint::Disagrees(expected))) = (content, seq, genuine.joint) {
            self.find_other_ledger(entry, expected);
        }
        let written = content.written(entry);
        if matches!(content, Content::Recovered(_)) {
            self.show_as_it_was(&written, place);
        }
        let may_differ = vouched && !self.overview.is_sound(place);
        let block = may_differ.then(|| changed_block(&written)).flatten();
        let found = match fault {
            Some(fault) => Some(tampered_and_malformed(entry, fault, place, content, genuine)),
            None => judge_content(entry, place, content, genuine, block.is_none()),
        };
        let is_alike = vouched && self.renumbered.as_mut().is_some_and(|before| before.takes_in(seq, entry.seq));
        let number_alone = matches!(content, Content::Renumbered) && fault.is_none() && block.is_none();
        match found {
            Some(finding) if number_alone && !disagrees && Hash::parse(entry.current_hash) == Some(genuine.hash) => {
                if !is_alike {
                    self.find_renumbered(entry, seq, finding);
                }
            }
            found => self.find_content(entry, found, block, &written, place),
        }
        if matches!(content, Content::Agrees | Content::Restated) {
            self.judge_number(entry, place, seq);
        }
        // The hash vouches for all but the block; and for the number that belongs to the entry's place.
        let unread = entry.personal.is_none() && fault.is_some_and(Fault::is_of_block);
        let written = Entry { seq, personal: if unread { Some(UNREAD) } else { written.personal }, ..written };
        // A hash off its grammar is not what the entry had.
        let hashes = fault.map(|_| (genuine.hash.to_string(), content.link(entry).unwrap_or_default().to_string()));
        let written = match &hashes {
            Some((current, previous)) if vouched => Entry { current_hash: current, previous_hash: previous, ..written },
            _ => written,
        };
        match (Entry { personal: None, ..written.clone() }).check() {
            Ok(values) if vouched => {
                self.recovery.pass(seq, values.time);
                self.replay.entry(seq, &written, &values, place);
            }
            _ => {
                self.order.unjudged = true;
                self.replay.unknown(seq);
            }
        }
    }

    /// What was found of an entry's content and of its block is one finding.
    fn find_content(
        &mut self,
        entry: &Entry<'_>,
        found: Option<Finding>,
        block: Option<Hash>,
        written: &Entry<'_>,
        place: &Place,
    ) {
        let Some(computed) = block else {
            found.into_iter().for_each(|finding| self.find(finding));
            return;
        };
        let finding = match found {
            Some(mut finding) => {
                add_block(&mut finding, written, computed);
                finding
            }
            None => changed_block_alone(entry, place, computed),
        };
        if let Some(at) = self.findings.add(finding.error_type, || finding) {
            self.recovery.seek_block(written, at);
        }
    }

    /// An entry of which the number alone was changed.
    fn find_renumbered(&mut self, entry: &Entry<'_>, seq: u64, finding: Finding) {
        self.tell_renumbered();
        let at = self.findings.add(finding.error_type, || finding);
        self.renumbered = at.map(|at| Renumbered::of(seq, entry.seq, at));
    }

    /// Says how far the last change of numbers went.
    pub(super) fn tell_renumbered(&mut self) {
        if let Some(renumbered) = self.renumbered.take() {
            renumbered.tell(&mut self.findings.listed);
        }
    }

    /// The entry's leaf, and that of the one before it, where it is gone and this one names its hash.
    fn remember_leaves(&mut self, entry: &Entry<'_>, genuine: &Genuine, vouched: bool) {
        if let Some(Joint::Missing { last, .. }) = genuine.joint
            && let Some(hash) = Hash::parse(entry.previous_hash).filter(|_| vouched && last > 0)
        {
            self.leaves.push(last, hash);
        }
        if genuine.known {
            self.leaves.push(genuine.seq, genuine.hash);
        }
    }

    fn find_missing(&mut self, entry: &Entry<'_>, place: &Place, first: u64, last: u64) {
        let gone =
            if first == last { format!("entry {first} is") } else { format!("the entries {first} to {last} are") };
        let message = format!("The chain breaks before entry {}: {gone} gone.", last + 1);
        let before = place.previous.as_ref().and_then(|p| p.current_hash.as_deref()).and_then(Hash::parse);
        let mut finding = chain_finding(Cause::Missing, message, place, &Shown::from(entry), before);
        finding.missing = Some(MissingRange { first_seq: first, last_seq: last });
        self.find(finding);
    }

    /// An entry whose hash, which covers its number, the chain confirms. Where later ones are off by as much
    /// they follow from the first: an entry was taken out before it, say, and every later hash made anew.
    fn judge_number(&mut self, entry: &Entry<'_>, place: &Place, seq: u64) {
        let by = entry.seq.wrapping_sub(seq);
        if by == std::mem::replace(&mut self.misnumbered_by, by) || by == 0 {
            return;
        }
        let message = format!(
            "Entry {seq} by its place calls itself {}, and the hashes confirm that: entries before it were taken out or put in, or the chain was made anew from here on, by its writer or past it.",
            entry.seq
        );
        let mut finding = chain_finding(Cause::Unknown, message, place, &Shown::from(entry), None);
        (finding.expected, finding.found) = (Some(seq.into()), Some(entry.seq.into()));
        finding.hash_mismatch_details = None;
        self.find(finding);
    }

    fn find_other_ledger(&mut self, entry: &Entry<'_>, expected: Hash) {
        let message = "The header names another ledger than the one that entry 1 was written for, and entry 1's own hash confirms it.".to_owned();
        let finding = Finding {
            line: Some(1),
            expected: Some(expected.to_string().into()),
            found: Some(entry.previous_hash.into()),
            ..file_finding(ErrorType::GenesisMismatch, message)
        };
        self.find(finding);
    }
}
