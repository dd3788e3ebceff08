//! Makes WebAssembly smaller and faster than rustc leaves it.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use xshell::cmd;

use crate::project::Project;

/// What rustc uses for wasm32-unknown-unknown, and the simd128 of .cargo/config.toml. Browsers have had all of it
/// since 2023; a list, so that wasm-opt brings in nothing newer.
const FEATURES: [&str; 9] = [
    "--enable-bulk-memory",
    "--enable-bulk-memory-opt",
    "--enable-call-indirect-overlong",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
    "--enable-simd",
];

/// Rewrites the file.
pub(crate) fn optimise(project: &Project, wasm: &Path) -> Result<()> {
    let before = fs::metadata(wasm).with_context(|| wasm.display().to_string())?.len();
    // Named, since npm's link to it is a script that not every system can start.
    let wasm_opt = project.path("crates/xtask/npm/node_modules/binaryen/bin/wasm-opt");
    let out = wasm.with_extension("optimised");
    cmd!(project.shell, "node {wasm_opt} -O3 {FEATURES...} {wasm} -o {out}").quiet().run()?;
    fs::rename(&out, wasm)?;
    let after = fs::metadata(wasm)?.len();
    println!("wasm-opt: {} from {} to {} kB", project.shown(wasm), before / 1000, after / 1000);
    Ok(())
}

/// Rewrites every module in a directory.
pub(crate) fn optimise_all(project: &Project, directory: &Path) -> Result<()> {
    for file in fs::read_dir(directory).with_context(|| directory.display().to_string())? {
        let path = file?.path();
        if path.extension().is_some_and(|extension| extension == "wasm") {
            optimise(project, &path)?;
        }
    }
    Ok(())
}
