//! What a long-running command writes to standard error about what it does.

use std::io::{self, IsTerminal};

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
        let log = tracing_subscriber::fmt().with_max_level(level).with_writer(io::stderr);
        let log = log.with_ansi(io::stderr().is_terminal());
        let started = if self.log_json { log.json().try_init() } else { log.try_init() };
        started.map_err(|e| Failure::new("the log", e))
    }
}
