//! The VFS with SQLite itself, on a disk that fails when a test says so.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::ffi::{CStr, c_int, c_void};
use std::path::{Path, PathBuf};
use std::time::Duration;

use proptest::prelude::*;
use rusqlite::ffi::{
    SQLITE_FULL, SQLITE_IOERR_FSYNC, SQLITE_IOERR_WRITE, SQLITE_OK, sqlite3_file, sqlite3_int64, sqlite3_io_methods,
};
use rusqlite::{Connection, OpenFlags, Row};

use crate::held::{Code, Held};

thread_local! {
    /// Writes to a log by the system, of this thread.
    static WRITES: Cell<u32> = const { Cell::new(0) };
    /// How many more of its writes succeed, and syncs where they may fail; the next fails, and all after it.
    static LEFT: Cell<Option<u32>> = const { Cell::new(None) };
    /// How it fails.
    static DISK: Cell<Disk> = const { Cell::new(Disk::Sound) };
    /// Whether it did.
    static FAILED: Cell<bool> = const { Cell::new(false) };
    static SYSTEM: Cell<Option<&'static sqlite3_io_methods>> = const { Cell::new(None) };
}

/// The system's methods, but that they fail where a test says so.
pub(crate) fn over(system: &'static sqlite3_io_methods) -> &'static sqlite3_io_methods {
    SYSTEM.set(Some(system));
    Box::leak(Box::new(sqlite3_io_methods { xWrite: Some(write), xSync: Some(sync), ..*system }))
}

fn fails() -> bool {
    match LEFT.get() {
        None => false,
        Some(0) => {
            FAILED.set(true);
            true
        }
        Some(left) => {
            LEFT.set(Some(left - 1));
            false
        }
    }
}

unsafe extern "C" fn write(file: *mut sqlite3_file, bytes: *const c_void, length: c_int, at: sqlite3_int64) -> Code {
    WRITES.set(WRITES.get() + 1);
    let system = SYSTEM.get().and_then(|system| system.xWrite).unwrap();
    let failed = match DISK.get() {
        Disk::Full if fails() => SQLITE_FULL,
        Disk::Broken if fails() => SQLITE_IOERR_WRITE,
        _ => SQLITE_OK,
    };
    // A disk that is full takes a part.
    let taken = if failed == SQLITE_OK { length } else { length / 2 };
    // SAFETY: SQLite's own arguments, or a part of the bytes.
    let code = unsafe { system(file, bytes, taken, at) };
    if failed == SQLITE_OK { code } else { failed }
}

unsafe extern "C" fn sync(file: *mut sqlite3_file, flags: c_int) -> Code {
    let system = SYSTEM.get().and_then(|system| system.xSync).unwrap();
    if DISK.get() == Disk::FailsToSync && fails() {
        return SQLITE_IOERR_FSYNC;
    }
    // SAFETY: SQLite's own arguments.
    unsafe { system(file, flags) }
}

/// A connection with the VFS, or with the system's own.
fn connect(path: &Path, vfs: Option<&'static CStr>, pragmas: &str) -> Connection {
    let flags = OpenFlags::default();
    let connection = match vfs {
        Some(vfs) => Connection::open_with_flags_and_vfs(path, flags, vfs).unwrap(),
        None => Connection::open_with_flags(path, flags).unwrap(),
    };
    connection.busy_timeout(Duration::ZERO).unwrap();
    connection.execute_batch(&format!("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; {pragmas}")).unwrap();
    connection
}

const TABLE: &str = "CREATE TABLE IF NOT EXISTS t (k INTEGER PRIMARY KEY, v BLOB NOT NULL)";

/// By key, what the bytes of the value are, all alike, and how many.
type Rows = BTreeMap<i64, (u8, usize)>;

fn rows(connection: &Connection) -> rusqlite::Result<Rows> {
    let mut statement = connection.prepare("SELECT k, v FROM t ORDER BY k")?;
    let row = |row: &Row<'_>| {
        let value: Vec<u8> = row.get(1)?;
        assert!(value.windows(2).all(|pair| pair[0] == pair[1]), "a value of two writes");
        Ok((row.get(0)?, (value[0], value.len())))
    };
    statement.query_map([], row)?.collect()
}

