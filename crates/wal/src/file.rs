//! Files of the system's VFS with some methods of our own.
//!
//! A file of SQLite's is whatever its VFS likes, behind a table of methods. Ours are files of the system's VFS whose
//! table is a copy of its own with some entries replaced, and our own state behind that table: all that is not replaced
//! goes to the system as it did.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicPtr, Ordering};

use rusqlite::ffi::{
    SQLITE_CANTOPEN, SQLITE_IOERR, SQLITE_IOERR_WRITE, SQLITE_OK, SQLITE_OPEN_MAIN_DB, SQLITE_OPEN_WAL,
    SQLITE_SHM_EXCLUSIVE, SQLITE_SHM_UNLOCK, sqlite3_database_file_object, sqlite3_file, sqlite3_int64,
    sqlite3_io_methods, sqlite3_vfs, sqlite3_vfs_find, sqlite3_vfs_register,
};

use crate::held::{Code, Held};

const NAME: &CStr = c"countersign-wal";
/// The VFS whose files are known not to look at their own table of methods.
const SYSTEM_NAME: &CStr = c"unix";
/// Version of the tables of methods that the bindings know: later ones are longer.
const KNOWN: c_int = 3;
/// The lock of who writes to the log: WALINDEX_LOCK_OFFSET of <https://sqlite.org/walformat.html>, counted from its start.
const WRITE_LOCK: c_int = 0;

/// The system's VFS.
static SYSTEM: AtomicPtr<sqlite3_vfs> = AtomicPtr::new(ptr::null_mut());

/// Registers ours once.
pub(crate) fn vfs() -> Option<&'static CStr> {
    static REGISTERED: OnceLock<Option<&CStr>> = OnceLock::new();
    *REGISTERED.get_or_init(|| register().then_some(NAME))
}

fn register() -> bool {
    // SAFETY: no name asks for the default VFS, which lives as long as the process.
    let system = unsafe { sqlite3_vfs_find(ptr::null()) };
    // SAFETY: where there is one, it has a name, which ends with a zero.
    if system.is_null() || unsafe { CStr::from_ptr((*system).zName) } != SYSTEM_NAME {
        return false;
    }
    SYSTEM.store(system, Ordering::Release);
    // SAFETY: it is plain data; what SQLite changes of it is replaced.
    let copy = unsafe { *system };
    let ours = Box::leak(Box::new(sqlite3_vfs {
        iVersion: copy.iVersion.min(KNOWN),
        pNext: ptr::null_mut(),
        zName: NAME.as_ptr(),
        xOpen: Some(open),
        ..copy
    }));
    // SAFETY: it is never freed.
    unsafe { sqlite3_vfs_register(ours, 0) == SQLITE_OK }
}

/// Opens a file as the system does, and takes its place at a database and at a log.
unsafe extern "C" fn open(
    _: *mut sqlite3_vfs,
    name: *const c_char,
    file: *mut sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> Code {
    let system = SYSTEM.load(Ordering::Acquire);
    // SAFETY: it was stored before ours was registered, and SQLite's own arguments are passed on.
    let code = unsafe { (*system).xOpen.map_or(SQLITE_CANTOPEN, |open| open(system, name, file, flags, out_flags)) };
    if code == SQLITE_OK && flags & SQLITE_OPEN_MAIN_DB != 0 {
        // SAFETY: the file is open.
        unsafe { Database::lay_over(file) };
    } else if code == SQLITE_OK && flags & SQLITE_OPEN_WAL != 0 {
        // SAFETY: the file is open; a log's name is one that SQLite made for its database, which it opened before and
        // closes after.
        unsafe {
            let database = sqlite3_database_file_object(name);
            if Database::lies_over(database) {
                Log::lay_over(file, Database::of(database));
            }
        }
    }
    code
}

type Close = unsafe extern "C" fn(*mut sqlite3_file) -> Code;

/// The methods of a file of the system's.
///
/// # Safety
/// The file is one that the system's VFS has opened just now.
unsafe fn methods(file: *mut sqlite3_file) -> &'static sqlite3_io_methods {
    // SAFETY: an open file has its methods, which are part of the program and never changed.
    unsafe { &*(*file).pMethods }
}

