//! Signed checkpoints, as the notes that they are.

use std::sync::Arc;

use crate::answer::{self, Answer};
use crate::app::App;
use crate::call::Call;
use crate::problem::Problem;

/// The latest, or that of exactly `size` entries.
pub(super) async fn show(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let size = call.query(&["size"])?.number("size", 0)?;
    let kept = app.read(move |store| Ok(store.checkpoint(size)?)).await?;
    let found = kept.filter(|kept| size.is_none_or(|size| kept.size == size));
    let found = found.ok_or_else(|| match size {
        Some(size) => Problem::not_found(format_args!("checkpoint of {size} entries")),
        None => Problem::not_found("checkpoint yet"),
    })?;
    Ok(answer::text("text/plain; charset=utf-8", found.note))
}
