//! The commands, and what they exit with.

mod completions;
mod demo;
mod input;
mod inspect;
mod key;
mod legacy_entry;
mod lines;
mod progress;
mod screen;
mod sheet;
mod shell;
mod trusted;
mod verdict;
mod verify;

use std::fmt;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Parser, Subcommand};

/// Verifies exports of a tamper-evident ledger.
#[derive(Debug, Parser)]
#[command(
    name = "countersign",
    version,
    about,
    after_help = "Exit status: 0 verified, 1 findings, 2 could not verify."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Verify an export: every hash, link, rule and balance
    Verify(verify::Arguments),
    /// Show one entry, what is hashed for it, and how to check that without this program
    Inspect(inspect::Arguments),
    /// Make and show the keys that sign checkpoints
    Key(key::Arguments),
    /// Write a demo ledger, and tampered copies of it, to try the other commands on
    Demo(demo::Arguments),
    /// Print a completion script for a shell
    Completions(completions::Arguments),
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// Verified, or done.
    Good,
    /// Something is wrong with the export.
    Findings,
    /// There was no verdict to give.
    CouldNot,
}

impl Outcome {
    const fn code(self) -> u8 {
        match self {
            Self::Good => 0,
            Self::Findings => 1,
            Self::CouldNot => 2,
        }
    }
}

/// Why a command could not do its work, for a person.
#[derive(Debug)]
struct Failure(String);

impl Failure {
    fn new(what: impl fmt::Display, why: impl fmt::Display) -> Self {
        Self(format!("{what}: {why}"))
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self(error.to_string())
    }
}

/// Runs the command of the process's own arguments.
#[must_use]
pub fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let outcome = match cli.command {
        Command::Verify(arguments) => verify::run(&arguments),
        Command::Inspect(arguments) => inspect::run(&arguments),
        Command::Key(arguments) => key::run(&arguments),
        Command::Demo(arguments) => demo::run(&arguments),
        Command::Completions(arguments) => completions::run(&arguments),
    };
    match outcome {
        Ok(outcome) => outcome.code().into(),
        Err(Failure(why)) => {
            // Where standard error is closed as well there is nobody left to tell.
            let _ = writeln!(io::stderr(), "countersign: {}", screen::plain_whole(&why));
            Outcome::CouldNot.code().into()
        }
    }
}

fn usage(error: &clap::Error) -> ExitCode {
    let _ = error.print();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => ExitCode::SUCCESS,
        _ => Outcome::CouldNot.code().into(),
    }
}
