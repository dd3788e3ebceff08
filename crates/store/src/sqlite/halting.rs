//! Halting a ledger of which nothing else needs to be readable.

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::commit::{insert_act, json, run};
use super::fault::fault;
use super::rows;
use crate::act::Act;
use crate::error::StoreError;
use crate::head::Halt;

const STANDING: &str = "SELECT one, seq, halt FROM ledger WHERE one = 1";
const HALT: &str = "UPDATE ledger SET version = version + 1, halt = ?1 WHERE one = 1";

/// Halts it, durably, where no halt stands that can be read, or the one that this shall take the place of; the one that
/// stands then.
pub(super) fn halt(connection: &mut Connection, halt: &Halt, over: Option<&Halt>) -> Result<Halt, StoreError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(fault)?;
    let (seq, standing) = standing(&transaction)?;
    if let Some(standing) = standing.filter(|standing| Some(standing) != over) {
        return Ok(standing);
    }
    put(&transaction, halt, seq)?;
    transaction.commit().map_err(fault)?;
    Ok(halt.clone())
}

/// Writes a halt as [`halt`] does, and takes it back.
pub(super) fn attempt(connection: &mut Connection) -> Result<(), StoreError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(fault)?;
    let (seq, _) = standing(&transaction)?;
    put(&transaction, &Halt::drill(), seq)?;
    transaction.rollback().map_err(fault)
}

fn standing(transaction: &Transaction<'_>) -> Result<(u64, Option<Halt>), StoreError> {
    rows::singleton(transaction, STANDING, "ledger", |row| {
        Ok((row.count(1).unwrap_or_default(), row.optional_json(2).unwrap_or_default()))
    })
}

fn put(transaction: &Transaction<'_>, halt: &Halt, seq: u64) -> Result<(), StoreError> {
    run(transaction, HALT, &[&json(halt)?]).map_err(fault)?;
    insert_act(transaction, &Act::of_halt(halt, seq))
}
