//! What a row holds, read strictly: a database can be edited by whoever owns it, and what is wrong is told by
//! its place.

use std::error::Error as _;
use std::time::{Duration, SystemTime};

use countersign_core::hash::Hash;
use countersign_core::money::Sum;
use countersign_core::timestamp::Timestamp;
use rust_decimal::Decimal;
use serde::de::DeserializeOwned;
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, Json};
use uuid::Uuid;

use crate::error::StoreError;

/// A row, and the table that it is of. The first column names the row.
#[derive(Clone, Copy)]
pub(super) struct Cells<'a> {
    row: &'a Row,
    table: &'static str,
}

/// Decimals of an amount.
const DECIMALS: u32 = 4;

impl<'a> Cells<'a> {
    pub(super) const fn new(row: &'a Row, table: &'static str) -> Self {
        Self { row, table }
    }

    /// The same row, whose columns from some on are of another table.
    pub(super) const fn of(self, table: &'static str) -> Self {
        Self { row: self.row, table }
    }

    /// Says that a column does not hold what it must.
    pub(super) fn damage(self, column: usize, what: &str) -> StoreError {
        let name = self.row.columns().get(column).map_or("?", |column| column.name());
        let number = self.row.try_get::<_, i64>(0).map(|key| key.to_string());
        let text = || self.row.try_get::<_, &str>(0).map(|key| key.chars().take(64).collect());
        let uuid = || self.row.try_get::<_, Uuid>(0).map(|key| key.to_string());
        let key = number.or_else(|_| text()).or_else(|_| uuid()).unwrap_or_else(|_| "?".to_owned());
        StoreError::Damaged(format!("table {}, row {key}, column {name}: {what}", self.table))
    }

    /// A value of whatever type the column has in the schema.
    pub(super) fn value<T: FromSql<'a>>(self, column: usize) -> Result<T, StoreError> {
        self.row.try_get(column).map_err(|error| {
            let why = error.source().map_or_else(|| error.to_string(), ToString::to_string);
            self.damage(column, &why)
        })
    }

    pub(super) fn text(self, column: usize) -> Result<String, StoreError> {
        self.value(column)
    }

    /// A count: a whole number, not negative.
    pub(super) fn count(self, column: usize) -> Result<u64, StoreError> {
        u64::try_from(self.value::<i64>(column)?).map_err(|_| self.damage(column, "is negative"))
    }

    pub(super) fn hash(self, column: usize) -> Result<Hash, StoreError> {
        let bytes = self.value::<&[u8]>(column)?;
        bytes.try_into().map(Hash).map_err(|_| self.damage(column, "has not 32 bytes"))
    }

    /// Bytes in hex, as entries write hashes; of however many bytes, which is for the audit to judge.
    pub(super) fn hex(self, column: usize) -> Result<String, StoreError> {
        let bytes = self.value::<&[u8]>(column)?;
        match <[u8; 32]>::try_from(bytes) {
            Ok(hash) => Ok(Hash(hash).to_string()),
            Err(_) => Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect()),
        }
    }

    pub(super) fn optional_time(self, column: usize) -> Result<Option<Timestamp>, StoreError> {
        let Some(time) = self.value::<Option<SystemTime>>(column)? else { return Ok(None) };
        let written = timestamp(time).filter(|time| time.text().is_some());
        written.map(Some).ok_or_else(|| self.damage(column, "is no time of the years 1 to 9999"))
    }

    pub(super) fn time(self, column: usize) -> Result<Timestamp, StoreError> {
        self.optional_time(column)?.ok_or_else(|| self.damage(column, "is null"))
    }

    pub(super) fn json<T: DeserializeOwned>(self, column: usize) -> Result<T, StoreError> {
        Ok(self.value::<Json<T>>(column)?.0)
    }

    pub(super) fn optional_json<T: DeserializeOwned>(self, column: usize) -> Result<Option<T>, StoreError> {
        Ok(self.value::<Option<Json<T>>>(column)?.map(|json| json.0))
    }

    /// An amount in ten-thousandths, as a sum, since whoever edits a row may write a negative one.
    pub(super) fn sum(self, column: usize) -> Result<Sum, StoreError> {
        let mut decimal = self.value::<Decimal>(column)?;
        decimal.rescale(DECIMALS);
        if decimal.scale() != DECIMALS {
            return Err(self.damage(column, "is too large"));
        }
        Ok(Sum::from_ten_thousandths(decimal.mantissa()))
    }
}

/// A time as the database takes it.
pub(super) fn moment(time: Timestamp) -> SystemTime {
    let distance = Duration::from_millis(time.millis().unsigned_abs());
    if time.millis() < 0 { SystemTime::UNIX_EPOCH - distance } else { SystemTime::UNIX_EPOCH + distance }
}

fn timestamp(time: SystemTime) -> Option<Timestamp> {
    let ms = match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_millis()).ok()?,
        Err(before) => -i64::try_from(before.duration().as_millis()).ok()?,
    };
    Some(Timestamp::from_millis(ms))
}

/// A number of ours as PostgreSQL keeps it.
pub(super) fn number(n: u64) -> Result<i64, StoreError> {
    i64::try_from(n).map_err(|_| StoreError::Other(format!("{n} is larger than a database keeps")))
}
