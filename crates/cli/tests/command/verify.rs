//! `countersign verify`: its verdicts, its JSON, and what it takes.

use std::fs::{self, File};
use std::io::Write;
use std::process::Stdio;

use countersign_core::Report;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;

use super::{assert_harmless, code, command, countersign, demo, file, stderr, stdout, vector, write};

fn verify(name: &str, arguments: &[&str]) -> std::process::Output {
    let path = vector(name);
    countersign(&[&["verify", path.to_str().unwrap()], arguments].concat())
}

#[test]
fn the_exit_status_is_the_verdict() {
    assert_eq!(code(&verify("good.jsonl", &[])), 0);
    assert_eq!(code(&verify("deleted.jsonl", &[])), 1);
    assert_eq!(code(&verify("cases.expected.json", &[])), 2);
}

#[test]
fn a_person_reads_the_verdict_first() {
    let good = stdout(&verify("good.jsonl", &[]));
    assert!(good.starts_with("VERIFIED — the file agrees with itself"), "{good}");
    for part in ["consistent", "does not show", "game.example/economy", "SHA-256", "Root", "Head", "Not checked"] {
        assert!(good.contains(part), "{part} in {good}");
    }
    let bad = stdout(&verify("tampered-receiver.jsonl", &[]));
    assert!(bad.starts_with("FINDINGS: 1 in 20 entries"), "{bad}");
    assert!(bad.contains("TRANSACTION_TAMPERED"), "{bad}");
    let none = stdout(&verify("cases.expected.json", &[]));
    assert!(none.starts_with("COULD NOT VERIFY: "), "{none}");
}

#[test]
fn the_json_is_the_report() {
    for name in ["good.jsonl", "deleted.jsonl"] {
        let output = verify(name, &["--json"]);
        let report: Report = serde_json::from_str(&stdout(&output)).unwrap();
        assert_eq!(report.valid, code(&output) == 0);
        let bytes = fs::read(vector(name)).unwrap();
        assert_eq!(report.input.name.as_deref(), Some(name));
        assert_eq!(report.input.bytes, bytes.len() as u64);
        assert_eq!(report.input.sha256, Some(countersign_core::hash::Hash::of(&bytes).to_string()));
        assert!(report.verification_time_ms > 0.0);
        assert_eq!(report.next_recommended_check.is_some(), report.valid);
    }
    let report: Report = serde_json::from_str(&stdout(&verify("good.jsonl", &["--json", "--no-input-hash"]))).unwrap();
    assert_eq!(report.input.sha256, None);
}

#[test]
fn any_number_of_threads_gives_the_same_report() {
    let directory = demo(&["--entries", "5000", "--accounts", "40"]);
    for name in ["demo.jsonl", "entry-deleted.jsonl", "amount-edited.jsonl"] {
        let [one, two, seven] = ["1", "2", "7"].map(|threads| {
            let output = countersign(&["verify", &file(&directory, name), "--json", "--threads", threads]);
            timeless(&stdout(&output))
        });
        assert_eq!(one, two, "{name}");
        assert_eq!(one, seven, "{name}");
    }
}

fn timeless(report: &str) -> Value {
    let mut report: Value = serde_json::from_str(report).unwrap();
    for key in ["verification_time_ms", "performance", "verified_at", "next_recommended_check"] {
        report[key] = Value::Null;
    }
    report
}

