//! A ledger kept by the command: what is settled, what is refused, and what each shows.

use std::process::{Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use super::{code, command, stderr, stdout};

/// A ledger in a directory of its own, in which the command runs.
pub(crate) struct Ledger {
    pub(crate) folder: TempDir,
    db: String,
}

pub(crate) const NAME: &str = "game.example/economy";

impl Ledger {
    /// An address at which none is made yet.
    pub(crate) fn at(db: &str) -> Self {
        Self { folder: tempfile::tempdir().unwrap(), db: db.to_owned() }
    }

    /// A file without entries.
    pub(crate) fn empty() -> Self {
        let ledger = Self::at("ledger.db");
        ledger.done(&["init", "--ledger", NAME]);
        ledger
    }

    /// A file in which alice has 1000 EURO, and bob and carol nothing.
    pub(crate) fn with_accounts() -> Self {
        let ledger = Self::empty();
        ledger.furnish();
        ledger
    }

    /// Gives alice 1000 EURO, and bob and carol nothing.
    pub(crate) fn furnish(&self) {
        for id in ["alice", "bob", "carol"] {
            self.done(&["account", "open", id, "--username", &id.to_uppercase()]);
        }
        self.done(&["pay", "1000", "EURO", "--type", "SYSTEM_MINT", "--to", "alice"]);
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    /// The command on this ledger, by an operator.
    pub(crate) fn command(&self, arguments: &[&str]) -> std::process::Command {
        let mut command = command(arguments);
        command.current_dir(self.folder.path());
        command.env("COUNTERSIGN_DB", &self.db).env("COUNTERSIGN_OPERATOR", "op-1");
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// What it prints, where it is done.
    pub(crate) fn done(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(code(&output), 0, "{arguments:?}: {}{}", stdout(&output), stderr(&output));
        stdout(&output)
    }

    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.done(&[arguments, &["--json"]].concat())).unwrap()
    }

    /// Could not, since the database is damaged.
    pub(crate) fn finds_damage(&self, arguments: &[&str]) {
        let output = self.run(&[arguments, &["--json"]].concat());
        let error: Value = serde_json::from_str(&stdout(&output)).unwrap();
        assert_eq!((code(&output), &error["error"]["code"]), (2, &"STORE_DAMAGED".into()), "{arguments:?}");
    }

    /// Holds that the ledger refuses, by this code, in words and as JSON, and that nothing changes.
    pub(crate) fn refused(&self, arguments: &[&str], expected: &str) {
        let before = self.done(&["stats"]);
        let output = self.run(arguments);
        assert_eq!(code(&output), 1, "{arguments:?}: {}{}", stdout(&output), stderr(&output));
        assert!(stderr(&output).starts_with(&format!("countersign: refused ({expected}): ")), "{}", stderr(&output));
        assert_eq!(stdout(&output), "");
        let output = self.run(&[arguments, &["--json"]].concat());
        let error: Value = serde_json::from_str(&stdout(&output)).unwrap();
        assert_eq!((code(&output), &error["error"]["code"]), (1, &expected.into()), "{arguments:?}");
        assert_eq!(self.done(&["stats"]), before, "{arguments:?} changed something");
    }

    pub(crate) fn balance(&self, account: &str) -> String {
        let account = self.json(&["account", "show", account]);
        account["balances"]["EURO"].as_str().unwrap_or("0.0000").to_owned()
    }

    /// Holds that the whole ledger verifies.
    pub(crate) fn verifies(&self) {
        self.done(&["verify"]);
    }
}

#[test]
fn a_ledger_is_made_once() {
    let ledger = Ledger::empty();
    let output = ledger.run(&["init", "--ledger", NAME]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("already"), "{}", stderr(&output));
    for name in ["", "a b", "a\u{202e}b"] {
        assert_eq!(code(&ledger.run(&["init", "--db", "other.db", "--ledger", name])), 2, "{name:?}");
    }
    assert_eq!(code(&ledger.run(&["init", "--db", "other.db"])), 2);
    assert!(!ledger.folder.path().join("other.db").exists());
    let files = || std::fs::read_dir(ledger.folder.path()).unwrap().count();
    let before = files();
    for db in [
        "mysql://u:hunter2@h/x",
        "host=h password=hunter2",
        ":memory:",
        "file:hunter2.db",
        "POSTGRES://u:hunter2@h:x/d",
    ] {
        for arguments in [&["init", "--ledger", NAME, "--db", db][..], &["stats", "--db", db], &["bench", "--db", db]] {
            let output = ledger.run(arguments);
            assert_eq!(code(&output), 2, "{arguments:?}");
            assert!(!(stdout(&output) + &stderr(&output)).contains("hunter2"), "{}", stderr(&output));
        }
    }
    assert_eq!(files(), before, "something was made");
    let [one, other] = ["one.db", "other.db"].map(|db| ledger.json(&["init", "--db", db, "--ledger", NAME]));
    assert_ne!(one["ledger_id"], other["ledger_id"]);
    ledger.verifies();
}

#[test]
fn what_is_no_ledger_is_not_taken_for_one() {
    let ledger = Ledger::empty();
    std::fs::write(ledger.path("text.db"), "hello").unwrap();
    for db in ["missing.db", "text.db", "."] {
        let output = ledger.run(&["stats", "--db", db]);
        assert_eq!(code(&output), 2, "{db}");
        assert!(!stderr(&output).is_empty());
    }
    assert!(!ledger.folder.path().join("missing.db").exists());
    let output = ledger.run(&["stats", "--ledger", "another/name"]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("another/name"), "{}", stderr(&output));
}

#[test]
fn a_payment_is_taxed_and_shown() {
    let ledger = Ledger::with_accounts();
    let receipt = ledger.json(&["pay", "100", "EURO", "--from", "alice", "--to", "bob", "--description", "as agreed"]);
    assert_eq!(receipt["gross"], "100.0000");
    assert_eq!(
        (&receipt["tax"], &receipt["net"], &receipt["rate"]),
        (&"5.0000".into(), &"95.0000".into(), &"0.0500".into())
    );
    assert_eq!(receipt["sender"]["before"], "1000.0000");
    assert_eq!(receipt["receiver"]["after"], "95.0000");
    assert_eq!([ledger.balance("alice"), ledger.balance("bob")], ["900.0000", "95.0000"]);
    assert_eq!(ledger.json(&["treasury"])["collected"]["transfer_tax"]["EURO"], "5.0000");
    let history = ledger.json(&["history", "bob"]);
    assert_eq!(history[0]["transaction_id"], receipt["transaction_id"]);
    assert_eq!(history[0]["personal"]["description"], "as agreed");
    assert_eq!(ledger.json(&["stats"])["currencies"]["EURO"]["minted"], "1000.0000");
    assert!(ledger.done(&["history", "--type", "TRANSFER"]).contains("alice → bob"));
    assert_eq!(ledger.json(&["history", "bob", "--sent"]).as_array().unwrap().len(), 0);
    ledger.verifies();
}

#[test]
fn every_type_is_paid() {
    let ledger = Ledger::with_accounts();
    for (kind, ends) in [
        ("WORK", &["--from", "SYSTEM", "--to", "bob"][..]),
        ("SALARY", &["--from", "alice", "--to", "bob"]),
        ("MARKET_BUY", &["--from", "alice", "--to", "bob"]),
        ("MARKET_SELL", &["--from", "alice", "--to", "bob"]),
        ("REWARD", &["--to", "bob"]),
        ("SYSTEM_BURN", &["--from", "alice"]),
        ("X_TIP", &["--from", "alice", "--to", "carol"]),
    ] {
        ledger.done(&[&["pay", "10", "EURO", "--type", kind], ends].concat());
    }
    ledger.done(&["treasury", "collect", "7", "EURO", "--account", "alice", "--bucket", "property_tax"]);
    let withdraw = ["treasury", "withdraw", "2", "EURO", "--account", "carol", "--bucket", "property_tax"];
    ledger.done(&[&withdraw[..], &["--description", "the roof"]].concat());
    assert_eq!(ledger.json(&["treasury", "show"])["collected"]["property_tax"]["EURO"], "5.0000");
    ledger.verifies();
}

#[test]
fn each_refusal_has_its_code_and_changes_nothing() {
    let ledger = Ledger::with_accounts();
    let from_alice = ["--from", "alice", "--to", "bob"];
    for (what, expected) in [
        (["pay", "1000.0001", "EURO"], "INSUFFICIENT_FUNDS"),
        (["pay", "1", "DOLLAR"], "UNKNOWN_CURRENCY"),
        (["pay", "1e3", "EURO"], "INVALID_AMOUNT"),
        (["pay", "0.00001", "EURO"], "INVALID_AMOUNT"),
        (["pay", "0", "EURO"], "AMOUNT_TOO_SMALL"),
        (["pay", "1000000000", "EURO"], "AMOUNT_TOO_LARGE"),
    ] {
        ledger.refused(&[&what[..], &from_alice].concat(), expected);
    }
    ledger.refused(&["pay", "1", "EURO", "--from", "alice", "--to", "alice"], "SAME_ACCOUNT");
    ledger.refused(&["pay", "1", "EURO", "--from", "alice", "--to", "nobody"], "UNKNOWN_ACCOUNT");
    ledger.refused(&["pay", "1", "EURO", "--type", "GIFT", "--from", "alice", "--to", "bob"], "UNKNOWN_TYPE");
    ledger
        .refused(&["pay", "1", "EURO", "--type", "REWARD", "--from", "alice", "--to", "bob"], "DIRECTION_NOT_ALLOWED");
    ledger.refused(&["account", "open", "alice"], "ALREADY_EXISTS");
    ledger.refused(&["account", "open", "SYSTEM"], "INVALID_FIELD");
    ledger.refused(&["account", "show", "nobody"], "UNKNOWN_ACCOUNT");
    ledger.refused(&["refund", "709b55bd-3da0-75a8-8812-5bd0ee20c5bf"], "REFUND_UNMATCHED");
    let collect = ["treasury", "withdraw", "1", "EURO", "--account", "bob", "--bucket", "vat"];
    ledger.refused(&collect, "REASON_REQUIRED");
    ledger.refused(&[&collect[..], &["--description", "the roof"]].concat(), "TREASURY_INSUFFICIENT");
    let paid = ["pay", "1", "EURO", "--type", "TAX_WITHDRAWAL", "--to", "bob", "--tax-type", "vat"];
    ledger.refused(&paid, "REASON_REQUIRED");
    ledger.verifies();
}

#[test]
fn an_order_without_an_end_or_an_operator_is_not_sent() {
    let ledger = Ledger::with_accounts();
    assert!(stderr(&ledger.run(&["pay", "1", "EURO", "--from", "alice"])).contains("--to"));
    let mut nobody = ledger.command(&["pay", "1", "EURO", "--type", "SYSTEM_MINT", "--to", "bob"]);
    let output = nobody.env_remove("COUNTERSIGN_OPERATOR").output().unwrap();
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("--operator"), "{}", stderr(&output));
}

