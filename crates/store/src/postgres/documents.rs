//! The head and the Treasury as the database takes them, column by column: to be written, and to be compared.

use std::collections::BTreeMap;
use std::time::SystemTime;

use countersign_core::books::{Sums, Treasury};
use tokio_postgres::types::Json;

use super::cells::{moment, number};
use super::columns::{Digest, Values};
use crate::basis::Basis;
use crate::batch::Batch;
use crate::error::StoreError;
use crate::head::{Halt, Head, Totals};

/// Divides by 0 where the head or the Treasury is not as it was read. In the place of either of the Treasury's states
/// may be NULL. The head first: whoever does not get that waits, and has nothing that others wait for.
pub(super) const WRITE: &str = "WITH head AS (UPDATE countersign_ledger SET version = version + 1, seq = $2, \
    hash = $3, time = $4, roots = $5, totals = $6, halt = $7 \
    WHERE ledger_id = $1 AND version = $8 AND seq = $9 AND hash = $10 AND time IS NOT DISTINCT FROM $11 \
    AND roots = $12 AND totals = $13 AND halt IS NOT DISTINCT FROM $14 \
    AND ($15::bigint IS NULL OR EXISTS (SELECT 1 FROM countersign_treasury AS t WHERE t.ledger_id = $1 \
    AND t.version = $15 AND t.transactions = $16 AND t.collected = $17 AND t.last_collection_at IS NOT DISTINCT FROM $18 \
    AND t.last_withdrawal_at IS NOT DISTINCT FROM $19 AND t.last_withdrawal_by IS NOT DISTINCT FROM $20)) \
    RETURNING 1), \
    treasury AS (UPDATE countersign_treasury SET version = version + 1, transactions = $22, collected = $23, \
    last_collection_at = $24, last_withdrawal_at = $25, last_withdrawal_by = $26 \
    WHERE ledger_id = $1 AND version = $21 AND EXISTS (SELECT 1 FROM head) RETURNING 1) \
    SELECT 1 / ((SELECT count(*) FROM head) = 1 \
    AND (SELECT count(*) FROM treasury) = ($21::bigint IS NOT NULL)::int)::int";

/// What a head says.
struct HeadColumns<'a> {
    seq: i64,
    hash: Digest,
    time: Option<SystemTime>,
    roots: Vec<u8>,
    totals: Json<&'a Totals>,
    halt: Option<Json<&'a Halt>>,
}

impl<'a> HeadColumns<'a> {
    fn of(head: &'a Head) -> Result<Self, StoreError> {
        Ok(Self {
            seq: number(head.seq)?,
            hash: Digest(head.hash),
            time: head.time.map(moment),
            roots: head.range.roots().iter().flat_map(|root| root.0).collect(),
            totals: Json(&head.totals),
            halt: head.halt.as_ref().map(Json),
        })
    }

    fn values(&self) -> Values<'_> {
        vec![&self.seq, &self.hash, &self.time, &self.roots, &self.totals, &self.halt]
    }
}

/// What the Treasury says; NULL in each column where there is none.
#[derive(Default)]
struct TreasuryColumns<'a> {
    version: Option<i64>,
    transactions: Option<i64>,
    collected: Option<Json<&'a BTreeMap<String, Sums>>>,
    collection: Option<SystemTime>,
    withdrawal: Option<SystemTime>,
    by: Option<&'a str>,
}

impl<'a> TreasuryColumns<'a> {
    fn of(treasury: Option<&'a Treasury>) -> Result<Self, StoreError> {
        let Some(treasury) = treasury else { return Ok(Self::default()) };
        Ok(Self {
            version: Some(number(treasury.version)?),
            transactions: Some(number(treasury.transactions)?),
            collected: Some(Json(&treasury.collected)),
            collection: treasury.last_collection_at.map(moment),
            withdrawal: treasury.last_withdrawal_at.map(moment),
            by: treasury.last_withdrawal_by.as_deref(),
        })
    }

    fn values(&self) -> Values<'_> {
        vec![&self.version, &self.transactions, &self.collected, &self.collection, &self.withdrawal, &self.by]
    }
}

/// The head and the Treasury of a batch, as they were read and as they will be.
pub(super) struct Documents<'a> {
    version: i64,
    head: HeadColumns<'a>,
    head_read: HeadColumns<'a>,
    treasury: TreasuryColumns<'a>,
    treasury_read: TreasuryColumns<'a>,
}

impl<'a> Documents<'a> {
    pub(super) fn of(batch: &'a Batch) -> Result<Self, StoreError> {
        let Basis { head: read, treasury, .. } = &batch.basis;
        Ok(Self {
            version: number(read.version)?,
            head: HeadColumns::of(&batch.head)?,
            head_read: HeadColumns::of(read)?,
            treasury: TreasuryColumns::of(batch.treasury.as_ref())?,
            treasury_read: TreasuryColumns::of(treasury.as_ref())?,
        })
    }

    /// For [`WRITE`].
    pub(super) fn values(&self) -> Values<'_> {
        let mut values = self.head.values();
        values.push(&self.version);
        values.extend(self.head_read.values());
        values.extend(self.treasury_read.values());
        values.extend(self.treasury.values());
        values
    }
}