#[test]
fn standard_input_is_read_like_a_file() {
    for (name, expected) in [("good.jsonl", 0), ("reordered.jsonl", 1)] {
        let from_file = stdout(&verify(name, &["--json"]));
        // A pipe: it cannot be read a second time.
        let mut child = command(&["verify", "-", "--json"]);
        let mut child = child.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(&fs::read(vector(name)).unwrap()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(code(&output), expected);
        let (mut file, mut pipe) = (timeless(&from_file), timeless(&stdout(&output)));
        assert_eq!(pipe["input"]["name"], "standard input");
        (file["input"]["name"], pipe["input"]["name"]) = (Value::Null, Value::Null);
        assert_eq!(file, pipe);
    }
}

#[test]
fn gzip_is_undone() {
    let directory = tempfile::tempdir().unwrap();
    let path = file(&directory, "good.jsonl.gz");
    let mut gzip = GzEncoder::new(File::create(&path).unwrap(), Compression::default());
    gzip.write_all(&fs::read(vector("good.jsonl")).unwrap()).unwrap();
    gzip.finish().unwrap();
    assert_eq!(code(&countersign(&["verify", &path])), 0);
    assert_eq!(code(&countersign(&["inspect", &path, "--seq", "20"])), 0);
    // What can be read of one that was cut off is shown, as it is verified.
    let whole = fs::read(&path).unwrap();
    let cut = write(&directory, "cut.jsonl.gz", &whole[..whole.len() * 9 / 10]);
    assert_eq!(code(&countersign(&["verify", &cut])), 1);
    assert_eq!(code(&countersign(&["inspect", &cut, "--seq", "2"])), 0);
    let output = countersign(&["inspect", &cut, "--seq", "20"]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("ends before its end"), "{}", stderr(&output));
    let output = countersign(&["verify", "--json", &write(&directory, "stub.jsonl.gz", &whole[..20])]);
    assert_eq!(code(&output), 2);
    assert!(stdout(&output).contains("STREAM_NOT_DECODED"), "{}", stdout(&output));
}

/// Standard input is always there.
#[cfg(unix)]
#[test]
fn a_temporary_folder_that_is_missing_is_named() {
    let input = File::open(vector("good.jsonl")).unwrap();
    let output = command(&["verify", "-"]).env("TMPDIR", "/no-such-folder").stdin(input).output().unwrap();
    assert_eq!(code(&output), 2);
    assert!(stdout(&output).contains("/no-such-folder"), "{}", stdout(&output));
}

#[test]
fn a_key_that_is_empty_is_called_that() {
    for flag in ["--key", "--witness"] {
        let output = countersign(&["verify", vector("good.jsonl").to_str().unwrap(), flag, ""]);
        assert!(code(&output) == 2 && stderr(&output).contains(flag), "{}", stderr(&output));
    }
}

#[test]
fn what_cannot_be_read_says_why() {
    let directory = tempfile::tempdir().unwrap();
    let (empty, missing) = (write(&directory, "empty", ""), file(&directory, "missing"));
    let cases = [
        (missing.as_str(), "IO", "no such file"),
        (directory.path().to_str().unwrap(), "IO", "directory"),
        (&empty, "EMPTY", "empty"),
        (&write(&directory, "text", "hello\n"), "NOT_AN_EXPORT", "hello"),
        (&write(&directory, "binary", [0_u8, 159, 146, 150, 7, 7, 7, 7]), "NOT_AN_EXPORT", "not a ledger export"),
    ];
    for (path, error, part) in cases {
        let output = countersign(&["verify", path]);
        assert_eq!(code(&output), 2, "{path}");
        assert!(stdout(&output).contains(part) && stdout(&output).contains(path), "{}", stdout(&output));
        let output = countersign(&["verify", path, "--json"]);
        assert_eq!(code(&output), 2, "{path}");
        let json: Value = serde_json::from_str(&stdout(&output)).unwrap();
        assert_eq!(json["error"]["code"], error, "{path}");
        assert!(json["error"]["message"].as_str().unwrap().contains(part));
        assert_eq!(json.as_object().unwrap().len(), 1);
    }
}

/// Terminal escapes, a right-to-left override and a C1 control, wherever a text of the file is shown.
#[test]
fn hostile_text_is_written_out() {
    const HOSTILE: &str = "\\u001b[2J\\u202eevil\\u009b31m";
    let directory = tempfile::tempdir().unwrap();
    let good = fs::read_to_string(vector("good.jsonl")).unwrap();
    let copies = [
        good.replacen("\"receiver_username\":\"alice\"", &format!("\"receiver_username\":\"{HOSTILE}\""), 1),
        good.replacen("\"receiver_id\":\"u-1001\"", &format!("\"receiver_id\":\"{HOSTILE}\""), 1),
        good.replacen("\"amount_gross\":\"100.0000\"", &format!("\"{HOSTILE}\":\"{HOSTILE}\""), 1),
        good.replacen("\"EURO\":\"", &format!("\"{HOSTILE}\":\""), 1),
        good.replacen("{\"format\"", &format!("{{\"{HOSTILE}\":1,\"format\""), 1),
        good.replacen("\"ledger\":\"game", &format!("\"ledger\":\"{HOSTILE}"), 1),
        HOSTILE.replace("\\u001b", "\u{1b}").replace("\\u202e", "\u{202e}"),
    ];
    for (n, copy) in copies.iter().enumerate() {
        assert_ne!(copy, &good, "{n}");
        let path = write(&directory, &format!("\u{1b}[31m\u{202e}{n}.jsonl"), copy);
        for arguments in [&["verify", &path][..], &["verify", &path, "--json"], &["inspect", &path, "--seq", "1"]] {
            let output = countersign(arguments);
            assert!(!stdout(&output).starts_with("VERIFIED"), "{n}");
            assert_harmless(&output);
        }
    }
    assert_harmless(&countersign(&["verify", "\u{1b}[31m\u{202e}missing"]));
    assert_harmless(&countersign(&["inspect", "\u{1b}[31m\u{202e}missing", "--seq", "1"]));
}

/// The first twenty findings are shown, and how many more there are.
#[test]
fn only_the_ledger_that_is_named_will_do() {
    assert_eq!(code(&verify("good.jsonl", &["--ledger", "game.example/economy"])), 0);
    for name in ["good.jsonl", "legacy/legacy-deleted.jsonl"] {
        let output = verify(name, &["--ledger", "another.example/economy", "--json"]);
        let error: Value = serde_json::from_str(&stdout(&output)).unwrap();
        assert_eq!((code(&output), &error["error"]["code"]), (2, &"OTHER_LEDGER".into()), "{name}");
    }
}

#[test]
fn what_the_auditor_brought_is_named_where_it_cannot_be_used() {
    let directory = tempfile::tempdir().unwrap();
    let secret = countersign_core::checkpoint::SigningKey::from_seed(
        "game.example/economy",
        [7; 32],
        countersign_core::checkpoint::KeyKind::Ed25519,
    );
    let secret = secret.unwrap().secret_text();
    let [key, note] = ["secret.key", "note.txt"].map(|name| file(&directory, name));
    fs::write(&key, secret.as_bytes()).unwrap();
    fs::write(&note, "no note").unwrap();
    let hidden = secret.splitn(5, '+').nth(4).unwrap();
    for (arguments, part) in [
        (["--key", &key], "this is a secret key"),
        (["--key", &secret], "this is a secret key"),
        (["--checkpoint", &note], "note.txt"),
        (["--key", "garbage"], "garbage"),
        (["--checkpoint", "nowhere.txt"], "nowhere.txt"),
    ] {
        let output = verify("good.jsonl", &arguments);
        let told = stderr(&output);
        assert!(code(&output) == 2 && told.contains(part) && !told.contains(hidden), "{arguments:?}: {told}");
        let output = verify("good.jsonl", &[&arguments[..], &["--json"]].concat());
        let error: Value = serde_json::from_str(&stdout(&output)).unwrap();
        assert!(error["error"]["message"].as_str().unwrap().contains(part), "{arguments:?}: {error}");
    }
}

#[test]
fn many_findings_are_counted() {
    let directory = demo(&["--entries", "100"]);
    let text = fs::read_to_string(file(&directory, "demo.jsonl")).unwrap();
    let edited = text.replace("\"tax_withheld\":\"0.0000\"", "\"tax_withheld\":\"0.00\"");
    let output = countersign(&["verify", &write(&directory, "edited.jsonl", edited)]);
    assert_eq!(code(&output), 1);
    let shown = stdout(&output);
    assert_eq!(shown.matches("MALFORMED_LINE").count(), 20, "{shown}");
    assert!(shown.contains(" more; --json lists up to "), "{shown}");
}
