//! Every frozen vector, through the bindings.

use countersign_core::{Report, verify_chain_integrity};
use countersign_tests::cases::{self, KNOWN_SHORTFALLS};
use countersign_tests::worked;
use countersign_wasm::Settings;
use js_sys::JSON;
use std::io::Cursor;
use wasm_bindgen_test::wasm_bindgen_test;

use super::{audit_with, json, vector};

/// What JavaScript would write, had it read what Rust writes: one text for 1.0 and 1.
fn as_javascript(report: &Report) -> String {
    json(&JSON::parse(&serde_json::to_string(report).unwrap()).unwrap())
}

fn hold_to_cases(folder: &str) {
    let expected = String::from_utf8(vector(&format!("{folder}cases.expected.json")).to_vec()).unwrap();
    let cases = cases::read(&expected).unwrap();
    assert!(!cases.is_empty());
    let mut faults = Vec::new();
    for case in &cases {
        let bytes = vector(&format!("{folder}{}", case.file));
        let read = |name: &str| Ok(String::from_utf8(vector(&format!("{folder}{name}")).to_vec()).unwrap());
        let options = case.options(read).unwrap();
        let direct = verify_chain_integrity(Cursor::new(bytes), &options, &mut |_| {}).unwrap();
        let report = direct.timed(0, 1.0);
        let settings = Settings {
            input_hash: true,
            keys: case.keys.clone(),
            checkpoints: options.checkpoints,
            ..Settings::default()
        };
        let bound = json(&audit_with(&settings, bytes, 1000).unwrap());
        assert_eq!(bound, as_javascript(&report), "{}: the bindings change it", case.name());
        let known = KNOWN_SHORTFALLS.contains(&case.name().as_str());
        match (cases::check(case, &report), known) {
            (Err(fault), false) => faults.push(format!("{} ({}): {fault}", case.name(), case.what)),
            (Ok(()), true) => faults.push(format!("{} is met now: take it off the known shortfalls", case.name())),
            _ => {}
        }
    }
    assert!(faults.is_empty(), "{} of {}:\n{}", faults.len(), cases.len(), faults.join("\n"));
}

#[wasm_bindgen_test]
fn every_case_of_format_2() {
    hold_to_cases("");
}

#[wasm_bindgen_test]
fn every_case_of_format_1() {
    hold_to_cases("legacy/");
}

#[wasm_bindgen_test]
fn every_value_of_the_worked_example() {
    let text = |name: &str| std::str::from_utf8(vector(name)).unwrap();
    assert_eq!(worked::check(text("good.jsonl"), text("good.expected.json")), Ok(()));
}
