//! What is answered from an index.

use countersign_core::seal::Record;
use countersign_core::settle::Order;

use super::Open;
use super::desk::{Everything, administer, after, carry_out, furnish, refund, start, transfer};
use crate::store::{Page, Query, Store, Wanted};

fn belongs(record: &Record, query: &Query) -> bool {
    match query {
        Query::SentBy(id) => record.sender_id == *id,
        Query::ReceivedBy(id) => record.receiver_id == *id,
        Query::Of(id) => record.sender_id == *id || record.receiver_id == *id,
        Query::OfType(kind) => record.kind == *kind,
    }
}

/// All pages of a history.
fn pages(store: &dyn Store, query: &Query, limit: u32) -> Vec<Record> {
    let (mut all, mut before) = (Vec::new(), None);
    loop {
        let page = store.history(query, Page { before, limit }).unwrap();
        assert!(page.len() <= limit as usize);
        let Some(last) = page.last() else { return all };
        before = Some(last.seq);
        all.extend(page);
    }
}

pub(super) fn each_query_pages_through_its_entries(open: &Open) {
    let store = open();
    furnish(&*store, &["alice", "bob", "carol"]);
    // Entries of one batch have one time.
    for _ in 0..4 {
        let orders = [("alice", "bob"), ("bob", "alice"), ("carol", "bob"), ("alice", "carol"), ("alice", "bob")];
        carry_out(&*store, &orders.map(|(from, to)| transfer(from, to, "1")));
    }
    let entries = Everything::of(&*store).entries;
    let name = |id: &str| id.to_owned();
    for query in [
        Query::SentBy(name("alice")),
        Query::ReceivedBy(name("bob")),
        Query::Of(name("bob")),
        Query::Of(name("carol")),
        Query::SentBy(name("SYSTEM")),
        Query::OfType(name("TRANSFER")),
        Query::OfType(name("SYSTEM_MINT")),
        Query::OfType(name("REWARD")),
        Query::Of(name("nobody")),
    ] {
        let expected: Vec<Record> = entries.iter().rev().filter(|record| belongs(record, &query)).cloned().collect();
        for limit in [1, 2, 3, 7, 1000] {
            assert_eq!(pages(&*store, &query, limit), expected, "{query:?} by {limit}");
        }
        for before in [0, 1, 2, 9, u64::MAX] {
            let page = store.history(&query, Page { before: Some(before), limit: 1000 }).unwrap();
            let expected: Vec<&Record> = expected.iter().filter(|record| record.seq < before).collect();
            assert_eq!(page.iter().collect::<Vec<_>>(), expected, "{query:?} before {before}");
        }
        assert_eq!(store.history(&query, Page { before: None, limit: 0 }).unwrap(), []);
    }
}

pub(super) fn frozen_accounts_are_listed(open: &Open) {
    let store = open();
    furnish(&*store, &["a", "b", "c", "d", "e"]);
    let freeze = |id: &&str| administer("ACCOUNT_FREEZE", id);
    carry_out(&*store, &["e", "a", "c", "b"].iter().map(freeze).collect::<Vec<Order>>());
    carry_out(&*store, &[administer("ACCOUNT_UNFREEZE", "b")]);
    let frozen = |after, limit| -> Vec<String> {
        let accounts = store.frozen(after, limit).unwrap();
        assert!(accounts.iter().all(|account| account.is_frozen_for_fraud));
        accounts.into_iter().map(|account| account.id).collect()
    };
    assert_eq!(frozen(None, 10), ["a", "c", "e"]);
    assert_eq!(frozen(None, 2), ["a", "c"]);
    assert_eq!(frozen(Some("c"), 2), ["e"]);
    assert_eq!(frozen(Some("b"), 1), ["c"]);
    assert!(frozen(Some("e"), 2).is_empty() && frozen(None, 0).is_empty());
}

pub(super) fn sent_times_ascend(open: &Open) {
    let store = open();
    furnish(&*store, &["alice", "bob"]);
    for _ in 0..3 {
        carry_out(&*store, &[transfer("alice", "bob", "1"), transfer("alice", "bob", "2")]);
    }
    carry_out(&*store, &[transfer("bob", "alice", "1")]);
    let sent = |since| {
        let senders = vec!["alice".to_owned(), "nobody".to_owned()];
        let loaded = store.load(&Wanted { sent: senders, sent_since: since, ..Wanted::default() }).unwrap();
        assert!(loaded.sent.get("nobody").is_none_or(Vec::is_empty) && !loaded.sent.contains_key("bob"));
        loaded.sent.get("alice").cloned().unwrap_or_default()
    };
    // The accounts were filled at second 1; then there was a batch a second.
    let at = |second: i64| after(start(), second * 1000);
    assert_eq!(sent(Some(start())), [at(2), at(2), at(3), at(3), at(4), at(4)]);
    assert_eq!(sent(Some(at(3))), [at(3), at(3), at(4), at(4)], "an entry of that very moment counts");
    assert_eq!(sent(Some(after(at(3), 1))), [at(4), at(4)]);
    assert!(sent(Some(at(5))).is_empty());
    assert_eq!(sent(None).len(), 6);
}

pub(super) fn refunds_are_summed(open: &Open) {
    let store = open();
    furnish(&*store, &["alice", "bob"]);
    let paid = carry_out(&*store, &[transfer("alice", "bob", "100.0001"), transfer("alice", "bob", "7")]);
    let ids = || paid.iter().map(|record| record.transaction_id.clone()).chain(["no such".to_owned()]).collect();
    let referenced = || store.load(&Wanted { referenced: ids(), ..Wanted::default() }).unwrap().referenced;
    let before = referenced();
    assert_eq!(before.len(), 2);
    let first = &before[&paid[0].transaction_id];
    assert_eq!((first.sender_id.as_str(), first.receiver_id.as_str()), ("alice", "bob"));
    assert_eq!((first.currency.as_str(), first.net.to_string()), ("EURO", paid[0].amount_net.clone()));
    assert_eq!((first.refunded.to_string(), first.is_erased), ("0.0000".to_owned(), false));
    carry_out(&*store, &[refund(&paid[0], "0.1"), refund(&paid[0], "0.2")]);
    carry_out(&*store, &[refund(&paid[0], "10.0001"), refund(&paid[1], "1")]);
    // A transfer that mentions the entry is no refund of it.
    let mut mention = transfer("bob", "alice", "5");
    mention.reference_id = Some(paid[0].transaction_id.clone());
    carry_out(&*store, &[mention]);
    let after = referenced();
    assert_eq!(after[&paid[0].transaction_id].refunded.to_string(), "10.3001");
    assert_eq!(after[&paid[1].transaction_id].refunded.to_string(), "1.0000");
}
