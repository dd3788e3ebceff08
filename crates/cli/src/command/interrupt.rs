//! When a command is told to stop: one that runs until then, or one that has begun a file.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, Once, PoisonError};

/// Returns once somebody presses Ctrl-C, closes the terminal, or the system ends the process in order (SIGTERM).
#[cfg(unix)]
pub(super) async fn wait() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let (mut terminate, mut hang_up) = (signal(SignalKind::terminate())?, signal(SignalKind::hangup())?);
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        _ = hang_up.recv() => {}
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

/// What is begun and not done yet: it goes where the process is told to stop.
static UNFINISHED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());
/// As a shell says that Ctrl-C ended a process.
const INTERRUPTED: i32 = 130;

/// While this is there, a signal that ends the process removes what stands at the path first.
#[derive(Debug)]
pub(super) struct Unfinished(PathBuf);

impl Drop for Unfinished {
    fn drop(&mut self) {
        UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner).retain(|path| *path != self.0);
    }
}

/// Has a file, what SQLite puts beside it, or a folder, removed where the process is told to stop before it is done.
pub(super) fn remove_on_interrupt(path: &Path) -> Unfinished {
    static LISTENS: Once = Once::new();
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner).push(path.to_owned());
    LISTENS.call_once(|| drop(std::thread::Builder::new().name("countersign-stop".to_owned()).spawn(listen)));
    Unfinished(path.to_owned())
}

/// Where it cannot be listened for signals, they end the process as they always do.
fn listen() {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
    if runtime.block_on(wait()).is_ok() {
        UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner).iter().for_each(|path| remove(path));
        std::process::exit(INTERRUPTED);
    }
}

/// Removes a folder, or a file with what SQLite puts beside it.
pub(super) fn remove(path: &Path) {
    // What is not there need not be removed.
    let _ = std::fs::remove_dir_all(path);
    for suffix in ["", "-journal", "-wal", "-shm"] {
        let mut path = path.to_owned().into_os_string();
        path.push(suffix);
        let _ = std::fs::remove_file(path);
    }
}
