//! Accounts, the Treasury and the ledger's own document, and their versions.

use countersign_core::money::Sum;

use super::Open;
use super::desk::{
    Everything, account, balance, carry_out, draft, furnish, identity, mint, open_accounts, prepare, start, transfer,
    wanted,
};
use crate::act::Act;
use crate::batch::Batch;
use crate::error::{Document, StoreError, VersionError};
use crate::head::{Halt, Head};
use crate::store::{Page, Query, Wanted};

pub(super) fn a_new_ledger_is_empty(open: &Open) {
    let store = open();
    assert_eq!(store.identity(), &identity());
    let accounts = vec!["nobody".to_owned()];
    let (referenced, answers, sent) = (accounts.clone(), accounts.clone(), accounts.clone());
    let loaded = store.load(&Wanted { accounts, referenced, answers, sent, sent_since: Some(start()) }).unwrap();
    assert_eq!(loaded.head, Head::empty(&identity()));
    assert_eq!(loaded.treasury, countersign_core::books::Treasury::default());
    assert!(loaded.accounts.is_empty() && loaded.referenced.is_empty() && loaded.answers.is_empty());
    assert!(loaded.sent.values().all(Vec::is_empty));
    assert!(store.entry(1).unwrap().is_none() && store.entry(0).unwrap().is_none());
    assert!(store.entry(u64::MAX).unwrap().is_none() && store.entry_by_id("nothing").unwrap().is_none());
    let page = Page { before: None, limit: 10 };
    assert_eq!(store.history(&Query::Of("nobody".to_owned()), page).unwrap(), []);
    assert_eq!(store.frozen(None, 10).unwrap(), []);
    assert_eq!(store.checkpoint(None).unwrap(), None);
    let everything = Everything::of(&*store);
    assert_eq!((everything.accounts, everything.entries), (vec![], vec![]));
    assert_eq!(store.snapshot().unwrap().prefix(0).unwrap(), []);
}

pub(super) fn a_ledger_in_use_is_protected(open: &Open) {
    let store = open();
    assert_eq!(store.unprotected().unwrap(), [""; 0]);
    furnish(&*store, &["alice", "bob"]);
    carry_out(&*store, &[transfer("alice", "bob", "1")]);
    assert_eq!((store.unprotected().unwrap(), open().unprotected().unwrap()), (vec![], vec![]));
}

pub(super) fn what_is_written_is_read_again(open: &Open) {
    let store = open();
    furnish(&*store, &["alice", "bob"]);
    let mut order = transfer("alice", "bob", "100");
    order.description = Some("rent".to_owned());
    order.ip_address = Some("192.0.2.7".to_owned());
    order.reference_id = Some("invoice 7".to_owned());
    let batch = prepare(&*store, &[order]);
    store.commit(&batch).unwrap();
    // Another handle reads what is in the database, not what is remembered.
    let other = open();
    let loaded = other.load(&wanted(&[transfer("alice", "bob", "1")])).unwrap();
    assert_eq!(loaded.head, Head { version: batch.head.version + 1, ..batch.head.clone() });
    let treasury = batch.treasury.clone().unwrap();
    assert_eq!(loaded.treasury.version, treasury.version + 1);
    assert_eq!(loaded.treasury.collected, treasury.collected);
    assert_eq!((loaded.treasury.transactions, loaded.treasury.last_collection_at), (1, batch.head.time));
    for written in &batch.accounts {
        let mut expected = written.clone();
        expected.version += 1;
        assert_eq!(loaded.accounts[&written.id], expected);
    }
    let record = &batch.entries[0];
    assert_eq!(other.entry(record.seq).unwrap().as_ref(), Some(record));
    assert_eq!(other.entry_by_id(&record.transaction_id).unwrap().as_ref(), Some(record));
    Everything::of(&*other).assert_one_chain(&identity());
}

/// Commits `stale`, and asserts that it is refused for `document`, at `expected` instead of `found`, and that
/// nothing of it was written.
fn assert_stale(open: &Open, stale: &Batch, document: Document, expected: u64, found: u64) {
    let store = open();
    let before = Everything::of(&*store);
    match store.commit(stale) {
        Err(StoreError::Version(error)) => assert_eq!(error, VersionError { document, expected, found }),
        outcome => panic!("a stale batch came to {outcome:?}"),
    }
    assert_eq!(Everything::of(&*store), before, "nothing of a refused batch is written");
    furnish(&*store, &["somebody-else"]);
}

