//! Whether the server lives, and whether it can answer.

use std::sync::Arc;

use countersign_store::Wanted;
use serde_json::json;

use super::Call;
use crate::answer::{self, Answer};
use crate::app::App;
use crate::problem::Problem;

pub(super) async fn alive(_app: Arc<App>, _call: Call) -> Result<Answer, Problem> {
    answer::json(&json!({"status": "alive"}))
}

/// Not ready once it is told to stop, so that a balancer sends no more, and where the database does not answer.
/// That is asked at most once a second.
pub(super) async fn ready(app: Arc<App>, _call: Call) -> Result<Answer, Problem> {
    if app.is_stopping() {
        return Err(Problem::new("NOT_READY", "the server is stopping"));
    }
    let asked = Arc::clone(&app);
    let answers = async move { asked.read(|store| Ok(store.load(&Wanted::default())?)).await.is_ok() };
    if !app.readiness.ask(answers).await? {
        return Err(Problem::new("NOT_READY", "the database does not answer"));
    }
    answer::json(&json!({"status": "ready"}))
}
