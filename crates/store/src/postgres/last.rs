//! The entry that a batch follows: a chain whose end does not verify is not extended.

use std::sync::{Mutex, PoisonError};

use countersign_core::hash::Hash;
use countersign_core::seal::Record;
use tokio_postgres::types::Type;
use uuid::Uuid;

use super::fault::fault;
use super::link::Client;
use super::rows;
use crate::error::StoreError;

/// Its personal block is not asked for. Planned anew each time: to a plan that was made while there were few
/// entries, any index would do.
const LAST: &str = "SELECT e.seq, e.transaction_id, e.created_at, e.type, e.currency, e.amount_gross, \
    e.tax_withheld, e.amount_net, e.tax_type, e.sender_id, e.receiver_id, e.operator_id, e.reference_id, \
    e.personal_hash, e.previous_hash, e.current_hash, NULL::text AS salt \
    FROM countersign_entries AS e WHERE e.ledger_id = $1 AND e.seq = $2 \
    AND NOT EXISTS (SELECT 1 FROM countersign_entries WHERE ledger_id = $1 AND seq = $2 + 1)";

/// The last entry that was written, or none: a commit compares its row with it, and need not read it first.
#[derive(Debug, Default)]
pub(super) struct Last(Mutex<Option<Record>>);

impl Last {
    /// The entry of this `seq` and hash, if that is the last one: what is known, or else what is [`read`].
    pub(super) async fn of(
        &self,
        client: &Client,
        ledger: Uuid,
        seq: i64,
        hash: Hash,
    ) -> Result<Option<Record>, StoreError> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match known.filter(|last| last.hash() == Some(hash)) {
            Some(last) => Ok(Some(last)),
            None => read(client, ledger, seq, hash).await,
        }
    }

    /// Keeps what was written.
    pub(super) fn keep(&self, last: &Record) {
        let last = Record { personal: None, ..last.clone() };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(last);
    }
}

/// The entry of this `seq`, where none follows it and its content gives this hash.
pub(super) async fn read(client: &Client, ledger: Uuid, seq: i64, hash: Hash) -> Result<Option<Record>, StoreError> {
    let found = client.query_typed(LAST, &[(&ledger, Type::UUID), (&seq, Type::INT8)]).await.map_err(fault)?;
    let last = found.first().map(rows::record).transpose()?;
    Ok(last.filter(|last| last.hash() == Some(hash) && last.entry().content_hash() == hash))
}
