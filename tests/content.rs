//! Threat: several things are done to one entry, and the one that shows first hides the others.
#![expect(clippy::unwrap_used, reason = "a helper of a test may panic as the test itself may")]

use std::io::Cursor;
use std::path::PathBuf;
use std::{env, fs};

use countersign_core::report::{Cause, ErrorType, Finding, Report};
use countersign_core::{Options, verify_chain_integrity};
use serde_json::{Value, json};

fn vector(name: &str) -> Vec<Value> {
    let path = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("vectors").join(name);
    fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Without a search for originals, which would prove what these tests leave possible: `originals.rs` has that.
fn audit(lines: &[Value]) -> Report {
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let options = Options { recovery_budget: 0, ..Options::default() };
    verify_chain_integrity(Cursor::new(text), &options, &mut |_| {}).unwrap()
}

fn coverage(name: &str, seq: Option<usize>) -> (Vec<String>, Vec<String>) {
    let mut lines = vector(name);
    if let Some(seq) = seq {
        lines[seq]["audited"] = json!(true);
        lines[seq]["amount_gross"] = json!("900.0000");
    }
    let key = "game.example/economy+b7e99c16+AYMq5iT7Tj3bthuC2BO2upajYP1EdR6ZRFFydV2hbw8R".parse().unwrap();
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let options = Options { keys: vec![key], recovery_budget: 0, ..Options::default() };
    let report = verify_chain_integrity(Cursor::new(text), &options, &mut |_| {}).unwrap();
    (report.coverage.checked, report.coverage.not_checked.into_iter().map(|gap| gap.what).collect())
}

/// The one finding of the genuine vector after an edit of the entry `seq`.
fn one_finding(seq: usize, edit: impl FnOnce(&mut Value)) -> Finding {
    let mut lines = vector("good.jsonl");
    edit(&mut lines[seq]);
    let mut report = audit(&lines);
    assert_eq!(report.findings_total, 1, "{:?}", report.findings);
    let finding = report.findings.remove(0);
    assert_eq!((finding.seq, finding.index), (Some(seq as u64), Some(seq as u64 - 1)));
    assert!(finding.message.starts_with(&format!("#{seq}: ")), "{}", finding.message);
    finding
}

/// The fields that a finding proves, with what stands there.
fn proven(finding: &Finding) -> Vec<(&str, &Value)> {
    let fields = finding.modified_fields.iter().flatten();
    fields.map(|modified| (modified.field.as_str(), &modified.found)).collect()
}

fn possibly(finding: &Finding) -> Vec<&str> {
    finding.possibly_modified_fields.iter().flatten().map(String::as_str).collect()
}

type Edit = fn(&mut Value);

const PERSONAL: [&str; 6] = ["salt", "sender_username", "receiver_username", "description", "ip_address", "user_agent"];

#[test]
fn a_fault_of_grammar_hides_no_change_of_content() {
    let harmless = one_finding(4, |entry| entry["audited"] = json!(true));
    assert_eq!(harmless.error_type, ErrorType::MalformedLine);
    assert_eq!((harmless.hash_integrity_failure.as_ref(), possibly(&harmless).len()), (None, 0));

    let stolen = one_finding(4, |entry| {
        entry["audited"] = json!(true);
        entry["amount_gross"] = json!("900.0000");
        entry["receiver_id"] = json!("thief");
    });
    assert_eq!((stolen.error_type, stolen.field.as_deref()), (ErrorType::MalformedLine, Some("audited")));
    assert!(stolen.message.contains("changed after it was written"), "{}", stolen.message);
    assert!(possibly(&stolen).contains(&"amount_gross"));
    let integrity = stolen.hash_integrity_failure.unwrap();
    assert_eq!(integrity.stored_hash.unwrap(), vector("good.jsonl")[4]["current_hash"]);
    assert_ne!(integrity.computed_hash.unwrap(), vector("good.jsonl")[4]["current_hash"]);
}

#[test]
fn a_fault_of_grammar_hides_no_rewritten_link() {
    let finding = one_finding(10, |entry| {
        entry["audited"] = json!(true);
        entry["previous_hash"] = json!("0".repeat(64));
    });
    assert_eq!(finding.error_type, ErrorType::MalformedLine);
    assert_eq!(proven(&finding), [("previous_hash", &json!("0".repeat(64)))]);
    let expected = finding.hash_mismatch_details.unwrap().expected;
    assert_eq!(expected.unwrap(), vector("good.jsonl")[9]["current_hash"]);
    assert!(finding.message.contains("previous_hash was changed too"), "{}", finding.message);

    let both = one_finding(10, |entry| {
        entry["audited"] = json!(true);
        entry["previous_hash"] = json!("0".repeat(64));
        entry["amount_gross"] = json!("900.0000");
    });
    assert!(both.hash_mismatch_details.is_some() && both.hash_integrity_failure.is_some(), "{both:?}");
}

#[test]
fn a_fault_of_grammar_hides_no_changed_block_and_no_other_ledger() {
    let finding = one_finding(4, |entry| {
        entry["audited"] = json!(true);
        entry["personal"]["ip_address"] = json!("10.0.0.1");
    });
    assert_eq!((finding.error_type, possibly(&finding)), (ErrorType::MalformedLine, PERSONAL.to_vec()));
    assert!(finding.message.contains("personal block was changed too"), "{}", finding.message);

    let mut lines = vector("good.jsonl");
    lines[0]["ledger"] = json!("other.example/shop");
    lines[1]["audited"] = json!(true);
    let kinds: Vec<ErrorType> = audit(&lines).findings.iter().map(|f| f.error_type).collect();
    assert_eq!(kinds, [ErrorType::GenesisMismatch, ErrorType::MalformedLine]);
}

#[test]
fn a_changed_block_is_found_whatever_else_was_done() {
    let relinked = one_finding(10, |entry| {
        entry["previous_hash"] = json!("0".repeat(64));
        entry["personal"]["description"] = json!("changed");
    });
    assert_eq!((relinked.error_type, relinked.cause), (ErrorType::HashChainBroken, Some(Cause::Relinked)));
    assert!(!relinked.message.contains("only"), "{}", relinked.message);
    assert_eq!(possibly(&relinked), PERSONAL);

    let renumbered = one_finding(7, |entry| {
        entry["seq"] = json!(70);
        entry["personal"]["ip_address"] = json!("9.9.9.9");
    });
    assert_eq!(proven(&renumbered), [("seq", &json!(70))]);
    assert_eq!(possibly(&renumbered), PERSONAL);

    let restated = one_finding(10, |entry| {
        entry["current_hash"] = json!("f".repeat(64));
        entry["personal"]["description"] = json!("changed");
    });
    assert_eq!(proven(&restated), [("current_hash", &json!("f".repeat(64)))]);
    assert_eq!((restated.found.as_ref(), possibly(&restated)), (Some(&json!("f".repeat(64))), PERSONAL.to_vec()));

    let mut lines = vector("good.jsonl");
    lines[0]["ledger"] = json!("other.example/shop");
    lines[1]["personal"]["description"] = json!("changed");
    let kinds: Vec<ErrorType> = audit(&lines).findings.iter().map(|f| f.error_type).collect();
    assert_eq!(kinds, [ErrorType::GenesisMismatch, ErrorType::TransactionTampered]);
}

#[test]
fn only_is_said_of_what_was_changed_alone() {
    let alone = one_finding(10, |entry| entry["previous_hash"] = json!("0".repeat(64)));
    assert!(alone.message.contains("only its previous_hash"), "{}", alone.message);
    let renumbered = one_finding(10, |entry| {
        entry["previous_hash"] = json!("0".repeat(64));
        entry["current_hash"] = json!("f".repeat(64));
    });
    assert!(!renumbered.message.contains("only"), "{}", renumbered.message);
}

/// What no hash of the entry covers cannot stop the economy's audit, which rests on what they do.
#[test]
fn a_fault_outside_the_content_leaves_the_audit_of_the_economy() {
    let edits: [(usize, Edit); 4] = [
        (1, |entry| entry["personal"]["salt"] = json!("ZZ")),
        (1, |entry| entry["personal"]["extra"] = json!("ZZ")),
        (2, |entry| entry["seq"] = json!("2")),
        (3, |entry| entry["seq"] = json!(0)),
    ];
    for (seq, edit) in edits {
        let mut lines = vector("overdrawn.jsonl");
        edit(&mut lines[seq]);
        let report = audit(&lines);
        let kinds: Vec<_> = report.findings.iter().map(|f| (f.error_type, f.seq)).collect();
        let overdrawn = (ErrorType::BalanceNegative, Some(5));
        assert_eq!(kinds, [(ErrorType::MalformedLine, Some(seq as u64)), overdrawn], "{:?}", report.findings);
    }
}

#[test]
fn a_malformed_value_is_shown_as_it_stands() {
    let text = one_finding(2, |entry| entry["seq"] = json!("2"));
    assert_eq!((text.found.as_ref(), proven(&text)), (Some(&json!("2")), vec![("seq", &json!("2"))]));
    let nested = one_finding(4, |entry| entry["personal"]["salt"] = json!("ZZ"));
    assert_eq!((nested.field.as_deref(), nested.found), (Some("personal.salt"), Some(json!("ZZ"))));
    let number = one_finding(4, |entry| entry["amount_gross"] = json!(900));
    assert_eq!(number.found, Some(json!(900)));
    let long = one_finding(4, |entry| entry["reference_id"] = json!("x".repeat(100_000)));
    assert!(long.found.unwrap().as_str().unwrap().len() < 300);
    assert_eq!(one_finding(4, |entry| drop(entry.as_object_mut().unwrap().remove("type"))).found, None);
}

#[test]
fn coverage_claims_only_what_was_done() {
    let each = [
        "gross = tax + net",
        "the rules of every type, each entry by itself",
        "times never going back",
        "transaction ids used twice",
    ];
    let holds = |list: &[String], what: &str| list.iter().any(|one| one == what);
    let others = "that these entries, and no others, stood at a checkpoint that counts";
    for (name, edited) in
        [("inserted.jsonl", None), ("duplicated.jsonl", None), ("tampered-gross.jsonl", None), ("good.jsonl", Some(4))]
    {
        let (checked, not_checked) = coverage(name, edited);
        assert!(!holds(&checked, others), "{name}");
        assert!(each.iter().all(|what| holds(&not_checked, what) && !holds(&checked, what)), "{name}: {not_checked:?}");
    }
    // A wrong sum is a finding, and every entry was judged all the same.
    let (checked, not_checked) = coverage("overdrawn.jsonl", None);
    assert!(!holds(&checked, others));
    assert!(each.iter().all(|what| holds(&checked, what) && !holds(&not_checked, what)));
    assert!(holds(&coverage("good.jsonl", None).0, others));
}
