//! The commands, and what they exit with.

mod account;
mod acts;
mod answer;
mod audit;
mod backup;
mod bench;
mod checkpoint;
mod completions;
mod demo;
mod demo_ledger;
mod erase;
mod export;
mod freeze;
mod halt;
mod history;
mod import;
mod init;
mod input;
mod inspect;
mod interrupt;
mod key;
mod ledger;
mod legacy_entry;
mod lines;
mod log;
mod named;
mod new_file;
mod new_ledger;
mod pay;
mod progress;
mod receipt;
mod refund;
mod screen;
mod serve;
mod settings;
mod sheet;
mod shell;
mod signer;
mod stats;
mod token;
mod treasury;
mod trusted;
mod verdict;
mod verify;
mod verify_ledger;
mod watch;

use std::fmt;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use countersign_engine::EngineError;
use countersign_store::{LocationError, StoreError};

/// Keeps a tamper-evident ledger, and verifies exports of it.
#[derive(Debug, Parser)]
#[command(
    name = "countersign",
    version,
    about,
    after_help = "Exit status: 0 verified or done, 1 findings, or the ledger refused, 2 could not, 3 done, but the \
                  answer could not be written."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Verify an export, or the ledger itself: every hash, link, rule and balance
    Verify(verify::Arguments),
    /// Show one entry, what is hashed for it, and how to check that without this program
    Inspect(inspect::Arguments),
    /// Make a ledger without entries
    Init(init::Arguments),
    /// Open accounts, show them, and say who may use theirs
    Account(account::Arguments),
    /// Settle a transaction: a transfer, or one of another type
    Pay(pay::Arguments),
    /// Pay back an earlier transaction, or a part of it
    Refund(refund::Arguments),
    /// Freeze an account: it neither sends nor receives
    Freeze(freeze::Arguments),
    /// Lift a freeze
    Unfreeze(freeze::Arguments),
    /// Show what the Treasury holds, withdraw from it, or collect a tax
    Treasury(treasury::Arguments),
    /// Show entries, the latest first
    History(history::Arguments),
    /// Show what operators did that is no entry: halts, and who lifted them; accounts opened and shut out
    Acts(acts::Arguments),
    /// Show what all entries moved, by currency and type
    Stats(stats::Arguments),
    /// Erase the personal data of an entry for good; its hashes still verify
    Erase(erase::Arguments),
    /// Take no transaction until `resume`
    Halt(halt::Arguments),
    /// Take transactions again
    Resume(halt::Lift),
    /// Write the ledger as a file that anybody can verify
    Export(export::Arguments),
    /// Sign how many entries there are and their root, keep that, and print it
    Checkpoint(checkpoint::Arguments),
    /// Copy the ledger while it is in use, and verify the copy
    Backup(backup::Arguments),
    /// Start a ledger from one of the first system, once that verifies
    Import(import::Arguments),
    /// Make tokens for the server
    Token(token::Arguments),
    /// Serve the ledger over HTTP
    Serve(serve::Arguments),
    /// Audit the ledger on schedule, and halt it on a finding
    Watch(watch::Arguments),
    /// Measure how many transactions a second a database takes
    Bench(bench::Arguments),
    /// Make and show the keys that sign checkpoints
    Key(key::Arguments),
    /// Write a made-up export, and tampered copies of it, to try the other commands on
    Demo(demo::Arguments),
    /// Make a ledger that was in use, with a key, exports and a server's settings
    DemoLedger(demo_ledger::Arguments),
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
    /// The ledger does not allow it. Nothing was changed.
    Refused,
    /// There was no verdict to give, or the command could not do its work.
    CouldNot,
    /// It did its work, and could not say so.
    Unsaid,
}

impl Outcome {
    const fn code(self) -> u8 {
        match self {
            Self::Good => 0,
            Self::Findings | Self::Refused => 1,
            Self::CouldNot => 2,
            Self::Unsaid => 3,
        }
    }
}

/// Why a command did not do its work, for a person.
#[derive(Debug)]
struct Failure {
    outcome: Outcome,
    /// A stable code for programs.
    code: &'static str,
    why: String,
    /// Whoever was to read standard output closed it.
    is_broken_pipe: bool,
}

impl Failure {
    fn new(what: impl fmt::Display, why: impl fmt::Display) -> Self {
        Self::of(format!("{what}: {why}"))
    }

