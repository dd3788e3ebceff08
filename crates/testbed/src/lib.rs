//! A real PostgreSQL for tests: a cluster in a temporary directory, run by an unprivileged user, stopped and
//! removed when its [`Server`] is dropped or the test process ends, however it ends.
//!
//! Where PostgreSQL is missing, starting one panics with what to install: a test that needs it fails, and is
//! never skipped. Not inside: a client. What is to be said to the server is said through `psql`.

mod programs;
mod server;

pub use server::{Options, PASSWORD, Server, shared};
