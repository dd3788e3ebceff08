//! The queue before the sequencer: bounded, and nobody in it is left without an answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};

use countersign_engine::{Engine, MAX_QUEUE, Request};

use crate::double::{Double, Mishap};
use crate::ledger::*;

on_each_store!(
    what_is_refused_writes_nothing,
    too_many_that_wait_are_turned_away,
    a_shutdown_answers_everybody,
    a_caller_that_fails_takes_nobody_with_him,
);

/// An engine whose next commit waits until the sender speaks or goes.
fn held(ledger: &Ledger) -> (Engine, Sender<()>) {
    let store = Arc::new(Double::of(ledger.open()));
    let engine = Engine::start(store.clone(), unshielded()).unwrap();
    open_accounts(&engine, &["ada"]);
    let (go, wait) = channel();
    store.on_commit([Mishap::First(Box::new(move || wait.recv().unwrap_or_default()))]);
    (engine, go)
}

fn reward() -> Request {
    Request::of(order("REWARD", "SYSTEM", "ada", "1"))
}

/// Waits for the sequencer to have taken what there is.
fn until_taken(engine: &Engine) {
    while engine.metrics().queue_length > 0 {
        std::thread::yield_now();
    }
}

fn what_is_refused_writes_nothing(ledger: &Ledger) {
    let written = Arc::new(AtomicUsize::new(0));
    let count = written.clone();
    let store = Double::of(ledger.open()).recording(move |batch| {
        count.fetch_add(batch.entries.len() + batch.opened.len(), Ordering::SeqCst);
    });
    let engine = Engine::start(Arc::new(store), unshielded()).unwrap();
    open_accounts(&engine, &["ada"]);
    mint(&engine, "ada", "1");
    let version = engine.store().load(&Default::default()).unwrap().head.version;
    for _ in 0..5 {
        assert_eq!(code(&engine, order("SYSTEM_BURN", "ada", "SYSTEM", "2")), "INSUFFICIENT_FUNDS");
    }
    assert_eq!(engine.store().load(&Default::default()).unwrap().head.version, version);
    assert_eq!((written.load(Ordering::SeqCst), engine.metrics().batches), (2, 2));
}

fn too_many_that_wait_are_turned_away(ledger: &Ledger) {
    let (engine, go) = held(ledger);
    let first = submit(&engine, vec![reward()]);
    until_taken(&engine);
    let waiting = submit(&engine, (0..MAX_QUEUE).map(|_| reward()).collect());
    assert_eq!(engine.metrics().queue_length, MAX_QUEUE);
    assert_eq!(engine.settle(reward()).unwrap_err().code(), "OVERLOADED");
    drop(go);
    for answer in first.iter().chain(&waiting) {
        answer.recv().unwrap().unwrap();
    }
    assert_eq!(entries(engine.store()), MAX_QUEUE as u64 + 1);
}

fn a_shutdown_answers_everybody(ledger: &Ledger) {
    let (engine, go) = held(ledger);
    let mut answers = submit(&engine, vec![reward()]);
    until_taken(&engine);
    answers.extend(submit(&engine, (0..100).map(|_| reward()).collect()));
    let other = engine.clone();
    drop(go);
    engine.shutdown();
    answers.iter().for_each(|answer| drop(answer.try_recv().unwrap().unwrap()));
    assert_eq!(other.settle(reward()).unwrap_err().code(), "STOPPED");
    assert_eq!(entries(other.store()), 101);
}

fn a_caller_that_fails_takes_nobody_with_him(ledger: &Ledger) {
    let (engine, go) = held(ledger);
    engine.submit(reward(), |_| panic!("on purpose"));
    until_taken(&engine);
    engine.submit(reward(), |_| panic!("on purpose"));
    let others = submit(&engine, vec![reward(), reward()]);
    drop(go);
    others.iter().for_each(|answer| drop(answer.recv().unwrap().unwrap()));
    settle(&engine, order("REWARD", "SYSTEM", "ada", "1"));
}
