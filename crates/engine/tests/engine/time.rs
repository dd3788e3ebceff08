//! A clock that says what no entry can.

use countersign_engine::{Engine, NewAccount};
use countersign_store::{Page, Wanted};

use crate::audit::verify;
use crate::ledger::*;

on_each_store!(past_the_year_9999_nothing_is_written_but_a_halt);

fn past_the_year_9999_nothing_is_written_but_a_halt(ledger: &Ledger) {
    const AGES: i64 = 8000 * 31_557_600;
    let clock = Clock::new();
    let engine = Engine::start_with(ledger.open(), unshielded(), by(&clock)).unwrap();
    open_accounts(&engine, &["ada", "ben"]);
    mint(&engine, "ada", "10");
    let pay = || order("TRANSFER", "ada", "ben", "1");
    clock.advance(AGES);
    for _ in 0..2 {
        assert_eq!(code(&engine, pay()), "CLOCK_WRONG");
    }
    let new = NewAccount { id: "cleo".to_owned(), username: None };
    assert_eq!(engine.open_account(new).unwrap_err().code(), "CLOCK_WRONG");
    // Whoever fears for the ledger is not told to look at his clock first.
    engine.halt("op", "the clock").unwrap();
    engine.shutdown();
    let store = ledger.open();
    let head = store.load(&Wanted::default()).unwrap().head;
    assert!(head.seq == 1 && head.halt.is_some());
    assert_eq!(store.acts(Page { before: None, limit: 10 }).unwrap().len(), 3);
    drop(store);
    clock.advance(-AGES);
    let engine = Engine::start_with(ledger.open(), unshielded(), by(&clock)).unwrap();
    engine.resume("op", "set right").unwrap();
    settle(&engine, pay());
    verify(engine.store(), &[]);
}
