//! What is a ledger, and what is not.

use std::fs;

use countersign_store::conformance::desk::{self, Everything};
use countersign_store::{Location, Store as _, StoreError, sqlite};
use rusqlite::Connection;
use tempfile::TempDir;

use crate::Ledger;

#[test]
fn a_ledger_is_made_once() {
    let ledger = Ledger::furnished();
    let before = fs::read(&ledger.path).unwrap();
    let outcome = sqlite::create(&ledger.path, &desk::identity(), desk::start());
    assert!(matches!(&outcome, Err(StoreError::Exists { what }) if what.contains("ledger.db")), "{outcome:?}");
    assert_eq!(fs::read(&ledger.path).unwrap(), before);
}

#[test]
fn another_file_is_left_as_it_is() {
    let directory = TempDir::new().unwrap();
    let (text, other) = (directory.path().join("notes.txt"), directory.path().join("other.db"));
    fs::write(&text, "Countersign is a ledger. ".repeat(500)).unwrap();
    Connection::open(&other).unwrap().execute_batch("CREATE TABLE t (x); INSERT INTO t VALUES (1)").unwrap();
    for path in [text, other] {
        let before = fs::read(&path).unwrap();
        let outcome = sqlite::create(&path, &desk::identity(), desk::start());
        assert!(matches!(outcome, Err(StoreError::Exists { .. })), "{outcome:?}");
        for outcome in [sqlite::open(&path, None), sqlite::open_read_only(&path, None)] {
            let Err(StoreError::NotThisLedger(why)) = outcome else { panic!("{outcome:?}") };
            assert!(why.contains(&*path.to_string_lossy()) && why.contains("no ledger of Countersign"), "{why}");
        }
        assert_eq!(fs::read(&path).unwrap(), before);
    }
}

#[test]
fn what_is_not_there_is_not_made() {
    let directory = TempDir::new().unwrap();
    let missing = directory.path().join("missing.db");
    for path in [&*missing, directory.path()] {
        for outcome in [sqlite::open(path, None), sqlite::open_read_only(path, None)] {
            assert!(matches!(outcome, Err(StoreError::NotThisLedger(_))), "{outcome:?}");
        }
    }
    assert!(!missing.exists());
    let nowhere = directory.path().join("no such directory").join("ledger.db");
    let outcome = sqlite::create(&nowhere, &desk::identity(), desk::start());
    assert!(matches!(outcome, Err(StoreError::Lost { .. })), "{outcome:?}");
}

#[test]
fn a_ledger_of_another_name_is_refused() {
    let ledger = Ledger::furnished();
    for outcome in [sqlite::open(&ledger.path, Some("other")), sqlite::open_read_only(&ledger.path, Some("other"))] {
        let Err(StoreError::NotThisLedger(why)) = outcome else { panic!("{outcome:?}") };
        assert!(why.ends_with("holds the ledger conformance/ledger, not other"), "{why}");
    }
    assert_eq!(sqlite::open(&ledger.path, None).unwrap().identity(), &desk::identity());
}

#[test]
fn a_later_schema_is_refused() {
    let ledger = Ledger::furnished();
    ledger.raw().pragma_update(None, "user_version", 99).unwrap();
    for outcome in [sqlite::open(&ledger.path, None), sqlite::open_read_only(&ledger.path, None)] {
        assert!(matches!(outcome, Err(StoreError::SchemaTooNew { found: 99, known: 1 })), "{outcome:?}");
    }
}

#[test]
fn who_only_reads_writes_nothing() {
    let ledger = Ledger::furnished();
    let writer = ledger.open();
    let reader = sqlite::open_read_only(&ledger.path, None).unwrap();
    assert_eq!(Everything::of(&reader), Everything::of(&writer));
    let batch = desk::prepare(&reader, &[desk::mint("alice", "1")]);
    let checkpoint = countersign_store::SignedCheckpoint { size: 1, note: "note".to_owned(), at: desk::start() };
    for outcome in [reader.commit(&batch), reader.keep_checkpoint(&checkpoint)] {
        assert!(matches!(outcome, Err(StoreError::Refused { .. })), "{outcome:?}");
    }
    assert!(matches!(reader.forget_answers(desk::start()), Err(StoreError::Refused { .. })));
    writer.commit(&batch).unwrap();
    assert_eq!(desk::balance(&reader, "alice"), desk::balance(&writer, "alice"));
}

#[test]
fn an_address_leads_to_the_adapter() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("ledger.db");
    let location = Location::parse(&format!("sqlite:{}", path.display())).unwrap();
    assert_eq!(location, Location::parse(&path.to_string_lossy()).unwrap());
    let store = countersign_store::create(&location, &desk::identity(), desk::start()).unwrap();
    desk::furnish(&*store, &["alice"]);
    let other = countersign_store::open(&location, Some("conformance/ledger")).unwrap();
    assert_eq!(Everything::of(&*other), Everything::of(&*store));
    let reader = countersign_store::open_read_only(&location, None).unwrap();
    assert_eq!(Everything::of(&*reader), Everything::of(&*store));
}

#[test]
#[cfg(unix)]
fn only_its_owner_reads_the_file() {
    use std::os::unix::fs::PermissionsExt as _;
    let ledger = Ledger::furnished();
    let _open = ledger.open();
    for file in fs::read_dir(ledger.directory.path()).unwrap() {
        let mode = file.unwrap().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