pub(super) fn a_stale_account_is_named(open: &Open) {
    let store = open();
    furnish(&*store, &["alice", "bob", "carol"]);
    let stale = prepare(&*store, &[mint("carol", "1"), transfer("alice", "bob", "100")]);
    let version = account(&*store, "alice").version;
    carry_out(&*store, &[mint("alice", "1")]);
    carry_out(&*store, &[mint("alice", "1")]);
    // The head is stale as well; the account is what the race was about.
    assert_stale(open, &stale, Document::Account("alice".to_owned()), version, version + 2);
}

pub(super) fn a_stale_treasury_is_named(open: &Open) {
    let store = open();
    furnish(&*store, &["alice", "bob", "carol", "dave"]);
    let stale = prepare(&*store, &[transfer("alice", "bob", "100")]);
    carry_out(&*store, &[transfer("carol", "dave", "100")]);
    let version = stale.treasury.as_ref().unwrap().version;
    assert_stale(open, &stale, Document::Treasury, version, version + 1);
}

pub(super) fn an_account_that_is_not_there_has_version_0(open: &Open) {
    let store = open();
    furnish(&*store, &["alice"]);
    let mut batch = prepare(&*store, &[mint("alice", "1")]);
    batch.accounts[0].id = "nobody".to_owned();
    let expected = batch.accounts[0].version;
    assert_stale(open, &batch, Document::Account("nobody".to_owned()), expected, 0);
}

pub(super) fn an_account_is_opened_once(open: &Open) {
    let store = open();
    open_accounts(&*store, &["alice"]);
    let opened = account(&*store, "alice");
    assert_eq!((opened.version, opened.username.as_deref()), (1, Some("name of alice")));
    assert_eq!((opened.created_at, opened.is_active, opened.is_frozen_for_fraud), (start(), true, false));
    let before = Everything::of(&*store);
    let mut batch = Batch::on(before.head.clone());
    for id in ["bob", "alice"] {
        batch.opened.push(countersign_core::books::Account::open(id.to_owned(), None, start()));
    }
    assert!(matches!(store.commit(&batch), Err(StoreError::Exists { .. })));
    assert_eq!(Everything::of(&*store), before);
    open_accounts(&*store, &["bob"]);
}

/// 1000 EUR, one takes 100 and another 50 at once: 850 remain.
pub(super) fn the_classic_race(open: &Open) {
    let (one, other) = (open(), open());
    furnish(&*one, &["alice", "bob", "carol"]);
    let (first, second) = ([transfer("alice", "bob", "100")], [transfer("alice", "carol", "50")]);
    let (quick, slow) = (prepare(&*one, &first), prepare(&*other, &second));
    one.commit(&quick).unwrap();
    let error = other.commit(&slow).unwrap_err();
    assert!(error.is_conflict(), "{error}");
    let StoreError::Version(error) = error else { panic!("{error}") };
    assert_eq!(error.document, Document::Account("alice".to_owned()));
    assert_eq!(balance(&*other, "alice"), "900.0000");
    carry_out(&*other, &second);
    for store in [one, other] {
        assert_eq!(balance(&*store, "alice"), "850.0000");
        assert_eq!((balance(&*store, "bob"), balance(&*store, "carol")), ("1095.0000".into(), "1047.5000".into()));
    }
}

/// A float has 53 bits; these have 87.
pub(super) fn the_largest_sums_stay_exact(open: &Open) {
    let store = open();
    furnish(&*store, &["alice", "bob"]);
    let largest = Sum::MAX - Sum::from_ten_thousandths(1);
    let mut batch = prepare(&*store, &[mint("alice", "999999999.9999")]);
    batch.accounts[0].balances.insert("EURO".to_owned(), largest);
    batch.accounts[0].balances.insert("GOLD".to_owned(), Sum::MAX);
    let total = batch.head.totals.get_mut("EURO").and_then(|kinds| kinds.get_mut("SYSTEM_MINT")).unwrap();
    total.gross = largest;
    store.commit(&batch).unwrap();
    let other = open();
    let read = account(&*other, "alice");
    assert_eq!((read.balance("EURO"), read.balance("GOLD")), (largest, Sum::MAX));
    assert_eq!(other.load(&Wanted::default()).unwrap().head.totals, batch.head.totals);
}

