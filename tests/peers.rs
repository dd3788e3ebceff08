//! Others read what this project writes: jq and sha256sum its entries, golang.org/x/mod its checkpoints and
//! proofs.
#![expect(clippy::unwrap_used, reason = "a helper of a test may panic as the test itself may")]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use countersign_core::checkpoint::{Checkpoint, KeyKind, SigningKey};
use countersign_core::merkle::{consistency_proof, inclusion_proof};
use countersign_core::settle::Order;
use countersign_core::timestamp::Timestamp;
use countersign_engine::{Config, Engine, NewAccount, Request};
use countersign_store::export::{self, Extent};
use countersign_store::{Identity, Location, Store, Tree};
use serde_json::{Value, json};

const LEDGER: &str = "tests.example/peers";
/// No power of two: its tree has a ragged edge.
const ENTRIES: u64 = 45;

fn root() -> PathBuf {
    // Asked for when the test runs: one target directory may serve more than one clone.
    Path::new(&std::env::var_os("CARGO_MANIFEST_DIR").unwrap()).parent().unwrap().to_owned()
}

/// A ledger that the engine has written, with texts that need escaping in JSON.
fn ledger(folder: &Path) -> Arc<dyn Store> {
    let location = Location::Sqlite(folder.join("ledger.db"));
    let identity = Identity { ledger: LEDGER.to_owned(), ledger_id: "5e".repeat(16) };
    let now = Timestamp::from_millis(1_770_000_000_000);
    let store: Arc<dyn Store> = countersign_store::create(&location, &identity, now).unwrap().into();
    let mut config = Config::default();
    config.shield.velocity.enabled = false;
    let engine = Engine::start(store.clone(), config).unwrap();
    for id in ["a", "b"] {
        engine.open_account(NewAccount { id: id.to_owned(), username: Some(format!("Ștefan „{id}”\\")) }).unwrap();
    }
    engine.settle(Request::of(order("SYSTEM_MINT", "SYSTEM", "a", "5000"))).unwrap();
    for i in 1..ENTRIES {
        let mut order = order("TRANSFER", "a", "b", &format!("{i}.{i:04}"));
        order.description = (i % 3 > 0).then(|| format!("note {i}: \"金\" / \\ é"));
        order.reference_id = (i % 2 > 0).then(|| format!("order-{i}"));
        engine.settle(Request::of(order)).unwrap();
    }
    engine.shutdown();
    store
}

fn order(kind: &str, sender: &str, receiver: &str, amount: &str) -> Order {
    Order {
        kind: kind.to_owned(),
        sender_id: sender.to_owned(),
        receiver_id: receiver.to_owned(),
        currency: Some("EURO".to_owned()),
        amount: Some(amount.to_owned()),
        operator_id: (sender == "SYSTEM").then(|| "op".to_owned()),
        ..Order::default()
    }
}

fn entries(store: &dyn Store) -> Vec<String> {
    let mut out = Vec::new();
    let mut snapshot = store.snapshot().unwrap();
    export::write(&mut *snapshot, store.identity(), &Extent::default(), &mut |_, _| Vec::new(), &mut out).unwrap();
    let lines = String::from_utf8(out).unwrap();
    lines.lines().filter(|line| line.starts_with("{\"seq\"")).map(str::to_owned).collect()
}

fn run(command: &mut Command, input: &[u8]) -> Output {
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap_or_else(|error| {
            panic!("{command:?}: {error}; `cargo xtask test` installs it, or says what to install")
        });
    child.stdin.take().unwrap().write_all(input).unwrap();
    child.wait_with_output().unwrap()
}

/// The recipes as docs/format.md has them, each up to its comment.
fn recipes() -> Vec<(String, String)> {
    let page = std::fs::read_to_string(root().join("docs/format.md")).unwrap();
    let recipe = |text: &str| {
        let (command, comment) = text.split_once('#').unwrap();
        let key = comment.lines().next().unwrap().trim().strip_prefix("must print ").unwrap().to_owned();
        (key, format!("jq -j {}", command.replace("entry.json", "-").trim()))
    };
    page.split("    jq -j ").skip(1).map(recipe).collect()
}

