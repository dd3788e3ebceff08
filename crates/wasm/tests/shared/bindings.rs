//! The border itself: what JavaScript is handed.

use countersign_core::EntryHashes;
use countersign_wasm::{Audit, Settings, hash_entry};
use js_sys::{Error, Object, Reflect};
use serde_json::Value;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_test::wasm_bindgen_test;

use super::{audit, audit_with, json, started, text, vector};

fn entry_of_good(seq: usize) -> &'static str {
    std::str::from_utf8(vector("good.jsonl")).unwrap().lines().nth(seq).unwrap()
}

#[wasm_bindgen_test]
fn a_report_is_a_plain_object() {
    let report = audit(vector("good.jsonl"), 4096).unwrap();
    assert_eq!(Reflect::get(&report, &"valid".into()), Ok(JsValue::TRUE));
    assert_eq!(Reflect::get(&report, &"total_transactions".into()), Ok(JsValue::from_f64(20.0)));
    assert_eq!(Object::get_prototype_of(&report), Object::get_prototype_of(&Object::new()));
}

#[wasm_bindgen_test]
fn absent_keys_are_absent_and_empty_ones_null() {
    let report = audit(vector("legacy/legacy.jsonl"), 4096).unwrap();
    assert_eq!(Reflect::has(&report, &"error_type".into()), Ok(false));
    assert_eq!(Reflect::get(&report, &"ledger".into()), Ok(JsValue::NULL));
}

#[wasm_bindgen_test]
fn chunks_do_not_change_the_report() {
    for name in ["good.jsonl", "tampered-gross.jsonl", "good-members.jsonl.gz", "legacy/legacy-shuffled.jsonl"] {
        let whole = json(&audit(vector(name), usize::MAX).unwrap());
        for chunk in [1, 7, 1000] {
            assert_eq!(json(&audit(vector(name), chunk).unwrap()), whole, "{name} by {chunk}");
        }
    }
}

#[wasm_bindgen_test]
fn an_unreadable_input_is_an_error_with_a_code() {
    for (input, code) in [(&b""[..], "EMPTY"), (b"%PDF-1.7 and so on\n", "NOT_AN_EXPORT")] {
        let error = audit(input, 4096).unwrap_err();
        assert!(error.is_instance_of::<Error>());
        assert_eq!(text(&error, "code").as_deref(), Some(code));
    }
}

#[wasm_bindgen_test]
fn an_audit_that_is_over_says_so() {
    let mut audit = started(&Settings::default()).unwrap();
    audit.push(vector("good.jsonl")).unwrap();
    assert!(audit.finish().unwrap());
    assert!(audit.report(0.0, 1.0).unwrap().is_object());
    for error in [audit.push(b"x").unwrap_err(), audit.finish().unwrap_err(), audit.report(0.0, 1.0).unwrap_err()] {
        assert_eq!(text(&error, "code").as_deref(), Some("ALREADY_FINISHED"));
    }
    assert!(audit.progress().unwrap().is_undefined());
}

