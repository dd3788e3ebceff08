//! What a batch was made on is held to what is kept, so that who knows need not read.

use std::collections::HashMap;

use countersign_core::books::{Account, Treasury};
use countersign_core::hash::Hash;
use countersign_core::merkle::Range;
use countersign_core::money::Sum;

use super::Open;
use super::desk::{Everything, after, carry_out, draft, furnish, identity, mint, prepare, start, transfer, wanted};
use crate::batch::Batch;
use crate::error::{Document, StoreError, VersionError};
use crate::head::{Halt, Head, Totals};
use crate::store::{Loaded, Store};

/// Something about what a batch says that it was made on.
type Bend = fn(&mut Batch);

/// Bends a batch that is right in each of the ways, and asserts that none is written, and at last the right one.
fn assert_held(store: &dyn Store, good: &Batch, bends: &[Bend]) {
    let before = Everything::of(store);
    for (number, bend) in bends.iter().enumerate() {
        let mut bent = good.clone();
        bend(&mut bent);
        assert_ne!(bent.basis, good.basis, "bend {number} bends nothing");
        let outcome = store.commit(&bent);
        assert!(matches!(outcome, Err(StoreError::Damaged(_))), "bend {number} came to {outcome:?}");
        assert_eq!(Everything::of(store), before);
    }
    store.commit(good).unwrap();
    Everything::of(store).assert_one_chain(&identity());
}

pub(super) fn another_head_of_the_same_version_is_damage(open: &Open) {
    let store = open();
    furnish(&*store, &["alice", "bob"]);
    let good = prepare(&*store, &[transfer("alice", "bob", "1")]);
    assert_held(
        &*store,
        &good,
        &[
            |batch| batch.basis.head.time = None,
            |batch| batch.basis.head.time = Some(after(start(), 7)),
            |batch| batch.basis.head.totals = Totals::new(),
            |batch| batch.basis.head.range = Range::of_prefix(2, &[Hash::of(b"elsewhere")]).unwrap(),
            |batch| {
                let (by, reason) = ("officer".to_owned(), "a finding".to_owned());
                batch.basis.head.halt = Some(Halt { by, reason, at: start() });
            },
            // Without entries a batch follows whatever head it was made on.
            |batch| {
                *batch = Batch::on(Head { hash: Hash::of(b"elsewhere"), ..batch.basis.head.clone() });
            },
            |batch| {
                let range = Range::of_prefix(1, &[Hash::of(b"elsewhere")]).unwrap();
                *batch = Batch::on(Head { seq: 1, range, ..batch.basis.head.clone() });
            },
        ],
    );
}

fn treasury(batch: &mut Batch) -> &mut Treasury {
    batch.basis.treasury.as_mut().unwrap()
}

pub(super) fn another_treasury_of_the_same_version_is_damage(open: &Open) {
    let store = open();
    furnish(&*store, &["alice", "bob"]);
    carry_out(&*store, &[transfer("alice", "bob", "1")]);
    let bends: [Bend; 5] = [
        |batch| treasury(batch).collected.clear(),
        |batch| treasury(batch).transactions += 1,
        |batch| treasury(batch).last_collection_at = None,
        |batch| treasury(batch).last_withdrawal_at = Some(start()),
        |batch| treasury(batch).last_withdrawal_by = Some("officer".to_owned()),
    ];
    // Where the batch writes it, and where it does not.
    for order in [transfer("alice", "bob", "1"), mint("alice", "1")] {
        assert_held(&*store, &prepare(&*store, &[order]), &bends);
    }
}

fn alice(batch: &mut Batch) -> &mut Account {
    batch.basis.accounts.get_mut("alice").unwrap()
}

pub(super) fn another_account_of_the_same_version_is_damage(open: &Open) {
    let store = open();
    furnish(&*store, &["alice", "bob"]);
    let good = prepare(&*store, &[transfer("alice", "bob", "1")]);
    assert_held(
        &*store,
        &good,
        &[
            |batch| alice(batch).balances.clear(),
            |batch| alice(batch).balances.extend([("GOLD".to_owned(), Sum::ZERO)]),
            |batch| alice(batch).is_frozen_for_fraud = true,
            |batch| alice(batch).is_active = false,
            |batch| alice(batch).is_banned = true,
            |batch| alice(batch).username = None,
            |batch| alice(batch).username = Some("another".to_owned()),
            |batch| alice(batch).created_at = after(start(), 1),
            |batch| alice(batch).updated_at = start(),
        ],
    );
}

/// The Treasury that a batch rests on and does not write is another's to write.
pub(super) fn a_treasury_that_was_written_meanwhile_is_named(open: &Open) {
    let store = open();
    furnish(&*store, &["alice", "bob", "carol"]);
    let stale = prepare(&*store, &[mint("carol", "1")]);
    carry_out(&*store, &[transfer("alice", "bob", "1")]);
    let expected = stale.basis.treasury.as_ref().unwrap().version;
    match store.commit(&stale) {
        Err(StoreError::Version(error)) => {
            assert_eq!(error, VersionError { document: Document::Treasury, expected, found: expected + 1 });
        }
        outcome => panic!("a stale batch came to {outcome:?}"),
    }
}

/// What a commit leaves, as far as whoever made the batch knows it.
fn left(batch: Batch) -> Loaded {
    let next = |account: Account| (account.id.clone(), Account { version: account.version + 1, ..account });
    let mut accounts = batch.basis.accounts;
    accounts.extend(batch.accounts.into_iter().map(next));
    let written = batch.treasury.map(|treasury| Treasury { version: treasury.version + 1, ..treasury });
    Loaded {
        head: Head { version: batch.head.version + 1, ..batch.head },
        treasury: written.or(batch.basis.treasury).unwrap(),
        accounts,
        referenced: HashMap::new(),
        answers: HashMap::new(),
        sent: HashMap::new(),
    }
}

pub(super) fn what_a_commit_left_is_built_upon_unread(open: &Open) {
    let store = open();
    furnish(&*store, &["alice", "bob"]);
    let mut known = store.load(&wanted(&[transfer("alice", "bob", "1")])).unwrap();
    for round in 1..=5 {
        for orders in [vec![transfer("alice", "bob", "1.0001"); round], vec![mint("alice", "0.5")]] {
            let batch = draft(known, &orders).unwrap();
            store.commit(&batch).unwrap();
            known = left(batch);
        }
    }
    let kept = Everything::of(&*open());
    assert_eq!((&kept.head, &kept.treasury), (&known.head, &known.treasury));
    assert_eq!(kept.accounts, [&known.accounts["alice"], &known.accounts["bob"]].map(Clone::clone));
    kept.assert_one_chain(&identity());
}
