//! What operators did is kept with what it did, in order.

use super::Open;
use super::desk::{after, furnish, mint, prepare, start};
use crate::act::{Act, ActKind};
use crate::batch::Batch;
use crate::store::{Page, Store, Wanted};

fn act(number: u64, kind: ActKind) -> Act {
    let account = (kind == ActKind::AccountBanned).then(|| "alice".to_owned());
    let reason = (number % 2 == 1).then(|| "the audit's \"finding\", é".to_owned());
    Act { number, kind, account, by: Some("officer".to_owned()), reason, at: after(start(), 1), seq: 2 }
}

fn page(store: &dyn Store, before: Option<u64>, limit: u32) -> Vec<Act> {
    store.acts(Page { before, limit }).unwrap()
}

pub(super) fn acts_are_kept_in_order(open: &Open) {
    let store = open();
    furnish(&*store, &["alice", "bob"]);
    assert_eq!(page(&*store, None, 10), []);
    let kinds =
        [ActKind::Halt, ActKind::Resume, ActKind::AccountBanned, ActKind::AccountUnbanned, ActKind::AccountOpened];
    let all: Vec<Act> = (1..).zip(kinds).map(|(number, kind)| act(number, kind)).collect();
    for some in all.chunks(2) {
        let acts = some.iter().map(|act| Act { number: 0, ..act.clone() }).collect();
        store.commit(&Batch { acts, ..Batch::on(store.load(&Wanted::default()).unwrap().head) }).unwrap();
    }
    let latest_first: Vec<Act> = all.into_iter().rev().collect();
    assert_eq!(page(&*open(), None, 10), latest_first);
    assert_eq!(page(&*store, None, 2), latest_first[..2]);
    assert_eq!(page(&*store, Some(4), 2), latest_first[2..4]);
    assert_eq!(page(&*store, Some(1), 2), []);
    assert_eq!(page(&*store, Some(u64::MAX), 1), latest_first[..1]);
}

pub(super) fn acts_are_undone_with_their_batch(open: &Open) {
    let store = open();
    furnish(&*store, &["alice"]);
    let mut batch = prepare(&*store, &[mint("alice", "1")]);
    batch.acts.push(act(0, ActKind::Halt));
    store.commit(&Batch::on(store.load(&Wanted::default()).unwrap().head)).unwrap();
    store.commit(&batch).unwrap_err();
    assert_eq!(page(&*store, None, 10), []);
}
