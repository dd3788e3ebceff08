//! Commands that Cargo installs.

use std::fs;

use anyhow::{Context, Result};
use xshell::cmd;

use crate::project::Project;

/// A command, and the version that is installed where there is none that will do.
pub(super) struct Tool {
    package: &'static str,
    version: String,
    /// Prints the version of the command that is there.
    ask: &'static [&'static str],
    /// A later one will do too.
    or_later: bool,
    /// On two cores.
    takes: &'static str,
}

impl Tool {
    fn later(package: &'static str, version: &str, ask: &'static [&'static str], takes: &'static str) -> Self {
        Self { package, version: version.to_owned(), ask, or_later: true, takes }
    }

    pub(super) fn install(&self, project: &Project) -> Result<()> {
        if self.is_there(project) {
            return Ok(());
        }
        let Self { package, version, takes, .. } = self;
        println!("Compiling {package} {version}: {takes}.");
        // These run for seconds: optimised they would take twice as long to compile. Outside the project's own
        // target directory, since this profile is theirs alone; there, since they share many parts.
        let _level = project.shell.push_env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0");
        let _lto = project.shell.push_env("CARGO_PROFILE_RELEASE_LTO", "off");
        let _debug = project.shell.push_env("CARGO_PROFILE_RELEASE_DEBUG", "0");
        let _target = project.shell.push_env("CARGO_TARGET_DIR", project.target.join("tools"));
        let install =
            |locked: Option<&str>| cmd!(project.shell, "cargo install --force {locked...} {package}@{version}").run();
        // A lock file may name what a registry's mirror does not have yet.
        install(Some("--locked")).or_else(|_| install(None)).with_context(|| format!("{package} {version}"))
    }

    fn is_there(&self, project: &Project) -> bool {
        let [program, arguments @ ..] = self.ask else { return false };
        let answer = cmd!(project.shell, "{program} {arguments...}").quiet().ignore_stderr().read();
        answer.is_ok_and(|answer| self.will_do(&answer))
    }

    fn will_do(&self, answer: &str) -> bool {
        let found = answer.split_whitespace().find_map(parts);
        match (found, parts(&self.version)) {
            (Some(found), Some(wanted)) if self.or_later => found >= wanted,
            (found, wanted) => found.is_some() && found == wanted,
        }
    }
}

/// It must be of the very version of the library, so Cargo.lock says which.
pub(super) fn wasm_bindgen(project: &Project) -> Result<Tool> {
    let lock = fs::read_to_string(project.path("Cargo.lock")).context("Cargo.lock")?;
    let version = locked(&lock, "wasm-bindgen").context("Cargo.lock names no wasm-bindgen")?.to_owned();
    let ask = &["wasm-bindgen", "--version"];
    Ok(Tool { package: "wasm-bindgen-cli", version, ask, or_later: false, takes: "about two minutes" })
}

pub(super) fn trunk() -> Tool {
    Tool::later("trunk", "0.21.14", &["trunk", "--version"], "about four minutes")
}

pub(super) fn wasm_pack() -> Tool {
    Tool::later("wasm-pack", "0.15.0", &["wasm-pack", "--version"], "about two minutes")
}

pub(super) fn cargo_deny() -> Tool {
    Tool::later("cargo-deny", "0.20.2", &["cargo", "deny", "--version"], "about four minutes")
}

pub(super) fn cargo_fuzz() -> Tool {
    Tool::later("cargo-fuzz", "0.13.2", &["cargo", "fuzz", "--version"], "about a minute")
}

fn locked<'a>(lock: &'a str, package: &str) -> Option<&'a str> {
    let (_, after) = lock.split_once(&format!("name = \"{package}\"\nversion = \""))?;
    after.split('"').next()
}

/// `1.2.3`, as something that can be compared.
fn parts(version: &str) -> Option<[u32; 3]> {
    let mut parts = version.split('.').map(|part| part.parse().ok());
    let triple = [parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then_some(triple)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_version_will_do_where_it_may() {
        let tool = Tool::later("trunk", "0.21.14", &[], "");
        assert!(tool.will_do("trunk 0.21.14"));
        assert!(tool.will_do("trunk 0.22.1 (abcdef)"));
        assert!(!tool.will_do("trunk 0.21.9"));
        assert!(!tool.will_do("no version"));
        assert!(!Tool { or_later: false, ..tool }.will_do("trunk 0.22.1"));
    }

    #[test]
    fn the_locked_version_is_the_package_s_own() {
        let lock = "[[package]]\nname = \"wasm-bindgen-macro\"\nversion = \"0.1.0\"\n\n[[package]]\nname = \"wasm-bindgen\"\nversion = \"0.2.130\"\n";
        assert_eq!(locked(lock, "wasm-bindgen"), Some("0.2.130"));
        assert_eq!(locked(lock, "wasm"), None);
    }
}
