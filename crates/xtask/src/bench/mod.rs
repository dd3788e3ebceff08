//! `cargo xtask bench`: one run, one table, medians; every figure beside what it is to be held against.

mod audit;
mod backend;

use anyhow::Result;
use clap::{Args, ValueEnum};

use crate::project::Project;

#[derive(Args)]
pub(crate) struct Arguments {
    /// Ten times as much: audits of 1,000,000 entries, longer loads, and every crash test 50 times
    #[arg(long)]
    large: bool,
    /// How often everything is measured, in turn
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u8).range(1..))]
    rounds: u8,
    /// Leave the other half out
    #[arg(long, value_name = "HALF")]
    only: Option<Half>,
}

/// What can be measured by itself.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Half {
    /// Reading: audits of exports
    Audit,
    /// Writing: durable transactions
    Backend,
}

pub(crate) fn run(project: &Project, arguments: &Arguments) -> Result<()> {
    if arguments.only != Some(Half::Backend) {
        audit::run(project, arguments.large, arguments.rounds.into())?;
    }
    if arguments.only != Some(Half::Audit) {
        backend::run(project, arguments.large, arguments.rounds.into())?;
    }
    Ok(())
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}
