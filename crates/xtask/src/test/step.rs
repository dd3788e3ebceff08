//! The steps, from the quickest to the longest.

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::ValueEnum;
use xshell::cmd;

use super::tally::Tally;
use crate::project::Project;
use crate::setup::{self, Need};
use crate::{dashboard, package};

/// About as many entries as fill 200 MB.
const BIG_ENTRIES: &str = "240000";
/// Of each fuzz target, in seconds.
const FUZZ_TIME: &str = "-max_total_time=30";
/// Workspaces of their own.
const ASIDE: [&str; 3] = ["examples/verify", "examples/embed", "fuzz"];
/// Those that a reader may copy.
const EXAMPLES: [&str; 2] = ["examples/verify", "examples/embed"];

/// One of the things that are tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Step {
    /// The layout of the code, by rustfmt
    Fmt,
    /// Bans, licences and sources of the dependencies, by cargo-deny
    Deny,
    /// Lints of what runs natively
    Clippy,
    /// Lints of what runs in a browser
    ClippyWasm,
    /// The workspace's own tests, and the examples in its documentation
    Native,
    /// The parts of the page that need no browser
    Page,
    /// The programs that link the crates as a backend would
    Example,
    /// The bindings, in Node
    WasmNode,
    /// The bindings, in Chromium
    WasmChrome,
    /// The npm package, as it would be published
    Npm,
    /// The built page, in Chromium
    E2e,
    /// Readers of hostile files, half a minute each
    Fuzz,
}

impl Step {
    pub(super) const ALL: [Self; 12] = [
        Self::Fmt,
        Self::Deny,
        Self::Clippy,
        Self::ClippyWasm,
        Self::Native,
        Self::Page,
        Self::Example,
        Self::WasmNode,
        Self::WasmChrome,
        Self::Npm,
        Self::E2e,
        Self::Fuzz,
    ];

    pub(super) fn needs(self) -> Vec<Need> {
        match self {
            Self::Fmt | Self::Clippy | Self::Page | Self::Example => vec![],
            Self::Native => vec![Need::Peers, Need::Postgres],
            Self::Deny => vec![Need::CargoDeny],
            Self::ClippyWasm => vec![Need::WasmTarget],
            Self::WasmNode => vec![Need::WasmTarget, Need::WasmBindgen, Need::WasmPack, Need::Node],
            Self::WasmChrome => vec![Need::WasmTarget, Need::WasmBindgen, Need::WasmPack, Need::Browser],
            Self::Npm => [&package::NEEDS[..], &[Need::NpmTest]].concat(),
            Self::E2e => [&package::NEEDS[..], &dashboard::NEEDS, &[Need::E2e, Need::Browser]].concat(),
            Self::Fuzz => vec![Need::Fuzzing],
        }
    }