/// What is found where the process is killed now: in the files as they are, the database and its log.
fn after_a_crash(path: &Path) -> Rows {
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy.db");
    for suffix in ["", "-wal"] {
        let [from, to] = [path, &copy].map(|path| format!("{}{suffix}", path.display()));
        std::fs::copy(from, to).unwrap();
    }
    let connection = connect(&copy, None, "");
    let sound: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(sound, "ok");
    rows(&connection).unwrap()
}

#[test]
fn a_commit_is_written_in_few_pieces() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let connection = connect(&path, crate::vfs(), TABLE);
    let insert = |first: i64, count: i64| {
        connection.execute_batch("BEGIN").unwrap();
        for k in first..first + count {
            connection.execute("INSERT INTO t VALUES (?1, zeroblob(3000))", [k]).unwrap();
        }
        WRITES.set(0);
        connection.execute_batch("COMMIT").unwrap();
        WRITES.get()
    };
    assert_eq!(insert(0, 20), 1);
    // 201 pages, of which 30 are a piece.
    assert_eq!(insert(20, 200), 7);
    assert_eq!(after_a_crash(&path).len(), 220);
}

/// How a disk fails, where a test says when.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Disk {
    Sound,
    Full,
    Broken,
    FailsToSync,
}

/// What happens to a database, one after the other.
#[derive(Clone, Debug)]
enum Act {
    /// A transaction through the VFS: each key gets a value of that length; the steps that are not kept are taken back
    /// to a savepoint, and where the transaction is not, all of it. `alone`: with the file's own locks, which are given
    /// up before it ends.
    Write { steps: Vec<Step>, keep: bool, alone: bool, left: Option<u32> },
    /// Another process writes, by the system's own VFS.
    Elsewhere { keys: Vec<i64> },
    /// The log is carried over.
    CarryOver { whole: bool },
    /// The connection is closed, and opened again.
    Reopen,
}

#[derive(Clone, Debug)]
struct Step {
    keys: Vec<i64>,
    length: usize,
    keep: bool,
    /// Whether it is looked at what a crash would leave now.
    crash: bool,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let keys = || prop::collection::vec(0..60_i64, 1..25);
    let step = (keys(), 1..5000_usize, prop::bool::weighted(0.8), prop::bool::weighted(0.1));
    let step = step.prop_map(|(keys, length, keep, crash)| Step { keys, length, keep, crash });
    let steps = prop::collection::vec(step, 1..5);
    let left = prop::option::weighted(0.4, 0..6_u32);
    let write = (steps, prop::bool::weighted(0.8), prop::bool::weighted(0.1), left);
    let act = prop_oneof![
        8 => write.prop_map(|(steps, keep, alone, left)| Act::Write { steps, keep, alone, left }),
        2 => keys().prop_map(|keys| Act::Elsewhere { keys }),
        1 => any::<bool>().prop_map(|whole| Act::CarryOver { whole }),
        1 => Just(Act::Reopen),
    ];
    prop::collection::vec(act, 1..13)
}

/// Gives keys a value, in one statement.
fn put(connection: &Connection, model: &mut Rows, keys: &[i64], (mark, length): (u8, usize)) -> rusqlite::Result<()> {
    let list: Vec<String> = keys.iter().map(|key| format!("({key}, ?1)")).collect();
    connection.execute(&format!("INSERT OR REPLACE INTO t VALUES {}", list.join(", ")), [vec![mark; length]])?;
    model.extend(keys.iter().map(|key| (*key, (mark, length))));
    Ok(())
}

/// A database, and what it must hold.
struct Played {
    path: PathBuf,
    pragmas: String,
    connection: Connection,
    model: Rows,
}

impl Played {
    fn begin(folder: &Path, pragmas: &str) -> Self {
        let (path, pragmas) = (folder.join("a.db"), format!("{pragmas}; {TABLE}"));
        let connection = connect(&path, crate::vfs(), &pragmas);
        Self { path, pragmas, connection, model: Rows::new() }
    }

