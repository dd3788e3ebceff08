//! Conflicts, a busy database, a lost connection: what is tried again, and what is told.

use std::sync::Arc;

use countersign_engine::{Config, Engine, EngineError, Request};
use countersign_store::{Document, StoreError, VersionError};

use crate::audit::verify;
use crate::double::{Double, Mishap};
use crate::ledger::*;

on_each_store!(
    a_conflict_is_settled_again,
    who_gives_up_says_so,
    what_holds_a_batch_up_is_in_the_log,
    a_conflict_puts_no_notice_of_the_databases_in_the_log,
    written_and_lost_is_not_written_again,
    not_written_and_lost_is_written,
    lost_and_given_up_the_key_tells,
    lost_and_then_refused_it_is_not_known,
    an_account_opened_and_lost_is_opened,
    a_full_database_refuses_and_recovers,
    a_load_that_fails_is_tried_again,
);

fn stale() -> StoreError {
    VersionError { document: Document::Treasury, expected: 1, found: 2 }.into()
}

fn busy() -> StoreError {
    StoreError::Busy { why: "on purpose".to_owned() }
}

fn lost() -> StoreError {
    StoreError::Lost { why: "on purpose".to_owned() }
}

fn start(ledger: &Ledger, attempts: u32) -> (Arc<Double>, Engine) {
    let store = Arc::new(Double::of(ledger.open()));
    let mut config: Config = unshielded();
    (config.retry.attempts, config.retry.pause_ms) = (attempts, 1);
    let engine = Engine::start(store.clone(), config).unwrap();
    open_accounts(&engine, &["ada"]);
    (store, engine)
}

fn a_conflict_is_settled_again(ledger: &Ledger) {
    let (store, engine) = start(ledger, 5);
    store.on_commit([stale(), busy(), stale()].map(Mishap::Before));
    mint(&engine, "ada", "5");
    let metrics = engine.metrics();
    assert_eq!((metrics.version_conflicts, metrics.retries, metrics.given_up), (2, 3, 0));
    assert_eq!(balance(&engine, "ada"), "5.0000");
    verify(&*store, &[]);
}

fn who_gives_up_says_so(ledger: &Ledger) {
    let (store, engine) = start(ledger, 3);
    store.on_commit([busy(), busy(), stale()].map(Mishap::Before));
    let error = engine.settle(Request::of(order("SYSTEM_MINT", "SYSTEM", "ada", "5"))).unwrap_err();
    assert!(matches!(&error, EngineError::GaveUp { attempts: 3, last: StoreError::Version(_) }), "{error}");
    assert_eq!((engine.metrics().given_up, engine.metrics().retries), (1, 2));
    assert_eq!(entries(&*store), 0);
    mint(&engine, "ada", "5");
}

/// Once a batch, long before it is given up.
fn what_holds_a_batch_up_is_in_the_log(ledger: &Ledger) {
    crate::logs::keep();
    let store = Arc::new(Double::of(ledger.open()));
    let mut config: Config = unshielded();
    (config.retry.attempts, config.retry.pause_ms, config.retry.longest_pause_ms) = (10, 1100, 1100);
    let engine = Engine::start(store.clone(), config).unwrap();
    let why = format!("locked by the stranger {:p}", Arc::as_ptr(&store));
    let held = || Mishap::Before(StoreError::Busy { why: why.clone() });
    store.on_commit([held(), held(), held(), held()]);
    open_accounts(&engine, &["ada"]);
    let told = crate::logs::with(&why);
    assert!(told.len() == 1 && told[0].contains("is tried again"), "{told:?}");
}

/// What was ended is not ended again.
fn a_conflict_puts_no_notice_of_the_databases_in_the_log(ledger: &Ledger) {
    crate::logs::keep();
    let [one, other] = [(); 2].map(|()| Engine::start(ledger.open(), unshielded()).unwrap());
    open_accounts(&one, &["ada"]);
    for engine in [&one, &other, &one, &other] {
        mint(engine, "ada", "1");
    }
    assert!(one.metrics().version_conflicts + other.metrics().version_conflicts > 0);
    assert_eq!(crate::logs::with("there is no transaction in progress"), Vec::<String>::new());
}

