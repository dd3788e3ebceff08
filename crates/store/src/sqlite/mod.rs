//! A ledger in one file of SQLite's: the embedded default. Auditors open it with what they have.
//!
//! A write-ahead log with `synchronous = FULL`: what a commit returned from is on the disk. One connection
//! writes, others read; several processes may use one file. The schema stands in `schema_1.sql`.

mod backup;
mod cells;
mod commit;
mod fault;
mod halting;
mod history;
mod load;
mod log;
mod place;
mod pool;
mod rows;
mod schema;
mod snapshot;
mod tree;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use countersign_core::books::Account;
use countersign_core::hash::Hash;
use countersign_core::merkle::NodeId;
use countersign_core::seal::Record;
use countersign_core::timestamp::Timestamp;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, TransactionBehavior, params};

use self::fault::fault;
use self::log::Carrier;
use self::place::Place;
use self::pool::Readers;
use crate::act::Act;
use crate::batch::{Batch, SignedCheckpoint};
use crate::error::StoreError;
use crate::head::{Halt, Identity};
use crate::making::Making;
use crate::store::{Loaded, MAX_FORGOTTEN, Page, Query, Remains, Snapshot, Store, Wanted};

/// A ledger in a file of SQLite's.
#[derive(Debug)]
pub struct Sqlite {
    identity: Identity,
    path: PathBuf,
    place: Place,
    /// Closed before the writer: only a connection that may write, closing last, carries the log over and
    /// removes it.
    readers: Readers,
    /// `None` where it was opened for reading only.
    writer: Option<Mutex<Writer>>,
    /// Whether a halt is all that is written.
    only_halts: bool,
}

#[derive(Debug)]
struct Writer {
    /// Stopped before the connection is closed, for the same reason.
    _carrier: Carrier,
    connection: Connection,
    /// Whether the log may still hold a block that was erased, or a name that was changed.
    holds_erased: bool,
}

const LEDGER: &str = "INSERT INTO ledger (one, name, ledger_id, created_at, version, seq, hash, roots, totals) \
                      VALUES (1, ?1, ?2, ?3, 0, 0, ?4, '[]', '{}')";
const TREASURY: &str = "INSERT INTO treasury (one, version, collected, transactions) VALUES (1, 0, '{}', 0)";

/// Makes a ledger without entries in a file that is not there yet, or is empty.
///
/// # Errors
/// [`StoreError::Exists`] where there is something; those of the database.
pub fn create(path: &Path, identity: &Identity, now: Timestamp) -> Result<Sqlite, StoreError> {
    let exists = || StoreError::Exists { what: format!("a file at {}", path.display()) };
    if !new_file(path)? && std::fs::metadata(path).is_ok_and(|found| found.len() > 0) {
        return Err(exists());
    }
    let mut connection = pool::writer(path)?;
    pool::prepare_to_write(&connection)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(fault)?;
    // Another process may have filled it meanwhile.
    let objects = transaction.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0));
    if objects.map_err(fault)? > 0 {
        return Err(exists());
    }
    for (sql, to) in schema::STEPS.iter().zip(1..) {
        schema::take(&transaction, sql, to)?;
    }
    transaction.pragma_update(None, "application_id", schema::APPLICATION_ID).map_err(fault)?;
    let genesis = identity.genesis().to_string();
    let values = params![identity.ledger, identity.ledger_id, now.to_string(), genesis];
    transaction.execute(LEDGER, values).map_err(fault)?;
    transaction.execute(TREASURY, []).map_err(fault)?;
    transaction.commit().map_err(fault)?;
    Sqlite::new(path, identity.clone(), Some(connection))
}

/// Makes an empty file that only its owner reads, since a ledger holds personal data; whether there was none.
fn new_file(path: &Path) -> Result<bool, StoreError> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(StoreError::Lost { why: format!("{}: {error}", path.display()) }),
    }
}

