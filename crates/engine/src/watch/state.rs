//! What was verified, kept in the auditor's own store, so that the next audit goes on from there.
//!
//! One file, `segment.state`: a line of JSON that says what it is of ([`Mark`]), the segment as postcard
//! (<https://postcard.jamesmunns.com/wire-format>) writes it, and the SHA-256 of both, 32 bytes. It holds the
//! index of all ids, so it grows with the ledger, as the audit's memory does: 40 bytes an entry.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use countersign_core::entry::genesis;
use countersign_core::hash::Hash;
use countersign_core::merkle::Range;
use countersign_core::segment::Segment;
use countersign_core::timestamp::Timestamp;
use countersign_store::Identity;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::files;

/// What a saved state is of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// [`FORMAT`].
    pub format: String,
    /// The ledger's name.
    pub ledger: String,
    /// The ledger's id.
    pub ledger_id: String,
    /// `seq` of the last entry that was verified.
    pub seq: u64,
    /// Its `current_hash`.
    pub hash: Hash,
    /// Root of the tree of all entries up to it.
    pub root: Hash,
    /// When.
    pub at: Timestamp,
}

/// Everything verified so far.
#[derive(Clone, Debug, PartialEq)]
pub struct Saved {
    /// What it is of.
    pub mark: Mark,
    /// What all entries up to there amount to.
    pub segment: Segment,
}

/// Names the layout of the file.
pub const FORMAT: &str = "countersign/watch/3";
/// Earlier layouts: 1 bounded what was noted of entries together, whatever it said; 2 kept no preimages of misnumbered
/// entries, and less of taxes that differ.
const EARLIER: [&str; 2] = ["countersign/watch/1", "countersign/watch/2"];
/// Every version of the layout starts so.
const FORMATS: &str = "countersign/watch/";
/// Largest file that is read, in bytes: an index of as many entries as the core takes.
pub const MAX_STATE: u64 = 16 << 30;
/// Longest first line, in bytes.
const MAX_MARK: usize = 4096;
const DIGEST: usize = 32;

