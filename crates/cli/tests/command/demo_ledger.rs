//! `countersign demo-ledger`: a ledger that was in use, and everything that belongs to one.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use super::ledger::Ledger;
use super::serve::Server;
use super::{code, countersign, stderr, stdout};

fn made() -> (Ledger, Value) {
    let ledger = Ledger::at("ledger.db");
    let made = ledger.json(&["demo-ledger", "--out", "demo"]);
    (ledger, made)
}

#[test]
fn its_files_are_what_their_list_says() {
    let (ledger, made) = made();
    let index = fs::read_to_string(ledger.path("demo/files/index.json")).unwrap();
    let index: Value = serde_json::from_str(&index).unwrap();
    let files = index["files"].as_array().unwrap();
    assert_eq!(files.iter().filter(|file| file["valid"] == true).count(), 3);
    assert_eq!(files.len(), 3 + 15 + 1);
    for file in files {
        let path = ledger.path(&format!("demo/files/{}", file["name"].as_str().unwrap()));
        assert_eq!(file["bytes"], fs::metadata(&path).unwrap().len());
        assert_eq!(code(&countersign(&["verify", &path])) == 0, file["valid"] == true, "{file}");
    }
    let text = fs::read_to_string(ledger.path("demo/files/demo.jsonl")).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let types: BTreeSet<String> = lines.filter_map(|line| line["type"].as_str().map(str::to_owned)).collect();
    assert_eq!(types.len(), 15, "{types:?}");
    assert_eq!(made["entries"], text.lines().filter(|line| line.starts_with("{\"seq\":")).count());
    let output = countersign(&["verify", &ledger.path("demo/files/demo.jsonl"), "--json"]);
    let report: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(report["warnings_total"], 0, "{}", report["warnings"]);
}

#[cfg(unix)]
#[test]
fn its_secrets_are_its_owners_alone_and_are_not_served() {
    use std::os::unix::fs::PermissionsExt;
    let (ledger, made) = made();
    for name in ["signing.key", "ledger.db", "countersign.toml"] {
        let mode = fs::metadata(ledger.path(&format!("demo/{name}"))).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
        assert!(!ledger.folder.path().join("demo/files").join(name).exists());
    }
    let config = fs::read_to_string(ledger.path("demo/countersign.toml")).unwrap();
    assert!(!config.contains(made["token"].as_str().unwrap()));
}

#[test]
fn it_is_served_and_takes_a_payment() {
    let (ledger, made) = made();
    let server = Server::start(&ledger, &["--db", "demo/ledger.db", "--config", "demo/countersign.toml"]);
    assert_eq!(server.ask("GET /demo/index.json", "", "").0, 200);
    let headers = format!(
        "authorization: Bearer {}\r\ncontent-type: application/json\r\nidempotency-key: first\r\n",
        made["token"].as_str().unwrap()
    );
    let pay = format!(
        r#"{{"type":"TRANSFER","sender_id":{},"receiver_id":{},"currency":"EURO","amount":"100"}}"#,
        made["payer"], made["payee"]
    );
    let (status, answer) = server.ask("POST /api/v1/transactions", &headers, &pay);
    assert!((200..300).contains(&status), "{status} {answer}");
    drop(server);
    let output = ledger.run(&["verify", "--db", "demo/ledger.db", "--json"]);
    let report: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(report["total_transactions"].as_u64(), made["entries"].as_u64().map(|entries| entries + 1));
}

#[test]
fn it_is_made_once() {
    let (ledger, _) = made();
    let output = ledger.run(&["demo-ledger", "--out", "demo"]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("already"), "{}", stderr(&output));
}
