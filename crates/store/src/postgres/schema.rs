//! The tables, the steps from each version of them to the next, and what a writer may do with them.

use tokio_postgres::Row;

use super::cells::Cells;
use super::fault::{fault, is_missing};
use super::link::Client;
use crate::error::StoreError;

/// Step `n`, counted from 1, brings schema `n − 1` to `n`.
pub(super) const STEPS: &[&str] = &[include_str!("schema_1.sql")];

const VERSION_TABLE: &str = "CREATE TABLE IF NOT EXISTS countersign_schema \
    (one boolean PRIMARY KEY DEFAULT true CHECK (one), version integer NOT NULL)";
const FIRST: &str = "INSERT INTO countersign_schema (version) VALUES (0) ON CONFLICT (one) DO NOTHING";
const VERSION: &str = "SELECT version FROM countersign_schema";
/// Whoever makes a ledger or takes a step waits here for who does so already.
pub(super) const LOCK: &str = "SELECT version FROM countersign_schema FOR UPDATE";

/// What a writer that owns nothing may do, and on what: entries, nodes, checkpoints and acts are there for good.
const GRANTS: [(&str, &str); 4] = [
    ("SELECT", "countersign_schema"),
    ("SELECT, INSERT", "countersign_entries, countersign_nodes, countersign_checkpoints, countersign_acts"),
    ("SELECT, INSERT, DELETE", "countersign_personal, countersign_answers"),
    ("SELECT, INSERT, UPDATE", "countersign_ledger, countersign_treasury, countersign_accounts"),
];

fn known(steps: &[&str]) -> u32 {
    u32::try_from(steps.len()).unwrap_or(u32::MAX)
}

/// The schema's version; `None` where there is none.
pub(super) async fn version(client: &Client) -> Result<Option<u32>, StoreError> {
    match client.query_typed(VERSION, &[]).await {
        Ok(rows) => rows.first().map(read_version).transpose(),
        Err(error) if is_missing(&error) => Ok(None),
        Err(error) => Err(fault(error)),
    }
}

fn read_version(row: &Row) -> Result<u32, StoreError> {
    let row = Cells::new(row, "countersign_schema");
    u32::try_from(row.value::<i32>(0)?).map_err(|_| row.damage(0, "is negative"))
}

/// Holds a database to the schema that this program knows, without changing it. `None` where there is none.
pub(super) async fn recognise(client: &Client) -> Result<Option<u32>, StoreError> {
    let known = known(STEPS);
    match version(client).await? {
        Some(found) if found > known => Err(StoreError::SchemaTooNew { found, known }),
        found => Ok(found),
    }
}

/// Makes what there is not yet, up to the last of `steps`.
pub(super) async fn make(client: &Client, steps: &[&str]) -> Result<(), StoreError> {
    if version(client).await?.is_none()
        && let Err(error) = client.batch_execute(&format!("{VERSION_TABLE}; {FIRST}")).await
        // Two who make it at once may meet in the database's own catalogue, in several ways: one of them is told
        // that its row, its type or its table is there, by when it is.
        && version(client).await?.is_none()
    {
        return Err(fault(error));
    }
    migrate(client, steps).await
}

/// Brings a database to the last of `steps`, all in one transaction.
pub(super) async fn migrate(client: &Client, steps: &[&str]) -> Result<(), StoreError> {
    let known = known(steps);
    let found = version(client).await?.unwrap_or(0);
    if found > known {
        return Err(StoreError::SchemaTooNew { found, known });
    }
    if found == known {
        return Ok(());
    }
    let taken = take(client, steps).await;
    if taken.is_err() {
        // Where this fails the connection is gone, and the transaction with it.
        let _ = client.batch_execute("ROLLBACK").await;
    }
    taken.map_err(|error| match error {
        StoreError::Refused { why } => StoreError::Refused {
            why: format!("it has schema {found}, schema {known} is needed, and this user may not make it: {why}"),
        },
        other => other,
    })
}

async fn take(client: &Client, steps: &[&str]) -> Result<(), StoreError> {
    client.batch_execute("BEGIN").await.map_err(fault)?;
    // Another process may have taken the steps while this one waited.
    let locked = client.query_typed(LOCK, &[]).await.map_err(fault)?;
    let at = locked.first().map(read_version).transpose()?.unwrap_or(0);
    for step in steps.iter().skip(at as usize) {
        client.batch_execute(step).await.map_err(fault)?;
    }
    let to = known(steps).max(at);
    client.batch_execute(&format!("UPDATE countersign_schema SET version = {to}; COMMIT")).await.map_err(fault)
}

/// Lets a role write, which must own nothing here: an owner can take back what the database refuses.
pub(super) async fn grant(client: &Client, role: &str) -> Result<(), StoreError> {
    let sql = "SELECT rolsuper OR pg_has_role(rolname, current_user, 'MEMBER'), quote_ident(rolname), \
               quote_ident(current_schema()) FROM pg_roles WHERE rolname = $1";
    let found = client.query_typed(sql, &[(&role, tokio_postgres::types::Type::TEXT)]).await.map_err(fault)?;
    let refused = |why: &str| StoreError::Refused { why: format!("the role {role:?} {why}") };
    let row = Cells::new(found.first().ok_or_else(|| refused("does not exist: please create it"))?, "pg_roles");
    if row.value(0)? {
        return Err(refused("owns the tables, or may do anything: a writer's role must own nothing"));
    }
    let (role, schema) = (row.text(1)?, row.text(2)?);
    let tables = GRANTS.map(|(rights, tables)| format!("GRANT {rights} ON {tables} TO {role}"));
    let grants = format!("GRANT USAGE ON SCHEMA {schema} TO {role}; {}", tables.join("; "));
    client.batch_execute(&grants).await.map_err(fault)
}
