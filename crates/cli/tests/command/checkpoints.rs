//! `countersign verify` with keys, kept checkpoints and witnesses.

use std::process::Output;

use serde_json::Value;

use super::{assert_harmless, code, countersign, file, stderr, stdout, vector, write};

const KEY: &str = "game.example/economy+b7e99c16+AYMq5iT7Tj3bthuC2BO2upajYP1EdR6ZRFFydV2hbw8R";
const WITNESS: &str = "witness.example/1+2e550400+BPrE5gsZjUc6LSkelUdg+5b8RAE8ZgxMLrz2N1dPYewJ";

fn verify(name: &str, arguments: &[&str]) -> Output {
    countersign(&[&["verify", vector(name).to_str().unwrap()], arguments].concat())
}

fn kept(name: &str) -> String {
    vector(name).to_str().unwrap().to_owned()
}

fn grade(output: &Output) -> String {
    let report: Value = serde_json::from_str(&stdout(output)).unwrap();
    report["trust_grade"].as_str().unwrap().to_owned()
}

#[test]
fn what_the_auditor_brings_raises_the_grade() {
    let (nine, cosigned) = (kept("checkpoint-9.txt"), kept("checkpoint-20-cosigned.txt"));
    let cases: [(&[&str], &str); 6] = [
        (&[], "consistent"),
        (&["--key", KEY], "signed"),
        (&["--key", KEY, "--checkpoint", &nine], "anchored"),
        (&["--checkpoint", &nine], "consistent"),
        (&["--key", KEY, "--checkpoint", &cosigned, "--witness", WITNESS], "witnessed"),
        (&["--key", KEY, "--checkpoint", &nine, "--checkpoint", &cosigned], "anchored"),
    ];
    for (arguments, expected) in cases {
        let output = verify("good.jsonl", &[arguments, &["--json"]].concat());
        assert_eq!((code(&output), grade(&output).as_str()), (0, expected), "{arguments:?}");
    }
}

#[test]
fn the_verdict_explains_its_grade_and_what_it_does_not_show() {
    let shown = stdout(&verify("good.jsonl", &["--key", KEY]));
    assert!(shown.starts_with("VERIFIED — the file agrees with itself, and with a checkpoint"), "{shown}");
    for part in
        ["signed: a checkpoint by a key that you trust", "does not show", "nor that no entries followed", "counts"]
    {
        assert!(shown.contains(part), "{part} in {shown}");
    }
    let cosigned = kept("checkpoint-20-cosigned.txt");
    let shown = stdout(&verify("good.jsonl", &["--key", KEY, "--checkpoint", &cosigned, "--witness", WITNESS]));
    for part in ["witnessed", "Signed     2026-02-11T16:00:00.000Z", "signed by witness.example/1 (witness) at 2026"] {
        assert!(shown.contains(part), "{part} in {shown}");
    }
    let tail = stdout(&verify("unsigned-tail.jsonl", &["--key", KEY]));
    assert!(tail.contains("UNSIGNED_TAIL") && tail.contains("consistent"), "{tail}");
}

#[test]
fn what_contradicts_a_checkpoint_is_found() {
    let nine = kept("checkpoint-9.txt");
    let cases: [(&str, &[&str], &str); 4] = [
        ("rewritten.jsonl", &["--key", KEY], "CHECKPOINT_MISMATCH"),
        ("rewritten-stripped.jsonl", &["--checkpoint", &nine], "CHECKPOINT_MISMATCH"),
        ("rewritten-stripped.jsonl", &["--key", KEY], "CHECKPOINT_UNTRUSTED"),
        ("cut-new-trailer.jsonl", &["--key", KEY], "EXPORT_TRUNCATED"),
    ];
    for (name, arguments, expected) in cases {
        let output = verify(name, arguments);
        assert_eq!(code(&output), 1, "{name}");
        assert!(stdout(&output).contains(expected), "{}", stdout(&output));
        assert_harmless(&output);
    }
}

