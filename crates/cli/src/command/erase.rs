//! `countersign erase`: the personal data of an entry, gone for good.

use clap::Args;
use countersign_core::grammar::SYSTEM;
use countersign_core::settle::Order;

use super::settings::Source;
use super::{Failure, Outcome, answer, ledger, receipt};

#[derive(Args, Debug)]
#[command(after_help = "A copy that was exported before cannot be recalled. Erasing takes both parties' names.")]
pub(super) struct Arguments {
    #[command(flatten)]
    source: Source,
    /// The transaction_id of the entry
    #[arg(value_name = "UUID")]
    transaction: String,
    /// The party whose right it is
    #[arg(long, value_name = "ACCOUNT")]
    account: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Who orders it
    #[arg(long, value_name = "ID", env = "COUNTERSIGN_OPERATOR")]
    operator: Option<String>,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    let erase = || {
        ledger::settle(&arguments.source, |engine, settings| {
            let order = Order {
                kind: "ERASURE".to_owned(),
                sender_id: SYSTEM.to_owned(),
                receiver_id: arguments.account.clone(),
                operator_id: Some(ledger::operator(arguments.operator.as_ref(), settings)?),
                reference_id: Some(arguments.transaction.clone()),
                description: arguments.reason.clone(),
                ..Order::default()
            };
            ledger::order(engine, order, None)
        })
    };
    answer::give(arguments.json, erase, receipt::words)
}
