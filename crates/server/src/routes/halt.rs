//! Halting the ledger, and lifting that.

use std::sync::Arc;

use countersign_store::Wanted;
use serde::Deserialize;
use serde_json::json;

use crate::answer::{self, Answer};
use crate::app::App;
use crate::body;
use crate::call::Call;
use crate::order::{self, Orderer};
use crate::problem::Problem;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reason {
    reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Lift {
    reason: String,
    /// Whose halt.
    of: Option<String>,
}

/// From here on no transaction is taken. A halt that stands already is answered as it is, and said to.
pub(super) async fn halt(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    call.query(&[])?;
    let by = Orderer::of(&call)?.name;
    let Reason { reason } = body::read(&call.headers, call.body, &app.config.limits).await?;
    answer::json(&order::wait(&app, move |engine| engine.halt(&by, &reason)).await?)
}

/// From here on transactions are taken again. Where none stands, nothing is lifted, and nobody is told that one was.
pub(super) async fn resume(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    call.query(&[])?;
    let by = Orderer::of(&call)?.name;
    let Lift { reason, of } = body::read(&call.headers, call.body, &app.config.limits).await?;
    if app.read(|store| Ok(store.load(&Wanted::default())?.head.halt.is_none())).await? {
        return Err(Problem::new("NOT_HALTED", "no halt stands that could be lifted"));
    }
    order::wait(&app, move |engine| engine.resume_of(of.as_deref(), &by, &reason)).await?;
    answer::json(&json!({"halted": false}))
}
