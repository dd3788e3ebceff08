//! One commit: the documents and the head, each where it has the version that was read, then what is new.

use countersign_core::books::Account;
use countersign_core::hash::Hash;
use countersign_core::merkle::NodeId;
use countersign_core::seal::{PersonalBlock, Record};
use rusqlite::types::ToSql;
use rusqlite::{Connection, Statement, Transaction, TransactionBehavior, params};
use serde::Serialize;

use super::cells::number;
use super::fault::{fault, inserting};
use super::load;
use super::rows::{self, entry_columns};
use crate::act::Act;
use crate::batch::{Answer, Batch, SignedCheckpoint, follow};
use crate::error::StoreError;
use crate::head::Head;
use crate::making::Making;

macro_rules! update_account {
    () => {
        "UPDATE accounts SET version = version + 1, balances = ?2, is_frozen_for_fraud = ?3, is_active = ?4, \
         is_banned = ?5, username = ?6, updated_at = ?7 WHERE id = ?1"
    };
}

const ACCOUNT: &str = update_account!();
const ACCOUNT_AS_READ: &str = concat!(
    update_account!(),
    " AND version = ?8 AND balances = ?9 AND is_frozen_for_fraud = ?10 AND is_active = ?11 AND is_banned = ?12 \
     AND username IS ?13 AND created_at = ?14 AND updated_at = ?15"
);
const OPENED: &str = "INSERT INTO accounts (id, version, balances, is_frozen_for_fraud, is_active, is_banned, \
                      username, created_at, updated_at) VALUES (?1, 1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
const TREASURY: &str = "UPDATE treasury SET version = version + 1, collected = ?1, transactions = ?2, \
                        last_collection_at = ?3, last_withdrawal_at = ?4, last_withdrawal_by = ?5 WHERE one = 1";
const HEAD: &str = "UPDATE ledger SET version = version + 1, seq = ?1, hash = ?2, time = ?3, roots = ?4, totals = ?5, \
                    halt = ?6 WHERE one = 1";
const LAST: &str = concat!(
    "SELECT ",
    entry_columns!(),
    " FROM entries AS e LEFT JOIN personal AS p ON p.seq = e.seq ORDER BY e.seq DESC LIMIT 1"
);
/// Without its `seq`, which is the next one as it is, and is held to that: where it is given, SQLite copies every page
/// that the insert is about to write, and looks for its place.
const ENTRY: &str = "INSERT OR ROLLBACK INTO entries (transaction_id, created_at, type, currency, amount_gross, \
                     tax_withheld, amount_net, tax_type, sender_id, receiver_id, operator_id, reference_id, \
                     personal_hash, previous_hash, current_hash) \
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)";
const PERSONAL: &str = "INSERT OR ROLLBACK INTO personal (seq, salt, sender_username, receiver_username, description, \
                        ip_address, user_agent) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
const NODE: &str = "INSERT OR ROLLBACK INTO nodes (level, idx, hash) VALUES (?1, ?2, ?3)";
const ANSWER: &str = "INSERT OR ROLLBACK INTO answers (key, asked, answer, at) VALUES (?1, ?2, ?3, ?4)";
const ACT: &str = "INSERT OR ROLLBACK INTO acts (number, kind, account, operator, reason, at, seq) \
                   SELECT coalesce(max(number), 0) + 1, ?1, ?2, ?3, ?4, ?5, ?6 FROM acts";
const ERASE: &str = "DELETE FROM personal WHERE seq = (SELECT seq FROM entries WHERE transaction_id = ?1)";
const CHECKPOINT: &str = "INSERT INTO checkpoints (size, note, at) SELECT ?1, ?2, ?3 \
                          WHERE NOT EXISTS (SELECT 1 FROM checkpoints WHERE size = ?1 AND note = ?2)";

/// Writes a batch, all or nothing. It is durable when this returns.
pub(super) fn commit(connection: &mut Connection, batch: &Batch) -> Result<(), StoreError> {
    let transaction = begin(connection)?;
    write(&transaction, batch, false)?;
    transaction.commit().map_err(fault)
}

