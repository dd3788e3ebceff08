//! The Treasury: what it holds, and what is withdrawn from it.

use std::sync::Arc;

use countersign_core::books::Treasury;
use countersign_core::grammar::TREASURY;
use countersign_core::settle::Order;
use countersign_store::Wanted;
use serde::{Deserialize, Serialize};

use crate::answer::{self, Answer};
use crate::app::App;
use crate::body;
use crate::call::Call;
use crate::order::{self, Orderer};
use crate::problem::Problem;

#[derive(Serialize)]
struct Report {
    #[serde(flatten)]
    treasury: Treasury,
    /// `seq` of the ledger's last entry then.
    as_of_seq: u64,
}

pub(super) async fn show(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    call.query(&[])?;
    let loaded = app.read(|store| Ok(store.load(&Wanted::default())?)).await?;
    answer::json(&Report { treasury: loaded.treasury, as_of_seq: loaded.head.seq })
}

/// What is withdrawn, for whom, and why.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Withdrawal {
    receiver_id: String,
    tax_type: String,
    currency: String,
    amount: String,
    reason: String,
}

pub(super) async fn withdraw(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    call.query(&[])?;
    let orderer = Orderer::of(&call)?.with_key()?;
    let withdrawal: Withdrawal = body::read(&call.headers, call.body, &app.config.limits).await?;
    let order = Order {
        kind: "TAX_WITHDRAWAL".to_owned(),
        sender_id: TREASURY.to_owned(),
        receiver_id: withdrawal.receiver_id,
        currency: Some(withdrawal.currency),
        amount: Some(withdrawal.amount),
        tax_type: Some(withdrawal.tax_type),
        operator_id: Some(orderer.name.clone()),
        description: Some(withdrawal.reason),
        ..Order::default()
    };
    let settled = orderer.submit(&app, order).await;
    order::receipt(&settled.map_err(|problem| problem.in_words(&[("description", "reason")]))?)
}