/// Why a saved state cannot be gone on from.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The disk.
    #[error("the saved state cannot be read or written: {0}")]
    Io(#[from] io::Error),
    /// A later version of this program wrote it.
    #[error("the saved state has the format {0:?}, which this program does not know")]
    UnknownFormat(String),
    /// It is not what was written.
    #[error("the saved state is damaged: {0}")]
    Damaged(&'static str),
}

impl Mark {
    /// What a segment of a whole ledger's entries is of; `None` where they are no unbroken chain.
    #[must_use]
    pub fn of(identity: &Identity, segment: &Segment, at: Timestamp) -> Option<Self> {
        let (seq, hash, root) = end(identity, segment)?;
        let Identity { ledger, ledger_id } = identity.clone();
        Some(Self { format: FORMAT.to_owned(), ledger, ledger_id, seq, hash, root, at })
    }

    /// Which ledger it is of.
    #[must_use]
    pub fn identity(&self) -> Identity {
        Identity { ledger: self.ledger.clone(), ledger_id: self.ledger_id.clone() }
    }
}

/// Last `seq`, its hash and the root over everything.
fn end(identity: &Identity, segment: &Segment) -> Option<(u64, Hash, Hash)> {
    if segment.runs.count > 1 || segment.lines != segment.entries {
        return None;
    }
    match segment.runs.first.first() {
        Some(run) if run.count == segment.entries => Some((run.next_seq() - 1, run.last_hash, run.range.root()?)),
        Some(_) => None,
        None => Some((0, genesis(&identity.ledger, &identity.ledger_id), Range::empty(0).root()?)),
    }
}

impl Saved {
    /// Before the first entry.
    #[must_use]
    pub fn nothing(identity: &Identity, at: Timestamp) -> Option<Self> {
        let segment = Segment::default();
        Some(Self { mark: Mark::of(identity, &segment, at)?, segment })
    }
}

/// Where a state is kept, for its owner only.
#[derive(Clone, Debug)]
pub struct StateFile {
    path: PathBuf,
}

/// A state that is written, and not yet in the place of the one before it. Dropped, it is removed.
#[derive(Debug)]
#[must_use]
pub struct Prepared {
    new: PathBuf,
    path: PathBuf,
}

impl StateFile {
    /// The state of this folder.
    #[must_use]
    pub fn in_folder(folder: &Path) -> Self {
        Self { path: folder.join("segment.state") }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The state; `None` where there is none yet, or one that an earlier version of this program wrote: then everything
    /// is read anew.
    ///
    /// # Errors
    /// Where it cannot be read, or is not what was written.
    pub fn read(&self) -> Result<Option<Saved>, StateError> {
        match std::fs::metadata(&self.path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(e.into()),
            Ok(file) if file.len() > MAX_STATE => return Err(StateError::Damaged("it is too large")),
            Ok(_) => {}
        }
        read(&std::fs::read(&self.path)?)
    }

    /// Writes a state beside the one that is there.
    ///
    /// # Errors
    /// Those of the disk, with the file's name.
    pub fn prepare(&self, mark: &Mark, segment: &Segment) -> io::Result<Prepared> {
        let prepared = Prepared { new: files::beside(&self.path), path: self.path.clone() };
        let written = files::create(&prepared.new).and_then(|file| {
            let out = write(BufWriter::new(file), mark, segment)?;
            out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()
        });
        written.map(|()| prepared).map_err(|e| io::Error::new(e.kind(), format!("{}: {e}", self.path.display())))
    }

    /// Sets the state aside, so that the next audit starts from the first entry; to where, `None` where there is none.
    /// Only an operator decides that: a state that contradicts the ledger is a finding.
    ///
    /// # Errors
    /// Those of the disk, with the file's name.
    pub fn set_aside(&self, now: Timestamp) -> io::Result<Option<PathBuf>> {
        let aside = self.path.with_extension(format!("{}.aside", now.millis()));
        match std::fs::rename(&self.path, &aside) {
            Ok(()) => Ok(Some(aside)),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(io::Error::new(e.kind(), format!("{}: {e}", self.path.display()))),
        }
    }
}

impl Prepared {
    /// Puts it in the place of the one before it.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn keep(self) -> io::Result<()> {
        files::put(&self.new, &self.path)
    }
}

impl Drop for Prepared {
    fn drop(&mut self) {
        // It is there no longer where it was kept.
        let _ = std::fs::remove_file(&self.new);
    }
}

/// Writes a state, and gives back what it was written to.
fn write<W: Write>(out: W, mark: &Mark, segment: &Segment) -> io::Result<W> {
    let mut out = Hashing { out, hasher: Sha256::new(), failed: None };
    serde_json::to_writer(&mut out, mark)?;
    out.write_all(b"\n")?;
    let written = postcard::to_io(segment, &mut out).map(drop);
    // Whatever the disk said, to postcard a buffer is full.
    written.map_err(|error| out.failed.take().unwrap_or_else(|| io::Error::other(error)))?;
    let digest: [u8; DIGEST] = out.hasher.finalize().into();
    out.out.write_all(&digest)?;
    Ok(out.out)
}

fn read(bytes: &[u8]) -> Result<Option<Saved>, StateError> {
    let (content, digest) = bytes.split_last_chunk::<DIGEST>().ok_or(StateError::Damaged("it is cut short"))?;
    let line_end = content.iter().take(MAX_MARK).position(|b| *b == b'\n');
    let line_end = line_end.ok_or(StateError::Damaged("it is no state"))?;
    let mark: serde_json::Value =
        serde_json::from_slice(&content[..line_end]).map_err(|_| StateError::Damaged("it is no state"))?;
    let format = mark["format"].as_str();
    match format {
        Some(known) if known == FORMAT || EARLIER.contains(&known) => {}
        Some(other) if other.starts_with(FORMATS) => return Err(StateError::UnknownFormat(other.to_owned())),
        _ => return Err(StateError::Damaged("it is no state")),
    }
    if Hash::of(content).0 != *digest {
        return Err(StateError::Damaged("its checksum is another"));
    }
    if format != Some(FORMAT) {
        return Ok(None);
    }
    let mark: Mark = serde_json::from_value(mark).map_err(|_| StateError::Damaged("it does not say what it is of"))?;
    let (segment, rest): (Segment, _) = postcard::take_from_bytes(&content[line_end + 1..])
        .map_err(|_| StateError::Damaged("its segment cannot be read"))?;
    if !rest.is_empty() || end(&mark.identity(), &segment) != Some((mark.seq, mark.hash, mark.root)) {
        return Err(StateError::Damaged("its segment is not what it says"));
    }
    Ok(Some(Saved { mark, segment }))
}

/// Hashes what is written, and keeps why it could not be.
struct Hashing<W> {
    out: W,
    hasher: Sha256,
    failed: Option<io::Error>,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes).inspect_err(|error| self.failed = Some(copy(error)))?;
        self.hasher.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush().inspect_err(|error| self.failed = Some(copy(error)))
    }
}