pub(super) fn a_halt_stays_until_it_is_lifted(open: &Open) {
    let (store, other) = (open(), open());
    furnish(&*store, &["alice"]);
    let under_way = draft(other.load(&wanted(&[mint("alice", "1")])).unwrap(), &[mint("alice", "1")]).unwrap();
    let halt = Halt { by: "officer".to_owned(), reason: "the audit's \"finding\"".to_owned(), at: start() };
    let mut batch = Batch::on(store.load(&Wanted::default()).unwrap().head);
    batch.head.halt = Some(halt.clone());
    store.commit(&batch).unwrap();
    // Whoever read before the halt is refused.
    let Err(StoreError::Version(error)) = other.commit(&under_way) else { panic!("it passed a halt") };
    assert_eq!(error.document, Document::Ledger);
    let head = other.load(&Wanted::default()).unwrap().head;
    assert_eq!((head.halt.as_ref(), head.seq), (Some(&halt), 1));
    let mut batch = Batch::on(head);
    batch.head.halt = None;
    other.commit(&batch).unwrap();
    assert_eq!(store.load(&Wanted::default()).unwrap().head.halt, None);
    carry_out(&*store, &[mint("alice", "1")]);
}

pub(super) fn the_first_halt_stands_and_is_kept_as_an_act(open: &Open) {
    let (store, other) = (open(), open());
    furnish(&*store, &["alice"]);
    let under_way = draft(other.load(&wanted(&[mint("alice", "1")])).unwrap(), &[mint("alice", "1")]).unwrap();
    let halt = |by: &str| Halt { by: by.to_owned(), reason: "the audit's \"finding\"".to_owned(), at: start() };
    let version = under_way.head.version;
    assert_eq!(store.halt(&halt("watch"), None).unwrap(), halt("watch"));
    assert_eq!(other.halt(&halt("officer"), None).unwrap(), halt("watch"));
    let head = other.load(&Wanted::default()).unwrap().head;
    assert_eq!((head.halt, head.version, head.seq), (Some(halt("watch")), version + 1, 1));
    let acts = other.acts(Page { before: None, limit: 10 }).unwrap();
    let of_halt = Act { number: 1, ..Act::of_halt(&halt("watch"), 1) };
    assert_eq!(acts, [of_halt]);
    // Whoever read before it is refused.
    let Err(StoreError::Version(error)) = other.commit(&under_way) else { panic!("it passed a halt") };
    assert_eq!(error.document, Document::Ledger);
}

pub(super) fn a_halt_takes_the_place_of_the_one_it_names(open: &Open) {
    let (store, other) = (open(), open());
    furnish(&*store, &["alice"]);
    let halt = |by: &str| Halt { by: by.to_owned(), reason: "a drill".to_owned(), at: start() };
    assert_eq!(store.halt(&halt("officer"), None).unwrap(), halt("officer"));
    assert_eq!(other.halt(&halt("watch"), Some(&halt("nobody"))).unwrap(), halt("officer"), "another one was named");
    assert_eq!(other.halt(&halt("watch"), Some(&halt("officer"))).unwrap(), halt("watch"));
    let head = store.load(&Wanted::default()).unwrap().head;
    assert_eq!(head.halt, Some(halt("watch")));
    let acts = store.acts(Page { before: None, limit: 10 }).unwrap();
    let expected =
        [(2, "watch"), (1, "officer")].map(|(number, by)| Act { number, ..Act::of_halt(&halt(by), head.seq) });
    assert_eq!(acts, expected);
}

pub(super) fn whether_it_could_be_halted_is_tried_and_taken_back(open: &Open) {
    let (store, other) = (open(), open());
    furnish(&*store, &["alice"]);
    let before = other.load(&Wanted::default()).unwrap().head;
    store.try_halt().unwrap();
    store.try_commit().unwrap();
    assert_eq!(other.load(&Wanted::default()).unwrap().head, before);
    let halt = Halt { by: "officer".to_owned(), reason: "a drill".to_owned(), at: start() };
    other.halt(&halt, None).unwrap();
    store.try_halt().unwrap();
    assert_eq!(other.load(&Wanted::default()).unwrap().head.halt, Some(halt));
    assert_eq!(other.acts(Page { before: None, limit: 10 }).unwrap().len(), 1);
}
