//! Idempotency: a key that was seen gives the first answer again.

use std::sync::Arc;
use std::time::{Duration, Instant};

use countersign_core::hash::Hash;
use countersign_core::settle::Order;
use countersign_core::timestamp::Timestamp;
use countersign_engine::{Config, Engine, Receipt, Request};
use countersign_store::{Answer, Batch, MAX_FORGOTTEN, Wanted};

use crate::audit::verify;
use crate::double::{Double, Mishap};
use crate::ledger::*;

on_each_store!(
    a_key_that_was_seen_pays_once,
    a_key_reused_for_something_else_is_an_error,
    a_key_twice_in_one_batch_pays_once,
    a_key_outlives_the_engine,
    a_refusal_is_not_remembered,
    what_is_no_key_is_refused,
    old_answers_go_however_many_there_are,
    a_clock_that_jumps_ahead_takes_no_fresh_answer,
);

fn keyed(key: &str, amount: &str) -> Request {
    Request::of(order("TRANSFER", "ada", "ben", amount)).with_key(key)
}

fn prepared(ledger: &Ledger) -> Engine {
    let engine = ledger.engine(unshielded());
    open_accounts(&engine, &["ada", "ben"]);
    mint(&engine, "ada", "100");
    engine
}

/// The same answer but for what is said to be its own.
fn assert_repeats(again: Receipt, first: &Receipt) {
    assert!(again.replayed && !first.replayed);
    assert_eq!(&Receipt { replayed: false, time_taken_ms: first.time_taken_ms, ..again }, first);
}

fn a_key_that_was_seen_pays_once(ledger: &Ledger) {
    let engine = prepared(ledger);
    let first = engine.settle(keyed("k", "10")).unwrap();
    assert_repeats(engine.settle(keyed("k", "10")).unwrap(), &first);
    assert_eq!((balance(&engine, "ada"), entries(engine.store())), ("90.0000".into(), 2));
    assert_eq!((engine.metrics().settled, engine.metrics().replayed), (2, 1));
    verify(engine.store(), &[]);
}

fn a_key_reused_for_something_else_is_an_error(ledger: &Ledger) {
    let engine = prepared(ledger);
    engine.settle(keyed("k", "10")).unwrap();
    assert_eq!(engine.settle(keyed("k", "10.00")).unwrap_err().code(), "IDEMPOTENCY_CONFLICT");
    let other = Request::of(Order { description: Some("x".to_owned()), ..order("TRANSFER", "ada", "ben", "10") });
    assert_eq!(engine.settle(other.with_key("k")).unwrap_err().code(), "IDEMPOTENCY_CONFLICT");
    assert_eq!(entries(engine.store()), 2);
}

fn a_key_twice_in_one_batch_pays_once(ledger: &Ledger) {
    prepared(ledger).shutdown();
    let store = Arc::new(Double::of(ledger.open()));
    let engine = Engine::start(store.clone(), unshielded()).unwrap();
    // The first commit waits, so that all that comes meanwhile is the next batch.
    let (go, wait) = std::sync::mpsc::channel::<()>();
    store.on_commit([Mishap::First(Box::new(move || wait.recv().unwrap_or_default()))]);
    let held = submit(&engine, vec![keyed("before", "1")]);
    while engine.metrics().load_seconds.count() == 0 {
        std::thread::yield_now();
    }
    let requests = vec![keyed("k", "10"), keyed("k", "10"), keyed("k", "11"), keyed("l", "10")];
    let answers = submit(&engine, requests);
    go.send(()).unwrap();
    held[0].recv().unwrap().unwrap();
    let [first, again, other, next] = answers.try_into().unwrap();
    let first = first.recv().unwrap().unwrap();
    assert_repeats(again.recv().unwrap().unwrap(), &first);
    assert_eq!(other.recv().unwrap().unwrap_err().code(), "IDEMPOTENCY_CONFLICT");
    assert_eq!(next.recv().unwrap().unwrap().seq, first.seq + 1);
    assert_eq!((engine.metrics().batches, balance(&engine, "ada")), (2, "79.0000".into()));
    verify(engine.store(), &[]);
}

fn a_key_outlives_the_engine(ledger: &Ledger) {
    let engine = prepared(ledger);
    let first = engine.settle(keyed("k", "10")).unwrap();
    engine.shutdown();
    let engine = ledger.engine(unshielded());
    assert_repeats(engine.settle(keyed("k", "10")).unwrap(), &first);
    assert_eq!(entries(engine.store()), 2);
}

fn a_refusal_is_not_remembered(ledger: &Ledger) {
    let engine = prepared(ledger);
    assert_eq!(engine.settle(keyed("k", "1000")).unwrap_err().code(), "INSUFFICIENT_FUNDS");
    mint(&engine, "ada", "1000");
    assert!(!engine.settle(keyed("k", "1000")).unwrap().replayed);
}

fn what_is_no_key_is_refused(ledger: &Ledger) {
    let engine = prepared(ledger);
    for key in ["", "a\nb", &"k".repeat(129)] {
        assert_eq!(engine.settle(keyed(key, "1")).unwrap_err().code(), "INVALID_KEY");
    }
    assert_eq!(entries(engine.store()), 1);
}

/// A part at a time, so that nobody's order waits for all of it.
fn old_answers_go_however_many_there_are(ledger: &Ledger) {
    prepared(ledger).shutdown();
    let store = ledger.open();
    let head = store.load(&Wanted::default()).unwrap().head;
    let old = Timestamp::from_millis(head.time.unwrap().millis() - 2 * 86_400_000);
    let keys: Vec<String> = (0..2 * MAX_FORGOTTEN + 5).map(|n| n.to_string()).collect();
    let answer = |key: &String| Answer { key: key.clone(), asked: Hash::default(), answer: "{}".to_owned(), at: old };
    store.commit(&Batch { answers: keys.iter().map(answer).collect(), ..Batch::on(head) }).unwrap();
    let config = Config { forget_answers_after_days: 1, ..unshielded() };
    let engine = ledger.engine(config);
    let kept = || store.load(&Wanted { answers: keys.clone(), ..Wanted::default() }).unwrap().answers.len();
    let deadline = Instant::now() + Duration::from_secs(180);
    while kept() > 0 {
        assert!(Instant::now() < deadline, "{} answers are still there", kept());
    }
    mint(&engine, "ada", "1");
}

fn a_clock_that_jumps_ahead_takes_no_fresh_answer(ledger: &Ledger) {
    let clock = Clock::new();
    let start = || {
        let config = Config { forget_answers_after_days: 1, ..unshielded() };
        Engine::start_with(ledger.open(), config, by(&clock)).unwrap()
    };
    let engine = start();
    open_accounts(&engine, &["ada", "ben"]);
    mint(&engine, "ada", "100");
    let first = engine.settle(keyed("k", "10")).unwrap();
    engine.shutdown();
    // It ran ahead while nobody was there, and old answers are looked for at the start.
    clock.advance(40 * 86_400);
    let engine = start();
    (0..2).for_each(|_| drop(mint(&engine, "ada", "1")));
    assert_repeats(engine.settle(keyed("k", "10")).unwrap(), &first);
    engine.shutdown();
    verify(&*ledger.open(), &[]);
}
