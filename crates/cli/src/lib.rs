//! The `countersign` command: keeps a ledger, verifies exports, and makes demo ledgers.
//!
//! Inside: one module a command; the [`demo`] generator, which tests and benchmarks use too; the reader of
//! the first system's documents, [`import`]. Not inside: any checking, which is `countersign_core`'s, nor
//! settling, which is the engine's.

pub mod command;
pub mod demo;
pub mod import;
