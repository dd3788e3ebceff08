//! Who uses a store in the checks: settles orders, seals their entries and commits the batch, as an engine does.

use std::collections::BTreeSet;
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

use countersign_core::books::{Account, Books, has_document};
use countersign_core::grammar::SYSTEM;
use countersign_core::hash::Hash;
use countersign_core::money::Sum;
use countersign_core::seal::Record;
use countersign_core::settle::{Order, Policy, Refusal, Settlement, Stamp, settle};
use countersign_core::timestamp::Timestamp;

use crate::batch::Batch;
use crate::error::StoreError;
use crate::head::{Identity, Totals};
use crate::store::{Loaded, Store, Wanted};

/// How often a batch is settled anew before the desk gives up.
const PATIENCE: u32 = 10_000;

/// The ledger that every check is run on.
#[must_use]
pub fn identity() -> Identity {
    Identity { ledger: "conformance/ledger".to_owned(), ledger_id: "00112233445566778899aabbccddeeff".to_owned() }
}

/// 2026-01-01T00:00:00.000Z, before which nothing is.
#[must_use]
pub const fn start() -> Timestamp {
    Timestamp::from_millis(1_767_225_600_000)
}

/// `ms` later.
#[must_use]
pub const fn after(time: Timestamp, ms: i64) -> Timestamp {
    Timestamp::from_millis(time.millis() + ms)
}

/// A transfer of EURO.
#[must_use]
pub fn transfer(from: &str, to: &str, amount: &str) -> Order {
    of_euro("TRANSFER", from, to, amount)
}

/// New EURO for an account.
#[must_use]
pub fn mint(to: &str, amount: &str) -> Order {
    Order { operator_id: Some("mint".to_owned()), ..of_euro("SYSTEM_MINT", "SYSTEM", to, amount) }
}

/// A refund of a part of an earlier entry.
#[must_use]
pub fn refund(of: &Record, amount: &str) -> Order {
    let reference_id = Some(of.transaction_id.clone());
    Order { reference_id, ..of_euro("REFUND", &of.receiver_id, &of.sender_id, amount) }
}

/// An order by an operator that moves nothing: ACCOUNT_FREEZE, ACCOUNT_UNFREEZE.
#[must_use]
pub fn administer(kind: &str, account: &str) -> Order {
    Order {
        kind: kind.to_owned(),
        sender_id: "SYSTEM".to_owned(),
        receiver_id: account.to_owned(),
        operator_id: Some("officer".to_owned()),
        description: Some("looked odd".to_owned()),
        ..Order::default()
    }
}

/// The erasure of an earlier entry's personal block, asked for by who was paid.
#[must_use]
pub fn erasure(of: &Record) -> Order {
    Order { reference_id: Some(of.transaction_id.clone()), ..administer("ERASURE", &of.receiver_id) }
}

fn of_euro(kind: &str, from: &str, to: &str, amount: &str) -> Order {
    Order {
        kind: kind.to_owned(),
        sender_id: from.to_owned(),
        receiver_id: to.to_owned(),
        currency: Some("EURO".to_owned()),
        amount: Some(amount.to_owned()),
        ..Order::default()
    }
}

/// What must be known to settle some orders.
#[must_use]
pub fn wanted(orders: &[Order]) -> Wanted {
    let parties = orders.iter().flat_map(|order| [&order.sender_id, &order.receiver_id]);
    let accounts: BTreeSet<&String> = parties.filter(|id| has_document(id)).collect();
    let referenced: BTreeSet<&String> = orders.iter().filter_map(|order| order.reference_id.as_ref()).collect();
    Wanted {
        accounts: accounts.into_iter().cloned().collect(),
        referenced: referenced.into_iter().cloned().collect(),
        ..Wanted::default()
    }
}

