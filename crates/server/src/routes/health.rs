//! Whether the server lives, and whether it can answer.

use std::sync::Arc;

use countersign_store::{Store, StoreError, Wanted};
use serde_json::json;

use crate::answer::{self, Answer};
use crate::app::App;
use crate::call::Call;
use crate::problem::Problem;

pub(super) async fn alive(_app: Arc<App>, _call: Call) -> Result<Answer, Problem> {
    answer::json(&json!({"status": "alive"}))
}

/// Not ready once it is told to stop, so that a balancer sends no more, where its watch is gone, and where the database
/// does not answer or its ledger cannot be gone on with. That is asked at most once a second; whether it can be written, where
/// this server writes, every five.
pub(super) async fn ready(app: Arc<App>, _call: Call) -> Result<Answer, Problem> {
    if app.is_stopping() {
        return Err(Problem::new("NOT_READY", "the server is stopping"));
    }
    if app.watch.as_ref().is_some_and(|figures| figures().gone) {
        return Err(Problem::new(
            "NOT_READY",
            "the watch has ended by a fault of its own: nothing is audited any more",
        ));
    }
    let (asked, look) = (Arc::clone(&app), Arc::clone(&app));
    let answers = async move { asked.read(move |store| can_answer(&look, store)).await.is_ok() };
    if !app.readiness.ask(answers).await? {
        let why =
            "the database does not answer, or the ledger in it is not one to go on with; the server's log says more";
        return Err(Problem::new("NOT_READY", why));
    }
    answer::json(&json!({"status": "ready"}))
}

/// Whether the ledger can be read and, where this server writes, be gone on with: not where the database no longer
/// protects what is written, or takes no writes of this user.
fn can_answer(app: &App, store: &dyn Store) -> Result<(), Problem> {
    let looked = match app.engine() {
        Ok(engine) => {
            let goes_on = engine.can_go_on().map_err(|error| error.to_string());
            goes_on.and_then(|()| is_protected(store)).and_then(|()| app.attempts.ask(|| can_be_written(store)))
        }
        Err(_) => store.load(&Wanted::default()).map(drop).map_err(|error| error.to_string()),
    };
    looked.map_err(|why| {
        tracing::warn!("not ready: {why}");
        Problem::new("NOT_READY", why)
    })
}

/// Who is only waited for is no reason to send orders elsewhere.
fn can_be_written(store: &dyn Store) -> Result<(), String> {
    match store.try_commit() {
        Err(StoreError::Version(_) | StoreError::Busy { .. }) => Ok(()),
        tried => tried.map_err(|error| error.to_string()),
    }
}

fn is_protected(store: &dyn Store) -> Result<(), String> {
    let lost = store.unprotected().map_err(|error| error.to_string())?;
    if lost.is_empty() { Ok(()) } else { Err(lost.join("; ")) }
}
