//! A copy of a ledger that is in use.

use std::path::Path;
use std::{fs, io};

use super::fault::fault;
use super::snapshot::Snapshot;
use super::{new_file, pool, rows};
use crate::error::StoreError;

/// Copies a snapshot to a file that is not there yet, and holds the copy's head to the snapshot's. What failed
/// leaves no file.
pub(super) fn backup(source: &Snapshot, to: &Path) -> Result<(), StoreError> {
    let made = new_file(to).map_err(|error| match error {
        // Which names the file: it is not the ledger that is out of reach.
        StoreError::Lost { why } => StoreError::Io(io::Error::other(why)),
        other => other,
    });
    if !made? {
        return Err(StoreError::Exists { what: format!("a file at {}", to.display()) });
    }
    copy(source, to).inspect_err(|_| {
        for suffix in ["", "-journal", "-wal", "-shm"] {
            let mut file = to.as_os_str().to_owned();
            file.push(suffix);
            let _ = fs::remove_file(file);
        }
    })
}

fn copy(source: &Snapshot, to: &Path) -> Result<(), StoreError> {
    let mut copy = pool::writer(to)?;
    source.copy_to(&mut copy).map_err(|error| of_the_copy(error, to))?;
    if rows::head(&copy)? != *crate::store::Snapshot::head(source) {
        return Err(StoreError::Damaged(format!("the copy at {} has another head than the ledger", to.display())));
    }
    copy.close().map_err(|(_, error)| fault(error))
}

/// It is the copy that has no room, or whose disk fails: the ledger is only read, and was read before.
fn of_the_copy(error: StoreError, to: &Path) -> StoreError {
    match error {
        StoreError::Full { why } | StoreError::Lost { why } => {
            StoreError::Io(io::Error::other(format!("the copy at {}: {why}", to.display())))
        }
        other => other,
    }
}
