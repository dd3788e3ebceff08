//! Who reads all of it, and who writes meanwhile.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use countersign_core::settle::Order;
use countersign_store::conformance::desk;
use countersign_store::postgres;
use countersign_store::{Snapshot, Store};

use crate::{Ledger, grow};

const ENTRIES: u64 = 200_000;
const COLUMNS: &str = "transaction_id, created_at, type, currency, amount_gross, tax_withheld, amount_net, tax_type, \
    sender_id, receiver_id, operator_id, reference_id, personal_hash, previous_hash, current_hash";

/// A ledger with many entries, most of them copies that no audit would pass, but the last: what is asked here is how
/// they are read.
fn long() -> Ledger {
    let ledger = Ledger::empty();
    let store = ledger.open();
    grow(&store, 200, 400, 200);
    let ids = COLUMNS.replacen("transaction_id", "gen_random_uuid()", 1);
    ledger.sql(&format!(
        "CREATE TABLE tail AS SELECT * FROM countersign_entries WHERE seq > 200; \
         WITH seqs AS (SELECT s, 201 + s % 200 AS from_seq FROM generate_series(401, {ENTRIES} - 1) AS s) \
         INSERT INTO countersign_entries (ledger_id, seq, {COLUMNS}) \
         SELECT ledger_id, s, {ids} FROM seqs JOIN tail ON seq = from_seq; \
         INSERT INTO countersign_personal (ledger_id, seq, salt, sender_username) \
         SELECT ledger_id, seq, 'salt', 'name' FROM countersign_entries WHERE seq > 400"
    ));
    let mut loaded = store.load(&desk::wanted(&[payment()])).unwrap();
    loaded.head.seq = ENTRIES - 1;
    let last = desk::draft(loaded, &[payment()]).unwrap().entries.remove(0);
    let hashes = [&last.personal_hash, &last.previous_hash, &last.current_hash].map(|hash| format!("'\\x{hash}'"));
    ledger.sql(&format!(
        "INSERT INTO countersign_entries (ledger_id, seq, {COLUMNS}) SELECT ledger_id, {ENTRIES}, '{}', '{}', type, \
         currency, {}, {}, {}, tax_type, '{}', '{}', operator_id, reference_id, {} FROM tail LIMIT 1; \
         UPDATE countersign_ledger SET seq = {ENTRIES}, hash = {}, \
         roots = decode(repeat('00', 32 * bit_count({ENTRIES}::bit(64))::integer), 'hex'); ANALYZE",
        last.transaction_id,
        last.created_at,
        last.amount_gross,
        last.tax_withheld,
        last.amount_net,
        last.sender_id,
        last.receiver_id,
        hashes.join(", "),
        hashes[2],
    ));
    ledger
}

fn payment() -> Order {
    desk::transfer("account-00001", "account-00002", "0.0100")
}

/// Sets a flag when it goes, so that nobody waits for a test that failed.
struct Done<'a>(&'a AtomicBool);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// How many processes of the database wait for a lock of any kind now.
fn waiting(ledger: &Ledger) -> String {
    ledger.sql(
        "SELECT (SELECT count(*) FROM pg_locks WHERE NOT granted) + (SELECT count(*) FROM pg_stat_activity \
         WHERE datname = current_database() AND wait_event_type = 'Lock')",
    )
}

/// Modes that the reader holds, by kind: a lock that a commit could wait for is stronger than any of these.
fn held_by_reader(ledger: &Ledger) -> String {
    ledger.sql(
        "SELECT string_agg(DISTINCT mode, ',' ORDER BY mode) FROM pg_locks JOIN pg_stat_activity USING (pid) \
         WHERE application_name = 'the-auditor'",
    )
}

#[test]
fn an_audit_of_all_entries_takes_no_lock_that_a_commit_waits_for() {
    let ledger = long();
    let auditor = postgres::open_read_only(&format!("{}?application_name=the-auditor", ledger.url()), None).unwrap();
    let store = ledger.open();
    let (done, commits) = (AtomicBool::new(false), AtomicU64::new(0));
    let mut looks = 0;
    thread::scope(|scope| {
        let end = Done(&done);
        let writer = scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                desk::carry_out(&store, &[payment()]);
                commits.fetch_add(1, Ordering::Relaxed);
            }
        });
        while commits.load(Ordering::Relaxed) < 10 {
            assert!(!writer.is_finished(), "it failed");
            thread::yield_now();
        }
        let mut snapshot: Box<dyn Snapshot + '_> = auditor.snapshot().unwrap();
        let (begun, mut next) = (commits.load(Ordering::Relaxed), 1);
        let last = snapshot.head().seq;
        let look = &mut |record: countersign_core::seal::Record| {
            assert_eq!(record.seq, next);
            if next % 10_000 == 0 {
                assert_eq!(waiting(&ledger), "0");
                assert_eq!(held_by_reader(&ledger), "AccessShareLock,ExclusiveLock", "shared, and its own number");
                looks += 1;
            }
            next += 1;
            Ok(())
        };
        snapshot.entries(1..=last, look).unwrap();
        assert_eq!(next, last + 1);
        let meanwhile = commits.load(Ordering::Relaxed) - begun;
        drop(end);
        assert!(meanwhile > 20, "{meanwhile} commits while {last} entries were read");
    });
    assert!(looks >= 20);
    assert!(commits.into_inner() > 30);
}
