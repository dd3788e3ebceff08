//! Where settings come from, and which of them counts.

use std::fs;

use super::ledger::{Ledger, NAME};
use super::{code, stderr, stdout};

#[test]
fn a_flag_beats_the_environment_and_that_beats_the_file() {
    let ledger = Ledger::empty();
    for db in ["flag.db", "file.db"] {
        ledger.done(&["init", "--db", db, "--ledger", &format!("{db}/1")]);
    }
    fs::write(ledger.path("countersign.toml"), "db = 'file.db'\n").unwrap();
    assert!(ledger.done(&["stats"]).starts_with(NAME), "the environment's");
    assert!(ledger.done(&["stats", "--db", "flag.db"]).starts_with("flag.db/1"));
    let output = ledger.command(&["stats"]).env_remove("COUNTERSIGN_DB").output().unwrap();
    assert!(stdout(&output).starts_with("file.db/1"), "{}", stderr(&output));
    fs::rename(ledger.path("countersign.toml"), ledger.path("other.toml")).unwrap();
    let mut stats = ledger.command(&["stats", "--config", "other.toml"]);
    assert!(stdout(&stats.env_remove("COUNTERSIGN_DB").output().unwrap()).starts_with("file.db/1"));
    let mut stats = ledger.command(&["stats"]);
    let stats = stats.env_remove("COUNTERSIGN_DB").env("COUNTERSIGN_CONFIG", "other.toml");
    assert!(stdout(&stats.output().unwrap()).starts_with("file.db/1"));
}

#[test]
fn without_an_address_it_says_how_to_give_one() {
    let ledger = Ledger::empty();
    for arguments in [&["stats"][..], &["verify"], &["export", "--out", "-"], &["serve"]] {
        let output = ledger.command(arguments).env_remove("COUNTERSIGN_DB").output().unwrap();
        assert_eq!(code(&output), 2, "{arguments:?}");
        assert!(stderr(&output).contains("--db") && stderr(&output).contains("COUNTERSIGN_DB"), "{}", stderr(&output));
    }
}

#[test]
fn what_the_file_says_wrongly_is_an_error_with_its_line() {
    let ledger = Ledger::empty();
    for (text, part) in [
        ("database = 'x'\n", "line 1: unknown field `database`"),
        ("[server]\nwriteable = true\n", "line 2: unknown field `writeable`"),
        ("[engine.shield.rate]\nrequest = 1\n", "line 2: unknown field `request`"),
        ("[watch]\ncorn = ''\n", "line 2: unknown field `corn`"),
        ("[engine.retry]\nattempts = 0\n", "retry.attempts"),
        ("[watch]\ncron = 'whenever'\n", "[watch]"),
        ("db = \n", "line 1"),
    ] {
        fs::write(ledger.path("countersign.toml"), text).unwrap();
        let output = ledger.run(&["stats"]);
        assert_eq!(code(&output), 2, "{text}");
        assert!(stderr(&output).contains(part), "{text}: {}", stderr(&output));
    }
    let output = ledger.run(&["stats", "--config", "missing.toml"]);
    assert!(code(&output) == 2 && stderr(&output).contains("missing.toml"), "{}", stderr(&output));
}

#[test]
fn the_policy_of_the_file_is_the_ledgers() {
    let ledger = Ledger::with_accounts();
    fs::write(ledger.path("countersign.toml"), "[engine.policy]\ncurrencies = ['EURO', 'SILVER']\nmost = '50.0000'\n")
        .unwrap();
    ledger.done(&["pay", "5", "SILVER", "--type", "SYSTEM_MINT", "--to", "bob"]);
    ledger.refused(&["pay", "1", "GOLD", "--from", "alice", "--to", "bob"], "UNKNOWN_CURRENCY");
    ledger.refused(&["pay", "51", "EURO", "--from", "alice", "--to", "bob"], "AMOUNT_TOO_LARGE");
}

/// Nobody listens there, so what is shown is about the address.
#[test]
fn no_password_is_shown() {
    let ledger = Ledger::empty();
    let url = "postgres://ana:hunter2@127.0.0.1:1/game?sslmode=disable";
    for arguments in [&["stats"][..], &["init", "--ledger", NAME], &["verify"], &["verify", "--json"]] {
        let output = ledger.command(arguments).env("COUNTERSIGN_DB", url).output().unwrap();
        assert_eq!(code(&output), 2, "{arguments:?}");
        assert!(!stdout(&output).contains("hunter2") && !stderr(&output).contains("hunter2"), "{}", stderr(&output));
    }
    let help = ledger.command(&["stats", "--help"]).env("COUNTERSIGN_DB", url).output().unwrap();
    assert!(stdout(&help).contains("COUNTERSIGN_DB") && !stdout(&help).contains("hunter2"), "{}", stdout(&help));
}

/// Of a device nobody knows how long it is.
#[cfg(target_os = "linux")]
#[test]
fn settings_without_an_end_are_refused() {
    let ledger = Ledger::with_accounts();
    let output = ledger.run(&["stats", "--config", "/dev/zero"]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("/dev/zero: longer than"), "{}", stderr(&output));
}
