//! Ordering transactions.

use std::sync::Arc;

use countersign_core::kind::Kind;
use countersign_core::settle::Order;

use crate::answer::Answer;
use crate::app::App;
use crate::body;
use crate::call::Call;
use crate::order::{self, Orderer};
use crate::problem::Problem;
use crate::token::Role;

pub(super) async fn order(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    call.query(&[])?;
    let orderer = Orderer::of(&call)?.with_key()?;
    let order: Order = body::read(&call.headers, call.body, &app.config.limits).await?;
    let administrative = Kind::parse(&order.kind).is_some_and(|kind| kind.needs_operator() == Some(true));
    if administrative && !call.caller.has(Role::Admin) {
        let detail = format_args!("{} needs a token with the role admin", order.kind).to_string();
        return Err(Problem::new("FORBIDDEN", detail));
    }
    let order = named(order, administrative, &orderer.name)?;
    order::receipt(&orderer.submit(&app, order).await?)
}

/// Who ordered it is whose token it is: a caller may say so, and nothing else.
fn named(mut order: Order, administrative: bool, name: &str) -> Result<Order, Problem> {
    if order.operator_id.as_deref().is_some_and(|stated| stated != name) {
        let detail = "operator_id: it is the name of the token, and may be left out";
        return Err(Problem::new("INVALID_FIELD", detail).field("operator_id"));
    }
    if administrative {
        order.operator_id = Some(name.to_owned());
    }
    Ok(order)
}
