//! When audits run, and what is told when they do not.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use countersign_core::timestamp::Timestamp;
use countersign_engine::watch::{
    AuditError, Clock, Commits, Config, Guard, Kind, LOOK, Secret, Setup, Verdict, Watch, WatchError,
};
use countersign_engine::{Engine, Request};
use countersign_store::conformance::desk;

use crate::clock::time;
use crate::ledger::{Place, once_free};
use crate::moody::{LOST, Moody, PANICKING, STUCK, WELL};

#[test]
fn it_audits_at_three_in_the_morning_and_not_before() {
    let place = Place::new();
    let mut watch = place.watch();
    assert_eq!(watch.round(), LOOK);
    place.clock.turn("2026-02-12T02:59:59.000Z");
    assert_eq!(watch.round(), Duration::from_secs(1));
    assert!(watch.results().is_empty());
    place.clock.turn("2026-02-12T03:00:00.000Z");
    assert_eq!(watch.round(), LOOK);
    let results = watch.results();
    assert_eq!((results.len(), results[0].due), (1, Some(time("2026-02-12T03:00:00.000Z"))));
    assert_eq!((results[0].kind, results[0].verdict, results[0].entries), (Kind::Full, Verdict::Valid, 4));
    place.clock.turn("2026-02-12T03:00:30.000Z");
    watch.round();
    assert_eq!(watch.results().len(), 1);
    let metrics = watch.metrics().lock().unwrap().clone();
    assert_eq!((metrics.audits, metrics.missed, metrics.last_valid), (1, 0, Some(true)));
    assert_eq!(metrics.next_due, Some(time("2026-02-13T03:00:00.000Z")));
    assert!(place.hook.bodies().is_empty());
}

#[test]
fn it_says_what_it_watches_and_when() {
    crate::logs::keep();
    let place = Place::new();
    let state = place.state().display().to_string();
    drop(Guard::post(place.watch()).unwrap());
    let said = crate::logs::with(&state);
    let expected = "watching conformance/ledger, by \"0 3 * * *\" (UTC), next at 2026-02-12T03:00:00.000Z; ";
    assert!(said.iter().any(|line| line.contains(expected)), "{said:?}");
    place.clock.turn("2026-02-12T03:00:00.000Z");
    drop(Guard::post(place.watch()).unwrap());
    assert!(crate::logs::with(&state).iter().any(|line| line.contains(", next now; ")));
}

#[test]
fn it_reads_what_is_new_on_weekdays_and_everything_on_sundays() {
    let place = Place::new();
    let mut watch = place.watch();
    for day in 12..=16 {
        place.clock.turn(&format!("2026-02-{day}T03:00:00.000Z"));
        watch.round();
    }
    let kinds: Vec<Kind> = watch.results().iter().map(|result| result.kind).collect();
    use Kind::{Full, Incremental};
    // The first, and that of Sunday the 15th.
    assert_eq!(kinds, [Full, Incremental, Incremental, Full, Incremental]);
}

#[test]
fn what_was_missed_is_told_and_made_up_for() {
    let place = Place::new();
    place.clock.turn("2026-02-12T03:00:00.000Z");
    place.watch().audit_now(Kind::Incremental).unwrap();
    // The process is away for three nights.
    place.clock.turn("2026-02-15T09:00:00.000Z");
    let mut watch = place.watch();
    watch.round();
    assert_eq!(watch.results().len(), 2);
    assert_eq!(watch.metrics().lock().unwrap().missed, 3);
    assert_eq!(place.hook.causes(), ["AUDIT_MISSED", "-AUDIT_MISSED"]);
    let text = place.hook.bodies()[0]["text"].to_string();
    assert!(text.contains("3 due audits did not run, the last of them due at 2026-02-15T03:00"), "{text}");
}

