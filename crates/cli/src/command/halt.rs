//! `countersign halt` and `resume`: no transaction is taken until somebody lifts it, by name and reason.

use clap::Args;
use countersign_engine::{Halted, halt_store, watch};
use countersign_store::{Halt, Store, Wanted};
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

/// What lifts a halt.
#[derive(Args, Debug)]
pub(super) struct Lift {
    #[command(flatten)]
    order: Arguments,
    /// Whose halt: that of the watch is lifted only by `--of watch`
    #[arg(long, value_name = "ID")]
    of: Option<String>,
}

/// Whether the ledger takes transactions after it.
#[derive(Serialize)]
struct State {
    ledger: String,
    halt: Option<Halt>,
    /// Whether that halt stood before, and this one was not written.
    #[serde(skip_serializing_if = "Option::is_none")]
    already: Option<bool>,
}

impl State {
    fn halted(store: &dyn Store, Halted { halt, already }: Halted) -> Self {
        Self { ledger: store.identity().ledger.clone(), halt: Some(halt), already: Some(already) }
    }
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    let halt = || match by_engine(arguments) {
        Err(failure) if failure.code == ledger::DAMAGED => past_engine(arguments),
        outcome => outcome,
    };
    answer::give(arguments.json, halt, words)
}

fn by_engine(arguments: &Arguments) -> Result<State, Failure> {
    ledger::settle(&arguments.source, |engine, settings| {
        let by = ledger::operator(arguments.operator.as_ref(), settings)?;
        Ok(State::halted(engine.store(), engine.halt(&by, &arguments.reason)?))
    })
}

/// No engine starts on a ledger that is damaged; halted it must be all the same.
fn past_engine(arguments: &Arguments) -> Result<State, Failure> {
    let (settings, location) = ledger::locate(&arguments.source)?;
    let store = ledger::open_to_halt(&location, &settings)?;
    let by = ledger::operator(arguments.operator.as_ref(), &settings)?;
    Ok(State::halted(&*store, halt_store(&*store, &by, &arguments.reason)?))
}

pub(super) fn lift(arguments: &Lift) -> Result<Outcome, Failure> {
    let order = &arguments.order;
    let resume = || {
        ledger::settle(&order.source, |engine, settings| {
            let by = ledger::operator(order.operator.as_ref(), settings)?;
            engine.resume_of(arguments.of.as_deref(), &by, &order.reason)?;
            let store = engine.store();
            let halt = store.load(&Wanted::default())?.head.halt;
            Ok(State { ledger: store.identity().ledger.clone(), halt, already: None })
        })
    };
    answer::give(order.json, resume, words)
}

fn words(state: &State) -> String {
    let ledger = plain(&state.ledger);
    let Some(halt) = &state.halt else { return format!("{ledger} takes transactions.\n") };
    let (by, reason) = (plain(&halt.by), plain(&halt.reason));
    let was = match state.already {
        Some(true) => "was halted already, and that halt stands; yours is not kept. It is",
        _ => "is halted",
    };
    let lifts = if halt.by == watch::NAME { "resume --of watch" } else { "resume" };
    format!(
        "{ledger} {was} by {by} since {}: {reason}\nNo transaction is taken until `countersign {lifts}`.\n",
        halt.at
    )
}
