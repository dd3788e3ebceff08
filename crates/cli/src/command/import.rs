//! `countersign import`: a ledger started from one of the first system.

use std::collections::BTreeSet;
use std::io::Seek as _;
use std::path::{Path, PathBuf};

use clap::Args;
use countersign_core::grammar::says_something;
use countersign_core::{Options, Report, users_of_format_1, verify_chain_integrity};
use countersign_store::Location;
use serde::Serialize;

use super::input::Input;
use super::screen::{grouped, plain};
use super::settings::{Settings, Source};
use super::{Failure, Outcome, answer, ledger, new_ledger};
use crate::import::{self, IMPORT_ACCOUNT, Origin, Treasury, User};

#[derive(Args, Debug)]
#[command(
    after_help = "Format 1 holds no opening balances, so the documents cannot be held against it: what they say \
                        is what the new ledger starts from. Nothing is written unless everything is right. In \
                        PostgreSQL the entries are one transaction: an import that fails leaves at most a ledger \
                        without entries, which the next one takes."
)]
pub(super) struct Arguments {
    #[command(flatten)]
    source: Source,
    /// The old ledger: an export of format 1, in any form that `verify` reads; - for standard input, here or below
    #[arg(value_name = "LEDGER")]
    old: PathBuf,
    /// The users, as mongoexport or mongodump writes them
    #[arg(long, value_name = "FILE")]
    users: PathBuf,
    /// The Treasury, likewise
    #[arg(long, value_name = "FILE")]
    treasury: PathBuf,
    /// PostgreSQL: a role that may write the ledger and owns nothing of it
    #[arg(long, value_name = "ROLE")]
    writer_role: Option<String>,
    /// Who orders it
    #[arg(long, value_name = "ID", env = "COUNTERSIGN_OPERATOR")]
    operator: Option<String>,
    /// Import though the old ledger does not verify: the first entry's description will say so, and why
    #[arg(long, requires = "reason")]
    accept_findings: bool,
    /// Why that is right
    #[arg(long, value_name = "TEXT", requires = "accept_findings", value_parser = said)]
    reason: Option<String>,
    /// Import though users whom the old ledger names have no document: they get no account
    #[arg(long)]
    accept_missing_users: bool,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

/// Most users without a document that are counted.
const MOST_MISSING: usize = 100_000;
/// So many of them are named.
const NAMED: usize = 5;

/// A reason that says something.
fn said(reason: &str) -> Result<String, &'static str> {
    if says_something(reason, usize::MAX) {
        Ok(reason.to_owned())
    } else {
        Err("it says nothing, or holds what no text may")
    }
}

/// What was imported.
#[derive(Serialize)]
struct Imported {
    ledger: String,
    ledger_id: String,
    old_head: String,
    old_entries: u64,
    old_findings: u64,
    users: usize,
    missing_users: usize,
    entries: u64,
    head: Option<String>,
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    answer::give(arguments.json, || import(arguments), words)
}

fn import(arguments: &Arguments) -> Result<Imported, Failure> {
    let (settings, location) = ledger::locate(&arguments.source)?;
    let operator = ledger::operator(arguments.operator.as_ref(), &settings)?;
    if let Location::Sqlite(path) = &location
        && path.exists()
    {
        return Err(Failure::new(path.display(), "it is there already, and an import starts a ledger of its own"));
    }
    if matches!((&location, &arguments.writer_role), (Location::Sqlite(_), Some(_))) {
        return Err(Failure::new("--writer-role", "a file of SQLite's has no roles"));
    }
    let files = [&arguments.old, &arguments.users, &arguments.treasury];
    if files.iter().filter(|path| path.as_path() == Path::new("-")).count() > 1 {
        return Err(Failure::of("only one of the ledger, --users and --treasury can be standard input".to_owned()));
    }
    let mut input = Input::open(&arguments.old).map_err(|e| unreadable(arguments, e))?;
    let old = verified(arguments, &mut input)?;
    let users = import::users(&arguments.users).map_err(|fault| Failure::of(fault.to_string()))?;
    let treasury = import::treasury(&arguments.treasury).map_err(|fault| Failure::of(fault.to_string()))?;
    check(&users, &treasury, &settings)?;
    let missing_users = missing(arguments, &mut input, &users)?;
    let origin = Origin { operator, head: head(&old), note: note(arguments, &old) };
    let content = new_ledger::Content { users: &users, treasury: &treasury, origin: &origin };
    let made = new_ledger::make(
        ledger::named_identity(&settings)?,
        &location,
        arguments.writer_role.as_deref(),
        &settings,
        &content,
    )?;
    Ok(Imported {
        ledger: made.identity.ledger,
        ledger_id: made.identity.ledger_id,
        old_head: origin.head,
        old_entries: old.total_transactions,
        old_findings: old.findings_total,
        users: users.len(),
        missing_users,
        entries: made.report.total_transactions,
        head: made.report.head,
    })
}

