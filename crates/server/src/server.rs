//! Listening, accepting, stopping.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use countersign_engine::notary::Signer;
use countersign_engine::watch;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};
use tokio_io_timeout::TimeoutStream;
use tracing::{info, warn};

use crate::app::{App, Ledger};
use crate::config::Config;
use crate::limits::{BACKLOG, MAX_HEAD, MAX_HEADERS};
use crate::service::answer;

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

/// How long to wait where no connection can be accepted, mostly because too many files are open.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

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

/// Where connections come in.
struct Door {
    app: Arc<App>,
    room: Arc<Semaphore>,
    graceful: GracefulShutdown,
}

impl Door {
    fn new(app: Arc<App>) -> Self {
        let room = Arc::new(Semaphore::new(app.config.limits.connections.min(Semaphore::MAX_PERMITS)));
        Self { app, room, graceful: GracefulShutdown::new() }
    }

    async fn accept_until(&self, listener: &TcpListener, mut end: Pin<&mut (impl Future<Output = ()> + Send)>) {
        loop {
            tokio::select! {
                () = &mut end => return,
                () = self.accept(listener) => {}
            }
        }
    }

    /// One connection, once there is room.
    async fn accept(&self, listener: &TcpListener) {
        let Ok(permit) = Arc::clone(&self.room).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, peer)) => self.serve(stream, peer, permit),
            Err(error) => {
                warn!(%error, "no connection can be accepted");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }

    /// What the system accepted already, which closing the socket would cut off; then the socket is closed.
    fn accept_waiting(&self, listener: TcpListener) -> io::Result<()> {
        let listener = listener.into_std()?;
        while let Ok(permit) = Arc::clone(&self.room).try_acquire_owned() {
            let Ok((stream, peer)) = listener.accept() else { break };
            stream.set_nonblocking(true)?;
            self.serve(TcpStream::from_std(stream)?, peer, permit);
        }
        Ok(())
    }

    fn serve(&self, stream: TcpStream, peer: SocketAddr, permit: OwnedSemaphorePermit) {
        let app = Arc::clone(&self.app);
        let limits = &app.config.limits;
        // Answers are small: without this each would wait for the other side's acknowledgement.
        let _ = stream.set_nodelay(true);
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(limits.stall()));
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(limits.head());
        http.max_headers(MAX_HEADERS).max_buf_size(MAX_HEAD).half_close(false);
        let answering = Arc::clone(&app);
        let service = service_fn(move |request| answer(Arc::clone(&answering), peer.ip(), request));
        let connection = self.graceful.watch(http.serve_connection(TokioIo::new(Box::pin(stream)), service));
        tokio::spawn(async move {
            app.metrics.connections.inc();
            // A client that leaves in the middle is no news.
            let _left = connection.await;
            app.metrics.connections.dec();
            drop(permit);
        });
    }

    /// Lets what is under way come to its end.
    async fn close(self) {
        let most = self.app.config.limits.shutdown();
        if timeout(most, self.graceful.shutdown()).await.is_err() {
            warn!("requests were under way for too long, and are cut off");
        }
    }
}
