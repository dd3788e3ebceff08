//! The ledger as it was at one moment.

use std::io::{Cursor, Error};

use countersign_core::report::TrustGrade;
use countersign_core::{Options, verify_chain_integrity};

use super::Open;
use super::desk::{
    Everything, administer, carry_out, erasure, furnish, identity, keep, mint, open_accounts, refund, transfer,
};
use crate::error::StoreError;
use crate::export::{self, Extent};

pub(super) fn a_snapshot_stays_as_it_was(open: &Open) {
    let (store, other) = (open(), open());
    let minted = furnish(&*store, &["alice", "bob"]);
    carry_out(&*store, &[transfer("alice", "bob", "1")]);
    let before = Everything::of(&*store);
    let mut snapshot = store.snapshot().unwrap();
    // Neither another handle's commits nor its own handle's wait for the snapshot, or are seen in it.
    carry_out(&*other, &[transfer("alice", "bob", "2"), erasure(&minted[0])]);
    open_accounts(&*store, &["carol"]);
    carry_out(&*store, &[mint("carol", "5")]);
    assert_eq!(snapshot.head(), &before.head);
    let (mut entries, mut accounts) = (Vec::new(), Vec::new());
    snapshot.entries(1..=1000, &mut |record| keep(&mut entries, record)).unwrap();
    snapshot.accounts(&mut |account| keep(&mut accounts, account)).unwrap();
    assert_eq!((entries, accounts), (before.entries, before.accounts));
    assert_eq!(snapshot.treasury().unwrap(), before.treasury);
    assert_eq!(snapshot.prefix(before.head.seq).unwrap(), before.head.range.roots());
    drop(snapshot);
    let now = Everything::of(&*store);
    assert_eq!((now.entries.len(), now.accounts.len()), (6, 3));
    assert!(now.entries[0].personal.is_none());
}

pub(super) fn who_is_handed_entries_may_give_up(open: &Open) {
    let store = open();
    furnish(&*store, &["alice", "bob", "carol", "dave"]);
    let mut snapshot = store.snapshot().unwrap();
    let mut seqs = Vec::new();
    snapshot.entries(2..=3, &mut |record| keep(&mut seqs, record.seq)).unwrap();
    assert_eq!(seqs, [2, 3]);
    let mut handed = 0;
    let outcome = snapshot.entries(1..=4, &mut |_| {
        handed += 1;
        if handed == 2 { Err(StoreError::Io(Error::other("the disk of the export is full"))) } else { Ok(()) }
    });
    assert!(matches!(outcome, Err(StoreError::Io(_))), "{outcome:?}");
    assert_eq!(handed, 2);
    // It goes on all the same.
    seqs.clear();
    snapshot.entries(3..=100, &mut |record| keep(&mut seqs, record.seq)).unwrap();
    assert_eq!(seqs, [3, 4]);
    let mut nothing = Vec::new();
    snapshot.entries(5..=9, &mut |record| keep(&mut nothing, record)).unwrap();
    assert_eq!(nothing, []);
}

pub(super) fn accounts_come_in_order(open: &Open) {
    let store = open();
    // By bytes: upper case before lower case, whatever the database's language.
    let ids = ["b", "a:1", "a.1", "B", "a_1", "a-1", "Z", "a", "10", "9"];
    open_accounts(&*store, &ids);
    let found: Vec<String> = Everything::of(&*store).accounts.into_iter().map(|account| account.id).collect();
    let mut sorted = ids;
    sorted.sort_unstable();
    assert_eq!(found, sorted);
}

pub(super) fn an_export_verifies(open: &Open) {
    let store = open();
    let minted = furnish(&*store, &["alice", "bob", "carol"]);
    let paid = carry_out(&*store, &[transfer("alice", "bob", "100"), transfer("bob", "carol", "33.3333")]);
    carry_out(&*store, &[refund(&paid[0], "20"), erasure(&minted[1]), administer("ACCOUNT_FREEZE", "carol")]);
    for extent in [Extent::default(), Extent { first: 4, ..Extent::default() }] {
        let mut file = Vec::new();
        let mut snapshot = store.snapshot().unwrap();
        export::write(&mut *snapshot, &identity(), &extent, &mut |_, _| Vec::new(), &mut file).unwrap();
        let report = verify_chain_integrity(Cursor::new(&file), &Options::default(), &mut |_| {}).unwrap();
        assert!(report.valid, "{report:?}");
        assert_eq!(report.trust_grade, TrustGrade::Consistent);
    }
}
