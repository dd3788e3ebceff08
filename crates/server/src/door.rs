//! Where connections come in.

use std::error::Error as _;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tokio_io_timeout::TimeoutStream;
use tracing::{info, warn};

use crate::app::App;
use crate::limits::{BACKLOG, MAX_HEAD, MAX_HEADERS, UNSENT};
use crate::problem::Problem;
use crate::room::{Place, Room};
use crate::service::answer;

/// How long to wait where no connection can be accepted, mostly because too many files are open.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Most connections at once that are told that there is no room; further ones are closed without a word.
const MAX_TURNED_AWAY: usize = 64;
/// How long it may take to tell one.
const TURNING_AWAY: Duration = Duration::from_secs(1);
/// How long who is turned away should wait, in seconds.
const TURNED_AWAY_PAUSE: u64 = 1;

/// Where connections come in.
pub(crate) struct Door {
    app: Arc<App>,
    room: Arc<Room>,
    turned_away: Arc<Semaphore>,
    graceful: GracefulShutdown,
}

impl Door {
    pub(crate) fn new(app: Arc<App>) -> Self {
        let limits = &app.config.limits;
        let room = Arc::new(Room::new(limits.connections, limits.connections_by_address));
        let turned_away = Arc::new(Semaphore::new(MAX_TURNED_AWAY));
        Self { app, room, turned_away, graceful: GracefulShutdown::new() }
    }

    pub(crate) async fn accept_until(
        &self,
        listener: &TcpListener,
        mut end: Pin<&mut (impl Future<Output = ()> + Send)>,
    ) {
        loop {
            tokio::select! {
                () = &mut end => return,
                () = self.accept(listener) => {}
            }
        }
    }

    /// One connection. It is answered or turned away, so that nobody waits for somebody else to go.
    async fn accept(&self, listener: &TcpListener) {
        match listener.accept().await {
            Ok((stream, peer)) => self.admit(stream, peer),
            Err(error) => {
                warn!(%error, "no connection can be accepted");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }

    /// What the system accepted already, which closing the socket would cut off; then the socket is closed.
    pub(crate) fn accept_waiting(&self, listener: TcpListener) -> io::Result<()> {
        let listener = listener.into_std()?;
        for _ in 0..BACKLOG {
            let Ok((stream, peer)) = listener.accept() else { break };
            stream.set_nonblocking(true)?;
            self.admit(TcpStream::from_std(stream)?, peer);
        }
        Ok(())
    }

    fn admit(&self, stream: TcpStream, peer: SocketAddr) {
        // Behind a trusted proxy there are many.
        let address = peer.ip().to_canonical();
        let is_trusted = self.app.ledger.trusted_proxies().iter().any(|network| network.contains(&address));
        match self.room.enter(Some(address).filter(|_| !is_trusted)) {
            Some(place) => self.serve(stream, peer, place),
            None => self.turn_away(stream),
        }
    }

    fn turn_away(&self, stream: TcpStream) {
        self.app.metrics.turned_away.inc();
        if let Ok(permit) = Arc::clone(&self.turned_away).try_acquire_owned() {
            tokio::spawn(async move {
                let _permit = permit;
                // Whoever does not listen is not told.
                let _ = timeout(TURNING_AWAY, refuse(stream)).await;
            });
        }
    }

    fn serve(&self, stream: TcpStream, peer: SocketAddr, place: Place) {
        let app = Arc::clone(&self.app);
        let limits = &app.config.limits;
        // Answers are small: without this each would wait for the other side's acknowledgement.
        let _ = stream.set_nodelay(true);
        let _ = send_little_ahead(&stream);
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(limits.silence()));
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(limits.head());
        // Who asked and will ask nothing more still listens.
        http.max_headers(MAX_HEADERS).max_buf_size(MAX_HEAD).half_close(true);
        let answering = Arc::clone(&app);
        let service = service_fn(move |request| answer(Arc::clone(&answering), peer.ip(), request));
        let connection = self.graceful.watch(http.serve_connection(TokioIo::new(Box::pin(stream)), service));
        tokio::spawn(async move {
            app.metrics.connections.inc();
            // A client that leaves in the middle is no news; one that is made to is.
            if connection.await.is_err_and(|error| took_nothing(&error)) {
                let silence = app.config.limits.silence();
                info!(?silence, "cut off: a client took nothing of its answer");
            }
            app.metrics.connections.dec();
            drop(place);
        });
    }

    /// Lets what is under way come to its end.
    pub(crate) async fn close(self) {
        let most = self.app.config.limits.shutdown();
        if timeout(most, self.graceful.shutdown()).await.is_err() {
            warn!("requests were under way for too long, and are cut off");
        }
    }
}

/// Says that there is no room, without waiting for what is asked.
async fn refuse(mut stream: TcpStream) -> io::Result<()> {
    let detail = "this server has as many connections as it may, in all or from one address";
    let document = Problem::new("TOO_MANY_CONNECTIONS", detail).document();
    let head = format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/problem+json\r\ncontent-length: {}\r\n\
         retry-after: {TURNED_AWAY_PAUSE}\r\nconnection: close\r\n\r\n",
        document.len()
    );
    stream.write_all(&[head.as_bytes(), &document].concat()).await?;
    stream.shutdown().await?;
    // A socket that is closed with something unread in it takes back what was said.
    let mut unread = [0; 1 << 10];
    while stream.read(&mut unread).await? > 0 {}
    Ok(())
}