#[test]
fn a_clock_that_ran_ahead_holds_off_no_audit() {
    let place = Place::new();
    let mut watch = place.watch();
    place.clock.turn("2036-02-12T03:00:00.000Z");
    watch.round();
    assert_eq!(place.hook.causes(), ["AUDIT_MISSED", "-AUDIT_MISSED"]);
    // It is put right: while the watch goes its rounds, and before it starts again.
    for (day, restarts) in [(13, false), (14, true)] {
        place.clock.turn("2036-02-12T03:00:00.000Z");
        watch.audit_now(Kind::Full).unwrap();
        place.clock.turn(&format!("2026-02-{day}T02:00:00.000Z"));
        if restarts {
            drop(watch);
            watch = place.watch();
        }
        let before = (watch.results().len(), place.hook.causes().len());
        watch.round();
        assert_eq!(watch.results().len(), before.0 + 1, "at once");
        assert_eq!(place.hook.causes()[before.1..], ["AUDIT_MISSED", "-AUDIT_MISSED"]);
        place.clock.turn(&format!("2026-02-{day}T03:00:00.000Z"));
        watch.round();
        let due = watch.results().last().unwrap();
        assert_eq!((due.due, due.kind), (Some(time(&format!("2026-02-{day}T03:00:00.000Z"))), Kind::Full));
    }
}

#[test]
fn a_replica_that_fails_is_named() {
    let place = Place::new();
    let replica = Arc::new(Moody::of(place.store.clone()));
    let replica_at = Some("postgres://looks@standby.example/game".to_owned());
    let setup = Setup { replica: Some(replica.clone()), replica_at, ..place.setup() };
    let mut watch = Watch::new(setup).unwrap();
    replica.be(LOST);
    place.clock.turn("2026-02-12T03:00:00.000Z");
    watch.round();
    let told: Vec<String> = place.hook.bodies().iter().map(|body| body["text"].to_string()).collect();
    assert!(told[0].contains("the replica at postgres://looks@standby.example/game"), "{told:?}");
}

/// Whoever looks into why must not find what was wrong six hours ago.
#[test]
fn every_failed_audit_is_in_the_log() {
    crate::logs::keep();
    let place = Place::new();
    let store = Arc::new(Moody::of(place.store.clone()));
    let mut watch = Watch::new(Setup { store: store.clone(), ..place.setup() }).unwrap();
    let mut fails = |mood, at: &str, why: &str| {
        let before = crate::logs::with(why).len();
        store.be(mood);
        place.clock.turn(at);
        watch.round();
        assert!(crate::logs::with(why).len() > before, "{at}: {why}");
    };
    fails(LOST, "2026-02-12T03:00:00.000Z", "no verdict: the database cannot be reached: gone fishing");
    fails(LOST, "2026-02-12T03:10:00.000Z", "no verdict: the database cannot be reached: gone fishing");
    fails(PANICKING, "2026-02-12T03:20:00.000Z", "a fault of the program");
    assert_eq!(place.hook.causes(), ["AUDIT_FAILED", "AUDIT_FAILED"], "one for each reason");
}

#[test]
fn an_audit_without_a_verdict_is_told_and_tried_again() {
    for (mood, why) in [(LOST, "gone fishing"), (PANICKING, "a fault of the program")] {
        let place = Place::new();
        let store = Arc::new(Moody::of(place.store.clone()));
        let mut watch = Watch::new(Setup { store: store.clone(), ..place.setup() }).unwrap();
        store.be(mood);
        place.clock.turn("2026-02-12T03:00:00.000Z");
        watch.round();
        let failed = watch.results()[0].clone();
        assert_eq!(failed.verdict, Verdict::Failed);
        assert!(failed.message.unwrap().contains(why));
        place.clock.turn("2026-02-12T03:09:59.000Z");
        watch.round();
        assert_eq!(watch.results().len(), 1);
        place.clock.turn("2026-02-12T03:10:00.000Z");
        watch.round();
        assert_eq!((watch.results().len(), place.hook.causes()), (2, vec!["AUDIT_FAILED".to_owned()]));
        store.be(WELL);
        place.clock.turn("2026-02-12T03:20:00.000Z");
        watch.round();
        assert_eq!(watch.results()[2].verdict, Verdict::Valid);
        assert_eq!(place.hook.causes(), ["AUDIT_FAILED", "-AUDIT_FAILED"]);
        assert!(place.halt().is_none());
        assert_eq!(watch.metrics().lock().unwrap().failed, 2);
    }
}

