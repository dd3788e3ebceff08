//! What a batch of orders needs to know. Each question is one prepared statement, asked once for each key: in a
//! database of the same process that is as fast as one question for all (<https://sqlite.org/np1queryprob.html>).

use std::collections::HashMap;

use countersign_core::books::Referenced;
use countersign_core::money::{Amount, Sum};
use countersign_core::timestamp::Timestamp;
use rusqlite::{Connection, params};

use super::cells::Cells;
use super::fault::fault;
use super::rows::{self, account_columns};
use crate::error::StoreError;
use crate::store::{Loaded, Wanted};

pub(super) const ACCOUNT: &str = concat!("SELECT ", account_columns!(), " FROM accounts WHERE id = ?1");
const REFERENCED: &str = "SELECT seq, sender_id, receiver_id, currency, amount_net, \
                          EXISTS (SELECT 1 FROM personal WHERE personal.seq = entries.seq) \
                          FROM entries WHERE transaction_id = ?1";
const REFUNDS: &str = "SELECT seq, amount_net FROM entries WHERE type = 'REFUND' AND reference_id = ?1";
const ANSWER: &str = "SELECT key, asked, answer, at FROM answers WHERE key = ?1";
const SENT: &str = "SELECT seq, created_at FROM entries WHERE sender_id = ?1 AND created_at >= ?2 \
                    AND type NOT IN ('SYSTEM_BURN', 'TAX_COLLECTION') \
                    ORDER BY created_at, seq";

/// Reads it, within the transaction that `connection` is in.
pub(super) fn load(connection: &Connection, wanted: &Wanted) -> Result<Loaded, StoreError> {
    Ok(Loaded {
        head: rows::head(connection)?,
        treasury: rows::treasury(connection)?,
        accounts: each(connection, &wanted.accounts, ACCOUNT, "accounts", rows::account)?,
        referenced: referenced(connection, &wanted.referenced)?,
        answers: each(connection, &wanted.answers, ANSWER, "answers", rows::answer)?,
        sent: sent(connection, wanted)?,
    })
}

fn each<T>(
    connection: &Connection,
    keys: &[String],
    sql: &str,
    table: &'static str,
    read: fn(Cells<'_>) -> Result<T, StoreError>,
) -> Result<HashMap<String, T>, StoreError> {
    let mut statement = connection.prepare_cached(sql).map_err(fault)?;
    let mut found = HashMap::with_capacity(keys.len());
    for key in keys {
        if let Some(value) = rows::one_of(&mut statement, [key], table, read)? {
            found.insert(key.clone(), value);
        }
    }
    Ok(found)
}

fn referenced(connection: &Connection, ids: &[String]) -> Result<HashMap<String, Referenced>, StoreError> {
    let mut found = HashMap::with_capacity(ids.len());
    for id in ids {
        let read = |row: Cells<'_>| {
            Ok(Referenced {
                transaction_id: id.clone(),
                sender_id: row.text(1)?,
                receiver_id: row.text(2)?,
                currency: row.text(3)?,
                net: amount(row, 4)?,
                refunded: Sum::ZERO,
                is_erased: !row.flag(5)?,
            })
        };
        if let Some(mut entry) = rows::one(connection, REFERENCED, [id], "entries", read)? {
            entry.refunded = refunded(connection, id)?;
            found.insert(id.clone(), entry);
        }
    }
    Ok(found)
}

/// What all refunds of an entry paid back. Summed here: SQLite would sum texts as floats.
fn refunded(connection: &Connection, id: &str) -> Result<Sum, StoreError> {
    let mut sum = Sum::ZERO;
    for_each(connection, REFUNDS, [id], "entries", |row| {
        sum += amount(row, 1)?.into();
        Ok(())
    })?;
    Ok(sum)
}

fn amount(row: Cells<'_>, column: usize) -> Result<Amount, StoreError> {
    Amount::parse(row.str(column)?.as_bytes()).ok_or_else(|| row.damage(column, "is no amount"))
}

fn sent(connection: &Connection, wanted: &Wanted) -> Result<HashMap<String, Vec<Timestamp>>, StoreError> {
    // Every time sorts after the empty text.
    let since = wanted.sent_since.map(|time| time.to_string()).unwrap_or_default();
    let mut found = HashMap::with_capacity(wanted.sent.len());
    for sender in &wanted.sent {
        let mut times = Vec::new();
        for_each(connection, SENT, params![sender, since], "entries", |row| {
            times.push(row.time(1)?);
            Ok(())
        })?;
        found.insert(sender.clone(), times);
    }
    Ok(found)
}

/// Hands every row of a statement to `each`.
pub(super) fn for_each(
    connection: &Connection,
    sql: &str,
    parameters: impl rusqlite::Params,
    table: &'static str,
    mut each: impl FnMut(Cells<'_>) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(sql).map_err(fault)?;
    let mut rows = statement.query(parameters).map_err(fault)?;
    while let Some(row) = rows.next().map_err(fault)? {
        each(Cells::new(row, table))?;
    }
    Ok(())
}
