//! A batch that is written while it is made: all of it, or nothing, as any other.

use countersign_core::settle::Order;

use super::Open;
use super::desk::{Everything, account, carry_out, furnish, identity, mint, prepare, transfer};
use crate::batch::Batch;
use crate::head::Head;
use crate::making::{Made, Making};

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

    fn more(&mut self) -> Option<Made<'_>> {
        let entry = self.batch.entries.get(self.given..=self.given)?;
        self.given += 1;
        let leaves = entry[0].seq;
        // It completes a subtree of each size that goes into the number of leaves.
        let before: usize = self.batch.entries[..self.given - 1].iter().map(|e| e.seq.trailing_zeros() as usize).sum();
        Some((entry, &self.batch.nodes[before..before + leaves.trailing_zeros() as usize]))
    }

    fn batch(&mut self) -> Option<&Batch> {
        while self.more().is_some() {}
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
    carry_out(&*store, &[transfer("bob", "alice", "1")]);
    Everything::of(&*store).assert_one_chain(&identity());
}

pub(super) fn of_a_batch_that_is_given_up_nothing_is_written(open: &Open) {
    let store = open();
    furnish(&*store, &["alice", "bob", "carol"]);
    let before = Everything::of(&*store);
    let mut pieces = Pieces { is_good: false, ..Pieces::of(prepare(&*store, &orders())) };
    assert!(!store.commit_while_made(&mut pieces).unwrap());
    assert_eq!(Everything::of(&*store), before);
    // What was made is made again, and written now.
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