#[test]
fn a_dropped_trigger_halts_in_the_next_round() {
    let place = Place::new();
    let trigger = "SELECT sql FROM sqlite_schema WHERE name = 'entries_never_change'";
    let trigger: String = place.raw().query_row(trigger, [], |row| row.get(0)).unwrap();
    let mut watch = place.watch();
    watch.round();
    assert!(watch.results().is_empty(), "nothing is due");
    place.raw().execute_batch("DROP TRIGGER entries_never_change").unwrap();
    watch.round();
    let result = watch.results()[0].clone();
    assert_eq!((result.kind, result.verdict, result.findings), (Kind::Full, Verdict::Invalid, 1));
    assert!(result.message.unwrap().starts_with("STORE_UNPROTECTED: "));
    assert_eq!(place.halt().unwrap().by, "watch");
    assert_eq!(place.hook.causes(), ["FINDING"]);
    // It is known then: not everything is read every minute.
    watch.round();
    assert_eq!(watch.results().len(), 1);
    place.raw().execute_batch("DROP TRIGGER entries_never_go").unwrap();
    watch.round();
    assert_eq!(watch.results().len(), 2);
    place.raw().execute_batch(&trigger).unwrap();
    watch.round();
    assert_eq!(watch.results().len(), 2);
    // Put back and dropped once more, it is news again.
    place.raw().execute_batch("DROP TRIGGER entries_never_change").unwrap();
    watch.round();
    assert_eq!(watch.results().len(), 3);
    assert_eq!(watch.results()[2].verdict, Verdict::Invalid);
}

#[test]
fn a_halt_that_cannot_be_written_is_told_and_tried_again() {
    let place = Place::new();
    let store = Arc::new(Moody::of(place.store.clone()));
    let mut watch = Watch::new(Setup { store: store.clone(), ..place.setup() }).unwrap();
    place.tamper("UPDATE entries SET currency = 'GOLD' WHERE seq = 4");
    store.be(STUCK);
    assert!(!watch.audit_now(Kind::Full).unwrap().valid());
    assert_eq!(place.hook.causes(), ["HALT_FAILED", "FINDING"]);
    assert!(place.hook.bodies()[1]["text"].to_string().contains("COULD NOT BE HALTED"));
    assert!(watch.metrics().lock().unwrap().halt_pending);
    watch.round();
    assert!(place.halt().is_none());
    store.be(WELL);
    watch.round();
    assert!(place.halt().is_some());
    assert_eq!(place.hook.causes(), ["HALT_FAILED", "FINDING", "-HALT_FAILED"]);
    assert!(!watch.metrics().lock().unwrap().halt_pending);
}

/// Where a halt is asked for, whoever writes it panics.
fn killed_in_halting(place: &Place) -> Setup {
    let store = Arc::new(Moody::of(place.store.clone()));
    let moody = store.clone();
    let kill = move |_: &str, _: &str| -> Result<(), String> {
        moody.be(PANICKING);
        Err("killed".to_owned())
    };
    Setup { store, halts: Some(Box::new(kill)), ..place.setup() }
}

#[test]
fn what_panics_when_it_shall_halt_is_halted_in_the_store() {
    let place = Place::new();
    place.tamper("UPDATE entries SET currency = 'GOLD' WHERE seq = 4");
    let broken = |_: &str, _: &str| -> Result<(), String> { panic!("a fault of the program") };
    let mut watch = Watch::new(Setup { halts: Some(Box::new(broken)), ..place.setup() }).unwrap();
    assert!(!watch.audit_now(Kind::Full).unwrap().valid());
    assert_eq!((place.halt().unwrap().by.as_str(), place.hook.causes()), ("watch", vec!["FINDING".to_owned()]));
}

#[test]
fn what_was_found_before_a_restart_halts_at_once() {
    let place = Place::new();
    place.tamper("UPDATE entries SET currency = 'GOLD' WHERE seq = 4");
    // The process ends between the verdict and the halt.
    let mut watch = Watch::new(killed_in_halting(&place)).unwrap();
    place.clock.turn("2026-02-12T03:00:00.000Z");
    assert!(catch_unwind(AssertUnwindSafe(|| watch.round())).is_err());
    drop(watch);
    assert!(place.halt().is_none());
    place.clock.turn("2026-02-12T03:05:00.000Z");
    place.watch().round();
    assert!(place.halt().is_some());
}

