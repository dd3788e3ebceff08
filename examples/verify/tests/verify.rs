//! The example, run as its reader would run it.

use std::process::{Command, Output};

fn verify(vector: &str) -> Output {
    let path = format!("{}/../../tests/vectors/{vector}", std::env::var("CARGO_MANIFEST_DIR").unwrap());
    Command::new(env!("CARGO_BIN_EXE_verify-example")).arg(path).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn a_genuine_export_verifies() {
    let output = verify("good.jsonl");
    assert_eq!(output.status.code(), Some(0));
    assert!(said(&output).contains("(Consistent)"), "{}", said(&output));
    assert_eq!(said(&output).lines().count(), 1);
}

#[test]
fn a_tampered_export_is_found_out() {
    let output = verify("tampered-gross.jsonl");
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("TransactionTampered"), "{}", said(&output));
}

#[test]
fn what_is_no_export_is_no_finding() {
    let output = verify("checkpoint-9.txt");
    assert_eq!(output.status.code(), Some(2));
    assert!(!output.stderr.is_empty());
    assert!(output.stdout.is_empty());
}

#[test]
fn a_missing_file_never_verifies() {
    assert_eq!(verify("no-such-file").status.code(), Some(2), "1 is for findings");
}
