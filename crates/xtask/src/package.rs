//! Builds the npm package.

use std::path::PathBuf;

use anyhow::Result;
use xshell::cmd;

use crate::project::Project;
use crate::setup::Need;
use crate::wasm_opt;

pub(crate) const NEEDS: [Need; 5] = [Need::WasmTarget, Need::WasmBindgen, Need::WasmPack, Need::Node, Need::WasmOpt];

/// Gives the directory that `npm publish` would take.
pub(crate) fn build(project: &Project) -> Result<PathBuf> {
    let out = project.target.join("npm");
    let [web, bundler, package] = ["web", "bundler", "countersign"].map(|name| out.join(name));
    for (target, directory) in [("web", &web), ("bundler", &bundler)] {
        cmd!(
            project.shell,
            "wasm-pack build crates/wasm --target {target} --mode no-install --no-opt --no-pack
             --profile release-web --out-name countersign --out-dir {directory}"
        )
        .run()?;
        wasm_opt::optimise_all(project, directory)?;
    }
    cmd!(project.shell, "node crates/wasm/npm/assemble.mjs --web {web} --bundler {bundler} --out {package}").run()?;
    Ok(package)
}
