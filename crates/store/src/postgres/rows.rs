//! From rows to documents and entries.

use countersign_core::books::{Account, Treasury};
use countersign_core::hash::Hash;
use countersign_core::merkle::Range;
use countersign_core::seal::{PersonalBlock, Record};
use tokio_postgres::Row;
use uuid::Uuid;

use super::cells::Cells;
use crate::act::{Act, ActKind};
use crate::batch::{Answer, SignedCheckpoint};
use crate::error::StoreError;
use crate::head::Head;

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

pub(super) const HEAD: &str = "SELECT version, seq, hash, time, roots, totals, halt FROM countersign_ledger \
                               WHERE ledger_id = $1";
pub(super) const TREASURY: &str = "SELECT version, collected, transactions, last_collection_at, \
                                   last_withdrawal_at, last_withdrawal_by FROM countersign_treasury \
                                   WHERE ledger_id = $1";

pub(super) const LEDGER_TABLE: &str = "countersign_ledger";
const TREASURY_TABLE: &str = "countersign_treasury";
pub(super) const ACCOUNTS_TABLE: &str = "countersign_accounts";
pub(super) const ENTRIES_TABLE: &str = "countersign_entries";

/// The one row that a ledger has in a table.
pub(super) fn singleton<'a>(rows: &'a [Row], table: &'static str) -> Result<&'a Row, StoreError> {
    rows.first().ok_or_else(|| StoreError::Damaged(format!("table {table}: the ledger's row is gone")))
}

pub(super) fn head(rows: &[Row]) -> Result<Head, StoreError> {
    let row = Cells::new(singleton(rows, LEDGER_TABLE)?, LEDGER_TABLE);
    let (seq, bytes) = (row.count(1)?, row.value::<&[u8]>(4)?);
    let (roots, rest) = bytes.as_chunks::<32>();
    let roots: Vec<Hash> = roots.iter().copied().map(Hash).collect();
    let range = Range::of_prefix(seq, &roots).filter(|_| rest.is_empty());
    Ok(Head {
        version: row.count(0)?,
        seq,
        hash: row.hash(2)?,
        time: row.optional_time(3)?,
        range: range.ok_or_else(|| row.damage(4, "has another number of roots than so many entries have"))?,
        totals: row.json(5)?,
        halt: row.optional_json(6)?,
    })
}

pub(super) fn treasury(rows: &[Row]) -> Result<Treasury, StoreError> {
    let row = Cells::new(singleton(rows, TREASURY_TABLE)?, TREASURY_TABLE);
    Ok(Treasury {
        version: row.count(0)?,
        collected: row.json(1)?,
        transactions: row.count(2)?,
        last_collection_at: row.optional_time(3)?,
        last_withdrawal_at: row.optional_time(4)?,
        last_withdrawal_by: row.value(5)?,
    })
}

pub(super) fn account(row: &Row) -> Result<Account, StoreError> {
    let row = Cells::new(row, ACCOUNTS_TABLE);
    Ok(Account {
        id: row.text(0)?,
        version: row.count(1)?,
        balances: row.json(2)?,
        is_frozen_for_fraud: row.value(3)?,
        is_active: row.value(4)?,
        is_banned: row.value(5)?,
        username: row.value(6)?,
        created_at: row.time(7)?,
        updated_at: row.time(8)?,
    })
}

/// What an entry says is not judged here: the audit must see it as it stands.
pub(super) fn record(row: &Row) -> Result<Record, StoreError> {
    let row = Cells::new(row, ENTRIES_TABLE);
    Ok(Record {
        seq: row.count(0)?,
        transaction_id: row.value::<Uuid>(1)?.to_string(),
        created_at: row.time(2)?.to_string(),
        kind: row.text(3)?,
        currency: row.text(4)?,
        amount_gross: row.sum(5)?.to_string(),
        tax_withheld: row.sum(6)?.to_string(),
        amount_net: row.sum(7)?.to_string(),
        tax_type: row.value(8)?,
        sender_id: row.text(9)?,
        receiver_id: row.text(10)?,
        operator_id: row.value(11)?,
        reference_id: row.value(12)?,
        personal: personal(row.of("countersign_personal"))?,
        personal_hash: row.hex(13)?,
        previous_hash: row.hex(14)?,
        current_hash: row.hex(15)?,
    })
}

fn personal(row: Cells<'_>) -> Result<Option<PersonalBlock>, StoreError> {
    let Some(salt) = row.value::<Option<String>>(16)? else { return Ok(None) };
    Ok(Some(PersonalBlock {
        salt,
        sender_username: row.value(17)?,
        receiver_username: row.value(18)?,
        description: row.value(19)?,
        ip_address: row.value(20)?,
        user_agent: row.value(21)?,
    }))
}

pub(super) fn answer(row: &Row) -> Result<Answer, StoreError> {
    let row = Cells::new(row, "countersign_answers");
    Ok(Answer { key: row.text(0)?, asked: row.hash(1)?, answer: row.text(2)?, at: row.time(3)? })
}

pub(super) fn act(row: &Row) -> Result<Act, StoreError> {
    let row = Cells::new(row, "countersign_acts");
    Ok(Act {
        number: row.count(0)?,
        kind: ActKind::parse(row.value(1)?).ok_or_else(|| row.damage(1, "is no act"))?,
        account: row.value(2)?,
        by: row.value(3)?,
        reason: row.value(4)?,
        at: row.time(5)?,
        seq: row.count(6)?,
    })
}

pub(super) fn checkpoint(row: &Row) -> Result<SignedCheckpoint, StoreError> {
    let row = Cells::new(row, "countersign_checkpoints");
    Ok(SignedCheckpoint { size: row.count(0)?, note: row.text(1)?, at: row.time(2)? })
}
