//! Durable transactions a second through the engine, by callers that each wait for their answer; beside a bare
//! loop that writes the same rows in batches of as many as there are callers.

use std::path::PathBuf;

use anyhow::{Context, Result};
use countersign_testbed::{Options, Server};
use serde_json::Value;
use xshell::cmd;

use super::median;
use crate::project::Project;
use crate::setup::{self, Need};

const CALLERS: [usize; 4] = [1, 8, 64, 512];

/// What one load gave.
struct Sample {
    per_second: f64,
    p50_ms: f64,
    p99_ms: f64,
}

struct Bench<'a> {
    project: &'a Project,
    countersign: PathBuf,
    server: Server,
    folder: PathBuf,
    seconds: String,
}

/// An adapter, and the example in which its bare loop is.
const ADAPTERS: [(&str, &str); 2] = [("SQLite", "durable_commits"), ("PostgreSQL", "postgres_commits")];

/// A row of the table: what each round gave.
struct Row {
    adapter: &'static str,
    callers: usize,
    samples: Vec<Sample>,
    bare: Vec<f64>,
}

pub(super) fn run(project: &Project, large: bool, rounds: usize) -> Result<()> {
    let bench = prepare(project, large)?;
    let row = |adapter| move |callers| Row { adapter, callers, samples: Vec::new(), bare: Vec::new() };
    let mut tables = ADAPTERS.map(|(adapter, _)| CALLERS.map(row(adapter)));
    // In turn, so that a busy minute of the machine meets all of them.
    for round in 1..=rounds {
        println!("round {round} of {rounds}");
        for (rows, (_, example)) in tables.iter_mut().zip(ADAPTERS) {
            let bare = bench.bare(example).context(example)?;
            for (row, bare) in rows.iter_mut().zip(bare) {
                let sample = bench.load(row.adapter, row.callers);
                row.samples.push(sample.with_context(|| format!("{}, {} callers", row.adapter, row.callers))?);
                row.bare.push(bare);
            }
        }
    }
    println!("\n{:<24} {:>10} {:>9} {:>9} {:>10} {:>6}", "callers", "settled/s", "p50 ms", "p99 ms", "bare/s", "ratio");
    tables.iter().flatten().for_each(print_row);
    Ok(())
}

fn print_row(row: &Row) {
    let Row { adapter, callers, samples, bare } = row;
    let of = |value: fn(&Sample) -> f64| median(samples.iter().map(value));
    let (rate, bare) = (of(|s| s.per_second), median(bare.iter().copied()));
    let (p50, p99, ratio) = (of(|s| s.p50_ms), of(|s| s.p99_ms), rate / bare);
    println!("{adapter:<16} {callers:>7} {rate:>10.0} {p50:>9.2} {p99:>9.2} {bare:>10.0} {ratio:>6.2}");
}

fn prepare(project: &Project, large: bool) -> Result<Bench<'_>> {
    if let Some((_, error)) = setup::meet_all(project, &[Need::Postgres]).into_iter().next() {
        return Err(error);
    }
    let countersign = project.countersign()?;
    let examples = ["--example", "durable_commits", "--example", "postgres_commits"];
    let features = ["--features", "conformance"];
    cmd!(project.shell, "cargo build --release --package countersign-store {features...} {examples...}").run()?;
    let folder = project.target.join("bench/backend");
    project.shell.create_dir(&folder)?;
    if large {
        println!("Killing a load 50 times at random moments, on either database.");
        let _times = project.shell.push_env("COUNTERSIGN_KILLS", "50");
        cmd!(project.shell, "cargo test --release --package countersign-engine --test engine -- crash").run()?;
    }
    let server = Server::start(&Options { fsync: true, ..Options::default() });
    let seconds = if large { "20" } else { "5" }.to_owned();
    Ok(Bench { project, countersign, server, folder, seconds })
}

impl Bench<'_> {
    fn load(&self, adapter: &str, callers: usize) -> Result<Sample> {
        let (countersign, seconds, callers) = (&self.countersign, &self.seconds, callers.to_string());
        let place = self.place(adapter)?;
        let bench = ["bench", "--json", "--accounts", "10000", "--callers", &callers, "--seconds", seconds, "--db"];
        let output = cmd!(self.project.shell, "{countersign} {bench...} {place}").quiet().read()?;
        let figures: Value = serde_json::from_str(&output)?;
        let number = |key: &str| figures[key].as_f64().with_context(|| format!("no {key}"));
        Ok(Sample { per_second: number("per_second")?, p50_ms: number("p50_ms")?, p99_ms: number("p99_ms")? })
    }

    /// A database that is not there yet, or is empty.
    fn place(&self, adapter: &str) -> Result<String> {
        if adapter == "PostgreSQL" {
            return Ok(self.server.socket_url("postgres", &self.server.new_database()));
        }
        // Beside the others' files: the same disk.
        let folder = self.folder.join("sqlite");
        self.project.shell.remove_path(&folder)?;
        self.project.shell.create_dir(&folder)?;
        Ok(folder.join("bench.db").display().to_string())
    }

    /// By batch size: rows of a table whose column before the last is the bare loop's.
    fn bare(&self, example: &str) -> Result<Vec<f64>> {
        let program = self.project.target.join("release/examples").join(example);
        let place = self.folder.display().to_string();
        let argument = if example == "durable_commits" { &place } else { &self.seconds };
        let output = cmd!(self.project.shell, "{program} {argument}").quiet().read()?;
        let rows = output.lines().skip(1).map(|row| row.split_whitespace().rev().nth(1)?.parse().ok());
        rows.collect::<Option<Vec<f64>>>().filter(|rates| rates.len() == CALLERS.len()).context(output)
    }
}
