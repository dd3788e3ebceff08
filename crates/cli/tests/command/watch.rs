//! `countersign watch --once`: what is new audited, a finding halts.

use std::io::{BufRead, BufReader, Read, Write};

use serde_json::Value;

use super::ledger::Ledger;
use super::{code, stderr, stdout};

#[test]
fn an_audit_that_finds_something_halts_the_ledger() {
    let ledger = Ledger::with_accounts();
    let watch = ["watch", "--once", "--watch-folder", "watch", "--json"];
    let result = |output: &std::process::Output| serde_json::from_str::<Value>(&stdout(output)).unwrap();
    let output = ledger.run(&watch);
    assert_eq!((code(&output), &result(&output)["verdict"]), (0, &"valid".into()), "{}", stderr(&output));
    ledger.done(&["pay", "1", "EURO", "--from", "alice", "--to", "bob"]);
    assert_eq!(code(&ledger.run(&watch)), 0);
    let connection = rusqlite::Connection::open(ledger.path("ledger.db")).unwrap();
    connection.execute("UPDATE accounts SET balances = '{}' WHERE id = 'bob'", []).unwrap();
    drop(connection);
    let output = ledger.run(&watch);
    assert_eq!((code(&output), &result(&output)["verdict"]), (1, &"invalid".into()), "{}", stderr(&output));
    ledger.refused(&["pay", "1", "EURO", "--from", "alice", "--to", "bob"], "HALTED");
    let words = ledger.run(&["watch", "--once", "--full", "--watch-folder", "watch"]);
    assert!(stdout(&words).contains("DOCUMENT_MISMATCH"), "{}", stdout(&words));
    assert!(stdout(&words).contains("The ledger is halted."), "{}", stdout(&words));
    assert_eq!(result(&output)["halted"], true);
}

/// As where the disk of the log is full.
#[cfg(target_os = "linux")]
#[test]
fn a_log_that_cannot_be_written_keeps_no_audit_from_its_verdict() {
    let ledger = Ledger::with_accounts();
    let audit = || {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        ledger.command(&["watch", "--once", "--full", "--watch-folder", "watch"]).stderr(full).output().unwrap()
    };
    assert_eq!(code(&audit()), 0);
    let connection = rusqlite::Connection::open(ledger.path("ledger.db")).unwrap();
    connection.execute("UPDATE accounts SET balances = '{}' WHERE id = 'alice'", []).unwrap();
    drop(connection);
    let found = audit();
    assert!(code(&found) == 1 && stdout(&found).contains("The ledger is halted."), "{}", stdout(&found));
}

/// Who halted for maintenance knows why, and lifts that: not what an audit found meanwhile.
#[test]
fn a_finding_is_not_lifted_with_the_halt_that_stood_before() {
    let ledger = Ledger::with_accounts();
    let watch = ["watch", "--once", "--watch-folder", "watch"];
    ledger.done(&watch);
    ledger.done(&["halt", "--reason", "maintenance until noon"]);
    let again = ledger.done(&["halt", "--reason", "another", "--operator", "op-2"]);
    assert!(again.contains("was halted already") && again.contains("by op-1"), "{again}");
    assert!(again.contains("maintenance until noon") && !again.contains("another"), "{again}");
    let connection = rusqlite::Connection::open(ledger.path("ledger.db")).unwrap();
    connection.execute(r#"UPDATE accounts SET balances = '{"EURO":"9.0000"}' WHERE id = 'bob'"#, []).unwrap();
    drop(connection);
    assert_eq!(code(&ledger.run(&watch)), 1);
    ledger.refused(&["resume", "--reason", "maintenance done"], "HALT_NOT_NAMED");
    ledger.refused(&["resume", "--reason", "maintenance done", "--of", "op-1"], "HALT_NOT_NAMED");
    let said = stderr(&ledger.run(&["resume", "--reason", "maintenance done"]));
    for part in
        ["by watch", "DOCUMENT_MISMATCH", "before, by op-1 since", "maintenance until noon", "resume --of watch"]
    {
        assert!(said.contains(part), "{part}: {said}");
    }
    ledger.refused(&["pay", "1", "EURO", "--from", "bob", "--to", "carol"], "HALTED");
    let acts = ledger.json(&["acts", "--limit", "2"]);
    assert_eq!([&acts[0]["kind"], &acts[0]["by"], &acts[1]["by"]], ["HALT", "watch", "op-1"]);
    let again = ledger.done(&["halt", "--reason", "once more"]);
    assert!(again.contains("by watch") && again.contains("`countersign resume --of watch`"), "{again}");
    ledger.done(&["resume", "--reason", "looked into", "--of", "watch"]);
    ledger.refused(&["halt", "--reason", "in another's name", "--operator", "watch"], "INVALID_FIELD");
}

/// The database takes no halt, as one that is full or read-only takes none.
#[test]
fn what_could_not_be_halted_is_not_said_to_be() {
    let ledger = Ledger::with_accounts();
    let connection = rusqlite::Connection::open(ledger.path("ledger.db")).unwrap();
    let smallest = i64::MIN;
    let index = format!("CREATE INDEX none ON acts (abs(CASE kind WHEN 'HALT' THEN {smallest} ELSE 1 END))");
    connection.execute_batch(&index).unwrap();
    connection.execute("UPDATE accounts SET balances = '{}' WHERE id = 'alice'", []).unwrap();
    drop(connection);
    let output = ledger.run(&["watch", "--once", "--watch-folder", "watch", "--json"]);
    let result: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!((code(&output), &result["verdict"], &result["halted"]), (1, &"invalid".into(), &false.into()));
    let words = ledger.run(&["watch", "--once", "--watch-folder", "watch"]);
    let text = stdout(&words);
    assert!(code(&words) == 1 && text.contains("COULD NOT BE HALTED: run `countersign halt`"), "{text}");
}

/// A path that is misspelt, or a folder that somebody emptied, is a watch that knows nothing.
#[test]
fn an_audit_without_a_saved_state_says_so() {
    let ledger = Ledger::with_accounts();
    let watch = ["watch", "--once", "--watch-folder", "watch"];
    let unseen = "no saved state to hold the ledger against: what was dropped or rewritten before now cannot be seen";
    let first = ledger.done(&watch);
    assert!(first.contains("all of them read") && first.contains(unseen), "{first}");
    let second = ledger.done(&watch);
    assert!(second.contains("what is new read") && !second.contains(unseen), "{second}");
    assert_eq!(ledger.json(&watch)["without_state"], false);
    let over = ledger.done(&[&watch[..], &["--start-over"]].concat());
    assert!(over.contains("The saved state is now ") && over.contains(unseen), "{over}");
    let elsewhere = ["watch", "--once", "--watch-folder", "elsewhere", "--start-over"];
    let none = ledger.done(&elsewhere);
    assert!(none.starts_with("There is no saved state in elsewhere: ") && none.contains(unseen), "{none}");
    assert_eq!(ledger.json(&["watch", "--once", "--watch-folder", "third"])["without_state"], true);
}

#[test]
fn a_watch_needs_a_directory_of_its_own_and_shows_no_password() {
    let ledger = Ledger::empty();
    let output = ledger.run(&["watch", "--once"]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("--watch-folder"), "{}", stderr(&output));
    let replica = ["watch", "--once", "--watch-folder", "watch", "--replica", "mysql://u:hunter2@h/x"];
    let output = ledger.run(&replica);
    let said = stderr(&output);
    assert!(code(&output) == 2 && said.contains("--replica") && !said.contains("hunter2"), "{said}");
}

/// Takes what is posted, and says so with 200.
fn hook() -> (String, std::sync::mpsc::Receiver<Value>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/", listener.local_addr().unwrap());
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut reader = BufReader::new(&mut stream);
            let mut length = 0;
            let mut line = String::new();
            while reader.read_line(&mut line).unwrap() > 2 {
                let value = line.to_ascii_lowercase();
                length = value.strip_prefix("content-length:").map_or(length, |value| value.trim().parse().unwrap());
                line.clear();
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            tell.send(serde_json::from_slice(&body).unwrap()).unwrap();
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").unwrap();
        }
    });
    (address, told)
}

