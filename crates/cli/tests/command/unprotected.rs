//! A ledger whose file somebody opened with SQLite, to take a trigger away: it is read, exported and halted, and each
//! says so; nothing else is written to it.

use std::process::Output;

use serde_json::Value;

use super::ledger::{Ledger, NAME};
use super::{code, stderr, stdout};

const DROPPED: &str = "DROP TRIGGER entries_never_change";
const EDIT: &str = "UPDATE entries SET amount_gross = '9.0000' WHERE seq = 2";
const TOLD: &str = "the trigger entries_never_change is missing";

/// A ledger of three entries, to which `sql` is done.
fn after(sql: &[&str]) -> Ledger {
    let ledger = Ledger::with_accounts();
    for amount in ["1", "2"] {
        ledger.done(&["pay", amount, "EURO", "--from", "alice", "--to", "bob"]);
    }
    let file = rusqlite::Connection::open(ledger.path("ledger.db")).unwrap();
    sql.iter().for_each(|sql| file.execute_batch(sql).unwrap());
    ledger
}

fn json(output: &Output) -> Value {
    serde_json::from_str(&stdout(output)).unwrap()
}

#[test]
fn an_audit_names_what_is_missing_and_what_was_edited() {
    let ledger = after(&[DROPPED, EDIT]);
    let output = ledger.run(&["verify", "--db", "ledger.db", "--json"]);
    let report = json(&output);
    assert_eq!((code(&output), &report["unprotected"]), (1, &serde_json::json!([TOLD])), "{report}");
    let finding = &report["findings"][0];
    assert_eq!((&finding["error_type"], &finding["seq"]), (&"TRANSACTION_TAMPERED".into(), &2.into()), "{report}");
    let words = stdout(&ledger.run(&["verify"]));
    assert!(words.starts_with("UNPROTECTED: ") && words.contains(TOLD), "{words}");
    assert!(words.contains("\nFINDINGS: 1 in 3 entries") && words.contains("TRANSACTION_TAMPERED"), "{words}");
}

#[test]
fn a_chain_that_is_well_is_not_enough() {
    for (sql, told) in [
        (DROPPED, TOLD),
        ("DROP INDEX entries_transaction", "the index entries_transaction is missing"),
        (
            "DROP TRIGGER acts_never_go; CREATE TRIGGER acts_never_go BEFORE DELETE ON acts BEGIN SELECT 1; END",
            "the trigger acts_never_go was changed",
        ),
    ] {
        let ledger = after(&[sql]);
        let output = ledger.run(&["verify", "--json"]);
        let report = json(&output);
        assert_eq!((code(&output), &report["valid"]), (1, &true.into()), "{report}");
        assert_eq!(report["unprotected"], serde_json::json!([told]));
        let words = stdout(&ledger.run(&["verify"]));
        assert!(words.starts_with("UNPROTECTED: ") && words.contains("\nVERIFIED"), "{words}");
    }
    let ledger = after(&[]);
    assert_eq!(ledger.json(&["verify"])["unprotected"], serde_json::json!([]));
    assert!(ledger.done(&["verify"]).starts_with("VERIFIED"));
}

#[test]
fn the_evidence_is_exported_and_standard_error_says_of_what() {
    let ledger = after(&[DROPPED, EDIT]);
    ledger.done(&["key", "new", "--name", NAME, "--out", "ledger.key"]);
    for key in [&[][..], &["--key", "ledger.key"]] {
        let output = ledger.run(&[&["export", "--force", "--out", "export.jsonl"], key].concat());
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        assert!(stderr(&output).contains(TOLD), "{}", stderr(&output));
        assert_eq!(stderr(&output).contains("not signed"), !key.is_empty(), "{}", stderr(&output));
        assert!(stdout(&output).contains("3 entries up to 3, without a signed checkpoint"), "{}", stdout(&output));
        let output = ledger.run(&["verify", "export.jsonl", "--json"]);
        let report = json(&output);
        assert_eq!((code(&output), &report["findings"][0]["seq"]), (1, &2.into()), "{report}");
        assert!(report.get("unprotected").is_none(), "an export says nothing of the database");
    }
}

#[test]
fn what_only_reads_goes_on_and_says_so() {
    let ledger = after(&[DROPPED]);
    for arguments in [
        &["stats"][..],
        &["history", "bob"],
        &["acts"],
        &["account", "list"],
        &["treasury"],
        &["backup", "--to", "backup.db"],
    ] {
        let output = ledger.run(arguments);
        assert_eq!(code(&output), 0, "{arguments:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(TOLD), "{arguments:?}: {}", stderr(&output));
    }
    let edited = after(&[DROPPED, EDIT]);
    let output = edited.run(&["backup", "--to", "backup.db", "--json"]);
    assert_eq!((code(&output), &json(&output)["error"]["code"]), (1, &"BACKUP_NOT_VERIFIED".into()));
}

#[test]
fn it_is_halted_and_not_extended() {
    let ledger = after(&[DROPPED]);
    ledger.done(&["key", "new", "--name", NAME, "--out", "ledger.key"]);
    ledger.finds_damage(&["pay", "1", "EURO", "--from", "alice", "--to", "bob"]);
    ledger.finds_damage(&["checkpoint", "--key", "ledger.key"]);
    let halt = ledger.json(&["halt", "--reason", "a trigger is gone"]);
    assert_eq!((&halt["halt"]["by"], &halt["halt"]["reason"]), (&"op-1".into(), &"a trigger is gone".into()));
    ledger.finds_damage(&["resume", "--reason", "nothing to see"]);
    assert_eq!(ledger.json(&["stats"])["entries"], 3);
}

#[test]
fn a_watch_halts_it() {
    for sql in [&[DROPPED][..], &[DROPPED, EDIT]] {
        let ledger = after(&[]);
        let watch = ["watch", "--once", "--watch-folder", "watch"];
        assert_eq!(code(&ledger.run(&watch)), 0);
        let file = rusqlite::Connection::open(ledger.path("ledger.db")).unwrap();
        sql.iter().for_each(|sql| file.execute_batch(sql).unwrap());
        drop(file);
        let output = ledger.run(&watch);
        let words = stdout(&output);
        let count = sql.len();
        assert_eq!(code(&output), 1, "{words}{}", stderr(&output));
        assert!(words.starts_with(&format!("FINDINGS: {count} in 3 entries. The ledger is halted.")), "{words}");
        assert!(words.contains("  STORE_UNPROTECTED: ") && words.contains(TOLD), "{words}");
        assert_eq!(words.contains("TRANSACTION_TAMPERED"), sql.contains(&EDIT), "{words}");
        let output = ledger.run(&[&watch[..], &["--json"]].concat());
        let result = json(&output);
        assert_eq!((code(&output), &result["halted"]), (1, &true.into()), "{result}");
        assert!(result["message"].as_str().unwrap().starts_with("STORE_UNPROTECTED: "), "{result}");
        assert_eq!(ledger.json(&["acts"])[0]["by"], "watch");
    }
}
