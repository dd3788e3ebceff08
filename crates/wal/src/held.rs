//! What is to be written and is held back, as long as each part follows the one before it.

use std::ffi::c_int;

use rusqlite::ffi::{SQLITE_IOERR_NOMEM, SQLITE_OK};

/// Most bytes held back. The system's VFS writes less than 128 KiB a call; a part is a page at most, of 64 KiB.
const MOST: usize = 124 << 10;
/// Bytes of what stands before each page, and where in it the size of the database does where the page is a commit's
/// last, and else zero: <https://sqlite.org/fileformat2.html#wal_frame_header>.
const HEADER: usize = 24;
const COMMITS: std::ops::Range<usize> = 4..8;

/// One of SQLite's result codes.
pub(crate) type Code = c_int;

/// Writes bytes at a place of the file: all of them, or its code says why not.
pub(crate) trait Write: FnMut(&[u8], i64) -> Code {}
impl<F: FnMut(&[u8], i64) -> Code> Write for F {}

/// What of one log is held back. That is nothing unless its writer's lock is taken, and nothing of a commit once its last
/// page was given.
#[derive(Debug, Default)]
pub(crate) struct Held {
    bytes: Vec<u8>,
    /// Where the first of them belongs.
    at: i64,
    failed: Option<Failed>,
    is_locked: bool,
    /// Whether what comes next is the last page of a commit, or comes after it.
    is_last: bool,
}

/// What could not be written: from there on the file is not what it was said to be.
#[derive(Clone, Copy, Debug)]
struct Failed {
    at: i64,
    code: Code,
}

impl Held {
    /// The writer's lock is taken, and [`Held::unlock`] will be told of its end.
    pub(crate) fn lock(&mut self) {
        self.unlock();
        self.is_locked = true;
    }

    /// Forgets what is held back, and what failed: where the lock ends before that was written, it was taken back.
    pub(crate) fn unlock(&mut self) {
        *self = Self { bytes: std::mem::take(&mut self.bytes), ..Self::default() };
        self.bytes.clear();
    }

    /// Takes bytes to be written; what they do not follow is written first.
    pub(crate) fn take(&mut self, bytes: &[u8], at: i64, mut write: impl Write) -> Code {
        if self.end() != Some(at) || self.bytes.len() + bytes.len() > MOST {
            let code = self.let_out(&mut write);
            if code != SQLITE_OK {
                return code;
            }
            self.at = at;
        }
        if self.bytes.try_reserve(bytes.len()).is_err() {
            return SQLITE_IOERR_NOMEM;
        }
        self.bytes.extend_from_slice(bytes);
        let is_through = self.is_last || !self.is_locked;
        self.is_last |= bytes.len() == HEADER && bytes[COMMITS] != [0; 4];
        if is_through { self.let_out(write) } else { SQLITE_OK }
    }

    /// Writes what is held back. Once that failed it goes on failing: what comes after would stand behind a gap.
    pub(crate) fn let_out(&mut self, mut write: impl Write) -> Code {
        if let Some(failed) = self.failed {
            return failed.code;
        }
        if self.bytes.is_empty() {
            return SQLITE_OK;
        }
        let code = write(&self.bytes, self.at);
        if code != SQLITE_OK && self.is_locked {
            self.failed = Some(Failed { at: self.at, code });
        }
        self.bytes.clear();
        code
    }

    /// Writes what is held back, so that everything before `end` can be read. What stood there before what failed
    /// still can.
    pub(crate) fn let_read(&mut self, end: i64, write: impl Write) -> Code {
        match (self.let_out(write), self.failed) {
            (_, Some(failed)) if end <= failed.at => SQLITE_OK,
            (code, _) => code,
        }
    }

    /// Where what comes next would belong; `None` where nothing is held back.
    fn end(&self) -> Option<i64> {
        let length = i64::try_from(self.bytes.len()).ok().filter(|length| *length > 0)?;
        self.at.checked_add(length)
    }
}
