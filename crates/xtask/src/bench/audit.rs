//! Audits: natively, in Node, in the page; beside bare SHA-256 and a verifier written for Node.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use xshell::cmd;

use super::median;
use crate::project::Project;
use crate::setup::{self, Need};
use crate::{dashboard, package};

/// What one run gave.
#[derive(Clone, Copy)]
struct Sample {
    entries: f64,
    seconds: f64,
    /// Peak memory in MiB, of what was watched.
    peak: Option<f64>,
}

/// Something that is measured.
struct Subject {
    name: String,
    /// Bytes that it reads.
    bytes: u64,
    measure: Box<dyn Fn() -> Result<Vec<Sample>>>,
    /// What follows in the table where one run gives several samples.
    others: Vec<String>,
}

struct Bench {
    countersign: PathBuf,
    bare: PathBuf,
    package: PathBuf,
    dist: PathBuf,
    chromium: PathBuf,
    peers: PathBuf,
    format2: PathBuf,
    format1: PathBuf,
}

pub(super) fn run(project: &Project, large: bool, rounds: usize) -> Result<()> {
    let bench = prepare(project, if large { 1_000_000 } else { 100_000 })?;
    let subjects = bench.subjects()?;
    let mut samples: Vec<Vec<Vec<Sample>>> = subjects.iter().map(|_| Vec::new()).collect();
    // In turn, so that a busy minute of the machine meets all of them.
    for round in 1..=rounds {
        println!("round {round} of {rounds}");
        for (subject, samples) in subjects.iter().zip(&mut samples) {
            samples.push((subject.measure)().with_context(|| subject.name.clone())?);
        }
    }
    println!("\n{:<54} {:>12} {:>8} {:>9}", "", "entries/s", "MB/s", "peak MiB");
    for (subject, samples) in subjects.iter().zip(&samples) {
        for (i, name) in std::iter::once(&subject.name).chain(&subject.others).enumerate() {
            let own: Vec<Sample> = samples.iter().map(|round| round[i]).collect();
            print_row(name, subject.bytes, &own);
        }
    }
    Ok(())
}

fn print_row(name: &str, bytes: u64, samples: &[Sample]) {
    let seconds = median(samples.iter().map(|sample| sample.seconds));
    let entries = samples.first().map_or(0.0, |sample| sample.entries);
    #[expect(clippy::cast_precision_loss, reason = "a file's size fits a double")]
    let megabytes = bytes as f64 / 1e6;
    let peak = median(samples.iter().filter_map(|sample| sample.peak));
    let peak = if peak > 0.0 { format!("{peak:.0}") } else { String::new() };
    println!("{name:<54} {:>12.0} {:>8.0} {peak:>9}", entries / seconds, megabytes / seconds);
}

fn prepare(project: &Project, entries: u64) -> Result<Bench> {
    let needs = [&package::NEEDS[..], &dashboard::NEEDS, &[Need::E2e, Need::Browser]].concat();
    if let Some((_, error)) = setup::meet_all(project, &needs).into_iter().next() {
        return Err(error);
    }
    let countersign = project.countersign()?;
    cmd!(project.shell, "cargo build --release --package countersign-core --example bare_sha256").run()?;
    let ledgers = project.target.join("bench").join(entries.to_string());
    let entries = entries.to_string();
    println!("Making ledgers of {entries} entries.");
    let demo = ["demo", "--entries", &entries, "--accounts", "10000", "--legacy", "--out"];
    cmd!(project.shell, "{countersign} {demo...} {ledgers}").quiet().ignore_stdout().run()?;
    Ok(Bench {
        countersign,
        bare: project.target.join("release/examples/bare_sha256"),
        package: package::build(project)?,
        dist: dashboard::build(project, true)?,
        chromium: setup::browser(project)?.chromium,
        peers: project.path("tests/e2e/peers"),
        format2: ledgers.join("demo.jsonl"),
        format1: ledgers.join("legacy.jsonl"),
    })
}

impl Bench {
    fn subjects(&self) -> Result<Vec<Subject>> {
        let cores = thread::available_parallelism()?.get();
        let mut subjects = Vec::new();
        for threads in [1, cores] {
            subjects.push(self.bare(threads)?);
            for options in [&["--no-input-hash"][..], &[]] {
                subjects.push(self.native("format 2", &self.format2, threads, options)?);
            }
        }
        subjects.push(self.peer(
            "format 1, the Node peer",
            &self.format1,
            &["format1.mjs".as_ref(), self.format1.as_os_str()],
        )?);
        for threads in [1, cores] {
            subjects.push(self.native("format 1", &self.format1, threads, &[])?);
        }
        let package = ["package.mjs".as_ref(), self.package.as_os_str(), self.format2.as_os_str()];
        subjects.push(self.peer("format 2, the npm package in Node, no input hash", &self.format2, &package)?);
        let page = ["page.mjs".as_ref(), self.format2.as_os_str()];
        subjects.push(self.peer("format 2, the page in Chromium, no input hash", &self.format2, &page)?);
        Ok(subjects)
    }