#[test]
fn an_idempotency_key_pays_once() {
    let ledger = Ledger::with_accounts();
    let pay = ["pay", "10", "EURO", "--from", "alice", "--to", "bob", "--idempotency-key", "order-7"];
    let [first, again] = [ledger.json(&pay), ledger.json(&pay)];
    assert_eq!(first["transaction_id"], again["transaction_id"]);
    assert_eq!((&first["replayed"], &again["replayed"]), (&false.into(), &true.into()));
    assert_eq!(ledger.balance("alice"), "990.0000");
    let other = ["pay", "11", "EURO", "--from", "alice", "--to", "bob", "--idempotency-key", "order-7"];
    ledger.refused(&other, "IDEMPOTENCY_CONFLICT");
}

/// Whoever takes it for a failure pays twice.
#[cfg(target_os = "linux")]
#[test]
fn what_was_paid_and_could_not_be_shown_is_told_as_paid() {
    let ledger = Ledger::with_accounts();
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let mut pay = ledger.command(&["pay", "10", "EURO", "--from", "alice", "--to", "bob"]);
    let output = pay.stdout(full).output().unwrap();
    assert_eq!(code(&output), 3);
    let told = stderr(&output);
    assert!(told.contains("it was done") && told.contains("10.0000"), "{told}");
    assert_eq!(ledger.balance("alice"), "990.0000");
    let refused = ["pay", "1", "MOON", "--from", "alice", "--to", "bob", "--json"];
    assert_eq!(code(&ledger.command(&refused).output().unwrap()), 1);
    // A refusal is one wherever it can be said.
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let output = ledger.command(&refused).stdout(full).output().unwrap();
    assert_eq!(code(&output), 1);
    assert!(stderr(&output).contains("UNKNOWN_CURRENCY"), "{}", stderr(&output));
}

