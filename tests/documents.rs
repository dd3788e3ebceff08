//! Threat: documents, which no hash covers, of any size, number and place.
#![expect(clippy::unwrap_used, reason = "a helper of a test may panic as the test itself may")]

use std::io::Cursor;
use std::path::PathBuf;
use std::{env, fs};

use countersign_core::limits::{MAX_CURRENCIES, MAX_FINDINGS};
use countersign_core::report::{ErrorType, Report};
use countersign_core::{Options, verify_chain_integrity};
use serde_json::{Map, Value, json};

/// The genuine vector: its header, its entries, its documents, its trailer.
fn parts() -> (Value, Vec<Value>, Vec<Value>, Value) {
    let path = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("vectors/good.jsonl");
    let text = fs::read_to_string(path).unwrap();
    let mut lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let trailer = lines.pop().unwrap();
    let documents = lines.iter().position(|line| line["state"].is_string()).unwrap();
    let documents = lines.split_off(documents);
    let entries = lines.split_off(1);
    (lines.remove(0), entries, documents, trailer)
}

fn audit<'a>(lines: impl IntoIterator<Item = &'a Value>) -> Report {
    let text: String = lines.into_iter().map(|line| format!("{line}\n")).collect();
    verify_chain_integrity(Cursor::new(text), &Options::default(), &mut |_| {}).unwrap()
}

fn user(id: &str, currencies: usize, amount: &str) -> Value {
    let balances: Map<String, Value> = (0..currencies).map(|n| (format!("C{n:05}"), json!(amount))).collect();
    json!({"state": "user", "id": id, "version": 1, "balances": balances, "is_frozen_for_fraud": false})
}

#[test]
fn a_document_names_no_more_currencies_than_are_kept() {
    let (header, entries, documents, trailer) = parts();
    let export =
        |added: &Value| audit([&header].into_iter().chain(&entries).chain(&documents).chain([added, &trailer]));
    let most = export(&user("y", MAX_CURRENCIES, "0.0000"));
    assert!(most.valid, "{:?}", most.findings);
    let more = export(&user("y", MAX_CURRENCIES + 1, "0.0000"));
    let found: Vec<_> = more.findings.iter().map(|f| (f.error_type, f.field.as_deref())).collect();
    assert_eq!(found, [(ErrorType::MalformedLine, Some("balances"))]);
}

#[test]
fn a_key_that_stands_twice_in_a_document_is_found() {
    let (header, entries, documents, trailer) = parts();
    let head: String = [&header].into_iter().chain(&entries).map(|line| format!("{line}\n")).collect();
    let treasury = documents.iter().position(|document| document["state"] == "treasury").unwrap();
    let twice = [
        (0, "\"balances\":{", "\"balances\":{\"EURO\":\"1.0000\",", "balances"),
        (treasury, "\"collected\":{", "\"collected\":{\"vat\":{},", "collected"),
        (treasury, "\"vat\":{", "\"vat\":{\"EURO\":\"1.0000\",", "collected"),
    ];
    for (at, from, to, field) in twice {
        let document = |(i, document): (usize, &Value)| {
            let text = document.to_string();
            if i == at { text.replacen(from, to, 1) } else { text }
        };
        let lines: String = documents.iter().enumerate().map(|pair| document(pair) + "\n").collect();
        let text = format!("{head}{lines}{trailer}\n");
        let report = verify_chain_integrity(Cursor::new(text), &Options::default(), &mut |_| {}).unwrap();
        let found: Vec<_> = report.findings.iter().map(|f| (f.error_type, f.field.as_deref())).collect();
        assert_eq!(found, [(ErrorType::MalformedLine, Some(field))], "{to}");
        assert!(report.findings[0].reason.as_ref().unwrap().contains("more than once"), "{to}");
    }
}

#[test]
fn every_mismatch_is_counted_and_the_first_are_listed() {
    let (header, entries, documents, trailer) = parts();
    let users: Vec<Value> = (0..4).map(|n| user(&format!("y-{n}"), MAX_FINDINGS / 2, "1.0000")).collect();
    let lines = [&header].into_iter().chain(&entries).chain(&documents).chain(&users).chain([&trailer]);
    let report = audit(lines);
    assert_eq!(report.findings_total, 2 * MAX_FINDINGS as u64);
    assert_eq!(report.findings.len(), MAX_FINDINGS);
    assert!(report.findings.iter().all(|f| f.error_type == ErrorType::DocumentMismatch));
    assert_eq!(report.findings_by_type[&ErrorType::DocumentMismatch], 2 * MAX_FINDINGS as u64);
}
