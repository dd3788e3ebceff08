//! A database that fails: full, gone, busy. What was refused is not there, and what comes after goes on.

use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use countersign_store::conformance::desk::{self, Everything};
use countersign_store::postgres;
use countersign_store::{Batch, Store, StoreError, Wanted};
use countersign_testbed::{Options, Server};

use crate::{Ledger, failure};

/// A trigger of the test's own, which fails as the database itself would.
fn fail_with(ledger: &Ledger, code: &str, table: &str) {
    ledger.sql(&format!(
        "CREATE OR REPLACE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS \
         $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '{code}'; END $$; \
         CREATE TRIGGER fail BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION fail()"
    ));
}

#[test]
fn each_failure_has_its_name_and_undoes_the_batch() {
    for (code, table, name) in [
        ("53100", "countersign_entries", "STORE_FULL"),
        ("53100", "countersign_nodes", "STORE_FULL"),
        ("53200", "countersign_personal", "STORE_FULL"),
        ("53300", "countersign_entries", "STORE_BUSY"),
        ("40001", "countersign_entries", "STORE_BUSY"),
        ("40P01", "countersign_personal", "STORE_BUSY"),
        ("42501", "countersign_entries", "STORE_REFUSED"),
        ("08006", "countersign_entries", "STORE_LOST"),
        ("XX001", "countersign_entries", "STORE_DAMAGED"),
        ("P0001", "countersign_entries", "STORE_FAILED"),
    ] {
        let ledger = Ledger::furnished();
        let store = ledger.open();
        // Two, so that a node is among what is written.
        let batch = desk::prepare(&store, &[desk::mint("alice", "1"), desk::mint("bob", "1")]);
        let before = Everything::of(&store);
        fail_with(&ledger, code, table);
        let error = failure(store.commit(&batch));
        assert_eq!(error.code(), name, "{code}: {error}");
        assert!(error.to_string().contains("could not extend file"), "{error}");
        assert_eq!(Everything::of(&store), before);
        ledger.sql(&format!("DROP TRIGGER fail ON {table}"));
        store.commit(&batch).unwrap();
        Everything::of(&store).assert_one_chain(&desk::identity());
    }
}

#[test]
fn a_batch_in_several_parts_is_written_whole_or_not_at_all() {
    let ledger = Ledger::furnished();
    let store = ledger.open();
    // More than go into two statements.
    let orders = vec![desk::mint("alice", "1"); 20_050];
    let batch = desk::prepare(&store, &orders);
    let before = Everything::of(&store);
    for fails_at in ["NEW.seq = 15000", "NEW.seq = 20040"] {
        ledger.sql(&format!(
            "CREATE OR REPLACE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN IF {fails_at} THEN RAISE EXCEPTION 'no' USING ERRCODE = '53100'; END IF; RETURN NEW; END $$; \
             CREATE TRIGGER fail BEFORE INSERT ON countersign_entries FOR EACH ROW EXECUTE FUNCTION fail()"
        ));
        let error = failure(store.commit(&batch));
        assert_eq!(error.code(), "STORE_FULL", "{fails_at}: {error}");
        assert_eq!(Everything::of(&store), before, "{fails_at}");
        ledger.sql("DROP TRIGGER fail ON countersign_entries");
    }
    store.commit(&batch).unwrap();
    let after = Everything::of(&store);
    assert_eq!(after.entries.len(), before.entries.len() + orders.len());
    after.assert_one_chain(&desk::identity());
}

/// Ends all connections to a database but the one that says so.
fn cut_off(ledger: &Ledger) {
    ledger.sql(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity \
         WHERE datname = current_database() AND pid <> pg_backend_pid()",
    );
}

#[test]
fn a_connection_that_was_ended_is_lost_and_another_is_made() {
    let ledger = Ledger::furnished();
    let store = ledger.open();
    let batch = desk::prepare(&store, &[desk::mint("alice", "1")]);
    let mut snapshot = store.snapshot().unwrap();
    cut_off(&ledger);
    let error = failure(snapshot.treasury());
    assert!(matches!(error, StoreError::Lost { .. }), "{error}");
    // That a connection for commits was ended is found out before it is used.
    store.commit(&batch).unwrap();
    Everything::of(&store).assert_one_chain(&desk::identity());
}

#[test]
fn a_connection_ended_within_a_commit_is_lost_and_the_batch_can_come_again() {
    let ledger = Ledger::furnished();
    let store = ledger.open();
    let batch = desk::prepare(&store, &[desk::mint("alice", "1")]);
    ledger.sql(
        "CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS \
         $$ BEGIN PERFORM pg_sleep(30); RETURN NEW; END $$; \
         CREATE TRIGGER wait BEFORE INSERT ON countersign_entries FOR EACH ROW EXECUTE FUNCTION wait()",
    );
    thread::scope(|scope| {
        let commit = scope.spawn(|| store.commit(&batch));
        let sleeps =
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'";
        while ledger.sql(sleeps) != "1" {
            thread::sleep(Duration::from_millis(10));
        }
        cut_off(&ledger);
        let error = failure(commit.join().unwrap());
        assert!(matches!(error, StoreError::Lost { .. }), "{error}");
    });
    ledger.sql("DROP TRIGGER wait ON countersign_entries");
    store.commit(&batch).unwrap();
    Everything::of(&store).assert_one_chain(&desk::identity());
}