#[test]
fn what_was_paid_is_paid_back_and_no_more() {
    let ledger = Ledger::with_accounts();
    let paid = ledger.json(&["pay", "100", "EURO", "--from", "alice", "--to", "bob"]);
    let id = paid["transaction_id"].as_str().unwrap();
    ledger.refused(&["refund", id, "--amount", "95.0001"], "REFUND_EXCEEDS");
    ledger.done(&["refund", id, "--amount", "5"]);
    let upper = id.to_uppercase();
    let rest = ["refund", &upper, "--idempotency-key", "rest"];
    let paid = ledger.json(&rest);
    assert_eq!((&paid["gross"], &paid["replayed"]), (&"90.0000".into(), &false.into()));
    // Asked for again after a lost answer, though nothing is left now.
    let again = ledger.json(&rest);
    assert_eq!((&again["transaction_id"], &again["replayed"]), (&paid["transaction_id"], &true.into()));
    ledger.refused(&["refund", id], "REFUND_EXCEEDS");
    ledger.refused(&["refund", id, "--amount", "0.0001"], "REFUND_EXCEEDS");
    assert_eq!(ledger.balance("alice"), "995.0000");
    ledger.verifies();
}

#[test]
fn a_frozen_account_neither_sends_nor_receives() {
    let ledger = Ledger::with_accounts();
    let pay = ["pay", "1", "EURO", "--from", "alice", "--to", "bob"];
    ledger.done(&["freeze", "bob", "--reason", "looked odd"]);
    ledger.refused(&pay, "ACCOUNT_FROZEN");
    ledger.refused(&["freeze", "bob", "--reason", "again"], "ALREADY_FROZEN");
    assert_eq!(ledger.json(&["account", "list", "--frozen"])[0]["id"], "bob");
    ledger.done(&["unfreeze", "bob", "--reason", "looked at"]);
    ledger.done(&pay);
    ledger.refused(&["unfreeze", "bob", "--reason", "again"], "NOT_FROZEN");
    ledger.verifies();
}

