//! `countersign freeze` and `unfreeze`: entries of the ledger, each with who ordered it and why.

use clap::Args;
use countersign_core::grammar::SYSTEM;
use countersign_core::settle::Order;

use super::settings::Source;
use super::{Failure, Outcome, answer, ledger, receipt};

#[derive(Args, Debug)]
pub(super) struct Arguments {
    #[command(flatten)]
    source: Source,
    /// Which account
    #[arg(value_name = "ACCOUNT")]
    account: String,
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

/// `kind`: the type of the entry.
pub(super) fn run(arguments: &Arguments, kind: &str) -> Result<Outcome, Failure> {
    let freeze = || {
        ledger::settle(&arguments.source, |engine, settings| {
            let order = Order {
                kind: kind.to_owned(),
                sender_id: SYSTEM.to_owned(),
                receiver_id: arguments.account.clone(),
                operator_id: Some(ledger::operator(arguments.operator.as_ref(), settings)?),
                description: Some(arguments.reason.clone()),
                ..Order::default()
            };
            ledger::order(engine, order, None)
        })
    };
    answer::give(arguments.json, freeze, receipt::words)
}
