//! The watch in a thread of its own.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use super::audit::{Audit, AuditError, Kind};
use super::metrics::Metrics;
use super::panics::caught;
use super::results::AuditResult;
use super::rounds::{LOOK, Watch};
use super::setup::{Checked, Held, Setup, WatchError};

/// What a watch in its own thread is asked for.
enum Ask {
    Audit(Kind, SyncSender<Result<Audit, AuditError>>),
    Results(SyncSender<Vec<AuditResult>>),
}

/// Holds a watch that goes its rounds in its own thread. When it is dropped the thread ends; an audit that is
/// running is left, and due again after the next start.
#[derive(Debug)]
pub struct Guard {
    asks: Option<Sender<Ask>>,
    metrics: Arc<Mutex<Metrics>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// The watch's thread is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the watch has stopped")]
pub struct Stopped;

/// How often it is tried to hold a directory that another watch is on.
const HOLD_AGAIN: Duration = Duration::from_millis(100);

impl Guard {
    /// Lets a watch go its rounds.
    ///
    /// # Errors
    /// Where the system gives no thread.
    pub fn post(watch: Watch) -> std::io::Result<Self> {
        let (asks, asked) = channel();
        let (metrics, stop) = (watch.metrics(), watch.stop());
        let thread = Builder::new().name("watch".to_owned()).spawn(move || keep_watch(watch, &asked))?;
        Ok(Self { asks: Some(asks), metrics, stop, thread: Some(thread) })
    }

    /// The same, where another watch may still be on the directory: as a server that is replaced is. The rounds begin
    /// once it is gone.
    ///
    /// # Errors
    /// As [`Watch::new`], but for [`WatchError::InUse`]; where the system gives no thread.
    pub fn post_when_free(setup: Setup) -> Result<Self, WatchError> {
        let checked = Checked::new(setup)?;
        let held = match checked.hold() {
            Ok(held) => Some(held),
            Err(WatchError::InUse(_)) => None,
            Err(error) => return Err(error),
        };
        let (asks, asked) = channel();
        let (metrics, stop, folder) = (checked.metrics.clone(), checked.stop.clone(), checked.setup.folder.clone());
        let keep = move || {
            if let Some(held) = held.or_else(|| wait_for(&checked)) {
                keep_watch(Watch::on(checked, held), &asked);
            }
        };
        let thread = Builder::new().name("watch".to_owned()).spawn(keep);
        let thread = thread.map_err(|error| WatchError::Folder { folder, error })?;
        Ok(Self { asks: Some(asks), metrics, stop, thread: Some(thread) })
    }

    /// Has everything, or what is new, audited at once; waits for it.
    ///
    /// # Errors
    /// Where the thread is gone; within, where the audit came to no verdict.
    pub fn audit_now(&self, kind: Kind) -> Result<Result<Audit, AuditError>, Stopped> {
        self.ask(|answer| Ask::Audit(kind, answer))
    }

    /// What audits came to, the oldest first; waits for the audit that is running.
    ///
    /// # Errors
    /// Where the thread is gone.
    pub fn results(&self) -> Result<Vec<AuditResult>, Stopped> {
        self.ask(Ask::Results)
    }

    /// What the watch did. Never waits for an audit.
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        let metrics = self.metrics.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Metrics { gone: !self.is_watching(), ..metrics }
    }

    /// Whether the thread goes its rounds, or waits for its directory: not after a fault that it could not even tell of.
    #[must_use]
    pub fn is_watching(&self) -> bool {
        self.thread.as_ref().is_some_and(|thread| !thread.is_finished())
    }

    fn ask<T>(&self, ask: impl FnOnce(SyncSender<T>) -> Ask) -> Result<T, Stopped> {
        let (answer, answered) = sync_channel(1);
        self.asks.as_ref().ok_or(Stopped)?.send(ask(answer)).map_err(|_| Stopped)?;
        answered.recv().map_err(|_| Stopped)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.asks = None;
        if let Some(thread) = self.thread.take() {
            // Its audits catch their panics; whatever else panicked has said so.
            let _ = thread.join();
        }
    }
}

/// Waits until the directory can be held; `None` where the watch is stopped before.
fn wait_for(checked: &Checked) -> Option<Held> {
    let mut said = String::new();
    while !checked.stop.load(Ordering::Relaxed) {
        let why = match checked.hold() {
            Ok(held) => return Some(held),
            Err(why) => why.to_string(),
        };
        if why != said {
            log::warn!("{why}: nothing is audited here until it can be held");
            said = why;
        }
        std::thread::sleep(HOLD_AGAIN);
    }
    None
}

/// A round that panics is told of, and another follows.
fn keep_watch(mut watch: Watch, asked: &Receiver<Ask>) {
    watch.announce();
    loop {
        let pause = caught(|| watch.round()).unwrap_or_else(|why| {
            watch.panicked(&why);
            LOOK
        });
        match asked.recv_timeout(pause) {
            // Who asked may have gone.
            Ok(Ask::Audit(kind, answer)) => drop(answer.send(audit_now(&mut watch, kind))),
            Ok(Ask::Results(answer)) => drop(answer.send(watch.results().to_vec())),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

fn audit_now(watch: &mut Watch, kind: Kind) -> Result<Audit, AuditError> {
    caught(|| watch.audit_now(kind)).unwrap_or_else(|why| {
        watch.panicked(&why);
        Err(AuditError::Panicked(why))
    })
}
