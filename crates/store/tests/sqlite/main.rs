//! The SQLite adapter: the checks of every store, and what is SQLite's own.
#![expect(clippy::unwrap_used, reason = "a helper of a test may panic as the test itself may")]

mod conformance;
mod plans;
