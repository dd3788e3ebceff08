//! Histories, each from the index that is made for it, without sorting.

use countersign_core::books::Account;
use countersign_core::grammar::MAX_SEQ;
use countersign_core::seal::Record;
use rusqlite::{Connection, params};

use super::cells::number;
use super::fault::fault;
use super::load::for_each;
use super::rows::{self, account_columns, entry_columns};
use crate::act::Act;
use crate::error::StoreError;
use crate::store::{Page, Query};

/// Entries of one index, the latest first, from the latest whose `seq` is below `?2` on. `created_at` never goes
/// back, so that an index that ends in `(created_at DESC, seq DESC)` is in the order of `seq`.
macro_rules! of_index {
    ($equality:literal) => {
        concat!(
            "SELECT ",
            entry_columns!(),
            " FROM entries AS e LEFT JOIN personal AS p ON p.seq = e.seq WHERE ",
            $equality,
            " AND (e.created_at, e.seq) <= \
             (SELECT created_at, seq FROM entries WHERE seq < ?2 ORDER BY seq DESC LIMIT 1)"
        )
    };
}

/// By the third column, `created_at`, and the first, `seq`.
macro_rules! latest_first {
    ($entries:expr) => {
        concat!($entries, " ORDER BY 3 DESC, 1 DESC LIMIT ?3")
    };
}

const SENT_BY: &str = latest_first!(of_index!("e.sender_id = ?1"));
const RECEIVED_BY: &str = latest_first!(of_index!("e.receiver_id = ?1"));
const OF_TYPE: &str = latest_first!(of_index!("e.type = ?1"));
/// Nobody pays himself, so that no entry is in both.
const OF: &str = latest_first!(concat!(of_index!("e.sender_id = ?1"), " UNION ALL ", of_index!("e.receiver_id = ?1")));

const FROZEN: &str = concat!(
    "SELECT ",
    account_columns!(),
    " FROM accounts WHERE is_frozen_for_fraud = 1 AND id > ?1 ORDER BY id LIMIT ?2"
);

const ACTS: &str = "SELECT number, kind, account, operator, reason, at, seq FROM acts WHERE number < ?1 \
                    ORDER BY number DESC LIMIT ?2";

/// What operators did, the latest first.
pub(super) fn acts(connection: &Connection, page: Page) -> Result<Vec<Act>, StoreError> {
    let before = number(page.before.unwrap_or(MAX_SEQ + 1).min(MAX_SEQ + 1))?;
    let mut acts = Vec::new();
    for_each(connection, ACTS, params![before, page.limit], "acts", |row| {
        acts.push(rows::act(row)?);
        Ok(())
    })?;
    Ok(acts)
}

fn statement(query: &Query) -> (&'static str, &str) {
    match query {
        Query::SentBy(id) => (SENT_BY, id),
        Query::ReceivedBy(id) => (RECEIVED_BY, id),
        Query::Of(id) => (OF, id),
        Query::OfType(kind) => (OF_TYPE, kind),
    }
}

pub(super) fn history(connection: &Connection, query: &Query, page: Page) -> Result<Vec<Record>, StoreError> {
    let (sql, key) = statement(query);
    let before = number(page.before.unwrap_or(MAX_SEQ + 1).min(MAX_SEQ + 1))?;
    let mut found = Vec::new();
    for_each(connection, sql, params![key, before, page.limit], "entries", |row| {
        found.push(rows::record(row)?);
        Ok(())
    })?;
    Ok(found)
}

pub(super) fn frozen(connection: &Connection, after: Option<&str>, limit: u32) -> Result<Vec<Account>, StoreError> {
    let mut found = Vec::new();
    // Every id sorts after the empty text.
    for_each(connection, FROZEN, params![after.unwrap_or(""), limit], "accounts", |row| {
        found.push(rows::account(row)?);
        Ok(())
    })?;
    Ok(found)
}

pub(super) fn plan(connection: &Connection, query: &Query) -> Result<String, StoreError> {
    let (sql, key) = statement(query);
    explain(connection, sql, params![key, 1, 1])
}

pub(super) fn plan_frozen(connection: &Connection) -> Result<String, StoreError> {
    explain(connection, FROZEN, params!["", 1])
}

fn explain(connection: &Connection, sql: &str, parameters: impl rusqlite::Params) -> Result<String, StoreError> {
    let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).map_err(fault)?;
    let steps = statement.query_map(parameters, |row| row.get::<_, String>("detail")).map_err(fault)?;
    let steps: Vec<String> = steps.collect::<Result<_, _>>().map_err(fault)?;
    Ok(steps.join("\n"))
}
