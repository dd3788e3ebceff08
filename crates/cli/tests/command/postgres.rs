//! The command on a ledger in PostgreSQL.

use countersign_testbed::{PASSWORD, shared};

use super::import::Old;
use super::ledger::{Ledger, NAME, race};
use super::serve::refused;
use super::{code, stderr, stdout};

/// A database of its own: its owner's address, the name of a role that is to write there, and that one's address.
fn database_and_role() -> (String, String, String) {
    let (server, database) = (shared(), shared().new_database());
    let role = format!("clerk_of_{database}");
    server.sql(&database, &format!("CREATE ROLE {role} LOGIN PASSWORD 'writes'"));
    let writer = server.url_of(&role, "writes", &database);
    (server.url(&database), role, writer)
}

/// A ledger in a database of its own, and a role that may write it.
fn with_writer() -> Ledger {
    let (owner, role, writer) = database_and_role();
    Ledger::at(&owner).done(&["init", "--ledger", NAME, "--writer-role", &role]);
    Ledger::at(&writer)
}

#[test]
fn a_writer_that_owns_nothing_keeps_a_ledger() {
    let ledger = with_writer();
    ledger.furnish();
    let paid = ledger.json(&["pay", "100", "EURO", "--from", "alice", "--to", "bob"]);
    ledger.done(&["refund", paid["transaction_id"].as_str().unwrap(), "--amount", "5"]);
    ledger.done(&["freeze", "bob", "--reason", "looked odd"]);
    ledger.refused(&["pay", "1", "EURO", "--from", "alice", "--to", "bob"], "ACCOUNT_FROZEN");
    ledger.done(&["export", "--out", "export.jsonl"]);
    assert_eq!(code(&super::countersign(&["verify", &ledger.path("export.jsonl")])), 0);
    ledger.verifies();
    let output = ledger.run(&["backup", "--to", "backup.db"]);
    assert_eq!(code(&output), 2);
    assert!(!ledger.folder.path().join("backup.db").exists());
}

#[test]
fn the_classic_race_of_two_processes_comes_out_right() {
    for _ in 0..3 {
        let ledger = with_writer();
        ledger.furnish();
        race(&ledger);
    }
}

#[test]
fn an_import_is_one_transaction() {
    let old = Old::to(&shared().url(&shared().new_database()));
    let good = std::fs::read(old.0.path("users.json")).unwrap();
    old.write("users.json", "{");
    assert_eq!(code(&old.import("legacy.bson", &[])), 2);
    assert_eq!(code(&old.0.run(&["stats"])), 2, "there is a ledger after an import that failed");
    old.write("users.json", good);
    // One without entries, as an import leaves that was cut off, is taken.
    old.0.done(&["init", "--ledger", NAME]);
    let output = old.import("legacy.bson", &[]);
    assert_eq!(code(&output), 0, "{}{}", stdout(&output), stderr(&output));
    old.0.verifies();
    assert_eq!(old.0.json(&["treasury"])["collected"]["transfer_tax"]["EURO"], "12.3400");
    // What follows is settled on it.
    old.0.done(&["pay", "1", "EURO", "--type", "SYSTEM_MINT", "--to", "e72b7934ad3642f3c654a53c"]);
    old.0.verifies();
    assert_eq!(code(&old.import("legacy.bson", &[])), 2, "a ledger in use was imported over");
}

/// By the owner, who lets the role in; or by the role, once there is a ledger that it may write.
#[test]
fn what_is_imported_is_the_writers_to_go_on_with() {
    let (owner, role, writer) = database_and_role();
    let mint = ["pay", "1", "EURO", "--type", "SYSTEM_MINT", "--to", "e72b7934ad3642f3c654a53c"];
    // A ledger without entries that the role may not write yet is taken too.
    Ledger::at(&owner).done(&["init", "--ledger", NAME]);
    let output = Old::to(&owner).import("legacy.bson", &["--writer-role", &role]);
    assert_eq!(code(&output), 0, "{}{}", stdout(&output), stderr(&output));
    let ledger = Ledger::at(&writer);
    ledger.done(&mint);
    ledger.verifies();

    let (owner, role, writer) = database_and_role();
    let output = Old::to(&owner).import("legacy.bson", &["--writer-role", &role]);
    assert_eq!((code(&output), stderr(&output).as_str()), (0, ""));
    Ledger::at(&writer).done(&mint);

    let old = Old::on(with_writer());
    let output = old.import("legacy.bson", &[]);
    assert_eq!(code(&output), 0, "{}{}", stdout(&output), stderr(&output));
    old.0.done(&mint);
    old.0.verifies();
}