#[test]
fn a_halt_that_could_not_be_written_is_taken_up_again_after_a_restart() {
    let place = Place::new();
    let store = Arc::new(Moody::of(place.store.clone()));
    let setup = || Setup { store: store.clone(), ..place.setup() };
    place.tamper("UPDATE entries SET currency = 'GOLD' WHERE seq = 4");
    store.be(STUCK);
    assert!(!Watch::new(setup()).unwrap().audit_now(Kind::Full).unwrap().valid());
    assert!(place.halt().is_none());
    store.be(WELL);
    once_free(setup).round();
    assert!(place.halt().is_some());
    assert_eq!(place.hook.causes(), ["HALT_FAILED", "FINDING", "-HALT_FAILED"]);
}

#[test]
fn a_halt_that_is_pending_waits_for_nobody_who_is_to_be_told() {
    let place = Place::new();
    let store = Arc::new(Moody::of(place.store.clone()));
    let stub = crate::http::Stub::answering(&[404, 404]);
    let mut setup = Setup { store: store.clone(), ..place.setup() };
    setup.config.webhook.url = Some(Secret::new(stub.address.clone()));
    let (told, told_before) = (stub.clone(), Arc::new(AtomicUsize::new(0)));
    let noted = told_before.clone();
    setup.halts = Some(Box::new(move |_: &str, _: &str| {
        noted.store(told.bodies().len(), Ordering::SeqCst);
        Err("it is stuck".to_owned())
    }));
    let mut watch = Watch::new(setup).unwrap();
    place.tamper("UPDATE entries SET currency = 'GOLD' WHERE seq = 4");
    store.be(STUCK);
    assert!(!watch.audit_now(Kind::Full).unwrap().valid());
    store.be(WELL);
    watch.round();
    assert_eq!(told_before.load(Ordering::SeqCst), 2, "the two that nobody took");
    assert_eq!(stub.causes()[2..], ["HALT_FAILED", "FINDING", "-HALT_FAILED"]);
}

#[test]
fn a_first_audit_that_never_ends_is_missed() {
    let place = Place::new();
    place.watch().round();
    // The process ends each night before its audit does, and is started again in the morning.
    place.clock.turn("2026-02-14T09:00:00.000Z");
    let mut watch = place.watch();
    watch.round();
    assert_eq!((watch.results().len(), watch.metrics().lock().unwrap().missed), (1, 3));
    assert_eq!(place.hook.causes(), ["AUDIT_MISSED", "-AUDIT_MISSED"]);
}

#[test]
fn an_engine_takes_nothing_more_once_the_watch_has_halted_it() {
    let place = Place::new();
    let engine = Engine::start(place.store.clone(), countersign_engine::Config::default()).unwrap();
    let counted = engine.clone();
    let mut setup = place.setup();
    setup.halts = Some(Box::new(engine.clone()));
    setup.commits = Some(Box::new(move || Commits::from(&counted.metrics())));
    let mut watch = Watch::new(setup).unwrap();
    engine.settle(Request::of(desk::transfer("bob", "carol", "20"))).unwrap();
    assert!(watch.audit_now(Kind::Incremental).unwrap().valid());
    place.tamper("UPDATE accounts SET is_frozen_for_fraud = 1 WHERE id = 'alice'");
    assert!(!watch.audit_now(Kind::Incremental).unwrap().valid());
    let refused = engine.settle(Request::of(desk::transfer("bob", "carol", "20"))).unwrap_err();
    assert_eq!(refused.code(), "HALTED");
    assert_eq!(place.hook.causes(), ["FINDING"]);
}

#[test]
fn what_an_engine_does_not_halt_is_halted_in_the_store() {
    let place = Place::new();
    let engine = Engine::start(place.store.clone(), countersign_engine::Config::default()).unwrap();
    let mut watch = Watch::new(Setup { halts: Some(Box::new(engine.clone())), ..place.setup() }).unwrap();
    // The engine goes on from no last entry that is not its own, and so writes no halt behind it.
    place.tamper("UPDATE entries SET currency = 'GOLD' WHERE seq = 4");
    assert!(engine.settle(Request::of(desk::transfer("bob", "carol", "20"))).is_err());
    assert!(!watch.audit_now(Kind::Full).unwrap().valid());
    assert_eq!((place.halt().unwrap().by.as_str(), place.hook.causes()), ("watch", vec!["FINDING".to_owned()]));
}

