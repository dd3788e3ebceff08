//! Every frozen vector, natively, on one thread and on several.
#![expect(clippy::unwrap_used, reason = "a helper of a test may panic as the test itself may")]

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::io::Cursor;
use std::path::PathBuf;

use countersign_core::{Options, Report, verify_chain_integrity};
use countersign_tests::cases::{self, Case, KNOWN_SHORTFALLS};
use countersign_tests::worked;

/// Asked for when the test runs: one target directory may serve more than one clone.
fn vectors() -> PathBuf {
    PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("vectors")
}

fn audit(bytes: &[u8], options: &Options, threads: usize) -> Report {
    let options = Options { threads, ..options.clone() };
    verify_chain_integrity(Cursor::new(bytes), &options, &mut |_| {}).unwrap()
}

fn hold_to_cases(folder: &str) {
    let folder = vectors().join(folder);
    let cases = cases::read(&fs::read_to_string(folder.join("cases.expected.json")).unwrap()).unwrap();
    assert!(!cases.is_empty());
    let mut faults = Vec::new();
    for case in &cases {
        let bytes = fs::read(folder.join(&case.file)).unwrap();
        let options = case.options(|name| fs::read_to_string(folder.join(name)).map_err(|e| e.to_string())).unwrap();
        let report = audit(&bytes, &options, 1);
        assert_eq!(report, audit(&bytes, &options, 3), "{}: threads change the report", case.file);
        let known = KNOWN_SHORTFALLS.contains(&case.name().as_str());
        match (cases::check(case, &report), known) {
            (Err(fault), false) => faults.push(format!("{} ({}): {fault}", case.name(), case.what)),
            (Ok(()), true) => faults.push(format!("{} is met now: take it off the known shortfalls", case.name())),
            _ => {}
        }
    }
    assert!(faults.is_empty(), "{} of {}:\n{}", faults.len(), cases.len(), faults.join("\n"));
}

#[test]
fn every_case_of_format_2() {
    hold_to_cases("");
}

#[test]
fn every_case_of_format_1() {
    hold_to_cases("legacy");
}

#[test]
fn known_shortfalls_are_cases() {
    let names: BTreeSet<String> = ["", "legacy"]
        .iter()
        .flat_map(|f| cases::read(&fs::read_to_string(vectors().join(f).join("cases.expected.json")).unwrap()).unwrap())
        .map(|case: Case| case.name())
        .collect();
    for known in KNOWN_SHORTFALLS {
        assert!(names.contains(*known), "{known} is no case");
    }
}

#[test]
fn every_value_of_the_worked_example() {
    let text = |name: &str| fs::read_to_string(vectors().join(name)).unwrap();
    assert_eq!(worked::check(&text("good.jsonl"), &text("good.expected.json")), Ok(()));
}
