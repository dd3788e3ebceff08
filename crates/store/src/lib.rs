//! Where a ledger is kept: the contract of a store, and what keeps it.
//!
//! Inside: the [`Store`] contract with its [`Batch`] and [`StoreError`], the adapters [`sqlite`] and
//! [`postgres`], and the [`conformance`] suite that each must pass. Not inside: what money may do (that is
//! settled before), and when to try again (that is the engine's).
//!
//! The contract is synchronous, as an embedded database is. The PostgreSQL adapter brings its own runtime;
//! inside another one, call a store from a thread that may block.

mod batch;
mod error;
pub mod export;
mod head;
mod store;

pub use batch::{Answer, Batch, SignedCheckpoint};
pub use error::{Document, StoreError, VersionError};
pub use head::{Halt, Head, Identity, Total, Totals};
pub use store::{Loaded, Location, Page, Query, Snapshot, Store, Wanted};