/// Opens a ledger to read and to write, and brings its schema up to date. `expected`: its name.
///
/// # Errors
/// [`StoreError::NotThisLedger`] where there is none or one of another name, [`StoreError::SchemaTooNew`],
/// [`StoreError::Damaged`], also where anything of what protects it is missing or was changed; those of the database.
pub fn open(path: &Path, expected: Option<&str>) -> Result<Sqlite, StoreError> {
    is_there(path)?;
    let mut connection = pool::writer(path)?;
    recognise(&connection, path)?;
    pool::prepare_to_write(&connection)?;
    schema::migrate(&mut connection, schema::STEPS)?;
    schema::check(&connection)?;
    let identity = identify(&connection, path, expected)?;
    let ledger = Sqlite::new(path, identity, Some(connection))?;
    // A process that erased something may have ended before it could empty the log.
    ledger.writer()?.empty_log();
    Ok(ledger)
}

/// Opens a ledger to read it only, whatever of what protects it is missing: see [`Store::unprotected`]. `expected`: its
/// name.
///
/// # Errors
/// [`StoreError::NotThisLedger`] where there is none or one of another name, [`StoreError::SchemaTooNew`];
/// [`StoreError::Damaged`] where it cannot be read; [`StoreError::Unsupported`] where its schema is older than this
/// program's; those of the database.
pub fn open_read_only(path: &Path, expected: Option<&str>) -> Result<Sqlite, StoreError> {
    is_there(path)?;
    let identity = read_identity(&pool::reader(path)?, path, expected)?;
    Sqlite::new(path, identity, None)
}

/// Opens a ledger to read it and to halt it, as [`open_read_only`] does. Nothing but a halt is written.
///
/// # Errors
/// As [`open_read_only`].
pub fn open_to_halt(path: &Path, expected: Option<&str>) -> Result<Sqlite, StoreError> {
    is_there(path)?;
    let connection = pool::writer(path)?;
    let identity = read_identity(&connection, path, expected)?;
    pool::prepare_to_write(&connection)?;
    // A trigger that is not ours neither prevents a halt nor comes of one.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false).map_err(fault)?;
    Ok(Sqlite { only_halts: true, ..Sqlite::new(path, identity, Some(connection))? })
}

/// Which ledger it is, where it is one that can be read as it stands.
fn read_identity(connection: &Connection, path: &Path, expected: Option<&str>) -> Result<Identity, StoreError> {
    recognise(connection, path)?;
    let (found, known) = (schema::version(connection)?, u32::try_from(schema::STEPS.len()).unwrap_or(u32::MAX));
    if found > known {
        return Err(StoreError::SchemaTooNew { found, known });
    }
    if found < known {
        let why = format!("{} has schema {found}, and must be opened for writing once", path.display());
        return Err(StoreError::Unsupported(why));
    }
    schema::check_tables(connection)?;
    identify(connection, path, expected)
}

fn is_there(path: &Path) -> Result<(), StoreError> {
    match std::fs::metadata(path) {
        Ok(found) if found.is_file() => Ok(()),
        Ok(_) => Err(StoreError::NotThisLedger(format!("{} is not a file", path.display()))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Err(StoreError::NotThisLedger(format!("there is no ledger at {}", path.display())))
        }
        Err(error) => Err(StoreError::Lost { why: format!("{}: {error}", path.display()) }),
    }
}

/// Whether a file is a database, and one of ours.
fn recognise(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let found: Result<i32, _> = connection.pragma_query_value(None, "application_id", |row| row.get(0));
    match found.map_err(fault) {
        Ok(schema::APPLICATION_ID) => Ok(()),
        Ok(_) => Err(StoreError::NotThisLedger(format!("{} is no ledger of Countersign", path.display()))),
        Err(StoreError::Damaged(why)) => {
            Err(StoreError::NotThisLedger(format!("{} is no ledger of Countersign: {why}", path.display())))
        }
        Err(error) => Err(error),
    }
}

fn identify(connection: &Connection, path: &Path, expected: Option<&str>) -> Result<Identity, StoreError> {
    let identity = rows::identity(connection)?;
    match expected {
        Some(name) if name != identity.ledger => {
            let why = format!("{} holds the ledger {}, not {name}", path.display(), identity.ledger);
            Err(StoreError::NotThisLedger(why))
        }
        _ => Ok(identity),
    }
}

