//! Files that are there whole or not at all.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use super::lines::Lines;
use super::named::Named;
use super::{Failure, interrupt};

/// What becomes of a file that is there already.
#[derive(Clone, Copy, Debug)]
pub(super) enum Existing {
    /// It stays.
    Keep,
    /// It is written over, if it is a regular file.
    Replace,
    /// It is written over, if it is an export or empty: what else may stand there, a key or a ledger, would be lost for good.
    ReplaceExport,
}

/// Writes a file beside its place and moves it there when it is whole and on the disk. Only its owner may
/// read it: what is written here is personal data, or a secret.
pub(super) fn write<T>(
    path: &Path,
    existing: Existing,
    content: impl FnOnce(&mut Named<BufWriter<&File>>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let wrong = |why: &dyn std::fmt::Display| Failure::new(path.display(), why);
    existing.check(path).map_err(|why| wrong(&why))?;
    let file = tempfile::Builder::new().prefix(".countersign-").tempfile_in(folder(path));
    // The error names the file beside it, which nobody knows of.
    let file = file.map_err(|e| match e.kind() {
        io::ErrorKind::NotFound => wrong(&"there is no such folder"),
        kind => wrong(&io::Error::from(kind)),
    })?;
    let _unfinished = interrupt::remove_on_interrupt(file.path());
    let mut out = Named::new(BufWriter::with_capacity(1 << 18, file.as_file()), path.display().to_string());
    let written = content(&mut out)?;
    out.flush()?;
    drop(out);
    file.as_file().sync_all().map_err(|e| wrong(&e))?;
    let moved = match existing {
        Existing::Keep => file.persist_noclobber(path),
        Existing::Replace | Existing::ReplaceExport => file.persist(path),
    };
    moved.map_err(|e| wrong(&e.error))?;
    Ok(written)
}

impl Existing {
    fn check(self, path: &Path) -> Result<(), &'static str> {
        // Of a link, what it leads to.
        let Ok(there) = path.metadata() else { return Ok(()) };
        match self {
            _ if there.is_dir() => Err("it is a directory"),
            _ if !there.is_file() => Err("it is there already, and no regular file"),
            Self::Keep => Err("it is there already: name another file, or say --force"),
            Self::ReplaceExport if !is_export(path) => Err("no export stands there, and --force replaces nothing else"),
            Self::Replace | Self::ReplaceExport => Ok(()),
        }
    }
}

/// Whether a file begins as an export of format 2 does, compressed or not, or is empty.
fn is_export(path: &Path) -> bool {
    const START: &[u8] = b"{\"format\":\"countersign/export/";
    let Ok(file) = File::open(path) else { return false };
    let is_empty = file.metadata().is_ok_and(|about| about.len() == 0);
    let begins = |mut lines: Lines| Ok(lines.next()?.is_some_and(|(_, line)| line.starts_with(START)));
    is_empty || Lines::of(file).and_then(begins).unwrap_or(false)
}

/// The folder that a file is in.
pub(super) fn folder(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
