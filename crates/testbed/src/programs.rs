//! PostgreSQL's own programs, and the user that may run them.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// Where distributions keep the server's programs: Debian's and Red Hat's folder by version, and Homebrew's.
const FOLDERS: [&str; 3] = ["/usr/lib/postgresql", "/usr", "/opt/homebrew/opt"];
const MISSING: &str = "PostgreSQL's server programs (initdb, pg_ctl, psql, pg_basebackup) were not found in \
    /usr/lib/postgresql/*/bin or on PATH. These tests run a real server: please install it; on Debian: \
    apt-get install postgresql";
/// Who runs the server where the tests run as root, which it refuses to be run by.
const USER: &str = "postgres";

/// The folder of one version's programs, and how to run them.
#[derive(Clone, Debug)]
pub(crate) struct Programs {
    folder: PathBuf,
    /// Set where this process is root's.
    user: Option<&'static str>,
}

impl Programs {
    /// # Panics
    /// Where they are not installed.
    pub(crate) fn find() -> Self {
        let mut folders: Vec<PathBuf> = FOLDERS.iter().flat_map(|folder| versions(Path::new(folder))).collect();
        folders.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
        let found = folders.into_iter().find(|folder| folder.join("initdb").is_file() && folder.join("psql").is_file());
        let folder = found.unwrap_or_else(|| panic!("{MISSING}"));
        let root = Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout == b"0\n");
        Self { folder, user: root.then_some(USER) }
    }

    /// One of PostgreSQL's programs, run by whoever may.
    pub(crate) fn program(&self, name: &str) -> Command {
        self.command(&self.folder.join(name))
    }

    /// Any program, run by the user that the server's files belong to.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = match self.user {
            Some(user) => {
                let mut command = Command::new("runuser");
                command.args(["-u", user, "--"]).arg(program);
                command
            }
            None => Command::new(program),
        };
        // The folder that the tests run in may be closed to that user; messages are compared.
        command.current_dir("/").env("LC_ALL", "C").env_remove("PGOPTIONS").stdin(Stdio::null());
        command
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

/// The latest version first.
fn versions(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let version = |path: &Path| {
        let digits: String = path.file_name()?.to_str()?.chars().filter(char::is_ascii_digit).collect();
        digits.parse::<u32>().ok()
    };
    let named = entries.filter_map(|entry| Some((version(&entry.path())?, entry.path().join("bin"))));
    let mut found: Vec<_> = named.filter(|(_, bin)| bin.join("initdb").is_file()).collect();
    found.sort_by(|a, b| b.cmp(a));
    found.into_iter().map(|(_, bin)| bin).collect()
}

/// What a program printed.
///
/// # Panics
/// Where it failed, with what it said.
pub(crate) fn done(mut command: Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?} failed: {}", said(&output));
    String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
}

pub(crate) fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}
