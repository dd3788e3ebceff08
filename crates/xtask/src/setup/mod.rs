//! What the tasks need beside Rust: found where it is there, installed where it may be, named where it may not.

mod browser;
mod node;
mod peers;
mod postgres;
mod rust;
mod tool;

use anyhow::{Result, bail};
use xshell::cmd;

use crate::project::Project;

pub(crate) use browser::{Browser, browser};

/// Something that a task needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Need {
    WasmTarget,
    WasmBindgen,
    Trunk,
    WasmPack,
    CargoDeny,
    Fuzzing,
    Node,
    WasmOpt,
    NpmTest,
    E2e,
    Browser,
    Peers,
    Postgres,
}

impl Need {
    /// The quick ones first: what a machine lacks is said before anything is compiled.
    const ALL: [Self; 13] = [
        Self::WasmTarget,
        Self::Node,
        Self::Browser,
        Self::Peers,
        Self::Postgres,
        Self::WasmOpt,
        Self::NpmTest,
        Self::E2e,
        Self::WasmBindgen,
        Self::WasmPack,
        Self::Trunk,
        Self::CargoDeny,
        Self::Fuzzing,
    ];

    /// Does nothing where it is met already.
    pub(crate) fn meet(self, project: &Project) -> Result<()> {
        match self {
            Self::WasmTarget => rust::wasm_target(project),
            Self::WasmBindgen => tool::wasm_bindgen(project)?.install(project),
            Self::Trunk => tool::trunk().install(project),
            Self::WasmPack => tool::wasm_pack().install(project),
            Self::CargoDeny => tool::cargo_deny().install(project),
            Self::Fuzzing => rust::nightly(project).and_then(|()| tool::cargo_fuzz().install(project)),
            Self::Node => node::node(project),
            Self::WasmOpt => node::packages(project, "crates/xtask/npm"),
            Self::NpmTest => node::packages(project, "crates/wasm/npm-test"),
            Self::E2e => node::packages(project, "tests/e2e"),
            Self::Postgres => postgres::postgres(project),
            Self::Browser => browser(project).map(drop),
            Self::Peers => peers::peers(project),
        }
    }
}

/// `cargo xtask setup`.
pub(crate) fn everything(project: &Project) -> Result<()> {
    let failed = meet_all(project, &Need::ALL);
    for (need, error) in &failed {
        eprintln!("{need:?}: {error:#}");
    }
    if !failed.is_empty() {
        bail!("{} of {} could not be set up", failed.len(), Need::ALL.len());
    }
    println!("Everything is set up.");
    Ok(())
}

/// Meets each, and gives those that could not be met. One that failed does not keep the others back.
pub(crate) fn meet_all(project: &Project, needs: &[Need]) -> Vec<(Need, anyhow::Error)> {
    let wanted = Need::ALL.into_iter().filter(|need| needs.contains(need));
    wanted.filter_map(|need| Some((need, need.meet(project).err()?))).collect()
}

/// Debian's packages, where that is allowed; else says what to install.
fn from_debian(project: &Project, what: &str, packages: &[&str]) -> Result<()> {
    let shell = &project.shell;
    let root = cmd!(shell, "id -u").quiet().ignore_stderr().read().is_ok_and(|id| id == "0");
    if !root || project.find("apt-get").is_none() {
        let names = packages.join(" ");
        bail!("{what} not found on PATH. Please install it; on Debian: apt-get install {names}");
    }
    println!("Installing {what} from the distribution's packages: a minute or two.");
    let _quiet = shell.push_env("DEBIAN_FRONTEND", "noninteractive");
    // Lists that are no longer fresh name files that are no longer there.
    cmd!(shell, "apt-get update -qq").run()?;
    cmd!(shell, "apt-get install -y -qq --no-install-recommends {packages...}").run()?;
    Ok(())
}
