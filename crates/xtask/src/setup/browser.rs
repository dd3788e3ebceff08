//! Chromium and its driver.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use super::from_debian;
use crate::project::Project;

const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// A browser and what drives it.
pub(crate) struct Browser {
    pub(crate) chromium: PathBuf,
    pub(crate) driver: PathBuf,
}

/// CHROMIUM and CHROMEDRIVER name them where they are not on PATH.
pub(crate) fn browser(project: &Project) -> Result<Browser> {
    if let Some(browser) = found(project)? {
        return Ok(browser);
    }
    from_debian(project, "Chromium or its chromedriver", &["chromium", "chromium-driver"])?;
    found(project)?.context("Chromium was installed, and is not on PATH")
}

fn found(project: &Project) -> Result<Option<Browser>> {
    let chromium = match named(project, "CHROMIUM")? {
        Some(path) => Some(path),
        None => BROWSERS.iter().find_map(|name| project.find(name)),
    };
    let driver = match named(project, "CHROMEDRIVER")? {
        Some(path) => Some(path),
        None => project.find("chromedriver"),
    };
    Ok(chromium.zip(driver).map(|(chromium, driver)| Browser { chromium, driver }))
}

fn named(project: &Project, variable: &str) -> Result<Option<PathBuf>> {
    match project.shell.var_os(variable).map(PathBuf::from) {
        Some(path) if !path.is_file() => bail!("{variable} names {}, which is no file", path.display()),
        named => Ok(named),
    }
}
