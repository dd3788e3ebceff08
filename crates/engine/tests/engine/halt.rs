//! A halt stops every transaction, until it is lifted by name and reason.

use std::sync::Arc;

use countersign_engine::watch::{Halts, NAME};
use countersign_engine::{AccountChange, Engine, EngineError, Halted, Request, halt_store};
use countersign_store::{ActKind, Page, Store as _, Wanted};

use crate::audit::verify;
use crate::double::{Double, Mishap};
use crate::ledger::*;

on_each_store!(
    nothing_is_taken_until_it_is_lifted,
    under_load_nothing_slips_through,
    a_batch_in_flight_is_stale,
    it_needs_a_name_and_a_reason,
    a_ledger_that_cannot_be_read_is_halted,
    an_engine_that_has_stopped_halts,
    the_watch_halts_over_an_operator,
);

fn nothing_is_taken_until_it_is_lifted(ledger: &Ledger) {
    let engine = ledger.engine(unshielded());
    open_accounts(&engine, &["ada", "ben"]);
    let keyed = || Request::of(order("SYSTEM_MINT", "SYSTEM", "ada", "10")).with_key("k");
    let first = engine.settle(keyed()).unwrap();
    let Halted { halt, already } = engine.halt("mira", "the audit failed").unwrap();
    assert_eq!((halt.by.as_str(), halt.reason.as_str(), already), ("mira", "the audit failed", false));
    let again = engine.halt("noah", "once more").unwrap();
    assert_eq!(again, Halted { halt: halt.clone(), already: true }, "the first reason stands, and that is said");
    let refused = engine.settle(Request::of(order("TRANSFER", "ada", "ben", "1"))).unwrap_err();
    assert!(matches!(&refused, EngineError::Halted(found) if *found == halt), "{refused}");
    assert_eq!(code(&engine, act("ACCOUNT_FREEZE", "ada", None)), "HALTED");
    // What was paid before can still be learnt, and an account shut out.
    assert_eq!(engine.settle(keyed()).unwrap().transaction_id, first.transaction_id);
    engine.change_account("ben", AccountChange::banned(true), "noah", "cheats").unwrap();
    engine.shutdown();
    let engine = ledger.engine(unshielded());
    assert_eq!(code(&engine, order("TRANSFER", "ada", "ben", "1")), "HALTED");
    engine.resume("mira", "it was a false alarm").unwrap();
    let acts = engine.store().acts(Page { before: None, limit: 3 }).unwrap();
    let said = acts.iter().map(|act| (act.kind, act.by.as_deref(), act.reason.as_deref(), act.seq));
    let expected = [
        (ActKind::Resume, Some("mira"), Some("it was a false alarm"), 1),
        (ActKind::AccountBanned, Some("noah"), Some("cheats"), 1),
        (ActKind::Halt, Some("mira"), Some("the audit failed"), 1),
    ];
    assert!(said.eq(expected), "{acts:?}");
    engine.resume("mira", "it was a false alarm").unwrap();
    settle(&engine, order("TAX_COLLECTION", "ada", "TREASURY", "1").taxed("fine"));
    assert_eq!(verify(engine.store(), &[]).total_transactions, 2);
}

fn under_load_nothing_slips_through(ledger: &Ledger) {
    let (one, other) = (ledger.engine(unshielded()), ledger.engine(patient()));
    open_accounts(&one, &["ada", "ben"]);
    mint(&one, "ada", "1000000");
    let pay = |engine: &Engine| {
        while let Ok(receipt) = engine.settle(Request::of(order("TRANSFER", "ada", "ben", "0.01"))) {
            assert!(receipt.seq > 1);
        }
        engine.settle(Request::of(order("TRANSFER", "ada", "ben", "0.01"))).unwrap_err().code()
    };
    std::thread::scope(|scope| {
        let payers: Vec<_> = (0..8).map(|_| scope.spawn(|| pay(&one))).collect();
        while entries(one.store()) < 20 {
            std::thread::yield_now();
        }
        // By another process: what is in flight here must notice.
        other.halt("mira", "a drill").unwrap();
        let at = entries(other.store());
        payers.into_iter().for_each(|payer| assert_eq!(payer.join().unwrap(), "HALTED"));
        assert_eq!(entries(one.store()), at);
    });
    verify(one.store(), &[]);
}

fn a_batch_in_flight_is_stale(ledger: &Ledger) {
    let other = ledger.engine(unshielded());
    let store = Arc::new(Double::of(ledger.open()));
    let engine = Engine::start(store.clone(), unshielded()).unwrap();
    open_accounts(&engine, &["ada"]);
    // Settled, about to be written, and then somebody halts.
    store.on_commit([Mishap::First(Box::new(move || drop(other.halt("mira", "a drill").unwrap())))]);
    assert_eq!(code(&engine, order("REWARD", "SYSTEM", "ada", "1")), "HALTED");
    assert_eq!((entries(&*store), engine.metrics().version_conflicts), (0, 1));
}

fn it_needs_a_name_and_a_reason(ledger: &Ledger) {
    let engine = ledger.engine(unshielded());
    for (by, reason) in [("", "x"), ("watch", "x"), ("mira", ""), ("mi\nra", "x"), ("mira", "a\u{7f}")] {
        assert_eq!(engine.halt(by, reason).unwrap_err().code(), "INVALID_FIELD");
        assert_eq!(engine.resume(by, reason).unwrap_err().code(), "INVALID_FIELD");
    }
    open_accounts(&engine, &["ada"]);
    mint(&engine, "ada", "1");
}