/// What lies behind the table of methods of a database's file. The table comes first: SQLite has a pointer to it, and
/// we find the rest by that.
#[repr(C)]
struct Database {
    methods: sqlite3_io_methods,
    system: &'static sqlite3_io_methods,
    /// Its log, while that is open.
    log: *mut Log,
}

impl Database {
    /// # Safety
    /// The file is one that the system's VFS has opened just now.
    unsafe fn lay_over(file: *mut sqlite3_file) {
        // SAFETY: as this function's.
        let system = unsafe { methods(file) };
        let methods = sqlite3_io_methods {
            iVersion: system.iVersion.min(KNOWN),
            xClose: Some(close_database),
            xShmLock: Some(lock_shared),
            ..*system
        };
        let ours = Box::into_raw(Box::new(Self { methods, system, log: ptr::null_mut() }));
        // SAFETY: the file is open; `methods` is what `ours` begins with.
        unsafe { (*file).pMethods = ours.cast() };
    }

    /// Whether a file was laid over.
    ///
    /// # Safety
    /// The file is open.
    unsafe fn lies_over(file: *mut sqlite3_file) -> bool {
        let ours: Close = close_database;
        // SAFETY: an open file has its methods.
        unsafe { (*(*file).pMethods).xClose }.is_some_and(|close| ptr::fn_addr_eq(close, ours))
    }

    /// # Safety
    /// The file is open, and was laid over.
    unsafe fn of(file: *mut sqlite3_file) -> *mut Self {
        // SAFETY: as this function's.
        unsafe { (*file).pMethods.cast_mut().cast() }
    }
}

/// What lies behind the table of methods of a log's file; as [`Database`].
#[repr(C)]
struct Log {
    methods: sqlite3_io_methods,
    system: &'static sqlite3_io_methods,
    file: *mut sqlite3_file,
    database: *mut Database,
    held: Held,
}

impl Log {
    /// # Safety
    /// The file is one that the system's VFS has opened just now, and the database is open for longer.
    unsafe fn lay_over(file: *mut sqlite3_file, database: *mut Database) {
        // SAFETY: as this function's.
        let system = unsafe { methods(file) };
        #[cfg(test)]
        let system = crate::trial::over(system);
        let methods = sqlite3_io_methods {
            iVersion: system.iVersion.min(KNOWN),
            xClose: Some(close_log),
            xRead: Some(read),
            xWrite: Some(write),
            xTruncate: Some(truncate),
            xSync: Some(sync),
            xFileSize: Some(size),
            ..*system
        };
        let ours = Box::into_raw(Box::new(Self { methods, system, file, database, held: Held::default() }));
        // SAFETY: the database is open; the file is, and `methods` is what `ours` begins with.
        unsafe {
            (*database).log = ours;
            (*file).pMethods = ours.cast();
        }
    }

    /// # Safety
    /// The file is open, and was laid over.
    unsafe fn of(file: *mut sqlite3_file) -> *mut Self {
        // SAFETY: as this function's.
        unsafe { (*file).pMethods.cast_mut().cast() }
    }

    /// Writes what is held back.
    fn let_out(&mut self) -> Code {
        self.held.let_out(writer(self.system, self.file))
    }
}

/// The system's write to a file, which is open, and whose methods of the system these are.
fn writer(system: &'static sqlite3_io_methods, file: *mut sqlite3_file) -> impl FnMut(&[u8], i64) -> Code {
    move |bytes, at| match (system.xWrite, c_int::try_from(bytes.len())) {
        // SAFETY: the file is open while it is laid over, and the bytes are there while this runs.
        (Some(write), Ok(length)) => unsafe { write(file, bytes.as_ptr().cast(), length, at) },
        _ => SQLITE_IOERR_WRITE,
    }
}

unsafe extern "C" fn write(file: *mut sqlite3_file, bytes: *const c_void, length: c_int, at: sqlite3_int64) -> Code {
    // SAFETY: this is the method of a log's file, which SQLite calls while it is open. Nothing else of it is borrowed:
    // SQLite calls the methods of a connection's files one at a time, and the system's call none of ours.
    let log = unsafe { &mut *Log::of(file) };
    let length = usize::try_from(length).unwrap_or_default();
    // SAFETY: SQLite gives as many bytes as it says.
    let bytes = unsafe { std::slice::from_raw_parts(bytes.cast::<u8>(), length) };
    log.held.take(bytes, at, writer(log.system, file))
}

