//! From rows to documents and entries.

use countersign_core::books::{Account, Treasury};
use countersign_core::hash::Hash;
use countersign_core::merkle::Range;
use countersign_core::seal::{PersonalBlock, Record};
use rusqlite::{Connection, OptionalExtension as _, Statement};

use super::cells::Cells;
use super::fault::fault;
use crate::act::{Act, ActKind};
use crate::batch::{Answer, SignedCheckpoint};
use crate::error::StoreError;
use crate::head::{Head, Identity};

/// Columns of an account, in the order that [`account`] reads.
macro_rules! account_columns {
    () => {
        "id, version, balances, is_frozen_for_fraud, is_active, is_banned, username, created_at, updated_at"
    };
}

/// Columns of an entry and of its personal block, in the order that [`record`] reads.
macro_rules! entry_columns {
    () => {
        "e.seq, e.transaction_id, e.created_at, e.type, e.currency, e.amount_gross, e.tax_withheld, e.amount_net, \
         e.tax_type, e.sender_id, e.receiver_id, e.operator_id, e.reference_id, e.personal_hash, e.previous_hash, \
         e.current_hash, p.salt, p.sender_username, p.receiver_username, p.description, p.ip_address, p.user_agent"
    };
}

pub(super) use {account_columns, entry_columns};

const IDENTITY: &str = "SELECT one, name, ledger_id FROM ledger WHERE one = 1";
const HEAD: &str = "SELECT one, version, seq, hash, time, roots, totals, halt FROM ledger WHERE one = 1";
const TREASURY: &str = "SELECT one, version, collected, transactions, last_collection_at, last_withdrawal_at, \
                        last_withdrawal_by FROM treasury WHERE one = 1";

/// The one row of a statement, read by `read`; `None` where there is none.
pub(super) fn one<T>(
    connection: &Connection,
    sql: &str,
    parameters: impl rusqlite::Params,
    table: &'static str,
    read: impl FnOnce(Cells<'_>) -> Result<T, StoreError>,
) -> Result<Option<T>, StoreError> {
    let mut statement = connection.prepare_cached(sql).map_err(fault)?;
    one_of(&mut statement, parameters, table, read)
}

/// As [`one`], of a statement that is prepared.
pub(super) fn one_of<T>(
    statement: &mut Statement<'_>,
    parameters: impl rusqlite::Params,
    table: &'static str,
    read: impl FnOnce(Cells<'_>) -> Result<T, StoreError>,
) -> Result<Option<T>, StoreError> {
    let found = statement.query_row(parameters, |row| Ok(read(Cells::new(row, table))));
    found.optional().map_err(fault)?.transpose()
}

/// The same, of a row that is always there.
pub(super) fn singleton<T>(
    connection: &Connection,
    sql: &str,
    table: &'static str,
    read: impl FnOnce(Cells<'_>) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let gone = || StoreError::Damaged(format!("table {table}: its one row is gone"));
    one(connection, sql, [], table, read)?.ok_or_else(gone)
}

pub(super) fn identity(connection: &Connection) -> Result<Identity, StoreError> {
    let read = |row: Cells<'_>| Ok(Identity { ledger: row.text(1)?, ledger_id: row.text(2)? });
    singleton(connection, IDENTITY, "ledger", read)
}

pub(super) fn head(connection: &Connection) -> Result<Head, StoreError> {
    singleton(connection, HEAD, "ledger", |row| {
        let (seq, roots) = (row.count(2)?, row.json::<Vec<Hash>>(5)?);
        let short = || row.damage(5, "has another number of roots than so many entries have");
        Ok(Head {
            version: row.count(1)?,
            seq,
            hash: row.hash(3)?,
            time: row.optional_time(4)?,
            range: Range::of_prefix(seq, &roots).ok_or_else(short)?,
            totals: row.json(6)?,
            halt: row.optional_json(7)?,
        })
    })
}

pub(super) fn treasury(connection: &Connection) -> Result<Treasury, StoreError> {
    singleton(connection, TREASURY, "treasury", |row| {
        Ok(Treasury {
            version: row.count(1)?,
            collected: row.json(2)?,
            transactions: row.count(3)?,
            last_collection_at: row.optional_time(4)?,
            last_withdrawal_at: row.optional_time(5)?,
            last_withdrawal_by: row.optional_text(6)?,
        })
    })
}

pub(super) fn account(row: Cells<'_>) -> Result<Account, StoreError> {
    Ok(Account {
        id: row.text(0)?,
        version: row.count(1)?,
        balances: row.json(2)?,
        is_frozen_for_fraud: row.flag(3)?,
        is_active: row.flag(4)?,
        is_banned: row.flag(5)?,
        username: row.optional_text(6)?,
        created_at: row.time(7)?,
        updated_at: row.time(8)?,
    })
}

/// What an entry says is not judged here: the audit must see it as it stands.
pub(super) fn record(row: Cells<'_>) -> Result<Record, StoreError> {
    Ok(Record {
        seq: row.count(0)?,
        transaction_id: row.text(1)?,
        created_at: row.text(2)?,
        kind: row.text(3)?,
        currency: row.text(4)?,
        amount_gross: row.text(5)?,
        tax_withheld: row.text(6)?,
        amount_net: row.text(7)?,
        tax_type: row.optional_text(8)?,
        sender_id: row.text(9)?,
        receiver_id: row.text(10)?,
        operator_id: row.optional_text(11)?,
        reference_id: row.optional_text(12)?,
        personal: personal(row.of("personal"))?,
        personal_hash: row.text(13)?,
        previous_hash: row.text(14)?,
        current_hash: row.text(15)?,
    })
}

fn personal(row: Cells<'_>) -> Result<Option<PersonalBlock>, StoreError> {
    let Some(salt) = row.optional_text(16)? else { return Ok(None) };
    Ok(Some(PersonalBlock {
        salt,
        sender_username: row.optional_text(17)?,
        receiver_username: row.optional_text(18)?,
        description: row.optional_text(19)?,
        ip_address: row.optional_text(20)?,
        user_agent: row.optional_text(21)?,
    }))
}

pub(super) fn answer(row: Cells<'_>) -> Result<Answer, StoreError> {
    Ok(Answer { key: row.text(0)?, asked: row.hash(1)?, answer: row.text(2)?, at: row.time(3)? })
}

pub(super) fn act(row: Cells<'_>) -> Result<Act, StoreError> {
    Ok(Act {
        number: row.count(0)?,
        kind: ActKind::parse(row.str(1)?).ok_or_else(|| row.damage(1, "is no act"))?,
        account: row.optional_text(2)?,
        by: row.optional_text(3)?,
        reason: row.optional_text(4)?,
        at: row.time(5)?,
        seq: row.count(6)?,
    })
}

pub(super) fn checkpoint(row: Cells<'_>) -> Result<SignedCheckpoint, StoreError> {
    Ok(SignedCheckpoint { size: row.count(0)?, note: row.text(1)?, at: row.time(2)? })
}
