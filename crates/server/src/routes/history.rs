//! What an account sent and received, the latest first.

use std::sync::Arc;

use countersign_store::{Page, Query, Store};
use serde::Serialize;
use serde_json::value::RawValue;

use super::accounts;
use super::entries::shown;
use crate::answer::{self, Answer};
use crate::app::App;
use crate::call::Call;
use crate::problem::Problem;

#[derive(Serialize)]
struct History {
    entries: Vec<Box<RawValue>>,
    /// `before` of the next page; null where there is none.
    before: Option<u64>,
}

/// `side`: `sent`, `received`, or both; `before`: the `seq` that the page before ended with.
pub(super) async fn show(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let query = call.query(&["side", "before", "limit"])?;
    let account = accounts::id(&call)?;
    let sought = match query.text("side") {
        None | Some("both") => Query::Of(account.clone()),
        Some("sent") => Query::SentBy(account.clone()),
        Some("received") => Query::ReceivedBy(account.clone()),
        Some(_) => return Err(Problem::parameter("side", "neither sent nor received nor both")),
    };
    let page = Page { before: query.number("before", 1)?, limit: query.limit()? };
    let with_personal = call.caller.sees_personal_data();
    app.read(move |store| history(store, &account, &sought, page, with_personal)).await
}

fn history(
    store: &dyn Store,
    account: &str,
    query: &Query,
    page: Page,
    with_personal: bool,
) -> Result<Answer, Problem> {
    let records = store.history(query, page)?;
    if records.is_empty() && page.before.is_none() {
        // An account without a history and one that does not exist are two things.
        accounts::find(store, account)?;
    }
    let (entries, goes_on) = answer::page(records.iter().map(|record| shown(record, with_personal)), page.limit)?;
    let before = records[..entries.len()].last().filter(|_| goes_on).map(|last| last.seq);
    answer::json(&History { entries, before })
}
