//! What operators did that is no entry, the latest first.

use std::sync::Arc;

use countersign_store::{Act, Page};
use serde::Serialize;

use crate::answer::{self, Answer};
use crate::app::App;
use crate::call::Call;
use crate::caller::unauthenticated;
use crate::problem::Problem;

#[derive(Serialize)]
struct Acts {
    acts: Vec<Act>,
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
    let acts = app.read(move |store| Ok(store.acts(page)?)).await?;
    let full = acts.len() == usize::try_from(page.limit).unwrap_or(usize::MAX);
    let before = acts.last().filter(|_| full).map(|last| last.number);
    answer::json(&Acts { acts, before })
}
