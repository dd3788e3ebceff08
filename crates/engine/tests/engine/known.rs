//! What is known is not read again, and nothing is missed by it: other writers, a halt, what somebody edited.

use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};

use countersign_core::settle::Order;
use countersign_engine::{AccountChange, Engine, EngineError, Request};
use countersign_store::Wanted;

use crate::audit::verify;
use crate::double::{Double, Mishap};
use crate::ledger::*;

on_each_store!(
    what_is_known_is_not_loaded_again,
    what_another_wrote_is_settled_on,
    no_refusal_is_told_of_what_is_no_longer_so,
    no_refusal_with_a_key_rests_on_memory,
    no_refusal_beside_what_is_written_rests_on_memory,
    no_standing_that_is_found_beside_it_does_either,
    a_refusal_beside_what_is_written_forgets_nothing,
    a_halt_by_another_is_seen_by_the_next_order,
    who_writes_in_turn_with_another_loads,
    one_try_is_enough_where_another_wrote,
    an_edited_head_is_not_built_upon,
    an_edited_treasury_is_not_built_upon,
    an_edited_account_is_not_built_upon,
    an_edited_last_entry_is_not_built_upon,
);

/// An engine that knows ada and ben, 10 EURO each.
fn knowing(ledger: &Ledger) -> Engine {
    let engine = ledger.engine(unshielded());
    open_accounts(&engine, &["ada", "ben"]);
    ["ada", "ben"].iter().for_each(|name| drop(mint(&engine, name, "10")));
    engine
}

fn loads(engine: &Engine) -> u64 {
    engine.metrics().load_seconds.count()
}

fn transfer(amount: &str) -> Order {
    order("TRANSFER", "ada", "ben", amount)
}

fn what_is_known_is_not_loaded_again(ledger: &Ledger) {
    let engine = knowing(ledger);
    let before = loads(&engine);
    for _ in 0..5 {
        settle(&engine, transfer("1"));
        settle(&engine, act("ACCOUNT_FREEZE", "ben", None));
        settle(&engine, act("ACCOUNT_UNFREEZE", "ben", None));
        mint(&engine, "ben", "1");
        engine.change_account("ben", AccountChange::banned(true), "op", "why").unwrap();
        engine.change_account("ben", AccountChange::banned(false), "op", "why").unwrap();
    }
    engine.halt("mira", "a drill").unwrap();
    engine.resume("mira", "done").unwrap();
    assert_eq!(loads(&engine), before);
    // What is refused is read again first, and a key is looked for.
    assert_eq!(code(&engine, transfer("100")), "INSUFFICIENT_FUNDS");
    assert_eq!(loads(&engine), before + 1);
    engine.settle(Request::of(transfer("1")).with_key("k")).unwrap();
    assert_eq!(loads(&engine), before + 2);
    settle(&engine, transfer("1"));
    assert_eq!((loads(&engine), engine.metrics().version_conflicts), (before + 2, 0));
    assert_eq!(balance(&engine, "ada"), "3.0000");
    verify(engine.store(), &[]);
}

fn what_another_wrote_is_settled_on(ledger: &Ledger) {
    let (engine, other) = (knowing(ledger), ledger.engine(unshielded()));
    settle(&other, order("SYSTEM_BURN", "ada", "SYSTEM", "10"));
    assert_eq!(code(&engine, transfer("1")), "INSUFFICIENT_FUNDS");
    mint(&other, "ada", "2");
    let receipt = settle(&engine, transfer("1"));
    assert_eq!(receipt.sender.before.unwrap().to_string(), "2.0000");
    other.change_account("ada", AccountChange::banned(true), "op", "why").unwrap();
    assert_eq!(code(&engine, transfer("1")), "ACCOUNT_BANNED");
    verify(engine.store(), &[]);
}

type Doing<'a> = &'a dyn Fn(&Engine);