/// A batch that carries out the orders, one second after what was before, on what was loaded.
///
/// # Errors
/// The first refusal.
pub fn draft(loaded: Loaded, orders: &[Order]) -> Result<Batch, Refusal> {
    let Loaded { head, treasury, accounts, referenced, .. } = loaded;
    let now = after(head.time.unwrap_or(start()), 1000);
    let mut batch = Batch::on(head);
    batch.basis.treasury = Some(treasury.clone());
    batch.basis.accounts = accounts.clone();
    let mut books = Books { accounts, treasury, referenced };
    let mut changed = BTreeSet::new();
    for order in orders {
        let settlement = settle(order, &books, &Policy::default(), stamp(now))?;
        settlement.apply(&mut books, now);
        changed.extend([order.sender_id.clone(), order.receiver_id.clone()]);
        if settlement.bucket.is_some() {
            batch.treasury = Some(books.treasury.clone());
        }
        if order.kind == "ERASURE" {
            batch.erased.extend(order.reference_id.clone());
        }
        append(&mut batch, settlement, now);
    }
    batch.accounts = changed.iter().filter_map(|id| books.accounts.remove(id)).collect();
    Ok(batch)
}

/// Gives a settlement its place at the end of the batch.
fn append(batch: &mut Batch, settlement: Settlement, now: Timestamp) {
    count(&mut batch.head.totals, &settlement);
    let head = &mut batch.head;
    let record = settlement.entry.seal(head.seq + 1, &head.hash);
    let hash = record.entry().content_hash();
    (head.seq, head.hash, head.time) = (record.seq, hash, Some(now));
    head.range.push(&hash, |id, root| batch.nodes.push((id, root)));
    batch.entries.push(record);
}

fn count(totals: &mut Totals, settlement: &Settlement) {
    let entry = &settlement.entry;
    let total = totals.entry(entry.currency.clone()).or_default().entry(entry.kind.clone()).or_default();
    total.transactions += 1;
    total.gross += settlement.gross.into();
    if entry.sender_id == SYSTEM {
        total.minted += settlement.gross.into();
    }
    total.net += settlement.net.into();
    if let (Some(tax_type), true) = (&entry.tax_type, entry.tax_withheld != "0.0000") {
        *total.tax.entry(tax_type.clone()).or_default() += settlement.tax.into();
    }
}

/// An id and a salt that no other call makes, in this process or in another. Ids are of version 7, and ascend with
/// the time, as a writer's do.
fn stamp(created_at: Timestamp) -> Stamp {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let random = Hash::of(format!("{} {number}", process::id()).as_bytes()).to_string();
    let (time, order) = (format!("{:012x}", created_at.millis()), number % 0x1000);
    let transaction_id = format!("{}-{}-7{order:03x}-8{}-{}", &time[..8], &time[8..], &random[15..18], &random[18..30]);
    Stamp { transaction_id, created_at, salt: random[32..].to_owned() }
}

/// Opens accounts that hold nothing, each named like its id.
///
/// # Panics
/// Where the store fails.
pub fn open_accounts(store: &dyn Store, ids: &[&str]) {
    let mut batch = Batch::on(store.load(&Wanted::default()).unwrap().head);
    let open = |id: &&str| Account::open((*id).to_owned(), Some(format!("name of {id}")), start());
    batch.opened = ids.iter().map(open).collect();
    store.commit(&batch).unwrap();
}

/// Loads what the orders need and settles them.
///
/// # Panics
/// Where the store fails, or an order is refused.
#[must_use]
pub fn prepare(store: &dyn Store, orders: &[Order]) -> Batch {
    draft(store.load(&wanted(orders)).unwrap(), orders).unwrap()
}

/// Carries orders out in one batch, again where somebody else wrote meanwhile; the entries.
///
/// # Panics
/// Where the store fails otherwise, or an order is refused.
pub fn carry_out(store: &dyn Store, orders: &[Order]) -> Vec<Record> {
    for _ in 0..PATIENCE {
        let loaded = match store.load(&wanted(orders)) {
            Err(error) if error.is_conflict() => continue,
            loaded => loaded.unwrap(),
        };
        let batch = draft(loaded, orders).unwrap();
        match store.commit(&batch) {
            Err(error) if error.is_conflict() => {}
            outcome => {
                outcome.unwrap();
                return batch.entries;
            }
        }
    }
    panic!("no batch went through in {PATIENCE} attempts");
}

