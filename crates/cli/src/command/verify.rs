//! `countersign verify`: the audit of one export.

use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Instant;

use clap::Args;
use countersign_core::{Options, Report, Unreadable, verify_chain_integrity};
use serde::Serialize;
use serde_json::json;

use super::input::Input;
use super::progress::Bar;
use super::screen::{self, Paint};
use super::settings::Source;
use super::trusted::{Given, Trusted};
use super::verify_ledger::Audited;
use super::{Failure, Outcome, answer, audit, verdict, verify_ledger};

const MAX_THREADS: i64 = 256;

#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// The export, plain or gzip; - for standard input. Where none is named, the ledger itself
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    #[command(flatten)]
    source: Source,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
    /// How many threads [default: one for each core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=MAX_THREADS))]
    threads: Option<u16>,
    /// Leave out the SHA-256 of the input
    #[arg(long)]
    no_input_hash: bool,
    /// How many candidates to try in search of what changed entries said before; 0 for no search
    #[arg(long, value_name = "N", default_value_t = Options::RECOVERY_BUDGET)]
    recovery_budget: u64,
    #[command(flatten)]
    trusted: Given,
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    match arguments.audit() {
        Ok(audited) => arguments.show(&audited),
        Err(failure) => answer::failed(arguments.json, failure),
    }
}

/// A report, or why there is none; of a ledger where it is kept, beside what of its database's own protection is missing.
#[derive(Serialize)]
struct Shown<'a, T: Serialize> {
    #[serde(flatten)]
    report: &'a T,
    #[serde(skip_serializing_if = "Option::is_none")]
    unprotected: Option<&'a [String]>,
}

impl Arguments {
    fn audit(&self) -> Result<Audited, Failure> {
        let options = self.options()?;
        let Some(path) = &self.file else { return verify_ledger::audit(&self.source, &options) };
        let audit = Input::open(path).map_err(Unreadable::Io).and_then(|input| audit(input, options));
        if let Ok(report) = &audit {
            self.hold_name(report)?;
        }
        Ok(Audited { audit, path: path.clone(), unprotected: None })
    }

    /// Holds an export to the ledger's name, where one is given.
    fn hold_name(&self, report: &Report) -> Result<(), Failure> {
        match (self.source.named(), report.ledger.as_deref()) {
            (Some(named), found) if found != Some(named) => {
                let found = found.unwrap_or("one without a name: of format 1");
                let why = format!("the export is of the ledger {found}, and --ledger names {named}");
                Err(Failure { code: "OTHER_LEDGER", ..Failure::of(why) })
            }
            _ => Ok(()),
        }
    }

    fn show(&self, audited: &Audited) -> Result<Outcome, Failure> {
        let Audited { audit, path, unprotected } = audited;
        let (paint, lost) = (Paint::for_stdout(), unprotected.as_deref().unwrap_or_default());
        let unprotected = unprotected.as_deref();
        let shown = match audit {
            Ok(report) if self.json => answer::text(&Shown { report, unprotected })?,
            Err(error) if self.json => answer::text(&Shown { report: &error_json(error, path), unprotected })?,
            Ok(report) => verdict::text(report, lost, paint),
            Err(error) => verdict::unprotected(lost, paint) + &verdict::unreadable(&unreadable(error, path), paint),
        };
        screen::print(&shown)?;
        Ok(match audit {
            Ok(report) if report.valid && lost.is_empty() => Outcome::Good,
            Ok(_) => Outcome::Findings,
            Err(_) => Outcome::CouldNot,
        })
    }

    /// All but the input's name.
    fn options(&self) -> Result<Options, Failure> {
        let cores = || thread::available_parallelism().map_or(1, usize::from);
        let threads = self.threads.map_or_else(cores, usize::from);
        let Trusted { keys, checkpoints, witnesses, witness_quorum, taxes } = Trusted::read(&self.trusted)?;
        Ok(Options {
            name: None,
            threads,
            input_hash: !self.no_input_hash,
            keys,
            checkpoints,
            witnesses,
            witness_quorum,
            recovery_budget: self.recovery_budget,
            taxes,
        })
    }
}

fn audit(input: Input, options: Options) -> Result<Report, Unreadable> {
    let options = Options { name: Some(input.name), ..options };
    let mut bar = Bar::new(input.bytes);
    let started = Instant::now();
    let report = verify_chain_integrity(input.file, &options, &mut |progress| bar.show(progress));
    let took = started.elapsed();
    bar.clear();
    report.map(|report| audit::timed(report, took))
}

/// Why there is no report, with the path, which the core does not know.
fn unreadable(error: &Unreadable, path: &Path) -> String {
    let named = path.display();
    match error {
        // Standard input is there; what may be missing is the folder that keeps it.
        Unreadable::Io(error) if error.kind() == io::ErrorKind::NotFound && path.as_os_str() != "-" => {
            format!("{named}: there is no such file")
        }
        Unreadable::Io(error) => format!("{named}: {error}"),
        other => format!("{named}: {other}"),
    }
}

fn error_json(error: &Unreadable, path: &Path) -> serde_json::Value {
    json!({"error": {"code": error.code(), "message": unreadable(error, path)}})
}
