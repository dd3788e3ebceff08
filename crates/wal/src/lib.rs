//! A VFS of SQLite's that writes a commit to the write-ahead log in few pieces.
//!
//! SQLite hands the log a commit page by page, and each page in two parts, its header and its content: a commit of 250
//! pages is 500 calls of the system. They follow one another in the file, so nine do. Nothing else is changed:
//! locks, shared memory, reads and syncs are the system's own VFS (<https://sqlite.org/vfs.html>), and the log's bytes
//! are those that SQLite gave.
//!
//! What is held back ([`held`]) is written before anybody could ask for it: with the last page of a commit, so that the
//! write of that page says whether there was room; and before the log is synced, read, measured or cut. Nothing is held
//! back but under the lock of who writes, and with the end of that it is forgotten: what was not written by then belongs
//! to a transaction that was taken back. Once something could not be written, nothing that follows in the same
//! transaction is taken. Where pages did not find room in memory, that may be told by a read of the log, and SQLite leaves
//! such a transaction open: it can then only be taken back.

#[cfg(all(unix, not(target_vendor = "apple")))]
#[expect(unsafe_code, reason = "SQLite calls its files through C")]
mod file;
#[cfg(all(unix, not(target_vendor = "apple")))]
mod held;
#[cfg(all(unix, not(target_vendor = "apple")))]
#[cfg(test)]
#[expect(unsafe_code, reason = "as in `file`")]
mod trial;

use std::ffi::CStr;

/// Under which name a connection is opened with it (`Connection::open_with_flags_and_vfs`); it is registered the first
/// time. `None` where there is none for this system: the system's own does as well, if not as fast.
#[must_use]
pub fn vfs() -> Option<&'static CStr> {
    #[cfg(all(unix, not(target_vendor = "apple")))]
    return file::vfs();
    #[cfg(not(all(unix, not(target_vendor = "apple"))))]
    None
}