impl Sqlite {
    fn new(path: &Path, identity: Identity, writer: Option<Connection>) -> Result<Self, StoreError> {
        let writer = writer.map(|connection| Writer::new(path, connection)).transpose()?.map(Mutex::new);
        let readers = Readers::new(path.to_owned());
        let place = Place::of(path)?;
        Ok(Self { identity, path: path.to_owned(), place, writer, readers, only_halts: false })
    }

    /// Bounds what the file may grow to, in pages of 4096 bytes, while it is open: past it commits fail with
    /// [`StoreError::Full`] before the disk is full. No less than it has now; what holds is returned.
    ///
    /// # Errors
    /// Those of the database.
    pub fn bound(&self, pages: u32) -> Result<u32, StoreError> {
        pool::answer(&self.writer()?.connection, "max_page_count", pages)
    }

    fn writer(&self) -> Result<MutexGuard<'_, Writer>, StoreError> {
        if self.only_halts {
            return Err(StoreError::Refused { why: "it was opened for reading and halting only".to_owned() });
        }
        self.halter()
    }

    /// The writer, while its file is where it was opened. One whose thread panicked has rolled back, and is used again.
    fn halter(&self) -> Result<MutexGuard<'_, Writer>, StoreError> {
        let read_only = || StoreError::Refused { why: "it was opened for reading only".to_owned() };
        let writer = self.writer.as_ref().ok_or_else(read_only)?.lock().unwrap_or_else(PoisonError::into_inner);
        // Once it is this one's turn, which may come late.
        self.place.hold()?;
        Ok(writer)
    }
}

impl Writer {
    fn new(path: &Path, mut connection: Connection) -> Result<Self, StoreError> {
        let carrier = Carrier::start(path, &mut connection)?;
        Ok(Self { _carrier: carrier, connection, holds_erased: false })
    }

    fn commit(&mut self, batch: &Batch) -> Result<(), StoreError> {
        commit::commit(&mut self.connection, batch)?;
        self.committed(batch);
        Ok(())
    }

    fn commit_while_made(&mut self, making: &mut dyn Making) -> Result<bool, StoreError> {
        let Some(batch) = commit::commit_while_made(&mut self.connection, making)? else { return Ok(false) };
        self.committed(batch);
        Ok(true)
    }

    /// Rids the log of what a batch that was written erased, as soon as that can be.
    fn committed(&mut self, batch: &Batch) {
        self.holds_erased |= batch.erases();
        if self.holds_erased {
            self.holds_erased = !self.empty_log();
        }
    }

    /// Carries the log over to the database and empties it, where nobody reads from it; whether that was so.
    /// Nobody waits for it: the next commit tries again.
    fn empty_log(&self) -> bool {
        let patience: Result<i64, _> = self.connection.pragma_query_value(None, "busy_timeout", |row| row.get(0));
        let _ = self.connection.busy_timeout(Duration::ZERO);
        let busy = self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0));
        let patience = patience.ok().and_then(|ms| u64::try_from(ms).ok()).unwrap_or_default();
        let _ = self.connection.busy_timeout(Duration::from_millis(patience));
        busy == Ok(0)
    }
}

const BY_SEQ: &str = concat!(
    "SELECT ",
    rows::entry_columns!(),
    " FROM entries AS e LEFT JOIN personal AS p ON p.seq = e.seq WHERE e.seq = ?1"
);
const BY_ID: &str = concat!(
    "SELECT ",
    rows::entry_columns!(),
    " FROM entries AS e LEFT JOIN personal AS p ON p.seq = e.seq WHERE e.transaction_id = ?1"
);
const CHECKPOINT: &str =
    "SELECT size, note, at FROM checkpoints WHERE size <= ?1 ORDER BY size DESC, number DESC LIMIT 1";
const FORGET: &str = "DELETE FROM answers WHERE key IN (SELECT key FROM answers WHERE at < ?1 ORDER BY at LIMIT ?2)";

impl Store for Sqlite {
    fn identity(&self) -> &Identity {
        &self.identity
    }

    fn load(&self, wanted: &Wanted) -> Result<Loaded, StoreError> {
        self.readers.read(|connection| load::load(connection, wanted))
    }

    fn commit(&self, batch: &Batch) -> Result<(), StoreError> {
        self.writer()?.commit(batch)
    }

