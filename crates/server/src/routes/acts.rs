//! What operators did that is no entry, the latest first.

use std::sync::Arc;

use countersign_store::Page;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::answer::{self, Answer};
use crate::app::App;
use crate::call::Call;
use crate::caller::unauthenticated;
use crate::problem::Problem;

#[derive(Serialize)]
struct Acts {
    acts: Vec<Box<RawValue>>,
    /// `before` of the next page; null where there is none.
    before: Option<u64>,
}

/// Who did what, and why, is not for everybody, even where reading is.
pub(super) async fn list(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    if !call.caller.sees_personal_data() {
        return Err(unauthenticated());
    }
    let query = call.query(&["before", "limit"])?;
    let page = Page { before: query.number("before", 1)?, limit: query.limit()? };
    let found = app.read(move |store| Ok(store.acts(page)?)).await?;
    let (acts, goes_on) = answer::page(found.iter(), page.limit)?;
    let before = found[..acts.len()].last().filter(|_| goes_on).map(|last| last.number);
    answer::json(&Acts { acts, before })
}
