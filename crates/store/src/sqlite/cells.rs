//! What a row holds, read strictly: a file can be edited by anybody, and what is wrong is told by its place.

use countersign_core::hash::Hash;
use countersign_core::timestamp::Timestamp;
use rusqlite::Row;
use rusqlite::types::ValueRef;
use serde::de::DeserializeOwned;

use super::fault::fault;
use crate::error::StoreError;

/// A row, and the table that it is of. The first column names the row.
#[derive(Clone, Copy)]
pub(super) struct Cells<'a> {
    row: &'a Row<'a>,
    table: &'static str,
}

impl<'a> Cells<'a> {
    pub(super) const fn new(row: &'a Row<'a>, table: &'static str) -> Self {
        Self { row, table }
    }

    /// The same row, whose columns from some on are of another table.
    pub(super) const fn of(self, table: &'static str) -> Self {
        Self { row: self.row, table }
    }

    /// Says that a column does not hold what it must.
    pub(super) fn damage(self, column: usize, what: &str) -> StoreError {
        let name = self.row.as_ref().column_name(column).unwrap_or("?");
        let key = match self.row.get_ref(0) {
            Ok(ValueRef::Integer(n)) => n.to_string(),
            Ok(ValueRef::Text(text)) => String::from_utf8_lossy(text).chars().take(64).collect(),
            _ => "?".to_owned(),
        };
        StoreError::Damaged(format!("table {}, row {key}, column {name}: {what}", self.table))
    }

    fn value(self, column: usize) -> Result<ValueRef<'a>, StoreError> {
        self.row.get_ref(column).map_err(fault)
    }

    pub(super) fn is_null(self, column: usize) -> Result<bool, StoreError> {
        Ok(matches!(self.value(column)?, ValueRef::Null))
    }

    pub(super) fn optional_str(self, column: usize) -> Result<Option<&'a str>, StoreError> {
        match self.value(column)? {
            ValueRef::Null => Ok(None),
            ValueRef::Text(text) => {
                std::str::from_utf8(text).map(Some).map_err(|_| self.damage(column, "is not valid UTF-8"))
            }
            _ => Err(self.damage(column, "is not text")),
        }
    }

    pub(super) fn str(self, column: usize) -> Result<&'a str, StoreError> {
        self.optional_str(column)?.ok_or_else(|| self.damage(column, "is null"))
    }

    pub(super) fn text(self, column: usize) -> Result<String, StoreError> {
        self.str(column).map(str::to_owned)
    }

    pub(super) fn optional_text(self, column: usize) -> Result<Option<String>, StoreError> {
        Ok(self.optional_str(column)?.map(str::to_owned))
    }

    /// A count: a whole number, not negative.
    pub(super) fn count(self, column: usize) -> Result<u64, StoreError> {
        match self.value(column)? {
            ValueRef::Integer(n) => u64::try_from(n).map_err(|_| self.damage(column, "is negative")),
            _ => Err(self.damage(column, "is no whole number")),
        }
    }

    pub(super) fn flag(self, column: usize) -> Result<bool, StoreError> {
        match self.value(column)? {
            ValueRef::Integer(0) => Ok(false),
            ValueRef::Integer(1) => Ok(true),
            _ => Err(self.damage(column, "is neither 0 nor 1")),
        }
    }

    pub(super) fn hash(self, column: usize) -> Result<Hash, StoreError> {
        Hash::parse(self.str(column)?).ok_or_else(|| self.damage(column, "is not 64 hex digits"))
    }

    pub(super) fn optional_time(self, column: usize) -> Result<Option<Timestamp>, StoreError> {
        let Some(text) = self.optional_str(column)? else { return Ok(None) };
        let time = Timestamp::parse(text.as_bytes());
        time.map(Some).ok_or_else(|| self.damage(column, "is no time, YYYY-MM-DDTHH:MM:SS.mmmZ"))
    }

    pub(super) fn time(self, column: usize) -> Result<Timestamp, StoreError> {
        self.optional_time(column)?.ok_or_else(|| self.damage(column, "is null"))
    }

    pub(super) fn json<T: DeserializeOwned>(self, column: usize) -> Result<T, StoreError> {
        serde_json::from_str(self.str(column)?).map_err(|error| self.damage(column, &error.to_string()))
    }

    pub(super) fn optional_json<T: DeserializeOwned>(self, column: usize) -> Result<Option<T>, StoreError> {
        if self.is_null(column)? { Ok(None) } else { self.json(column).map(Some) }
    }
}

/// A number of ours as SQLite keeps it.
pub(super) fn number(n: u64) -> Result<i64, StoreError> {
    i64::try_from(n).map_err(|_| StoreError::Other(format!("{n} is larger than a database keeps")))
}