#[test]
fn by_hand_with_jq_and_sha256sum() {
    let folder = tempfile::tempdir().unwrap();
    let store = ledger(folder.path());
    let recipes = recipes();
    assert_eq!(recipes.iter().map(|(key, _)| key.as_str()).collect::<Vec<_>>(), ["current_hash", "personal_hash"]);
    let entries = entries(&*store);
    assert_eq!(entries.len() as u64, ENTRIES);
    for entry in &entries {
        let value: Value = serde_json::from_str(entry).unwrap();
        for (key, recipe) in &recipes {
            let output = run(Command::new("sh").args(["-c", recipe]), entry.as_bytes());
            let printed = String::from_utf8(output.stdout).unwrap();
            assert_eq!(printed.split_whitespace().next(), value[key].as_str(), "{recipe}\n{entry}");
        }
    }
}

/// What the Go program is given: a checkpoint of everything, a proof for every entry and every earlier size.
fn evidence(store: &dyn Store) -> Value {
    let key = SigningKey::from_seed(LEDGER, [7; 32], KeyKind::Ed25519).unwrap();
    let witness = SigningKey::from_seed("tests.example/witness", [8; 32], KeyKind::CosignatureV1).unwrap();
    let tree = Tree(store);
    let checkpoint = Checkpoint { origin: LEDGER.to_owned(), size: ENTRIES, root: tree.root(ENTRIES).unwrap() };
    let inclusion = (1..=ENTRIES).map(|seq| {
        let record = store.entry(seq).unwrap().unwrap().current_hash;
        json!({"index": seq - 1, "record": record, "proof": inclusion_proof(&tree, seq - 1, ENTRIES).unwrap()})
    });
    let consistency = (1..=ENTRIES).map(|size| {
        let proof = consistency_proof(&tree, size, ENTRIES).unwrap();
        json!({"size": size, "root": tree.root(size).unwrap(), "proof": proof})
    });
    json!({
        "key": key.verifying_key().to_string(),
        "note": checkpoint.sign(&key, Some((&witness, 1_770_000_000))),
        "inclusion": inclusion.collect::<Vec<_>>(),
        "consistency": consistency.collect::<Vec<_>>(),
    })
}

#[test]
fn checkpoints_and_proofs_with_golang_sumdb() {
    let folder = tempfile::tempdir().unwrap();
    let store = ledger(folder.path());
    let program = folder.path().join("sumdb");
    let mut go = Command::new("go");
    go.args(["build", "-o"]).arg(&program).arg(root().join("tests/peers/sumdb/main.go"));
    // Debian's library is no module: it lies on a GOPATH.
    go.env("GO111MODULE", "off").env("GOPATH", "/usr/share/gocode").env("GOCACHE", folder.path().join("cache"));
    let built = run(&mut go, b"");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let read = |evidence: &Value| run(&mut Command::new(&program), evidence.to_string().as_bytes());

    let evidence = evidence(&*store);
    let output = read(&evidence);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let expected = format!("size {ENTRIES}, {ENTRIES} inclusion proofs, {ENTRIES} consistency proofs\n");
    assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);

    // A reader that accepts anything would prove nothing.
    let other_digit = |text: &str| {
        let digit = text.chars().find(|c| *c != '0').unwrap();
        text.replace(digit, "0")
    };
    for pointer in ["/inclusion/7/record", "/inclusion/30/proof/2", "/consistency/20/root", "/note"] {
        let mut forged = evidence.clone();
        let text = forged.pointer(pointer).unwrap().as_str().unwrap();
        let text = match pointer {
            // What is signed: a reader that does not know the witness ignores its line.
            "/note" => text.replacen(&format!("\n{ENTRIES}\n"), &format!("\n{}\n", ENTRIES - 1), 1),
            _ => other_digit(text),
        };
        *forged.pointer_mut(pointer).unwrap() = text.into();
        assert!(forged != evidence && !read(&forged).status.success(), "{pointer} may be anything");
    }
}
