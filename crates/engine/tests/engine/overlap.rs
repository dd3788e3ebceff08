//! Large batches are written while they are drafted, and come to what they come to otherwise.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};

use countersign_engine::shield::Velocity;
use countersign_engine::{Config, Engine, EngineError, Receipt, Request};
use countersign_store::{Document, Store as _, StoreError, VersionError};

use crate::audit::verify;
use crate::double::{Double, Mishap};
use crate::ledger::*;

on_each_store!(
    many_are_written_while_they_are_drafted,
    a_refusal_among_many_spoils_none,
    what_another_wrote_meanwhile_is_settled_on,
    many_of_a_lost_commit_are_paid_once,
    what_fails_midway_is_settled_again,
    what_was_not_to_be_written_is_not_lost,
    what_is_only_refused_is_not_written,
    a_freeze_among_many_is_written,
    a_halt_among_many_goes_through_whatever_the_last_entry_says,
);

const MANY: usize = 40;

type Answers = Vec<Receiver<Result<Receipt, EngineError>>>;

struct Crowd {
    engine: Engine,
    store: Arc<Double>,
}

impl Crowd {
    /// An engine that knows ada and ben, 1000 EURO each.
    fn new(ledger: &Ledger) -> Self {
        Self::under(ledger, unshielded())
    }

    fn under(ledger: &Ledger, config: Config) -> Self {
        let store = Arc::new(Double::of(ledger.open()));
        let engine = Engine::start(store.clone(), config).unwrap();
        open_accounts(&engine, &["ada", "ben"]);
        ["ada", "ben"].iter().for_each(|name| drop(mint(&engine, name, "1000")));
        Self { engine, store }
    }

    /// Puts transfers into one batch.
    fn pay(&self, amounts: impl Iterator<Item = &'static str>) -> Answers {
        self.pay_with(amounts, [])
    }

    /// What happens to the batch's commit, and to those after it.
    fn pay_with<const N: usize>(&self, amounts: impl Iterator<Item = &'static str>, then: [Mishap; N]) -> Answers {
        let ((go, wait), (began, begun)) = (channel::<()>(), channel());
        self.store.on_commit([Mishap::First(Box::new(move || {
            began.send(()).unwrap();
            wait.recv().unwrap();
        }))]);
        self.store.on_commit(then);
        drop(submit(&self.engine, vec![Request::of(order("REWARD", "SYSTEM", "ben", "1"))]));
        begun.recv().unwrap();
        let transfers = amounts.map(|amount| Request::of(order("TRANSFER", "ada", "ben", amount)));
        let answers = submit(&self.engine, transfers.collect());
        go.send(()).unwrap();
        answers
    }

    /// How many batches were written while they were drafted; of how many, where there is a core for that, and the store
    /// can.
    fn overlapped(&self, expected: usize) -> (usize, usize) {
        let is_possible = std::thread::available_parallelism().unwrap().get() > 1 && self.store.writes_while_made();
        (self.store.making(), if is_possible { expected } else { 0 })
    }
}

fn codes(answers: &[Receiver<Result<Receipt, EngineError>>]) -> Vec<&'static str> {
    answers.iter().map(|answer| answer.recv().unwrap().map_or_else(|error| error.code(), |_| "")).collect()
}

fn many_are_written_while_they_are_drafted(ledger: &Ledger) {
    let crowd = Crowd::new(ledger);
    let answers = crowd.pay(std::iter::repeat_n("2.5", MANY));
    let receipts: Vec<Receipt> = answers.iter().map(|answer| answer.recv().unwrap().unwrap()).collect();
    assert!(receipts.is_sorted_by(|a, b| a.seq + 1 == b.seq));
    for receipt in &receipts {
        let entry = crowd.engine.store().entry(receipt.seq).unwrap().unwrap();
        assert_eq!(entry.hash(), Some(receipt.current_hash));
    }
    let (made, expected) = crowd.overlapped(1);
    assert_eq!(made, expected);
    assert_eq!(balance(&crowd.engine, "ada"), "900.0000");
    verify(crowd.engine.store(), &[]);
}

/// What was written of it is taken back, and written on what is read; what is known is drafted first then.
fn a_refusal_among_many_spoils_none(ledger: &Ledger) {
    let crowd = Crowd::new(ledger);
    let answers = crowd.pay((0..MANY).map(|n| if n == 30 { "9000" } else { "1" }));
    let expected: Vec<_> = (0..MANY).map(|n| if n == 30 { "INSUFFICIENT_FUNDS" } else { "" }).collect();
    assert_eq!(codes(&answers), expected);
    assert_eq!(balance(&crowd.engine, "ada"), "961.0000");
    assert!(codes(&crowd.pay(std::iter::repeat_n("1", MANY))).iter().all(|code| code.is_empty()));
    let (made, expected) = crowd.overlapped(2);
    assert_eq!(made, expected);
    assert_eq!(balance(&crowd.engine, "ada"), "921.0000");
    verify(crowd.engine.store(), &[]);
}