/// Writes a batch while it is made, once its first entries are. The batch, where there was one in the end.
pub(super) fn commit_while_made<'a>(
    connection: &mut Connection,
    making: &'a mut dyn Making,
) -> Result<Option<&'a Batch>, StoreError> {
    let transaction = begin(connection)?;
    let Some(written) = write_as_made(&transaction, making)? else {
        // Nobody waits for what is still to be made; and the batch is refused with what any is.
        drop(transaction);
        let Some(batch) = making.batch() else { return Ok(None) };
        return commit(connection, batch).map(|()| Some(batch));
    };
    let Some(batch) = making.batch() else { return Ok(None) };
    written.hold(batch)?;
    write(&transaction, batch, true)?;
    transaction.commit().map_err(fault)?;
    Ok(Some(batch))
}

/// What was written of a batch before it was whole.
struct Written {
    entries: usize,
    nodes: usize,
    /// The last entry, by its `seq` and its hash.
    last: (u64, Hash),
}

impl Written {
    fn hold(&self, batch: &Batch) -> Result<(), StoreError> {
        let Self { entries, nodes, last } = *self;
        if (entries, nodes, last) != (batch.entries.len(), batch.nodes.len(), (batch.head.seq, batch.head.hash)) {
            return Err(StoreError::Refused { why: "a batch is not what was made of it".to_owned() });
        }
        Ok(())
    }
}

fn begin(connection: &mut Connection) -> Result<Transaction<'_>, StoreError> {
    connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(fault)
}

/// Writes entries and nodes as they are made. `None`, and nothing is: the ledger does not end where they begin.
fn write_as_made(transaction: &Transaction<'_>, making: &mut dyn Making) -> Result<Option<Written>, StoreError> {
    let kept = rows::head(transaction)?;
    if kept != *making.head() {
        return Ok(None);
    }
    check_last(transaction, kept.seq, &kept.hash)?;
    let mut written = Written { entries: 0, nodes: 0, last: (kept.seq, kept.hash) };
    loop {
        let (entries, nodes) = making.made();
        written.last = follow(written.last, entries)?;
        insert_entries(transaction, entries)?;
        insert_nodes(transaction, nodes)?;
        (written.entries, written.nodes) = (written.entries + entries.len(), written.nodes + nodes.len());
        if !making.more() {
            return Ok(Some(written));
        }
    }
}

/// Writes a batch, but for entries and nodes where these are written already.
fn write(transaction: &Transaction<'_>, batch: &Batch, has_entries: bool) -> Result<(), StoreError> {
    update_accounts(transaction, batch)?;
    batch.opened.iter().try_for_each(|account| open_account(transaction, account))?;
    update_treasury(transaction, batch)?;
    extend(transaction, batch, has_entries)?;
    if !has_entries {
        insert_entries(transaction, &batch.entries)?;
        insert_nodes(transaction, &batch.nodes)?;
    }
    batch.answers.iter().try_for_each(|answer| insert_answer(transaction, answer))?;
    batch.acts.iter().try_for_each(|act| insert_act(transaction, act))?;
    batch.erased.iter().try_for_each(|id| erase(transaction, id))?;
    batch.checkpoints.iter().try_for_each(|checkpoint| insert_checkpoint(transaction, checkpoint))
}

pub(super) fn run(transaction: &Transaction<'_>, sql: &str, values: &[&dyn ToSql]) -> Result<usize, rusqlite::Error> {
    transaction.prepare_cached(sql)?.execute(values)
}

pub(super) fn json(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Other(error.to_string()))
}