/// Somebody wrote something into the ledger's own row, or the Treasury's, that no program of ours does. What is named
/// is the column, and a halt goes through.
fn a_ledger_that_cannot_be_read_is_halted(ledger: &Ledger) {
    let mint_of_1 =
        r#"{"EURO":{"SYSTEM_MINT":{"transactions":1,"gross":"1.0000","minted":"1.0000","net":"1.0000","tax":{}}}}"#;
    let right = &*format!("ledger SET totals = '{mint_of_1}'");
    let more = mint_of_1.replace("}}}}", r#"},"x":1}}}"#);
    let halted = r#"{"by":"x","reason":"y","at":"2026-01-01T00:00:00.000Z","x":1}"#;
    for (column, edit, back) in [
        ("totals", format!("ledger SET totals = '{more}'"), Some(right)),
        ("totals", "ledger SET totals = '7'".to_owned(), Some(right)),
        ("halt", format!("ledger SET halt = '{halted}'"), None),
        ("collected", r#"treasury SET collected = '{"vat":1}'"#.to_owned(), Some("treasury SET collected = '{}'")),
    ] {
        let place = ledger.another();
        let engine = place.engine(unshielded());
        open_accounts(&engine, &["ada"]);
        mint(&engine, "ada", "1");
        place.edit(&edit);
        let error = engine.settle(Request::of(order("REWARD", "SYSTEM", "ada", "1"))).unwrap_err();
        assert_eq!(error.code(), "STORE_DAMAGED", "{error}");
        assert!(error.to_string().contains(&format!("column {column}")), "{error}");
        let halt = engine.halt("mira", "what is this?").unwrap().halt;
        assert_eq!(engine.halt("noah", "once more").unwrap(), Halted { halt: halt.clone(), already: true });
        let acts = engine.store().acts(Page { before: None, limit: 2 }).unwrap();
        assert_eq!(
            (acts[0].kind, acts[0].by.as_deref(), acts[1].kind),
            (ActKind::Halt, Some("mira"), ActKind::AccountOpened)
        );
        back.into_iter().for_each(|back| place.edit(back));
        assert_eq!(engine.store().load(&Wanted::default()).unwrap().head.halt, Some(halt));
        engine.resume("mira", "it was set right").unwrap();
        mint(&engine, "ada", "1");
    }
}

fn an_engine_that_has_stopped_halts(ledger: &Ledger) {
    let store = Arc::new(Double::of(ledger.open()));
    let engine = Engine::start(store.clone(), unshielded()).unwrap();
    open_accounts(&engine, &["ada"]);
    engine.clone().shutdown();
    assert_eq!(code(&engine, order("REWARD", "SYSTEM", "ada", "1")), "STOPPED");
    // Around another store, and with a Treasury that cannot be read.
    ledger.edit(r#"treasury SET collected = '{"vat":1}'"#);
    let halt = engine.halt("mira", "a drill").unwrap().halt;
    assert_eq!(engine.halt("noah", "once more").unwrap(), Halted { halt: halt.clone(), already: true });
    assert_eq!(store.snapshot().unwrap().head().halt, Some(halt));
}

/// Who knows why he halted lifts that, and with it no finding that he never saw.
fn the_watch_halts_over_an_operator(ledger: &Ledger) {
    let engine = ledger.engine(unshielded());
    open_accounts(&engine, &["ada"]);
    let halt = engine.halt("mira", "maintenance until noon").unwrap().halt;
    Halts::halt(&engine, NAME, "MONEY_CREATED: 5 EURO").unwrap();
    let standing = engine.store().load(&Wanted::default()).unwrap().head.halt.unwrap();
    let reason =
        format!("MONEY_CREATED: 5 EURO (it was halted before, by mira since {}: maintenance until noon)", halt.at);
    assert_eq!((standing.by.as_str(), standing.reason.as_str()), ("watch", reason.as_str()));
    let refused = engine.resume("mira", "maintenance done").unwrap_err();
    assert_eq!(refused.code(), "HALT_NOT_NAMED");
    assert!(refused.to_string().contains(&reason) && refused.to_string().contains("--of watch"), "{refused}");
    assert_eq!(engine.resume_of(Some("mira"), "mira", "maintenance done").unwrap_err().code(), "HALT_NOT_NAMED");
    // The watch's own stands as it is, by the engine and past it.
    Halts::halt(&engine, NAME, "once more").unwrap();
    let again = halt_store(engine.store(), "noah", "another").unwrap();
    assert_eq!(again, Halted { halt: standing, already: true });
    assert_eq!(code(&engine, order("REWARD", "SYSTEM", "ada", "1")), "HALTED");
    engine.resume_of(Some("watch"), "mira", "an edit by hand, undone").unwrap();
    engine.resume_of(Some("watch"), "mira", "once more").unwrap();
    let acts = engine.store().acts(Page { before: None, limit: 3 }).unwrap();
    let said: Vec<_> = acts.iter().map(|act| (act.kind, act.by.as_deref().unwrap())).collect();
    assert_eq!(said, [(ActKind::Resume, "mira"), (ActKind::Halt, "watch"), (ActKind::Halt, "mira")]);
    assert_eq!(acts[1].reason.as_ref(), Some(&reason));
    mint(&engine, "ada", "1");
}
