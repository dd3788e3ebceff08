//! The watch over a real SQLite ledger, real sockets on loopback, and a clock that the tests turn.

#![expect(clippy::unwrap_used, reason = "a helper of a test may panic as the test itself may")]

mod alerts;
mod audits;
mod clock;
mod http;
mod ledger;
mod logs;
mod moody;
mod postgres;
mod rounds;
mod smtp;
