//! What a command reads: a file, or standard input kept in a file of its own.

use std::env;
use std::fs::File;
use std::io::{self, Seek};
use std::path::Path;

use super::named::Named;

/// An input that can be read more than once.
#[derive(Debug)]
pub(super) struct Input {
    pub(super) file: File,
    /// Its size.
    pub(super) bytes: u64,
    /// As a report names it.
    pub(super) name: String,
}

impl Input {
    /// Opens a file, or standard input for `-`. What cannot be read twice (a pipe) is copied to an
    /// anonymous temporary file first, since what is damaged is read a second time.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        if path == Path::new("-") {
            return Self::spool(io::stdin().lock(), "standard input");
        }
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
        let file = File::open(path)?;
        let about = file.metadata()?;
        if about.is_dir() {
            return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a directory"));
        }
        if !about.is_file() {
            return Self::spool(file, &name);
        }
        Ok(Self { file, bytes: about.len(), name: name.into_owned() })
    }

    fn spool(mut from: impl io::Read, name: &str) -> io::Result<Self> {
        let place = format!("a temporary file in {}, which keeps it", env::temp_dir().display());
        let mut file = tempfile::tempfile().map_err(|e| io::Error::new(e.kind(), format!("{place}: {e}")))?;
        let bytes = io::copy(&mut from, &mut Named::new(&mut file, place))?;
        file.rewind()?;
        Ok(Self { file, bytes, name: name.to_owned() })
    }
}