fn written_and_lost_is_not_written_again(ledger: &Ledger) {
    let (store, engine) = start(ledger, 5);
    store.on_commit([Mishap::Before(busy()), Mishap::After(lost())]);
    let receipt = mint(&engine, "ada", "5");
    let entry = store_entry(&engine, 1);
    assert_eq!(
        (entry.transaction_id.as_str(), entry.hash()),
        (receipt.transaction_id.as_str(), Some(receipt.current_hash))
    );
    assert_eq!((entries(&*store), balance(&engine, "ada").as_str()), (1, "5.0000"));
    mint(&engine, "ada", "5");
    verify(&*store, &[]);
}

fn not_written_and_lost_is_written(ledger: &Ledger) {
    let (store, engine) = start(ledger, 5);
    store.on_commit([lost(), lost()].map(Mishap::Before));
    let receipt = mint(&engine, "ada", "5");
    assert_eq!(store_entry(&engine, 1).transaction_id, receipt.transaction_id);
    assert_eq!((entries(&*store), engine.metrics().lost), (1, 2));
    verify(&*store, &[]);
}

fn lost_and_given_up_the_key_tells(ledger: &Ledger) {
    let (store, engine) = start(ledger, 1);
    store.on_commit([Mishap::After(lost())]);
    let request = || Request::of(order("SYSTEM_MINT", "SYSTEM", "ada", "5")).with_key("k");
    assert_eq!(engine.settle(request()).unwrap_err().code(), "GAVE_UP");
    assert!(engine.settle(request()).unwrap().replayed);
    assert_eq!((entries(&*store), balance(&engine, "ada").as_str()), (1, "5.0000"));
    verify(&*store, &[]);
}

/// Whatever ends the tries: that nothing was written is said only where that is so.
fn lost_and_then_refused_it_is_not_known(ledger: &Ledger) {
    let damaged = || StoreError::Damaged("on purpose".to_owned());
    let stories = [
        (Mishap::After(lost()), vec![], vec![busy(), busy()], 1),
        (Mishap::After(lost()), vec![], vec![damaged()], 1),
        (Mishap::Before(lost()), vec![busy(), stale()], vec![], 0),
    ];
    for (first, then, loads, written) in stories {
        let place = ledger.another();
        let (store, engine) = start(&place, 3);
        store.on_commit([first].into_iter().chain(then.into_iter().map(Mishap::Before)));
        store.on_load(loads);
        let error = engine.settle(Request::of(order("SYSTEM_MINT", "SYSTEM", "ada", "5"))).unwrap_err();
        assert!(matches!(&error, EngineError::GaveUp { last: StoreError::Lost { .. }, .. }), "{error}");
        assert!(error.to_string().contains("the last one said: "), "{error}");
        assert_eq!((entries(&*store), engine.metrics().given_up), (written, 1));
        verify(&*store, &[]);
    }
}

fn an_account_opened_and_lost_is_opened(ledger: &Ledger) {
    let (store, engine) = start(ledger, 5);
    store.on_commit([Mishap::After(lost())]);
    open_accounts(&engine, &["ben"]);
    store.on_commit([Mishap::After(lost())]);
    engine.halt("mira", "a drill").unwrap();
    store.on_commit([Mishap::After(lost())]);
    engine.resume("mira", "done").unwrap();
    mint(&engine, "ben", "1");
}

fn a_full_database_refuses_and_recovers(ledger: &Ledger) {
    let (store, engine) = start(ledger, 5);
    store.on_commit([Mishap::Before(StoreError::Full { why: "on purpose".to_owned() })]);
    assert_eq!(code(&engine, order("SYSTEM_MINT", "SYSTEM", "ada", "5")), "STORE_FULL");
    assert_eq!((entries(&*store), engine.metrics().retries), (0, 0));
    mint(&engine, "ada", "5");
    verify(&*store, &[]);
}

fn a_load_that_fails_is_tried_again(ledger: &Ledger) {
    let (store, engine) = start(ledger, 5);
    // Whether a key was used is never known without a load.
    let keyed = |key| engine.settle(Request::of(order("SYSTEM_MINT", "SYSTEM", "ada", "5")).with_key(key));
    store.on_load([busy(), lost()]);
    keyed("a").unwrap();
    store.on_load([StoreError::Damaged("on purpose".to_owned())]);
    assert_eq!(keyed("b").unwrap_err().code(), "STORE_DAMAGED");
    assert_eq!(entries(&*store), 1);
}

fn store_entry(engine: &Engine, seq: u64) -> countersign_core::seal::Record {
    engine.store().entry(seq).unwrap().unwrap()
}
