//! Which ledger is opened, and of which schema.

use std::thread;

use countersign_store::conformance::desk::{self, Everything};
use countersign_store::postgres;
use countersign_store::{Identity, Store, StoreError, Wanted};
use countersign_testbed::shared;

use crate::{Ledger, failure};

fn identity(name: &str, id: char) -> Identity {
    Identity { ledger: name.to_owned(), ledger_id: id.to_string().repeat(32) }
}

#[test]
fn several_ledgers_share_a_database_and_nothing_else() {
    let ledger = Ledger { server: shared(), database: shared().new_database() };
    let url = ledger.url();
    let none = failure(postgres::open(&url, None));
    assert!(matches!(&none, StoreError::NotThisLedger(why) if why.contains("no ledger")), "{none}");
    let identities = [identity("game/eu", 'a'), identity("game/us", 'b')];
    let stores = identities.each_ref().map(|it| postgres::create(&url, it, desk::start(), None).unwrap());
    for (store, amount) in stores.iter().zip(["1", "2"]) {
        desk::furnish(store, &["alice", "bob"]);
        desk::carry_out(store, &[desk::transfer("alice", "bob", amount)]);
    }
    for (name, balance) in [("game/eu", "999.0000"), ("game/us", "998.0000")] {
        let store = postgres::open(&url, Some(name)).unwrap();
        assert_eq!(store.identity().ledger, name);
        assert_eq!(desk::balance(&store, "alice"), balance);
        Everything::of(&store).assert_one_chain(store.identity());
    }
    for expected in [None, Some("game/asia")] {
        let error = failure(postgres::open(&url, expected));
        assert!(matches!(&error, StoreError::NotThisLedger(why) if why.contains("game/eu, game/us")), "{error}");
    }
    for again in [identity("game/eu", 'c'), identity("game/asia", 'a')] {
        let error = failure(postgres::create(&url, &again, desk::start(), None));
        assert!(matches!(error, StoreError::Exists { .. }), "{error}");
    }
}

#[test]
fn a_later_schema_is_left_alone() {
    let ledger = Ledger::furnished();
    ledger.sql("UPDATE countersign_schema SET version = 99");
    for error in [
        failure(postgres::open(&ledger.url(), None)),
        failure(postgres::open_read_only(&ledger.url(), None)),
        failure(postgres::create(&ledger.url(), &identity("another", 'a'), desk::start(), None)),
    ] {
        assert!(matches!(error, StoreError::SchemaTooNew { found: 99, known: 1 }), "{error}");
    }
}

#[test]
fn an_earlier_schema_is_brought_up_to_date_by_who_may() {
    let ledger = Ledger { server: shared(), database: shared().new_database() };
    ledger.sql("CREATE TABLE countersign_schema (one boolean PRIMARY KEY DEFAULT true, version integer NOT NULL)");
    ledger.sql("INSERT INTO countersign_schema (version) VALUES (0)");
    let reader = format!("reader_of_{}", ledger.database);
    ledger.sql(&format!("CREATE ROLE {reader} LOGIN PASSWORD 'reads'; GRANT SELECT ON countersign_schema TO {reader}"));
    let url = ledger.server.url_of(&reader, "reads", &ledger.database);
    let error = failure(postgres::open(&url, None));
    assert!(matches!(&error, StoreError::Refused { why } if why.contains("schema 1 is needed")), "{error}");
    let error = failure(postgres::open_read_only(&url, None));
    assert!(matches!(&error, StoreError::Unsupported(why) if why.contains("schema 0")), "{error}");
    // There is no ledger in it, but the tables are made.
    assert!(matches!(failure(postgres::open(&ledger.url(), None)), StoreError::NotThisLedger(_)));
    assert_eq!(ledger.sql("SELECT version, (SELECT count(*) FROM countersign_entries) FROM countersign_schema"), "1|0");
}

#[test]
fn many_may_make_the_tables_at_once() {
    let ledger = Ledger { server: shared(), database: shared().new_database() };
    let url = ledger.url();
    thread::scope(|scope| {
        for id in "abcdef".chars() {
            let url = &url;
            scope.spawn(move || {
                let identity = identity(&format!("ledger-{id}"), id);
                postgres::create(url, &identity, desk::start(), None).unwrap();
            });
        }
    });
    assert_eq!(ledger.sql("SELECT count(*) FROM countersign_ledger"), "6");
}

#[test]
fn who_only_reads_cannot_write() {
    let ledger = Ledger::furnished();
    let store = postgres::open_read_only(&ledger.url(), Some(&desk::identity().ledger)).unwrap();
    Everything::of(&store).assert_one_chain(&desk::identity());
    let batch = desk::prepare(&store, &[desk::mint("alice", "1")]);
    let error = failure(store.commit(&batch));
    assert!(matches!(error, StoreError::Refused { .. }), "{error}");
    ledger.open().commit(&batch).unwrap();
    assert_eq!(store.load(&Wanted::default()).unwrap().head.seq, batch.head.seq);
}

#[test]
fn a_hot_standby_is_read_and_not_written() {
    let ledger = Ledger::furnished();
    let replica = shared().replica();
    let url = replica.url(&ledger.database);
    let standby = postgres::open_read_only(&url, None).unwrap();
    let store = ledger.open();
    desk::carry_out(&store, &[desk::transfer("alice", "bob", "7")]);
    ledger.server.wait_for(&replica);
    let (there, here) = (Everything::of(&standby), Everything::of(&store));
    assert_eq!(there, here);
    there.assert_one_chain(&desk::identity());
    let batch = desk::prepare(&standby, &[desk::mint("alice", "1")]);
    assert!(matches!(failure(standby.commit(&batch)), StoreError::Refused { .. }));
    // Not even who opens it to write.
    let error = failure(postgres::open(&url, None).unwrap().commit(&batch));
    assert!(matches!(error, StoreError::Refused { .. }), "{error}");
}

#[test]
fn an_address_that_leads_nowhere_says_so_without_its_password() {
    let ledger = Ledger::empty();
    let server = ledger.server;
    let wrong = server.url_of("postgres", "a-wrong-secret", &ledger.database);
    let nowhere = "postgres://postgres:a-wrong-secret@127.0.0.1:1/x".to_owned();
    for (url, code) in [
        (wrong, "STORE_REFUSED"),
        (nowhere, "STORE_LOST"),
        (server.url("no_such_database"), "NOT_THIS_LEDGER"),
        ("postgres://postgres:a-wrong-secret@127.0.0.1:x/x".to_owned(), "STORE_REFUSED"),
    ] {
        let error = failure(postgres::open(&url, None));
        assert_eq!(error.code(), code, "{error}");
        let said = format!("{error} {error:?}");
        assert!(!said.contains("secret") && !said.contains(countersign_testbed::PASSWORD), "{said}");
    }
    let store = ledger.open();
    assert!(!format!("{store:?}").contains(countersign_testbed::PASSWORD));
}

#[test]
fn a_backup_is_left_to_the_database_s_own_tools() {
    let error = failure(Ledger::empty().open().backup("/nowhere".as_ref()));
    assert!(matches!(&error, StoreError::Unsupported(why) if why.contains("pg_basebackup")), "{error}");
}