#[test]
fn an_audit_that_is_stopped_never_was() {
    let place = Place::new();
    place.clock.turn("2026-02-12T03:00:00.000Z");
    let mut watch = place.watch();
    assert!(watch.audit_now(Kind::Full).unwrap().valid());
    watch.stop().store(true, Ordering::SeqCst);
    desk::carry_out(&*place.store, &[desk::transfer("bob", "carol", "20")]);
    place.clock.turn("2026-02-13T03:00:00.000Z");
    watch.round();
    drop(watch);
    assert!(place.hook.bodies().is_empty());
    place.clock.turn("2026-02-13T03:05:00.000Z");
    let mut watch = place.watch();
    assert_eq!(watch.results().len(), 1);
    watch.round();
    assert_eq!(watch.results()[1].due, Some(time("2026-02-13T03:00:00.000Z")));
    assert!(place.hook.bodies().is_empty());
}

#[test]
fn a_slow_audit_of_few_entries_is_told() {
    let place = Place::new();
    let mut watch = place.watch();
    place.clock.look_ms.store(31_000, Ordering::SeqCst);
    let audit = watch.audit_now(Kind::Incremental).unwrap();
    assert!(audit.valid() && audit.took > Duration::from_secs(30));
    assert_eq!(place.hook.causes(), ["SLOW_AUDIT"]);
    place.clock.look_ms.store(1, Ordering::SeqCst);
    watch.audit_now(Kind::Incremental).unwrap();
    assert_eq!(place.hook.causes(), ["SLOW_AUDIT", "-SLOW_AUDIT"]);
    // As many entries as are allowed to take long.
    drop(watch);
    let setup = || {
        let mut setup = place.setup();
        setup.config.alerts.slow_below_entries = 4;
        setup
    };
    place.clock.look_ms.store(31_000, Ordering::SeqCst);
    once_free(setup).audit_now(Kind::Incremental).unwrap();
    assert_eq!(place.hook.causes().len(), 2);
}

#[test]
fn too_many_conflicts_are_told() {
    let place = Place::new();
    let counts = Arc::new((AtomicU64::new(5_000), AtomicU64::new(4_000)));
    let counted = counts.clone();
    let commits =
        move || Commits { written: counted.0.load(Ordering::SeqCst), conflicts: counted.1.load(Ordering::SeqCst) };
    let mut watch = Watch::new(Setup { commits: Some(Box::new(commits)), ..place.setup() }).unwrap();
    let mut round = |written: u64, conflicts: u64| {
        counts.0.fetch_add(written, Ordering::SeqCst);
        counts.1.fetch_add(conflicts, Ordering::SeqCst);
        watch.round();
        place.hook.causes().len()
    };
    assert_eq!(round(0, 0), 0, "what was before is not judged");
    assert_eq!(round(100, 800), 0, "too few to judge");
    assert_eq!(round(0, 100), 1, "900 of 1000");
    assert_eq!(round(500, 500), 2, "half of them is not more than half");
    assert_eq!(place.hook.causes(), ["VERSION_CONFLICTS", "-VERSION_CONFLICTS"]);
}

#[test]
fn in_its_own_thread_it_answers_and_ends() {
    let place = Place::new();
    let guard = Guard::post(place.watch()).unwrap();
    assert!(guard.audit_now(Kind::Incremental).unwrap().unwrap().valid());
    desk::carry_out(&*place.store, &[desk::transfer("bob", "carol", "20")]);
    let audit = guard.audit_now(Kind::Incremental).unwrap().unwrap();
    assert_eq!((audit.kind, audit.entries), (Kind::Incremental, 5));
    assert_eq!(guard.results().unwrap().len(), 2);
    let metrics = guard.metrics();
    assert_eq!((metrics.audits, metrics.last_entries, metrics.running), (2, Some(5), false));
    assert_eq!(metrics.next_due, Some(time("2026-02-12T03:00:00.000Z")));
    drop(guard);
    // Its directory is free again, and knows what was.
    let watch = place.watch();
    assert_eq!(watch.results().len(), 2);
    assert_eq!(watch.metrics().lock().unwrap().last_entries, Some(5));
    assert!(matches!(Watch::new(place.setup()), Err(WatchError::InUse(_))));
}

