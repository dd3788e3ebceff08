//! Halting a ledger of which nothing else needs to be readable.

use std::slice;

use tokio_postgres::types::Json;
use uuid::Uuid;

use super::cells::Cells;
use super::columns::Acts;
use super::fault::fault;
use super::link::Client;
use super::rows::{self, LEDGER_TABLE};
use crate::act::Act;
use crate::error::StoreError;
use crate::head::Halt;

const STANDING: &str = "SELECT seq, halt FROM countersign_ledger WHERE ledger_id = $1 FOR UPDATE";
const HALT: &str = "UPDATE countersign_ledger SET version = version + 1, halt = $2 WHERE ledger_id = $1";

/// Halts it, durably, where no halt stands that can be read, or the one that this shall take the place of; the one that
/// stands then.
pub(super) async fn halt(client: &Client, ledger: Uuid, halt: &Halt, over: Option<&Halt>) -> Result<Halt, StoreError> {
    client.batch_execute("BEGIN ISOLATION LEVEL READ COMMITTED").await.map_err(fault)?;
    let written = write(client, ledger, halt, over).await;
    let end = if written.is_ok() { "COMMIT" } else { "ROLLBACK" };
    let ended = client.batch_execute(end).await.map_err(fault);
    written.and_then(|halt| ended.map(|()| halt))
}

/// Writes a halt as [`halt`] does, and takes it back.
pub(super) async fn attempt(client: &Client, ledger: Uuid) -> Result<(), StoreError> {
    client.batch_execute("BEGIN ISOLATION LEVEL READ COMMITTED").await.map_err(fault)?;
    let written = match standing(client, ledger).await {
        Ok((seq, _)) => put(client, ledger, &Halt::drill(), seq).await,
        Err(error) => Err(error),
    };
    let ended = client.batch_execute("ROLLBACK").await.map_err(fault);
    written.and(ended)
}

async fn write(client: &Client, ledger: Uuid, halt: &Halt, over: Option<&Halt>) -> Result<Halt, StoreError> {
    let (seq, standing) = standing(client, ledger).await?;
    if let Some(standing) = standing.filter(|standing| Some(standing) != over) {
        return Ok(standing);
    }
    put(client, ledger, halt, seq).await?;
    Ok(halt.clone())
}

/// How many entries there are, and the halt that stands, where it can be read; held until the transaction ends.
async fn standing(client: &Client, ledger: Uuid) -> Result<(u64, Option<Halt>), StoreError> {
    let statement = client.prepare_cached(STANDING).await.map_err(fault)?;
    let found = client.query(&statement, &[&ledger]).await.map_err(fault)?;
    let row = Cells::new(rows::singleton(&found, LEDGER_TABLE)?, LEDGER_TABLE);
    Ok((row.count(0).unwrap_or_default(), row.optional_json(1).unwrap_or_default()))
}

async fn put(client: &Client, ledger: Uuid, halt: &Halt, seq: u64) -> Result<(), StoreError> {
    let statement = client.prepare_cached(HALT).await.map_err(fault)?;
    client.execute(&statement, &[&ledger, &Json(halt)]).await.map_err(fault)?;
    let act = Act::of_halt(halt, seq);
    let columns = Acts::of(slice::from_ref(&act))?;
    let mut values = columns.values();
    values.insert(0, &ledger);
    let statement = client.prepare_cached(Acts::INSERT).await.map_err(fault)?;
    client.execute(&statement, &values).await.map_err(fault)?;
    Ok(())
}
