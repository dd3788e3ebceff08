//! Where the project's things are, and a shell that stands at its top.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use xshell::{Shell, cmd};

/// The clone that the task was started in.
pub(crate) struct Project {
    /// Stands at the top of the clone, with Cargo's tools on its PATH.
    pub(crate) shell: Shell,
    /// The top of the clone.
    pub(crate) root: PathBuf,
    /// Where Cargo builds, and everything else that is built but not kept.
    pub(crate) target: PathBuf,
}

impl Project {
    pub(crate) fn open() -> Result<Self> {
        let manifest = env::var_os("CARGO_MANIFEST_DIR").context("start it as `cargo xtask`")?;
        let root = Path::new(&manifest).ancestors().nth(2).context("crates/xtask is not in a project")?.to_owned();
        let shell = Shell::new()?;
        shell.change_dir(&root);
        shell.set_var("PATH", path_with_cargo_bin()?);
        let target = target_directory(&shell)?;
        // The workspaces in fuzz/ and examples/ build there too, and what they share is built once.
        shell.set_var("CARGO_TARGET_DIR", &target);
        Ok(Self { shell, root, target })
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// The `countersign` command, built as it is released.
    pub(crate) fn countersign(&self) -> Result<PathBuf> {
        cmd!(self.shell, "cargo build --release --package countersign").run()?;
        Ok(self.target.join("release").join(format!("countersign{}", env::consts::EXE_SUFFIX)))
    }

    /// A program on PATH.
    pub(crate) fn find(&self, program: &str) -> Option<PathBuf> {
        let path = self.shell.var_os("PATH")?;
        env::split_paths(&path).map(|directory| directory.join(program)).find(|file| file.is_file())
    }

    /// A file as a person names it who stands at the top of the clone.
    pub(crate) fn shown<'a>(&self, path: &'a Path) -> impl std::fmt::Display + use<'a> {
        path.strip_prefix(&self.root).unwrap_or(path).display()
    }
}

/// `cargo install` puts tools where not every login shell looks.
fn path_with_cargo_bin() -> Result<std::ffi::OsString> {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from).or_else(|| env::home_dir().map(|home| home.join(".cargo")));
    let path = env::var_os("PATH").unwrap_or_default();
    let all = home.map(|home| home.join("bin")).into_iter().chain(env::split_paths(&path));
    Ok(env::join_paths(all)?)
}

/// Asked of Cargo, because a variable or a configuration file may say so.
fn target_directory(shell: &Shell) -> Result<PathBuf> {
    let metadata = cmd!(shell, "cargo metadata --no-deps --format-version 1").quiet().read()?;
    let metadata: serde_json::Value = serde_json::from_str(&metadata)?;
    Ok(metadata["target_directory"].as_str().context("cargo metadata names no target directory")?.into())
}
