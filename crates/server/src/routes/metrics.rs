//! Figures for Prometheus.

use std::sync::Arc;

use countersign_engine::Engine;
use countersign_store::Wanted;

use super::Call;
use crate::answer::{self, Answer};
use crate::app::App;
use crate::metrics::Moment;
use crate::problem::Problem;

const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

pub(super) async fn show(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    call.query(&[])?;
    // In an outage of the database all the other figures are wanted most.
    let head = app.read(|store| Ok(store.load(&Wanted::default())?.head)).await.ok();
    let engine = app.ledger.engine().map(Engine::metrics);
    let watch = app.watch.as_ref().map(|figures| figures());
    Ok(answer::text(CONTENT_TYPE, app.metrics.text(Moment { head, engine, watch })?))
}
