//! The shield: limits by address and by account.

use countersign_core::kind::Kind;
use countersign_core::settle::Order;
use countersign_engine::{AccountChange, Config, Engine, EngineError, NewAccount, Origin, Request, ShieldRefusal};
use countersign_store::{Page, Query};

use crate::audit::verify;
use crate::ledger::*;

on_each_store!(
    the_eleventh_request_of_an_address_waits,
    who_is_too_fast_is_frozen_by_an_entry,
    within_one_batch_too,
    a_restart_forgets_nothing,
    what_another_process_wrote_counts,
    after_an_hour_it_counts_no_more,
    a_clock_that_ran_ahead_freezes_nobody,
    unfrozen_an_account_starts_anew,
    the_systems_and_operators_are_exempt,
    what_operators_take_counts_against_nobody,
    nobody_passes_for_the_shield_or_the_watch,
);

/// Three transactions within an hour.
fn three() -> Config {
    let mut config = patient();
    config.shield.velocity = countersign_engine::shield::Velocity { transactions: 3, ..Default::default() };
    config
}

fn prepare(engine: &Engine) {
    open_accounts(engine, &["ada", "ben"]);
    mint(engine, "ada", "1000");
    mint(engine, "ben", "1000");
}

fn pay(engine: &Engine) -> Result<(), &'static str> {
    engine.settle(Request::of(order("TRANSFER", "ada", "ben", "1"))).map(drop).map_err(|error| error.code())
}

fn the_eleventh_request_of_an_address_waits(ledger: &Ledger) {
    let mut config = Config::default();
    config.shield.velocity.enabled = false;
    let engine = ledger.engine(config);
    prepare(&engine);
    let from = |address: &str| {
        let origin = Origin { ip_address: Some(address.parse().unwrap()), user_agent: None };
        engine.settle(Request { origin, ..Request::of(order("TRANSFER", "ada", "ben", "1")) })
    };
    for _ in 0..10 {
        from("203.0.113.7").unwrap();
    }
    let refused = from("203.0.113.7").unwrap_err();
    let EngineError::Shield(ShieldRefusal::RateLimited { retry_after_s }) = refused else { panic!("{refused}") };
    assert!((1..=310).contains(&retry_after_s));
    from("203.0.113.8").unwrap();
    // Who freezes accounts in a rush is not held off.
    for n in 0..11 {
        let kind = ["ACCOUNT_FREEZE", "ACCOUNT_UNFREEZE"][n % 2];
        let origin = Origin { ip_address: Some("203.0.113.7".parse().unwrap()), user_agent: None };
        engine.settle(Request { origin, ..Request::of(act(kind, "ben", None)) }).unwrap();
    }
    settle(&engine, act("ACCOUNT_UNFREEZE", "ben", None));
    pay(&engine).unwrap();
    assert_eq!((entries(engine.store()), engine.metrics().refused["RATE_LIMITED"]), (26, 1));
}

fn who_is_too_fast_is_frozen_by_an_entry(ledger: &Ledger) {
    let engine = ledger.engine(Config::default());
    prepare(&engine);
    for _ in 0..20 {
        pay(&engine).unwrap();
    }
    let refused = engine.settle(Request::of(order("TRANSFER", "ada", "ben", "1"))).unwrap_err();
    assert!(matches!(&refused, EngineError::Shield(ShieldRefusal::Velocity { account }) if account == "ada"));
    assert_eq!(pay(&engine), Err("ACCOUNT_FROZEN"));
    let last = &engine.store().history(&Query::Of("ada".to_owned()), Page { before: None, limit: 1 }).unwrap()[0];
    assert_eq!(Kind::parse(&last.kind), Some(Kind::AccountFreeze));
    assert_eq!((last.operator_id.as_deref(), last.seq), (Some("shield"), 23));
    assert_eq!((engine.metrics().frozen, balance(&engine, "ada").as_str()), (1, "980.0000"));
    assert_eq!(engine.store().frozen(None, 9).unwrap()[0].id, "ada");
    verify(engine.store(), &[]);
}

fn within_one_batch_too(ledger: &Ledger) {
    let engine = ledger.engine(three());
    prepare(&engine);
    let orders = std::iter::repeat_with(|| Request::of(order("TRANSFER", "ada", "ben", "1")));
    let answers = submit(&engine, orders.take(6).collect());
    let codes: Vec<_> =
        answers.iter().map(|answer| answer.recv().unwrap().map_or_else(|error| error.code(), |_| "")).collect();
    assert_eq!(codes, ["", "", "", "VELOCITY_EXCEEDED", "ACCOUNT_FROZEN", "ACCOUNT_FROZEN"]);
    verify(engine.store(), &[]);
}

fn a_restart_forgets_nothing(ledger: &Ledger) {
    let engine = ledger.engine(three());
    prepare(&engine);
    pay(&engine).unwrap();
    pay(&engine).unwrap();
    engine.shutdown();
    let engine = ledger.engine(three());
    pay(&engine).unwrap();
    engine.shutdown();
    let engine = ledger.engine(three());
    assert_eq!(pay(&engine), Err("VELOCITY_EXCEEDED"));
    engine.shutdown();
    assert_eq!(pay(&ledger.engine(three())), Err("ACCOUNT_FROZEN"));
}

