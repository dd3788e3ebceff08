//! A disk with no room left.

use countersign_store::conformance::desk::{self, Everything};
use countersign_store::{Store as _, StoreError};

use crate::Ledger;

#[test]
fn a_full_disk_refuses_and_recovers() {
    let ledger = Ledger::furnished();
    let store = ledger.open();
    // As large as it is, with room for nothing.
    let pages = store.bound(1).unwrap();
    let orders = vec![desk::transfer("alice", "bob", "0.5"); 200];
    let mut refused = 0;
    for _ in 0..5 {
        let before = Everything::of(&store);
        let batch = desk::prepare(&store, &orders);
        match store.commit(&batch) {
            Ok(()) => {}
            Err(StoreError::Full { .. }) => {
                refused += 1;
                assert_eq!(Everything::of(&store), before);
            }
            Err(other) => panic!("{other}"),
        }
    }
    assert!(refused >= 4, "{refused} of 5 batches were refused at {pages} pages");
    // What needs no room still goes through, and with room everything does.
    store.commit(&desk::prepare(&store, &[desk::mint("alice", "1")])).unwrap();
    assert_eq!(store.bound(pages + 1000).unwrap(), pages + 1000);
    desk::carry_out(&store, &orders);
    Everything::of(&ledger.open()).assert_one_chain(&desk::identity());
}
