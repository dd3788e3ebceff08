//! `countersign serve` and `token`: the ledger over HTTP, as a client meets it.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::ledger::{Ledger, NAME};
use super::{code, countersign, stderr, stdout};

/// A server of this project's, ended with the test.
pub(crate) struct Server {
    child: Child,
    address: String,
}

impl Server {
    pub(crate) fn start(ledger: &Ledger, arguments: &[&str]) -> Self {
        Self::start_logging(ledger, arguments, Stdio::null())
    }

    pub(crate) fn start_logging(ledger: &Ledger, arguments: &[&str], log: Stdio) -> Self {
        let all = [&["serve", "--listen", "127.0.0.1:0"], arguments].concat();
        let mut serve = ledger.command(&all);
        let mut child = serve.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("http://").unwrap().trim_end_matches('/').to_owned();
        Self { child, address }
    }

    /// Status, head and body of an answer.
    pub(crate) fn ask(&self, request: &str, headers: &str, body: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let length = if body.is_empty() { String::new() } else { format!("content-length: {}\r\n", body.len()) };
        write!(stream, "{request} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{length}{headers}\r\n{body}")
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let status = answer[9..12].parse().unwrap();
        (status, answer.split_once("\r\n\r\n").unwrap().1.to_owned())
    }

    /// As the system ends a process in order; whether it ended so.
    #[cfg(unix)]
    pub(crate) fn stop(mut self) -> bool {
        let pid = self.child.id().to_string();
        assert!(std::process::Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        self.child.wait().unwrap().success()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A server that does not start: one that does is ended.
pub(crate) fn refused(ledger: &Ledger, arguments: &[&str]) -> Output {
    let all = [&["serve", "--listen", "127.0.0.1:0"], arguments].concat();
    let mut child = ledger.command(&all).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let begun = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if begun.elapsed() > PATIENCE {
            child.kill().unwrap();
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    child.wait_with_output().unwrap()
}

/// How long a server may take not to start, or anything else that it does.
const PATIENCE: Duration = Duration::from_secs(30);

fn token(role: &str) -> (String, Value) {
    let output = countersign(&["token", "new", "--name", "desk-1", "--role", role, "--json"]);
    let made: Value = serde_json::from_str(&stdout(&output)).unwrap();
    (made["secret"].as_str().unwrap().to_owned(), made["token"].clone())
}

#[test]
fn a_token_is_shown_once_with_what_the_server_needs() {
    let output = countersign(&["token", "new", "--name", "desk-1", "--role", "operator"]);
    let shown = stdout(&output);
    assert!(shown.contains("countersign_") && shown.contains("[[server.tokens]]\nname = \"desk-1\""), "{shown}");
    let (secret, token) = token("auditor");
    assert_eq!(countersign_core::hash::Hash::of(secret.as_bytes()).to_string(), token["sha256"].as_str().unwrap());
    for name in ["", "a b", "SYSTEM", "TREASURY", "\"\n[server]", &"x".repeat(64)] {
        assert_eq!(code(&countersign(&["token", "new", "--name", name, "--role", "admin"])), 2, "{name:?}");
    }
    assert_eq!(code(&countersign(&["token", "new", "--name", "a", "--role", "root"])), 2);
}

const PAY: &str = r#"{"type":"TRANSFER","sender_id":"alice","receiver_id":"bob","currency":"EURO","amount":"100"}"#;

/// The settings of a server that takes an operator's orders; the headers of one.
fn writable(ledger: &Ledger) -> String {
    let (secret, token) = token("operator");
    let sha256 = token["sha256"].as_str().unwrap();
    let tokens = format!("[[server.tokens]]\nname = 'desk-1'\nrole = 'operator'\nsha256 = '{sha256}'\n");
    fs::write(ledger.path("countersign.toml"), format!("[server]\nwritable = true\n{tokens}")).unwrap();
    format!("authorization: Bearer {secret}\r\ncontent-type: application/json\r\nidempotency-key: 1\r\n")
}

/// Nobody asks for a directory or a replica and wants no watch. Both names may stand in an environment that a watch shares.
#[test]
fn what_belongs_to_a_watch_is_not_passed_over_without_one() {
    let ledger = Ledger::with_accounts();
    for flag in ["--watch-folder", "--replica"] {
        let output = refused(&ledger, &[flag, "elsewhere"]);
        let said = stderr(&output);
        assert!(
            output.status.code() == Some(2) && said.contains(&format!("{flag} is of no use without --watch")),
            "{said}"
        );
    }
    let all = ["serve", "--listen", "127.0.0.1:0", "--db", "nowhere.db"];
    let output = ledger.command(&all).env("COUNTERSIGN_WATCH_FOLDER", "watch").output().unwrap();
    assert!(stderr(&output).contains("there is no ledger at nowhere.db"), "{}", stderr(&output));
}

#[test]
fn checkpoints_that_nobody_signs_are_told() {
    let ledger = Ledger::with_accounts();
    let settings = "[server]\nwritable = true\n[engine]\ncheckpoint_every_entries = 10\n";
    fs::write(ledger.path("countersign.toml"), settings).unwrap();
    let log = || fs::File::create(ledger.path("log")).unwrap();
    let logged = || fs::read_to_string(ledger.path("log")).unwrap();
    let warning = "checkpoint_every_entries and checkpoint_every_seconds sign nothing: no key is named";
    drop(Server::start_logging(&ledger, &[], log().into()));
    assert!(logged().contains("WARN") && logged().contains(warning), "{}", logged());
    ledger.done(&["key", "new", "--name", NAME, "--out", "key"]);
    drop(Server::start_logging(&ledger, &["--key", "key"], log().into()));
    assert!(!logged().contains(warning), "{}", logged());
}

/// As where its disk is full.
#[cfg(target_os = "linux")]
#[test]
fn a_log_that_cannot_be_written_keeps_nobody_from_his_answer() {
    let ledger = Ledger::with_accounts();
    let headers = writable(&ledger);
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let server = Server::start_logging(&ledger, &[], full.into());
    let (status, answer) = server.ask("POST /api/v1/transactions", &headers, PAY);
    assert!((200..300).contains(&status), "{status} {answer}");
    let (_, figures) = server.ask("GET /metrics", &headers, "");
    let lost = figures.lines().find_map(|line| line.strip_prefix("countersign_log_lines_lost_total "));
    assert!(lost.is_some_and(|lost| lost.parse::<u64>().unwrap() > 0), "{figures}");
    assert!(server.stop(), "it did not end in order");
}

#[test]
fn what_is_ordered_over_http_is_settled_and_survives_the_server() {
    let ledger = Ledger::with_accounts();
    let headers = writable(&ledger);
    let server = Server::start(&ledger, &[]);
    let (status, first) = server.ask("POST /api/v1/transactions", &headers, PAY);
    assert!((200..300).contains(&status), "{status} {first}");
    let (_, again) = server.ask("POST /api/v1/transactions", &headers, PAY);
    let id = |answer: &str| serde_json::from_str::<Value>(answer).unwrap()["transaction_id"].clone();
    assert_eq!(id(&first), id(&again));
    assert_eq!(server.ask("POST /api/v1/transactions", "content-type: application/json\r\n", PAY).0, 401);
    // Another process on the same file, at the same time.
    ledger.done(&["pay", "50", "EURO", "--from", "alice", "--to", "carol"]);
    #[cfg(unix)]
    assert!(server.stop(), "it did not end in order");
    assert_eq!(ledger.balance("alice"), "850.0000");
    ledger.verifies();
}

#[test]
fn a_ledger_that_cannot_be_written_takes_no_orders() {
    let ledger = Ledger::with_accounts();
    let file = rusqlite::Connection::open(ledger.path("ledger.db")).unwrap();
    let smallest = i64::MIN;
    let refuses = format!("CREATE INDEX none ON acts (abs(CASE kind WHEN 'HALT' THEN {smallest} ELSE 1 END))");
    file.execute_batch(&refuses).unwrap();
    let output = refused(&ledger, &["--writable"]);
    let said = stderr(&output);
    assert!(output.status.code() == Some(2) && said.contains("--writable: the ledger cannot be written: "), "{said}");
}

#[test]
fn unless_told_otherwise_it_only_reads() {
    let ledger = Ledger::with_accounts();
    let server = Server::start(&ledger, &[]);
    assert_eq!(server.ask("GET /healthz", "", "").0, 200);
    assert_eq!(server.ask("GET /api/v1/stats", "", "").0, 401);
    assert!(server.ask("POST /api/v1/transactions", "content-type: application/json\r\n", PAY).0 >= 400);
    assert_eq!(ledger.balance("alice"), "1000.0000");
}

#[test]
fn an_address_that_is_taken_is_said() {
    let ledger = Ledger::with_accounts();
    let server = Server::start(&ledger, &[]);
    let output = ledger.run(&["serve", "--listen", &server.address]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains(&server.address), "{}", stderr(&output));
}

#[test]
fn a_watch_within_the_server_needs_its_directory() {
    let ledger = Ledger::with_accounts();
    let output = ledger.run(&["serve", "--listen", "127.0.0.1:0", "--watch"]);
    assert!(code(&output) == 2 && stderr(&output).contains("--watch-folder"), "{}", stderr(&output));
    let server = Server::start(&ledger, &["--watch", "--watch-folder", "watch"]);
    assert_eq!(server.ask("GET /readyz", "", "").0, 200);
    assert!(ledger.folder.path().join("watch/lock").exists());
}

#[cfg(unix)]
#[test]
fn a_server_with_a_watch_is_replaced() {
    let ledger = Ledger::with_accounts();
    let within = ["--watch", "--watch-folder", "watch"];
    let old = Server::start(&ledger, &within);
    let new = Server::start(&ledger, &within);
    for server in [&old, &new] {
        assert_eq!(server.ask("GET /readyz", "", "").0, 200);
    }
    assert!(old.stop(), "it did not end in order");
    // The new one's watch takes over: another is refused again.
    let refused = || {
        let output = ledger.run(&["watch", "--once", "--watch-folder", "watch"]);
        let refused = code(&output) == 2 && stderr(&output).contains("another watch");
        // One that was not had the lock itself: time for the new one to take it.
        if !refused {
            std::thread::sleep(Duration::from_millis(150));
        }
        refused
    };
    assert!((0..100).any(|_| refused()), "nobody watches");
    assert_eq!(new.ask("GET /readyz", "", "").0, 200);
}