    fn elsewhere(&self) -> Connection {
        connect(&self.path, None, "")
    }

    fn act(&mut self, act: &Act, mark: u8) {
        match act {
            Act::Write { steps, keep, alone, left } => self.write(steps, *keep, *alone, *left, mark),
            Act::Elsewhere { keys } => put(&self.elsewhere(), &mut self.model, keys, (mark, 700)).unwrap(),
            Act::CarryOver { whole } => {
                let how = if *whole { "TRUNCATE" } else { "PASSIVE" };
                self.connection.query_row(&format!("PRAGMA wal_checkpoint({how})"), [], |_| Ok(())).unwrap();
            }
            Act::Reopen => {
                let closed = Connection::open_in_memory().unwrap();
                drop(std::mem::replace(&mut self.connection, closed));
                self.connection = connect(&self.path, crate::vfs(), &self.pragmas);
            }
        }
    }

    fn write(&mut self, steps: &[Step], keep: bool, alone: bool, left: Option<u32>, mark: u8) {
        FAILED.set(false);
        LEFT.set(left);
        let end = if keep { "COMMIT" } else { "ROLLBACK" };
        let done =
            self.transact(steps, alone, mark).and_then(|after| self.connection.execute_batch(end).map(|()| after));
        LEFT.set(None);
        self.lock("NORMAL").unwrap();
        match done {
            Ok(after) if keep => self.model = after,
            Ok(_) => {}
            Err(error) => {
                assert!(FAILED.get(), "{error}");
                // SQLite may have taken it back by itself.
                let _ = self.connection.execute_batch("ROLLBACK");
            }
        }
    }

    /// What the transaction leaves, where it is kept. Of a statement that found no room SQLite may take back no more than
    /// that statement: then there is room again, and the transaction goes on.
    fn transact(&self, steps: &[Step], alone: bool, mark: u8) -> rusqlite::Result<Rows> {
        let (connection, mut model) = (&self.connection, self.model.clone());
        let alone = |mode| if alone { self.lock(mode) } else { Ok(()) };
        alone("EXCLUSIVE")?;
        connection.execute_batch("BEGIN IMMEDIATE")?;
        for step in steps {
            let kept = model.clone();
            connection.execute_batch("SAVEPOINT s")?;
            if let Err(error) = put(connection, &mut model, &step.keys, (mark, step.length)) {
                if connection.is_autocommit() {
                    return Err(error);
                }
                LEFT.set(None);
            }
            if !step.keep {
                connection.execute_batch("ROLLBACK TO s")?;
                model = kept;
            }
            connection.execute_batch("RELEASE s")?;
            // What is not in memory any more is read again, out of the log too.
            assert_eq!(rows(connection)?, model);
            if step.crash && DISK.get() != Disk::FailsToSync {
                assert_eq!(after_a_crash(&self.path), self.model, "after a crash on the way");
            }
        }
        alone("NORMAL")?;
        Ok(model)
    }

    fn lock(&self, mode: &str) -> rusqlite::Result<()> {
        self.connection.query_row(&format!("PRAGMA locking_mode = {mode}"), [], |_| Ok(()))
    }
}

