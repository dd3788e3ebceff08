//! The ledger as it was at one moment: a transaction that only reads, on a connection of its own. It takes no
//! lock that a commit waits for. While it lasts, PostgreSQL keeps the versions of rows that it may still ask for.

use std::ops::RangeInclusive;

use countersign_core::books::{Account, Treasury};
use countersign_core::hash::Hash;
use countersign_core::merkle::NodeId;
use countersign_core::seal::Record;
use tokio_postgres::Row;
use tokio_postgres::types::{ToSql, Type};
use uuid::Uuid;

use super::cells::Cells;
use super::fault::fault;
use super::link::{Client, Link};
use super::load::BEGIN;
use super::rows::{self, account_columns, entry_columns};
use super::tree;
use crate::error::StoreError;
use crate::head::Head;
use crate::store;

/// Rows that are held at a time.
const PAGE: i64 = 2000;
/// Whoever reads may take his time between two pages.
const NO_HURRY: &str = "SELECT set_config('idle_in_transaction_session_timeout', '0', true)";
const ENTRIES: &str = concat!(
    "SELECT ",
    entry_columns!(),
    " FROM countersign_entries AS e LEFT JOIN countersign_personal AS p ON p.ledger_id = e.ledger_id \
     AND p.seq = e.seq AND p.seq BETWEEN $2 AND $3 WHERE e.ledger_id = $1 AND e.seq BETWEEN $2 AND $3 ORDER BY e.seq"
);
/// Past a gap that somebody made.
const NEXT: &str = "SELECT min(seq) FROM countersign_entries WHERE ledger_id = $1 AND seq BETWEEN $2 AND $3";
const ACCOUNTS: &str = concat!(
    "SELECT ",
    account_columns!(),
    " FROM countersign_accounts WHERE ledger_id = $1 AND id > $2 ORDER BY id LIMIT $3"
);

/// Ends with its connection.
pub(super) struct Snapshot<'a> {
    link: &'a Link,
    client: Client,
    ledger: Uuid,
    head: Head,
}

impl<'a> Snapshot<'a> {
    /// Of now.
    pub(super) fn begin(link: &'a Link, ledger: Uuid) -> Result<Self, StoreError> {
        let client = link.own()?;
        let head = link.on_own(async {
            client.batch_execute(&format!("{BEGIN}; {NO_HURRY}")).await.map_err(fault)?;
            rows::head(&client.query_typed(rows::HEAD, &[(&ledger, Type::UUID)]).await.map_err(fault)?)
        })?;
        Ok(Self { link, client, ledger, head })
    }

    fn ask(&self, sql: &str, values: &[(&(dyn ToSql + Sync), Type)]) -> Result<Vec<Row>, StoreError> {
        self.link.on_own(async { self.client.query_typed(sql, values).await.map_err(fault) })
    }

    fn of_range(&self, sql: &str, first: i64, last: i64) -> Result<Vec<Row>, StoreError> {
        self.ask(sql, &[(&self.ledger, Type::UUID), (&first, Type::INT8), (&last, Type::INT8)])
    }

    /// The first `seq` of a range that there is.
    fn next(&self, first: i64, last: i64) -> Result<Option<i64>, StoreError> {
        let found = self.of_range(NEXT, first, last)?;
        found.first().map_or(Ok(None), |row| Cells::new(row, rows::ENTRIES_TABLE).value(0))
    }
}

impl store::Snapshot for Snapshot<'_> {
    fn head(&self) -> &Head {
        &self.head
    }

    fn entries(
        &mut self,
        range: RangeInclusive<u64>,
        each: &mut dyn FnMut(Record) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let bounded = |seq: u64| i64::try_from(seq.min(self.head.seq)).unwrap_or(i64::MAX);
        let (mut first, last) = (i64::try_from(*range.start()).unwrap_or(i64::MAX), bounded(*range.end()));
        while first <= last {
            let end = last.min(first.saturating_add(PAGE - 1));
            let page = self.of_range(ENTRIES, first, end)?;
            page.iter().try_for_each(|row| each(rows::record(row)?))?;
            let Some(after) = end.checked_add(1) else { break };
            first = after;
            if page.is_empty() {
                let Some(next) = self.next(after, last)? else { break };
                first = next;
            }
        }
        Ok(())
    }

    fn accounts(&mut self, each: &mut dyn FnMut(Account) -> Result<(), StoreError>) -> Result<(), StoreError> {
        let mut after = String::new();
        loop {
            let values: [(&(dyn ToSql + Sync), Type); 3] =
                [(&self.ledger, Type::UUID), (&after, Type::TEXT), (&PAGE, Type::INT8)];
            let page = self.ask(ACCOUNTS, &values)?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Cells::new(last, rows::ACCOUNTS_TABLE).text(0)?;
            page.iter().try_for_each(|row| each(rows::account(row)?))?;
        }
    }

    fn treasury(&mut self) -> Result<Treasury, StoreError> {
        rows::treasury(&self.ask(rows::TREASURY, &[(&self.ledger, Type::UUID)])?)
    }

    fn nodes(&mut self, wanted: &[NodeId]) -> Result<Vec<Hash>, StoreError> {
        self.link.on_own(tree::nodes(&self.client, self.ledger, wanted))
    }
}
