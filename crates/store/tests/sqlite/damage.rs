//! Files that somebody edited, or that a disk spoiled: an error that says where, never a panic.

use std::fs;

use countersign_store::conformance::desk::{self, Everything};
use countersign_store::{Batch, Halt, Page, Query, Store, StoreError, Wanted, sqlite};
use rusqlite::Connection;

use crate::Ledger;

/// Reads and writes whatever a store has; the first error.
fn use_it(store: &dyn Store) -> Result<(), StoreError> {
    let accounts = ["alice", "bob", "carol"].map(str::to_owned).to_vec();
    let sent_since = Some(desk::start());
    let records: Vec<_> = (1..=7).map(|seq| store.entry(seq)).collect::<Result<_, _>>()?;
    let referenced = records.into_iter().flatten().map(|record| record.transaction_id).collect();
    let answers = vec!["k".to_owned()];
    let loaded = store.load(&Wanted { sent: accounts.clone(), accounts, referenced, answers, sent_since })?;
    let mut snapshot = store.snapshot()?;
    snapshot.entries(1..=1000, &mut |_| Ok(()))?;
    snapshot.accounts(&mut |_| Ok(()))?;
    snapshot.treasury()?;
    for size in 0..=loaded.head.seq.min(100) {
        snapshot.prefix(size)?;
    }
    drop(snapshot);
    let page = Page { before: None, limit: 100 };
    for query in [Query::Of("alice".to_owned()), Query::OfType("TRANSFER".to_owned())] {
        store.history(&query, page)?;
    }
    store.frozen(None, 100)?;
    store.checkpoint(None)?;
    store.commit(&Batch::on(loaded.head))
}

