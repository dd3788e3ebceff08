//! Copies of a ledger that is in use.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use countersign_store::conformance::desk::{self, Everything};
use countersign_store::{Halt, Store as _, StoreError, sqlite};

use crate::Ledger;

#[test]
fn a_copy_is_a_ledger() {
    let ledger = Ledger::furnished();
    let store = ledger.open();
    let to = ledger.directory.path().join("copy.db");
    store.backup(&to).unwrap();
    let copy = sqlite::open(&to, Some("conformance/ledger")).unwrap();
    assert_eq!(Everything::of(&copy), Everything::of(&store));
    desk::carry_out(&copy, &[desk::mint("alice", "1")]);
    Everything::of(&copy).assert_one_chain(&desk::identity());
}

#[test]
fn nothing_is_overwritten() {
    let ledger = Ledger::furnished();
    let to = ledger.directory.path().join("copy.db");
    for content in ["", "something"] {
        fs::write(&to, content).unwrap();
        let outcome = ledger.open().backup(&to);
        assert!(matches!(outcome, Err(StoreError::Exists { .. })), "{outcome:?}");
        assert_eq!(fs::read_to_string(&to).unwrap(), content);
    }
    let outcome = ledger.open().backup(&ledger.path);
    assert!(matches!(outcome, Err(StoreError::Exists { .. })), "{outcome:?}");
    let nowhere = ledger.directory.path().join("no such directory").join("copy.db");
    let outcome = ledger.open().backup(&nowhere);
    let names = matches!(&outcome, Err(StoreError::Io(error)) if error.to_string().contains("no such directory"));
    assert!(names, "{outcome:?}");
}

/// As a backup is played back under a server that runs: payments went on into the file that was moved away.
#[cfg(unix)]
#[test]
fn nothing_is_written_to_a_file_that_was_moved_away() {
    let ledger = Ledger::furnished();
    let (store, copy) = (ledger.open(), ledger.directory.path().join("copy.db"));
    store.backup(&copy).unwrap();
    let batch = desk::prepare(&store, &[desk::mint("alice", "1")]);
    let aside = ledger.directory.path().join("aside");
    fs::create_dir(&aside).unwrap();
    for name in ["ledger.db", "ledger.db-wal", "ledger.db-shm"] {
        fs::rename(ledger.directory.path().join(name), aside.join(name)).unwrap();
    }
    let assert_refused = |what: &str| {
        let halt = Halt { by: "officer".to_owned(), reason: "a drill".to_owned(), at: desk::start() };
        for outcome in [store.commit(&batch), store.try_commit(), store.halt(&halt, None).map(drop)] {
            let told = matches!(&outcome, Err(StoreError::Damaged(why)) if why.contains(what));
            assert!(told, "{outcome:?}");
        }
    };
    assert_refused("no longer there");
    fs::copy(&copy, &ledger.path).unwrap();
    assert_refused("another file is there");
    let seq = |path: &std::path::Path| {
        let found = rusqlite::Connection::open(path).unwrap();
        found.query_row("SELECT seq FROM ledger", [], |row| row.get::<_, i64>(0)).unwrap()
    };
    assert_eq!(seq(&ledger.path), seq(&aside.join("ledger.db")));
    fs::rename(aside.join("ledger.db"), &ledger.path).unwrap();
    store.commit(&batch).unwrap();
}

#[test]
fn a_copy_under_load_is_of_one_moment() {
    let ledger = Ledger::furnished();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let store = ledger.open();
            while !done.load(Ordering::Relaxed) {
                desk::carry_out(&store, &[desk::transfer("alice", "bob", "0.01")]);
            }
        });
        let store = ledger.open();
        for number in 0..5 {
            let to = ledger.directory.path().join(format!("copy {number}.db"));
            store.backup(&to).unwrap();
            let copy = Everything::of(&sqlite::open(&to, None).unwrap());
            copy.assert_one_chain(&desk::identity());
            assert_eq!(copy.euro().to_string(), "3000.0000");
        }
        done.store(true, Ordering::Relaxed);
    });
}
