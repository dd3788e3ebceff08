//! What a long-running command writes to standard error about what it does.

use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicU64, Ordering};

use clap::{Args, ValueEnum};
use tracing_subscriber::filter::LevelFilter;

use super::Failure;

#[derive(Args, Debug)]
pub(super) struct LogArguments {
    /// How much is logged
    #[arg(long, value_enum, value_name = "LEVEL", env = "COUNTERSIGN_LOG", default_value_t = Level::Info)]
    log: Level,
    /// Log as JSON, one object a line
    #[arg(long)]
    log_json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Level {
    Error,
    Warn,
    Info,
    Debug,
}

impl LogArguments {
    /// From here on there is a log.
    pub(super) fn start(&self) -> Result<(), Failure> {
        let level = match self.log {
            Level::Error => LevelFilter::ERROR,
            Level::Warn => LevelFilter::WARN,
            Level::Info => LevelFilter::INFO,
            Level::Debug => LevelFilter::DEBUG,
        };
        let log = tracing_subscriber::fmt().with_max_level(level).with_writer(|| Lossy(io::stderr()));
        // The library would say on standard error, which cannot be written, that it cannot, and panic.
        let log = log.log_internal_errors(false).with_ansi(io::stderr().is_terminal());
        let started = if self.log_json { log.json().try_init() } else { log.try_init() };
        started.map_err(|e| Failure::new("the log", e))
    }
}

/// Lines that could not be written.
static LOST: AtomicU64 = AtomicU64::new(0);

/// How many lines of the log could not be written: its disk is full, or whoever read it is gone.
pub(super) fn lost() -> u64 {
    LOST.load(Ordering::Relaxed)
}

/// Loses what cannot be written, and counts it: no work is undone or left for want of a line about it.
struct Lossy<W>(W);

impl<W: Write> Write for Lossy<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.0.write_all(line).is_err() {
            LOST.fetch_add(1, Ordering::Relaxed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        // What was not written is counted.
        let _ = self.0.flush();
        Ok(())
    }
}
