//! Parts of Rust that are not in every installation.

use std::path::Path;

use anyhow::{Result, bail};
use xshell::cmd;

use crate::project::Project;

const WASM: &str = "wasm32-unknown-unknown";

pub(super) fn wasm_target(project: &Project) -> Result<()> {
    let shell = &project.shell;
    let libraries = cmd!(shell, "rustc --print target-libdir --target {WASM}").quiet().read()?;
    if Path::new(&libraries).is_dir() {
        return Ok(());
    }
    if project.find("rustup").is_none() {
        bail!("this Rust has no {WASM} target, and there is no rustup to add it: please install it");
    }
    println!("Adding Rust's {WASM} target: some seconds.");
    cmd!(shell, "rustup target add {WASM}").run()?;
    Ok(())
}

/// Fuzzing needs sanitizers, which stable Rust has not.
pub(super) fn nightly(project: &Project) -> Result<()> {
    let shell = &project.shell;
    if project.find("rustup").is_none() {
        bail!("fuzzing needs a nightly Rust, and there is no rustup to install it");
    }
    if cmd!(shell, "rustup run nightly rustc --version").quiet().ignore_stdout().ignore_stderr().run().is_ok() {
        return Ok(());
    }
    println!("Installing a nightly Rust for fuzzing: about a minute.");
    cmd!(shell, "rustup toolchain install nightly --profile minimal").run()?;
    Ok(())
}
