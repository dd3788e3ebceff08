//! The SQLite adapter: the checks of every store, and what is SQLite's own.
#![expect(clippy::unwrap_used, reason = "a helper of a test may panic as the test itself may")]

mod backup;
mod conformance;
mod damage;
mod exports;
mod full;
mod guards;
mod making;
mod opening;
mod plans;
mod processes;

use std::path::PathBuf;

use countersign_store::conformance::desk;
use countersign_store::sqlite::{self, Sqlite};
use rusqlite::Connection;
use tempfile::TempDir;

/// A ledger in a directory of its own.
struct Ledger {
    directory: TempDir,
    path: PathBuf,
}

impl Ledger {
    /// One without entries.
    fn empty() -> Self {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("ledger.db");
        sqlite::create(&path, &desk::identity(), desk::start()).unwrap();
        Self { directory, path }
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

    fn open(&self) -> Sqlite {
        sqlite::open(&self.path, Some(&desk::identity().ledger)).unwrap()
    }

    /// The file as anybody with SQLite has it.
    fn raw(&self) -> Connection {
        Connection::open(&self.path).unwrap()
    }
}
