//! PostgreSQL's server, which the tests start in a temporary directory.

use std::fs;

use anyhow::{Result, bail};

use super::from_debian;
use crate::project::Project;

/// Where Debian keeps each version's programs, which are not on PATH.
const DEBIAN: &str = "/usr/lib/postgresql";

pub(super) fn postgres(project: &Project) -> Result<()> {
    if is_there(project) {
        return Ok(());
    }
    from_debian(project, "PostgreSQL's server", &["postgresql"])?;
    if !is_there(project) {
        bail!("PostgreSQL was installed, and its initdb is neither in {DEBIAN}/*/bin nor on PATH");
    }
    Ok(())
}

fn is_there(project: &Project) -> bool {
    let mut versions = fs::read_dir(DEBIAN).into_iter().flatten().flatten();
    project.find("initdb").is_some() || versions.any(|version| version.path().join("bin/initdb").is_file())
}