/// By what is known each of these would be refused: what is known, what another does, and what is asked then.
fn no_refusal_is_told_of_what_is_no_longer_so(ledger: &Ledger) {
    let ban = |engine: &Engine, is_banned| {
        engine.change_account("ada", AccountChange::banned(is_banned), "op", "why").unwrap();
    };
    let freeze = || act("ACCOUNT_FREEZE", "ada", None);
    let stories: [[Doing<'_>; 3]; 4] = [
        [&|_| (), &|other| drop(mint(other, "ada", "90")), &|engine| drop(settle(engine, transfer("100")))],
        [&|engine| ban(engine, true), &|other| ban(other, false), &|engine| drop(settle(engine, transfer("1")))],
        [
            &|engine| drop(settle(engine, freeze())),
            &|other| drop(settle(other, act("ACCOUNT_UNFREEZE", "ada", None))),
            &|engine| drop(settle(engine, freeze())),
        ],
        [&|_| (), &|other| open_accounts(other, &["cleo"]), &|engine| drop(mint(engine, "cleo", "1"))],
    ];
    for [known, meanwhile, then] in stories {
        let place = ledger.another();
        let (engine, other) = (knowing(&place), place.engine(unshielded()));
        known(&engine);
        meanwhile(&other);
        then(&engine);
        assert_eq!(engine.metrics().version_conflicts, 0);
        verify(engine.store(), &[]);
    }
}

/// Its key has to be looked for, so that it is no batch that all is known of.
fn no_refusal_with_a_key_rests_on_memory(ledger: &Ledger) {
    let engine = knowing(ledger);
    engine.change_account("ada", AccountChange::banned(true), "op", "why").unwrap();
    ledger.edit("accounts SET is_banned = NOT is_banned WHERE id = 'ada'");
    engine.settle(Request::of(transfer("1")).with_key("k")).unwrap();
}

/// An engine that knows ada, who is banned, and ben and cleo; it is busy with a commit until it is told to go on.
fn busy(ledger: &Ledger) -> (Engine, Sender<()>) {
    let store = Arc::new(Double::of(ledger.open()));
    let engine = Engine::start(store.clone(), unshielded()).unwrap();
    open_accounts(&engine, &["ada", "ben", "cleo"]);
    ["ada", "ben", "cleo"].iter().for_each(|name| drop(mint(&engine, name, "10")));
    engine.change_account("ada", BANNED, "op", "why").unwrap();
    let (go, wait) = channel::<()>();
    let (began, begun) = channel();
    store.on_commit([Mishap::First(Box::new(move || {
        began.send(()).unwrap();
        wait.recv().unwrap();
    }))]);
    drop(submit(&engine, vec![Request::of(order("REWARD", "SYSTEM", "ben", "1"))]));
    begun.recv().unwrap();
    (engine, go)
}

const BANNED: AccountChange = AccountChange { is_active: None, is_banned: Some(true), username: None };
const UNBAN: &str = "accounts SET is_banned = NOT is_banned WHERE id = 'ada'";

/// What is refused, and what is written beside it.
fn refused_and_written() -> Vec<Request> {
    vec![Request::of(transfer("1")), Request::of(order("REWARD", "SYSTEM", "ben", "1"))]
}

/// What is written holds the head, the Treasury and the accounts that it changes, and not that of who is refused.
fn no_refusal_beside_what_is_written_rests_on_memory(ledger: &Ledger) {
    let (engine, go) = busy(ledger);
    ledger.edit(UNBAN);
    let answers = submit(&engine, refused_and_written());
    go.send(()).unwrap();
    answers.iter().for_each(|answer| drop(answer.recv().unwrap().unwrap()));
    verify(engine.store(), &[]);
}

fn no_standing_that_is_found_beside_it_does_either(ledger: &Ledger) {
    let (engine, go) = busy(ledger);
    ledger.edit(UNBAN);
    let known = std::thread::scope(|scope| {
        let said = scope.spawn(|| engine.change_account("ada", BANNED, "op", "why").unwrap());
        drop(submit(&engine, vec![Request::of(order("REWARD", "SYSTEM", "ben", "1"))]));
        while engine.metrics().queue_length < 2 {
            std::thread::yield_now();
        }
        go.send(()).unwrap();
        said.join().unwrap()
    });
    let wanted = Wanted { accounts: vec!["ada".to_owned()], ..Wanted::default() };
    assert_eq!(engine.store().load(&wanted).unwrap().accounts["ada"], known);
}

fn a_refusal_beside_what_is_written_forgets_nothing(ledger: &Ledger) {
    let (engine, go) = busy(ledger);
    let answers = submit(&engine, refused_and_written());
    go.send(()).unwrap();
    let codes = answers.iter().map(|answer| answer.recv().unwrap().map_or_else(|error| error.code(), |_| ""));
    assert!(codes.eq(["ACCOUNT_BANNED", ""]));
    let before = loads(&engine);
    ["ben", "cleo"].iter().for_each(|name| drop(mint(&engine, name, "1")));
    assert_eq!((loads(&engine), engine.metrics().version_conflicts), (before, 0));
    verify(engine.store(), &[]);
}

fn a_halt_by_another_is_seen_by_the_next_order(ledger: &Ledger) {
    let (engine, other) = (knowing(ledger), ledger.engine(unshielded()));
    let halt = other.halt("mira", "a drill").unwrap().halt;
    let refused = engine.settle(Request::of(transfer("1"))).unwrap_err();
    assert!(matches!(&refused, EngineError::Halted(found) if *found == halt), "{refused}");
    other.resume("mira", "done").unwrap();
    settle(&engine, transfer("1"));
    // Past any engine, as where a ledger is damaged.
    countersign_engine::halt_store(&*ledger.open(), "mira", "once more").unwrap();
    assert_eq!(code(&engine, transfer("1")), "HALTED");
    assert_eq!(entries(engine.store()), 3);
}

/// Each would fail at every order if it relied on what it left.
fn who_writes_in_turn_with_another_loads(ledger: &Ledger) {
    let (engine, other) = (knowing(ledger), ledger.engine(unshielded()));
    for _ in 0..20 {
        settle(&engine, transfer("0.1"));
        settle(&other, transfer("0.1"));
    }
    for metrics in [engine.metrics(), other.metrics()] {
        assert!(metrics.version_conflicts <= 1, "{metrics:?}");
    }
    // Alone again, it relies on it again.
    (0..20).for_each(|_| drop(settle(&engine, transfer("0.1"))));
    let before = loads(&engine);
    settle(&engine, transfer("0.1"));
    assert_eq!(loads(&engine), before);
    verify(engine.store(), &[]);
}

/// What was known wrongly is no try.
fn one_try_is_enough_where_another_wrote(ledger: &Ledger) {
    let (mut config, other) = (unshielded(), ledger.engine(unshielded()));
    config.retry.attempts = 1;
    let store = Arc::new(Double::of(ledger.open()));
    let engine = Engine::start(store.clone(), config).unwrap();
    open_accounts(&engine, &["ada", "ben"]);
    store.on_commit([Mishap::First(Box::new(move || drop(mint(&other, "ada", "5"))))]);
    assert_eq!(mint(&engine, "ada", "5").seq, 2);
    assert_eq!(balance(&engine, "ada"), "10.0000");
}

/// Has somebody edit a row and leave its version, and asserts that the next order is told, and nothing written.
fn assert_noticed(ledger: &Ledger, edits: &[&str]) {
    for edit in edits {
        let place = ledger.another();
        let engine = knowing(&place);
        settle(&engine, order("TAX_COLLECTION", "ada", "TREASURY", "1").taxed("fine"));
        let before = entries(engine.store());
        place.edit(edit);
        assert_eq!(code(&engine, transfer("1")), "STORE_DAMAGED", "{edit}");
        assert_eq!(place.open().load(&Wanted::default()).map_or(before, |loaded| loaded.head.seq), before);
    }
}

fn an_edited_head_is_not_built_upon(ledger: &Ledger) {
    let hash = ledger.literal(&[0xab; 32]);
    assert_noticed(
        ledger,
        &[
            "ledger SET seq = 2",
            &format!("ledger SET hash = {hash}"),
            "ledger SET time = '2026-01-01T00:00:00.000Z'",
            &format!("ledger SET roots = {}", ledger.roots(&[[0xab; 32]; 2])),
            "ledger SET totals = '{}'",
            r#"ledger SET halt = '{"by":"x","reason":"y","at":"2026-01-01T00:00:00.000Z"}'"#,
        ],
    );
}

fn an_edited_treasury_is_not_built_upon(ledger: &Ledger) {
    assert_noticed(
        ledger,
        &[
            "treasury SET collected = '{}'",
            "treasury SET transactions = 7",
            "treasury SET last_collection_at = NULL",
            "treasury SET last_withdrawal_at = '2026-01-01T00:00:00.000Z'",
            "treasury SET last_withdrawal_by = 'x'",
        ],
    );
}

fn an_edited_account_is_not_built_upon(ledger: &Ledger) {
    assert_noticed(
        ledger,
        &[
            r#"accounts SET balances = '{"EURO":"9999.0000"}' WHERE id = 'ada'"#,
            r#"accounts SET balances = '{"EURO":"9999.0000"}' WHERE id = 'ben'"#,
            "accounts SET is_banned = NOT is_banned WHERE id = 'ben'",
            "accounts SET is_frozen_for_fraud = NOT is_frozen_for_fraud WHERE id = 'ada'",
            "accounts SET is_active = NOT is_active WHERE id = 'ada'",
            "accounts SET username = 'x' WHERE id = 'ada'",
            "accounts SET created_at = '2026-01-01T00:00:00.000Z' WHERE id = 'ada'",
        ],
    );
}

fn an_edited_last_entry_is_not_built_upon(ledger: &Ledger) {
    assert_noticed(ledger, &["entries SET receiver_id = 'ben' WHERE seq = 3"]);
}