#[test]
fn standing_says_who_may_use_an_account() {
    let ledger = Ledger::with_accounts();
    let pay = ["pay", "1", "EURO", "--from", "alice", "--to", "bob"];
    for (off, on, expected) in [("ban", "unban", "ACCOUNT_BANNED"), ("deactivate", "activate", "ACCOUNT_INACTIVE")] {
        ledger.done(&["account", off, "bob", "--reason", "cheats"]);
        ledger.refused(&pay, expected);
        ledger.done(&["account", on, "bob", "--reason", "looked at"]);
        ledger.done(&pay);
    }
    ledger.refused(&["account", "ban", "nobody", "--reason", "cheats"], "UNKNOWN_ACCOUNT");
    let silent = ledger.run(&["account", "ban", "bob"]);
    assert!(code(&silent) == 2 && stderr(&silent).contains("--reason"), "{}", stderr(&silent));
}

#[test]
fn neither_of_two_changes_of_an_account_undoes_the_other() {
    let ledger = Ledger::with_accounts();
    for _ in 0..5 {
        ledger.done(&["account", "deactivate", "bob", "--reason", "on leave"]);
        let [ban, activate] = ["ban", "activate"].map(|what| {
            ledger.command(&["account", what, "bob", "--reason", "at once"]).stdout(Stdio::null()).spawn().unwrap()
        });
        for mut child in [ban, activate] {
            assert!(child.wait().unwrap().success());
        }
        let bob = ledger.json(&["account", "show", "bob"]);
        assert_eq!((&bob["is_banned"], &bob["is_active"]), (&true.into(), &true.into()));
        ledger.done(&["account", "unban", "bob", "--reason", "looked at"]);
    }
}

