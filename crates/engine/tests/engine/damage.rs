//! What is damaged is not built upon; and what is whole is vouched for.

use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};

use countersign_core::hash::Hash;
use countersign_engine::notary::Signer;
use countersign_engine::{Engine, EngineError, Parts, Request};
use countersign_store::{Batch, Head, SignedCheckpoint, Wanted};

use crate::audit::verify;
use crate::double::{Double, Mishap};
use crate::ledger::*;

on_each_store!(
    checkpoints_come_every_so_many_entries,
    checkpoints_come_by_age,
    a_checkpoint_when_asked,
    checkpoints_go_on_after_a_clock_was_ahead,
    checkpoints_go_on_beside_one_of_what_is_not_there,
    a_new_key_counts_from_its_own_checkpoints,
    a_damaged_account_spoils_no_other_order,
    an_edit_without_a_version_is_told_in_company,
);

#[derive(Debug, Default)]
struct Pen(Mutex<Vec<(u64, Hash)>>);

impl Signer for Pen {
    fn sign(&self, size: u64, root: &Hash, _: u64) -> String {
        self.0.lock().unwrap().push((size, *root));
        format!("note of {size} {root}")
    }

    fn opens(&self, note: &str) -> Option<(u64, Hash)> {
        let (size, root) = note.strip_prefix("note of ")?.split_once(' ')?;
        Some((size.parse().ok()?, Hash::parse(root)?))
    }
}

fn signed(ledger: &Ledger, entries: u64, seconds: u64) -> (Arc<Pen>, Clock, Engine) {
    let (pen, clock) = (Arc::new(Pen::default()), Clock::new());
    let mut config = unshielded();
    (config.checkpoint_every_entries, config.checkpoint_every_seconds) = (entries, seconds);
    let parts = Parts { signer: Some(pen.clone()), ..by(&clock) };
    let engine = Engine::start_with(ledger.open(), config, parts).unwrap();
    open_accounts(&engine, &["ada"]);
    (pen, clock, engine)
}

fn sizes(pen: &Pen) -> Vec<u64> {
    pen.0.lock().unwrap().iter().map(|(size, _)| *size).collect()
}

fn checkpoints_come_every_so_many_entries(ledger: &Ledger) {
    let (pen, _, engine) = signed(ledger, 3, 0);
    (0..7).for_each(|_| drop(mint(&engine, "ada", "1")));
    assert_eq!(sizes(&pen), [3, 6]);
    let kept = engine.store().checkpoint(None).unwrap().unwrap();
    assert_eq!((kept.size, &kept.note[..10]), (6, "note of 6 "));
    assert_eq!(engine.store().checkpoint(Some(5)).unwrap().unwrap().size, 3);
    engine.shutdown();
    // The next process goes on counting from the last one that is kept.
    let (pen, _, engine) = signed_again(ledger, 3, 0);
    mint(&engine, "ada", "1");
    mint(&engine, "ada", "1");
    let head = engine.store().load(&Wanted::default()).unwrap().head;
    assert_eq!(*pen.0.lock().unwrap(), [(9, head.range.root().unwrap())]);
}

fn signed_again(ledger: &Ledger, entries: u64, seconds: u64) -> (Arc<Pen>, Clock, Engine) {
    let (pen, clock) = (Arc::new(Pen::default()), Clock::new());
    let mut config = unshielded();
    (config.checkpoint_every_entries, config.checkpoint_every_seconds) = (entries, seconds);
    let parts = Parts { signer: Some(pen.clone()), ..by(&clock) };
    (pen, clock, Engine::start_with(ledger.open(), config, parts).unwrap())
}

fn checkpoints_come_by_age(ledger: &Ledger) {
    let (pen, clock, engine) = signed(ledger, 0, 60);
    mint(&engine, "ada", "1");
    clock.advance(59);
    mint(&engine, "ada", "1");
    clock.advance(1);
    // With nothing to settle either: a refused order is enough to look at the clock.
    let nothing = || assert_eq!(code(&engine, order("TRANSFER", "ada", "nobody", "1")), "UNKNOWN_ACCOUNT");
    nothing();
    nothing();
    assert_eq!(sizes(&pen), [2]);
    clock.advance(61);
    nothing();
    nothing();
    assert_eq!(sizes(&pen), [2], "there is nothing new to sign");
    mint(&engine, "ada", "1");
    assert_eq!(engine.store().checkpoint(None).unwrap().unwrap().size, 3);
}