/// Under cron nobody looks at an exit status.
#[test]
fn a_ledger_that_cannot_be_opened_is_told() {
    let ledger = Ledger::with_accounts();
    let (address, told) = hook();
    let run = |db: &str| {
        let mut command = ledger.command(&["watch", "--once", "--watch-folder", "watch", "--db", db]);
        command.env("COUNTERSIGN_WEBHOOK_URL", &address).output().unwrap()
    };
    for _ in 0..2 {
        let output = run("postgres://nobody:hunter2@127.0.0.1:1/none");
        assert_eq!(code(&output), 2, "{}", stderr(&output));
    }
    assert_eq!(code(&run("ledger.db")), 0);
    let texts: Vec<String> = told.try_iter().map(|body| body["text"].to_string()).collect();
    assert_eq!(texts.len(), 2, "{texts:?}");
    assert!(texts[0].contains("AUDIT_FAILED: the ledger could not be audited: "), "{texts:?}");
    assert!(texts[0].contains("127.0.0.1:1/none") && !texts[0].contains("hunter2"), "{texts:?}");
    assert!(texts[1].contains("RECOVERED AUDIT_FAILED"), "{texts:?}");
}

/// Whoever is told looks for the machine that it is about.
#[test]
fn a_replica_that_is_down_is_told_as_one() {
    let ledger = Ledger::with_accounts();
    let (address, told) = hook();
    let replica = "postgres://looks:hunter2@127.0.0.1:1/none";
    let mut command = ledger.command(&["watch", "--once", "--watch-folder", "watch", "--replica", replica]);
    let output = command.env("COUNTERSIGN_WEBHOOK_URL", &address).output().unwrap();
    assert_eq!(code(&output), 2);
    let text = told.try_iter().next().unwrap()["text"].to_string();
    for said in [stderr(&output), text] {
        let names = said.contains("the replica postgres://looks@127.0.0.1:1/none: ") && !said.contains("hunter2");
        assert!(names, "{said}");
    }
}

/// Before there is a finding.
#[test]
fn a_watch_that_could_not_halt_says_so() {
    let ledger = Ledger::with_accounts();
    let (address, told) = hook();
    let raw = |sql: &str| rusqlite::Connection::open(ledger.path("ledger.db")).unwrap().execute_batch(sql).unwrap();
    let smallest = i64::MIN;
    let run = || {
        let mut command = ledger.command(&["watch", "--once", "--watch-folder", "watch"]);
        command.env("COUNTERSIGN_WEBHOOK_URL", &address).output().unwrap();
        told.try_iter().map(|body| body["text"].to_string()).collect::<Vec<_>>()
    };
    assert_eq!(run(), Vec::<String>::new());
    raw(&format!("CREATE INDEX none ON acts (abs(CASE kind WHEN 'HALT' THEN {smallest} ELSE 1 END))"));
    let texts = run();
    assert!(texts[0].contains("CANNOT_HALT: were anything found, it could not be halted: "), "{texts:?}");
    raw("DROP INDEX none");
    assert!(run().iter().any(|text| text.contains("RECOVERED CANNOT_HALT")));
}
