//! `countersign key`: secret files that only their owner reads, and keys that sign.

use std::fs;

use countersign_core::checkpoint::{Checkpoint, KeyKind, SignedNote, SigningKey, VerifyingKey};
use countersign_core::hash::Hash;

use super::{code, command, countersign, file, stderr, stdout, write};

fn new(out: &str, more: &[&str]) -> std::process::Output {
    countersign(&[&["key", "new", "--name", "game.example", "--out", out], more].concat())
}

#[test]
fn a_new_key_signs_what_its_public_half_opens() {
    let directory = tempfile::tempdir().unwrap();
    let path = file(&directory, "ledger.key");
    let output = new(&path, &[]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let public: VerifyingKey = stdout(&output).trim_end().parse().unwrap();
    assert_eq!((public.name(), public.kind()), ("game.example", KeyKind::Ed25519));
    let secret: SigningKey = fs::read_to_string(&path).unwrap().trim_end().parse().unwrap();
    let checkpoint = Checkpoint { origin: "game.example".to_owned(), size: 3, root: Hash::of(b"root") };
    let note = SignedNote::parse(&checkpoint.sign(&secret, None)).unwrap();
    assert_eq!(note.open(std::slice::from_ref(&public)).unwrap().checkpoint().unwrap(), checkpoint);
    let shown = countersign(&["key", "show", &path]);
    assert_eq!((code(&shown), stdout(&shown), stderr(&shown).as_str()), (0, stdout(&output), ""));
    let other = new(&file(&directory, "other.key"), &["--cosigner"]);
    let other: VerifyingKey = stdout(&other).trim_end().parse().unwrap();
    assert_eq!(other.kind(), KeyKind::CosignatureV1);
    assert_ne!(other.id(), public.id());
}

/// Whoever takes it for a failure would make another key.
#[cfg(target_os = "linux")]
#[test]
fn a_key_that_was_made_and_cannot_be_shown_is_a_key() {
    let directory = tempfile::tempdir().unwrap();
    let path = file(&directory, "ledger.key");
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = command(&["key", "new", "--name", "game.example", "--out", &path]).stdout(full).output().unwrap();
    assert_eq!(code(&output), 3, "{}", stderr(&output));
    let shown = stdout(&countersign(&["key", "show", &path]));
    assert!(stderr(&output).contains(shown.trim_end()), "{}", stderr(&output));
}

#[test]
fn nothing_is_overwritten() {
    let directory = tempfile::tempdir().unwrap();
    let path = write(&directory, "ledger.key", "precious");
    let output = new(&path, &[]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("exists") && stdout(&output).is_empty(), "{}", stderr(&output));
    assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
}

/// An empty file would be taken for a key, and keep one from being made.
#[cfg(target_os = "linux")]
#[test]
fn a_key_that_cannot_be_written_leaves_no_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = file(&directory, "ledger.key");
    // No file may grow: as on a full disk.
    let mut shell = std::process::Command::new("sh");
    let program = format!(
        "trap '' XFSZ; ulimit -f 0; exec {} key new --name a/b --out {path}",
        env!("CARGO_BIN_EXE_countersign")
    );
    let output = shell.args(["-c", &program]).output().unwrap();
    assert_eq!(code(&output), 2, "{}", stderr(&output));
    assert!(!fs::exists(&path).unwrap());
}

#[cfg(unix)]
#[test]
fn only_the_owner_reads_a_secret() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    let path = file(&directory, "ledger.key");
    new(&path, &[]);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let shown = countersign(&["key", "show", &path]);
    assert_eq!(code(&shown), 0);
    assert!(stderr(&shown).contains("others can read"), "{}", stderr(&shown));
}

#[test]
fn what_is_no_key_says_why_and_shows_nothing_of_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = file(&directory, "ledger.key");
    new(&path, &[]);
    let secret = fs::read_to_string(&path).unwrap();
    // PRIVATE+KEY+name+hash+base64, which may have plus signs of its own.
    let encoded = secret.trim_end().splitn(5, '+').nth(4).unwrap().to_owned();
    let damaged = write(&directory, "damaged.key", secret.replacen("game", "fame", 1));
    let cases = [(damaged.as_str(), "damaged"), (&file(&directory, "missing"), "no such file")];
    for (path, part) in cases {
        let output = countersign(&["key", "show", path]);
        assert_eq!(code(&output), 2);
        assert!(stderr(&output).contains(part) && !stderr(&output).contains(&encoded), "{}", stderr(&output));
    }
    let output = countersign(&["key", "new", "--name", "a name", "--out", &file(&directory, "other.key")]);
    assert_eq!(code(&output), 2);
    assert!(!fs::exists(file(&directory, "other.key")).unwrap(), "a refusal leaves no file");
}