    fn native(&self, what: &str, file: &Path, threads: usize, options: &[&str]) -> Result<Subject> {
        let hash = if options.is_empty() { "with input hash" } else { "no input hash" };
        let mut command = vec!["verify".to_owned(), "--json".to_owned(), "--threads".to_owned(), threads.to_string()];
        command.extend(options.iter().map(|option| (*option).to_owned()));
        let (program, file) = (self.countersign.clone(), file.to_owned());
        let bytes = file.metadata()?.len();
        let measure = move || {
            let (output, seconds, peak) = watched(Command::new(&program).args(&command).arg(&file))?;
            let report: serde_json::Value = serde_json::from_str(&output)?;
            let entries = report["total_transactions"].as_f64().context("a report without entries")?;
            if report["valid"] != true {
                bail!("a genuine ledger does not verify: {}", report["message"]);
            }
            Ok(vec![Sample { entries, seconds, peak }])
        };
        Ok(Subject {
            name: format!("{what}, {}, {hash}", on(threads)),
            bytes,
            measure: Box::new(measure),
            others: vec![],
        })
    }

    fn bare(&self, threads: usize) -> Result<Subject> {
        let (program, file) = (self.bare.clone(), self.format2.clone());
        let bytes = file.metadata()?.len();
        let measure = move || {
            let (output, ..) = watched(Command::new(&program).arg(&file).arg(threads.to_string()))?;
            let [entries, by_sha2, by_lanes] = numbers(&output)?;
            Ok([by_sha2, by_lanes].map(|seconds| Sample { entries, seconds, peak: None }).to_vec())
        };
        let name = |how: &str| format!("limit: bare SHA-256, {}, {how}", on(threads));
        Ok(Subject { name: name("sha2"), bytes, measure: Box::new(measure), others: vec![name("lanes")] })
    }

    /// A script of Node's that prints entries and seconds.
    fn peer(&self, name: &str, file: &Path, arguments: &[&std::ffi::OsStr]) -> Result<Subject> {
        let arguments: Vec<_> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        let (peers, dist, chromium) = (self.peers.clone(), self.dist.clone(), self.chromium.clone());
        let bytes = file.metadata()?.len();
        let measure = move || {
            let mut node = Command::new("node");
            node.current_dir(&peers).args(&arguments).env("COUNTERSIGN_DIST", &dist).env("CHROMIUM", &chromium);
            let (output, _, peak) = watched(&mut node)?;
            let [entries, seconds] = numbers(&output)?;
            Ok(vec![Sample { entries, seconds, peak }])
        };
        Ok(Subject { name: name.to_owned(), bytes, measure: Box::new(measure), others: vec![] })
    }
}

fn on(threads: usize) -> String {
    if threads == 1 { "1 thread".to_owned() } else { format!("{threads} threads") }
}

fn numbers<const N: usize>(output: &str) -> Result<[f64; N]> {
    let numbers: Vec<f64> = output.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
    numbers.try_into().map_err(|_| anyhow::anyhow!("printed {output:?}"))
}

/// Runs a program to its end: what it printed, seconds, and where the system tells it, its peak memory in MiB.
fn watched(command: &mut Command) -> Result<(String, f64, Option<f64>)> {
    let began = Instant::now();
    let mut child = command.stdout(Stdio::piped()).spawn()?;
    let status = PathBuf::from(format!("/proc/{}/status", child.id()));
    let reader = child.stdout.take().context("its output is not piped")?;
    let output = thread::spawn(move || std::io::read_to_string(reader));
    let mut peak = None;
    let exit = loop {
        if let Some(exit) = child.try_wait()? {
            break exit;
        }
        // The mark only rises: the last look before the end is the peak.
        peak = peak_memory(&status).or(peak);
        thread::sleep(Duration::from_millis(2));
    };
    let seconds = began.elapsed().as_secs_f64();
    let output = output.join().map_err(|_| anyhow::anyhow!("its output could not be read"))??;
    if !exit.success() {
        bail!("{command:?} failed ({exit})");
    }
    Ok((output, seconds, peak))
}

fn peak_memory(status: &Path) -> Option<f64> {
    let status = std::fs::read_to_string(status).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<f64>().ok()? / 1024.0)
}