fn checkpoints_go_on_after_a_clock_was_ahead(ledger: &Ledger) {
    let (pen, clock, engine) = signed(ledger, 0, 60);
    let signed_after = |seconds| {
        let before = sizes(&pen).len();
        clock.advance(seconds);
        mint(&engine, "ada", "1");
        sizes(&pen).len() > before
    };
    assert!(!signed_after(0));
    clock.advance(365 * 86_400);
    mint(&engine, "ada", "1");
    assert!(!sizes(&pen).is_empty());
    assert!(signed_after(-365 * 86_400), "the last one is of a time that has not come");
    assert!(!signed_after(1));
    let before = sizes(&pen).len();
    clock.advance(60);
    (0..2).for_each(|_| drop(mint(&engine, "ada", "1")));
    assert_eq!(sizes(&pen).len(), before + 1);
}

/// Somebody put it into the database, of more entries than there will ever be.
fn checkpoints_go_on_beside_one_of_what_is_not_there(ledger: &Ledger) {
    for (entries, seconds) in [(3, 0), (0, 60)] {
        let place = ledger.another();
        let (_, _, engine) = signed(&place, entries, seconds);
        mint(&engine, "ada", "1");
        engine.shutdown();
        place.insert_checkpoint(1 << 53, "note of whoever");
        let (pen, clock, engine) = signed_again(&place, entries, seconds);
        mint(&engine, "ada", "1");
        clock.advance(60);
        mint(&engine, "ada", "1");
        assert!(!sizes(&pen).is_empty());
    }
}

/// One that another key signed, or that lacks the cosigner of today, vouches for nothing to whoever has today's keys.
fn a_new_key_counts_from_its_own_checkpoints(ledger: &Ledger) {
    let (_, _, engine) = signed(ledger, 3, 0);
    (0..4).for_each(|_| drop(mint(&engine, "ada", "1")));
    let kept = || engine.store().checkpoint(None).unwrap().unwrap();
    assert_eq!(kept().size, 3);
    let another = SignedCheckpoint { note: "of another key".to_owned(), size: 4, ..kept() };
    engine.store().keep_checkpoint(&another).unwrap();
    engine.shutdown();
    let (pen, _, engine) = signed_again(ledger, 3, 0);
    (0..2).for_each(|_| drop(mint(&engine, "ada", "1")));
    assert_eq!(sizes(&pen), [6], "three after its own");
}

fn a_checkpoint_when_asked(ledger: &Ledger) {
    let (pen, _, engine) = signed(ledger, 0, 0);
    mint(&engine, "ada", "1");
    assert_eq!(engine.checkpoint().unwrap().unwrap().size, 1);
    assert_eq!((sizes(&pen), engine.store().checkpoint(None).unwrap().unwrap().size), (vec![1], 1));
    engine.shutdown();
    assert_eq!(ledger.engine(unshielded()).checkpoint().unwrap(), None);
}

