//! What a watch is made of, and how it is put together.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use countersign_core::checkpoint::VerifyingKey;
use countersign_core::taxes::Taxes;
use countersign_core::timestamp::Timestamp;
use countersign_store::{Identity, Store};

use super::alarm::Alarm;
use super::alert::{Alert, Cause, Channel};
use super::clock::{Clock, SystemClock};
use super::config::{Config, ConfigError};
use super::files;
use super::halt::Halts;
use super::mail::Mail;
use super::metrics::{Commits, Metrics};
use super::results::Results;
use super::schedule::Schedule;
use super::tls::own_roots;
use super::webhook::Webhook;

/// What counts an engine's commits.
pub type Counter = Box<dyn Fn() -> Commits + Send>;

/// What a watch is made of.
pub struct Setup {
    /// The ledger; halts go to it.
    pub store: Arc<dyn Store>,
    /// What is audited in its stead: a replica, opened for reading.
    pub replica: Option<Arc<dyn Store>>,
    /// Where that is, without any secret: said where an audit of it fails.
    pub replica_at: Option<String>,
    /// Who halts; `None`, or where that fails: the watch itself, in the store.
    pub halts: Option<Box<dyn Halts>>,
    /// What counts commits; `None`: the conflict rate is not judged.
    pub commits: Option<Counter>,
    /// Keys that sign the ledger's checkpoints; a full audit holds the latest that is kept against them.
    pub keys: Vec<VerifyingKey>,
    /// The ledger's own table, what taxes are held to; FORMAT.md's where there is none.
    pub taxes: Option<Taxes>,
    /// The auditor's own store: a directory that whoever writes the database should not write.
    pub folder: PathBuf,
    /// What an operator decides.
    pub config: Config,
    /// Looks an environment variable up.
    pub environment: fn(&str) -> Option<String>,
    /// What tells the time.
    pub clock: Arc<dyn Clock>,
}

/// Why a watch cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    /// Its configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Its directory.
    #[error("the watch's directory {}: {error}", folder.display())]
    Folder {
        /// Which.
        folder: PathBuf,
        /// What is wrong with it.
        error: std::io::Error,
    },
    /// Another watch is on it.
    #[error("another watch keeps its state in {}", .0.display())]
    InUse(PathBuf),
    /// The replica holds another ledger.
    #[error("the replica holds the ledger {}, not {}", named(found, expected), named(expected, found))]
    OtherReplica {
        /// Of the primary.
        expected: Identity,
        /// Of the replica.
        found: Identity,
    },
}

/// A ledger by its name, and where that is the other's too, by its id.
fn named(ledger: &Identity, other: &Identity) -> String {
    if ledger.ledger != other.ledger {
        return ledger.ledger.clone();
    }
    format!("{} with the id {}", ledger.ledger, ledger.ledger_id)
}

impl Setup {
    /// A watch over a store, with the machine's clock and environment.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, folder: PathBuf, config: Config) -> Self {
        let (replica, replica_at, halts, commits, taxes) = (None, None, None, None, None);
        let environment = |name: &str| std::env::var(name).ok();
        let clock = Arc::new(SystemClock::default());
        let keys = Vec::new();
        Self { store, replica, replica_at, halts, commits, keys, taxes, folder, config, environment, clock }
    }
}

/// A setup that makes sense, before its directory is held.
pub(super) struct Checked {
    pub(super) setup: Setup,
    pub(super) schedule: Schedule,
    pub(super) channels: Vec<Box<dyn Channel>>,
    /// What the watch will show, and what ends it: shared with whoever waits for it.
    pub(super) metrics: Arc<Mutex<Metrics>>,
    pub(super) stop: Arc<AtomicBool>,
}

/// A directory that no other watch is on, and what is in it.
pub(super) struct Held {
    pub(super) lock: File,
    pub(super) results: Results,
    /// When a watch first started on it.
    pub(super) started: Timestamp,
}

impl Checked {
    /// Makes the directory, where there is none.
    ///
    /// # Errors
    /// Where the configuration makes no sense, or the directory cannot be made.
    pub(super) fn new(setup: Setup) -> Result<Self, WatchError> {
        let config = &setup.config;
        config.check()?;
        let schedule = config.schedule().map_err(ConfigError::from)?;
        same_ledger(&*setup.store, setup.replica.as_deref())?;
        make(&setup.folder).map_err(|error| WatchError::Folder { folder: setup.folder.clone(), error })?;
        let channels = channels(config, setup.environment)?;
        Ok(Self { setup, schedule, channels, metrics: Arc::default(), stop: Arc::default() })
    }

