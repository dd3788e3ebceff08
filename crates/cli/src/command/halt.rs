//! `countersign halt` and `resume`: no transaction is taken until somebody lifts it, by name and reason.

use clap::Args;
use countersign_engine::halt_store;
use countersign_store::{Halt, Wanted};
use serde::Serialize;

use super::screen::plain;
use super::settings::Source;
use super::{Failure, Outcome, answer, ledger};

#[derive(Args, Debug)]
pub(super) struct Arguments {
    #[command(flatten)]
    source: Source,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Who orders it
    #[arg(long, value_name = "ID", env = "COUNTERSIGN_OPERATOR")]
    operator: Option<String>,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct State {
    ledger: String,
    halt: Option<Halt>,
}

pub(super) fn run(arguments: &Arguments, halts: bool) -> Result<Outcome, Failure> {
    answer::give(arguments.json, || set(arguments, halts), words)
}

fn set(arguments: &Arguments, halts: bool) -> Result<State, Failure> {
    match by_engine(arguments, halts) {
        Err(failure) if halts && failure.code == ledger::DAMAGED => past_engine(arguments),
        outcome => outcome,
    }
}

/// No engine starts on a ledger that is damaged; halted it must be all the same.
fn past_engine(arguments: &Arguments) -> Result<State, Failure> {
    let (settings, location) = ledger::locate(&arguments.source)?;
    let store = ledger::open_to_halt(&location, &settings)?;
    let by = ledger::operator(arguments.operator.as_ref(), &settings)?;
    let halt = halt_store(&*store, &by, &arguments.reason)?;
    Ok(State { ledger: store.identity().ledger.clone(), halt: Some(halt) })
}

fn by_engine(arguments: &Arguments, halts: bool) -> Result<State, Failure> {
    ledger::settle(&arguments.source, |engine, settings| {
        let by = ledger::operator(arguments.operator.as_ref(), settings)?;
        if halts {
            engine.halt(&by, &arguments.reason)?;
        } else {
            engine.resume(&by, &arguments.reason)?;
        }
        let store = engine.store();
        let halt = store.load(&Wanted::default())?.head.halt;
        Ok(State { ledger: store.identity().ledger.clone(), halt })
    })
}

fn words(state: &State) -> String {
    match &state.halt {
        Some(halt) => format!(
            "{} is halted by {} since {}: {}\nNo transaction is taken until `countersign resume`.\n",
            plain(&state.ledger),
            plain(&halt.by),
            halt.at,
            plain(&halt.reason)
        ),
        None => format!("{} takes transactions.\n", plain(&state.ledger)),
    }
}
