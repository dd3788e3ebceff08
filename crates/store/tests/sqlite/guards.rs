//! The database itself refuses to change what is written, whoever asks.

use countersign_store::Remains;
use countersign_store::conformance::desk::{self, Everything};

use crate::Ledger;

/// What somebody with the file and SQLite tries, and what he is told.
const ATTEMPTS: [(&str, &str); 21] = [
    ("UPDATE entries SET amount_net = '9.0000' WHERE seq = 1", "an entry never changes"),
    ("UPDATE OR REPLACE entries SET seq = 2 WHERE seq = 1", "an entry never changes"),
    ("DELETE FROM entries WHERE seq = 7", "an entry is never deleted"),
    ("DELETE FROM entries", "an entry is never deleted"),
    ("INSERT OR REPLACE INTO entries SELECT * FROM entries WHERE seq = 1", "there is already an entry"),
    (
        "REPLACE INTO entries SELECT 99, transaction_id, created_at, type, currency, amount_gross, tax_withheld, \
         amount_net, tax_type, sender_id, receiver_id, operator_id, reference_id, personal_hash, previous_hash, \
         current_hash FROM entries WHERE seq = 1",
        "there is already an entry",
    ),
    ("UPDATE nodes SET hash = '00'", "a node never changes"),
    ("DELETE FROM nodes WHERE level = 1", "a node is never deleted"),
    ("REPLACE INTO nodes VALUES (1, 0, '00')", "there is already such a node"),
    ("UPDATE checkpoints SET note = 'another'", "a checkpoint never changes"),
    ("DELETE FROM checkpoints", "a checkpoint is never deleted"),
    ("REPLACE INTO checkpoints SELECT number, size, 'another', at FROM checkpoints", "there is already such a"),
    ("UPDATE acts SET reason = 'another'", "an act never changes"),
    ("DELETE FROM acts", "an act is never deleted"),
    (
        "REPLACE INTO acts SELECT number, kind, account, 'another', reason, at, seq FROM acts",
        "there is already such an",
    ),
    ("UPDATE personal SET description = 'another' WHERE seq = 2", "a personal block never changes"),
    ("DELETE FROM personal WHERE seq = 2", "goes only where an ERASURE entry names its entry"),
    ("DELETE FROM personal", "goes only where an ERASURE entry names its entry"),
    ("REPLACE INTO personal (seq, salt) VALUES (2, 'another')", "there is already such a personal block"),
    ("UPDATE answers SET answer = 'another'", "an answer never changes"),
    ("REPLACE INTO answers SELECT key, asked, 'another', at FROM answers", "there is already an answer to that key"),
];

fn with_notes(ledger: &Ledger) {
    use countersign_store::{Act, ActKind, Answer, Batch, SignedCheckpoint, Store as _, Wanted};
    let store = ledger.open();
    let mut batch = Batch::on(store.load(&Wanted::default()).unwrap().head);
    let asked = countersign_core::hash::Hash::of(b"asked");
    batch.answers.push(Answer { key: "k".to_owned(), asked, answer: "{}".to_owned(), at: desk::start() });
    batch.checkpoints.push(SignedCheckpoint { size: 2, note: "note".to_owned(), at: desk::start() });
    let (by, reason) = (Some("officer".to_owned()), Some("a finding".to_owned()));
    batch.acts.push(Act { number: 0, kind: ActKind::Halt, account: None, by, reason, at: desk::start(), seq: 2 });
    store.commit(&batch).unwrap();
}

#[test]
fn what_is_written_stays() {
    let ledger = Ledger::furnished();
    with_notes(&ledger);
    let before = Everything::of(&ledger.open());
    let raw = ledger.raw();
    for (attempt, told) in ATTEMPTS {
        let error = raw.execute(attempt, []).unwrap_err().to_string();
        assert!(error.contains(told), "{attempt}\ncame to: {error}");
        assert_eq!(Everything::of(&ledger.open()), before, "{attempt}");
    }
    // An answer may be forgotten.
    assert_eq!(raw.execute("DELETE FROM answers", []).unwrap(), 1);
}

#[test]
fn a_block_that_an_erasure_names_may_go() {
    let ledger = Ledger::furnished();
    let store = ledger.open();
    let paid = desk::carry_out(&store, &[desk::transfer("alice", "bob", "1"), desk::transfer("alice", "bob", "2")]);
    let mut batch = desk::prepare(&store, &[desk::erasure(&paid[0])]);
    batch.erased.clear();
    countersign_store::Store::commit(&store, &batch).unwrap();
    let raw = ledger.raw();
    let erase = |seq: u64| raw.execute("DELETE FROM personal WHERE seq = ?1", [i64::try_from(seq).unwrap()]);
    assert_eq!(erase(paid[0].seq).unwrap(), 1);
    erase(paid[1].seq).unwrap_err();
}

/// Not only no row says it: its bytes are neither in the file nor in the log.
#[test]
fn an_erased_block_is_gone_from_the_disk() {
    let ledger = Ledger::furnished();
    let store = ledger.open();
    let mut order = desk::transfer("alice", "bob", "1");
    order.description = Some("for the treatment of a disease".to_owned());
    let paid = desk::carry_out(&store, &[order]);
    let salt = paid[0].personal.clone().unwrap().salt;
    let on_disk = |needle: &str| {
        let files = std::fs::read_dir(ledger.directory.path()).unwrap();
        let holds = |bytes: Vec<u8>| bytes.windows(needle.len()).any(|window| window == needle.as_bytes());
        files.into_iter().any(|file| holds(std::fs::read(file.unwrap().path()).unwrap()))
    };
    assert!(on_disk("treatment of a disease") && on_disk(&salt));
    // While somebody reads, the log cannot be emptied; the next commit makes up for it.
    let reading = countersign_store::Store::snapshot(&store).unwrap();
    desk::carry_out(&store, &[desk::erasure(&paid[0])]);
    assert_eq!(countersign_store::Store::rid_of_erased(&store).unwrap(), Remains::InTheLog);
    drop(reading);
    desk::carry_out(&store, &[desk::mint("alice", "1")]);
    assert!(!on_disk("treatment of a disease") && !on_disk(&salt));
    assert_eq!(countersign_store::Store::rid_of_erased(&store).unwrap(), Remains::Nowhere);
}

/// Who erased ends before he could empty the log, as one who is killed does: the next who opens makes up for it.
#[test]
fn an_erased_block_that_a_reader_kept_is_gone_once_somebody_opens() {
    let ledger = Ledger::furnished();
    let store = ledger.open();
    let mut order = desk::transfer("alice", "bob", "1");
    order.description = Some("for the treatment of a disease".to_owned());
    let paid = desk::carry_out(&store, &[order]);
    let reader = ledger.open();
    let reading = countersign_store::Store::snapshot(&reader).unwrap();
    desk::carry_out(&store, &[desk::erasure(&paid[0])]);
    std::mem::forget(store);
    drop(reading);
    let needle = b"treatment of a disease";
    let on_disk = || {
        let files = std::fs::read_dir(ledger.directory.path()).unwrap();
        let holds = |bytes: Vec<u8>| bytes.windows(needle.len()).any(|window| window == needle);
        files.into_iter().any(|file| holds(std::fs::read(file.unwrap().path()).unwrap()))
    };
    assert!(on_disk());
    let _open = ledger.open();
    assert!(!on_disk());
}
