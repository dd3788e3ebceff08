//! What the database plans, on a ledger with enough in it that reading all of it would be slower.

use countersign_core::grammar::MAX_SEQ;
use countersign_store::conformance::desk;
use countersign_store::{Page, Query, Store};

use crate::{Ledger, grow};

#[test]
fn histories_fraud_and_types_are_answered_from_their_indexes() {
    let ledger = Ledger::empty();
    let store = ledger.open();
    grow(&store, 500, 12_000, 1000);
    desk::carry_out(&store, &[desk::administer("ACCOUNT_FREEZE", "account-00007")]);
    ledger.sql("ANALYZE");
    let id = || "account-00007".to_owned();
    for (query, indexes) in [
        (Query::SentBy(id()), &["countersign_entries_sender"][..]),
        (Query::ReceivedBy(id()), &["countersign_entries_receiver"]),
        (Query::Of(id()), &["countersign_entries_sender", "countersign_entries_receiver"]),
        (Query::OfType("TRANSFER".to_owned()), &["countersign_entries_type"]),
    ] {
        let plan = store.plan(&query).unwrap();
        for index in indexes {
            assert!(plan.contains(&format!("using {index}")), "{query:?}:\n{plan}");
        }
        assert!(!plan.contains("Seq Scan"), "{query:?}:\n{plan}");
        // Where the page starts is looked up in the index, not read up to.
        assert!(plan.contains("seq) <= ROW("), "{query:?}:\n{plan}");
        assert!(!plan.contains("Filter:"), "{query:?}:\n{plan}");
        // It is the plan for whatever values: the one that is run.
        assert!(plan.contains("= $2"), "{query:?}:\n{plan}");
    }
    let plan = store.plan_frozen().unwrap();
    assert!(plan.contains("using countersign_accounts_frozen") && !plan.contains("Seq Scan"), "{plan}");
    assert_eq!(store.frozen(None, 10).unwrap().len(), 1);
}

#[test]
fn pages_beyond_all_entries_and_before_the_first_are_no_surprise() {
    let store = Ledger::furnished().open();
    let sent = |before| store.history(&Query::SentBy("alice".to_owned()), Page { before, limit: 10 }).unwrap();
    assert_eq!(sent(None).len(), 1);
    assert_eq!(sent(Some(u64::MAX)), sent(None));
    assert_eq!(sent(Some(MAX_SEQ)), sent(None));
    assert_eq!(sent(Some(0)), []);
    assert_eq!(sent(Some(1)), []);
}