/// All of these wait while the first is written, and are one batch.
fn a_damaged_account_spoils_no_other_order(ledger: &Ledger) {
    let (codes, store) = beside_an_edit(ledger, r#"accounts SET balances = '{"EURO":"much"}' WHERE id = 'ben'"#);
    assert_eq!(codes, ["", "", "STORE_DAMAGED", "", ""]);
    assert_eq!(entries(&*store), 5);
}

/// That can be read, and is not what it was: it says so once, however many orders come with it.
fn an_edit_without_a_version_is_told_in_company(ledger: &Ledger) {
    let (codes, store) = beside_an_edit(ledger, r#"accounts SET balances = '{"EURO":"100.0000"}' WHERE id = 'ben'"#);
    assert_eq!(codes, ["STORE_DAMAGED"; 5]);
    assert_eq!(entries(&*store), 1);
}

/// What five orders are told, of which the third names an account that somebody edits while they wait.
fn beside_an_edit(ledger: &Ledger, edit: &str) -> (Vec<&'static str>, Arc<Double>) {
    let store = Arc::new(Double::of(ledger.open()));
    let engine = Engine::start(store.clone(), unshielded()).unwrap();
    open_accounts(&engine, &["ada", "ben", "cleo", "dov"]);
    let (go, wait) = channel::<()>();
    let (began, begun) = channel();
    store.on_commit([Mishap::First(Box::new(move || {
        began.send(()).unwrap();
        wait.recv().unwrap();
    }))]);
    let held = submit(&engine, vec![Request::of(order("SYSTEM_MINT", "SYSTEM", "ada", "1"))]);
    begun.recv().unwrap();
    ledger.edit(edit);
    let each = |name| Request::of(order("SYSTEM_MINT", "SYSTEM", name, "1"));
    let answers = submit(&engine, ["ada", "cleo", "ben", "dov", "ada"].map(each).into());
    go.send(()).unwrap();
    held[0].recv().unwrap().unwrap();
    let answers: Vec<_> = answers.iter().map(|answer| answer.recv().unwrap()).collect();
    (answers.iter().map(|answer| answer.as_ref().map_or_else(EngineError::code, |_| "")).collect(), store)
}

fn forge(ledger: &Ledger, sql: &str) {
    rusqlite::Connection::open(ledger.url()).unwrap().execute_batch(sql).unwrap();
}

/// Three entries, and the roots of subtrees that whoever writes the database puts in place of theirs.
fn with_forged_roots(more: &str) -> (Ledger, Arc<Pen>, Engine) {
    let ledger = sqlite();
    let (pen, _, engine) = signed(&ledger, 0, 0);
    (0..3).for_each(|_| drop(mint(&engine, "ada", "1")));
    let root = "ab".repeat(32);
    forge(&ledger, &format!("UPDATE ledger SET roots = '[\"{root}\",\"{root}\"]'{more}"));
    (ledger, pen, engine)
}

#[test]
fn a_root_that_somebody_wrote_into_the_database_is_not_signed() {
    // With its version as it was, and as one who writes by the rules would leave it.
    for more in ["", ", version = version + 1"] {
        let (ledger, pen, engine) = with_forged_roots(more);
        let error = engine.checkpoint().unwrap_err();
        assert_eq!(error.code(), "STORE_DAMAGED", "{error}");
        assert_eq!(sizes(&pen), [0; 0]);
        engine.shutdown();
        let error = Engine::start(ledger.open(), unshielded()).unwrap_err();
        assert_eq!(error.code(), "STORE_DAMAGED", "{error}");
    }
}

#[test]
fn a_root_that_somebody_wrote_is_not_signed_with_the_next_batch() {
    let ledger = sqlite();
    let (pen, _, engine) = signed(&ledger, 4, 0);
    (0..3).for_each(|_| drop(mint(&engine, "ada", "1")));
    let root = "ab".repeat(32);
    forge(&ledger, &format!("UPDATE ledger SET version = version + 1, roots = '[\"{root}\",\"{root}\"]'"));
    assert_eq!(code(&engine, order("SYSTEM_MINT", "SYSTEM", "ada", "1")), "STORE_DAMAGED");
    assert_eq!((sizes(&pen), engine.store().load(&Wanted::default()).unwrap().head.seq), (vec![], 3));
}

/// Head and nodes agree with one another, and not with the entries.
#[test]
fn a_tree_that_the_entries_do_not_give_is_not_signed_by_a_new_process() {
    let (ledger, _, engine) = with_forged_roots("");
    engine.shutdown();
    let trigger = "DROP TRIGGER nodes_never_change";
    let file = rusqlite::Connection::open(ledger.url()).unwrap();
    let kept = "SELECT sql FROM sqlite_schema WHERE name = 'nodes_never_change'";
    let kept: String = file.query_row(kept, [], |row| row.get(0)).unwrap();
    let root = "ab".repeat(32);
    let leaf = "SELECT current_hash FROM entries WHERE seq = 3";
    let leaf: String = file.query_row(leaf, [], |row| row.get(0)).unwrap();
    let leaf = countersign_core::merkle::leaf(&Hash::parse(&leaf).unwrap());
    let edit = format!("UPDATE nodes SET hash = '{root}'; UPDATE ledger SET roots = '[\"{root}\",\"{leaf}\"]'");
    file.execute_batch(&format!("{trigger}; {edit}; {kept}")).unwrap();
    Engine::start(ledger.open(), unshielded()).unwrap().shutdown();
    let parts = Parts { signer: Some(Arc::new(Pen::default())), ..by(&Clock::new()) };
    let error = Engine::start_with(ledger.open(), unshielded(), parts).unwrap_err();
    assert_eq!(error.code(), "STORE_DAMAGED", "{error}");
}

#[test]
fn a_ledger_shorter_than_what_the_key_signed_is_not_signed_again() {
    let ledger = sqlite();
    let (_, _, engine) = signed(&ledger, 0, 0);
    mint(&engine, "ada", "1");
    let old = engine.store().load(&Wanted::default()).unwrap().head;
    mint(&engine, "ada", "2");
    engine.checkpoint().unwrap().unwrap();
    engine.shutdown();
    let roots: Vec<String> = old.range.roots().iter().map(|root| format!("\"{root}\"")).collect();
    let back = format!("seq = 1, hash = '{}', roots = '[{}]'", old.hash, roots.join(","));
    forge(&ledger, &format!("UPDATE ledger SET version = version + 1, {back}"));
    let parts = Parts { signer: Some(Arc::new(Pen::default())), ..by(&Clock::new()) };
    let error = Engine::start_with(ledger.open(), unshielded(), parts).unwrap_err();
    assert!(error.to_string().contains("our own key signed for 2"), "{error}");
}

/// Takes all that came after a head from a ledger.
fn cut(ledger: &Ledger, to: &Head, version: u64) {
    let (seq, hash) = (to.seq, to.hash);
    let roots = serde_json::to_string(&to.range.roots()).unwrap();
    let totals = serde_json::to_string(&to.totals).unwrap();
    let gone = "DROP TRIGGER entries_never_go; DROP TRIGGER personal_goes_by_erasure; DROP TRIGGER nodes_never_go";
    let tables = ["personal", "entries"].map(|table| format!("DELETE FROM {table} WHERE seq > {seq}")).join("; ");
    let back = format!("version = {version}, seq = {seq}, hash = '{hash}', roots = '{roots}', totals = '{totals}'");
    let time = to.time.unwrap();
    forge(ledger, &format!("{gone}; {tables}; DELETE FROM nodes; UPDATE ledger SET {back}, time = '{time}'"));
}

/// What was verified goes beyond what this process settled on: another one wrote it. The head is put back as it was, or
/// as one who writes by the rules would leave it; and a checkpoint is due, or none.
#[test]
fn a_ledger_shorter_than_what_was_verified_here_is_not_built_upon() {
    for (every, later) in [(0, 0), (0, 5), (1, 0), (1, 5)] {
        let ledger = sqlite();
        let (_, _, engine) = signed(&ledger, every, 0);
        open_accounts(&engine, &["ben"]);
        mint(&engine, "ada", "1");
        let old = engine.store().load(&Wanted::default()).unwrap().head;
        mint(&ledger.engine(unshielded()), "ben", "2");
        assert_eq!(engine.checkpoint().unwrap().unwrap().size, 2);
        cut(&ledger, &old, old.version + later);
        let error = engine.settle(Request::of(order("SYSTEM_MINT", "SYSTEM", "ada", "5"))).unwrap_err();
        assert_eq!(error.code(), "STORE_DAMAGED", "{error}");
        assert!(error.to_string().contains("ends with entry 1, and 2 were verified"), "{error}");
        assert_eq!(entries(engine.store()), 1);
    }
}

/// An earlier tree is signed where it is the beginning of what was verified.
#[test]
fn an_earlier_tree_is_signed_where_the_later_one_extends_it() {
    let ledger = sqlite();
    let (pen, _, engine) = signed(&ledger, 0, 0);
    let mut roots = Vec::new();
    for _ in 0..9 {
        mint(&engine, "ada", "1");
        roots.push(engine.store().load(&Wanted::default()).unwrap().head.range.root().unwrap());
    }
    let store = engine.store();
    let voucher = engine.voucher().unwrap();
    (1..=9).for_each(|size| drop(voucher.vouch(store, size, engine_time()).unwrap()));
    let expected: Vec<_> = (1..).zip(roots).collect();
    assert_eq!(*pen.0.lock().unwrap(), expected);
    forge(&ledger, "DROP TRIGGER nodes_never_change; UPDATE nodes SET hash = hash || '' WHERE level = 1 AND idx = 0");
    voucher.vouch(store, 6, engine_time()).unwrap();
    let other = "cd".repeat(32);
    forge(&ledger, &format!("UPDATE nodes SET hash = '{other}' WHERE level = 2 AND idx = 0"));
    assert_eq!(voucher.vouch(store, 6, engine_time()).unwrap_err().code(), "STORE_DAMAGED");
}

fn engine_time() -> countersign_core::timestamp::Timestamp {
    countersign_core::timestamp::Timestamp::from_millis(1_770_000_000_000)
}

/// A forged entry on a head that says otherwise.
fn behind_the_back(ledger: &Ledger, change: impl FnOnce(&mut Batch)) {
    let store = ledger.open();
    let mut batch = Batch::on(store.load(&Wanted::default()).unwrap().head);
    change(&mut batch);
    store.commit(&batch).unwrap();
}

/// SQLite's file can be written by anybody who has it.
#[test]
fn a_tampered_file_is_not_extended() {
    let ledger = sqlite();
    let engine = ledger.engine(unshielded());
    open_accounts(&engine, &["ada"]);
    mint(&engine, "ada", "1");
    mint(&engine, "ada", "2");
    verify(engine.store(), &[]);
    engine.shutdown();
    let file = rusqlite::Connection::open(ledger.url()).unwrap();
    let trigger = "SELECT sql FROM sqlite_schema WHERE name = 'entries_never_change'";
    let trigger: String = file.query_row(trigger, [], |row| row.get(0)).unwrap();
    let edit = "UPDATE entries SET amount_net = '3.0000' WHERE seq = 2";
    file.execute_batch(&format!("DROP TRIGGER entries_never_change; {edit}; {trigger}")).unwrap();
    let error = Engine::start(ledger.open(), unshielded()).unwrap_err();
    assert_eq!(error.code(), "STORE_DAMAGED", "{error}");
    assert!(error.to_string().contains("entry 2"), "{error}");
}

#[test]
fn what_is_damaged_can_be_halted() {
    let (ledger, _, engine) = with_forged_roots("");
    assert_eq!(code(&engine, order("REWARD", "SYSTEM", "ada", "1")), "STORE_DAMAGED");
    assert_eq!(engine.halt("", "x").unwrap_err().code(), "INVALID_FIELD");
    let halt = engine.halt("mira", "the tree is not the entries'").unwrap().halt;
    assert_eq!(engine.halt("noah", "once more").unwrap().halt, halt);
    engine.shutdown();
    let store = ledger.open();
    assert_eq!(Engine::start(store.clone(), unshielded()).unwrap_err().code(), "STORE_DAMAGED");
    assert_eq!(store.load(&Wanted::default()).unwrap().head.halt, Some(halt.clone()));
    assert_eq!(countersign_engine::halt_store(&*store, "noah", "once more").unwrap().halt, halt);
}

#[test]
fn a_ledger_that_went_back_is_not_extended() {
    let ledger = sqlite();
    let engine = ledger.engine(unshielded());
    open_accounts(&engine, &["ada"]);
    mint(&engine, "ada", "1");
    let folder = tempfile::tempdir().unwrap();
    let old = folder.path().join("old.db");
    engine.store().backup(&old).unwrap();
    mint(&engine, "ada", "2");
    // Somebody puts the old head back under a running engine.
    let file = rusqlite::Connection::open(ledger.url()).unwrap();
    let attach = format!("ATTACH '{}' AS old", old.display());
    file.execute_batch(&attach).unwrap();
    file.execute_batch(
        "DROP TRIGGER entries_never_go; DROP TRIGGER personal_goes_by_erasure; DROP TRIGGER nodes_never_go;
         DELETE FROM main.personal WHERE seq = 2; DELETE FROM main.entries WHERE seq = 2; DELETE FROM main.nodes;
         DELETE FROM main.ledger; INSERT INTO main.ledger SELECT * FROM old.ledger;
         DELETE FROM main.accounts; INSERT INTO main.accounts SELECT * FROM old.accounts;",
    )
    .unwrap();
    let error = engine.settle(Request::of(order("SYSTEM_MINT", "SYSTEM", "ada", "5"))).unwrap_err();
    assert_eq!(error.code(), "STORE_DAMAGED", "{error}");
    assert!(error.to_string().contains("went back"), "{error}");
}

#[test]
fn an_unknown_writer_that_keeps_to_the_chain_is_followed() {
    let ledger = sqlite();
    let engine = ledger.engine(unshielded());
    open_accounts(&engine, &["ada"]);
    behind_the_back(&ledger, |_| {});
    mint(&engine, "ada", "1");
}