#[test]
fn keys_stand_in_files_too() {
    let directory = tempfile::tempdir().unwrap();
    let keys = write(&directory, "keys.txt", format!("# of the game\n\n{KEY}\r\n{WITNESS}\n"));
    let output = verify("good.jsonl", &["--key", &keys, "--json"]);
    assert_eq!((code(&output), grade(&output).as_str()), (0, "signed"));
}

/// An editor's line ends and blank lines are no part of a note, and two that were kept in one file are two.
#[test]
fn notes_stand_one_after_the_other_however_they_were_copied() {
    let directory = tempfile::tempdir().unwrap();
    let [nine, twenty] =
        ["checkpoint-9.txt", "checkpoint-20-cosigned.txt"].map(|name| std::fs::read_to_string(vector(name)).unwrap());
    for (name, text) in [
        ("crlf", nine.replace('\n', "\r\n")),
        ("blank", format!("\u{feff}{nine}\n\n")),
        ("both", format!("{nine}\n{twenty}")),
    ] {
        let kept = write(&directory, name, text);
        let output = verify("good.jsonl", &["--key", KEY, "--checkpoint", &kept, "--json"]);
        assert_eq!((code(&output), grade(&output).as_str()), (0, "anchored"), "{name}");
    }
}

#[test]
fn entries_are_held_to_the_auditors_taxes() {
    let directory = tempfile::tempdir().unwrap();
    let table = write(&directory, "taxes.json", r#"{"TRANSFER": {"rate": 250, "tax_type": "transfer_tax"}}"#);
    let shown = stdout(&verify("good.jsonl", &["--taxes", &table]));
    let said = "Entry 16, a TRANSFER of 250.0000 EURO, withholds 12.5000 EURO; the policy gives 6.2500 EURO.";
    assert!(shown.contains(said), "{shown}");
    assert!(shown.contains("- tax rates against the table that was given"), "{shown}");
    let wrong = write(&directory, "wrong.json", r#"{"REFUND": {"rate": 250, "tax_type": "vat"}}"#);
    let output = verify("good.jsonl", &["--taxes", &wrong]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("wrong.json: no table of taxes: REFUND is never taxed"), "{}", stderr(&output));
}

/// What was brought and cannot be used is no reason to go on without it.
#[test]
fn what_cannot_be_used_is_said() {
    let directory = tempfile::tempdir().unwrap();
    let mistyped = KEY.replace("b7e99c16", "b7e99c17");
    let (empty, wrong) = (write(&directory, "empty", "\n"), write(&directory, "wrong", format!("{KEY}\n{mistyped}\n")));
    let hello = write(&directory, "note", "hello\n");
    let missing = file(&directory, "missing");
    let cases: [(&[&str], &str); 8] = [
        (&["--key", &mistyped], "the text is damaged"),
        (&["--key", &missing], "no such file"),
        (&["--key", &empty], "there is no key"),
        (&["--key", &wrong], "line 2"),
        (&["--checkpoint", &missing], "no such file"),
        (&["--checkpoint", &hello], "note: no checkpoint"),
        (&["--witness", KEY], "type 0x04"),
        (&["--witness-quorum", "2"], "--witness"),
    ];
    for (arguments, part) in cases {
        let output = verify("good.jsonl", arguments);
        assert_eq!(code(&output), 2, "{arguments:?}");
        let said = stdout(&output) + &stderr(&output);
        assert!(said.contains(part), "{part} in {said}");
        assert_harmless(&output);
    }
}

/// The original ledger has none, and the report says that what was brought went unused.
#[test]
fn format_1_has_no_checkpoints() {
    let output = verify("legacy/legacy.jsonl", &["--key", KEY]);
    assert_eq!(code(&output), 0);
    let second = stdout(&output).lines().nth(1).map(str::to_owned).unwrap_or_default();
    assert!(second.contains("could not be used, as the original ledger has no checkpoints"), "{}", stdout(&output));
}
