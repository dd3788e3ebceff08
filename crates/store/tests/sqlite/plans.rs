//! Histories are answered from the indexes made for them, without sorting: the database's own plan says so.

use countersign_store::conformance::desk;
use countersign_store::{Query, Store as _, sqlite};
use tempfile::TempDir;

#[test]
fn each_query_uses_its_index_and_sorts_nothing() {
    let directory = TempDir::new().unwrap();
    let store = sqlite::create(&directory.path().join("ledger.db"), &desk::identity(), desk::start()).unwrap();
    let id = || "alice".to_owned();
    let cases: [(Query, &[&str]); 4] = [
        (Query::SentBy(id()), &["entries_sender (sender_id=? AND created_at<?)"]),
        (Query::ReceivedBy(id()), &["entries_receiver (receiver_id=? AND created_at<?)"]),
        (Query::OfType(id()), &["entries_type (type=? AND created_at<?)"]),
        (Query::Of(id()), &["entries_sender (sender_id=?", "entries_receiver (receiver_id=?", "MERGE (UNION ALL)"]),
    ];
    for (query, indexes) in cases {
        let plan = store.plan(&query).unwrap();
        for index in indexes {
            assert!(plan.contains(index), "{query:?} does not use {index}:\n{plan}");
        }
        assert!(!plan.contains("TEMP B-TREE") && !plan.contains("SCAN e"), "{query:?} sorts or scans:\n{plan}");
    }
    let plan = store.plan_frozen().unwrap();
    assert_eq!(plan, "SEARCH accounts USING INDEX accounts_frozen (is_frozen_for_fraud=? AND id>?)");
}
