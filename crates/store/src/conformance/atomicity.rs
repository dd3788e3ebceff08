//! All of a batch, or nothing.

use countersign_core::books::Account;
use countersign_core::hash::Hash;

use super::Open;
use super::desk::{Everything, carry_out, erasure, furnish, identity, mint, prepare, start, transfer};
use crate::batch::{Answer, Batch, SignedCheckpoint};
use crate::error::StoreError;
use crate::store::{Store, Wanted};

/// Commits a batch that the store must refuse as existing, and asserts that nothing of it is there, and that the
/// store goes on.
fn assert_undone(store: &dyn Store, batch: &Batch) {
    let before = Everything::of(store);
    let outcome = store.commit(batch);
    assert!(matches!(outcome, Err(StoreError::Exists { .. })), "{outcome:?}");
    assert_eq!(Everything::of(store), before);
    carry_out(store, &[mint("alice", "1"), transfer("alice", "bob", "1")]);
    Everything::of(store).assert_one_chain(&identity());
}

pub(super) fn a_repeated_id_undoes_all(open: &Open) {
    let store = open();
    furnish(&*store, &["alice", "bob"]);
    let mut batch = prepare(&*store, &[transfer("alice", "bob", "1"), mint("alice", "2"), mint("bob", "3")]);
    batch.entries[1].transaction_id = batch.entries[0].transaction_id.clone();
    assert_undone(&*store, &batch);
}

pub(super) fn an_earlier_id_is_found_too(open: &Open) {
    let store = open();
    let earlier = furnish(&*store, &["alice", "bob"]);
    let mut batch = prepare(&*store, &[transfer("alice", "bob", "1"), mint("alice", "2"), mint("bob", "3")]);
    batch.entries[2].transaction_id = earlier[0].transaction_id.clone();
    assert_undone(&*store, &batch);
}

/// The documents are right; the head, which is compared last, is not.
pub(super) fn a_stale_head_undoes_all(open: &Open) {
    let store = open();
    furnish(&*store, &["alice", "bob", "carol"]);
    let mut stale = prepare(&*store, &[transfer("alice", "bob", "1")]);
    stale.opened.push(Account::open("dave".to_owned(), None, start()));
    carry_out(&*store, &[mint("carol", "1")]);
    let before = Everything::of(&*store);
    let outcome = store.commit(&stale);
    assert!(matches!(outcome, Err(StoreError::Version(_))), "{outcome:?}");
    assert_eq!(Everything::of(&*store), before);
    assert!(store.entry_by_id(&stale.entries[0].transaction_id).unwrap().is_none());
}

/// Everything that a batch may hold, and one thing in it, written last, that must fail: an erasure of nothing.
pub(super) fn every_part_is_undone(open: &Open) {
    let store = open();
    let minted = furnish(&*store, &["alice", "bob"]);
    let mut batch = prepare(&*store, &[transfer("alice", "bob", "1"), erasure(&minted[0])]);
    batch.opened.push(Account::open("carol".to_owned(), None, start()));
    let asked = Hash::of(b"asked");
    batch.answers.push(Answer { key: "k".to_owned(), asked, answer: "{}".to_owned(), at: start() });
    batch.checkpoints.push(SignedCheckpoint { size: 1, note: "note".to_owned(), at: start() });
    let mut bad = batch.clone();
    bad.erased.push("00000000-0000-7000-8000-000000000000".to_owned());
    let before = Everything::of(&*store);
    let outcome = store.commit(&bad);
    assert!(matches!(outcome, Err(StoreError::Refused { .. })), "{outcome:?}");
    assert_eq!(Everything::of(&*store), before);
    let keys = Wanted { answers: vec!["k".to_owned()], accounts: vec!["carol".to_owned()], ..Wanted::default() };
    let loaded = store.load(&keys).unwrap();
    assert!(loaded.answers.is_empty() && loaded.accounts.is_empty());
    assert_eq!(store.checkpoint(None).unwrap(), None);
    for (id, _) in &bad.nodes {
        assert!(matches!(store.nodes(&[*id]), Err(StoreError::Damaged(_))), "a node of an undone batch is kept");
    }
    store.commit(&batch).unwrap();
    let loaded = open().load(&keys).unwrap();
    assert!(loaded.answers.contains_key("k") && loaded.accounts.contains_key("carol"));
    assert_eq!(store.checkpoint(None).unwrap().unwrap().note, "note");
    assert!(store.entry(minted[0].seq).unwrap().unwrap().personal.is_none());
}
