//! A ledger in a SQLite file, the watch over it, and somebody who writes where nobody may.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use countersign_core::report::Report;
use countersign_core::{Options, verify_chain_integrity};
use countersign_engine::watch::{Config, Secret, Setup, Watch, WatchError, WebhookConfig};
use countersign_store::conformance::desk;
use countersign_store::export::{self, Extent};
use countersign_store::{Halt, Identity, Store, Wanted, sqlite};

use crate::clock::Turned;
use crate::http::Stub;

/// Everything of one test.
pub(crate) struct Place {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<Turned>,
    pub(crate) hook: Stub,
}

/// A Wednesday.
pub(crate) const NOON: &str = "2026-02-11T12:00:00.000Z";

/// A watch, once its directory is free: what another test starts just now has every open file, and so the lock of a
/// watch that is gone, until it is another program.
pub(crate) fn once_free(setup: impl Fn() -> Setup) -> Watch {
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        match Watch::new(setup()) {
            Err(WatchError::InUse(_)) if Instant::now() < until => std::thread::sleep(Duration::from_millis(1)),
            watch => return watch.expect("a watch"),
        }
    }
}

impl Place {
    /// A ledger in which two accounts were given money and one paid the other.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = create(&folder.path().join("ledger.db"), &desk::identity());
        desk::furnish(&*store, &["alice", "bob", "carol"]);
        desk::carry_out(&*store, &[desk::transfer("alice", "bob", "100")]);
        Self { folder, store, clock: Arc::new(Turned::at(NOON)), hook: Stub::answering(&[]) }
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.folder.path().join("ledger.db")
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.folder.path().join("watch")
    }

    pub(crate) fn setup(&self) -> Setup {
        let url = Some(Secret::new(format!("{}/T0KEN", self.hook.address)));
        let webhook = WebhookConfig { url, url_env: "NONE".to_owned(), ..WebhookConfig::default() };
        let config = Config { webhook, ..Config::default() };
        Setup { clock: self.clock.clone(), ..Setup::new(self.store.clone(), self.state(), config) }
    }

    pub(crate) fn watch(&self) -> Watch {
        once_free(|| self.setup())
    }

    /// Writes to the database file as its owner can, past every trigger, and puts these back.
    pub(crate) fn tamper(&self, sql: &str) {
        let database = self.raw();
        let mut kept = database.prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").expect("read");
        let kept = kept.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).expect("read");
        let kept: Vec<(String, String)> = kept.collect::<Result<_, _>>().expect("read");
        for (name, _) in &kept {
            database.execute_batch(&format!("DROP TRIGGER {name}")).expect("dropped");
        }
        database.execute_batch(sql).expect("done");
        for (_, trigger) in &kept {
            database.execute_batch(trigger).expect("put back");
        }
    }

    /// The database file as anybody with SQLite has it.
    pub(crate) fn raw(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.database()).expect("opened")
    }

    pub(crate) fn halt(&self) -> Option<Halt> {
        self.store.load(&Wanted::default()).expect("loaded").head.halt
    }
}

pub(crate) fn create(path: &Path, identity: &Identity) -> Arc<dyn Store> {
    Arc::new(sqlite::create(path, identity, desk::start()).expect("created"))
}

/// What an auditor finds in an export of the ledger.
pub(crate) fn verified(store: &dyn Store) -> Report {
    let mut bytes = Vec::new();
    let mut snapshot = store.snapshot().expect("a snapshot");
    let (identity, extent) = (store.identity(), Extent::default());
    export::write(&mut *snapshot, identity, &extent, &mut |_, _| Vec::new(), &mut bytes).expect("written");
    verify_chain_integrity(std::io::Cursor::new(bytes), &Options::default(), &mut |_| {}).expect("read")
}