fn what_another_process_wrote_counts(ledger: &Ledger) {
    let (one, other) = (ledger.engine(three()), ledger.engine(three()));
    prepare(&one);
    pay(&one).unwrap();
    pay(&other).unwrap();
    pay(&one).unwrap();
    assert_eq!(pay(&other), Err("VELOCITY_EXCEEDED"));
    assert_eq!(pay(&one), Err("ACCOUNT_FROZEN"));
    verify(one.store(), &[]);
}

fn after_an_hour_it_counts_no_more(ledger: &Ledger) {
    let clock = Clock::new();
    let engine = Engine::start_with(ledger.open(), three(), by(&clock)).unwrap();
    prepare(&engine);
    for _ in 0..3 {
        pay(&engine).unwrap();
        clock.advance(10);
    }
    // The first of them is an hour old, and counts no more.
    clock.advance(3600 - 30);
    pay(&engine).unwrap();
    assert_eq!(pay(&engine), Err("VELOCITY_EXCEEDED"));
    verify(engine.store(), &[]);
}

/// Once a clock ran a day ahead, all entries say that time until the day is over.
fn a_clock_that_ran_ahead_freezes_nobody(ledger: &Ledger) {
    let clock = Clock::new();
    let start = || Engine::start_with(ledger.open(), three(), by(&clock)).unwrap();
    let engine = start();
    prepare(&engine);
    clock.advance(86_400);
    pay(&engine).unwrap();
    clock.advance(-86_400);
    for _ in 0..9 {
        clock.advance(1800);
        pay(&engine).unwrap();
    }
    assert_eq!(engine.metrics().ahead_ms, 1000 * (86_400 - 9 * 1800));
    // Who is too fast by the clock still is.
    pay(&engine).unwrap();
    assert_eq!(pay(&engine), Err("VELOCITY_EXCEEDED"));
    settle(&engine, act("ACCOUNT_UNFREEZE", "ada", None));
    engine.shutdown();
    let engine = start();
    for _ in 0..9 {
        clock.advance(1800);
        pay(&engine).unwrap();
    }
    verify(engine.store(), &[]);
}

fn unfrozen_an_account_starts_anew(ledger: &Ledger) {
    let clock = Clock::new();
    let start = || Engine::start_with(ledger.open(), three(), by(&clock)).unwrap();
    let engine = start();
    prepare(&engine);
    (0..3).for_each(|_| pay(&engine).unwrap());
    assert_eq!(pay(&engine), Err("VELOCITY_EXCEEDED"));
    clock.advance(1);
    settle(&engine, act("ACCOUNT_UNFREEZE", "ada", None));
    clock.advance(1);
    (0..2).for_each(|_| pay(&engine).unwrap());
    engine.shutdown();
    let engine = start();
    pay(&engine).unwrap();
    assert_eq!(pay(&engine), Err("VELOCITY_EXCEEDED"));
    verify(engine.store(), &[]);
}

fn the_systems_and_operators_are_exempt(ledger: &Ledger) {
    let engine = ledger.engine(three());
    prepare(&engine);
    for _ in 0..5 {
        settle(&engine, order("WORK", "SYSTEM", "ada", "1"));
        settle(&engine, order("SYSTEM_BURN", "ada", "SYSTEM", "1"));
        settle(&engine, order("TAX_COLLECTION", "ada", "TREASURY", "1").taxed("fine"));
        settle(&engine, order("TAX_WITHDRAWAL", "TREASURY", "ada", "1").taxed("fine"));
    }
    verify(engine.store(), &[]);
}

fn what_operators_take_counts_against_nobody(ledger: &Ledger) {
    let engine = ledger.engine(three());
    prepare(&engine);
    let take = |engine: &Engine| {
        settle(engine, order("SYSTEM_BURN", "ada", "SYSTEM", "1"));
        settle(engine, order("TAX_COLLECTION", "ada", "TREASURY", "1").taxed("fine"));
    };
    take(&engine);
    (0..2).for_each(|_| pay(&engine).unwrap());
    take(&engine);
    engine.shutdown();
    let engine = ledger.engine(three());
    take(&engine);
    pay(&engine).unwrap();
    take(&engine);
    assert_eq!(pay(&engine), Err("VELOCITY_EXCEEDED"));
    verify(engine.store(), &[]);
}

fn nobody_passes_for_the_shield_or_the_watch(ledger: &Ledger) {
    let engine = ledger.engine(three());
    prepare(&engine);
    for name in ["shield", "watch"] {
        let freeze = Order { operator_id: Some(name.to_owned()), ..act("ACCOUNT_FREEZE", "ada", None) };
        assert_eq!(code(&engine, freeze), "PAYLOAD_REFUSED", "{name}");
    }
    let ban = AccountChange { is_banned: Some(true), ..AccountChange::default() };
    assert_eq!(engine.change_account("ada", ban, "watch", "x").unwrap_err().code(), "INVALID_FIELD");
    let new = NewAccount { id: "eve".to_owned(), username: None };
    assert_eq!(engine.open_account_by(new, Some("watch")).unwrap_err().code(), "INVALID_FIELD");
}
