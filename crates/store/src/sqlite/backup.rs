//! A copy of a ledger that is in use.

use std::fs;
use std::path::Path;

use rusqlite::OpenFlags;

use super::fault::fault;
use super::snapshot::Snapshot;
use super::{new_file, pool, rows};
use crate::error::StoreError;

/// Copies a snapshot to a file that is not there yet, and holds the copy's head to the snapshot's. What failed
/// leaves no file.
pub(super) fn backup(source: &Snapshot, to: &Path) -> Result<(), StoreError> {
    if !new_file(to)? {
        return Err(StoreError::Exists { what: format!("a file at {}", to.display()) });
    }
    copy(source, to).inspect_err(|_| {
        let _ = fs::remove_file(to);
    })
}

fn copy(source: &Snapshot, to: &Path) -> Result<(), StoreError> {
    let mut copy = pool::connect(to, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    source.copy_to(&mut copy)?;
    if rows::head(&copy)? != *crate::store::Snapshot::head(source) {
        return Err(StoreError::Damaged(format!("the copy at {} has another head than the ledger", to.display())));
    }
    copy.close().map_err(|(_, error)| fault(error))
}
