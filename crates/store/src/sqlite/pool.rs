//! Connections: how each is set up, and those that read.

use std::ffi::CStr;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::{Connection, OpenFlags};

use super::fault::fault;
use crate::error::StoreError;

/// How long a connection waits for another's lock.
const PATIENCE: Duration = Duration::from_secs(5);
/// Longest value that is read or written, in bytes: the Treasury's document grows with its buckets.
const MAX_VALUE: i32 = 16 << 20;
/// Pages that a writer keeps in memory, in KiB. Few: where a commit balanced a tree, SQLite goes through all of them
/// (`pcache1Truncate`), while a page that is not there is read from the system's memory.
const WRITER_CACHE: i64 = 8 << 10;
/// What the log is cut to after it had to grow, in bytes.
const LOG_KEPT: i64 = 96 << 20;
/// Statements kept prepared on each connection.
const STATEMENTS: usize = 64;
/// Connections that wait for the next reader.
const MAX_IDLE: usize = 8;

/// Opens a file that exists, and sets up what holds for every connection.
fn connect(path: &Path, flags: OpenFlags, vfs: Option<&CStr>) -> Result<Connection, StoreError> {
    let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = match vfs {
        Some(vfs) => Connection::open_with_flags_and_vfs(path, flags, vfs),
        None => Connection::open_with_flags(path, flags),
    };
    let connection = connection.map_err(fault)?;
    connection.busy_timeout(PATIENCE).map_err(fault)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, MAX_VALUE).map_err(fault)?;
    // The schema of a file may be anybody's: it calls nothing, and names in it are not taken for texts.
    for (setting, on) in [
        (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
        (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
        (DbConfig::SQLITE_DBCONFIG_DQS_DDL, false),
        (DbConfig::SQLITE_DBCONFIG_DQS_DML, false),
    ] {
        connection.set_db_config(setting, on).map_err(fault)?;
    }
    connection.pragma_update(None, "cell_size_check", true).map_err(fault)?;
    Ok(connection)
}

/// A connection that may write, once [`prepare_to_write`] has set it up. What it commits goes to the log in few pieces,
/// where this system can do that.
pub(super) fn writer(path: &Path) -> Result<Connection, StoreError> {
    connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE, countersign_wal::vfs())
}

/// Sets up a connection to a database of ours to write: with a write-ahead log, and so that a commit is on the disk
/// when it returns. What is deleted is overwritten, so that an erased block is gone.
pub(super) fn prepare_to_write(connection: &Connection) -> Result<(), StoreError> {
    use_log(connection)?;
    let set = |pragma: &str, value: &dyn rusqlite::ToSql| connection.pragma_update(None, pragma, value);
    set("synchronous", &"FULL").map_err(fault)?;
    set("secure_delete", &"ON").map_err(fault)?;
    set("cache_size", &-WRITER_CACHE).map_err(fault)?;
    let _: i64 = answer(connection, "journal_size_limit", LOG_KEPT)?;
    Ok(())
}

fn use_log(connection: &Connection) -> Result<(), StoreError> {
    match answer::<String>(connection, "journal_mode", "WAL")?.as_str() {
        "wal" => Ok(()),
        mode => Err(StoreError::Unsupported(format!("there can be no write-ahead log there, only {mode}"))),
    }
}

/// Sets a pragma that answers with what holds now.
pub(super) fn answer<T: rusqlite::types::FromSql>(
    connection: &Connection,
    pragma: &str,
    value: impl rusqlite::ToSql,
) -> Result<T, StoreError> {
    connection.pragma_update_and_check(None, pragma, value, |row| row.get(0)).map_err(fault)
}

/// A connection that only reads.
pub(super) fn reader(path: &Path) -> Result<Connection, StoreError> {
    connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY, None)
}

/// Connections that read, each used by one at a time.
#[derive(Debug)]
pub(super) struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, idle: Mutex::default() }
    }

    /// Does some reading within one snapshot. A connection that brought an error is not used again.
    pub(super) fn read<T>(&self, work: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = idle.map_or_else(|| reader(&self.path), Ok)?;
        let snapshot = connection.unchecked_transaction().map_err(fault)?;
        let found = work(&snapshot)?;
        snapshot.finish().map_err(fault)?;
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < MAX_IDLE {
            idle.push(connection);
        }
        Ok(found)
    }
}
