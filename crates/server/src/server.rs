//! Listening, serving, stopping.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;

use countersign_engine::notary::Signer;
use countersign_engine::watch;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpListener;
use tokio::time::sleep;
use tracing::info;

use crate::app::{App, Ledger};
use crate::config::Config;
use crate::door::Door;
use crate::limits::BACKLOG;

/// Why a server cannot be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServerError {
    /// What is configured makes no sense.
    #[error("the server's configuration: {0}")]
    Config(String),
    /// The address cannot be listened on.
    #[error("{address} cannot be listened on: {source}")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The system failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// A server that listens, and answers once it runs.
pub struct Server {
    app: App,
    listener: std::net::TcpListener,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("listener", &self.listener).finish_non_exhaustive()
    }
}

impl Server {
    /// Listens. From here on connections are taken into the system's queue. `signer`: who signs checkpoints
    /// of exports, where somebody does.
    ///
    /// # Errors
    /// What is configured wrongly, or that the address is not to be had.
    pub fn bind(config: Config, ledger: Ledger, signer: Option<Arc<dyn Signer>>) -> Result<Self, ServerError> {
        let (address, reuse_port) = (config.listen, config.reuse_port);
        let app = App::new(config, ledger, signer).map_err(ServerError::Config)?;
        let listener = listen(address, reuse_port).map_err(|source| ServerError::Listen { address, source })?;
        Ok(Self { app, listener })
    }

    /// Shows what a watch does among its own figures.
    #[must_use]
    pub fn with_watch(mut self, figures: impl Fn() -> watch::Metrics + Send + Sync + 'static) -> Self {
        self.app.watch = Some(Box::new(figures));
        self
    }

    /// Shows among its own figures how many lines of the log could not be written.
    #[must_use]
    pub fn with_log(mut self, lost: fn() -> u64) -> Self {
        self.app.log_lost = Some(lost);
        self
    }

    /// Where it listens.
    ///
    /// # Errors
    /// Those of the system.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until `shutdown`, within a runtime of tokio's with its time and its network. Then it says that it
    /// is not ready, goes on for as long as it is configured to, accepts no more, lets what is under way come
    /// to its end within a bound, and has the engine answer everybody who waits.
    ///
    /// # Errors
    /// Those of the system.
    pub async fn run(self, shutdown: impl Future<Output = ()> + Send) -> Result<(), ServerError> {
        let Self { app, listener } = self;
        let app = Arc::new(app);
        let address = listener.local_addr()?;
        info!(%address, writable = app.config.writable, "listening");
        let listener = TcpListener::from_std(listener)?;
        let door = Door::new(Arc::clone(&app));
        door.accept_until(&listener, pin!(shutdown)).await;
        app.stop();
        info!("stopping");
        door.accept_until(&listener, pin!(sleep(app.config.limits.farewell()))).await;
        door.accept_waiting(listener)?;
        door.close().await;
        let engine = app.ledger.engine().cloned();
        if let Some(engine) = engine {
            tokio::task::spawn_blocking(move || engine.shutdown()).await.map_err(io::Error::other)?;
        }
        info!("stopped");
        Ok(())
    }
}

fn listen(address: SocketAddr, reuse_port: bool) -> io::Result<std::net::TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // On Unix: take the port over from a server that has just stopped, whose connections linger.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    #[cfg(unix)]
    socket.set_reuse_port(reuse_port)?;
    #[cfg(not(unix))]
    let _ = reuse_port;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}
