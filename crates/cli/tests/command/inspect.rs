//! `countersign inspect`: the entry, its hashes, and commands that a shell confirms.

use std::fs;
use std::process::Command;

use serde_json::Value;

use super::{code, countersign, demo, file, stderr, stdout, vector, write};

/// The hashes that the printed commands give when a shell runs them.
fn run_by_sh(sheet: &str) -> Vec<String> {
    let commands = sheet.lines().filter_map(|line| line.strip_prefix("  check     "));
    let run = |command| Command::new("sh").arg("-c").arg(command).output().unwrap();
    commands.map(|command| String::from_utf8(run(command).stdout).unwrap()[..64].to_owned()).collect()
}

#[test]
fn the_printed_commands_print_the_hashes() {
    let path = vector("good.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    let entries = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    for entry in entries.filter(|e| e["seq"].is_u64()) {
        let output = countersign(&["inspect", path.to_str().unwrap(), "--seq", &entry["seq"].to_string()]);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        let personal = (!entry["personal"].is_null()).then_some(&entry["personal_hash"]);
        let stored = personal.into_iter().chain([&entry["current_hash"]]);
        let stored: Vec<&str> = stored.map(|hash| hash.as_str().unwrap()).collect();
        assert_eq!(run_by_sh(&stdout(&output)), stored);
    }
}

#[test]
fn an_entry_is_found_by_its_id_in_either_format() {
    for (name, key) in [("good.jsonl", 3), ("legacy/legacy.jsonl", 7), ("legacy/legacy-canonical.jsonl", 7)] {
        let path = vector(name);
        let text = fs::read_to_string(&path).unwrap();
        let entry: Value = serde_json::from_str(text.lines().nth(key).unwrap()).unwrap();
        let output =
            countersign(&["inspect", path.to_str().unwrap(), "--id", entry["transaction_id"].as_str().unwrap()]);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        assert!(stdout(&output).contains("they agree"));
        assert_eq!(run_by_sh(&stdout(&output)).last().unwrap(), entry["current_hash"].as_str().unwrap());
    }
}

#[test]
fn an_edited_entry_disagrees() {
    let directory = demo(&["--entries", "200"]);
    let index: Value = serde_json::from_slice(&fs::read(file(&directory, "index.json")).unwrap()).unwrap();
    let what = |name: &str| {
        let files = index["files"].as_array().unwrap();
        files.iter().find(|f| f["name"] == name).unwrap()["what"].as_str().unwrap().to_owned()
    };
    let seq = |what: &str| {
        let words: Vec<&str> = what.split(' ').collect();
        words[words.iter().position(|word| *word == "entry").unwrap() + 1].to_owned()
    };
    for (name, part) in [
        ("amount-edited.jsonl", "THEY DISAGREE"),
        ("ip-edited.jsonl", "THEY DISAGREE"),
        ("malformed-amount.jsonl", "Malformed: amount_gross: "),
        ("unknown-key.jsonl", "Malformed: approved_by: "),
    ] {
        let output = countersign(&["inspect", &file(&directory, name), "--seq", &seq(&what(name))]);
        assert_eq!(code(&output), 1, "{name}");
        assert!(stdout(&output).contains(part), "{name}: {}", stdout(&output));
    }
    let doubled = seq(&what("entry-duplicated.jsonl"));
    let output = countersign(&["inspect", &file(&directory, "entry-duplicated.jsonl"), "--seq", &doubled]);
    assert!(stdout(&output).contains("stands again at line"), "{}", stdout(&output));
}

#[test]
fn what_is_not_there_is_said_with_what_is() {
    let path = vector("good.jsonl");
    let output = countersign(&["inspect", path.to_str().unwrap(), "--seq", "21"]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("no entry 21: the file holds 20 entries, 1 to 20"), "{}", stderr(&output));
    let output = countersign(&["inspect", path.to_str().unwrap(), "--id", "no-such-id"]);
    assert_eq!(code(&output), 2);
    let directory = tempfile::tempdir().unwrap();
    let output = countersign(&["inspect", &write(&directory, "text", "hello\n"), "--seq", "1"]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("header of format 2"), "{}", stderr(&output));
}

#[test]
fn an_endless_line_is_passed_over() {
    let directory = tempfile::tempdir().unwrap();
    let good = fs::read_to_string(vector("good.jsonl")).unwrap();
    let (header, rest) = good.split_once('\n').unwrap();
    let path = write(&directory, "long.jsonl", format!("{header}\n{}\n{rest}", "x".repeat(3 << 20)));
    assert_eq!(code(&countersign(&["inspect", &path, "--seq", "20"])), 0);
    let output = countersign(&["inspect", &path, "--seq", "99"]);
    assert!(stderr(&output).contains("1 lines could not be read"), "{}", stderr(&output));
}
