//! Figures for Prometheus.

use std::sync::Arc;
use std::time::Duration;

use countersign_engine::Engine;
use countersign_store::Wanted;
use tokio::time::timeout;

use crate::answer::{self, Answer};
use crate::app::App;
use crate::call::Call;
use crate::metrics::{Moment, Stored};
use crate::problem::Problem;

/// How long the database is waited for: whoever collects figures gives up after some seconds.
const PATIENCE: Duration = Duration::from_secs(2);
const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

pub(super) async fn show(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    call.query(&[])?;
    // In an outage of the database all the other figures are wanted most, and soon.
    let ledger = app.read(|store| {
        let head = store.load(&Wanted::default())?.head;
        Ok(Stored { head, unprotected: store.unprotected()?.len() })
    });
    let ledger = timeout(PATIENCE, ledger).await.ok().and_then(Result::ok);
    let engine = app.ledger.engine().map(Engine::metrics);
    let watch = app.watch.as_ref().map(|figures| figures());
    let log_lost = app.log_lost.map(|lost| lost());
    Ok(answer::text(CONTENT_TYPE, app.metrics.text(Moment { ledger, engine, watch, log_lost })?))
}
