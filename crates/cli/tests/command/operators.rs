//! What operators do, and must say: names changed, reasons, tokens; and what their settings may not break.

use serde_json::Value;

use super::ledger::Ledger;
use super::{code, stderr, stdout};

/// Whether a file of the ledger's folder holds a text.
fn holds(ledger: &Ledger, file: &str, text: &str) -> bool {
    let Ok(bytes) = std::fs::read(ledger.path(file)) else { return false };
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[test]
fn a_name_is_corrected_or_removed_and_is_nowhere_left() {
    let ledger = Ledger::with_accounts();
    let name = "Ana Real Name";
    ledger.done(&["account", "open", "ana", "--username", name]);
    let paid = ledger.json(&["pay", "1", "EURO", "--from", "alice", "--to", "ana"]);
    ledger.done(&["erase", paid["transaction_id"].as_str().unwrap(), "--account", "ana"]);
    let rename = ["account", "rename", "ana"];
    let to = |name: &str, reason: &str| ledger.run(&[&rename[..], &["--username", name, "--reason", reason]].concat());
    for wrong in [to("", "asked"), to("A\u{202e}", "asked"), to("Anna", " ")] {
        assert_eq!((code(&wrong), stderr(&wrong).contains("INVALID_FIELD")), (1, true), "{}", stderr(&wrong));
    }
    for incomplete in [&["--username", "Anna"][..], &["--reason", "asked"], &["--no-username"]] {
        assert_eq!(code(&ledger.run(&[&rename[..], incomplete].concat())), 2, "{incomplete:?}");
    }
    assert_eq!(code(&to("Anna", "a slip of the pen")), 0);
    assert_eq!(ledger.json(&["account", "show", "ana"])["username"], "Anna");
    let removed = ledger.json(&[&rename[..], &["--no-username", "--reason", "Article 17"]].concat());
    assert_eq!(removed["username"], Value::Null);
    let paid = ledger.json(&["pay", "1", "EURO", "--from", "alice", "--to", "ana"]);
    let entry = &ledger.json(&["history", "ana"])[0];
    assert_eq!(entry["transaction_id"], paid["transaction_id"]);
    assert_eq!(entry["personal"]["receiver_username"], Value::Null);
    let acts = ledger.json(&["acts", "--limit", "2"]);
    for (n, reason) in [(0, "Article 17"), (1, "a slip of the pen")] {
        let said = [&acts[n]["kind"], &acts[n]["account"], &acts[n]["by"], &acts[n]["reason"]];
        assert_eq!(said, ["ACCOUNT_RENAMED", "ana", "op-1", reason]);
    }
    for (file, text) in [("ledger.db", name), ("ledger.db-wal", name), ("ledger.db", "Anna"), ("ledger.db-wal", "Anna")]
    {
        assert!(!holds(&ledger, file, text), "{file} still has {text}");
    }
    ledger.refused(&["account", "rename", "nobody", "--no-username", "--reason", "asked"], "UNKNOWN_ACCOUNT");
    ledger.verifies();
}

#[test]
fn nobody_is_frozen_let_go_or_shut_out_without_a_word() {
    let ledger = Ledger::with_accounts();
    for nothing in ["", " ", "\u{3000}\t"] {
        for act in [&["freeze", "bob"][..], &["unfreeze", "bob"], &["account", "ban", "bob"]] {
            let output = ledger.run(&[act, &["--reason", nothing]].concat());
            let told = stderr(&output);
            assert_eq!(code(&output), 1, "{act:?} {nothing:?}: {told}");
            assert!(told.contains("REASON_REQUIRED") || told.contains("INVALID_FIELD"), "{act:?} {nothing:?}: {told}");
        }
    }
    let freeze = ["pay", "0", "XXX", "--type", "ACCOUNT_FREEZE", "--from", "SYSTEM", "--to", "bob"];
    assert_ne!(code(&ledger.run(&freeze)), 0);
    assert_eq!(ledger.json(&["account", "list", "--frozen"]), serde_json::json!([]));
}

#[test]
fn who_names_one_account_is_not_told_that_both_are_the_same() {
    let ledger = Ledger::with_accounts();
    ledger.refused(&["freeze", "SYSTEM", "--reason", "odd"], "DIRECTION_NOT_ALLOWED");
    let withdraw = ["treasury", "withdraw", "1", "EURO", "--account", "TREASURY", "--bucket", "vat"];
    ledger.refused(&[&withdraw[..], &["--description", "roads"]].concat(), "DIRECTION_NOT_ALLOWED");
}

#[test]
fn the_history_of_nobody_is_not_an_empty_one() {
    let ledger = Ledger::with_accounts();
    ledger.refused(&["history", "nosuch"], "UNKNOWN_ACCOUNT");
    ledger.refused(&["history", "nosuch", "--sent"], "UNKNOWN_ACCOUNT");
    assert_eq!(ledger.done(&["history", "bob"]), "There are no such entries.\n");
    assert_eq!(ledger.done(&["history", "TREASURY"]), "There are no such entries.\n");
    assert_eq!(ledger.json(&["history", "SYSTEM"]).as_array().unwrap().len(), 1);
}

#[test]
fn no_token_is_made_that_the_server_refuses() {
    let ledger = Ledger::empty();
    for name in ["shield", "watch", "SYSTEM", "TREASURY", "", "a b", &"x".repeat(64)] {
        let output = ledger.run(&["token", "new", "--role", "admin", "--name", name]);
        assert_eq!((code(&output), stdout(&output).as_str()), (2, ""), "{name:?}");
        assert!(stderr(&output).contains("--name"), "{}", stderr(&output));
    }
    ledger.done(&["token", "new", "--role", "admin", "--name", &"x".repeat(63)]);
}

/// Turnover has no end, balances have: what moved is more than anybody holds.
#[test]
fn turnover_may_outgrow_every_balance() {
    let ledger = Ledger::with_accounts();
    let file = rusqlite::Connection::open(ledger.path("ledger.db")).unwrap();
    let grown = "UPDATE ledger SET totals = replace(totals, '1000.0000', '9999999999999999999999.5000')";
    assert_eq!(file.execute(grown, []).unwrap(), 1);
    drop(file);
    ledger.done(&["pay", "1", "EURO", "--type", "SYSTEM_MINT", "--to", "alice"]);
    ledger.done(&["pay", "1", "EURO", "--type", "SYSTEM_MINT", "--to", "alice"]);
    let minted = &ledger.json(&["stats"])["currencies"]["EURO"]["minted"];
    assert_eq!(minted, "10000000000000000000001.5000");
    ledger.verifies();
}

#[test]
fn a_limit_that_no_order_passes_is_no_limit() {
    let ledger = Ledger::with_accounts();
    for most in [0, 10, 1023] {
        std::fs::write(ledger.path("countersign.toml"), format!("[engine.shield.payload]\nmax_bytes = {most}\n"))
            .unwrap();
        let output = ledger.run(&["stats"]);
        assert_eq!(code(&output), 2, "{most}");
        assert!(stderr(&output).contains("shield.payload: max_bytes"), "{}", stderr(&output));
    }
    std::fs::write(ledger.path("countersign.toml"), "[engine.shield.payload]\nmax_bytes = 1024\n").unwrap();
    ledger.done(&["pay", "1", "EURO", "--from", "alice", "--to", "bob"]);
}