/// Outside the audit itself, as where the store panics when it shall halt.
#[test]
fn a_panic_is_told_and_ends_no_watch() {
    let place = Place::new();
    place.tamper("UPDATE entries SET currency = 'GOLD' WHERE seq = 4");
    let guard = Guard::post(Watch::new(killed_in_halting(&place)).unwrap()).unwrap();
    for _ in 0..2 {
        let outcome = guard.audit_now(Kind::Full).unwrap();
        assert!(matches!(outcome, Err(AuditError::Panicked(why)) if why == "a fault of the program"));
    }
    // And so does each round, in which the halt is still to be done.
    guard.results().unwrap();
    let metrics = guard.metrics();
    assert!(metrics.failed > 2 && !metrics.running && !metrics.gone && guard.is_watching(), "{metrics:?}");
    while place.hook.causes().is_empty() {
        std::thread::yield_now();
    }
    assert_eq!(place.hook.causes(), ["AUDIT_FAILED"]);
}

/// One that panics whatever is done can tell of nothing.
#[derive(Debug)]
struct BrokenClock;

impl Clock for BrokenClock {
    fn now(&self) -> Timestamp {
        match std::thread::current().name() {
            Some("watch") => panic!("a fault of the program"),
            _ => time(crate::ledger::NOON),
        }
    }

    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }

    fn sleep(&self, _time: Duration) {}
}

#[test]
fn a_watch_whose_thread_is_gone_is_seen_to_be() {
    let place = Place::new();
    let guard = Guard::post(Watch::new(Setup { clock: Arc::new(BrokenClock), ..place.setup() }).unwrap()).unwrap();
    assert!(guard.results().is_err(), "nobody answers");
    while guard.is_watching() {
        std::thread::yield_now();
    }
    assert!(guard.metrics().gone);
}

#[test]
fn a_watch_takes_over_from_another_once_that_is_gone() {
    let place = Place::new();
    let old = Guard::post(place.watch()).unwrap();
    let given_up = Guard::post_when_free(place.setup()).unwrap();
    let new = Guard::post_when_free(place.setup()).unwrap();
    assert!(matches!(Watch::new(place.setup()), Err(WatchError::InUse(_))), "by itself it is refused");
    drop(given_up);
    assert!(old.audit_now(Kind::Incremental).unwrap().unwrap().valid());
    assert_eq!(new.metrics().last_entries, None);
    drop(old);
    assert_eq!(new.results().unwrap().len(), 1, "what the other came to");
    assert!(new.audit_now(Kind::Incremental).unwrap().unwrap().valid());
    assert_eq!((new.metrics().audits, new.metrics().last_entries), (1, Some(4)));
    drop(new);
    // Where nobody is on it, it is its own at once.
    let guard = Guard::post_when_free(place.setup()).unwrap();
    assert!(matches!(Watch::new(place.setup()), Err(WatchError::InUse(_))));
    drop(guard);
    let mut wrong = place.setup();
    wrong.config.cron = "daily".to_owned();
    assert!(matches!(Guard::post_when_free(wrong), Err(WatchError::Config(_))), "not only once it is free");
}

#[test]
fn what_makes_no_sense_is_refused() {
    let place = Place::new();
    let error = |config: Config| match Watch::new(Setup { config, ..place.setup() }) {
        Ok(_) => panic!("it was taken"),
        Err(error) => error.to_string(),
    };
    assert!(error(Config { cron: "daily".to_owned(), ..Config::default() }).starts_with("cron"));
    assert!(error(Config { keep_results_days: 6, ..Config::default() }).contains("7 days"));
    assert!(error(Config { tls_root: Some("none.pem".into()), ..Config::default() }).contains("none.pem"));
    let other = crate::ledger::create(
        &place.folder.path().join("other.db"),
        &countersign_store::Identity { ledger: "other".to_owned(), ..desk::identity() },
    );
    let refused = Watch::new(Setup { replica: Some(other), ..place.setup() }).err().unwrap();
    assert_eq!(refused.to_string(), format!("the replica holds the ledger other, not {}", desk::identity().ledger));
    let twin = crate::ledger::create(
        &place.folder.path().join("twin.db"),
        &countersign_store::Identity { ledger_id: "7".repeat(32), ..desk::identity() },
    );
    let refused = Watch::new(Setup { replica: Some(twin), ..place.setup() }).err().unwrap().to_string();
    assert!(refused.contains(&"7".repeat(32)) && refused.contains(&desk::identity().ledger_id), "{refused}");
}