#[test]
fn accounts_are_listed_page_by_page() {
    let ledger = Ledger::with_accounts();
    let ids = |arguments: &[&str]| {
        let listed = ledger.json(&[&["account", "list"], arguments].concat());
        listed.as_array().unwrap().iter().map(|a| a["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(ids(&[]), ["alice", "bob", "carol"]);
    assert_eq!(ids(&["--limit", "2"]), ["alice", "bob"]);
    assert_eq!(ids(&["--after", "bob"]), ["carol"]);
}

#[test]
fn a_halt_stands_until_it_is_lifted_by_name() {
    let ledger = Ledger::with_accounts();
    let pay = ["pay", "1", "EURO", "--from", "alice", "--to", "bob"];
    let halt = ledger.json(&["halt", "--reason", "an audit found something"]);
    assert_eq!((&halt["halt"]["by"], &halt["halt"]["reason"]), (&"op-1".into(), &"an audit found something".into()));
    ledger.refused(&pay, "HALTED");
    assert!(ledger.done(&["stats"]).contains("halted"));
    ledger.done(&["resume", "--reason", "explained"]);
    ledger.done(&["account", "ban", "bob", "--reason", "cheats"]);
    ledger.done(&["account", "unban", "bob", "--reason", "looked at"]);
    let acts = ledger.json(&["acts", "--limit", "4"]);
    let said = |n: usize| [&acts[n]["kind"], &acts[n]["by"], &acts[n]["reason"]];
    assert_eq!(said(3), ["HALT", "op-1", "an audit found something"]);
    assert_eq!(said(2), ["RESUME", "op-1", "explained"]);
    assert_eq!(said(1), ["ACCOUNT_BANNED", "op-1", "cheats"]);
    assert_eq!(acts[1]["account"], "bob");
    assert_eq!((&acts[0]["kind"], &acts[0]["reason"]), (&"ACCOUNT_UNBANNED".into(), &"looked at".into()));
    assert!(ledger.done(&["acts"]).contains("HALT                after entry 1  by op-1: an audit found something"));
    ledger.done(&pay);
}

#[test]
fn a_damaged_ledger_is_halted_all_the_same() {
    let ledger = Ledger::with_accounts();
    let file = rusqlite::Connection::open(ledger.path("ledger.db")).unwrap();
    file.execute("UPDATE ledger SET hash = ?1", ["ab".repeat(32)]).unwrap();
    drop(file);
    ledger.finds_damage(&["pay", "1", "EURO", "--from", "alice", "--to", "bob"]);
    let halt = ledger.json(&["halt", "--reason", "the head is not the last entry"]);
    assert_eq!(halt["halt"]["by"], "op-1");
    assert_eq!(ledger.json(&["acts"])[0]["reason"], "the head is not the last entry");
    ledger.finds_damage(&["resume", "--reason", "nothing to see"]);
}

#[test]
fn what_is_erased_is_gone_and_the_ledger_still_verifies() {
    let ledger = Ledger::with_accounts();
    let description = "a secret of bob's";
    let paid = ledger.json(&["pay", "1", "EURO", "--from", "alice", "--to", "bob", "--description", description]);
    let id = paid["transaction_id"].as_str().unwrap();
    ledger.refused(&["erase", id, "--account", "carol"], "ERASURE_UNMATCHED");
    ledger.done(&["erase", id, "--account", "bob", "--reason", "Article 17"]);
    ledger.refused(&["erase", id, "--account", "bob"], "ALREADY_ERASED");
    assert!(ledger.json(&["history", "bob", "--received"])[1]["personal"].is_null());
    ledger.done(&["export", "--out", "export.jsonl"]);
    for file in ["export.jsonl", "ledger.db"] {
        let bytes = std::fs::read(ledger.path(file)).unwrap();
        let found = bytes.windows(description.len()).any(|window| window == description.as_bytes());
        assert!(!found, "{file} still has it");
    }
    ledger.verifies();
}

#[test]
fn a_bench_fills_a_ledger_of_its_own_and_no_other() {
    let ledger = Ledger::with_accounts();
    let bench = ["bench", "--seconds", "1", "--callers", "2", "--accounts", "3"];
    let before = ledger.done(&["stats"]);
    assert_eq!(code(&ledger.run(&bench)), 2);
    assert_eq!(ledger.done(&["stats"]), before);
    let measured = ledger.json(&[&bench[..], &["--db", "bench.db"]].concat());
    let transactions = measured["transactions"].as_u64().unwrap();
    assert!(transactions > 0);
    let stats = ledger.json(&["stats", "--db", "bench.db"]);
    assert_eq!(stats["currencies"]["EURO"]["by_type"]["TRANSFER"]["transactions"], transactions);
    ledger.done(&["verify", "--db", "bench.db"]);
}

/// 1000 EURO, one process takes 100 and another 50 at once: 850 remain.
pub(crate) fn race(ledger: &Ledger) {
    let pay = |amount, to| {
        let mut pay = ledger.command(&["pay", amount, "EURO", "--from", "alice", "--to", to]);
        pay.stdout(Stdio::null()).spawn().unwrap()
    };
    let mut processes = [pay("100", "bob"), pay("50", "carol")];
    for process in &mut processes {
        assert!(process.wait().unwrap().success());
    }
    let balances = ["alice", "bob", "carol"].map(|id| ledger.balance(id));
    assert_eq!(balances, ["850.0000", "95.0000", "47.5000"]);
    assert_eq!(ledger.json(&["treasury"])["collected"]["transfer_tax"]["EURO"], "7.5000");
    ledger.verifies();
}

#[test]
fn the_classic_race_of_two_processes_comes_out_right() {
    for _ in 0..5 {
        race(&Ledger::with_accounts());
    }
}
