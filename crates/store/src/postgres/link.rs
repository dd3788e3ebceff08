//! Connections, and the runtime that they live on.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use deadpool_postgres::{
    ClientWrapper, Hook, HookError, Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime,
};
use tokio::runtime;
use tokio_postgres::Config;

use super::address;
use super::fault::no_connection;
use crate::error::StoreError;

/// A connection, with the statements that were prepared on it.
pub(super) type Client = ClientWrapper;

/// Most connections that a link keeps. A snapshot has one of its own beside them, so that no commit waits for it.
const CONNECTIONS: usize = 8;
/// How long to wait for one of them.
const PATIENCE: Duration = Duration::from_secs(30);
/// How much longer than it takes to reach a server it may take until a new connection can be used.
const SETTING_UP: Duration = Duration::from_secs(10);
/// How long any work may take that says nothing else: longer than any lock is waited for.
pub(super) const LONGEST: Duration = Duration::from_secs(60);

/// What every connection is set to, as far as the database knows it: a commit is on the disk before it is
/// answered; a lock that a stopped process holds is given up in time; a statement is planned once, for whatever
/// values. (PostgreSQL takes an unknown array for one of ten, and would rather plan anew for each that is shorter,
/// which takes longer than to run it. Our statements find what they want by the same index whatever they are given.)
const SESSION: &str = "SELECT set_config(wanted.name, wanted.value, false) FROM (VALUES \
    ('synchronous_commit', 'on', '{off,local}'), ('lock_timeout', '10s', '{0}'), \
    ('idle_in_transaction_session_timeout', '60s', '{0}'), ('plan_cache_mode', 'force_generic_plan', '{auto}')) \
    AS wanted(name, value, instead_of) \
    JOIN pg_settings AS present ON present.name = wanted.name AND present.setting = ANY (wanted.instead_of::text[])";
const READ_ONLY: &str = "SET default_transaction_read_only = on";

/// Connections to a database, and the runtime that they live on.
pub(super) struct Link {
    pool: Pool,
    /// Taken when the link is dropped.
    runtime: Option<runtime::Runtime>,
}

impl Link {
    /// For commits, which come one after another, and whoever waits for one does nothing else: he attends to the
    /// connection, so that no answer goes from thread to thread.
    pub(super) fn for_commits(url: &str, read_only: bool) -> Result<Self, StoreError> {
        Self::new(url, read_only, &mut runtime::Builder::new_current_thread())
    }

    /// For all else, which may come from many at once: a thread attends to the connections, so that nobody waits for
    /// what another makes of his rows.
    pub(super) fn for_all_else(url: &str, read_only: bool) -> Result<Self, StoreError> {
        let mut runtime = runtime::Builder::new_multi_thread();
        Self::new(url, read_only, runtime.worker_threads(1).thread_name("countersign-postgres"))
    }

    /// Connects when it is first used.
    fn new(url: &str, read_only: bool, runtime: &mut runtime::Builder) -> Result<Self, StoreError> {
        let (config, tls) = address::read(url)?;
        let opening = opening(&config);
        let manager = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = Manager::from_config(config, tls, manager);
        let set_up = Hook::async_fn(move |client: &mut Client, _| {
            Box::pin(async move {
                let set = async {
                    client.batch_execute(SESSION).await?;
                    if read_only { client.batch_execute(READ_ONLY).await } else { Ok(()) }
                };
                match tokio::time::timeout(SETTING_UP, set).await {
                    Ok(set) => set.map_err(HookError::Backend),
                    Err(_) => Err(HookError::message("the database did not set a new connection up in time")),
                }
            })
        });
        let pool = Pool::builder(manager).max_size(CONNECTIONS).wait_timeout(Some(PATIENCE));
        let pool = pool.create_timeout(Some(opening)).recycle_timeout(Some(SETTING_UP));
        let pool = pool.runtime(Runtime::Tokio1).post_create(set_up).build();
        let pool = pool.map_err(|error| StoreError::Other(error.to_string()))?;
        Ok(Self { pool, runtime: Some(runtime.enable_all().build()?) })
    }

    /// Does what is to be done with a connection, for as long as [`LONGEST`].
    pub(super) fn with<T>(&self, work: impl AsyncFnOnce(&Client) -> Result<T, StoreError>) -> Result<T, StoreError> {
        self.within(LONGEST, work)
    }

    /// The same, for as long as `most`. Whose time is over is not waited for, and nor is his connection, which may
    /// be in the middle of anything: whether he was done is not known.
    pub(super) fn within<T>(
        &self,
        most: Duration,
        work: impl AsyncFnOnce(&Client) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.run(async {
            let connection = self.connection().await?;
            let Ok(done) = tokio::time::timeout(most, work(&connection)).await else {
                drop(Object::take(connection));
                attend().await;
                return Err(unanswered(most));
            };
            done
        })
    }

    /// A connection that is no longer the pool's.
    pub(super) fn own(&self) -> Result<Client, StoreError> {
        self.run(async { Ok(Object::take(self.connection().await?)) })
    }

    /// What is to be done with a connection that the caller owns, for as long as [`LONGEST`].
    pub(super) fn on_own<T>(&self, work: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        self.run(async { tokio::time::timeout(LONGEST, work).await.unwrap_or_else(|_| Err(unanswered(LONGEST))) })
    }

    /// One that has not ended, as far as that can be known.
    async fn connection(&self) -> Result<Object, StoreError> {
        attend().await;
        let connection = self.pool.get().await;
        if connection.is_err() {
            attend().await;
        }
        connection.map_err(no_connection)
    }

    /// # Panics
    /// Where the thread is one of a runtime's that must not block, as tokio says.
    fn run<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.as_ref().expect("there until the link is dropped").block_on(work)
    }
}

/// Lets connections do what they have to where nobody attends to them between one call and the next: first what came for
/// them is looked at, then they are. So those that ended meanwhile find out, and those that were given up are closed.
async fn attend() {
    tokio::task::yield_now().await;
    tokio::task::yield_now().await;
}

/// How long it may take until a new connection can be used: reaching any of the servers is bounded by itself.
fn opening(config: &Config) -> Duration {
    let hosts = u32::try_from(config.get_hosts().len()).unwrap_or(u32::MAX);
    let reaching = config.get_connect_timeout().copied().unwrap_or_default();
    reaching.saturating_mul(hosts).saturating_add(SETTING_UP)
}

fn unanswered(most: Duration) -> StoreError {
    StoreError::Lost { why: format!("the database did not answer within {} s", most.as_secs()) }
}

impl Drop for Link {
    /// Without waiting, which a thread of another runtime must not.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").finish_non_exhaustive()
    }
}
