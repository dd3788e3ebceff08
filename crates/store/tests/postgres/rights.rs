//! What the database itself refuses.

use countersign_store::conformance::desk::{self, Everything};
use countersign_store::postgres;
use countersign_store::{Halt, Store, StoreError};
use countersign_testbed::shared;

use crate::{Ledger, failure};

/// A ledger with a writer's role of its own; the role's name.
fn with_writer() -> (Ledger, String) {
    let ledger = Ledger { server: shared(), database: shared().new_database() };
    let role = format!("writer_of_{}", ledger.database);
    ledger.sql(&format!("CREATE ROLE {role} LOGIN PASSWORD 'writes'"));
    postgres::create(&ledger.url(), &desk::identity(), desk::start(), Some(&role)).unwrap();
    (ledger, role)
}

#[test]
fn a_writer_that_owns_nothing_can_do_its_work_and_no_more() {
    let (ledger, role) = with_writer();
    let store = postgres::open(&ledger.server.url_of(&role, "writes", &ledger.database), None).unwrap();
    let minted = desk::furnish(&store, &["alice", "bob"]);
    desk::carry_out(&store, &[desk::transfer("alice", "bob", "1"), desk::erasure(&minted[0])]);
    Everything::of(&store).assert_one_chain(&desk::identity());
    let halt = Halt { by: "watch".to_owned(), reason: "a drill".to_owned(), at: desk::start() };
    assert_eq!(store.halt(&halt, None).unwrap(), halt);
    for refused in [
        "UPDATE countersign_entries SET amount_net = 1000000",
        "DELETE FROM countersign_entries WHERE seq = 3",
        "TRUNCATE countersign_entries",
        "DROP TABLE countersign_entries",
        "ALTER TABLE countersign_entries DISABLE TRIGGER ALL",
        "UPDATE countersign_personal SET description = 'another'",
        "UPDATE countersign_nodes SET hash = ''",
        "DELETE FROM countersign_checkpoints",
        "UPDATE countersign_acts SET reason = 'another'",
        "DELETE FROM countersign_acts",
        "UPDATE countersign_schema SET version = 7",
        "DELETE FROM countersign_accounts",
        "DELETE FROM countersign_ledger",
        "CREATE TABLE mine (n integer)",
    ] {
        let said = ledger.server.try_sql(&role, &ledger.database, refused).unwrap_err();
        assert!(said.contains("ERROR:  42501"), "{refused}: {said}");
    }
}

#[test]
fn entries_are_kept_from_the_tables_owner_too() {
    let ledger = Ledger { server: shared(), database: shared().new_database() };
    let owner = format!("owner_of_{}", ledger.database);
    ledger.sql(&format!("CREATE ROLE {owner} LOGIN PASSWORD 'owns'; GRANT CREATE ON SCHEMA public TO {owner}"));
    let url = ledger.server.url_of(&owner, "owns", &ledger.database);
    let store = postgres::create(&url, &desk::identity(), desk::start(), None).unwrap();
    let minted = desk::furnish(&store, &["alice"]);
    desk::carry_out(&store, &[desk::erasure(&minted[0])]);
    for refused in ["UPDATE countersign_entries SET type = 'REWARD'", "DELETE FROM countersign_entries"] {
        let said = ledger.server.try_sql(&owner, &ledger.database, refused).unwrap_err();
        assert!(said.contains("ERROR:  42501"), "{refused}: {said}");
    }
}

#[test]
fn what_a_user_may_not_do_is_refused() {
    let (ledger, role) = with_writer();
    let url = ledger.server.url_of(&role, "writes", &ledger.database);
    let identity = countersign_store::Identity { ledger: "another".to_owned(), ledger_id: "1".repeat(32) };
    assert!(matches!(failure(postgres::create(&url, &identity, desk::start(), None)), StoreError::Refused { .. }));
    ledger.sql(&format!("REVOKE INSERT ON countersign_entries FROM {role}"));
    let store = postgres::open(&url, None).unwrap();
    desk::open_accounts(&store, &["alice"]);
    let batch = desk::prepare(&store, &[desk::mint("alice", "1")]);
    for error in [failure(store.commit(&batch)), failure(store.try_commit())] {
        assert!(matches!(&error, StoreError::Refused { why } if why.contains("countersign_entries")), "{error}");
    }
    assert_eq!(Everything::of(&store).entries, []);
    ledger.sql(&format!("GRANT INSERT ON countersign_entries TO {role}"));
    store.try_commit().unwrap();
    store.commit(&batch).unwrap();
}

#[test]
fn a_writer_s_role_must_exist_and_own_nothing() {
    let ledger = Ledger { server: shared(), database: shared().new_database() };
    for (role, why) in [("nobody_at_all", "does not exist"), ("postgres", "must own nothing")] {
        let error = failure(postgres::create(&ledger.url(), &desk::identity(), desk::start(), Some(role)));
        assert!(matches!(&error, StoreError::Refused { why: said } if said.contains(why)), "{error}");
    }
    postgres::create(&ledger.url(), &desk::identity(), desk::start(), None).unwrap();
}

/// As docs/operations.md has it for a watch that owns nothing and writes nothing else.
#[test]
fn who_only_reads_and_halts_needs_no_more_than_that() {
    let (ledger, writer) = with_writer();
    let store = postgres::open(&ledger.server.url_of(&writer, "writes", &ledger.database), None).unwrap();
    desk::furnish(&store, &["alice"]);
    let role = format!("watch_of_{}", ledger.database);
    ledger.sql(&format!("CREATE ROLE {role} LOGIN PASSWORD 'looks'"));
    let tables = "countersign_schema, countersign_entries, countersign_nodes, countersign_checkpoints, countersign_acts, \
                  countersign_personal, countersign_ledger, countersign_treasury, countersign_accounts";
    ledger.sql(&format!("GRANT SELECT ON {tables} TO {role}"));
    let url = ledger.server.url_of(&role, "looks", &ledger.database);
    let watch = countersign_store::open_to_halt(&countersign_store::Location::Postgres(url), None).unwrap();
    let refused = watch.try_halt().unwrap_err();
    assert!(matches!(refused, StoreError::Refused { .. }), "{refused}");
    ledger.sql(&format!("GRANT UPDATE (version, halt) ON countersign_ledger TO {role}"));
    assert!(watch.try_halt().is_err(), "what it did must be kept too");
    ledger.sql(&format!("GRANT INSERT ON countersign_acts TO {role}"));
    watch.try_halt().unwrap();
    assert!(matches!(failure(watch.try_commit()), StoreError::Refused { .. }), "a halt is no right to write");
    assert_eq!(store.load(&countersign_store::Wanted::default()).unwrap().head.halt, None);
    let halt = Halt { by: "watch".to_owned(), reason: "a drill".to_owned(), at: desk::start() };
    assert_eq!(watch.halt(&halt, None).unwrap(), halt);
}
