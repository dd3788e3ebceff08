//! Where a ledger is kept: the contract of a store, and what keeps it.
//!
//! Inside: the [`Store`] contract with its [`Batch`] and [`StoreError`], the adapters [`sqlite`] and
//! [`postgres`], and the `conformance` suite that each must pass. Not inside: what money may do (that is
//! settled before), and when to try again (that is the engine's).
//!
//! The contract is synchronous, as an embedded database is. The PostgreSQL adapter brings its own runtime;
//! inside another one, call a store from a thread that may block.

mod act;
mod basis;
mod batch;
#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
mod error;
pub mod export;
mod head;
mod location;
mod making;
pub mod postgres;
pub mod sqlite;
mod store;
mod subtrees;
mod tree;

pub use act::{Act, ActKind};
pub use basis::Basis;
pub use batch::{Answer, Batch, SignedCheckpoint};
pub use error::{Document, StoreError, VersionError};
pub use head::{Halt, Head, Identity, Total, Totals};
pub use location::{Location, LocationError};
pub use making::{Made, Making};
pub use store::{Loaded, MAX_FORGOTTEN, Page, Query, Remains, Snapshot, Store, Wanted};
pub use subtrees::Subtrees;
pub use tree::Tree;

use countersign_core::timestamp::Timestamp;

/// Makes a ledger without entries. `now`: what it says it was made at.
///
/// # Errors
/// [`StoreError::Exists`] where there is one already; those of the database.
pub fn create(location: &Location, identity: &Identity, now: Timestamp) -> Result<Box<dyn Store>, StoreError> {
    match location {
        Location::Sqlite(path) => Ok(Box::new(sqlite::create(path, identity, now)?)),
        Location::Postgres(url) => Ok(Box::new(postgres::create(url, identity, now, None)?)),
    }
}

/// The names of the ledgers that are kept there.
///
/// # Errors
/// Those of the database.
pub fn names(location: &Location) -> Result<Vec<String>, StoreError> {
    match location {
        Location::Sqlite(path) => match sqlite::open_read_only(path, None) {
            Ok(store) => Ok(vec![store.identity().ledger.clone()]),
            Err(StoreError::NotThisLedger(_)) => Ok(Vec::new()),
            Err(error) => Err(error),
        },
        Location::Postgres(url) => postgres::names(url),
    }
}

/// Opens a ledger to read and to write. `expected`: its name, where only that one will do.
///
/// # Errors
/// [`StoreError::NotThisLedger`] where there is none, or another one; those of the database.
pub fn open(location: &Location, expected: Option<&str>) -> Result<Box<dyn Store>, StoreError> {
    match location {
        Location::Sqlite(path) => Ok(Box::new(sqlite::open(path, expected)?)),
        Location::Postgres(url) => Ok(Box::new(postgres::open(url, expected)?)),
    }
}

/// Opens a ledger to read it only, whatever of what protects it is missing: see [`Store::unprotected`]. `expected`: its
/// name, where only that one will do.
///
/// # Errors
/// As [`open`].
pub fn open_read_only(location: &Location, expected: Option<&str>) -> Result<Box<dyn Store>, StoreError> {
    match location {
        Location::Sqlite(path) => Ok(Box::new(sqlite::open_read_only(path, expected)?)),
        Location::Postgres(url) => Ok(Box::new(postgres::open_read_only(url, expected)?)),
    }
}

/// Opens a ledger to read it and to halt it, as [`open_read_only`] does: also where it is in no state to be written to.
/// `expected`: its name, where only that one will do.
///
/// # Errors
/// As [`open`].
pub fn open_to_halt(location: &Location, expected: Option<&str>) -> Result<Box<dyn Store>, StoreError> {
    match location {
        Location::Sqlite(path) => Ok(Box::new(sqlite::open_to_halt(path, expected)?)),
        Location::Postgres(url) => Ok(Box::new(postgres::open(url, expected)?)),
    }
}
