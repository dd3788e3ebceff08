//! `countersign init`: a ledger without entries.

use clap::Args;
use serde::Serialize;

use super::settings::Source;
use super::{Failure, Outcome, answer, ledger};

#[derive(Args, Debug)]
pub(super) struct Arguments {
    #[command(flatten)]
    source: Source,
    /// PostgreSQL: a role that may write the ledger and owns nothing of it
    #[arg(long, value_name = "ROLE")]
    writer_role: Option<String>,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Made {
    db: String,
    ledger: String,
    ledger_id: String,
    genesis: String,
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    answer::give(arguments.json, || make(arguments), words)
}

fn make(arguments: &Arguments) -> Result<Made, Failure> {
    let (settings, location) = ledger::locate(&arguments.source)?;
    let identity = ledger::named_identity(&settings)?;
    ledger::create(&location, &identity, arguments.writer_role.as_deref())?;
    let genesis = identity.genesis().to_string();
    Ok(Made { db: ledger::shown(&location), ledger: identity.ledger, ledger_id: identity.ledger_id, genesis })
}

fn words(made: &Made) -> String {
    format!(
        "Made the ledger {} at {}.\n\n  Id       {}\n  Genesis  {}\n\nKeep the id somewhere else: it tells this \
         ledger from any other of its name.\n",
        made.ledger, made.db, made.ledger_id, made.genesis
    )
}
