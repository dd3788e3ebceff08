//! Files that are there whole, or as they were before.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A file to be written anew.
///
/// # Errors
/// Those of the disk.
pub(super) fn create(path: &Path) -> io::Result<File> {
    private().write(true).truncate(true).open(path)
}

/// Makes files that only their owner may read: they say who has what, and whom alerts did not reach.
pub(super) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Writes a file in place of the one that is there.
///
/// # Errors
/// Those of the disk; the file is then as it was.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let new = beside(path);
    let mut file = create(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    drop(file);
    put(&new, path)
}

/// Where the new file is written before it takes the old one's place.
pub(super) fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    path.with_file_name(name)
}

/// Puts a file that is safely on the disk in the place of another.
///
/// # Errors
/// Those of the disk.
pub(super) fn put(new: &Path, path: &Path) -> io::Result<()> {
    fs::rename(new, path)?;
    // The name is on the disk once its folder is; not every system lets a folder be opened.
    #[cfg(unix)]
    File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()?;
    Ok(())
}
