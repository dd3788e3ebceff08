//! When a long-running command is told to stop.

use std::io;

/// Returns once somebody presses Ctrl-C or the system ends the process in order (SIGTERM).
#[cfg(unix)]
pub(super) async fn wait() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}

/// Returns once somebody presses Ctrl-C.
#[cfg(not(unix))]
pub(super) async fn wait() -> io::Result<()> {
    tokio::signal::ctrl_c().await
}

/// A runtime for a server, or only to wait in.
pub(super) fn runtime() -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()
}
