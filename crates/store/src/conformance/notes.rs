//! What is kept beside the entries: answers to requests with a key, and signed checkpoints.

use countersign_core::hash::Hash;

use super::Open;
use super::desk::{Everything, after, furnish, prepare, start, transfer};
use crate::batch::{Answer, Batch, SignedCheckpoint};
use crate::error::StoreError;
use crate::store::{MAX_FORGOTTEN, Store, Wanted};

fn answer(key: &str, second: i64) -> Answer {
    Answer {
        key: key.to_owned(),
        asked: Hash::of(key.as_bytes()),
        answer: format!("{{\"of\":\"{key}\",\"é\":null}}"),
        at: after(start(), second * 1000),
    }
}

fn commit_answers(store: &dyn Store, answers: Vec<Answer>) -> Result<(), StoreError> {
    let head = store.load(&Wanted::default()).unwrap().head;
    store.commit(&Batch { answers, ..Batch::on(head) })
}

fn keys(store: &dyn Store) -> Vec<Answer> {
    let keys = ["a", "b", "c", "ä key: 'quoted'", "none"].map(str::to_owned).into();
    let mut found: Vec<Answer> =
        store.load(&Wanted { answers: keys, ..Wanted::default() }).unwrap().answers.into_values().collect();
    found.sort_by(|a, b| a.key.cmp(&b.key));
    found
}

pub(super) fn answers_are_kept_and_forgotten(open: &Open) {
    let store = open();
    let all = vec![answer("a", 1), answer("b", 2), answer("c", 2), answer("ä key: 'quoted'", 3)];
    commit_answers(&*store, all.clone()).unwrap();
    assert_eq!(keys(&*open()), all);
    assert_eq!(store.forget_answers(after(start(), 1000)).unwrap(), 0, "an answer of that very moment stays");
    assert_eq!(store.forget_answers(after(start(), 2001)).unwrap(), 3);
    assert_eq!(keys(&*open()), all[3..]);
    // A key that was forgotten is free.
    commit_answers(&*store, vec![answer("a", 9)]).unwrap();
    assert_eq!(keys(&*store).len(), 2);
}

pub(super) fn the_oldest_answers_go_first_and_not_all_at_once(open: &Open) {
    let store = open();
    let second = |n: u64| i64::try_from(n).unwrap();
    let many = (0..=MAX_FORGOTTEN).rev().map(|n| answer(&format!("many {n}"), 10 + second(n)));
    commit_answers(&*store, many.chain([answer("a", 9), answer("b", 10 + second(MAX_FORGOTTEN))]).collect()).unwrap();
    assert_eq!(store.forget_answers(after(start(), i64::from(u32::MAX))).unwrap(), MAX_FORGOTTEN);
    assert_eq!(keys(&*store), [answer("b", 10 + second(MAX_FORGOTTEN))]);
    assert_eq!(store.forget_answers(after(start(), i64::from(u32::MAX))).unwrap(), 3);
    assert_eq!(keys(&*store), []);
}

pub(super) fn a_key_is_answered_once(open: &Open) {
    let store = open();
    furnish(&*store, &["alice", "bob"]);
    commit_answers(&*store, vec![answer("a", 1)]).unwrap();
    let before = Everything::of(&*store);
    let mut again = prepare(&*store, &[transfer("alice", "bob", "1")]);
    again.answers = vec![answer("b", 2), answer("a", 2)];
    let outcome = store.commit(&again);
    assert!(matches!(outcome, Err(StoreError::Exists { .. })), "{outcome:?}");
    assert_eq!(Everything::of(&*store), before);
    assert_eq!(keys(&*store), [answer("a", 1)]);
}

fn checkpoint(size: u64, note: &str) -> SignedCheckpoint {
    SignedCheckpoint { size, note: format!("conformance/ledger\n{size}\n{note}\n\n— é\n"), at: start() }
}

pub(super) fn the_latest_checkpoint_of_a_size(open: &Open) {
    let store = open();
    furnish(&*store, &["a", "b", "c", "d", "e"]);
    for (size, note) in [(2, "two"), (4, "four"), (3, "three"), (4, "four, signed again")] {
        store.keep_checkpoint(&checkpoint(size, note)).unwrap();
    }
    let latest = |size| store.checkpoint(size).unwrap();
    assert_eq!(latest(None), Some(checkpoint(4, "four, signed again")));
    assert_eq!(latest(Some(4)), latest(None));
    assert_eq!(latest(Some(u64::MAX)), latest(None));
    assert_eq!(latest(Some(3)), Some(checkpoint(3, "three")));
    assert_eq!(latest(Some(2)), Some(checkpoint(2, "two")));
    assert_eq!(latest(Some(1)), None);
    // One comes with the entries that it covers.
    let mut batch = prepare(&*store, &[transfer("a", "b", "1")]);
    batch.checkpoints.push(checkpoint(6, "six"));
    store.commit(&batch).unwrap();
    assert_eq!(open().checkpoint(None).unwrap(), Some(checkpoint(6, "six")));
}

pub(super) fn checkpoints_are_kept_once(open: &Open) {
    let store = open();
    furnish(&*store, &["a", "b"]);
    let version = store.load(&Wanted::default()).unwrap().head.version;
    for note in ["one", "two", "one"] {
        store.keep_checkpoint(&checkpoint(1, note)).unwrap();
    }
    assert_eq!(store.checkpoint(None).unwrap(), Some(checkpoint(1, "two")), "the first was there already");
    assert_eq!(store.load(&Wanted::default()).unwrap().head.version, version, "no commit is disturbed by it");
}

pub(super) fn no_checkpoint_of_what_is_not_there(open: &Open) {
    let store = open();
    furnish(&*store, &["a", "b"]);
    let outcome = store.keep_checkpoint(&checkpoint(3, "three"));
    assert!(matches!(outcome, Err(StoreError::Refused { .. })), "{outcome:?}");
    let mut batch = prepare(&*store, &[transfer("a", "b", "1")]);
    batch.checkpoints.push(checkpoint(4, "four"));
    let outcome = store.commit(&batch);
    assert!(matches!(outcome, Err(StoreError::Refused { .. })), "{outcome:?}");
    assert_eq!(store.checkpoint(None).unwrap(), None);
    assert_eq!(store.load(&Wanted::default()).unwrap().head.seq, 2);
}
