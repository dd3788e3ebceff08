//! `countersign init`: a ledger without entries.

use std::io::{self, Write as _};

use clap::Args;
use countersign_store::Location;
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
    if let (Location::Postgres(_), None) = (&location, &arguments.writer_role) {
        let _ = writeln!(
            io::stderr(),
            "countersign: without --writer-role whoever writes this ledger also owns its tables, and can get round what \
             the database refuses"
        );
    }
    let (identity, now) = (ledger::named_identity(&settings)?, ledger::now());
    match (&location, &arguments.writer_role) {
        (_, None) => drop(countersign_store::create(&location, &identity, now)?),
        (Location::Postgres(url), Some(role)) => {
            drop(countersign_store::postgres::create(url, &identity, now, Some(role))?);
        }
        (Location::Sqlite(_), Some(_)) => {
            return Err(Failure::new("--writer-role", "a file of SQLite's has no roles"));
        }
    }
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