/// Its kind and its words: the system's error itself cannot be copied.
fn copy(error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_core::surveyor::Context;

    fn saved() -> Saved {
        let folder = std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo says where the package is");
        let path = Path::new(&folder).join("../../tests/vectors/good.jsonl");
        let export = std::fs::read_to_string(path).unwrap();
        let lines: Vec<&str> = export.split_inclusive('\n').collect();
        let header: countersign_core::export::header::Header = serde_json::from_str(lines[0]).unwrap();
        let segment = Segment::of_lines(Context::of_ledger(None), lines[1..=20].concat().as_bytes());
        let identity = Identity { ledger: header.ledger, ledger_id: header.ledger_id };
        Saved { mark: Mark::of(&identity, &segment, Timestamp::from_millis(0)).unwrap(), segment }
    }

    #[test]
    fn it_reads_what_it_writes() {
        let folder = tempfile::tempdir().unwrap();
        let file = StateFile::in_folder(folder.path());
        assert!(file.read().unwrap().is_none());
        let saved = saved();
        let prepared = file.prepare(&saved.mark, &saved.segment).unwrap();
        assert!(file.read().unwrap().is_none());
        drop(prepared);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is left of what was not kept");
        file.prepare(&saved.mark, &saved.segment).unwrap().keep().unwrap();
        assert_eq!(file.read().unwrap(), Some(saved));
        assert!(file.set_aside(Timestamp::from_millis(7)).unwrap().is_some());
        assert_eq!(file.set_aside(Timestamp::from_millis(8)).unwrap(), None);
        assert!(file.read().unwrap().is_none());
    }

    /// A disk with room for so many bytes.
    struct Disk(usize);

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let room = self.0.min(bytes.len());
            self.0 -= room;
            if room == 0 { Err(io::ErrorKind::StorageFull.into()) } else { Ok(room) }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_full_disk_is_told_as_one() {
        let Saved { mark, segment } = saved();
        let room = (0..).find(|room| write(Disk(*room), &mark, &segment).is_ok()).unwrap();
        assert!(room > 1000, "{room}");
        for less in 0..room {
            let error = write(Disk(less), &mark, &segment).err().unwrap();
            assert_eq!(error.kind(), io::ErrorKind::StorageFull, "{less} of {room}: {error}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_state_that_cannot_be_written_is_told_by_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let file = StateFile::in_folder(folder.path());
        std::os::unix::fs::symlink("/dev/full", files::beside(file.path())).unwrap();
        let Saved { mark, segment } = saved();
        let said = file.prepare(&mark, &segment).unwrap_err().to_string();
        assert!(said.contains("segment.state: ") && said.contains("No space left"), "{said}");
    }

    #[test]
    fn any_changed_or_missing_byte_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let file = StateFile::in_folder(folder.path());
        let saved = saved();
        file.prepare(&saved.mark, &saved.segment).unwrap().keep().unwrap();
        let good = std::fs::read(&file.path).unwrap();
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1;
            assert!(read(&bad).is_err(), "byte {at}");
            assert!(read(&good[..at]).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn a_later_format_is_told_from_a_damaged_one_and_an_earlier_is_none() {
        let other = |text: &str| {
            let mut bytes = text.as_bytes().to_vec();
            bytes.extend(Hash::of(text.as_bytes()).0);
            read(&bytes)
        };
        for earlier in EARLIER {
            assert!(matches!(other(&format!("{{\"format\":\"{earlier}\"}}\n")), Ok(None)), "{earlier}");
        }
        let later = |text: &str| other(text).unwrap_err();
        assert!(matches!(later("{\"format\":\"countersign/watch/4\"}\n"), StateError::UnknownFormat(_)));
        assert!(matches!(later("{\"format\":\"something\"}\n"), StateError::Damaged(_)));
        assert!(matches!(later("garbage"), StateError::Damaged(_)));
    }
}
