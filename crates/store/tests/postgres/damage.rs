//! Rows that somebody edited: told by their place, or left for the audit to judge.

use countersign_store::conformance::desk;
use countersign_store::{Batch, Halt, Page, Query, Store, StoreError, Wanted};

use crate::{Ledger, failure};

fn wanted() -> Wanted {
    Wanted { accounts: vec!["alice".to_owned()], sent: vec!["alice".to_owned()], ..Wanted::default() }
}

#[track_caller]
fn assert_damage(error: &StoreError, place: &str) {
    assert!(matches!(error, StoreError::Damaged(why) if why.contains(place)), "{error}, not {place}");
}

#[test]
fn documents_that_say_nothing_sensible_are_damage() {
    for (edit, place) in [
        (
            "countersign_accounts SET balances = '{\"EURO\": 5}'",
            "table countersign_accounts, row alice, column balances",
        ),
        ("countersign_accounts SET balances = '[]'", "table countersign_accounts, row alice, column balances"),
        ("countersign_accounts SET version = -1", "table countersign_accounts, row alice, column version"),
        (
            "countersign_accounts SET updated_at = 'infinity'",
            "table countersign_accounts, row alice, column updated_at",
        ),
        ("countersign_treasury SET collected = '{\"vat\": 1}'", "table countersign_treasury, row 1, column collected"),
        ("countersign_treasury SET transactions = -3", "table countersign_treasury, row 1, column transactions"),
        ("countersign_ledger SET roots = '\\x00'", "table countersign_ledger, row 4, column roots"),
        ("countersign_ledger SET roots = ''", "table countersign_ledger, row 4, column roots"),
        ("countersign_ledger SET hash = '\\x0102'", "table countersign_ledger, row 4, column hash"),
        ("countersign_ledger SET totals = '7'", "table countersign_ledger, row 4, column totals"),
        ("countersign_ledger SET halt = '{\"by\": 1}'", "table countersign_ledger, row 4, column halt"),
        ("countersign_ledger SET time = '-infinity'", "table countersign_ledger, row 4, column time"),
    ] {
        let ledger = Ledger::furnished();
        ledger.sql(&format!("UPDATE {edit}"));
        assert_damage(&failure(ledger.open().load(&wanted())), place);
    }
}

#[test]
fn entries_that_cannot_be_what_an_entry_says_are_damage() {
    for (edit, column) in [
        ("countersign_entries SET amount_net = 'NaN'", "column amount_net"),
        ("countersign_entries SET created_at = 'infinity'", "column created_at"),
        ("countersign_entries SET created_at = '0044-03-15 BC'", "column created_at"),
    ] {
        let ledger = Ledger::furnished();
        ledger.sql(&format!("UPDATE {edit} WHERE seq = 4"));
        let store = ledger.open();
        let place = format!("table countersign_entries, row 4, {column}");
        assert_damage(&failure(store.entry(4)), &place);
        let mut seen = 0;
        let outcome = store.snapshot().unwrap().entries(1..=7, &mut |_| {
            seen += 1;
            Ok(())
        });
        assert_damage(&failure(outcome), &place);
        assert_eq!(seen, 3);
    }
}

/// The audit finds out what was changed, and can say what it was; it must be shown it.
#[test]
fn what_an_edited_entry_says_is_shown_as_it_stands() {
    let ledger = Ledger::furnished();
    ledger.sql(
        "UPDATE countersign_entries SET amount_gross = -5, type = 'no type', sender_id = '', \
         current_hash = '\\xabcd' WHERE seq = 4",
    );
    ledger.sql("DELETE FROM countersign_personal WHERE seq = 4");
    let record = ledger.open().entry(4).unwrap().unwrap();
    assert_eq!(
        (record.amount_gross.as_str(), record.kind.as_str(), record.sender_id.as_str()),
        ("-5.0000", "no type", "")
    );
    assert_eq!((record.current_hash.as_str(), record.personal), ("abcd", None));
}

#[test]
fn a_chain_whose_head_does_not_hold_is_not_extended_but_can_be_halted() {
    for edit in [
        "DELETE FROM countersign_entries WHERE seq = 7",
        "UPDATE countersign_entries SET seq = 8 WHERE seq = 7",
        "UPDATE countersign_entries SET current_hash = sha256('x') WHERE seq = 7",
        "UPDATE countersign_entries SET operator_id = 'somebody' WHERE seq = 7",
        "UPDATE countersign_ledger SET hash = sha256('x')",
        "INSERT INTO countersign_entries SELECT ledger_id, 8, gen_random_uuid(), created_at, type, currency, \
         amount_gross, tax_withheld, amount_net, tax_type, sender_id, receiver_id, operator_id, reference_id, \
         personal_hash, previous_hash, current_hash FROM countersign_entries WHERE seq = 7",
    ] {
        let ledger = Ledger::furnished();
        let store = ledger.open();
        ledger.sql(edit);
        let batch = desk::prepare(&store, &[desk::mint("alice", "1")]);
        assert_damage(&failure(store.commit(&batch)), "the ledger ends with the entry 7");
        let mut halt = Batch::on(store.load(&Wanted::default()).unwrap().head);
        halt.head.halt = Some(Halt { by: "watch".to_owned(), reason: edit.to_owned(), at: desk::start() });
        store.commit(&halt).unwrap();
        assert!(store.load(&Wanted::default()).unwrap().head.halt.is_some());
    }
}

#[test]
fn a_gap_is_passed_over_however_wide() {
    let ledger = Ledger::furnished();
    ledger.sql("DELETE FROM countersign_entries WHERE seq IN (2, 3)");
    ledger.sql("UPDATE countersign_entries SET seq = 9000000000000000 WHERE seq = 7");
    ledger.sql("UPDATE countersign_ledger SET seq = 9000000000000001, roots = decode(repeat('00', 32 * bit_count(9000000000000001::bit(64))::integer), 'hex')");
    let (store, mut seen) = (ledger.open(), Vec::new());
    let keep = &mut |record: countersign_core::seal::Record| {
        seen.push(record.seq);
        Ok(())
    };
    store.snapshot().unwrap().entries(1..=u64::MAX, keep).unwrap();
    assert_eq!(seen, [1, 4, 5, 6, 9_000_000_000_000_000]);
}

#[test]
fn what_is_gone_is_told() {
    let ledger = Ledger::furnished();
    let store = ledger.open();
    ledger.sql("DELETE FROM countersign_treasury");
    assert_damage(&failure(store.load(&wanted())), "table countersign_treasury: the ledger's row is gone");
    ledger.sql("DELETE FROM countersign_ledger");
    assert_damage(&failure(store.load(&wanted())), "table countersign_ledger: the ledger's row is gone");
    ledger.sql("ALTER TABLE countersign_entries DROP COLUMN reference_id");
    let history = store.history(&Query::SentBy("alice".to_owned()), Page { before: None, limit: 1 });
    assert!(matches!(failure(history), StoreError::Other(why) if why.contains("reference_id")));
}
