//! `countersign bench`: how many durable transactions a second a database takes.

use std::time::Duration;

use clap::Args;
use countersign_engine::Engine;
use countersign_engine::load::{self, Figures, Load};
use countersign_store::Location;
use serde::Serialize;

use super::screen::{grouped, plain};
use super::settings::Source;
use super::{Failure, Outcome, answer, interrupt, ledger};

/// What the ledger is called where nobody says.
const LEDGER: &str = "countersign.bench/1";
const MAX_CALLERS: i64 = 4096;
const MAX_SECONDS: i64 = 3600;
const MAX_ACCOUNTS: i64 = 1_000_000;
#[derive(Args, Debug)]
#[command(
    after_help = "It makes a ledger of its own, in a temporary directory or at --db, where none may be yet: what it \
                        writes there stays. The shield holds nobody off, and every transfer is taxed."
)]
pub(super) struct Arguments {
    #[command(flatten)]
    source: Source,
    /// How many callers, each of which waits for its answer
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=MAX_CALLERS))]
    callers: u32,
    /// For how many seconds
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=MAX_SECONDS))]
    seconds: u32,
    /// Between how many accounts
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    #[arg(value_parser = clap::value_parser!(u32).range(2..=MAX_ACCOUNTS))]
    accounts: u32,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

/// What was measured, and on what.
#[derive(Serialize)]
struct Measured {
    db: String,
    accounts: u32,
    seconds: u32,
    #[serde(flatten)]
    figures: Figures,
    batches: u64,
    version_conflicts: u64,
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    answer::give(arguments.json, || bench(arguments), words)
}

fn bench(arguments: &Arguments) -> Result<Measured, Failure> {
    let settings = arguments.source.settings()?;
    let folder = tempfile::tempdir()?;
    let _unfinished = interrupt::remove_on_interrupt(folder.path());
    let location = match &settings.db {
        Some(url) => Location::parse(url)?,
        None => Location::Sqlite(folder.path().join("bench.db")),
    };
    if let Some(name) = countersign_store::names(&location)?.first() {
        let why = format_args!("it has the ledger {name}, and what a bench writes stays: name a database without one");
        return Err(Failure::new(ledger::shown(&location), why));
    }
    let identity = ledger::new_identity(settings.ledger.as_deref().unwrap_or(LEDGER))?;
    let store = countersign_store::create(&location, &identity, ledger::now())?;
    let engine = Engine::start(store.into(), ledger::unshielded(&settings.engine))?;
    let accounts = arguments.accounts as usize;
    load::prepare(&engine, accounts)?;
    let before = engine.metrics();
    let lasts = Duration::from_secs(arguments.seconds.into());
    let figures = load::run(&engine, &Load { callers: arguments.callers as usize, accounts, lasts })?;
    let after = engine.metrics();
    engine.shutdown();
    Ok(Measured {
        db: ledger::shown(&location),
        accounts: arguments.accounts,
        seconds: arguments.seconds,
        figures,
        batches: after.batches - before.batches,
        version_conflicts: after.version_conflicts - before.version_conflicts,
    })
}

fn words(measured: &Measured) -> String {
    let Figures { callers, transactions, per_second, p50_ms, p99_ms, longest_ms } = &measured.figures;
    format!(
        "{per_second:.0} transactions/s: {} by {callers} callers between {} accounts in {} s.\n\n  \
         Latency    p50 {p50_ms:.2} ms, p99 {p99_ms:.2} ms, longest {longest_ms:.2} ms\n  \
         Batches    {}\n  Conflicts  {}\n  Database   {}\n",
        grouped(*transactions),
        grouped(measured.accounts.into()),
        measured.seconds,
        grouped(measured.batches),
        grouped(measured.version_conflicts),
        plain(&measured.db)
    )
}
