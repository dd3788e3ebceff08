//! The server, over real connections of this machine, with a SQLite ledger.
#![expect(clippy::unwrap_used, reason = "a helper of a test may panic as the test itself may")]

mod access;
mod bed;
mod client;
mod contract;
mod exports;
mod files;
mod hostile;
mod logs;
mod orders;
mod reading;
mod stopping;
