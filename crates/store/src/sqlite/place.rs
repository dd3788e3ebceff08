//! Whether a path still leads to the file that was opened: one that is moved away is written to as before, and what stands at
//! its path is what everybody else opens.

use std::path::{Path, PathBuf};

use crate::error::StoreError;

/// A path, and the file that it led to.
#[derive(Debug)]
pub(super) struct Place {
    path: PathBuf,
    file: File,
}

/// A file, whatever it is called: its device and its number there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct File(u64, u64);

impl Place {
    /// Of a file that was opened just now.
    pub(super) fn of(path: &Path) -> Result<Self, StoreError> {
        let file = file_at(path).map_err(|why| StoreError::Lost { why: format!("{}: {why}", path.display()) })?;
        Ok(Self { path: path.to_owned(), file })
    }

    /// Holds the path to the file that it led to.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] where it leads to another, or to none: nothing is written to a file that nobody else finds.
    pub(super) fn hold(&self) -> Result<(), StoreError> {
        let what = match file_at(&self.path) {
            Ok(file) if file == self.file => return Ok(()),
            Ok(_) => "another file is there than the one that is open".to_owned(),
            Err(why) => format!("the file that is open is no longer there: {why}"),
        };
        let why = format!(
            "{}: {what}. It was moved or replaced while it was in use, and nothing is written any more: stop what has it \
             open, see to it that the right file is there, and start again",
            self.path.display()
        );
        Err(StoreError::Damaged(why))
    }
}

#[cfg(unix)]
fn file_at(path: &Path) -> std::io::Result<File> {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata(path).map(|found| File(found.dev(), found.ino()))
}

/// Where the system keeps a file that is open from being moved, there is nothing to compare.
#[cfg(not(unix))]
fn file_at(_: &Path) -> std::io::Result<File> {
    Ok(File(0, 0))
}
