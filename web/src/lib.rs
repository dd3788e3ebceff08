//! The auditor's dashboard: verifies a ledger export in the browser, on this machine alone.
//!
//! Inside: the page (its session, one view per screen) and the Web Worker that runs the audit, with the
//! messages between them. Not inside: any judgement. The report comes from `countersign_core`, and a
//! view formats it and computes nothing.

mod audit;
mod auditor;
mod figures;
mod fingerprint;
mod page;
mod parts;
mod protocol;
mod saving;
mod screens;
mod session;
mod trusted;
mod words;

pub use audit::run as run_audit;
pub use page::run as run_page;
