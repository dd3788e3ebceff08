//! Erasing the personal block of an entry.

use std::sync::Arc;

use countersign_core::grammar::SYSTEM;
use countersign_core::settle::Order;
use serde::Deserialize;

use crate::answer::Answer;
use crate::app::App;
use crate::body;
use crate::call::Call;
use crate::order::{self, Orderer};
use crate::problem::Problem;

/// Which entry's block goes, and for which of its parties.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Erasure {
    transaction_id: String,
    account_id: String,
}

/// What an order calls these.
const NAMES: [(&str, &str); 2] = [("reference_id", "transaction_id"), ("receiver_id", "account_id")];

pub(super) async fn erase(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    call.query(&[])?;
    let orderer = Orderer::of(&call)?;
    let erasure: Erasure = body::read(&call.headers, call.body, &app.config.limits).await?;
    let order = Order {
        kind: "ERASURE".to_owned(),
        sender_id: SYSTEM.to_owned(),
        receiver_id: erasure.account_id,
        operator_id: Some(orderer.name.clone()),
        reference_id: Some(erasure.transaction_id),
        ..Order::default()
    };
    let settled = orderer.submit(&app, order).await;
    order::receipt(&settled.map_err(|problem| problem.in_words(&NAMES))?)
}
