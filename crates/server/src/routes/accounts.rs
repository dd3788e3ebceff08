//! Accounts: their documents, opening them, their standing, their names, their freezes.

use std::sync::Arc;

use countersign_core::books::{Account, has_document};
use countersign_core::grammar::{self, SYSTEM};
use countersign_core::settle::Order;
use countersign_engine::{AccountChange, NewAccount};
use countersign_store::{Store, Wanted};
use hyper::StatusCode;
use hyper::header::{HeaderValue, LOCATION};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use crate::answer::{self, Answer};
use crate::app::App;
use crate::body;
use crate::call::Call;
use crate::order::{self, Orderer};
use crate::problem::Problem;

/// Accounts by id.
#[derive(Serialize)]
struct Page {
    accounts: Vec<Box<RawValue>>,
    /// `after` of the next page; null where there is none.
    after: Option<String>,
}

/// The account of a path.
pub(super) fn id(call: &Call) -> Result<String, Problem> {
    let id = call.parameter("account");
    if !grammar::is_id(id) {
        return Err(Problem::parameter("account", "not 1 to 64 of A-Z a-z 0-9 . _ : -"));
    }
    Ok(id.to_owned())
}

pub(super) fn find(store: &dyn Store, id: &str) -> Result<Account, Problem> {
    let wanted = Wanted { accounts: vec![id.to_owned()], ..Wanted::default() };
    let found = if has_document(id) { store.load(&wanted)?.accounts.remove(id) } else { None };
    found.ok_or_else(|| missing(id))
}

fn missing(id: &str) -> Problem {
    Problem::not_found(format_args!("account {id}"))
}

/// An account as a caller may see it.
fn shown(account: Account, with_personal: bool) -> Account {
    if with_personal { account } else { Account { username: None, ..account } }
}

pub(super) async fn show(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    call.query(&[])?;
    let (id, with_personal) = (id(&call)?, call.caller.sees_personal_data());
    app.read(move |store| answer::json(&shown(find(store, &id)?, with_personal))).await
}

/// Accounts that are frozen for fraud; a list of all is the export's business.
pub(super) async fn frozen(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let query = call.query(&["frozen", "after", "limit"])?;
    if query.flag("frozen")? != Some(true) {
        return Err(Problem::parameter("frozen", "only frozen accounts are listed: frozen=true"));
    }
    let after = query.text("after").map(str::to_owned);
    if after.as_deref().is_some_and(|after| !grammar::is_id(after)) {
        return Err(Problem::parameter("after", "not 1 to 64 of A-Z a-z 0-9 . _ : -"));
    }
    let (limit, with_personal) = (query.limit()?, call.caller.sees_personal_data());
    let found = app.read(move |store| Ok(store.frozen(after.as_deref(), limit)?)).await?;
    let (accounts, goes_on) = answer::page(found.iter().cloned().map(|account| shown(account, with_personal)), limit)?;
    let after = found[..accounts.len()].last().filter(|_| goes_on).map(|last| last.id.clone());
    answer::json(&Page { accounts, after })
}

pub(super) async fn open(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    call.query(&[])?;
    let new: NewAccount = body::read(&call.headers, call.body, &app.config.limits).await?;
    if is_dots(&new.id) {
        let why = "id: an account cannot be named so: in an address . and .. are no names";
        return Err(Problem::new("INVALID_FIELD", why).field("id"));
    }
    let by = call.caller.name().map(str::to_owned);
    let account = order::wait(&app, move |engine| engine.open_account_by(new, by.as_deref())).await?;
    let mut answer = answer::json(&account)?;
    *answer.status_mut() = StatusCode::CREATED;
    let location = format!("/api/v1/accounts/{}", account.id);
    answer.headers_mut().insert(LOCATION, HeaderValue::try_from(location).map_err(Problem::internal)?);
    Ok(answer)
}

/// What a client takes out of an address before it asks: RFC 3986 section 5.2.4.
fn is_dots(id: &str) -> bool {
    id == "." || id == ".."
}

/// What is to change of an account, and why.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    #[serde(default)]
    is_active: Option<bool>,
    #[serde(default)]
    is_banned: Option<bool>,
    /// Null removes it; left out, it stays.
    #[serde(default, deserialize_with = "given")]
    username: Option<Option<String>>,
    reason: String,
}

fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

pub(super) async fn change(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    call.query(&[])?;
    let (id, by) = (id(&call)?, Orderer::of(&call)?.name);
    let Change { is_active, is_banned, username, reason } =
        body::read(&call.headers, call.body, &app.config.limits).await?;
    let (account, change) = (id.clone(), AccountChange { is_active, is_banned, username });
    let changed = order::wait(&app, move |engine| engine.change_account(&account, change, &by, &reason)).await;
    answer::json(&changed.map_err(|problem| of_path(problem, &id))?)
}

/// Why an account is frozen, or no longer.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reason {
    reason: String,
}

pub(super) async fn freeze(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    change_freeze(app, call, "ACCOUNT_FREEZE").await
}

pub(super) async fn unfreeze(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    change_freeze(app, call, "ACCOUNT_UNFREEZE").await
}

async fn change_freeze(app: Arc<App>, call: Call, kind: &str) -> Result<Answer, Problem> {
    call.query(&[])?;
    let (id, orderer) = (id(&call)?, Orderer::of(&call)?);
    let Reason { reason } = body::read(&call.headers, call.body, &app.config.limits).await?;
    let order = Order {
        kind: kind.to_owned(),
        sender_id: SYSTEM.to_owned(),
        receiver_id: id.clone(),
        operator_id: Some(orderer.name.clone()),
        description: Some(reason),
        ..Order::default()
    };
    let settled = orderer.submit(&app, order).await.map_err(|problem| of_path(problem, &id));
    order::receipt(&settled.map_err(|problem| problem.in_words(&[("description", "reason")]))?)
}

/// An account that is named by the path and does not exist is a resource that does not exist.
fn of_path(problem: Problem, id: &str) -> Problem {
    if problem.code == "UNKNOWN_ACCOUNT" { missing(id) } else { problem }
}
