//! The command as a user runs it.
#![expect(clippy::unwrap_used, reason = "a helper of a test may panic as the test itself may")]

mod checkpoints;
mod demo;
mod demo_ledger;
mod export;
mod import;
mod inspect;
mod key;
mod ledger;
mod operators;
mod postgres;
mod serve;
mod settings;
mod unprotected;
mod verify;
mod watch;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

fn countersign(arguments: &[&str]) -> Output {
    command(arguments).output().unwrap()
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.args(arguments).stdin(Stdio::null());
    // Whoever runs the tests may have a ledger of his own.
    for (name, _) in env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("COUNTERSIGN_")) {
        command.env_remove(name);
    }
    command
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// A directory with a demo ledger.
fn demo(arguments: &[&str]) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    let all = [&["demo", "--out", directory.path().to_str().unwrap()], arguments].concat();
    let output = countersign(&all);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    directory
}

fn file(directory: &TempDir, name: &str) -> String {
    directory.path().join(name).to_str().unwrap().to_owned()
}

fn write(directory: &TempDir, name: &str, content: impl AsRef<[u8]>) -> String {
    fs::write(directory.path().join(name), content).unwrap();
    file(directory, name)
}

/// Asked for when the test runs: one target directory may serve more than one clone.
fn vector(name: &str) -> PathBuf {
    Path::new(&env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("../../tests/vectors").join(name)
}

/// No character of these could do anything to a terminal or to a reader's eye.
fn assert_harmless(output: &Output) {
    for text in [stdout(output), stderr(output)] {
        let hostile = text.chars().find(|c| *c != '\n' && countersign_core::grammar::is_forbidden(*c));
        assert_eq!(hostile, None, "{text}");
    }
}

#[test]
fn wrong_usage_is_no_verdict() {
    for arguments in [&[][..], &["verify"], &["frobnicate"], &["verify", "x", "--threads", "0"], &["inspect", "x"]] {
        let output = countersign(arguments);
        assert_eq!(code(&output), 2, "{arguments:?}");
        assert!(!output.stderr.is_empty());
    }
    assert_eq!(code(&countersign(&["--help"])), 0);
    assert_eq!(code(&countersign(&["--version"])), 0);
}

/// Whoever pays by hand beside a server must know whose limits freeze whom.
#[test]
fn who_pays_by_hand_is_told_by_whose_settings() {
    let help = stdout(&countersign(&["pay", "--help"])).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(help.contains("goes by the settings that this command reads") && help.contains("may freeze"), "{help}");
}

#[test]
fn every_shell_has_its_completions() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = countersign(&["completions", shell]);
        assert_eq!(code(&output), 0);
        assert!(stdout(&output).contains("inspect"), "{shell}");
    }
}

/// Whoever closes the pipe has seen enough: no complaint, and the verdict stands.
#[test]
fn a_closed_pipe_is_no_error() {
    let good = vector("good.jsonl");
    let bad = vector("deleted.jsonl");
    let cases = [
        (vec!["verify", good.to_str().unwrap()], 0),
        (vec!["verify", bad.to_str().unwrap(), "--json"], 1),
        (vec!["inspect", good.to_str().unwrap(), "--seq", "4"], 0),
        (vec!["completions", "zsh"], 0),
    ];
    for (arguments, expected) in cases {
        let mut child = command(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!((code(&output), stderr(&output).as_str()), (expected, ""), "{arguments:?}");
    }
}
