//! Histories, each from the index that is made for it, without sorting.

use countersign_core::books::Account;
use countersign_core::grammar::MAX_SEQ;
use countersign_core::seal::Record;
use tokio_postgres::Row;
use tokio_postgres::types::{ToSql, Type};
use uuid::Uuid;

use super::fault::fault;
use super::link::Client;
use super::rows::{self, account_columns, entry_columns};
use crate::act::Act;
use crate::error::StoreError;
use crate::store::{Page, Query};

/// Entries of one index, the latest first, from the latest whose `seq` is below `$3` on. `created_at` never goes
/// back, so that an index that ends in `(created_at DESC, seq DESC)` is in the order of `seq`.
macro_rules! of_index {
    ($column:literal) => {
        concat!(
            "(SELECT i.* FROM countersign_entries AS i WHERE i.ledger_id = $1 AND i.",
            $column,
            " = $2 AND (i.created_at, i.seq) <= (SELECT b.created_at, b.seq FROM countersign_entries AS b \
             WHERE b.ledger_id = $1 AND b.seq < $3 ORDER BY b.seq DESC LIMIT 1) \
             ORDER BY i.created_at DESC, i.seq DESC LIMIT $4)"
        )
    };
}

macro_rules! latest_first {
    ($entries:expr) => {
        concat!(
            "SELECT ",
            entry_columns!(),
            " FROM ",
            $entries,
            " AS e LEFT JOIN countersign_personal AS p ON p.ledger_id = $1 AND p.seq = e.seq \
             ORDER BY e.created_at DESC, e.seq DESC LIMIT $4"
        )
    };
}

const SENT_BY: &str = latest_first!(of_index!("sender_id"));
const RECEIVED_BY: &str = latest_first!(of_index!("receiver_id"));
const OF_TYPE: &str = latest_first!(of_index!("type"));
/// Nobody pays himself, so that no entry is in both.
const OF: &str = latest_first!(concat!("(", of_index!("sender_id"), " UNION ALL ", of_index!("receiver_id"), ")"));

const FROZEN: &str = concat!(
    "SELECT ",
    account_columns!(),
    " FROM countersign_accounts WHERE ledger_id = $1 AND is_frozen_for_fraud AND id > $2 ORDER BY id LIMIT $3"
);
const ONE: &str = concat!(
    "SELECT ",
    entry_columns!(),
    " FROM countersign_entries AS e LEFT JOIN countersign_personal AS p ON p.ledger_id = e.ledger_id \
     AND p.seq = e.seq WHERE e.ledger_id = $1 AND "
);

const ACTS: &str = "SELECT number, kind, account, operator, reason, at, seq FROM countersign_acts \
                    WHERE ledger_id = $1 AND number < $2 ORDER BY number DESC LIMIT $3";

/// What operators did, the latest first.
pub(super) async fn acts(client: &Client, ledger: Uuid, page: Page) -> Result<Vec<Act>, StoreError> {
    let limit = i64::from(page.limit);
    let values: [(&(dyn ToSql + Sync), Type); 3] =
        [(&ledger, Type::UUID), (&before(page), Type::INT8), (&limit, Type::INT8)];
    ask(client, ACTS, &values).await?.iter().map(rows::act).collect()
}

fn before(page: Page) -> i64 {
    let past_all = MAX_SEQ + 1;
    i64::try_from(page.before.unwrap_or(past_all).min(past_all)).unwrap_or(i64::MAX)
}

fn statement(query: &Query) -> (&'static str, &str) {
    match query {
        Query::SentBy(id) => (SENT_BY, id),
        Query::ReceivedBy(id) => (RECEIVED_BY, id),
        Query::Of(id) => (OF, id),
        Query::OfType(kind) => (OF_TYPE, kind),
    }
}