/// An account that is as it was read is found and written in one step. Of any other it is found out what it is: it may
/// say the same in other words.
fn update_accounts(transaction: &Transaction<'_>, batch: &Batch) -> Result<(), StoreError> {
    let mut as_read = transaction.prepare_cached(ACCOUNT_AS_READ).map_err(fault)?;
    for account in &batch.accounts {
        if let Some(read) = batch.basis.accounts.get(&account.id)
            && update_as_read(&mut as_read, account, read)?
        {
            continue;
        }
        let kept = rows::one(transaction, load::ACCOUNT, [&account.id], "accounts", rows::account)?;
        batch.basis.hold_account(account, kept.as_ref())?;
        let flags = (account.is_frozen_for_fraud, account.is_active, account.is_banned);
        let (balances, updated) = (json(&account.balances)?, account.updated_at.to_string());
        let values = params![account.id, balances, flags.0, flags.1, flags.2, account.username, updated];
        run(transaction, ACCOUNT, values).map_err(fault)?;
    }
    Ok(())
}

/// Whether it was written.
fn update_as_read(statement: &mut Statement<'_>, account: &Account, read: &Account) -> Result<bool, StoreError> {
    let written = statement.execute(params![
        account.id,
        json(&account.balances)?,
        account.is_frozen_for_fraud,
        account.is_active,
        account.is_banned,
        account.username,
        account.updated_at.to_string(),
        number(account.version)?,
        json(&read.balances)?,
        read.is_frozen_for_fraud,
        read.is_active,
        read.is_banned,
        read.username,
        read.created_at.to_string(),
        read.updated_at.to_string(),
    ]);
    Ok(written.map_err(fault)? == 1)
}

fn open_account(transaction: &Transaction<'_>, account: &Account) -> Result<(), StoreError> {
    let balances = json(&account.balances)?;
    let written = run(
        transaction,
        OPENED,
        params![
            account.id,
            balances,
            account.is_frozen_for_fraud,
            account.is_active,
            account.is_banned,
            account.username,
            account.created_at.to_string(),
            account.updated_at.to_string(),
        ],
    );
    written.map_err(|error| inserting(error, || format!("an account {}", account.id)))?;
    Ok(())
}

fn update_treasury(transaction: &Transaction<'_>, batch: &Batch) -> Result<(), StoreError> {
    if batch.treasury.is_some() || batch.basis.treasury.is_some() {
        batch.basis.hold_treasury(batch.treasury.as_ref(), &rows::treasury(transaction)?)?;
    }
    let Some(treasury) = &batch.treasury else { return Ok(()) };
    let time = |time: Option<countersign_core::timestamp::Timestamp>| time.map(|time| time.to_string());
    let written = run(
        transaction,
        TREASURY,
        params![
            json(&treasury.collected)?,
            number(treasury.transactions)?,
            time(treasury.last_collection_at),
            time(treasury.last_withdrawal_at),
            treasury.last_withdrawal_by,
        ],
    );
    written.map_err(fault)?;
    Ok(())
}

/// Moves the head, where it is still the one that was read and the entries follow it.
fn extend(transaction: &Transaction<'_>, batch: &Batch, has_entries: bool) -> Result<(), StoreError> {
    let kept = rows::head(transaction)?;
    batch.basis.hold_head(&kept)?;
    if !(has_entries || batch.only_halts()) {
        check_last(transaction, kept.seq, &kept.hash)?;
    }
    batch.check_follows()?;
    write_head(transaction, &batch.head)
}

/// Holds the last entry to the ledger's own row: a chain whose head does not verify is not extended.
fn check_last(transaction: &Transaction<'_>, seq: u64, hash: &Hash) -> Result<(), StoreError> {
    let last = rows::one(transaction, LAST, [], "entries", rows::record)?;
    let last_seq = last.as_ref().map_or(0, |last| last.seq);
    let verifies = |last: Record| last.hash() == Some(*hash) && last.entry().content_hash() == *hash;
    if last_seq != seq || !last.is_none_or(verifies) {
        let why = format!("the ledger ends with the entry {seq} of hash {hash}, which the last entry is not");
        return Err(StoreError::Damaged(why));
    }
    Ok(())
}

fn write_head(transaction: &Transaction<'_>, head: &Head) -> Result<(), StoreError> {
    let halt = head.halt.as_ref().map(json).transpose()?;
    let written = run(
        transaction,
        HEAD,
        params![
            number(head.seq)?,
            head.hash.to_string(),
            head.time.map(|time| time.to_string()),
            json(&head.range.roots())?,
            json(&head.totals)?,
            halt,
        ],
    );
    written.map_err(fault)?;
    Ok(())
}

