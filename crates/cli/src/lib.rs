//! The `countersign` command: verifies ledger exports, shows their entries, and makes demo ledgers.
//!
//! Inside: one module a command, and the [`demo`] generator, which tests and benchmarks use too. Not
//! inside: any checking; that is `countersign_core`.

pub mod command;
pub mod demo;