/// Planned anew each time: how large the tables are decides how entries are best found.
async fn ask(client: &Client, sql: &str, values: &[(&(dyn ToSql + Sync), Type)]) -> Result<Vec<Row>, StoreError> {
    client.query_typed(sql, values).await.map_err(fault)
}

pub(super) async fn history(
    client: &Client,
    ledger: Uuid,
    query: &Query,
    page: Page,
) -> Result<Vec<Record>, StoreError> {
    let (sql, key) = statement(query);
    let found = ask_history(client, ledger, sql, key, page).await?;
    found.iter().map(rows::record).collect()
}

async fn ask_history(client: &Client, ledger: Uuid, sql: &str, key: &str, page: Page) -> Result<Vec<Row>, StoreError> {
    let before = before(page);
    let limit = i64::from(page.limit);
    let values: [(&(dyn ToSql + Sync), Type); 4] =
        [(&ledger, Type::UUID), (&key, Type::TEXT), (&before, Type::INT8), (&limit, Type::INT8)];
    ask(client, sql, &values).await
}

pub(super) async fn by_seq(client: &Client, ledger: Uuid, seq: i64) -> Result<Option<Record>, StoreError> {
    let sql = format!("{ONE} e.seq = $2");
    let found = ask(client, &sql, &[(&ledger, Type::UUID), (&seq, Type::INT8)]).await?;
    found.first().map(rows::record).transpose()
}

pub(super) async fn by_id(client: &Client, ledger: Uuid, id: Uuid) -> Result<Option<Record>, StoreError> {
    let sql = format!("{ONE} e.transaction_id = $2");
    let found = ask(client, &sql, &[(&ledger, Type::UUID), (&id, Type::UUID)]).await?;
    found.first().map(rows::record).transpose()
}

pub(super) async fn frozen(client: &Client, ledger: Uuid, after: &str, limit: u32) -> Result<Vec<Account>, StoreError> {
    let found = ask_frozen(client, ledger, FROZEN, after, limit).await?;
    found.iter().map(rows::account).collect()
}

/// Every id sorts after the empty text.
async fn ask_frozen(client: &Client, ledger: Uuid, sql: &str, after: &str, limit: u32) -> Result<Vec<Row>, StoreError> {
    let limit = i64::from(limit);
    ask(client, sql, &[(&ledger, Type::UUID), (&after, Type::TEXT), (&limit, Type::INT8)]).await
}

/// How many entries a page has whose plan is shown.
const SHOWN: u32 = 20;

pub(super) async fn plan(client: &Client, ledger: Uuid, query: &Query) -> Result<String, StoreError> {
    let (sql, key) = statement(query);
    let quoted = ask(client, "SELECT quote_literal($1)", &[(&key, Type::TEXT)]).await?;
    let (quoted, before) = (lines(&quoted)?, before(Page { before: None, limit: SHOWN }));
    explain(client, "uuid, text, bigint, bigint", sql, &format!("'{ledger}', {quoted}, {before}, {SHOWN}")).await
}

pub(super) async fn plan_frozen(client: &Client, ledger: Uuid) -> Result<String, StoreError> {
    explain(client, "uuid, text, bigint", FROZEN, &format!("'{ledger}', '', {SHOWN}")).await
}

/// How a statement is run. (One that is explained as it stands would be planned for its values.)
async fn explain(client: &Client, types: &str, sql: &str, values: &str) -> Result<String, StoreError> {
    client.batch_execute(&format!("PREPARE explained ({types}) AS {sql}")).await.map_err(fault)?;
    let plan = ask(client, &format!("EXPLAIN EXECUTE explained ({values})"), &[]).await;
    client.batch_execute("DEALLOCATE explained").await.map_err(fault)?;
    lines(&plan?)
}

fn lines(rows: &[Row]) -> Result<String, StoreError> {
    let lines: Result<Vec<String>, _> = rows.iter().map(|row| row.try_get(0)).collect();
    Ok(lines.map_err(fault)?.join("\n"))
}