/// It takes the connection, and says nothing: as a server that is stopped, or something else at its port.
#[test]
fn a_server_that_says_nothing_is_lost_in_time() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("postgres://u@{}/d?sslmode=disable&connect_timeout=1", silent.local_addr().unwrap());
    let (tell, told) = channel();
    thread::spawn(move || tell.send(postgres::open(&url, None).map(drop)));
    let error = failure(told.recv_timeout(Duration::from_secs(40)).unwrap());
    assert!(matches!(error, StoreError::Lost { .. }), "{error}");
}

/// Done at the end, however it comes: a test that fails must not leave what a thread of it waits for undone, and hang.
struct Finally<F: Fn()>(F);

impl<F: Fn()> Drop for Finally<F> {
    fn drop(&mut self) {
        self.0();
    }
}

#[test]
fn a_row_that_is_held_for_too_long_makes_it_busy() {
    let ledger = Ledger::furnished();
    let store = ledger.open();
    let batch = desk::prepare(&store, &[desk::mint("alice", "1")]);
    thread::scope(|scope| {
        // Held until somebody says so, however long the rest takes.
        ledger.sql("CREATE TABLE let_go (now boolean)");
        let holder = "BEGIN; UPDATE countersign_ledger SET version = version; \
                      DO $$ BEGIN WHILE NOT EXISTS (SELECT FROM let_go) LOOP PERFORM pg_sleep(0.05); END LOOP; END $$; ROLLBACK";
        scope.spawn(|| ledger.sql(holder));
        let _let_go = Finally(|| drop(ledger.sql("INSERT INTO let_go VALUES (true)")));
        let is_held = || {
            let free = "SELECT count(*) FROM (SELECT FROM countersign_ledger FOR UPDATE SKIP LOCKED) AS free";
            ledger.sql(free) == "0"
        };
        while !is_held() {
            thread::sleep(Duration::from_millis(10));
        }
        let mut error = failure(store.commit(&batch));
        if matches!(error, StoreError::Lost { .. }) {
            // The lock is given up after ten seconds, and the answer after sixty: the machine itself stood still.
            error = failure(store.commit(&batch));
        }
        assert!(matches!(error, StoreError::Busy { .. }), "{error}");
        // Who only reads does not wait.
        Everything::of(&store).assert_one_chain(&desk::identity());
        assert!(is_held());
    });
    store.commit(&batch).unwrap();
}

/// Pays until the server is gone; how many payments were acknowledged.
fn pay(store: &dyn Store, stop: &AtomicBool, acknowledged: &AtomicU64) {
    while !stop.load(Ordering::Relaxed) {
        let Ok(loaded) = store.load(&desk::wanted(&[desk::transfer("alice", "bob", "0.0001")])) else { continue };
        let batch: Batch = desk::draft(loaded, &[desk::transfer("alice", "bob", "0.0001")]).unwrap();
        if store.commit(&batch).is_ok() {
            acknowledged.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Kills the server itself, several times, while two write.
#[test]
fn a_server_that_is_killed_loses_nothing_that_was_acknowledged() {
    let server = Server::start(&Options { fsync: true, settings: vec![] });
    let url = server.url(&server.new_database());
    let store = postgres::create(&url, &desk::identity(), desk::start(), None).unwrap();
    desk::furnish(&store, &["alice", "bob"]);
    let (stop, acknowledged) = (AtomicBool::new(false), AtomicU64::new(0));
    let other = postgres::open(&url, None).unwrap();
    thread::scope(|scope| {
        scope.spawn(|| pay(&store, &stop, &acknowledged));
        scope.spawn(|| pay(&other, &stop, &acknowledged));
        let _stop = Finally(|| stop.store(true, Ordering::Relaxed));
        for round in 0..3 {
            let before = acknowledged.load(Ordering::Relaxed);
            let begun = Instant::now();
            while acknowledged.load(Ordering::Relaxed) < before + 20 {
                assert!(begun.elapsed() < Duration::from_secs(60), "nothing goes through after round {round}");
                thread::sleep(Duration::from_millis(5));
            }
            let end = if round < 2 { Server::kill } else { Server::stop };
            end(&server);
            server.start_again();
        }
    });
    let end = Everything::of(&store);
    end.assert_one_chain(&desk::identity());
    assert_eq!(end.euro().to_string(), "2000.0000");
    let paid = end.entries.len() as u64 - 2;
    let acknowledged = acknowledged.into_inner();
    // What was on its way when the server went may have been written without an answer, once for each writer.
    assert!((acknowledged..=acknowledged + 6).contains(&paid), "{acknowledged} acknowledged, {paid} there");
    assert_eq!(store.load(&Wanted::default()).unwrap().head.totals["EURO"]["TRANSFER"].transactions, paid);
}