    /// Nobody is kept from writing before there is an entry, and a batch without one is written as any.
    fn commit_while_made(&self, making: &mut dyn Making) -> Result<bool, StoreError> {
        if making.more() {
            return self.writer()?.commit_while_made(making);
        }
        making.batch().map_or(Ok(false), |batch| self.commit(batch).map(|()| true))
    }

    fn writes_while_made(&self) -> bool {
        true
    }

    fn halt(&self, halt: &Halt, over: Option<&Halt>) -> Result<Halt, StoreError> {
        halting::halt(&mut self.halter()?.connection, halt, over)
    }

    fn try_halt(&self) -> Result<(), StoreError> {
        halting::attempt(&mut self.halter()?.connection)
    }

    /// A file may be written as a whole or not at all.
    fn try_commit(&self) -> Result<(), StoreError> {
        halting::attempt(&mut self.writer()?.connection)
    }

    fn snapshot(&self) -> Result<Box<dyn Snapshot + '_>, StoreError> {
        Ok(Box::new(snapshot::Snapshot::begin(pool::reader(&self.path)?)?))
    }

    fn entry(&self, seq: u64) -> Result<Option<Record>, StoreError> {
        let Ok(seq) = i64::try_from(seq) else { return Ok(None) };
        self.readers.read(|connection| rows::one(connection, BY_SEQ, [seq], "entries", rows::record))
    }

    fn entry_by_id(&self, transaction_id: &str) -> Result<Option<Record>, StoreError> {
        self.readers.read(|connection| rows::one(connection, BY_ID, [transaction_id], "entries", rows::record))
    }

    fn history(&self, query: &Query, page: Page) -> Result<Vec<Record>, StoreError> {
        self.readers.read(|connection| history::history(connection, query, page))
    }

    fn frozen(&self, after: Option<&str>, limit: u32) -> Result<Vec<Account>, StoreError> {
        self.readers.read(|connection| history::frozen(connection, after, limit))
    }

    fn acts(&self, page: Page) -> Result<Vec<Act>, StoreError> {
        self.readers.read(|connection| history::acts(connection, page))
    }

    fn plan(&self, query: &Query) -> Result<String, StoreError> {
        self.readers.read(|connection| history::plan(connection, query))
    }

    fn plan_frozen(&self) -> Result<String, StoreError> {
        self.readers.read(history::plan_frozen)
    }

    fn nodes(&self, wanted: &[NodeId]) -> Result<Vec<Hash>, StoreError> {
        self.readers.read(|connection| tree::nodes(connection, wanted))
    }

    fn checkpoint(&self, size: Option<u64>) -> Result<Option<SignedCheckpoint>, StoreError> {
        let most = size.and_then(|size| i64::try_from(size).ok()).unwrap_or(i64::MAX);
        self.readers.read(|connection| rows::one(connection, CHECKPOINT, [most], "checkpoints", rows::checkpoint))
    }

    fn keep_checkpoint(&self, checkpoint: &SignedCheckpoint) -> Result<(), StoreError> {
        let mut writer = self.writer()?;
        let transaction = writer.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(fault)?;
        commit::insert_checkpoint(&transaction, checkpoint)?;
        transaction.commit().map_err(fault)
    }

    fn forget_answers(&self, before: Timestamp) -> Result<u64, StoreError> {
        let writer = self.writer()?;
        let values = params![before.to_string(), cells::number(MAX_FORGOTTEN)?];
        let forgotten = writer.connection.execute(FORGET, values);
        Ok(forgotten.map_err(fault)? as u64)
    }

    fn unprotected(&self) -> Result<Vec<String>, StoreError> {
        self.readers.read(schema::unprotected)
    }

    fn rid_of_erased(&self) -> Result<Remains, StoreError> {
        let mut writer = self.writer()?;
        writer.holds_erased = writer.holds_erased && !writer.empty_log();
        Ok(if writer.holds_erased { Remains::InTheLog } else { Remains::Nowhere })
    }

    fn backup(&self, to: &Path) -> Result<(), StoreError> {
        backup::backup(&snapshot::Snapshot::begin(pool::reader(&self.path)?)?, to)
    }
}
