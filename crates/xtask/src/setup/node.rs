//! Node, and npm packages at the versions of their lock files.

use std::fs;

use anyhow::{Context, Result, bail};
use xshell::cmd;

use super::from_debian;
use crate::project::Project;

/// The oldest that has all that the package and its tests use.
const OLDEST: u32 = 20;

pub(super) fn node(project: &Project) -> Result<()> {
    if project.find("node").is_none() || project.find("npm").is_none() {
        from_debian(project, "Node or its npm", &["nodejs", "npm"])?;
    }
    let version = cmd!(project.shell, "node --version").quiet().read()?;
    let major = version.trim_start_matches('v').split('.').next().and_then(|major| major.parse::<u32>().ok());
    if major.is_none_or(|major| major < OLDEST) {
        bail!("Node {version} is too old: please install {OLDEST} or later");
    }
    Ok(())
}

/// `npm ci`, unless it was done for this very lock file.
pub(super) fn packages(project: &Project, directory: &str) -> Result<()> {
    node(project)?;
    let directory = project.path(directory);
    let lock = fs::read(directory.join("package-lock.json")).with_context(|| directory.display().to_string())?;
    let done = directory.join("node_modules/.installed-lock.json");
    if fs::read(&done).is_ok_and(|done| done == lock) {
        return Ok(());
    }
    println!("Installing the npm packages of {}: some seconds.", project.shown(&directory));
    let _inside = project.shell.push_dir(&directory);
    cmd!(project.shell, "npm ci --no-audit --no-fund --loglevel=error").run()?;
    fs::write(&done, lock).with_context(|| done.display().to_string())
}
