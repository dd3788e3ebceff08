//! Personal blocks, and how they go.

use super::Open;
use super::desk::{Everything, carry_out, erasure, furnish, identity, mint, prepare, transfer};
use crate::batch::Batch;
use crate::error::StoreError;
use crate::store::Wanted;

pub(super) fn an_erasure_takes_one_block_only(open: &Open) {
    let store = open();
    furnish(&*store, &["alice", "bob"]);
    let paid = carry_out(&*store, &[transfer("alice", "bob", "1"), transfer("alice", "bob", "2")]);
    let before = Everything::of(&*store);
    carry_out(&*store, &[erasure(&paid[1])]);
    let mut expected = before.entries;
    let at = usize::try_from(paid[1].seq).unwrap() - 1;
    assert!(expected[at].personal.take().is_some());
    let now = Everything::of(&*store);
    assert_eq!(now.entries[..expected.len()], expected);
    assert!(now.entries.last().unwrap().personal.is_some(), "the erasure itself has its block");
    now.assert_one_chain(&identity());
    let ids = paid.iter().map(|record| record.transaction_id.clone()).collect();
    let referenced = store.load(&Wanted { referenced: ids, ..Wanted::default() }).unwrap().referenced;
    assert!(!referenced[&paid[0].transaction_id].is_erased && referenced[&paid[1].transaction_id].is_erased);
    assert_eq!(store.entry(paid[1].seq).unwrap().unwrap(), expected[at]);
}

pub(super) fn no_block_goes_without_its_erasure(open: &Open) {
    let store = open();
    let minted = furnish(&*store, &["alice", "bob"]);
    carry_out(&*store, &[erasure(&minted[0])]);
    let before = Everything::of(&*store);
    let mut batches = [Batch::on(before.head.clone()), prepare(&*store, &[mint("alice", "1")])];
    for batch in &mut batches {
        batch.erased.push(minted[1].transaction_id.clone());
        let outcome = store.commit(batch);
        assert!(matches!(outcome, Err(StoreError::Refused { .. })), "{outcome:?}");
        assert_eq!(Everything::of(&*store), before);
    }
    carry_out(&*store, &[erasure(&minted[1])]);
}

pub(super) fn a_block_goes_once(open: &Open) {
    let store = open();
    let minted = furnish(&*store, &["alice", "bob"]);
    carry_out(&*store, &[erasure(&minted[0])]);
    let before = Everything::of(&*store);
    for id in [minted[0].transaction_id.clone(), "no such entry".to_owned()] {
        let mut batch = Batch::on(before.head.clone());
        batch.erased.push(id);
        let outcome = store.commit(&batch);
        assert!(matches!(outcome, Err(StoreError::Refused { .. })), "{outcome:?}");
    }
    assert_eq!(Everything::of(&*store), before);
}
