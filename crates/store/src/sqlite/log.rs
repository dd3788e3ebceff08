//! How the write-ahead log is kept short: a thread with a connection of its own carries it over to the database
//! while commits go on. What is written meanwhile, a commit carries over, since only where nothing is left the log
//! begins anew; that is little, so that no commit waits long.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use rusqlite::Connection;
use rusqlite::hooks::Wal;

use super::fault::fault;
use super::pool;
use crate::error::StoreError;

/// How long the log grows before it is carried over, in bytes. Pages that are written again and again until then are
/// carried over once.
const LONG: i64 = 64 << 20;
/// Where the thread lags behind, commits carry the log over themselves once it has so many times that length.
const TOO_LONG: i32 = 2;

/// How often the thread goes through the log each time: then again, for what was written while it did.
const ROUNDS: usize = 2;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Word {
    CarryOver,
    Stop,
}

/// The thread that carries the log of a database over. It stops when this is dropped.
#[derive(Debug)]
pub(super) struct Carrier {
    word: SyncSender<Word>,
    thread: Option<JoinHandle<()>>,
}

impl Carrier {
    /// Starts it for a database that `writer` writes to.
    pub(super) fn start(path: &Path, writer: &mut Connection) -> Result<Self, StoreError> {
        let page: i64 = writer.pragma_query_value(None, "page_size", |row| row.get(0)).map_err(fault)?;
        Self::start_at(path, writer, i32::try_from(LONG / page.max(1)).unwrap_or(i32::MAX))
    }

    fn start_at(path: &Path, writer: &mut Connection, long: i32) -> Result<Self, StoreError> {
        let connection = pool::writer(path)?;
        // No place to wait in: the thread is told where it waits to be told, and else goes on.
        let (word, words) = sync_channel(0);
        let (wake, nearly_done) = (word.clone(), Arc::new(AtomicBool::new(false)));
        let done = nearly_done.clone();
        let thread = std::thread::Builder::new().name("countersign-log".to_owned());
        let thread = thread.spawn(move || carry_over_when_told(&connection, &words, &done))?;
        let hook = move |log: &mut Wal, frames| {
            if nearly_done.swap(false, Ordering::Relaxed) || frames >= long.saturating_mul(TOO_LONG) {
                // A commit stands, whether or not it could carry the log over.
                let _ = log.checkpoint();
            } else if frames >= long {
                let _ = wake.try_send(Word::CarryOver);
            }
            Ok(())
        };
        writer.wal_hook(Some(hook)).map_err(fault)?;
        Ok(Self { word, thread: Some(thread) })
    }
}

impl Drop for Carrier {
    fn drop(&mut self) {
        let _ = self.word.send(Word::Stop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn carry_over_when_told(connection: &Connection, words: &Receiver<Word>, nearly_done: &AtomicBool) {
    while words.recv() == Ok(Word::CarryOver) {
        for _ in 0..ROUNDS {
            // Where it fails, a commit tries, and who reads keeps it from nothing but beginning the log anew.
            let _ = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
        }
        nearly_done.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_stays_short_and_nothing_is_lost() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("ledger.db");
        std::fs::File::create(&path).unwrap();
        let mut writer = pool::writer(&path).unwrap();
        pool::prepare_to_write(&writer).unwrap();
        let carrier = Carrier::start_at(&path, &mut writer, 20).unwrap();
        writer.execute_batch("CREATE TABLE a (x)").unwrap();
        for n in 0..1000 {
            writer.execute("INSERT INTO a VALUES (?1)", [n]).unwrap();
        }
        let log = std::fs::metadata(directory.path().join("ledger.db-wal")).unwrap().len();
        assert!(log < 100 * 4096, "the log has {log} bytes");
        drop(carrier);
        let sum: i64 = pool::reader(&path).unwrap().query_row("SELECT sum(x) FROM a", [], |row| row.get(0)).unwrap();
        assert_eq!(sum, 999 * 1000 / 2);
    }
}
