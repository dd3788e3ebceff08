//! A batch that is written while it is made is the one that was made.

use countersign_core::hash::Hash;
use countersign_store::conformance::desk::{self, Everything};
use countersign_store::{Batch, Head, Made, Making, Remains, Store as _, StoreError};

use crate::Ledger;

/// Gives a part of a batch, and says in the end that it was all.
#[derive(Debug)]
struct Short {
    batch: Batch,
    entries: usize,
    nodes: usize,
    is_given: bool,
}

impl Making for Short {
    fn head(&self) -> &Head {
        &self.batch.basis.head
    }

    fn more(&mut self) -> bool {
        !std::mem::replace(&mut self.is_given, true)
    }

    fn made(&self) -> Made<'_> {
        (&self.batch.entries[..self.entries], &self.batch.nodes[..self.nodes])
    }

    fn batch(&mut self) -> Option<&Batch> {
        Some(&self.batch)
    }
}

/// Has no entry, and in the end no batch.
#[derive(Debug)]
struct Nothing(Head);

impl Making for Nothing {
    fn head(&self) -> &Head {
        &self.0
    }

    fn more(&mut self) -> bool {
        false
    }

    fn made(&self) -> Made<'_> {
        (&[], &[])
    }

    fn batch(&mut self) -> Option<&Batch> {
        None
    }
}

#[test]
fn a_batch_that_writes_nothing_waits_for_nobody() {
    let ledger = Ledger::furnished();
    let store = ledger.open();
    let head = Everything::of(&store).head;
    let other = ledger.raw();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    // Else it would be told after five seconds that the database is busy.
    assert!(!store.commit_while_made(&mut Nothing(head)).unwrap());
}

#[test]
fn another_batch_than_was_made_is_refused() {
    let ledger = Ledger::empty();
    let store = ledger.open();
    desk::furnish(&store, &["alice", "bob"]);
    let before = Everything::of(&store);
    let orders = ["1", "2", "3"].map(|amount| desk::transfer("alice", "bob", amount));
    let batch = desk::prepare(&store, &orders);
    let (entries, nodes) = (batch.entries.len(), batch.nodes.len());
    let mut headless = batch.clone();
    headless.head.hash = Hash::of(b"another");
    let mut loose = batch.clone();
    loose.entries.swap(1, 2);
    for (batch, entries, nodes) in
        [(&batch, 1, 0), (&batch, entries, nodes - 1), (&headless, entries, nodes), (&loose, entries, nodes)]
    {
        let outcome = store.commit_while_made(&mut Short { batch: batch.clone(), entries, nodes, is_given: false });
        assert!(matches!(outcome, Err(StoreError::Refused { .. })), "{outcome:?}");
        assert_eq!(Everything::of(&store), before);
    }
    assert!(store.commit_while_made(&mut Short { batch, entries, nodes, is_given: false }).unwrap());
    Everything::of(&store).assert_one_chain(&desk::identity());
}

/// As one that was whole: while somebody reads, what it erased stays in the log, and that is remembered.
#[test]
fn what_it_erased_is_remembered() {
    let ledger = Ledger::empty();
    let store = ledger.open();
    let minted = desk::furnish(&store, &["alice", "bob"]);
    let batch = desk::prepare(&store, &[desk::erasure(&minted[0])]);
    let reading = store.snapshot().unwrap();
    let (entries, nodes) = (batch.entries.len(), batch.nodes.len());
    assert!(store.commit_while_made(&mut Short { batch, entries, nodes, is_given: false }).unwrap());
    assert_eq!(store.rid_of_erased().unwrap(), Remains::InTheLog);
    drop(reading);
    assert_eq!(store.rid_of_erased().unwrap(), Remains::Nowhere);
}
