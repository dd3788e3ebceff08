//! The ledger as it was at one moment, on a connection of its own: in a write-ahead log who reads keeps nobody
//! from writing.

use std::ops::RangeInclusive;

use countersign_core::books::{Account, Treasury};
use countersign_core::hash::Hash;
use countersign_core::merkle::NodeId;
use countersign_core::seal::Record;
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, params};

use super::cells::number;
use super::fault::fault;
use super::load::for_each;
use super::rows::{self, account_columns, entry_columns};
use super::tree;
use crate::error::StoreError;
use crate::head::Head;
use crate::store;

const ENTRIES: &str = concat!(
    "SELECT ",
    entry_columns!(),
    " FROM entries AS e LEFT JOIN personal AS p ON p.seq = e.seq WHERE e.seq BETWEEN ?1 AND ?2 ORDER BY e.seq"
);
const ACCOUNTS: &str = concat!("SELECT ", account_columns!(), " FROM accounts ORDER BY id");

/// A read transaction that ends with its connection.
#[derive(Debug)]
pub(super) struct Snapshot {
    connection: Connection,
    head: Head,
}

impl Snapshot {
    /// Of now. The transaction begins with the first reading: that of the head.
    pub(super) fn begin(connection: Connection) -> Result<Self, StoreError> {
        connection.execute_batch("BEGIN").map_err(fault)?;
        let head = rows::head(&connection)?;
        Ok(Self { connection, head })
    }

    /// Copies the whole database as it is in this snapshot.
    pub(super) fn copy_to(&self, copy: &mut Connection) -> Result<(), StoreError> {
        let backup = Backup::new(&self.connection, copy).map_err(fault)?;
        match backup.step(-1).map_err(fault)? {
            StepResult::Done => Ok(()),
            other => Err(StoreError::Busy { why: format!("the copy stopped: {other:?}") }),
        }
    }
}

impl store::Snapshot for Snapshot {
    fn head(&self) -> &Head {
        &self.head
    }

    fn entries(
        &mut self,
        range: RangeInclusive<u64>,
        each: &mut dyn FnMut(Record) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let (first, last) = (number(*range.start())?, number((*range.end()).min(self.head.seq))?);
        for_each(&self.connection, ENTRIES, params![first, last], "entries", |row| each(rows::record(row)?))
    }

    fn accounts(&mut self, each: &mut dyn FnMut(Account) -> Result<(), StoreError>) -> Result<(), StoreError> {
        for_each(&self.connection, ACCOUNTS, [], "accounts", |row| each(rows::account(row)?))
    }

    fn treasury(&mut self) -> Result<Treasury, StoreError> {
        rows::treasury(&self.connection)
    }

    fn nodes(&mut self, wanted: &[NodeId]) -> Result<Vec<Hash>, StoreError> {
        tree::nodes(&self.connection, wanted)
    }
}