    fn of(why: String) -> Self {
        Self { outcome: Outcome::CouldNot, code: "COULD_NOT", why, is_broken_pipe: false }
    }

    /// The ledger does not allow it.
    fn refused(code: &'static str, why: String) -> Self {
        Self { outcome: Outcome::Refused, code, ..Self::of(why) }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self { is_broken_pipe: error.kind() == io::ErrorKind::BrokenPipe, ..Self::of(error.to_string()) }
    }
}

impl From<LocationError> for Failure {
    fn from(error: LocationError) -> Self {
        Self::of(error.to_string())
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let is_broken_pipe = matches!(&error, StoreError::Io(error) if error.kind() == io::ErrorKind::BrokenPipe);
        Self { code: error.code(), is_broken_pipe, ..Self::of(error.to_string()) }
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        let outcome = match &error {
            EngineError::Refused(_)
            | EngineError::Shield(_)
            | EngineError::Halted(_)
            | EngineError::HaltNotNamed(_)
            | EngineError::IdempotencyConflict { .. }
            | EngineError::InvalidKey
            | EngineError::Store(StoreError::Exists { .. }) => Outcome::Refused,
            _ => Outcome::CouldNot,
        };
        Self { outcome, code: error.code(), ..Self::of(error.to_string()) }
    }
}

/// Runs the command of the process's own arguments.
#[must_use]
pub fn run() -> ExitCode {
    let cli = match parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    match carry_out(cli.command) {
        Ok(outcome) => outcome.code().into(),
        Err(Failure { outcome, code, why, .. }) => {
            let refused = if outcome == Outcome::Refused { format!("refused ({code}): ") } else { String::new() };
            // Where standard error is closed as well there is nobody left to tell.
            let _ = writeln!(io::stderr(), "countersign: {refused}{}", screen::plain_whole(&why));
            outcome.code().into()
        }
    }
}

fn parse() -> Result<Cli, clap::Error> {
    let mut command = Cli::command();
    let matches = command.try_get_matches_from_mut(std::env::args_os())?;
    if let Some(unused) = matches.subcommand_matches("serve").and_then(serve::unused) {
        return Err(command.error(ErrorKind::MissingRequiredArgument, unused));
    }
    Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut command))
}

fn carry_out(command: Command) -> Result<Outcome, Failure> {
    match command {
        Command::Verify(arguments) => verify::run(&arguments),
        Command::Inspect(arguments) => inspect::run(&arguments),
        Command::Init(arguments) => init::run(&arguments),
        Command::Account(arguments) => account::run(&arguments),
        Command::Pay(arguments) => pay::run(&arguments),
        Command::Refund(arguments) => refund::run(&arguments),
        Command::Freeze(arguments) => freeze::run(&arguments, "ACCOUNT_FREEZE"),
        Command::Unfreeze(arguments) => freeze::run(&arguments, "ACCOUNT_UNFREEZE"),
        Command::Treasury(arguments) => treasury::run(&arguments),
        Command::History(arguments) => history::run(&arguments),
        Command::Acts(arguments) => acts::run(&arguments),
        Command::Stats(arguments) => stats::run(&arguments),
        Command::Erase(arguments) => erase::run(&arguments),
        Command::Halt(arguments) => halt::run(&arguments),
        Command::Resume(arguments) => halt::lift(&arguments),
        Command::Export(arguments) => export::run(&arguments),
        Command::Checkpoint(arguments) => checkpoint::run(&arguments),
        Command::Backup(arguments) => backup::run(&arguments),
        Command::Import(arguments) => import::run(&arguments),
        Command::Token(arguments) => token::run(&arguments),
        Command::Serve(arguments) => serve::run(&arguments),
        Command::Watch(arguments) => watch::run(&arguments),
        Command::Bench(arguments) => bench::run(&arguments),
        Command::Key(arguments) => key::run(&arguments),
        Command::Demo(arguments) => demo::run(&arguments),
        Command::DemoLedger(arguments) => demo_ledger::run(&arguments),
        Command::Completions(arguments) => completions::run(&arguments),
    }
}

fn usage(error: &clap::Error) -> ExitCode {
    let _ = error.print();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => ExitCode::SUCCESS,
        _ => Outcome::CouldNot.code().into(),
    }
}
