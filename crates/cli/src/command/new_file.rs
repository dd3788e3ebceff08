//! Files that are there whole or not at all.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use super::Failure;

/// Writes a file beside its place and moves it there when it is whole and on the disk. Only its owner may
/// read it: what is written here is personal data, or a secret.
pub(super) fn write<T>(
    path: &Path,
    content: impl FnOnce(&mut BufWriter<&File>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let wrong = |why: &dyn std::fmt::Display| Failure::new(path.display(), why);
    if path.is_dir() {
        return Err(wrong(&"it is a directory"));
    }
    let file = tempfile::Builder::new().prefix(".countersign-").tempfile_in(folder(path)).map_err(|e| wrong(&e))?;
    let mut out = BufWriter::with_capacity(1 << 18, file.as_file());
    let written = content(&mut out)?;
    out.flush().map_err(|e| wrong(&e))?;
    drop(out);
    file.as_file().sync_all().map_err(|e| wrong(&e))?;
    file.persist(path).map_err(|e| wrong(&e.error))?;
    Ok(written)
}

/// The folder that a file is in.
pub(super) fn folder(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
