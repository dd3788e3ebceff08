//! The PostgreSQL adapter against a real server: the checks of every store, and what is PostgreSQL's own.
#![expect(clippy::unwrap_used, reason = "a helper of a test may panic as the test itself may")]

mod conformance;
mod damage;
mod encryption;
mod failures;
mod opening;
mod plans;
mod rights;
mod scans;

use countersign_core::settle::Order;
use countersign_store::conformance::desk;
use countersign_store::postgres::{self, Postgres};
use countersign_store::{Store, StoreError, Wanted};
use countersign_testbed::{Server, shared};

/// A ledger in a database of its own.
struct Ledger {
    server: &'static Server,
    database: String,
}

impl Ledger {
    /// One without entries.
    fn empty() -> Self {
        let ledger = Self { server: shared(), database: shared().new_database() };
        postgres::create(&ledger.url(), &desk::identity(), desk::start(), None).unwrap();
        ledger
    }

    /// One with three accounts and a few entries of several types, one of them erased.
    fn furnished() -> Self {
        let ledger = Self::empty();
        let store = ledger.open();
        let minted = desk::furnish(&store, &["alice", "bob", "carol"]);
        let paid = desk::carry_out(&store, &[desk::transfer("alice", "bob", "100")]);
        let orders =
            [desk::refund(&paid[0], "10"), desk::erasure(&minted[0]), desk::administer("ACCOUNT_FREEZE", "carol")];
        desk::carry_out(&store, &orders);
        ledger
    }

    fn url(&self) -> String {
        self.server.url(&self.database)
    }

    fn open(&self) -> Postgres {
        postgres::open(&self.url(), None).unwrap()
    }

    /// Says something to the database as its superuser.
    fn sql(&self, text: &str) -> String {
        self.server.sql(&self.database, text)
    }
}

/// Makes a ledger grow to `entries` entries, by transfers between `accounts` accounts, `batch` in a batch.
fn grow(store: &dyn Store, accounts: usize, entries: u64, batch: usize) {
    let ids: Vec<String> = (0..accounts).map(|number| format!("account-{number:05}")).collect();
    let names: Vec<&str> = ids.iter().map(String::as_str).collect();
    names.chunks(500).for_each(|some| drop(desk::furnish(store, some)));
    let mut number = 0_usize;
    let mut next = |_: usize| -> Order {
        number += 1;
        desk::transfer(names[number % accounts], names[(number * 7 + 1) % accounts], "0.0100")
    };
    while store.load(&Wanted::default()).unwrap().head.seq < entries {
        let orders: Vec<Order> =
            (0..batch).map(&mut next).filter(|order| order.sender_id != order.receiver_id).collect();
        desk::carry_out(store, &orders);
    }
}

/// What was wrong.
fn failure<T>(outcome: Result<T, StoreError>) -> StoreError {
    outcome.err().unwrap()
}
