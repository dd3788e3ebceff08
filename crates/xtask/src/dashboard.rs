//! Builds the auditor's page.

use std::path::PathBuf;

use anyhow::Result;
use xshell::cmd;

use crate::project::Project;
use crate::setup::Need;
use crate::wasm_opt;

/// What the build needs; `Need::WasmOpt` makes its result faster.
pub(crate) const NEEDS: [Need; 3] = [Need::WasmTarget, Need::WasmBindgen, Need::Trunk];

/// Gives the directory to serve.
pub(crate) fn build(project: &Project, optimised: bool) -> Result<PathBuf> {
    let mut trunk = cmd!(project.shell, "trunk --skip-version-check build --release");
    if project.shell.var_os("NO_COLOR").is_some() {
        // Trunk takes "1" for a mistake.
        trunk = trunk.env("NO_COLOR", "true");
    }
    trunk.run()?;
    let dist = project.path("dist");
    if optimised {
        wasm_opt::optimise_all(project, &dist)?;
    }
    Ok(dist)
}
