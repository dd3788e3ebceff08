//! What a second reading keeps to find out what changed entries and blocks were before.

use super::chain::Joint;
use super::content::Genuine;
use super::finding::Place;
use crate::entry::Entry;
use crate::export::strict::{Fault, OwnedEntry};
use crate::hash::Hash;
use crate::recovery::{Budget, LONGEST, Lexicon, length};
use crate::timestamp::Timestamp;

/// What is known of a file beside its entries' hashes, and which of its entries were changed.
#[derive(Debug)]
pub(super) struct Recovery {
    pub(super) budget: Budget,
    pub(super) lexicon: Lexicon,
    /// The last entries, one after the other, that were changed.
    pub(super) changed: Vec<Changed>,
    pub(super) blocks: Vec<Block>,
    /// `seq` and time of the last entry of the genuine ledger.
    pub(super) last: Option<(u64, Timestamp)>,
}

/// An entry whose content does not give its genuine hash.
#[derive(Debug)]
pub(super) struct Changed {
    pub(super) entry: OwnedEntry,
    pub(super) fault: Option<Fault>,
    pub(super) place: Place,
    pub(super) genuine: Genuine,
    pub(super) before: Option<Timestamp>,
}

/// A personal block that does not give a hash which the chain confirms.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) entry: OwnedEntry,
    /// Place of the finding about it.
    pub(super) finding: usize,
}

impl Changed {
    /// The hash that its content gives as it stands, with the number of its place.
    pub(super) fn gives(&self) -> Hash {
        let entry = self.entry.entry();
        entry.content_hash_at(self.genuine.seq, entry.previous_hash)
    }

    /// The hash that the entry before it has.
    pub(super) fn previous(&self) -> String {
        match self.genuine.joint {
            Some(Joint::Disagrees(previous)) => previous.to_string(),
            _ => self.entry.entry().previous_hash.to_owned(),
        }
    }
}

impl Recovery {
    pub(super) fn new(lexicon: Lexicon) -> Self {
        Self { budget: Budget::new(0), lexicon, changed: Vec::new(), blocks: Vec::new(), last: None }
    }

    /// Remembers an entry's texts, which may be the originals of another's.
    pub(super) fn see(&mut self, entry: &Entry<'_>) {
        self.lexicon.see_entry(entry);
    }

    /// An entry as it is in the genuine ledger.
    pub(super) const fn pass(&mut self, seq: u64, time: Timestamp) {
        self.last = Some((seq, time));
    }

    /// A finding about a block, whose original is searched for once the whole file was seen.
    pub(super) fn seek_block(&mut self, entry: &Entry<'_>, finding: usize) {
        // What is longer than any block is not kept until then.
        if entry.personal.is_none_or(|block| length(&block.texts()) + block.salt.len() > LONGEST) {
            return;
        }
        self.blocks.push(Block { entry: OwnedEntry::from(entry), finding });
    }
}
