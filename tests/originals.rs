//! Threat: an entry was changed, and nobody says any more what it was. Its genuine hash does: whatever gives that
//! is the original.
#![expect(clippy::unwrap_used, reason = "a helper of a test may panic as the test itself may")]

use std::io::Cursor;
use std::path::PathBuf;
use std::{env, fs};

use countersign_core::hash::Hash;
use countersign_core::report::{Cause, ErrorType, Finding, Report};
use countersign_core::{Options, verify_chain_integrity};
use serde_json::{Value, json};

fn vector(name: &str) -> Vec<Value> {
    let path = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("vectors").join(name);
    fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn audit_within(budget: u64, lines: &[Value]) -> Report {
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let options = Options { recovery_budget: budget, ..Options::default() };
    verify_chain_integrity(Cursor::new(text), &options, &mut |_| {}).unwrap()
}

fn audit(lines: &[Value]) -> Report {
    audit_within(Options::RECOVERY_BUDGET, lines)
}

/// Puts values into entry `seq` of a file; a key with a point is of its personal block.
fn change(lines: &mut [Value], seq: usize, values: &[(&str, Value)]) {
    for (key, value) in values {
        match key.split_once('.') {
            Some((block, key)) => lines[seq][block][key] = value.clone(),
            None => lines[seq][*key] = value.clone(),
        }
    }
}

/// What a finding proves: fields with what stands there and what stood there.
fn proven(finding: &Finding) -> Vec<(&str, &Value, &Value)> {
    let fields = finding.modified_fields.iter().flatten();
    fields.map(|field| (field.field.as_str(), &field.found, &field.original)).collect()
}

/// Changes entry `seq` of the genuine vector, and expects one finding that proves all of it.
fn is_recovered(seq: usize, values: &[(&str, Value)]) -> Report {
    let mut lines = vector("good.jsonl");
    let genuine = lines.clone();
    change(&mut lines, seq, values);
    let report = audit(&lines);
    let finding = &report.findings[0];
    let original = |key: &str| match key.split_once('.') {
        Some((block, key)) => genuine[seq][block][key].clone(),
        None => genuine[seq][key].clone(),
    };
    let originals: Vec<Value> = values.iter().map(|(key, _)| original(key)).collect();
    let expected = values.iter().zip(&originals);
    let expected: Vec<_> =
        expected.map(|((key, found), original)| (key.rsplit('.').next().unwrap_or(key), found, original)).collect();
    assert_eq!(proven(finding), expected, "{values:?}: {}", finding.message);
    assert_eq!((report.findings_total, finding.seq), (1, Some(seq as u64)), "{values:?}");
    assert_eq!(finding.possibly_modified_fields, None, "{values:?}");
    assert!(finding.message.contains("Proven"), "{}", finding.message);
    report
}

#[test]
fn one_field_each() {
    for (seq, key, value) in [
        (4, "transaction_id", json!("41b637cf-d9eb-7e2f-80f7-34f9ca44e5c2")),
        (9, "created_at", json!("2026-02-11T15:33:00.001Z")),
        (4, "type", json!("MARKET_SELL")),
        (4, "currency", json!("GOLD")),
        (4, "amount_gross", json!("1.0000")),
        (4, "tax_withheld", json!("0.0000")),
        (4, "amount_net", json!("195.0000")),
        (4, "tax_type", json!("vat")),
        (4, "tax_type", Value::Null),
        (12, "tax_type", json!("vat")),
        (20, "tax_type", json!("vat")),
        (4, "sender_id", json!("u-9999")),
        (6, "receiver_id", json!("u-1O03")),
        (12, "operator_id", json!("op-mina")),
        (5, "reference_id", json!("order-78")),
        (4, "reference_id", json!("order-77")),
    ] {
        is_recovered(seq, &[(key, value)]);
    }
}

#[test]
fn several_fields_of_an_entry() {
    // The amounts together, at their rate; and without one that any policy has.
    is_recovered(
        4,
        &[("amount_gross", json!("900.0000")), ("tax_withheld", json!("45.0000")), ("amount_net", json!("855.0000"))],
    );
    is_recovered(
        6,
        &[("amount_gross", json!("8.0000")), ("tax_withheld", json!("0.8000")), ("amount_net", json!("7.2000"))],
    );
    is_recovered(6, &[("sender_id", json!("u-1003")), ("receiver_id", json!("u-1001"))]);
    is_recovered(4, &[("type", json!("WORK")), ("currency", json!("GOLD"))]);
    is_recovered(4, &[("amount_gross", json!("7.0000")), ("receiver_id", json!("u-1003"))]);
}

#[test]
fn what_was_done_besides_is_proven_with_it() {
    is_recovered(4, &[("seq", json!(77)), ("amount_gross", json!("900.0000"))]);
    is_recovered(4, &[("amount_gross", json!("900.0000")), ("previous_hash", json!("0".repeat(64)))]);
    is_recovered(4, &[("amount_gross", json!("900.0000")), ("current_hash", json!("0".repeat(64)))]);
    is_recovered(4, &[("amount_gross", json!("900.0000")), ("personal.ip_address", json!("10.0.0.1"))]);
    is_recovered(4, &[("personal_hash", json!("0".repeat(64)))]);
}

#[test]
fn personal_blocks() {
    is_recovered(4, &[("personal.salt", json!("51e0ed5c000f3205a88bca9498b39923"))]);
    is_recovered(4, &[("personal.sender_username", json!("bob")), ("personal.receiver_username", json!("alice"))]);
    is_recovered(4, &[("personal.description", json!("Payment for gods"))]);
    is_recovered(4, &[("personal.description", json!("Payment fo rgoods"))]);
    is_recovered(16, &[("personal.description", json!("dust"))]);
    is_recovered(4, &[("personal.ip_address", Value::Null), ("personal.user_agent", Value::Null)]);
}

#[test]
fn a_field_that_cannot_be_read_is_recovered_as_it_stands_there() {
    for value in [json!(900), json!("1e2"), Value::Null, json!(["100.0000"])] {
        let report = is_recovered(4, &[("amount_gross", value)]);
        assert_eq!(report.findings[0].error_type, ErrorType::MalformedLine);
    }
}

#[test]
fn entries_one_after_the_other_and_the_last() {
    let mut lines = vector("good.jsonl");
    let last = lines.iter().rposition(|line| line.get("seq").is_some()).unwrap();
    for (seq, amount) in [(5, "9.0000"), (6, "900.0000"), (7, "1.0000"), (last, "77.0000")] {
        change(&mut lines, seq, &[("amount_gross", json!(amount))]);
    }
    // Of what follows one in the same moment, the time too.
    change(&mut lines, 4, &[("created_at", json!("2026-02-11T15:30:00.001Z"))]);
    let report = audit(&lines);
    let seqs: Vec<_> = report.findings.iter().map(|finding| (finding.seq, proven(finding).len())).collect();
    assert_eq!(seqs, [4, 5, 6, 7, last as u64].map(|seq| (Some(seq), 1)));
    assert!(report.coverage.checked.iter().any(|what| what.starts_with("what 5 changed entries said before")));
}

#[test]
fn an_original_is_judged_by_the_rules() {
    // Somebody hides an overdraft behind a smaller amount.
    let mut lines = vector("overdrawn.jsonl");
    let overdrawn = audit(&lines).findings.remove(0);
    let seq = usize::try_from(overdrawn.seq.unwrap()).unwrap();
    assert_eq!(overdrawn.error_type, ErrorType::BalanceNegative);
    change(&mut lines, seq, &[("amount_gross", json!("0.0001"))]);
    let report = audit(&lines);
    let found: Vec<_> = report.findings.iter().map(|finding| (finding.error_type, finding.seq)).collect();
    assert_eq!(found, [(ErrorType::TransactionTampered, overdrawn.seq), (ErrorType::BalanceNegative, overdrawn.seq)]);
    assert!(report.coverage.checked.iter().any(|what| what == "balances and buckets never below zero"));
}

#[test]
fn entries_of_format_1() {
    let genuine = vector("legacy/legacy.jsonl");
    let decimal = |text: &str| json!({ "$numberDecimal": text });
    let oid = |at: usize, key: &str| genuine[at][key].clone();
    // The text that a report shows of a value in Extended JSON.
    let shown = |value: &Value| match value {
        Value::Object(value) => value.values().next().unwrap().clone(),
        value => value.clone(),
    };
    for (at, changes) in [
        (1, vec![("amount_gross", decimal("777777.7777"))]),
        (1, vec![("amount_net", decimal("NaN"))]),
        (1, vec![("amount_gross", json!(900))]),
        (1, vec![("amount_gross", Value::Null)]),
        (2, vec![("currency", json!("GOLD"))]),
        (2, vec![("type", json!("REWARD"))]),
        (2, vec![("sender_id", oid(2, "receiver_id")), ("receiver_id", oid(2, "sender_id"))]),
        (3, vec![("receiver_id", json!({ "$oid": "00000000000000000000dead" }))]),
        (1, vec![("amount_gross", decimal("2")), ("currency", json!("RON"))]),
    ] {
        let mut lines = genuine.clone();
        change(&mut lines, at, &changes);
        let report = audit(&lines);
        let originals: Vec<_> = changes.iter().map(|(key, _)| shown(&genuine[at][*key])).collect();
        let values: Vec<_> = changes.iter().map(|(_, value)| shown(value)).collect();
        let expected: Vec<_> = (0..changes.len()).map(|i| (changes[i].0, &values[i], &originals[i])).collect();
        assert_eq!(proven(&report.findings[0]), expected, "{}", report.findings[0].message);
        assert_eq!(report.findings_total, 1);
    }
}

#[test]
fn a_time_of_format_1() {
    let genuine = vector("legacy/legacy.jsonl");
    let mut lines = genuine.clone();
    change(&mut lines, 3, &[("createdAt", json!({ "$date": "2026-02-11T15:00:00.123Z" }))]);
    let report = audit(&lines);
    let fields = proven(&report.findings[0]);
    let (field, _, original) = fields[0];
    assert_eq!((fields.len(), field), (1, "createdAt"));
    // In the report with three decimals, whatever the export has.
    let stated = genuine[3]["createdAt"]["$date"].as_str().unwrap().trim_end_matches('Z').to_owned();
    assert!(original.as_str().unwrap().starts_with(&stated), "{original} of {stated}");
}

#[test]
fn what_cannot_be_found_stays_possible_and_is_said() {
    let hopeless: [(&str, Value); 3] =
        [("amount_gross", json!("900.0000")), ("receiver_id", json!("thief")), ("reference_id", json!("gift"))];
    let mut lines = vector("good.jsonl");
    change(&mut lines, 4, &hopeless);
    change(&mut lines, 7, &[("personal.description", json!("another thing altogether"))]);
    let report = audit(&lines);
    assert_eq!(report.findings.iter().flat_map(proven).count(), 0);
    let possibly = |n: usize| report.findings[n].possibly_modified_fields.clone().unwrap();
    assert!(possibly(0).contains(&"amount_gross".to_owned()));
    assert!(possibly(1).contains(&"description".to_owned()));
    let gap = report.coverage.not_checked.iter().find(|gap| gap.what == "what 2 changed entries said before").unwrap();
    assert!(gap.why.contains("candidates none gives the hash that it had"), "{}", gap.why);
}

#[test]
fn the_search_is_as_long_as_was_asked_for() {
    let mut lines = vector("good.jsonl");
    change(&mut lines, 4, &[("amount_gross", json!("900.0000"))]);
    change(
        &mut lines,
        16,
        &[("amount_gross", json!("0.5000")), ("tax_withheld", json!("0.0250")), ("amount_net", json!("0.4750"))],
    );
    let report = audit_within(0, &lines);
    assert_eq!(report.findings.iter().flat_map(proven).count(), 0);
    let why = |report: &Report| {
        report.coverage.not_checked.iter().find(|gap| gap.what.contains("said before")).map(|gap| gap.why.clone())
    };
    assert_eq!(why(&report).unwrap(), "no search for it was asked for");
    // The first is among the first candidates, the second is not.
    let report = audit_within(400, &lines);
    assert_eq!(report.findings.iter().flat_map(proven).count(), 1);
    assert!(why(&report).unwrap().contains("a larger budget would try more"), "{:?}", why(&report));
    assert_eq!(why(&audit(&lines)), None);
}

#[test]
fn texts_longer_than_any_cost_no_search_of_their_own() {
    let long = "x".repeat(900_000);
    let mut lines = vector("good.jsonl");
    change(&mut lines, 4, &[("reference_id", json!(long))]);
    change(&mut lines, 6, &[("personal.description", json!(long))]);
    change(&mut lines, 7, &[("currency", json!(long))]);
    let report = audit(&lines);
    assert_eq!(report.findings_total, 3);
    // What stood there is found all the same, where it is known from elsewhere.
    let fields: Vec<_> =
        report.findings.iter().flat_map(proven).map(|(field, _, original)| (field, original)).collect();
    assert_eq!(fields, [("reference_id", &Value::Null), ("currency", &json!("GOLD"))]);
}

/// Rewrites an entry's `current_hash` to what its content gives, as a forger does: FORMAT.md, "Format 2: hashes".
fn rehash(line: &mut Value) {
    let keys = [
        "previous_hash",
        "transaction_id",
        "created_at",
        "type",
        "currency",
        "amount_gross",
        "tax_withheld",
        "amount_net",
        "tax_type",
        "sender_id",
        "receiver_id",
        "operator_id",
        "reference_id",
        "personal_hash",
    ];
    let texts: String = keys.iter().map(|key| format!("{}\n", line[*key].as_str().unwrap_or_default())).collect();
    let hash = Hash::of(format!("countersign/entry/2\n{}\n{texts}", line["seq"]).as_bytes());
    line["current_hash"] = json!(hash.to_string());
}

#[test]
fn what_only_a_changed_entry_names_proves_nothing() {
    // Entry 4 stays as it was, but its hash becomes that of a forged content, which entry 5 is made to name.
    let mut lines = vector("good.jsonl");
    let mut forged = lines[4].clone();
    forged["sender_id"] = json!("u-1003");
    rehash(&mut forged);
    lines[4]["current_hash"] = forged["current_hash"].clone();
    lines[5]["previous_hash"] = forged["current_hash"].clone();
    let names = |finding: &Finding| proven(finding).iter().any(|(field, ..)| *field == "sender_id");
    // Its content and that of entry 5 agree upon another hash between them: that is the one that stood there.
    let report = audit(&lines);
    assert!(!report.valid && !report.findings.iter().any(names), "{:?}", report.findings);
    assert_eq!(proven(&report.findings[0])[0].0, "current_hash");
    assert_eq!(report.findings[1].cause, Some(Cause::Relinked));

    // Where its content is another too, nothing does.
    lines[4]["reference_id"] = json!("order-78");
    let report = audit(&lines);
    assert!(!report.valid && !report.findings.iter().any(names), "{:?}", report.findings);
    let gap = report.coverage.not_checked.iter().find(|gap| gap.why.starts_with("nothing that is vouched for"));
    assert!(gap.is_some(), "{:?}", report.coverage.not_checked);

    // Of its own hash nobody else speaks: the entry after it names the genuine one.
    let mut lines = vector("good.jsonl");
    let mut forged = lines[4].clone();
    forged["amount_gross"] = json!("500.0000");
    rehash(&mut forged);
    change(&mut lines, 4, &[("amount_gross", json!("900.0000")), ("current_hash", forged["current_hash"].clone())]);
    change(&mut lines, 5, &[("reference_id", json!("order-78"))]);
    let report = audit(&lines);
    let originals: Vec<_> =
        report.findings.iter().flat_map(proven).map(|(field, _, original)| (field, original)).collect();
    assert!(!originals.contains(&("amount_gross", &json!("500.0000"))), "{originals:?}");
}

#[test]
fn in_format_1_neither() {
    let genuine = vector("legacy/legacy.jsonl");
    let last = genuine.len() - 1;
    let hash = |line: &Value| {
        let keys = ["transaction_id", "sender_id", "receiver_id", "amount_gross", "tax_withheld", "amount_net"];
        let text = |key: &str| line[key].as_object().map_or(&line[key], |value| value.values().next().unwrap()).clone();
        let mut fields: Vec<(&str, Value)> = keys.iter().map(|key| (*key, text(key))).collect();
        fields.extend(["currency", "type", "previous_hash"].map(|key| (key, text(key))));
        let time = text("createdAt").as_str().unwrap().trim_end_matches('Z').to_owned();
        let millis = if time.contains('.') { format!("{time:0<23}Z") } else { format!("{time}.000Z") };
        fields.push(("timestamp", json!(millis)));
        let fields: Vec<String> = fields.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
        json!(Hash::of(format!("{{{}}}", fields.join(",")).as_bytes()).to_string())
    };
    assert_eq!(hash(&genuine[1]), genuine[1]["current_hash"]);
    for at in [1, last] {
        let mut forged = genuine[at].clone();
        forged["currency"] = json!(if forged["currency"] == "RON" { "EURO" } else { "RON" });
        let mut lines = genuine.clone();
        lines[at]["current_hash"] = hash(&forged);
        if at < last {
            lines[at + 1]["previous_hash"] = hash(&forged);
        }
        let report = audit(&lines);
        assert!(!report.valid);
        assert!(
            report.findings.iter().flat_map(proven).all(|(field, ..)| field != "currency"),
            "{:?}",
            report.findings
        );
    }
    // What is confirmed by one that was found.
    let mut lines = genuine;
    change(&mut lines, 1, &[("currency", json!("RON"))]);
    change(&mut lines, 2, &[("currency", json!("EURO"))]);
    let originals = audit(&lines).findings;
    assert_eq!(originals.iter().flat_map(proven).count(), 2, "{originals:?}");
    // Whatever order the file has.
    lines.reverse();
    let originals = audit(&lines).findings;
    assert_eq!(originals.iter().flat_map(proven).count(), 2, "{originals:?}");
}

#[test]
fn what_cannot_have_been_in_a_ledger_is_no_original() {
    // A chain that was made with a reference longer than may be, and then changed.
    let mut lines = vector("good.jsonl");
    lines[4]["reference_id"] = json!("x".repeat(200));
    for at in 4..lines.len() {
        if lines[at].get("seq").is_some() {
            let before = lines[at - 1]["current_hash"].clone();
            lines[at]["previous_hash"] = before;
            rehash(&mut lines[at]);
        }
    }
    change(&mut lines, 4, &[("amount_gross", json!("900.0000"))]);
    let report = audit(&lines);
    assert!(report.findings.iter().all(|finding| finding.seq != Some(4) || proven(finding).is_empty()));
    assert!(!report.coverage.checked.iter().any(|what| what.contains("said before")), "{:?}", report.coverage.checked);
}

#[test]
fn what_is_found_of_an_original_is_shown_as_it_was() {
    // The ledger itself used an id twice, and somebody hides that by a slip in the second.
    let mut lines = vector("good.jsonl");
    let twice = lines[4]["transaction_id"].clone();
    lines[7]["transaction_id"] = twice.clone();
    for at in 7..lines.len() {
        if lines[at].get("seq").is_some() {
            let before = lines[at - 1]["current_hash"].clone();
            lines[at]["previous_hash"] = before;
            rehash(&mut lines[at]);
        }
    }
    let slip = twice.as_str().unwrap().replace("e5c1", "e5c2");
    change(&mut lines, 7, &[("transaction_id", json!(slip))]);
    let report = audit(&lines);
    let found = report.findings.iter().find(|finding| finding.error_type == ErrorType::DuplicateTransactionId).unwrap();
    assert_eq!((found.seq, found.index, found.transaction_id.as_deref()), (Some(7), Some(6), twice.as_str()));
}

#[test]
fn a_value_of_another_type_is_proven_beside_another_change() {
    let genuine = vector("legacy/legacy.jsonl");
    let mut lines = genuine.clone();
    let text = genuine[1]["amount_gross"]["$numberDecimal"].clone();
    change(&mut lines, 1, &[("amount_gross", text.clone()), ("currency", json!("GOLD"))]);
    let report = audit(&lines);
    let expected = [("amount_gross", &text, &text), ("currency", &json!("GOLD"), &json!("EURO"))];
    assert_eq!(proven(&report.findings[0]), expected);
}

#[test]
fn a_thousand_long_blocks_are_done_in_time() {
    // Each text is longer than any may be, so that none that is made of it may either.
    let mut lines = vector("good.jsonl");
    let seqs: Vec<usize> = (0..lines.len()).filter(|at| lines[*at].get("seq").is_some()).collect();
    for at in &seqs {
        let block = json!({
            "salt": "", "sender_username": null, "receiver_username": null, "description": "x".repeat(2030),
            "ip_address": null, "user_agent": "y".repeat(2030),
        });
        lines[*at]["personal"] = block;
    }
    let report = audit(&lines);
    let gap = report.coverage.not_checked.iter().find(|gap| gap.what.contains("said before")).unwrap();
    let tried: u64 = gap.why.split(' ').nth(1).unwrap().parse().unwrap();
    assert!(
        (1_000_000..=Options::RECOVERY_BUDGET).contains(&tried),
        "{tried}: what is made and may not stand costs too"
    );
}