fn what_another_wrote_meanwhile_is_settled_on(ledger: &Ledger) {
    let crowd = Crowd::new(ledger);
    let other = ledger.engine(unshielded());
    let burn = Mishap::First(Box::new(move || drop(settle(&other, order("SYSTEM_BURN", "ada", "SYSTEM", "700")))));
    let codes = codes(&crowd.pay_with(std::iter::repeat_n("10", MANY), [burn]));
    assert_eq!(codes.iter().filter(|code| code.is_empty()).count(), 30);
    let (made, expected) = crowd.overlapped(2);
    assert_eq!(made, expected);
    assert_eq!(balance(&crowd.engine, "ada"), "0.0000");
    verify(crowd.engine.store(), &[]);
}

/// It was written, and its connection lost: that is found out, and nothing is paid twice.
fn many_of_a_lost_commit_are_paid_once(ledger: &Ledger) {
    let crowd = Crowd::new(ledger);
    let lost = || StoreError::Lost { why: "the connection is gone".to_owned() };
    let answers = crowd.pay_with(std::iter::repeat_n("1", MANY), [Mishap::After(lost())]);
    assert!(codes(&answers).iter().all(|code| code.is_empty()));
    assert!(codes(&crowd.pay(std::iter::repeat_n("1", MANY))).iter().all(|code| code.is_empty()));
    assert_eq!(balance(&crowd.engine, "ada"), "920.0000");
    verify(crowd.engine.store(), &[]);
}

fn what_fails_midway_is_settled_again(ledger: &Ledger) {
    let crowd = Crowd::new(ledger);
    let version = |found| VersionError { document: Document::Ledger, expected: 1, found };
    for error in [StoreError::Version(version(2)), StoreError::Lost { why: "the connection is gone".to_owned() }] {
        let codes = codes(&crowd.pay_with(std::iter::repeat_n("1", MANY), [Mishap::Midway(error)]));
        assert!(codes.iter().all(|code| code.is_empty()), "{codes:?}");
    }
    assert_eq!(balance(&crowd.engine, "ada"), "920.0000");
    verify(crowd.engine.store(), &[]);
}

/// What would not have been written in the end is not said to be perhaps there.
fn what_was_not_to_be_written_is_not_lost(ledger: &Ledger) {
    let crowd = Crowd::new(ledger);
    if !crowd.store.writes_while_made() || std::thread::available_parallelism().unwrap().get() == 1 {
        return;
    }
    crowd.store.on_load([StoreError::Damaged("nobody can read it".to_owned())]);
    let lost = Mishap::Midway(StoreError::Lost { why: "the connection is gone".to_owned() });
    let codes = codes(&crowd.pay_with((0..MANY).map(|n| if n == 30 { "9000" } else { "1" }), [lost]));
    assert!(codes.iter().all(|code| *code == "STORE_DAMAGED"), "{codes:?}");
    assert_eq!(entries(crowd.engine.store()), 3);
}

fn what_is_only_refused_is_not_written(ledger: &Ledger) {
    let crowd = Crowd::new(ledger);
    let codes = codes(&crowd.pay(std::iter::repeat_n("9000", MANY)));
    assert!(codes.iter().all(|code| *code == "INSUFFICIENT_FUNDS"), "{codes:?}");
    assert_eq!(entries(crowd.engine.store()), 3);
    assert_eq!(balance(&crowd.engine, "ada"), "1000.0000");
}

/// The shield counts while the first are written, and asks for what was unfrozen.
fn a_freeze_among_many_is_written(ledger: &Ledger) {
    let mut config = unshielded();
    config.shield.velocity = Velocity { enabled: true, transactions: 25, seconds: 3600 };
    let crowd = Crowd::under(ledger, config);
    let codes = codes(&crowd.pay(std::iter::repeat_n("1", MANY)));
    let expected = (0..MANY).map(|n| match n {
        0..25 => "",
        25 => "VELOCITY_EXCEEDED",
        _ => "ACCOUNT_FROZEN",
    });
    assert_eq!(codes, expected.collect::<Vec<_>>());
    assert_eq!(balance(&crowd.engine, "ada"), "975.0000");
    verify(crowd.engine.store(), &[]);
}

/// It is written where no entry would be: then most of all.
fn a_halt_among_many_goes_through_whatever_the_last_entry_says(ledger: &Ledger) {
    let crowd = Crowd::new(ledger);
    let ((go, wait), (began, begun)) = (channel::<()>(), channel());
    crowd.store.on_commit([Mishap::Then(Box::new(move || {
        began.send(()).unwrap();
        wait.recv().unwrap();
    }))]);
    drop(submit(&crowd.engine, vec![Request::of(order("REWARD", "SYSTEM", "ben", "1"))]));
    begun.recv().unwrap();
    ledger.edit("entries SET receiver_id = 'ada' WHERE seq = 3");
    let transfers = std::iter::repeat_n("1", MANY).map(|amount| Request::of(order("TRANSFER", "ada", "ben", amount)));
    let answers = submit(&crowd.engine, transfers.collect());
    std::thread::scope(|scope| {
        let halted = scope.spawn(|| crowd.engine.halt("mira", "a drill").unwrap());
        while crowd.engine.metrics().queue_length < MANY + 1 {
            std::thread::yield_now();
        }
        go.send(()).unwrap();
        assert!(!halted.join().unwrap().already);
    });
    assert!(codes(&answers).iter().all(|code| *code == "HALTED"));
    assert_eq!(entries(crowd.engine.store()), 3);
}
