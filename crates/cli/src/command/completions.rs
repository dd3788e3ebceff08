//! `countersign completions`: what a shell needs to complete the other commands.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::{Cli, Failure, Outcome, screen};

#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// Which shell
    #[arg(value_name = "SHELL", value_enum)]
    shell: Shell,
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "countersign", &mut script);
    screen::print(&String::from_utf8_lossy(&script))?;
    Ok(Outcome::Good)
}