#[wasm_bindgen_test]
fn progress_counts_bytes() {
    let mut audit = started(&Settings::default()).unwrap();
    audit.push(&vector("good.jsonl")[..100]).unwrap();
    assert_eq!(json(&audit.progress().unwrap()), r#"{"pass":1,"bytes":100,"entries":0}"#);
}

#[wasm_bindgen_test]
fn progress_at_the_end_counts_every_entry() {
    let bytes = vector("good.jsonl").trim_ascii_end();
    let mut audit = started(&Settings::default()).unwrap();
    audit.push(bytes).unwrap();
    assert!(audit.finish().unwrap());
    let end = format!(r#"{{"pass":1,"bytes":{},"entries":20}}"#, bytes.len());
    assert_eq!(json(&audit.progress().unwrap()), end);
}

#[wasm_bindgen_test]
fn the_input_is_hashed_where_asked() {
    let mut audit = started(&Settings { name: Some("a.jsonl".to_owned()), ..Settings::default() }).unwrap();
    audit.push(vector("good.jsonl")).unwrap();
    assert!(audit.finish().unwrap());
    let input = Reflect::get(&audit.report(0.0, 1.0).unwrap(), &"input".into()).unwrap();
    assert_eq!(text(&input, "name").as_deref(), Some("a.jsonl"));
    assert_eq!(Reflect::get(&input, &"sha256".into()), Ok(JsValue::NULL));
}

#[wasm_bindgen_test]
fn what_is_no_key_is_said_with_its_place() {
    let good = "game.example/economy+b7e99c16+AYMq5iT7Tj3bthuC2BO2upajYP1EdR6ZRFFydV2hbw8R".to_owned();
    let keys = vec![good.clone(), good.replace("b7e9", "b7e8")];
    let error = started(&Settings { keys, ..Settings::default() }).unwrap_err();
    assert_eq!(text(&error, "code").as_deref(), Some("INVALID_ARGUMENT"));
    assert!(text(&error, "message").unwrap().starts_with("options.keys[1] is no key: "));
    let error = Audit::new(JsValue::from_f64(1.0)).unwrap_err();
    assert_eq!(text(&error, "code").as_deref(), Some("INVALID_ARGUMENT"));
}

#[wasm_bindgen_test]
fn what_is_no_checkpoint_ends_the_audit() {
    let settings = Settings { checkpoints: vec!["hello".to_owned()], ..Settings::default() };
    let error = audit_with(&settings, vector("good.jsonl"), 4096).unwrap_err();
    assert_eq!(text(&error, "code").as_deref(), Some("CHECKPOINT_NOT_READABLE"));
}

#[wasm_bindgen_test]
fn a_checkpoint_is_read_however_its_lines_ended() {
    let kept = std::str::from_utf8(vector("checkpoint-9.txt")).unwrap();
    let settings = |note: String| Settings { checkpoints: vec![note], ..Settings::default() };
    let whole = json(&audit_with(&settings(kept.to_owned()), vector("good.jsonl"), 4096).unwrap());
    let crlf = kept.replace('\n', "\r\n");
    for note in [format!("\u{feff}{crlf}"), crlf, kept.trim_end().to_owned(), format!("{kept}\n")] {
        assert_eq!(json(&audit_with(&settings(note), vector("good.jsonl"), 4096).unwrap()), whole);
    }
}

#[wasm_bindgen_test]
fn an_entry_hashes_to_its_hashes() {
    let entry: Value = serde_json::from_str(entry_of_good(1)).unwrap();
    let hashes: EntryHashes = serde_json::from_str(&json(&hash_entry(entry_of_good(1)).unwrap())).unwrap();
    assert_eq!(entry["current_hash"], hashes.current_hash);
    assert_eq!(entry["personal_hash"].as_str(), hashes.personal_hash.as_deref());
    assert!(hashes.preimage.starts_with("countersign/entry/2\n1\n"));
}

#[wasm_bindgen_test]
fn what_is_no_entry_names_the_field() {
    let error = hash_entry(&entry_of_good(1).replace("\"seq\":1,", "\"seq\":\"1\",")).unwrap_err();
    assert_eq!(text(&error, "code").as_deref(), Some("MALFORMED_ENTRY"));
    assert_eq!(text(&error, "field").as_deref(), Some("seq"));
}

/// A finding is evidence: it shows what stands in the file, whatever JavaScript makes of such a key or number.
#[wasm_bindgen_test]
fn a_finding_quotes_what_javascript_would_swallow() {
    let export = std::str::from_utf8(vector("good.jsonl")).unwrap();
    let gross = entry_of_good(7).split_once("\"amount_gross\":").unwrap().1.split_once(',').unwrap().0;
    let gross = format!("\"amount_gross\":{gross},");
    for (stands, shown) in [
        (r#"{"__proto__":{"a":1},"b":2}"#, r#"{"__proto__":{"a":1},"b":2}"#),
        ("9007199254740991", "9007199254740991"),
        ("9007199254740993", r#""9007199254740993""#),
        ("-9007199254740993", r#""-9007199254740993""#),
        ("18446744073709551615", r#""18446744073709551615""#),
    ] {
        let hostile = export.replace(&gross, &format!("\"amount_gross\":{stands},"));
        assert_ne!(hostile, export);
        let report = json(&audit(hostile.as_bytes(), 4096).unwrap());
        assert!(report.contains(&format!("\"found\":{shown}")), "{stands}: {report}");
    }
}

/// JavaScript's numbers end where a hostile file's need not.
#[wasm_bindgen_test]
fn a_number_beyond_javascript_is_still_a_report() {
    let export = String::from_utf8(vector("good.jsonl").to_vec()).unwrap();
    for huge in ["18446744073709551615", "9007199254740993", "-9223372036854775808", "1e308"] {
        for key in ["\"seq\":7,", "\"last_seq\":20,"] {
            let (name, _) = key.split_once(':').unwrap();
            let hostile = export.replace(key, &format!("{name}:{huge},"));
            let report = audit(hostile.as_bytes(), 4096).unwrap();
            assert_eq!(Reflect::get(&report, &"valid".into()), Ok(JsValue::FALSE), "{key} as {huge}");
        }
    }
}