    /// Holds the directory.
    ///
    /// # Errors
    /// [`WatchError::InUse`] where another watch does; where it cannot be read.
    pub(super) fn hold(&self) -> Result<Held, WatchError> {
        let Setup { folder, config, clock, .. } = &self.setup;
        let lock = lock(folder)?;
        let failed = |error| WatchError::Folder { folder: folder.clone(), error };
        let keep = Duration::from_secs(u64::from(config.keep_results_days) * 24 * 3600);
        let results = Results::in_folder(folder, keep).map_err(failed)?;
        let started = first_start(folder, clock.now()).map_err(failed)?;
        Ok(Held { lock, results, started })
    }
}

fn same_ledger(store: &dyn Store, replica: Option<&dyn Store>) -> Result<(), WatchError> {
    let expected = store.identity();
    match replica.map(Store::identity).filter(|found| *found != expected) {
        None => Ok(()),
        Some(found) => Err(WatchError::OtherReplica { expected: expected.clone(), found: found.clone() }),
    }
}

/// Makes the directory, where there is none, for its owner only: a state says who has what.
fn make(folder: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// When a watch first started on this directory: before the first verdict, due audits are counted from there.
fn first_start(folder: &Path, now: Timestamp) -> std::io::Result<Timestamp> {
    let path = folder.join("started");
    let known = match fs::read(&path) {
        Ok(text) => Timestamp::parse(text.trim_ascii()),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => None,
        Err(e) => return Err(e),
    };
    let start = known.unwrap_or(now);
    if known.is_none() {
        files::replace(&path, format!("{now}\n").as_bytes())?;
    }
    Ok(start)
}

/// Two watches on one directory would overwrite each other's state.
fn lock(folder: &Path) -> Result<File, WatchError> {
    let failed = |error| WatchError::Folder { folder: folder.to_owned(), error };
    let file = files::create(&folder.join("lock")).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => Err(WatchError::InUse(folder.to_owned())),
        Err(fs::TryLockError::Error(error)) => Err(failed(error)),
    }
}

fn channels(config: &Config, environment: fn(&str) -> Option<String>) -> Result<Vec<Box<dyn Channel>>, ConfigError> {
    let roots = own_roots(config.tls_root.as_deref())?;
    let mut channels: Vec<Box<dyn Channel>> = Vec::new();
    if let Some(address) = config.webhook.address(&environment)? {
        channels.push(Box::new(Webhook::new(address, &config.webhook, &roots)?));
    }
    if config.mail.is_on() {
        channels
            .extend(Mail::to_each(&config.mail, &roots)?.into_iter().map(|mail| Box::new(mail) as Box<dyn Channel>));
    }
    if channels.is_empty() {
        log::warn!("neither webhook nor mail is configured: what the watch finds is in its log alone");
    }
    Ok(channels)
}

/// Tells, as a watch on this directory would, that nothing was audited: its ledger could not be opened. The first audit
/// that comes to a verdict says that it is over. `ledger`: what it is called; `why`: without any secret.
///
/// # Errors
/// Where the configuration makes no sense, or the directory cannot be used or is another watch's.
pub fn tell_unaudited(
    folder: &Path,
    config: &Config,
    environment: fn(&str) -> Option<String>,
    ledger: &str,
    why: &str,
) -> Result<(), WatchError> {
    config.check()?;
    make(folder).map_err(|error| WatchError::Folder { folder: folder.to_owned(), error })?;
    let channels = channels(config, environment)?;
    let _lock = lock(folder)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let again_after = Duration::from_secs(config.alerts.again_after_seconds);
    let mut alarm = Alarm::new(folder, channels, again_after, clock.clone(), Arc::default());
    alarm.retry();
    let alert = Alert::new(Cause::AuditFailed, ledger, clock.now(), &format!("the ledger could not be audited: {why}"));
    alarm.raise(&alert.line("It could not even be opened. Nothing is audited or halted until it can be."));
    alarm.wait(None);
    Ok(())
}
