//! Exports, checkpoints and backups of a ledger, and audits of it where it is kept.

use std::fs;
use std::io::Write;
use std::process::Output;

use countersign_core::checkpoint::{Checkpoint, KeyKind, SignedNote, SigningKey};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;

use super::ledger::{Ledger, NAME};
use super::{code, countersign, stderr, stdout, vector};

fn verdict(output: &Output) -> (i32, Value) {
    (code(output), serde_json::from_str(&stdout(output)).unwrap())
}

/// A command that cannot write more than a few hundred bytes to any file, as on a disk that is full.
#[cfg(unix)]
fn cramped(ledger: &Ledger, arguments: &[&str]) -> std::process::Command {
    let script = "trap '' XFSZ; ulimit -f 1; exec \"$@\"";
    let mut command = std::process::Command::new("sh");
    let all = ["-c", script, "sh", env!("CARGO_BIN_EXE_countersign")];
    command.args(all).args(arguments).current_dir(ledger.folder.path());
    command.env("COUNTERSIGN_DB", ledger.path("ledger.db")).env("TMPDIR", ledger.folder.path());
    command
}

/// With several disks on a machine, "no space left" by itself sends nobody to the right one.
#[cfg(unix)]
#[test]
fn what_cannot_be_written_is_named() {
    let ledger = Ledger::with_accounts();
    // Held open, so that nothing is to be written beside the database to read it.
    let reader = rusqlite::Connection::open(ledger.path("ledger.db")).unwrap();
    let seq = || reader.query_row("SELECT seq FROM ledger", [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(seq(), 1);
    let said = |arguments: &[&str]| {
        let output = cramped(&ledger, arguments).output().unwrap();
        assert_eq!(code(&output), 2, "{}", stderr(&output));
        stderr(&output)
    };
    let export = said(&["export", "--out", "export.jsonl"]);
    assert!(export.contains("export.jsonl: File too large"), "{export}");
    let backup = said(&["backup", "--to", "backup.db"]);
    assert!(backup.contains("the copy at backup.db.part: ") && !backup.contains("the database"), "{backup}");
    let nowhere = said(&["backup", "--to", "nowhere/backup.db"]);
    assert!(nowhere.contains("nowhere/backup.db.part: No such file") && !nowhere.contains("reached"), "{nowhere}");
    let good = fs::File::open(vector("good.jsonl")).unwrap();
    let output = cramped(&ledger, &["verify", "-"]).stdin(good).output().unwrap();
    let said = stdout(&output) + &stderr(&output);
    let names = said.contains("a temporary file in ") && said.contains(ledger.folder.path().to_str().unwrap());
    assert!(code(&output) == 2 && names && said.contains("File too large"), "{said}");
    assert_eq!(seq(), 1);
}

/// A ledger with a few transfers, and the file of a key of its.
fn signed(name: &str, kind: KeyKind) -> (Ledger, SigningKey) {
    let ledger = Ledger::with_accounts();
    for amount in ["1", "2", "3", "4"] {
        ledger.done(&["pay", amount, "EURO", "--from", "alice", "--to", "bob"]);
    }
    let key = SigningKey::from_seed(name, [7; 32], kind).unwrap();
    fs::write(ledger.path("signing.key"), format!("{}\n", *key.secret_text())).unwrap();
    (ledger, key)
}

#[test]
fn an_export_verifies_in_every_form() {
    let ledger = Ledger::with_accounts();
    for amount in ["1", "2", "3"] {
        ledger.done(&["pay", amount, "EURO", "--from", "alice", "--to", "bob"]);
    }
    let whole = ledger.done(&["export", "--out", "-"]);
    for (n, arguments) in
        [&[][..], &["--gzip"], &["--withhold-personal"], &["--first", "2"], &["--last", "3", "--gzip"]]
            .into_iter()
            .enumerate()
    {
        let file = format!("{n}.jsonl");
        ledger.done(&[&["export", "--out", &file], arguments].concat());
        let (code, report) = verdict(&countersign(&["verify", "--json", &ledger.path(&file)]));
        assert_eq!((code, &report["valid"]), (0, &true.into()), "{arguments:?}");
    }
    let file = fs::read_to_string(ledger.path("0.jsonl")).unwrap();
    let body = |text: &str| text.split_once('\n').unwrap().1.to_owned();
    assert_eq!(body(&file), body(&whole), "standard output is another file than a file");
    assert!(!fs::read_to_string(ledger.path("2.jsonl")).unwrap().contains("ALICE"));
    assert_eq!(fs::read_to_string(ledger.path("3.jsonl")).unwrap().matches("\"seq\":").count(), 3);
}

#[test]
fn entries_that_are_not_there_are_not_exported() {
    let ledger = Ledger::with_accounts();
    for range in [&["--first", "2"][..], &["--last", "9"], &["--first", "0"], &["--first", "3", "--last", "2"]] {
        let output = ledger.run(&[&["export", "--out", "export.jsonl"], range].concat());
        assert_eq!(code(&output), 2, "{range:?}");
        assert!(stderr(&output).contains("there are no entries"), "{}", stderr(&output));
    }
    assert_eq!(code(&ledger.run(&["export", "--out", "no/such/folder.jsonl"])), 2);
    assert_eq!(code(&ledger.run(&["export", "--out", "."])), 2);
    assert_only_the_ledger(&ledger);
}

/// No file that was begun is left. SQLite keeps two beside its own.
fn assert_only_the_ledger(ledger: &Ledger) {
    let left = fs::read_dir(ledger.folder.path()).unwrap();
    let left: Vec<_> = left.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert!(left.iter().all(|name| name.starts_with("ledger.db")), "{left:?}");
}

#[test]
fn an_empty_ledger_is_exported_and_backed_up() {
    let ledger = Ledger::empty();
    ledger.done(&["export", "--out", "export.jsonl"]);
    let (code, report) = verdict(&countersign(&["verify", "--json", &ledger.path("export.jsonl")]));
    assert_eq!((code, &report["trust_grade"]), (0, &"empty".into()));
    ledger.done(&["backup", "--to", "backup.db"]);
    ledger.verifies();
}

#[test]
fn a_key_signs_exactly_the_last_entry_and_the_note_is_kept() {
    let (ledger, key) = signed(NAME, KeyKind::Ed25519);
    for (arguments, size) in [(&[][..], 5), (&["--last", "3"], 3)] {
        let written =
            ledger.json(&[&["export", "--key", "signing.key", "--force", "--out", "export.jsonl"], arguments].concat());
        assert_eq!((&written["signed"], &written["last_seq"]), (&true.into(), &size.into()));
        let text = fs::read_to_string(ledger.path("export.jsonl")).unwrap();
        let trailer: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
        let note = SignedNote::parse(trailer["checkpoints"][0].as_str().unwrap()).unwrap();
        let checkpoint = note.open(&[key.verifying_key()]).unwrap().checkpoint().unwrap();
        assert_eq!((checkpoint.origin.as_str(), checkpoint.size), (NAME, size));
        assert_eq!(checkpoint.root.to_string(), written["root"].as_str().unwrap());
    }
    let note = ledger.done(&["checkpoint", "--key", "signing.key", "--size", "2"]);
    let checkpoint = SignedNote::parse(&note).unwrap().open(&[key.verifying_key()]).unwrap().checkpoint().unwrap();
    assert_eq!(checkpoint.size, 2);
    assert_eq!(code(&ledger.run(&["checkpoint", "--key", "signing.key", "--size", "6"])), 2);
    let output = ledger.run(&["checkpoint"]);
    assert!(stderr(&output).contains("--key"), "{}", stderr(&output));
    // The audit of the ledger itself has the latest note that is kept.
    let verify = ["verify", "--json", "--key", &key.verifying_key().to_string()];
    let (code, report) = verdict(&ledger.run(&verify));
    assert_eq!((code, &report["trust_grade"]), (0, &"signed".into()));
}

#[test]
fn another_ledgers_key_signs_nothing_and_no_key_is_shown() {
    for (name, kind, part) in [
        ("another.example/ledger", KeyKind::Ed25519, "another.example/ledger"),
        (NAME, KeyKind::CosignatureV1, "cosigns"),
    ] {
        let (ledger, key) = signed(name, kind);
        let output = ledger.run(&["export", "--key", "signing.key", "--out", "export.jsonl"]);
        assert_eq!(code(&output), 2);
        assert!(stderr(&output).contains(part), "{}", stderr(&output));
        let secret = key.secret_text().splitn(5, '+').nth(4).unwrap().to_owned();
        assert!(!stderr(&output).contains(&secret));
        fs::write(ledger.path("signing.key"), key.secret_text().replacen('+', "-", 3)).unwrap();
        let output = ledger.run(&["checkpoint", "--key", "signing.key"]);
        assert!(code(&output) == 2 && !stderr(&output).contains(&secret), "{}", stderr(&output));
        assert!(!ledger.folder.path().join("export.jsonl").exists());
    }
}

#[cfg(unix)]
#[test]
fn what_is_written_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let ledger = Ledger::with_accounts();
    fs::write(ledger.path("export.jsonl"), "").unwrap();
    ledger.done(&["export", "--force", "--out", "export.jsonl"]);
    ledger.done(&["backup", "--to", "backup.db"]);
    for name in ["ledger.db", "export.jsonl", "backup.db"] {
        let mode = fs::metadata(ledger.path(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[test]
fn the_ledger_itself_is_audited_as_its_export_is() {
    let ledger = Ledger::with_accounts();
    ledger.done(&["pay", "1", "EURO", "--from", "alice", "--to", "bob"]);
    let (code, report) = verdict(&ledger.run(&["verify", "--json", "--db", "ledger.db"]));
    assert_eq!((code, &report["total_transactions"]), (0, &2.into()));
    // There is no file that has the hash of what was read.
    assert_eq!(report["input"]["sha256"], Value::Null);
    // A file that is named is what is verified, whatever the environment says.
    let file = vector("good.jsonl");
    let (code, report) = verdict(&ledger.run(&["verify", "--json", file.to_str().unwrap()]));
    assert_eq!((code, &report["total_transactions"]), (0, &20.into()));
}

#[test]
fn an_export_writes_over_nothing_that_is_not_one() {
    let (ledger, _) = signed(NAME, KeyKind::Ed25519);
    fs::write(ledger.path("countersign.toml"), "key = \"signing.key\"\n").unwrap();
    ledger.done(&["export", "--out", "export.jsonl"]);
    let older = fs::read(ledger.path("export.jsonl")).unwrap();
    ledger.done(&["pay", "5", "EURO", "--from", "alice", "--to", "bob"]);
    ledger.done(&["backup", "--to", "backup.db"]);
    let mut gzip = GzEncoder::new(fs::File::create(ledger.path("backup.db.gz")).unwrap(), Compression::fast());
    gzip.write_all(&fs::read(ledger.path("backup.db")).unwrap()).unwrap();
    gzip.finish().unwrap();
    let kept = ["ledger.db", "backup.db", "backup.db.gz", "signing.key", "countersign.toml", "./export.jsonl"];
    let before = kept.map(|name| fs::read(ledger.path(name)).unwrap());
    for (name, before) in kept.into_iter().zip(before) {
        let output = ledger.run(&["export", "--out", name]);
        assert!(code(&output) == 2 && stderr(&output).contains("there already"), "{name}: {}", stderr(&output));
        if name != "./export.jsonl" {
            let output = ledger.run(&["export", "--force", "--out", name]);
            assert!(
                code(&output) == 2 && stderr(&output).contains("no export stands there"),
                "{name}: {}",
                stderr(&output)
            );
        }
        assert!(fs::read(ledger.path(name)).unwrap() == before, "{name} was written over");
    }
    ledger.done(&["export", "--force", "--out", "export.jsonl"]);
    assert_ne!(fs::read(ledger.path("export.jsonl")).unwrap(), older);
    ledger.verifies();
    for _ in 0..2 {
        ledger.done(&["export", "--force", "--gzip", "--out", "export.jsonl"]);
    }
    ledger.verifies();
}

/// Whoever closes the pipe has seen enough.
#[test]
fn an_export_into_a_closed_pipe_is_no_error() {
    use std::process::Stdio;
    let ledger = Ledger::with_accounts();
    // Less than its buffer would be written in one go at the end, which is refused too.
    let mut export = ledger.command(&["export", "--out", "-"]);
    let mut export = export.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(export.stdout.take());
    let output = export.wait_with_output().unwrap();
    assert_eq!((code(&output), stderr(&output).as_str()), (0, ""));
}

#[test]
fn a_cosigner_without_a_key_signs_nothing_in_silence() {
    let ledger = Ledger::with_accounts();
    ledger.done(&["key", "new", "--name", NAME, "--cosigner", "--out", "cosigner.key"]);
    let output = ledger.run(&["export", "--cosigner", "cosigner.key", "--out", "export.jsonl"]);
    assert!(code(&output) == 2 && stderr(&output).contains("--key"), "{}", stderr(&output));
}

#[cfg(unix)]
#[test]
fn only_a_regular_file_is_written_over() {
    let ledger = Ledger::with_accounts();
    pipe(&ledger, "pipe");
    let output = ledger.run(&["export", "--force", "--out", "pipe"]);
    assert!(code(&output) == 2 && stderr(&output).contains("no regular file"), "{}", stderr(&output));
}

#[cfg(unix)]
fn pipe(ledger: &Ledger, name: &str) {
    assert!(std::process::Command::new("mkfifo").arg(ledger.path(name)).status().unwrap().success());
}

/// What was begun holds personal data, and nobody would know of it.
#[cfg(unix)]
#[test]
fn an_export_that_is_stopped_leaves_no_file() {
    let ledger = Ledger::with_accounts();
    for signal in ["INT", "TERM", "HUP"] {
        // Where it waits for its key, the export is begun.
        pipe(&ledger, "ledger.db.key");
        let mut export =
            ledger.command(&["export", "--key", "ledger.db.key", "--out", "export.jsonl"]).spawn().unwrap();
        let begun = || {
            let mut files = fs::read_dir(ledger.folder.path()).unwrap();
            files.any(|file| file.unwrap().file_name().to_str().unwrap().starts_with(".countersign-"))
        };
        while !begun() {
            assert_eq!(export.try_wait().unwrap(), None);
            std::thread::yield_now();
        }
        // Until it listens for signals, they end it as ever.
        std::thread::sleep(std::time::Duration::from_millis(500));
        let id = export.id().to_string();
        assert!(std::process::Command::new("kill").args(["-s", signal, &id]).status().unwrap().success());
        assert_eq!(export.wait().unwrap().code(), Some(130), "{signal}");
        fs::remove_file(ledger.path("ledger.db.key")).unwrap();
        assert_only_the_ledger(&ledger);
    }
}

#[cfg(unix)]
#[test]
fn a_backup_that_was_killed_is_named_to_the_next() {
    let ledger = Ledger::with_accounts();
    fs::write(ledger.path("backup.db.part"), "half").unwrap();
    let output = ledger.run(&["backup", "--to", "backup.db"]);
    assert!(code(&output) == 2 && stderr(&output).contains("backup.db.part: "), "{}", stderr(&output));
    assert!(stderr(&output).contains("remove it"), "{}", stderr(&output));
    fs::remove_file(ledger.path("backup.db.part")).unwrap();
    ledger.done(&["backup", "--to", "backup.db"]);
}

/// As somebody would who has the file and an SQL shell: the triggers are dropped first.
fn tamper(ledger: &Ledger, sql: &str) {
    let connection = rusqlite::Connection::open(ledger.path("ledger.db")).unwrap();
    let mut triggers = connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'").unwrap();
    let names: Vec<String> = triggers.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    drop(triggers);
    let kept: Vec<String> = names
        .iter()
        .map(|name| {
            let sql = "SELECT sql FROM sqlite_schema WHERE name = ?1";
            connection.query_row(sql, [name], |row| row.get(0)).unwrap()
        })
        .collect();
    names.iter().for_each(|name| connection.execute_batch(&format!("DROP TRIGGER {name}")).unwrap());
    connection.execute_batch(sql).unwrap();
    kept.iter().for_each(|sql| connection.execute_batch(sql).unwrap());
}

#[test]
fn what_the_entries_do_not_bear_out_is_not_signed() {
    let ledger = Ledger::with_accounts();
    ledger.done(&["key", "new", "--name", NAME, "--out", "ledger.key"]);
    ledger.done(&["pay", "1", "EURO", "--from", "alice", "--to", "bob"]);
    ledger.done(&["checkpoint", "--key", "ledger.key"]);
    let edit = "UPDATE entries SET amount_net = '9.0000' WHERE seq = 3";
    let root = format!("UPDATE nodes SET hash = '{}'", "ab".repeat(32));
    ledger.done(&["pay", "2", "EURO", "--from", "alice", "--to", "bob"]);
    for forged in [edit, &root] {
        tamper(&ledger, forged);
        ledger.finds_damage(&["checkpoint", "--key", "ledger.key"]);
        let output = ledger.run(&["export", "--key", "ledger.key", "--out", "export.jsonl"]);
        assert!(code(&output) != 0 && !fs::exists(ledger.path("export.jsonl")).unwrap(), "{forged}");
    }
}

/// The key vouches for what it signed before, and reads only what follows: the roots before the first entry are the
/// database's own.
#[test]
fn a_subtree_that_is_not_the_entries_is_found_and_exported_by_nobody() {
    let (ledger, _) = signed(NAME, KeyKind::Ed25519);
    ledger.done(&["checkpoint", "--key", "signing.key"]);
    tamper(&ledger, &format!("UPDATE nodes SET hash = '{}' WHERE level = 1 AND idx = 0", "ab".repeat(32)));
    for arguments in [&["--key", "signing.key"][..], &[], &["--last", "4"], &["--last", "3", "--gzip"]] {
        ledger.finds_damage(&[&["export", "--first", "3", "--out", "export.jsonl"], arguments].concat());
        assert!(!fs::exists(ledger.path("export.jsonl")).unwrap(), "{arguments:?}");
    }
    let output = ledger.run(&["verify", "--db", "ledger.db"]);
    assert!(code(&output) == 2 && stdout(&output).contains("over the entries 1 to 2 is not theirs"), "{output:?}");
    let output = ledger.run(&["watch", "--once", "--full", "--watch-folder", "watch"]);
    assert!(code(&output) == 1 && stdout(&output).contains("HEAD_DIFFERS: "), "{output:?}");
    assert_ne!(code(&ledger.run(&["backup", "--to", "backup.db"])), 0);
}

/// Whoever drops the last entries, and forgets the checkpoint of them.
#[test]
fn a_checkpoint_of_entries_that_are_gone_is_found() {
    let (ledger, key) = signed(NAME, KeyKind::Ed25519);
    ledger.done(&["checkpoint", "--key", "signing.key"]);
    let checkpoint = Checkpoint { origin: NAME.to_owned(), size: 7, root: countersign_core::hash::Hash::of(b"gone") };
    let connection = rusqlite::Connection::open(ledger.path("ledger.db")).unwrap();
    let insert = "INSERT INTO checkpoints (size, note, at) VALUES (7, ?1, '2026-01-01T00:00:00.000Z')";
    connection.execute(insert, [checkpoint.sign(&key, None)]).unwrap();
    for arguments in [&[][..], &["--key", &key.verifying_key().to_string()]] {
        let (code, report) = verdict(&ledger.run(&[&["verify", "--json"], arguments].concat()));
        assert_eq!((code, &report["findings"][0]["error_type"]), (1, &"EXPORT_TRUNCATED".into()), "{report}");
    }
}

const EDITS: [(&str, &str); 3] = [
    ("UPDATE entries SET amount_gross = '9.0000' WHERE seq = 2", "TRANSACTION_TAMPERED"),
    ("DELETE FROM entries WHERE seq = 2", "HASH_CHAIN_BROKEN"),
    (r#"UPDATE accounts SET balances = '{"EURO":"9999.0000"}' WHERE id = 'bob'"#, "DOCUMENT_MISMATCH"),
];

#[test]
fn a_tampered_database_is_found_out_and_no_backup_of_it_is_called_one() {
    for (sql, expected) in EDITS {
        let ledger = Ledger::with_accounts();
        for amount in ["1", "2", "3"] {
            ledger.done(&["pay", amount, "EURO", "--from", "alice", "--to", "bob"]);
        }
        tamper(&ledger, sql);
        let (verified, report) = verdict(&ledger.run(&["verify", "--json"]));
        assert_eq!((verified, &report["findings"][0]["error_type"]), (1, &expected.into()), "{sql}");
        let output = ledger.run(&["backup", "--to", "backup.db", "--json"]);
        let error: Value = serde_json::from_str(&stdout(&output)).unwrap();
        assert_eq!((code(&output), &error["error"]["code"]), (1, &"BACKUP_NOT_VERIFIED".into()), "{sql}");
        assert_only_the_ledger(&ledger);
    }
}

#[test]
fn a_head_that_is_not_that_of_the_entries_is_no_verified_ledger() {
    let ledger = Ledger::with_accounts();
    tamper(&ledger, &format!("UPDATE ledger SET hash = '{}'", "0".repeat(64)));
    assert_ne!(code(&ledger.run(&["verify"])), 0);
    assert_ne!(code(&ledger.run(&["backup", "--to", "backup.db"])), 0);
    // A chain whose head does not verify is not extended.
    assert_eq!(code(&ledger.run(&["pay", "1", "EURO", "--from", "alice", "--to", "bob"])), 2);
}

#[test]
fn a_backup_is_a_ledger_and_overwrites_nothing() {
    let ledger = Ledger::with_accounts();
    let made = ledger.json(&["backup", "--to", "backup.db"]);
    assert_eq!(made["entries"], 1);
    ledger.done(&["pay", "1", "EURO", "--from", "alice", "--to", "bob", "--db", "backup.db"]);
    ledger.done(&["verify", "--db", "backup.db"]);
    assert_eq!(ledger.balance("alice"), "1000.0000");
    assert_eq!(code(&ledger.run(&["backup", "--to", "backup.db"])), 2);
    assert_eq!(ledger.json(&["stats", "--db", "backup.db"])["entries"], 2);
    fs::write(ledger.path("other.db.part"), "somebody else's").unwrap();
    assert_ne!(code(&ledger.run(&["backup", "--to", "other.db"])), 0);
    assert_eq!(fs::read_to_string(ledger.path("other.db.part")).unwrap(), "somebody else's");
}
