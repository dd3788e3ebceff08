//! A batch that is written while it is made: all of it, or nothing, as any other.

use countersign_core::books::Account;
use countersign_core::hash::Hash;
use countersign_core::seal::Record;
use countersign_core::settle::Order;

use super::Open;
use super::desk::{Everything, account, carry_out, erasure, furnish, identity, mint, prepare, start, transfer};
use crate::act::Act;
use crate::batch::{Answer, Batch, SignedCheckpoint};
use crate::head::{Halt, Head};
use crate::making::{Made, Making};
use crate::store::{Page, Wanted};

/// Gives a batch away entry by entry, each with the nodes that it completes.
#[derive(Debug)]
struct Pieces {
    batch: Batch,
    given: usize,
    /// Whether there is a batch in the end.
    is_good: bool,
}

impl Pieces {
    fn of(batch: Batch) -> Self {
        Self { batch, given: 0, is_good: true }
    }
}

impl Making for Pieces {
    fn head(&self) -> &Head {
        &self.batch.basis.head
    }

    fn more(&mut self) -> bool {
        self.given += 1;
        self.given <= self.batch.entries.len()
    }

    fn made(&self) -> Made<'_> {
        let (before, entry) = self.batch.entries[..self.given].split_at(self.given - 1);
        // It completes a subtree of each size that goes into the number of leaves.
        let completed = |entry: &Record| entry.seq.trailing_zeros() as usize;
        let nodes = self.batch.nodes.split_at(before.iter().map(completed).sum()).1;
        (entry, &nodes[..completed(&entry[0])])
    }

    fn batch(&mut self) -> Option<&Batch> {
        self.is_good.then_some(&self.batch)
    }
}

fn orders() -> Vec<Order> {
    (1..=20).map(|n| transfer("alice", "bob", &n.to_string())).chain([mint("carol", "5")]).collect()
}

pub(super) fn a_batch_is_written_while_it_is_made(open: &Open) {
    let store = open();
    furnish(&*store, &["alice", "bob", "carol"]);
    let batch = prepare(&*store, &orders());
    assert!(store.commit_while_made(&mut Pieces::of(batch.clone())).unwrap());
    let after = Everything::of(&*store);
    after.assert_one_chain(&identity());
    assert_eq!(after.entries[3..], batch.entries);
    let nodes: Vec<_> = batch.nodes.iter().map(|(id, _)| *id).collect();
    assert_eq!(store.nodes(&nodes).unwrap(), batch.nodes.iter().map(|(_, hash)| *hash).collect::<Vec<_>>());
    assert_eq!(account(&*store, "alice").version, batch.basis.accounts["alice"].version + 1);
    assert!(store.commit_while_made(&mut Pieces::of(Batch::on(after.head.clone()))).unwrap());
    assert_eq!(Everything::of(&*store).head.version, after.head.version + 1);
    carry_out(&*store, &[transfer("bob", "alice", "1")]);
    Everything::of(&*store).assert_one_chain(&identity());
}

/// What else a batch may hold is written with it.
pub(super) fn every_part_of_it_is_written(open: &Open) {
    let store = open();
    let minted = furnish(&*store, &["alice", "bob"]);
    let mut batch = prepare(&*store, &[transfer("alice", "bob", "1"), erasure(&minted[0]), mint("bob", "1")]);
    batch.opened.push(Account::open("carol".to_owned(), None, start()));
    let asked = Hash::of(b"asked");
    batch.answers.push(Answer { key: "k".to_owned(), asked, answer: "{}".to_owned(), at: start() });
    batch.checkpoints.push(SignedCheckpoint { size: 1, note: "note".to_owned(), at: start() });
    let halt = Halt { by: "mira".to_owned(), reason: "a drill".to_owned(), at: start() };
    batch.acts.push(Act::of_halt(&halt, batch.head.seq));
    assert!(store.commit_while_made(&mut Pieces::of(batch)).unwrap());
    let keys = Wanted { answers: vec!["k".to_owned()], accounts: vec!["carol".to_owned()], ..Wanted::default() };
    let loaded = open().load(&keys).unwrap();
    assert!(loaded.answers.contains_key("k") && loaded.accounts.contains_key("carol"));
    assert_eq!(store.checkpoint(None).unwrap().unwrap().note, "note");
    assert_eq!(store.acts(Page { before: None, limit: 1 }).unwrap()[0].reason.as_deref(), Some("a drill"));
    assert!(store.entry(minted[0].seq).unwrap().unwrap().personal.is_none());
    Everything::of(&*store).assert_one_chain(&identity());
}

pub(super) fn of_a_batch_that_is_given_up_nothing_is_written(open: &Open) {
    let store = open();
    furnish(&*store, &["alice", "bob", "carol"]);
    let before = Everything::of(&*store);
    let mut pieces = Pieces { is_good: false, ..Pieces::of(prepare(&*store, &orders())) };
    assert!(!store.commit_while_made(&mut pieces).unwrap());
    assert_eq!(Everything::of(&*store), before);
    // Nor is one without entries; and what was made is made again, and written now.
    let mut nothing = Pieces { is_good: false, ..Pieces::of(Batch::on(before.head.clone())) };
    assert!(!store.commit_while_made(&mut nothing).unwrap());
    assert_eq!(Everything::of(&*store), before);
    let again = prepare(&*store, &orders());
    assert!(store.commit_while_made(&mut Pieces::of(again)).unwrap());
    Everything::of(&*store).assert_one_chain(&identity());
}

/// Made on what is no more so, or with an entry that is there: refused as any batch is, and nothing is written.
pub(super) fn a_batch_that_fails_while_it_is_made_is_undone(open: &Open) {
    let store = open();
    let earlier = furnish(&*store, &["alice", "bob", "carol"]);
    let stale = prepare(&*store, &orders());
    carry_out(&*store, &[mint("carol", "1")]);
    let mut twice = prepare(&*store, &orders());
    twice.entries[20].transaction_id = earlier[0].transaction_id.clone();
    let mut edited = prepare(&*store, &orders());
    edited.basis.accounts.get_mut("bob").unwrap().is_banned = true;
    let before = Everything::of(&*store);
    for (batch, expected) in [(stale, "VERSION_CONFLICT"), (twice, "ALREADY_EXISTS"), (edited, "STORE_DAMAGED")] {
        let whole = store.commit(&batch).unwrap_err();
        let made = store.commit_while_made(&mut Pieces::of(batch)).unwrap_err();
        assert_eq!((made.code(), made.to_string()), (expected, whole.to_string()));
        assert_eq!(Everything::of(&*store), before);
    }
    assert!(store.commit_while_made(&mut Pieces::of(prepare(&*store, &orders()))).unwrap());
}