/// The report on the old ledger, where it allows an import.
fn verified(arguments: &Arguments, input: &mut Input) -> Result<Report, Failure> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let options = Options { name: Some(input.name.clone()), threads, ..Options::default() };
    let report =
        verify_chain_integrity(&mut input.file, &options, &mut |_| {}).map_err(|e| unreadable(arguments, e))?;
    if report.format != 1 {
        return Err(unreadable(arguments, "it is of format 2 already, and what is imported is format 1"));
    }
    if report.total_transactions == 0 {
        return Err(unreadable(arguments, "it holds no entry"));
    }
    if !report.valid && !arguments.accept_findings {
        let why = format!(
            "{}: {} finding(s), and nothing was imported: {} See `countersign verify`; --accept-findings imports all the \
             same.",
            arguments.old.display(),
            report.findings_total,
            report.message
        );
        return Err(Failure { outcome: Outcome::Findings, code: "OLD_LEDGER_NOT_VERIFIED", ..Failure::of(why) });
    }
    Ok(report)
}

fn unreadable(arguments: &Arguments, why: impl std::fmt::Display) -> Failure {
    Failure::new(arguments.old.display(), why)
}

/// How many users the old ledger names who have no document, where that is accepted. What they held would be lost
/// without a word: an export of the users that was filtered looks like a whole one.
fn missing(arguments: &Arguments, input: &mut Input, users: &[User]) -> Result<usize, Failure> {
    let is_there = |id: &str| users.binary_search_by(|user| user.id.as_str().cmp(id)).is_ok();
    let mut missing: BTreeSet<String> = BTreeSet::new();
    input.file.rewind()?;
    let read = users_of_format_1(&mut input.file, &mut |id| {
        if missing.len() < MOST_MISSING && !is_there(id) && !missing.contains(id) {
            missing.insert(id.to_owned());
        }
    });
    read.map_err(|e| unreadable(arguments, e))?;
    if missing.is_empty() || arguments.accept_missing_users {
        return Ok(missing.len());
    }
    let named: Vec<&str> = missing.iter().take(NAMED).map(String::as_str).collect();
    let more = if missing.len() > NAMED { ", …" } else { "" };
    Err(unreadable(
        arguments,
        format_args!(
            "{} of its users have no document in {}: {}{more}. What they held would be lost; --accept-missing-users \
             imports all the same",
            count(missing.len()),
            arguments.users.display(),
            named.join(", ")
        ),
    ))
}

fn count(missing: usize) -> String {
    let at_least = if missing == MOST_MISSING { "at least " } else { "" };
    format!("{at_least}{}", grouped(missing as u64))
}

/// Where the old ledger ended. One that is too damaged to tell is named by its file.
fn head(old: &Report) -> String {
    let by_file = || format!("sha256:{}", old.input.sha256.as_deref().unwrap_or_default());
    old.head.clone().unwrap_or_else(by_file)
}

/// What the first entry says about the import.
fn note(arguments: &Arguments, old: &Report) -> String {
    let (entries, hash) = (old.total_transactions, old.input.sha256.as_deref().unwrap_or_default());
    let whence = format!("import of a format 1 ledger of {entries} entries, SHA-256 of its export {hash}");
    match &arguments.reason {
        Some(reason) if !old.valid => {
            format!("{whence}; it does not verify, with {} finding(s), accepted because: {reason}", old.findings_total)
        }
        _ => whence,
    }
}

/// What no single document shows.
fn check(users: &[User], treasury: &Treasury, settings: &Settings) -> Result<(), Failure> {
    if users.iter().any(|user| user.id == IMPORT_ACCOUNT) {
        return Err(Failure::new(IMPORT_ACCOUNT, "a user has the id of the account that imports pass through"));
    }
    let currencies = &settings.engine.policy.currencies;
    let held = users.iter().map(|user| &user.balances).chain(treasury.collected.values());
    let unknown = held.flat_map(|sums| sums.keys()).find(|currency| !currencies.contains(*currency));
    match unknown {
        Some(currency) => Err(Failure::new(currency, "the new ledger has no such currency: see [engine.policy]")),
        None => Ok(()),
    }
}

fn words(imported: &Imported) -> String {
    let findings = match imported.old_findings {
        0 => "it verifies".to_owned(),
        n => format!("with {n} finding(s), accepted"),
    };
    let missing = match imported.missing_users {
        0 => String::new(),
        n => format!("\n{} users of the old ledger have no document, and no account: accepted.\n", count(n)),
    };
    format!(
        "Imported into the ledger {}: {} users, {} entries; verified, and its documents are those imported.\n\n  \
         Id        {}\n  Head      {}\n  Old head  {}\n  Old       {} entries, {findings}\n{missing}",
        plain(&imported.ledger),
        grouped(imported.users as u64),
        grouped(imported.entries),
        imported.ledger_id,
        imported.head.as_deref().unwrap_or("none"),
        plain(&imported.old_head),
        grouped(imported.old_entries),
    )
}
