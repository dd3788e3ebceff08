//! Programs that read what this project writes, and know nothing of it.

use std::path::Path;

use anyhow::{Result, bail};

use super::from_debian;
use crate::project::Project;

/// Where Debian puts Go's libraries: a GOPATH.
const GOPATH: &str = "/usr/share/gocode";

/// jq, and Go with its sumdb.
pub(super) fn peers(project: &Project) -> Result<()> {
    if are_there(project) {
        return Ok(());
    }
    from_debian(project, "jq, Go or golang.org/x/mod", &["jq", "golang-go", "golang-golang-x-mod-dev"])?;
    if are_there(project) { Ok(()) } else { bail!("jq and Go were installed, and are not there") }
}

fn are_there(project: &Project) -> bool {
    let sumdb = Path::new(GOPATH).join("src/golang.org/x/mod/sumdb/note");
    project.find("jq").is_some() && project.find("go").is_some() && sumdb.is_dir()
}
