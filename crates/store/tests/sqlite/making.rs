//! A batch that is written while it is made is the one that was made.

use countersign_store::conformance::desk::{self, Everything};
use countersign_store::{Batch, Head, Made, Making, Store as _, StoreError};

use crate::Ledger;

/// Says in the end that there are more entries than it gave.
#[derive(Debug)]
struct Short(Batch, bool);

impl Making for Short {
    fn head(&self) -> &Head {
        &self.0.basis.head
    }

    fn more(&mut self) -> Option<Made<'_>> {
        let first = !std::mem::replace(&mut self.1, true);
        first.then(|| (&self.0.entries[..1], &self.0.nodes[..0]))
    }

    fn batch(&mut self) -> Option<&Batch> {
        Some(&self.0)
    }
}

#[test]
fn other_entries_than_were_made_are_refused() {
    let ledger = Ledger::empty();
    let store = ledger.open();
    desk::furnish(&store, &["alice", "bob"]);
    let before = Everything::of(&store);
    let batch = desk::prepare(&store, &[desk::transfer("alice", "bob", "1"), desk::transfer("alice", "bob", "2")]);
    let outcome = store.commit_while_made(&mut Short(batch, false));
    assert!(matches!(outcome, Err(StoreError::Refused { .. })), "{outcome:?}");
    assert_eq!(Everything::of(&store), before);
    desk::carry_out(&store, &[desk::transfer("alice", "bob", "1")]);
    Everything::of(&store).assert_one_chain(&desk::identity());
}
