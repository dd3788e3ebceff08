//! Whether whoever is connected may write what a batch writes.

use super::fault::fault;
use super::link::Client;
use crate::error::StoreError;

/// Every kind of statement of a commit, on no row: the database asks for the rights all the same, and refuses them where it
/// takes no writes at all. Nobody's row is locked.
const ATTEMPT: &str = "BEGIN; \
    UPDATE countersign_ledger SET version = version, seq = seq, hash = hash, time = time, roots = roots, \
    totals = totals, halt = halt WHERE false; \
    UPDATE countersign_treasury SET version = version, collected = collected, transactions = transactions, \
    last_collection_at = last_collection_at, last_withdrawal_at = last_withdrawal_at, \
    last_withdrawal_by = last_withdrawal_by WHERE false; \
    UPDATE countersign_accounts SET version = version, balances = balances, \
    is_frozen_for_fraud = is_frozen_for_fraud, is_active = is_active, is_banned = is_banned, username = username, \
    updated_at = updated_at WHERE false; \
    INSERT INTO countersign_accounts SELECT * FROM countersign_accounts WHERE false; \
    INSERT INTO countersign_entries SELECT * FROM countersign_entries WHERE false; \
    INSERT INTO countersign_personal SELECT * FROM countersign_personal WHERE false; \
    DELETE FROM countersign_personal WHERE false; \
    INSERT INTO countersign_nodes SELECT * FROM countersign_nodes WHERE false; \
    INSERT INTO countersign_answers SELECT * FROM countersign_answers WHERE false; \
    DELETE FROM countersign_answers WHERE false; \
    INSERT INTO countersign_acts SELECT * FROM countersign_acts WHERE false; \
    INSERT INTO countersign_checkpoints SELECT * FROM countersign_checkpoints WHERE false; \
    ROLLBACK";

/// Asks for all that a commit needs, and takes it back.
pub(super) async fn attempt(client: &Client) -> Result<(), StoreError> {
    let Err(error) = client.batch_execute(ATTEMPT).await else { return Ok(()) };
    // What follows the statement that failed was not run. Where this fails the connection is gone.
    let _ = client.batch_execute("ROLLBACK").await;
    Err(fault(error))
}
