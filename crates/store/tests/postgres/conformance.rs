//! The checks of every store.

use countersign_store::conformance::{self, Open};

use crate::Ledger;

fn fresh() -> Box<Open> {
    let ledger = Ledger::empty();
    Box::new(move || Box::new(ledger.open()))
}

#[test]
fn it_is_a_store() {
    conformance::run(&fresh);
}