/// Makes an edit as somebody does who knows SQLite: triggers are taken away for it, and put back.
pub(super) fn edit(raw: &Connection, sql: &str) {
    let of_triggers = "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'";
    let mut statement = raw.prepare(of_triggers).unwrap();
    let triggers = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    let triggers: Vec<(String, String)> = triggers.collect::<Result<_, _>>().unwrap();
    triggers.iter().for_each(|(name, _)| raw.execute_batch(&format!("DROP TRIGGER {name}")).unwrap());
    raw.execute_batch(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    triggers.iter().for_each(|(_, sql)| raw.execute_batch(sql).unwrap());
}

#[test]
fn an_edit_is_told_by_its_place() {
    for (sql, told) in [
        ("UPDATE accounts SET balances = '{\"EURO\":' WHERE id = 'bob'", "table accounts, row bob, column balances: "),
        (
            "UPDATE accounts SET balances = '{\"EURO\":9}' WHERE id = 'bob'",
            "table accounts, row bob, column balances: ",
        ),
        ("UPDATE accounts SET balances = '{\"EURO\":\"-1.0000\"}'", "table accounts, row alice, column balances: "),
        ("UPDATE accounts SET version = -1", "table accounts, row alice, column version: is negative"),
        ("UPDATE accounts SET updated_at = 'now'", "table accounts, row alice, column updated_at: is no time"),
        ("UPDATE treasury SET collected = '[]'", "table treasury, row 1, column collected: "),
        ("UPDATE treasury SET last_collection_at = ''", "table treasury, row 1, column last_collection_at: is no time"),
        ("DELETE FROM treasury", "table treasury: its one row is gone"),
        ("DELETE FROM ledger", "table ledger: its one row is gone"),
        ("UPDATE ledger SET hash = upper(hash)", "table ledger, row 1, column hash: is not 64 hex digits"),
        ("UPDATE ledger SET roots = '[\"00\"]'", "table ledger, row 1, column roots: "),
        ("UPDATE ledger SET seq = 1 << 40", "table ledger, row 1, column roots: has another number of roots"),
        ("UPDATE ledger SET seq = -1", "table ledger, row 1, column seq: is negative"),
        ("UPDATE ledger SET totals = 'null'", "table ledger, row 1, column totals: "),
        ("UPDATE ledger SET halt = '{\"by\":1}'", "table ledger, row 1, column halt: "),
        ("UPDATE ledger SET name = CAST(x'ff' AS TEXT)", "table ledger, row 1, column name: is not valid UTF-8"),
        ("UPDATE nodes SET hash = 'x' WHERE level = 2", "table nodes, row 0, column hash: is not 64 hex digits"),
        ("DELETE FROM nodes WHERE level = 2", "the node 0 of level 2 is not kept"),
        ("UPDATE entries SET current_hash = 'x' WHERE seq = 3", "table entries, row 3, column current_hash: is not 64"),
        (
            "UPDATE entries SET amount_net = '1e3' WHERE seq = 4",
            "table entries, row 4, column amount_net: is no amount",
        ),
        (
            "UPDATE entries SET type = CAST(x'c328' AS TEXT) WHERE seq = 2",
            "table entries, row 2, column type: is not valid UTF-8",
        ),
        (
            "UPDATE personal SET description = CAST(x'ff' AS TEXT) WHERE seq = 2",
            "table personal, row 2, column description: is not valid UTF-8",
        ),
        ("UPDATE entries SET amount_gross = '9.0000' WHERE seq = 7", "which the last entry is not"),
        ("DELETE FROM entries WHERE seq = 7", "is not kept"),
    ] {
        let ledger = Ledger::furnished();
        edit(&ledger.raw(), sql);
        let outcome = sqlite::open(&ledger.path, None).and_then(|store| use_it(&store));
        let Err(StoreError::Damaged(why)) = outcome else { panic!("{sql}\ncame to {outcome:?}") };
        assert!(why.contains(told), "{sql}\ncame to: {why}");
    }
}

/// Entries that the audit is there to find are handed to it as they stand.
#[test]
fn a_tampered_entry_is_still_shown() {
    let ledger = Ledger::furnished();
    edit(&ledger.raw(), "UPDATE entries SET amount_net = 'a lot', sender_id = '' WHERE seq = 4");
    let entries = Everything::of(&ledger.open()).entries;
    assert_eq!((entries[3].amount_net.as_str(), entries[3].sender_id.as_str()), ("a lot", ""));
    assert_ne!(entries[3].hash(), Some(entries[3].entry().content_hash()));
}

#[test]
fn a_chain_whose_head_does_not_verify_is_not_extended() {
    for sql in [
        "UPDATE entries SET receiver_id = 'mallory' WHERE seq = 7",
        "UPDATE ledger SET hash = (SELECT current_hash FROM entries WHERE seq = 6)",
        "UPDATE entries SET current_hash = previous_hash WHERE seq = 7",
        "UPDATE entries SET seq = 8 WHERE seq = 7",
    ] {
        let ledger = Ledger::furnished();
        let store = ledger.open();
        let batch = desk::prepare(&store, &[desk::mint("alice", "1")]);
        edit(&ledger.raw(), sql);
        let outcome = store.commit(&batch);
        assert!(matches!(outcome, Err(StoreError::Damaged(_))), "{sql}\ncame to {outcome:?}");
        // It can be halted all the same.
        let mut batch = Batch::on(store.load(&Wanted::default()).unwrap().head);
        let reason = "the last entry is not what it was".to_owned();
        batch.head.halt = Some(Halt { by: "watch".to_owned(), reason, at: desk::start() });
        store.commit(&batch).unwrap();
    }
}

/// Only what a document says counts, not how it is spelt.
#[test]
fn what_says_the_same_in_other_words_is_no_damage() {
    let ledger = Ledger::furnished();
    let store = ledger.open();
    let batch = desk::prepare(&store, &[desk::transfer("alice", "bob", "1")]);
    edit(
        &ledger.raw(),
        "UPDATE accounts SET balances = replace(balances, ':', ' : '); \
         UPDATE treasury SET collected = collected || ' '; UPDATE ledger SET totals = ' ' || totals",
    );
    store.commit(&batch).unwrap();
    let written = desk::account(&store, "alice");
    assert_eq!(
        (written.version, written.balances),
        (batch.accounts[0].version + 1, batch.accounts[0].balances.clone())
    );
    Everything::of(&store).assert_one_chain(&desk::identity());
}

/// What somebody with the file does to what protects it, and what is said of that. None of it keeps from reading.
const UNPROTECTED: [(&str, &[&str]); 7] = [
    ("DROP TRIGGER entries_never_change", &["the trigger entries_never_change is missing"]),
    (
        "DROP TRIGGER nodes_never_go; CREATE TRIGGER nodes_never_go BEFORE DELETE ON nodes BEGIN SELECT 1; END",
        &["the trigger nodes_never_go was changed"],
    ),
    ("DROP INDEX entries_transaction", &["the index entries_transaction is missing"]),
    (
        "DROP INDEX entries_type; CREATE INDEX entries_type ON entries (type); DROP TRIGGER acts_stay",
        &["the index entries_type was changed", "the trigger acts_stay is missing"],
    ),
    ("ALTER TABLE accounts ADD COLUMN extra TEXT", &["the table accounts was changed"]),
    (
        "CREATE TRIGGER mine AFTER INSERT ON entries BEGIN UPDATE accounts SET balances = '{}'; END",
        &["the trigger mine is not ours"],
    ),
    (
        "CREATE TRIGGER \"a\u{1b}[2J\u{202e}\" BEFORE UPDATE ON ledger BEGIN SELECT RAISE(ABORT, 'no'); END",
        &["the trigger a\\u{1b}[2J\\u{202e} is not ours"],
    ),
];

#[test]
fn an_unprotected_ledger_is_read_and_not_extended() {
    for (sql, told) in UNPROTECTED {
        let ledger = Ledger::furnished();
        let (before, earlier) = (Everything::of(&ledger.open()), ledger.open());
        ledger.raw().execute_batch(sql).unwrap();
        let reader = sqlite::open_read_only(&ledger.path, None).unwrap();
        assert_eq!(Everything::of(&reader), before, "{sql}");
        // Whoever had it open is told too.
        for store in [&reader, &earlier] {
            assert_eq!(store.unprotected().unwrap(), told, "{sql}");
        }
        let outcome = sqlite::open(&ledger.path, None);
        assert!(matches!(&outcome, Err(StoreError::Damaged(why)) if why == told[0]), "{sql}\ncame to {outcome:?}");
    }
}

#[test]
fn an_unprotected_ledger_is_halted_and_nothing_else() {
    for (sql, told) in UNPROTECTED {
        let ledger = Ledger::furnished();
        ledger.raw().execute_batch(sql).unwrap();
        let store = sqlite::open_to_halt(&ledger.path, None).unwrap();
        assert_eq!(store.unprotected().unwrap(), told, "{sql}");
        let batch = desk::prepare(&store, &[desk::mint("alice", "1")]);
        let checkpoint = countersign_store::SignedCheckpoint { size: 1, note: "note".to_owned(), at: desk::start() };
        for outcome in [
            store.commit(&batch),
            store.keep_checkpoint(&checkpoint),
            store.forget_answers(desk::start()).map(drop),
            store.bound(1).map(drop),
        ] {
            assert!(matches!(outcome, Err(StoreError::Refused { .. })), "{outcome:?}");
        }
        let halt = Halt { by: "watch".to_owned(), reason: told[0].to_owned(), at: desk::start() };
        assert_eq!(store.halt(&halt, None).unwrap(), halt);
        let reader = sqlite::open_read_only(&ledger.path, None).unwrap();
        assert_eq!(reader.load(&Wanted::default()).unwrap().head.halt, Some(halt), "{sql}");
    }
}

#[test]
fn a_ledger_is_protected_again_once_all_is_as_it_was() {
    let ledger = Ledger::furnished();
    let (store, raw) = (ledger.open(), ledger.raw());
    let trigger = "SELECT sql FROM sqlite_schema WHERE name = 'entries_never_change'";
    let trigger: String = raw.query_row(trigger, [], |row| row.get(0)).unwrap();
    raw.execute_batch("DROP TRIGGER entries_never_change").unwrap();
    assert_eq!(store.unprotected().unwrap().len(), 1);
    raw.execute_batch(&trigger).unwrap();
    assert_eq!(store.unprotected().unwrap(), [""; 0]);
    desk::carry_out(&ledger.open(), &[desk::mint("alice", "1")]);
}

#[test]
fn tables_that_cannot_be_read_are_damage() {
    for (sql, told) in [
        ("DROP TABLE answers", "the table answers is missing"),
        ("DROP TABLE answers; CREATE VIEW answers AS SELECT 1", "the table answers is missing"),
        ("ALTER TABLE accounts RENAME COLUMN username TO nickname", "the table accounts has no column username"),
    ] {
        let ledger = Ledger::furnished();
        ledger.raw().execute_batch(sql).unwrap();
        for open in [sqlite::open_read_only, sqlite::open_to_halt] {
            let outcome = open(&ledger.path, None);
            assert!(matches!(&outcome, Err(StoreError::Damaged(why)) if why == told), "{sql}\ncame to {outcome:?}");
        }
        assert!(matches!(sqlite::open(&ledger.path, None), Err(StoreError::Damaged(_))), "{sql}");
    }
}

#[test]
fn a_name_that_is_no_text_keeps_nobody_from_reading() {
    let ledger = Ledger::furnished();
    let raw = ledger.raw();
    raw.execute_batch("CREATE TRIGGER mine BEFORE UPDATE ON ledger BEGIN SELECT 1; END").unwrap();
    raw.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    drop(raw);
    let mut bytes = fs::read(&ledger.path).unwrap();
    let places: Vec<usize> = (0..bytes.len() - 4).filter(|at| &bytes[*at..at + 4] == b"mine").collect();
    places.iter().for_each(|at| bytes[*at] = 0xff);
    fs::write(&ledger.path, bytes).unwrap();
    let reader = sqlite::open_read_only(&ledger.path, None).unwrap();
    assert_eq!(reader.unprotected().unwrap(), ["the trigger \u{fffd}ine is not ours"]);
}

#[test]
fn an_operator_may_add_tables_and_indexes() {
    let ledger = Ledger::furnished();
    let sql = "CREATE INDEX mine ON entries (currency); CREATE TABLE notes (x); CREATE VIEW v AS SELECT 1; ANALYZE";
    ledger.raw().execute_batch(sql).unwrap();
    use_it(&ledger.open()).unwrap();
}

/// Every place of the file, in strides: whatever it does to the database, it does not stop the program.
#[test]
fn a_spoiled_file_never_panics() {
    let ledger = Ledger::furnished();
    ledger.raw().query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    let whole = fs::read(&ledger.path).unwrap();
    let path = ledger.directory.path().join("spoiled.db");
    let (mut damaged, mut tried) = (0, 0);
    let mut attempt = |bytes: &[u8]| {
        for suffix in ["-wal", "-shm"] {
            let _ = fs::remove_file(format!("{}{suffix}", path.display()));
        }
        fs::write(&path, bytes).unwrap();
        tried += 1;
        match sqlite::open(&path, None).and_then(|store| use_it(&store)) {
            Ok(()) => {}
            Err(StoreError::Damaged(_) | StoreError::NotThisLedger(_)) => damaged += 1,
            // A flipped bit in a page's type or in a value makes of it whatever it makes.
            Err(other) => assert_ne!(other.code(), "VERSION_CONFLICT", "{other}"),
        }
    };
    for (place, flip) in (0..whole.len()).step_by(641).zip([0x01, 0x80, 0xff].into_iter().cycle()) {
        let mut bytes = whole.clone();
        bytes[place] ^= flip;
        attempt(&bytes);
    }
    for length in (1..whole.len()).step_by(9973) {
        attempt(&whole[..length]);
    }
    assert!(damaged * 10 > tried, "{damaged} of {tried} were told");
}
