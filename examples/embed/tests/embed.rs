//! The example, run as its reader would run it.

use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::Arc;

use countersign_core::settle::Order;
use countersign_core::timestamp::Timestamp;
use countersign_engine::{Config, Engine, NewAccount, Request};
use countersign_store::{Identity, Location, Wanted, create, open};

/// A ledger in which a has 1000 EURO and b nothing.
fn ledger(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("ledger.db");
    let identity = Identity { ledger: "embed.example/1".to_owned(), ledger_id: "0".repeat(32) };
    let store = create(&Location::Sqlite(path.clone()), &identity, Timestamp::from_millis(1_770_822_000_000)).unwrap();
    let engine = Engine::start(Arc::from(store), Config::default()).unwrap();
    for id in ["a", "b"] {
        engine.open_account(NewAccount { id: id.to_owned(), username: None }).unwrap();
    }
    let mint = Order {
        kind: "SYSTEM_MINT".to_owned(),
        sender_id: "SYSTEM".to_owned(),
        receiver_id: "a".to_owned(),
        currency: Some("EURO".to_owned()),
        amount: Some("1000".to_owned()),
        operator_id: Some("test".to_owned()),
        ..Order::default()
    };
    engine.settle(Request::of(mint)).unwrap();
    engine.shutdown();
    path
}

fn pay(path: &std::path::Path, amount: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_embed-example")).arg(path).args(["a", "b", amount]).output().unwrap()
}

#[test]
fn a_payment_is_settled() {
    let path = ledger("settled");
    let output = pay(&path, "100");
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(said, "entry 2: 100.0000 paid, 5.0000 tax, 95.0000 received\n");
    let store = open(&Location::Sqlite(path), None).unwrap();
    let wanted = Wanted { accounts: vec!["a".to_owned(), "b".to_owned()], ..Wanted::default() };
    let accounts = store.load(&wanted).unwrap().accounts;
    let balances = ["a", "b"].map(|id| accounts[id].balance("EURO").to_string());
    assert_eq!(balances, ["900.0000", "95.0000"]);
}

#[test]
fn a_payment_that_is_refused_changes_nothing() {
    let path = ledger("refused");
    let output = pay(&path, "1000.0001");
    assert!(!output.status.success() && output.stdout.is_empty());
    assert!(String::from_utf8_lossy(&output.stderr).contains("InsufficientFunds"), "{output:?}");
    let head = open(&Location::Sqlite(path), None).unwrap().load(&Wanted::default()).unwrap().head;
    assert_eq!(head.seq, 1);
}