/// A socket that waits says that it can be written to only once a part of what waits is gone: bounded, that follows
/// the reader. Else some megabytes may wait, and who takes them slowly looks for a long time as if he took nothing.
fn send_little_ahead(stream: &TcpStream) -> io::Result<()> {
    let socket = socket2::SockRef::from(stream);
    #[cfg(any(target_os = "linux", target_os = "android"))]
    return socket.set_tcp_notsent_lowat(UNSENT);
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    return socket.set_send_buffer_size(UNSENT as usize);
}

/// Whether a connection was ended because the other side took nothing for too long.
fn took_nothing(error: &hyper::Error) -> bool {
    let cause = error.source().and_then(|cause| cause.downcast_ref::<io::Error>());
    cause.is_some_and(|cause| cause.kind() == io::ErrorKind::TimedOut)
}

#[cfg(test)]
mod tests {
    use http_body_util::Full;
    use hyper::Response;
    use hyper::body::Bytes;
    use socket2::{Domain, SockAddr, Socket, Type};

    use super::*;

    /// A connection whose reader holds little back itself.
    async fn connection() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let reader = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        reader.set_recv_buffer_size(64 << 10).unwrap();
        reader.connect(&SockAddr::from(listener.local_addr().unwrap())).unwrap();
        reader.set_nonblocking(true).unwrap();
        let (writer, _) = listener.accept().await.unwrap();
        (writer, TcpStream::from_std(reader.into()).unwrap())
    }

    /// Writes until nothing more goes in; how much did.
    async fn fill(writer: &TcpStream) -> usize {
        let (patience, mut written) = (Duration::from_millis(500), 0);
        while timeout(patience, writer.writable()).await.is_ok() {
            while let Ok(more) = writer.try_write(&[0; 64 << 10]) {
                written += more;
            }
        }
        written
    }

    #[tokio::test]
    async fn a_socket_can_be_written_to_again_as_soon_as_a_little_of_it_is_taken() {
        let (writer, mut reader) = connection().await;
        send_little_ahead(&writer).unwrap();
        let filled = fill(&writer).await;
        let mut taken = vec![0; filled.min(256 << 10)];
        reader.read_exact(&mut taken).await.unwrap();
        let patience = Duration::from_secs(30);
        assert!(
            timeout(patience, writer.writable()).await.is_ok(),
            "{} of {filled} bytes were taken, and nobody knows",
            taken.len()
        );
    }

    /// What comes of a connection over which more is answered than anybody takes.
    async fn answered(writer: TcpStream) -> hyper::Result<()> {
        let mut stream = TimeoutStream::new(writer);
        stream.set_write_timeout(Some(Duration::from_millis(100)));
        let large = Full::new(Bytes::from(vec![0; 64 << 20]));
        let service = service_fn(move |_| std::future::ready(Ok::<_, io::Error>(Response::new(large.clone()))));
        http1::Builder::new().serve_connection(TokioIo::new(Box::pin(stream)), service).await
    }

    #[tokio::test]
    async fn who_takes_nothing_is_told_from_who_leaves() {
        let request = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n";
        let (writer, mut reader) = connection().await;
        reader.write_all(request).await.unwrap();
        assert!(took_nothing(&answered(writer).await.unwrap_err()));
        let (writer, mut gone) = connection().await;
        gone.write_all(request).await.unwrap();
        drop(gone);
        assert!(!answered(writer).await.is_err_and(|error| took_nothing(&error)));
    }
}
