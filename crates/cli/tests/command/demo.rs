//! Demo ledgers: reproducible, right, and tampered with as they say.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use countersign::demo::Ledger;
use serde_json::Value;

use super::{code, countersign, demo, file, stdout};

fn listed(directory: &Path) -> Vec<Value> {
    let index = fs::read_to_string(directory.join("index.json")).unwrap();
    let index: Value = serde_json::from_str(&index).unwrap();
    index["files"].as_array().unwrap().clone()
}

#[test]
fn a_seed_gives_the_same_bytes() {
    let [first, again, other] = ["1", "1", "2"].map(|seed| demo(&["--entries", "120", "--seed", seed, "--legacy"]));
    for name in ["demo.jsonl", "legacy.jsonl", "entry-forged.jsonl", "index.json"] {
        let read = |directory| fs::read(file(directory, name)).unwrap();
        assert_eq!(read(&first), read(&again), "{name}");
        assert_ne!(read(&first), read(&other), "{name}");
    }
}

#[test]
fn the_stream_of_a_seed_never_changes() {
    let mut export = Vec::new();
    Ledger::new(300, 1).write_export(&mut export).unwrap();
    let hash = countersign_core::hash::Hash::of(&export).to_string();
    assert_eq!(hash, FROZEN, "demo ledgers that others refer to by their seed have become others");
}

const FROZEN: &str = "0e1c583f01107ac7a03f55fd31fd40234bc80d8f47b0626056619e2a1635de7a";

#[test]
fn the_index_names_every_file_the_genuine_first() {
    let directory = demo(&["--entries", "200", "--legacy"]);
    let files = listed(directory.path());
    let valid: Vec<bool> = files.iter().map(|f| f["valid"].as_bool().unwrap()).collect();
    assert_eq!(valid.iter().filter(|v| **v).count(), 2);
    assert!(valid.is_sorted_by(|a, b| a >= b));
    assert_eq!(files[0]["name"], "demo.jsonl");
    assert_eq!(files.len(), 2 + 15 + 1);
    for listed in files {
        let about = fs::metadata(file(&directory, listed["name"].as_str().unwrap())).unwrap();
        assert_eq!(listed["bytes"], about.len());
        assert!(!listed["what"].as_str().unwrap().is_empty());
    }
}

#[test]
fn a_short_ledger_has_every_type_and_currency() {
    let directory = demo(&["--entries", "120"]);
    let text = fs::read_to_string(file(&directory, "demo.jsonl")).unwrap();
    let entries: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let seen = |key: &str| entries.iter().filter_map(|e| e[key].as_str()).collect::<BTreeSet<_>>();
    let currencies = ["EURO", "GOLD", "RON", "XXX"];
    assert_eq!(seen("currency"), currencies.into());
    assert_eq!(seen("type").len(), 15, "{:?}", seen("type"));
}

/// The documents come from the generator's own books, so this compares two calculations.
#[test]
fn every_size_verifies_without_a_finding_or_a_warning() {
    for entries in ["1", "2", "7", "20", "31", "100", "3000"] {
        for seed in ["1", "2", "3"] {
            let directory = demo(&["--entries", entries, "--seed", seed]);
            let output = countersign(&["verify", &file(&directory, "demo.jsonl"), "--json"]);
            assert_eq!(code(&output), 0, "{entries} entries, seed {seed}: {}", stdout(&output));
            let report: Value = serde_json::from_str(&stdout(&output)).unwrap();
            assert_eq!(report["warnings_total"], 0, "{entries} entries, seed {seed}: {}", report["warnings"]);
        }
    }
}

#[test]
fn two_players_are_enough() {
    let directory = demo(&["--entries", "500", "--accounts", "2"]);
    assert_eq!(code(&countersign(&["verify", &file(&directory, "demo.jsonl")])), 0);
}

/// One act, one finding, of the kind that the act is.
#[test]
fn each_tampered_copy_has_its_finding() {
    let kinds = [
        ("amount-edited", "TRANSACTION_TAMPERED"),
        ("receiver-redirected", "TRANSACTION_TAMPERED"),
        ("entry-deleted", "HASH_CHAIN_BROKEN"),
        ("entries-swapped", "HASH_CHAIN_BROKEN"),
        ("entry-duplicated", "HASH_CHAIN_BROKEN"),
        ("entry-forged", "HASH_CHAIN_BROKEN"),
        ("previous-hash-overwritten", "HASH_CHAIN_BROKEN"),
        ("edited-and-rehashed", "TRANSACTION_TAMPERED"),
        ("ip-edited", "TRANSACTION_TAMPERED"),
        ("document-edited", "DOCUMENT_MISMATCH"),
        ("tail-cut", "EXPORT_TRUNCATED"),
        ("trailer-altered", "TRAILER_MISMATCH"),
        ("wrong-ledger-id", "GENESIS_MISMATCH"),
        ("unknown-key", "MALFORMED_LINE"),
        ("malformed-amount", "MALFORMED_LINE"),
    ];
    let directory = demo(&["--entries", "400", "--seed", "5"]);
    for (name, kind) in kinds {
        let output = countersign(&["verify", &file(&directory, &format!("{name}.jsonl")), "--json"]);
        assert_eq!(code(&output), 1, "{name}");
        let report: Value = serde_json::from_str(&stdout(&output)).unwrap();
        let found: Vec<&Value> = report["findings"].as_array().unwrap().iter().map(|f| &f["error_type"]).collect();
        assert_eq!(found, [kind], "{name}");
    }
}

#[test]
fn an_export_of_format_1_verifies_and_its_copy_does_not() {
    let directory = demo(&["--entries", "300", "--legacy"]);
    let output = countersign(&["verify", &file(&directory, "legacy.jsonl"), "--json"]);
    assert_eq!(code(&output), 0, "{}", stdout(&output));
    let report: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!((&report["format"], &report["total_transactions"]), (&1.into(), &300.into()));
    let output = countersign(&["verify", &file(&directory, "legacy-amount-edited.jsonl"), "--json"]);
    assert_eq!(code(&output), 1);
    let report: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(report["findings"][0]["error_type"], "TRANSACTION_TAMPERED");
}

#[test]
fn large_ledgers_come_without_copies() {
    let directory = demo(&["--entries", "10001", "--accounts", "50"]);
    assert_eq!(listed(directory.path()).len(), 1);
}

#[test]
fn a_place_that_cannot_be_written_is_named() {
    let directory = demo(&["--entries", "1"]);
    let inside = file(&directory, "demo.jsonl") + "/below";
    let output = countersign(&["demo", "--out", &inside]);
    assert_eq!(code(&output), 2);
    assert!(super::stderr(&output).contains(&inside));
}