/// Some accounts, opened, with 1000 EURO each; the entries that brought them.
///
/// # Panics
/// Where the store fails.
pub fn furnish(store: &dyn Store, ids: &[&str]) -> Vec<Record> {
    open_accounts(store, ids);
    let orders: Vec<Order> = ids.iter().map(|id| mint(id, "1000")).collect();
    carry_out(store, &orders)
}

/// One account.
///
/// # Panics
/// Where the store fails, or there is no such account.
#[must_use]
pub fn account(store: &dyn Store, id: &str) -> Account {
    let wanted = Wanted { accounts: vec![id.to_owned()], ..Wanted::default() };
    store.load(&wanted).unwrap().accounts.remove(id).unwrap()
}

/// What an account holds of EURO, as text.
///
/// # Panics
/// As [`account`].
#[must_use]
pub fn balance(store: &dyn Store, id: &str) -> String {
    account(store, id).balance("EURO").to_string()
}

/// All that a store says of itself, to be compared: head, documents, entries.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is what its type says")]
pub struct Everything {
    pub head: crate::head::Head,
    pub treasury: countersign_core::books::Treasury,
    pub accounts: Vec<Account>,
    pub entries: Vec<Record>,
}

impl Everything {
    /// Reads it.
    ///
    /// # Panics
    /// Where the store fails.
    #[must_use]
    pub fn of(store: &dyn Store) -> Self {
        let mut snapshot = store.snapshot().unwrap();
        let (mut accounts, mut entries) = (Vec::new(), Vec::new());
        snapshot.accounts(&mut |account| keep(&mut accounts, account)).unwrap();
        snapshot.entries(1..=u64::MAX >> 11, &mut |record| keep(&mut entries, record)).unwrap();
        Self { head: snapshot.head().clone(), treasury: snapshot.treasury().unwrap(), accounts, entries }
    }

    /// What all accounts and buckets hold of EURO together.
    #[must_use]
    pub fn euro(&self) -> Sum {
        let accounts = self.accounts.iter().map(|account| account.balance("EURO"));
        let buckets = self.treasury.collected.values().filter_map(|sums| sums.get("EURO")).copied();
        accounts.chain(buckets).fold(Sum::ZERO, |sum, next| sum + next)
    }

    /// Holds every entry to the one before it, to its own hashes, and the head to the last and to the tree.
    ///
    /// # Panics
    /// Where one does not hold.
    pub fn assert_one_chain(&self, identity: &Identity) {
        let (mut hash, mut hashes) = (identity.genesis(), Vec::new());
        for (record, seq) in self.entries.iter().zip(1..) {
            assert_eq!((record.seq, &record.previous_hash), (seq, &hash.to_string()), "a link of the chain");
            hash = record.entry().content_hash();
            assert_eq!(record.current_hash, hash.to_string(), "current_hash of entry {seq}");
            if record.personal.is_some() {
                let personal = record.entry().personal_content_hash().unwrap().to_string();
                assert_eq!(record.personal_hash, personal, "personal_hash of entry {seq}");
            }
            hashes.push(hash);
        }
        let tree =
            countersign_core::merkle::Range::of_entries(0, &hashes, &mut countersign_core::hash::Batch::default());
        assert_eq!((self.head.seq, self.head.hash), (hashes.len() as u64, hash), "the head");
        assert_eq!(self.head.range, tree, "the head's subtrees");
    }
}

/// Keeps what is handed over.
#[expect(clippy::unnecessary_wraps, reason = "what a snapshot hands to may give up")]
pub(super) fn keep<T>(all: &mut Vec<T>, next: T) -> Result<(), StoreError> {
    all.push(next);
    Ok(())
}
