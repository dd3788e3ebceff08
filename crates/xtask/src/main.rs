//! `cargo xtask`: sets up, shows and tests the whole project.
//!
//! Inside: what builds, tools, tests and the demo have in common, so that each is one command on a fresh machine
//! and in CI alike. Not inside: anything that Countersign itself is made of. A fresh clone compiles this first,
//! so it depends on little, and runs `countersign` as a child.

mod bench;
mod dashboard;
mod demo;
mod package;
mod project;
mod setup;
mod test;
mod wasm_opt;

use anyhow::Result;
use clap::{Parser, Subcommand};

use project::Project;

#[derive(Parser)]
#[command(bin_name = "cargo xtask", about = "Sets up, shows and tests the whole project")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Install whatever the other tasks need and is not there yet
    Setup,
    /// Fill a ledger, verify its exports and tampered copies here, then serve it all: dashboard and interface
    Demo(demo::Arguments),
    /// Run every test: each step goes on after one that failed
    Test(test::Arguments),
    /// Measure verification against the limit of bare hashing and a peer: minutes, on a quiet machine
    Bench(bench::Arguments),
}

fn main() -> Result<()> {
    let task = Arguments::parse().task;
    let project = Project::open()?;
    match task {
        Task::Setup => setup::everything(&project),
        Task::Demo(arguments) => demo::run(&project, &arguments),
        Task::Test(arguments) => test::run(&project, &arguments),
        Task::Bench(arguments) => bench::run(&project, &arguments),
    }
}
