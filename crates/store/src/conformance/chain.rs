//! The chain: who extends it names the head that he read.

use countersign_core::entry::PERSONAL_MAX;
use countersign_core::hash::Hash;

use super::Open;
use super::desk::{Everything, carry_out, furnish, identity, mint, open_accounts, prepare, transfer};
use crate::batch::Batch;
use crate::error::{Document, StoreError, VersionError};
use crate::store::{Store, Wanted};

/// Nothing ties these two but the head.
pub(super) fn of_two_who_extend_one_fails(open: &Open) {
    let (one, other) = (open(), open());
    furnish(&*one, &["alice", "bob"]);
    let (quick, slow) = (prepare(&*one, &[mint("alice", "1")]), prepare(&*other, &[mint("bob", "1")]));
    one.commit(&quick).unwrap();
    let before = Everything::of(&*one);
    let expected = slow.head.version;
    match other.commit(&slow) {
        Err(StoreError::Version(error)) => {
            assert_eq!(error, VersionError { document: Document::Ledger, expected, found: expected + 1 });
        }
        outcome => panic!("a fork came to {outcome:?}"),
    }
    assert_eq!(Everything::of(&*other), before);
    carry_out(&*other, &[mint("bob", "1")]);
    Everything::of(&*one).assert_one_chain(&identity());
}

pub(super) fn what_does_not_follow_is_refused(open: &Open) {
    let store = open();
    furnish(&*store, &["alice"]);
    let before = Everything::of(&*store);
    let good = prepare(&*store, &[mint("alice", "1"), mint("alice", "2")]);
    let bent: [fn(&mut Batch); 5] = [
        |batch| batch.entries[0].seq += 1,
        |batch| batch.entries[0].previous_hash = Hash::of(b"elsewhere").to_string(),
        |batch| batch.entries.swap(0, 1),
        |batch| batch.head.hash = Hash::of(b"elsewhere"),
        |batch| {
            batch.entries.pop();
        },
    ];
    for bend in bent {
        let mut batch = good.clone();
        bend(&mut batch);
        let outcome = store.commit(&batch);
        assert!(matches!(outcome, Err(StoreError::Refused { .. })), "{outcome:?}");
        assert_eq!(Everything::of(&*store), before);
    }
    store.commit(&good).unwrap();
    Everything::of(&*store).assert_one_chain(&identity());
}

pub(super) fn any_commit_moves_the_version(open: &Open) {
    let store = open();
    let version = |store: &dyn Store| store.load(&Wanted::default()).unwrap().head.version;
    assert_eq!(version(&*store), 0);
    open_accounts(&*store, &["alice"]);
    assert_eq!(version(&*store), 1);
    carry_out(&*store, &[mint("alice", "1"), mint("alice", "1")]);
    assert_eq!(version(&*store), 2);
    store.commit(&Batch::on(store.load(&Wanted::default()).unwrap().head)).unwrap();
    assert_eq!(version(&*open()), 3);
}

pub(super) fn texts_come_back_as_they_were(open: &Open) {
    let store = open();
    furnish(&*store, &["a", "b.c:d_e-F"]);
    let texts = [
        "'; DROP TABLE entries; --".to_owned(),
        "\"double\" \\ back\\slash {\"json\": null} %s $1 ?1 :x".to_owned(),
        "Ünïcödé — 漢字 🦀 e\u{301} and é".to_owned(),
        "x".repeat(PERSONAL_MAX[2]),
        " leading and trailing ".to_owned(),
    ];
    let mut orders = Vec::new();
    for text in &texts {
        let mut order = transfer("a", "b.c:d_e-F", "1.0001");
        order.description = Some(text.clone());
        order.user_agent = Some(text.chars().take(100).collect());
        order.reference_id = Some(text.chars().take(20).collect());
        orders.push(order);
    }
    let written = carry_out(&*store, &orders);
    for (record, text) in written.iter().zip(&texts) {
        let read = store.entry(record.seq).unwrap().unwrap();
        assert_eq!(&read, record);
        assert_eq!(read.personal.unwrap().description.as_ref(), Some(text));
    }
    Everything::of(&*store).assert_one_chain(&identity());
}
