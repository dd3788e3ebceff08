//! Threat: what is wrong with one line hides what is wrong with others, or has them accused.
#![expect(clippy::unwrap_used, reason = "a helper of a test may panic as the test itself may")]

use std::io::Cursor;
use std::path::PathBuf;
use std::{env, fs};

use countersign_core::report::{Cause, ErrorType, Report, WarningType};
use countersign_core::{Options, Unreadable, hash_entry_line, verify_chain_integrity};
use serde_json::{Value, json};

fn vector(name: &str) -> Vec<Value> {
    let path = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("vectors").join(name);
    fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn audit(lines: &[Value]) -> Report {
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    verify_chain_integrity(Cursor::new(text), &Options::default(), &mut |_| {}).unwrap()
}

/// The line of an entry of an export from its start: the header stands before them.
fn of(seq: u64) -> usize {
    usize::try_from(seq).unwrap()
}

/// What was found: kind, `seq`, and the number that the message starts with.
fn said(report: &Report) -> Vec<(ErrorType, Option<u64>, String)> {
    let number = |message: &str| message.split(':').next().unwrap_or_default().to_owned();
    report.findings.iter().map(|f| (f.error_type, f.seq, number(&f.message))).collect()
}

fn with_unknown_key(name: &str, seq: u64) -> Report {
    let mut lines = vector(name);
    lines[of(seq)]["audited"] = json!(true);
    audit(&lines)
}

#[test]
fn what_looking_back_finds_has_its_place_beside_a_malformed_line() {
    let malformed = |seq: u64| (ErrorType::MalformedLine, Some(seq), format!("#{seq}"));
    let report = with_unknown_key("refund-exceeds.jsonl", 11);
    assert_eq!(said(&report), [malformed(11), (ErrorType::RefundExceeds, Some(11), "#11".to_owned())]);
    let report = with_unknown_key("duplicate-id.jsonl", 7);
    assert_eq!(said(&report), [malformed(7), (ErrorType::DuplicateTransactionId, Some(18), "#18".to_owned())]);
    assert!(report.findings[1].corrupted_transaction.is_some());
    let report = with_unknown_key("erasure-not-done.jsonl", 19);
    assert_eq!(said(&report), [malformed(19)]);
    let warning = report.warnings.iter().find(|w| w.warning_type == WarningType::ErasureNotDone).unwrap();
    let done = audit(&vector("erasure-not-done.jsonl")).warnings;
    let undisturbed = done.iter().find(|w| w.warning_type == WarningType::ErasureNotDone).unwrap();
    assert_eq!((warning.seq, warning.line), (undisturbed.seq, undisturbed.line));
}

/// Where the ERASURE may be what is gone, or is not known, no block is missed for want of it.
#[test]
fn no_block_is_missed_where_its_erasure_may_be_what_is_gone() {
    let lines = vector("good-partial.jsonl");
    let erasure = lines.iter().position(|line| line["type"] == "ERASURE").unwrap();
    let mut deleted = lines.clone();
    deleted.remove(erasure);
    let report = audit(&deleted);
    assert_eq!(report.findings.len(), 1, "{:?}", said(&report));
    assert_eq!(report.findings[0].cause, Some(Cause::Missing));
    let mut tampered = lines;
    tampered[erasure]["transaction_id"] = json!("00000000-0000-7000-8000-000000000000");
    let report = audit(&tampered);
    assert_eq!(report.findings.len(), 1, "{:?}", said(&report));
    assert_eq!(report.findings[0].error_type, ErrorType::TransactionTampered);
}

#[test]
fn a_block_that_cannot_be_read_is_not_gone_as_well() {
    for block in [json!("x"), json!(1), json!([]), json!(true)] {
        let mut lines = vector("good.jsonl");
        lines[of(16)]["personal"] = block;
        let report = audit(&lines);
        assert_eq!(said(&report), [(ErrorType::MalformedLine, Some(16), "#16".to_owned())]);
    }
    let mut lines = vector("good.jsonl");
    lines[of(16)].as_object_mut().unwrap().remove("personal");
    assert_eq!(said(&audit(&lines)), [(ErrorType::MalformedLine, Some(16), "#16".to_owned())]);
}

/// One letter of one hash is no way to have balances, freezes and refunds not judged.
#[test]
fn a_hash_off_its_grammar_hides_nothing() {
    let overdrawn = audit(&vector("overdrawn.jsonl"));
    let at = overdrawn.findings.iter().find(|f| f.error_type == ErrorType::BalanceNegative).unwrap().seq.unwrap();
    for field in ["current_hash", "previous_hash"] {
        for off in [|text: &str| json!(text.to_uppercase()), |text: &str| json!(text[1..]), |_: &str| Value::Null] {
            let mut lines = vector("overdrawn.jsonl");
            let genuine = lines[of(at)][field].clone();
            lines[of(at)][field] = off(genuine.as_str().unwrap());
            let report = audit(&lines);
            let kinds: Vec<_> = said(&report).into_iter().map(|(kind, ..)| kind).collect();
            assert!(kinds.starts_with(&[ErrorType::MalformedLine]), "{field} {:?}", lines[of(at)][field]);
            assert!(kinds.contains(&ErrorType::BalanceNegative), "{field} {:?}: {kinds:?}", lines[of(at)][field]);
            assert_eq!(kinds.len(), overdrawn.findings.len() + 1, "{kinds:?}");
            let modified = report.findings[0].modified_fields.as_ref().unwrap();
            assert_eq!((modified[0].field.as_str(), &modified[0].original), (field, &genuine));
        }
    }
}

/// A block that still stands stands, whatever else the file leaves out.
#[test]
fn an_erasure_that_was_not_done_is_told_of_a_part_too() {
    let mut lines = vector("erasure-not-done.jsonl");
    lines[0]["last_seq"] = lines.last().unwrap()["last_seq"].clone();
    let warned = audit(&lines).warnings.iter().any(|w| w.warning_type == WarningType::ErasureNotDone);
    assert!(warned);
}

#[test]
fn format_2_without_its_header_is_not_taken_for_format_1() {
    let lines = vector("good.jsonl");
    let refused = |text: String| verify_chain_integrity(Cursor::new(text), &Options::default(), &mut |_| {});
    let text: String = lines[1..].iter().map(|line| format!("{line}\n")).collect();
    assert!(matches!(refused(text), Err(Unreadable::NotAnExport { seen }) if seen.contains("header")));
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    assert!(refused(format!(" \r\n{text}")).is_err(), "blank lines before the header are none of it");
    assert!(refused(format!(" \t{text}")).is_ok());
    assert!(refused(format!("\u{c}{text}")).is_err(), "a form feed is no white space of JSON");
}

/// An entry of its own, hashed anew, and the next one's hash overwritten: that one's content still gives the hash
/// that the one after it names, and with it the genuine hash of the first.
#[test]
fn a_hash_that_the_next_but_one_bears_out_tells_which_entry_was_changed() {
    let mut lines = vector("good.jsonl");
    lines[of(9)]["amount_gross"] = json!("900.0000");
    lines[of(9)]["current_hash"] = hash_entry_line(lines[of(9)].to_string().as_bytes()).unwrap().current_hash.into();
    lines[of(10)]["current_hash"] = json!("ab".repeat(32));
    let tampered = |seq: u64| (ErrorType::TransactionTampered, Some(seq), format!("#{seq}"));
    let report = audit(&lines);
    assert_eq!(said(&report), [tampered(9), tampered(10)]);
    let fields = |i: usize| {
        let modified = report.findings[i].modified_fields.as_ref().unwrap();
        modified.iter().map(|m| m.field.clone()).collect::<Vec<_>>()
    };
    assert_eq!(
        (fields(0), fields(1)),
        (vec!["amount_gross".to_owned(), "current_hash".to_owned()], vec!["current_hash".to_owned()])
    );
}

/// A report is read by people, and kept in memory until then.
#[test]
fn what_a_line_says_is_not_kept_whole() {
    let long = "x".repeat(200_000);
    let edits: [fn(&mut Value, &str); 4] = [
        |entry, long| entry["transaction_id"] = json!(long),
        |entry, long| entry["personal"]["sender_username"] = json!(long),
        |entry, long| entry["current_hash"] = json!(long),
        |entry, long| entry[long] = json!(1),
    ];
    for edit in edits {
        let mut lines = vector("good.jsonl");
        (1..=20).for_each(|seq| edit(&mut lines[of(seq)], &long));
        let report = audit(&lines);
        let json = serde_json::to_string(&report).unwrap();
        assert!(!report.valid && json.len() < 400_000, "{} bytes", json.len());
    }
}