/// Where a sync fails, a crash may find what was refused, as with any VFS; where it does not, exactly what was not.
fn play(acts: &[Act], pragmas: &str, disk: Disk) {
    DISK.set(disk);
    let folder = tempfile::tempdir().unwrap();
    let mut played = Played::begin(folder.path(), pragmas);
    for (act, mark) in acts.iter().zip(1_u8..) {
        played.act(act, mark);
        let Played { path, connection, model, .. } = &played;
        assert_eq!(rows(connection).unwrap(), *model, "by the VFS, after {act:?}");
        assert_eq!(rows(&played.elsewhere()).unwrap(), *model, "by another process, after {act:?}");
        if disk != Disk::FailsToSync {
            assert_eq!(after_a_crash(path), *model, "after a crash after {act:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// With little memory, pages go to the log before the commit does, and are read again and written over there.
    #[test]
    fn whatever_happens_everybody_sees_what_was_committed(
        acts in acts(),
        cache in 4..40,
        synchronous in prop::sample::select(vec!["FULL", "FULL", "NORMAL", "OFF"]),
        kept in 1000..200_000,
        disk in prop::sample::select(vec![Disk::Sound, Disk::Full, Disk::Broken, Disk::FailsToSync]),
    ) {
        let memory = format!("PRAGMA cache_size = {cache}; PRAGMA journal_size_limit = {kept}");
        play(&acts, &format!("{memory}; PRAGMA synchronous = {synchronous}"), disk);
    }

    /// What is held back is what a file would hold, up to what failed.
    #[test]
    fn what_is_held_back_ends_where_it_belongs(
        parts in prop::collection::vec((0..90_usize, 1..9_usize, any::<bool>(), any::<bool>()), 1..60),
        locked: bool,
        left in 0..40_usize,
    ) {
        const SIZE: usize = 800_000;
        let (mut file, mut model, mut held, mut left) = (vec![0; SIZE], vec![0; SIZE], Held::default(), left);
        if locked {
            held.lock();
        }
        let (mut next, mut failed) = (0, false);
        for ((place, length, follows, reads), mark) in parts.into_iter().zip(1_u8..) {
            let mut write = |bytes: &[u8], at: i64| {
                assert!(bytes.len() < 128 << 10, "too much at once: {}", bytes.len());
                let at = usize::try_from(at).unwrap();
                file[at..at + bytes.len()].copy_from_slice(bytes);
                left = left.saturating_sub(1);
                if left == 0 { SQLITE_FULL } else { SQLITE_OK }
            };
            let (place, length) = (if follows { next } else { place * 4096 }, length * 5000);
            if place + length > SIZE {
                continue;
            }
            let code = held.take(&vec![mark; length], i64::try_from(place).unwrap(), &mut write);
            failed |= code != SQLITE_OK;
            prop_assert!(!(failed && locked) || code == SQLITE_FULL);
            if failed {
                break;
            }
            model[place..place + length].fill(mark);
            next = place + length;
            if reads {
                failed |= held.let_read(SIZE as i64, &mut write) != SQLITE_OK;
                prop_assert!(failed || file == model);
            }
        }
        held.unlock();
        prop_assert_eq!(held.let_read(SIZE as i64, |_, _| SQLITE_FULL), SQLITE_OK, "nothing is left");
    }
}

#[test]
fn after_what_failed_nothing_is_taken_until_it_is_taken_back() {
    let mut held = Held::default();
    held.lock();
    let full = |_: &[u8], _: i64| SQLITE_FULL;
    let unasked = |_: &[u8], _: i64| -> Code { panic!("nothing is to be written") };
    assert_eq!(held.take(b"abc", 10, unasked), SQLITE_OK);
    assert_eq!(held.let_out(full), SQLITE_FULL);
    assert_eq!(
        [held.take(b"def", 13, unasked), held.take(b"abc", 10, unasked), held.let_out(unasked)],
        [SQLITE_FULL; 3]
    );
    assert_eq!([held.let_read(10, unasked), held.let_read(11, unasked)], [SQLITE_OK, SQLITE_FULL]);
    held.unlock();
    held.lock();
    assert_eq!([held.let_read(11, unasked), held.take(b"abc", 10, unasked)], [SQLITE_OK; 2]);
}

#[test]
fn nothing_is_held_back_without_a_lock_or_once_a_commit_is_whole() {
    let commit = [0, 0, 0, 7, 0, 0, 0, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];
    let mut written = Vec::new();
    let mut held = Held::default();
    let mut give = |held: &mut Held, bytes: &[u8], at| {
        held.take(bytes, at, |bytes, at| {
            written.push((at, bytes.len()));
            SQLITE_OK
        })
    };
    assert_eq!(give(&mut held, b"free", 0), SQLITE_OK);
    held.lock();
    assert_eq!(
        [give(&mut held, b"page", 4), give(&mut held, &commit, 8), give(&mut held, b"last", 32)],
        [SQLITE_OK; 3]
    );
    assert_eq!(give(&mut held, b"after", 36), SQLITE_OK);
    assert_eq!(written, [(0, 4), (4, 32), (36, 5)]);
}