    pub(super) fn run(self, project: &Project, tally: &mut Tally) -> Result<()> {
        let shell = &project.shell;
        match self {
            Self::Fmt => fmt(project),
            Self::Deny => Ok(cmd!(shell, "cargo deny check bans licenses sources").run()?),
            Self::Clippy => clippy(project),
            Self::ClippyWasm => Ok(cmd!(
                shell,
                "cargo clippy -p countersign-web -p countersign-wasm --target wasm32-unknown-unknown --all-targets -- -D warnings"
            )
            .run()?),
            Self::Native => tally.run(cmd!(shell, "cargo test --no-fail-fast").env("PROPTEST_CASES", "256")),
            Self::Page => tally.run(cmd!(shell, "cargo test -p countersign-web --lib")),
            Self::Example => example(project, tally),
            Self::WasmNode => tally.run(cmd!(shell, "wasm-pack test --mode no-install --node crates/wasm")),
            Self::WasmChrome => wasm_chrome(project, tally),
            Self::Npm => npm(project, tally),
            Self::E2e => e2e(project, tally),
            Self::Fuzz => fuzz(project),
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.to_possible_value();
        f.write_str(value.as_ref().map_or("", |value| value.get_name()))
    }
}

fn fmt(project: &Project) -> Result<()> {
    cmd!(project.shell, "cargo fmt --all --check").run()?;
    for workspace in ASIDE {
        cmd!(project.shell, "cargo fmt --manifest-path {workspace}/Cargo.toml --check").run()?;
    }
    Ok(())
}

fn clippy(project: &Project) -> Result<()> {
    let but_web = ["--workspace", "--exclude", "countersign-web", "--exclude", "countersign-wasm"];
    cmd!(project.shell, "cargo clippy {but_web...} --all-targets -- -D warnings").run()?;
    for example in EXAMPLES {
        cmd!(project.shell, "cargo clippy --manifest-path {example}/Cargo.toml --all-targets -- -D warnings").run()?;
    }
    Ok(())
}

fn example(project: &Project, tally: &mut Tally) -> Result<()> {
    for example in EXAMPLES {
        tally.run(cmd!(project.shell, "cargo test --manifest-path {example}/Cargo.toml"))?;
    }
    let run = ["run", "--quiet", "--manifest-path", "examples/verify/Cargo.toml", "--"];
    cmd!(project.shell, "cargo {run...} tests/vectors/good.jsonl").run()?;
    Ok(())
}

fn wasm_chrome(project: &Project, tally: &mut Tally) -> Result<()> {
    let driver = setup::browser(project)?.driver;
    tally.run(cmd!(
        project.shell,
        "wasm-pack test --mode no-install --headless --chrome --chromedriver {driver} crates/wasm"
    ))
}

fn npm(project: &Project, tally: &mut Tally) -> Result<()> {
    let package = package::build(project)?;
    let _inside = project.shell.push_dir(project.path("crates/wasm/npm-test"));
    tally.run(cmd!(project.shell, "node --test --test-reporter=spec").env("COUNTERSIGN_PACKAGE", package))
}

fn e2e(project: &Project, tally: &mut Tally) -> Result<()> {
    let countersign = project.countersign()?;
    let package = built_package(project)?;
    let dist = dashboard::build(project, true)?;
    let (demo, big) = ledgers(project, &countersign)?;
    let setup::Browser { chromium, .. } = setup::browser(project)?;
    let _inside = project.shell.push_dir(project.path("tests/e2e"));
    tally.run(
        cmd!(project.shell, "npm test -- --test-reporter=spec")
            .env("COUNTERSIGN_DIST", dist)
            .env("COUNTERSIGN_DEMO", demo)
            .env("COUNTERSIGN_BIG", big)
            .env("COUNTERSIGN_CLI", countersign)
            .env("COUNTERSIGN_NPM", package)
            .env("CHROMIUM", chromium),
    )
}

/// The page's report is held to the package's, which the step before this one has built, unless it was left out.
fn built_package(project: &Project) -> Result<PathBuf> {
    let package = project.target.join("npm/countersign");
    if package.join("package.json").is_file() { Ok(package) } else { package::build(project) }
}

/// A demo directory, and an export of 200 MB.
fn ledgers(project: &Project, countersign: &Path) -> Result<(PathBuf, PathBuf)> {
    let (demo, big) = (project.target.join("e2e/demo"), project.target.join("e2e/big"));
    cmd!(project.shell, "{countersign} demo --out {demo}").quiet().ignore_stdout().run()?;
    cmd!(project.shell, "{countersign} demo --out {big} --entries {BIG_ENTRIES}").quiet().ignore_stdout().run()?;
    Ok((demo, big.join("demo.jsonl")))
}

fn fuzz(project: &Project) -> Result<()> {
    let shell = &project.shell;
    let targets = cmd!(shell, "cargo fuzz list").read().context("fuzz/")?;
    let build = project.target.join("fuzz");
    let seeds = ["tests/vectors", "tests/vectors/legacy"];
    let limits = ["-rss_limit_mb=2048", "-max_len=16384", "-print_final_stats=1"];
    for target in targets.lines() {
        // What is found new goes to the first directory; the others are only read.
        let corpus = project.path("fuzz/corpus").join(target);
        shell.create_dir(&corpus)?;
        let fuzz = ["+nightly", "fuzz", "run", "--target-dir"];
        cmd!(shell, "cargo {fuzz...} {build} {target} {corpus} {seeds...} -- {FUZZ_TIME} {limits...}").run()?;
    }
    Ok(())
}