/// PostgreSQL says that a permission is denied for some table, and not whose it is.
#[test]
fn who_may_not_make_a_ledger_is_told_who_may() {
    let (owner, role, writer) = database_and_role();
    let assert_told = |output: &std::process::Output| {
        assert_eq!(code(output), 2);
        assert!(stderr(output).contains("as him run `countersign init --writer-role ROLE`"), "{}", stderr(output));
    };
    assert_told(&Old::to(&writer).import("legacy.bson", &[]));
    Ledger::at(&owner).done(&["init", "--ledger", "game.example/other"]);
    assert_told(&Old::to(&writer).import("legacy.bson", &[]));
    Ledger::at(&owner).done(&["init", "--ledger", "game.example/third", "--writer-role", &role]);
    assert_told(&Old::to(&writer).import("legacy.bson", &[]));
    assert_told(&Ledger::at(&writer).run(&["init", "--ledger", NAME]));
    let output = Old::to("ledger.db").import("legacy.bson", &["--writer-role", &role]);
    assert!(code(&output) == 2 && stderr(&output).contains("has no roles"), "{}", stderr(&output));
}

/// A role with the rights of a watch, and a server that takes no writes, as a standby takes none.
#[test]
fn who_may_not_write_does_not_take_orders() {
    let (owner, role, writer) = database_and_role();
    Ledger::at(&owner).done(&["init", "--ledger", NAME, "--writer-role", &role]);
    let database = role.strip_prefix("clerk_of_").unwrap();
    let assert_refused = |why: &str| {
        let output = refused(&Ledger::at(&writer), &["--writable"]);
        let said = stderr(&output);
        let told = said.contains("--writable: the ledger cannot be written: ") && said.contains(why);
        assert!(output.status.code() == Some(2) && told, "{said}");
    };
    let sql = |sql: &str| shared().sql(database, sql);
    sql(&format!("REVOKE INSERT ON countersign_entries FROM {role}"));
    assert_refused("countersign_entries");
    sql(&format!("GRANT INSERT ON countersign_entries TO {role}"));
    sql(&format!("ALTER ROLE {role} SET default_transaction_read_only = on"));
    assert_refused("read-only transaction");
}

#[test]
fn of_several_ledgers_in_a_database_one_is_named() {
    let ledger = Ledger::at(&shared().url(&shared().new_database()));
    for name in ["game.example/one", "game.example/two"] {
        ledger.done(&["init", "--ledger", name]);
    }
    assert!(ledger.done(&["stats", "--ledger", "game.example/two"]).starts_with("game.example/two"));
    let output = ledger.run(&["stats"]);
    assert_eq!(code(&output), 2);
    assert!(!stderr(&output).contains(PASSWORD), "{}", stderr(&output));
}

/// What it wrote nobody could take out again, and every other command would ask which ledger is meant.
#[test]
fn a_bench_leaves_a_database_with_a_ledger_alone() {
    let ledger = Ledger::at(&shared().url(&shared().new_database()));
    let bench = ["bench", "--seconds", "1", "--callers", "2", "--accounts", "3"];
    ledger.done(&["init", "--ledger", NAME]);
    let output = ledger.run(&bench);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains(NAME) && !stderr(&output).contains(PASSWORD), "{}", stderr(&output));
    assert!(ledger.done(&["stats"]).starts_with(NAME));
    Ledger::at(&shared().url(&shared().new_database())).done(&bench);
}
