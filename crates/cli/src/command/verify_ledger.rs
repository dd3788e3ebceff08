//! `countersign verify` without a file: the audit of the ledger where it is kept.

use std::path::PathBuf;
use std::time::Instant;

use countersign_core::{Options, Report, Unreadable};

use super::settings::Source;
use super::{Failure, audit, ledger};

/// What is known of an export, or of a ledger where it is kept.
pub(super) struct Audited {
    pub(super) audit: Result<Report, Unreadable>,
    /// How it is called.
    pub(super) path: PathBuf,
    /// Of a ledger: what of the database's own protection is missing, which no entry shows.
    pub(super) unprotected: Option<Vec<String>>,
}

/// Audits the ledger that `source` names. Nothing is written, and no commit waits.
pub(super) fn audit(source: &Source, options: &Options) -> Result<Audited, Failure> {
    let (settings, location) = ledger::locate(source)?;
    let store = ledger::open(&location, &settings, false)?;
    let name = ledger::shown(&location);
    // No file has the bytes that are read here, so that their hash would name none.
    let read_as = format!("{name}, read as an export");
    let taxes = options.taxes.clone().or_else(|| settings.own_taxes());
    let options = Options { name: Some(read_as), input_hash: false, taxes, ..options.clone() };
    let started = Instant::now();
    let report = audit::run(&*store, &options, &mut |_| {});
    let took = started.elapsed();
    let audit = report.map(|report| audit::timed(report, took));
    Ok(Audited { audit, path: name.into(), unprotected: Some(store.unprotected()?) })
}
