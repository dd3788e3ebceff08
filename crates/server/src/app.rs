//! What every request shares: the ledger, the configuration, who may do what.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use countersign_engine::Engine;
use countersign_engine::notary::{Signer, Voucher};
use countersign_engine::watch;
use countersign_store::Store;
use ipnet::IpNet;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;
use tracing::Span;

use crate::config::Config;
use crate::export::recent::{Lengths, Notes};
use crate::limits::MAX_READS;
use crate::metrics::Metrics;
use crate::problem::Problem;
use crate::readiness::{Attempts, Readiness};
use crate::site::Sites;
use crate::token::Keyring;

/// What is served.
#[derive(Clone)]
pub enum Ledger {
    /// A store that is only read.
    ReadOnly(Arc<dyn Store>),
    /// An engine, which writes to its store.
    Engine(Engine),
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ReadOnly(_) => "ReadOnly",
            Self::Engine(_) => "Engine",
        })
    }
}

impl Ledger {
    pub(crate) fn store(&self) -> &dyn Store {
        match self {
            Self::ReadOnly(store) => store.as_ref(),
            Self::Engine(engine) => engine.store(),
        }
    }

    pub(crate) const fn engine(&self) -> Option<&Engine> {
        match self {
            Self::ReadOnly(_) => None,
            Self::Engine(engine) => Some(engine),
        }
    }

    /// Whose word is taken for where a request came from: the shield's business, which needs it.
    pub(crate) fn trusted_proxies(&self) -> &[IpNet] {
        self.engine().map_or(&[], |engine| &engine.config().shield.trusted_proxies)
    }
}

/// What the watch did so far.
pub(crate) type WatchFigures = Box<dyn Fn() -> watch::Metrics + Send + Sync>;

/// What every request shares.
pub(crate) struct App {
    pub(crate) config: Config,
    pub(crate) keyring: Keyring,
    pub(crate) ledger: Ledger,
    pub(crate) voucher: Option<Arc<Voucher>>,
    pub(crate) sites: Sites,
    pub(crate) metrics: Metrics,
    pub(crate) watch: Option<WatchFigures>,
    /// How many lines of the log could not be written, where that is counted.
    pub(crate) log_lost: Option<fn() -> u64>,
    pub(crate) exports: Arc<Semaphore>,
    pub(crate) lengths: Lengths,
    pub(crate) notes: Notes,
    pub(crate) readiness: Readiness,
    pub(crate) attempts: Attempts,
    reads: Arc<Semaphore>,
    stopping: AtomicBool,
}

impl App {
    pub(crate) fn new(config: Config, ledger: Ledger, signer: Option<Arc<dyn Signer>>) -> Result<Self, String> {
        config.check()?;
        if config.writable && ledger.engine().is_none() {
            return Err("writable: what only reads a ledger cannot write it".to_owned());
        }
        // The engine's has verified what is there already.
        let voucher = ledger.engine().and_then(Engine::voucher).cloned();
        let voucher = voucher.or_else(|| signer.map(|signer| Arc::new(Voucher::new(signer))));
        Ok(Self {
            keyring: Keyring::new(config.tokens.clone())?,
            ledger,
            voucher,
            sites: Sites::new(&config)?,
            metrics: Metrics::new(),
            watch: None,
            log_lost: None,
            exports: Arc::new(Semaphore::new(config.limits.exports)),
            lengths: Lengths::default(),
            notes: Notes::default(),
            readiness: Readiness::default(),
            attempts: Attempts::default(),
            reads: Arc::new(Semaphore::new(MAX_READS)),
            stopping: AtomicBool::new(false),
            config,
        })
    }

    /// Reads the ledger on a thread that may wait. Once begun it counts until it ends, though whoever asked has left.
    pub(crate) async fn read<T, F>(self: &Arc<Self>, work: F) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: FnOnce(&dyn Store) -> Result<T, Problem> + Send + 'static,
    {
        let permit = self.reading().await?;
        let (app, span) = (Arc::clone(self), Span::current());
        let done = spawn_blocking(move || {
            let _permit = permit;
            span.in_scope(|| work(app.ledger.store()))
        });
        done.await.map_err(Problem::internal)?
    }

    /// One of the reads that may be under way at once; waits for it.
    pub(crate) async fn reading(&self) -> Result<OwnedSemaphorePermit, Problem> {
        Arc::clone(&self.reads).acquire_owned().await.map_err(Problem::internal)
    }

    /// The engine, for what is written.
    pub(crate) fn engine(&self) -> Result<&Engine, Problem> {
        self.ledger.engine().ok_or_else(|| Problem::new("READ_ONLY", "this server only reads"))
    }

    /// From here on it says that it is not ready.
    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::Release);
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::mpsc::{Sender, channel};
    use std::time::Duration;

    use countersign_core::timestamp::Timestamp;
    use countersign_store::{Identity, sqlite};
    use tokio::runtime::Builder;
    use tokio::time::timeout;

    use super::*;

    fn app(folder: &tempfile::TempDir) -> Arc<App> {
        let identity = Identity { ledger: "a".to_owned(), ledger_id: "0".repeat(32) };
        let store = sqlite::create(&folder.path().join("a.db"), &identity, Timestamp::from_millis(0)).unwrap();
        Arc::new(App::new(Config::default(), Ledger::ReadOnly(Arc::new(store)), None).unwrap())
    }

    /// A read that is waited for until it has begun, then no more; it ends when what is returned is dropped.
    async fn leave_a_read(app: &Arc<App>) -> Sender<()> {
        let ((began, has_begun), (end, ended)) = (tokio::sync::oneshot::channel(), channel::<()>());
        let ended = Mutex::new(ended);
        let read = app.read(move |_| {
            let _ = began.send(());
            let _ = ended.lock().unwrap().recv();
            Ok(())
        });
        tokio::select! {
            _ = read => panic!("it does not end by itself"),
            begun = has_begun => begun.unwrap(),
        }
        end
    }

    #[test]
    fn a_read_counts_until_it_ends_though_nobody_waits_for_it() {
        let folder = tempfile::tempdir().unwrap();
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.block_on(async {
            let app = app(&folder);
            let mut left = Vec::new();
            for _ in 0..MAX_READS {
                left.push(leave_a_read(&app).await);
            }
            let mut another = std::pin::pin!(app.read(|_| Ok(())));
            assert!(timeout(Duration::from_millis(200), &mut another).await.is_err(), "one too many at once");
            left.pop();
            another.await.unwrap();
        });
    }
}