unsafe extern "C" fn read(file: *mut sqlite3_file, into: *mut c_void, length: c_int, at: sqlite3_int64) -> Code {
    // SAFETY: as in `write`.
    let log = unsafe { &mut *Log::of(file) };
    let code = log.held.let_read(at.saturating_add(length.into()), writer(log.system, file));
    if code != SQLITE_OK {
        return code;
    }
    // SAFETY: SQLite's own arguments are passed on.
    log.system.xRead.map_or(SQLITE_IOERR, |read| unsafe { read(file, into, length, at) })
}

unsafe extern "C" fn truncate(file: *mut sqlite3_file, length: sqlite3_int64) -> Code {
    // SAFETY: as in `write`.
    let log = unsafe { &mut *Log::of(file) };
    let code = log.let_out();
    if code != SQLITE_OK {
        return code;
    }
    // SAFETY: SQLite's own arguments are passed on.
    log.system.xTruncate.map_or(SQLITE_IOERR, |truncate| unsafe { truncate(file, length) })
}

unsafe extern "C" fn sync(file: *mut sqlite3_file, flags: c_int) -> Code {
    // SAFETY: as in `write`.
    let log = unsafe { &mut *Log::of(file) };
    let code = log.let_out();
    if code != SQLITE_OK {
        return code;
    }
    // SAFETY: SQLite's own arguments are passed on.
    log.system.xSync.map_or(SQLITE_IOERR, |sync| unsafe { sync(file, flags) })
}

unsafe extern "C" fn size(file: *mut sqlite3_file, into: *mut sqlite3_int64) -> Code {
    // SAFETY: as in `write`.
    let log = unsafe { &mut *Log::of(file) };
    let code = log.let_out();
    if code != SQLITE_OK {
        return code;
    }
    // SAFETY: SQLite's own arguments are passed on.
    log.system.xFileSize.map_or(SQLITE_IOERR, |size| unsafe { size(file, into) })
}

unsafe extern "C" fn close_log(file: *mut sqlite3_file) -> Code {
    // SAFETY: as in `write`; it was made by `lay_over`, and nobody asks for it after this.
    let log = unsafe { Box::from_raw(Log::of(file)) };
    // SAFETY: the database is closed after its log.
    unsafe { (*log.database).log = ptr::null_mut() };
    // SAFETY: the file is open, and these are its methods of the system.
    unsafe { close(file, log.system) }
}

unsafe extern "C" fn close_database(file: *mut sqlite3_file) -> Code {
    // SAFETY: this is the method of a database's file, which SQLite calls while it is open; it was made by `lay_over`,
    // and nobody asks for it after this, since its log was closed before.
    let database = unsafe { Box::from_raw(Database::of(file)) };
    // SAFETY: the file is open, and these are its methods of the system.
    unsafe { close(file, database.system) }
}

/// # Safety
/// The file is open, and these are its methods of the system.
unsafe fn close(file: *mut sqlite3_file, system: &'static sqlite3_io_methods) -> Code {
    // SAFETY: as this function's.
    unsafe {
        (*file).pMethods = system;
        system.xClose.map_or(SQLITE_IOERR, |close| close(file))
    }
}

/// Knows when the lock of who writes is taken and let go of: only under it is anything held back. Locks that are not
/// taken by this, as in `locking_mode = EXCLUSIVE`, are none that we know of.
unsafe extern "C" fn lock_shared(file: *mut sqlite3_file, first: c_int, count: c_int, flags: c_int) -> Code {
    // SAFETY: as in `close_database`.
    let database = unsafe { &*Database::of(file) };
    // SAFETY: a log that is named is open, and none of its methods runs.
    let log = unsafe { database.log.as_mut() }.filter(|_| first == WRITE_LOCK && flags & SQLITE_SHM_EXCLUSIVE != 0);
    let lock = || {
        // SAFETY: SQLite's own arguments are passed on.
        database.system.xShmLock.map_or(SQLITE_IOERR, |lock| unsafe { lock(file, first, count, flags) })
    };
    let Some(Log { held, .. }) = log else { return lock() };
    if flags & SQLITE_SHM_UNLOCK != 0 {
        held.unlock();
        return lock();
    }
    let code = lock();
    if code == SQLITE_OK {
        held.lock();
    }
    code
}
