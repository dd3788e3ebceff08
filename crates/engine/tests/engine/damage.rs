//! What is damaged is not built upon; and what is whole is vouched for.

use std::sync::{Arc, Mutex};

use countersign_core::hash::Hash;
use countersign_engine::notary::Signer;
use countersign_engine::{Engine, Parts, Request};
use countersign_store::{Batch, Wanted};

use crate::audit::verify;
use crate::ledger::*;

on_each_store!(checkpoints_come_every_so_many_entries, checkpoints_come_by_age, a_checkpoint_when_asked);

#[derive(Debug, Default)]
struct Pen(Mutex<Vec<(u64, Hash)>>);

impl Signer for Pen {
    fn sign(&self, size: u64, root: &Hash, _: u64) -> String {
        self.0.lock().unwrap().push((size, *root));
        format!("note of {size}")
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
    assert_eq!((kept.size, kept.note.as_str()), (6, "note of 6"));
    assert_eq!(engine.store().checkpoint(Some(5)).unwrap().unwrap().size, 3);
    engine.shutdown();
    // The next process goes on counting from the last one that is kept.
    let (pen, _, engine) = signed_again(ledger);
    mint(&engine, "ada", "1");
    mint(&engine, "ada", "1");
    let head = engine.store().load(&Wanted::default()).unwrap().head;
    assert_eq!(*pen.0.lock().unwrap(), [(9, head.range.root().unwrap())]);
}

fn signed_again(ledger: &Ledger) -> (Arc<Pen>, Clock, Engine) {
    let (pen, clock) = (Arc::new(Pen::default()), Clock::new());
    let mut config = unshielded();
    config.checkpoint_every_entries = 3;
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

fn a_checkpoint_when_asked(ledger: &Ledger) {
    let (pen, _, engine) = signed(ledger, 0, 0);
    mint(&engine, "ada", "1");
    assert_eq!(engine.checkpoint().unwrap().unwrap().size, 1);
    assert_eq!((sizes(&pen), engine.store().checkpoint(None).unwrap().unwrap().size), (vec![1], 1));
    engine.shutdown();
    assert_eq!(ledger.engine(unshielded()).checkpoint().unwrap(), None);
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