fn insert_entries(transaction: &Transaction<'_>, records: &[Record]) -> Result<(), StoreError> {
    let mut entry = transaction.prepare_cached(ENTRY).map_err(fault)?;
    let mut personal = transaction.prepare_cached(PERSONAL).map_err(fault)?;
    for record in records {
        insert_entry(&mut entry, record)?;
        if let Some(block) = &record.personal {
            insert_personal(&mut personal, record.seq, block)?;
        }
    }
    Ok(())
}

fn insert_entry(statement: &mut Statement<'_>, record: &Record) -> Result<(), StoreError> {
    let written = statement.insert(params![
        record.transaction_id,
        record.created_at,
        record.kind,
        record.currency,
        record.amount_gross,
        record.tax_withheld,
        record.amount_net,
        record.tax_type,
        record.sender_id,
        record.receiver_id,
        record.operator_id,
        record.reference_id,
        record.personal_hash,
        record.previous_hash,
        record.current_hash,
    ]);
    let what = || format!("an entry {}, or one with the transaction_id {}", record.seq, record.transaction_id);
    let seq = written.map_err(|error| inserting(error, what))?;
    if seq != number(record.seq)? {
        return Err(StoreError::Damaged(format!("the entry {} would be kept as {seq}", record.seq)));
    }
    Ok(())
}

fn insert_personal(statement: &mut Statement<'_>, seq: u64, block: &PersonalBlock) -> Result<(), StoreError> {
    let written = statement.execute(params![
        number(seq)?,
        block.salt,
        block.sender_username,
        block.receiver_username,
        block.description,
        block.ip_address,
        block.user_agent,
    ]);
    written.map_err(|error| inserting(error, || format!("a personal block of entry {seq}")))?;
    Ok(())
}

fn insert_nodes(transaction: &Transaction<'_>, nodes: &[(NodeId, Hash)]) -> Result<(), StoreError> {
    let mut statement = transaction.prepare_cached(NODE).map_err(fault)?;
    for (id, hash) in nodes {
        let written = statement.execute(params![id.level, number(id.index)?, hash.to_string()]);
        written.map_err(|error| inserting(error, || format!("a node {} of level {}", id.index, id.level)))?;
    }
    Ok(())
}

fn insert_answer(transaction: &Transaction<'_>, answer: &Answer) -> Result<(), StoreError> {
    let values = params![answer.key, answer.asked.to_string(), answer.answer, answer.at.to_string()];
    let written = run(transaction, ANSWER, values);
    written.map_err(|error| inserting(error, || "an answer to a key of the batch".to_owned()))?;
    Ok(())
}

pub(super) fn insert_act(transaction: &Transaction<'_>, act: &Act) -> Result<(), StoreError> {
    let values = params![act.kind.name(), act.account, act.by, act.reason, act.at.to_string(), number(act.seq)?];
    run(transaction, ACT, values).map_err(fault)?;
    Ok(())
}

fn erase(transaction: &Transaction<'_>, id: &str) -> Result<(), StoreError> {
    match run(transaction, ERASE, params![id]).map_err(fault)? {
        1 => Ok(()),
        _ => Err(StoreError::Refused { why: format!("the entry {id} has no personal block to erase") }),
    }
}

/// Keeps a checkpoint, where it is not kept already.
pub(super) fn insert_checkpoint(
    transaction: &Transaction<'_>,
    checkpoint: &SignedCheckpoint,
) -> Result<(), StoreError> {
    let size = number(checkpoint.size)?;
    let sql = "SELECT one, seq FROM ledger WHERE one = 1";
    let seq = rows::one(transaction, sql, [], "ledger", |row| row.count(1))?.unwrap_or(0);
    if checkpoint.size > seq {
        return Err(StoreError::Refused { why: format!("a checkpoint of {size} entries, where there are {seq}") });
    }
    run(transaction, CHECKPOINT, params![size, checkpoint.note, checkpoint.at.to_string()]).map_err(fault)?;
    Ok(())
}
