//! Whose rates an audit holds entries to: the auditor's, by default the format's.
#![expect(clippy::unwrap_used, reason = "a helper of a test may panic as the test itself may")]

use std::collections::BTreeMap;
use std::io::Cursor;
use std::path::PathBuf;
use std::{env, fs};

use countersign::demo::Ledger;
use countersign_core::report::{Report, WarningType};
use countersign_core::taxes::Taxes;
use countersign_core::{Options, hash_entry_line, verify_chain_integrity};
use serde_json::{Value, json};

fn good() -> Vec<u8> {
    fs::read(PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("vectors/good.jsonl")).unwrap()
}

fn audit(export: &[u8], taxes: Option<&str>, threads: usize) -> Report {
    let taxes = taxes.map(|json| Taxes::parse(json).unwrap());
    let options = Options { taxes, threads, ..Options::default() };
    verify_chain_integrity(Cursor::new(export), &options, &mut |_| {}).unwrap()
}

fn differ(report: &Report) -> Vec<(u64, &str)> {
    assert!(report.valid, "another rate is no breach: {}", report.message);
    let warnings = report.warnings.iter().filter(|w| w.warning_type == WarningType::TaxRateDiffers);
    warnings.map(|w| (w.seq.unwrap(), w.expected.as_ref().unwrap().as_str().unwrap())).collect()
}

#[test]
fn entries_are_held_to_the_table_that_was_given() {
    let export = good();
    let checks = |report: &Report, what: &str| report.coverage.checked.iter().any(|checked| checked == what);
    for threads in [1, 2] {
        let by_default = audit(&export, None, threads);
        assert_eq!(differ(&by_default), []);
        assert!(checks(&by_default, "tax rates against the default policy"));
        let table = r#"{"TRANSFER": {"rate": 250, "tax_type": "transfer_tax"}}"#;
        let by_table = audit(&export, Some(table), threads);
        assert_eq!(differ(&by_table), [(4, "2.5000"), (5, "0.0008"), (16, "6.2500")]);
        assert!(checks(&by_table, "tax rates against the table that was given"));
        // The same rate into another bucket; X_ types, which the default leaves to the operator; and one that is exact.
        let bucket = audit(&export, Some(r#"{"WORK": {"rate": 1500, "tax_type": "vat"}}"#), threads);
        assert_eq!(differ(&bucket), [(17, "6.0000")]);
        assert!(bucket.warnings[0].message.contains("into another bucket"), "{}", bucket.warnings[0].message);
        let tips = audit(&export, Some(r#"{"X_TIP": {"rate": 1000, "tax_type": "tips"}}"#), threads);
        assert_eq!(differ(&tips), [(18, "0.1500")]);
        assert_eq!(differ(&audit(&export, Some("{}"), threads)), []);
    }
}

/// A broken export is replayed, and held to the same table.
#[test]
fn a_second_reading_goes_by_the_table_too() {
    let text = String::from_utf8(good()).unwrap();
    let tampered = text.replacen("opening balance", "opening Balance", 1);
    let report = audit(tampered.as_bytes(), Some(r#"{"TRANSFER": {"rate": 250, "tax_type": "transfer_tax"}}"#), 1);
    assert!(!report.valid);
    let seqs: Vec<_> = report.warnings.iter().map(|w| (w.warning_type, w.seq.unwrap())).collect();
    assert_eq!(seqs, [4, 5, 16].map(|seq| (WarningType::TaxRateDiffers, seq)));
}

fn seal(entry: &mut Value) {
    entry["current_hash"] = hash_entry_line(entry.to_string().as_bytes()).unwrap().current_hash.into();
}

/// Amounts of another ledger's rate are among the candidates only where the auditor's table has it.
#[test]
fn the_original_of_an_amount_is_searched_for_at_the_tables_rates() {
    let text = String::from_utf8(good()).unwrap();
    let mut lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    // A ledger of one more entry, taxed at 7 %, of which all three amounts were then changed.
    let mut taxed = lines[20].clone();
    taxed["seq"] = json!(21);
    taxed["transaction_id"] = json!("b35b6b0e-6f4c-7d55-9a35-0a8f3e0f2a11");
    taxed["previous_hash"] = lines[20]["current_hash"].clone();
    taxed["personal"] = Value::Null;
    for (field, amount) in [("amount_gross", "0.7300"), ("tax_withheld", "0.0511"), ("amount_net", "0.6789")] {
        taxed[field] = json!(amount);
    }
    taxed["tax_type"] = json!("transfer_tax");
    seal(&mut taxed);
    let hash = taxed["current_hash"].clone();
    for (field, amount) in [("amount_gross", "9.0000"), ("tax_withheld", "3.0000"), ("amount_net", "6.0000")] {
        taxed[field] = json!(amount);
    }
    let trailer = lines.last_mut().unwrap();
    (trailer["entries"], trailer["last_seq"], trailer["head"]) = (json!(21), json!(21), hash);
    trailer["checkpoints"] = json!([]);
    lines.retain(|line| line["state"].is_null());
    lines.insert(21, taxed);
    let export: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let original = |taxes| {
        let report = audit(export.as_bytes(), taxes, 1);
        let finding = report.findings.into_iter().find(|finding| finding.seq == Some(21)).unwrap();
        let fields = finding.modified_fields.into_iter().flatten();
        fields.filter(|field| field.field == "amount_gross").map(|field| field.original).next()
    };
    assert_eq!(original(None), None);
    let table = r#"{"TRANSFER": {"rate": 700, "tax_type": "transfer_tax"}}"#;
    assert_eq!(original(Some(table)), Some(json!("0.7300")));
}

/// Where every entry is taxed by another table, what else is worth knowing is still told.
#[test]
fn a_thousand_other_rates_hide_no_entry_out_of_order() {
    let mut export = Vec::new();
    Ledger::new(4000, 7).write_export(&mut export).unwrap();
    let mut lines: Vec<String> = String::from_utf8(export).unwrap().lines().map(str::to_owned).collect();
    let last = lines.iter().rposition(|line| line.starts_with("{\"seq\"")).unwrap();
    let mut entry: Value = serde_json::from_str(&lines[last]).unwrap();
    entry["created_at"] = json!("2001-01-01T00:00:00.000Z");
    seal(&mut entry);
    lines[last] = entry.to_string();
    let mut trailer: Value = serde_json::from_str(lines.last().unwrap()).unwrap();
    trailer["head"] = entry["current_hash"].clone();
    *lines.last_mut().unwrap() = trailer.to_string();
    let export = lines.join("\n") + "\n";
    let kinds = ["TRANSFER", "WORK", "SALARY", "MARKET_BUY", "MARKET_SELL"];
    let table: BTreeMap<&str, Value> = kinds.map(|kind| (kind, json!({"rate": 1, "tax_type": "one"}))).into();
    for threads in [1, 2] {
        let report = audit(export.as_bytes(), Some(&json!(table).to_string()), threads);
        assert!(report.warnings_total > 1000, "{}", report.warnings_total);
        let of = |kind| report.warnings.iter().filter(|w| w.warning_type == kind).count();
        assert_eq!(of(WarningType::TimestampOutOfOrder), 1);
        assert_eq!(of(WarningType::TaxRateDiffers), 999);
    }
}
