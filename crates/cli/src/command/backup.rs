//! `countersign backup`: a copy that is called one only once it verifies.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use countersign_core::{Options, Report};
use countersign_store::{Location, open_read_only};
use serde::Serialize;

use super::screen::{self, grouped};
use super::settings::Source;
use super::{Failure, Outcome, answer, audit, interrupt, ledger};

#[derive(Args, Debug)]
pub(super) struct Arguments {
    #[command(flatten)]
    source: Source,
    /// Where to: a file that is not there yet
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Copied {
    ledger: String,
    entries: u64,
    head: Option<String>,
    bytes: u64,
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    answer::give(arguments.json, || copy(arguments), |copied| words(copied, &arguments.to))
}

fn copy(arguments: &Arguments) -> Result<Copied, Failure> {
    let (_, store) = ledger::read(&arguments.source)?;
    let to = &arguments.to;
    if to.exists() {
        return Err(Failure::new(to.display(), "it is there already, and a backup overwrites nothing"));
    }
    let part = to.with_added_extension("part");
    // Of somebody who is at it, or of somebody who was stopped: nothing tells.
    if part.exists() {
        let why = "a backup that was stopped left it there: remove it, unless one is being made";
        return Err(Failure::new(part.display(), why));
    }
    let _unfinished = interrupt::remove_on_interrupt(&part);
    store.backup(&part)?;
    let part = Part(part);
    let report = verified(&part.0)?;
    let bytes = fs::metadata(&part.0)?.len();
    fs::hard_link(&part.0, to).map_err(|e| Failure::new(to.display(), e))?;
    Ok(Copied { ledger: store.identity().ledger.clone(), entries: report.total_transactions, head: report.head, bytes })
}

/// The full audit of the copy.
fn verified(copy: &Path) -> Result<Report, Failure> {
    let store = open_read_only(&Location::Sqlite(copy.to_owned()), None)?;
    let report = audit::run(&*store, &Options { input_hash: false, ..Options::default() }, &mut |_| {});
    let report = report.map_err(|e| Failure::new("the copy", e))?;
    if report.valid {
        return Ok(report);
    }
    let why = format!(
        "the copy does not verify, so it is no backup and was removed: {} Run `countersign verify --db` on the ledger.",
        report.message
    );
    Err(Failure { outcome: Outcome::Findings, code: "BACKUP_NOT_VERIFIED", ..Failure::of(why) })
}

/// A file that goes again, with what SQLite put beside it.
struct Part(PathBuf);

impl Drop for Part {
    fn drop(&mut self) {
        interrupt::remove(&self.0);
    }
}

fn words(copied: &Copied, to: &Path) -> String {
    format!(
        "A backup of {} is at {}: {} entries, {} bytes, every one verified.\n",
        screen::plain(&copied.ledger),
        screen::plain(&to.display().to_string()),
        grouped(copied.entries),
        grouped(copied.bytes)
    )
}
