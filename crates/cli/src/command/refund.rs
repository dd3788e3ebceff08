//! `countersign refund`: an earlier transaction paid back, or a part of it.

use clap::Args;
use countersign_core::settle::Order;
use countersign_engine::{Engine, Receipt};
use countersign_store::Wanted;

use super::settings::Source;
use super::{Failure, Outcome, answer, ledger, receipt};

#[derive(Args, Debug)]
pub(super) struct Arguments {
    #[command(flatten)]
    source: Source,
    /// The transaction_id of what is paid back
    #[arg(value_name = "UUID")]
    transaction: String,
    /// How much [default: what is left of what the receiver got]
    #[arg(long, value_name = "AMOUNT")]
    amount: Option<String>,
    /// What it is for
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// Your own name for this order: given again with it, the first answer comes again and nothing is paid
    #[arg(long, value_name = "KEY")]
    idempotency_key: Option<String>,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    let refund = || ledger::settle(&arguments.source, |engine, _| pay_back(engine, arguments));
    answer::give(arguments.json, refund, receipt::words)
}

fn pay_back(engine: &Engine, arguments: &Arguments) -> Result<Receipt, Failure> {
    let id = &arguments.transaction.to_ascii_lowercase();
    let wanted = Wanted { referenced: vec![id.clone()], ..Wanted::default() };
    let mut loaded = engine.store().load(&wanted)?;
    let earlier = loaded
        .referenced
        .remove(id)
        .ok_or_else(|| Failure::refused("REFUND_UNMATCHED", format!("there is no transaction {id}")))?;
    let order = Order {
        kind: "REFUND".to_owned(),
        sender_id: earlier.receiver_id,
        receiver_id: earlier.sender_id,
        currency: Some(earlier.currency),
        // Without one, what is left when it is settled: asked for again by its key, it is the same order.
        amount: arguments.amount.clone(),
        reference_id: Some(id.clone()),
        description: arguments.description.clone(),
        ..Order::default()
    };
    ledger::order(engine, order, arguments.idempotency_key.clone())
}
