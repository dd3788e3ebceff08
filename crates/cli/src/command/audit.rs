//! The audit of a ledger where it is kept: a snapshot is written as an export, into the verifier.

use std::io::{self, BufWriter, Write};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use countersign_core::hash::Hash;
use countersign_core::verify::Progress;
use countersign_core::{Options, Report, Step, Unreadable, Verifier};
use countersign_store::{SignedCheckpoint, Snapshot, Store, StoreError, Subtrees, export};

/// How much is verified at once, in bytes.
const CHUNK: usize = 1 << 18;

/// Audits a ledger. Commits go on meanwhile, and are not seen. `on_progress` is called after every chunk.
///
/// # Errors
/// [`Unreadable`] where the ledger cannot be read; what is wrong with it is in the report.
pub(super) fn run(
    store: &dyn Store,
    options: &Options,
    on_progress: &mut dyn FnMut(Progress),
) -> Result<Report, Unreadable> {
    // Before the snapshot, which then has at least as many entries as this says, unless some were dropped.
    let latest = store.checkpoint(None).map_err(unreadable)?;
    let mut snapshot = store.snapshot().map_err(unreadable)?;
    let notes = notes(store, snapshot.head().seq, latest).map_err(unreadable)?;
    let mut verifier = Verifier::new(options.clone());
    let mut subtrees = Subtrees::of(store);
    verifier = read(store, &mut *snapshot, verifier, &notes, on_progress, &mut |hash| subtrees.push(&hash))?;
    let differs = subtrees.finish().map_err(unreadable)?;
    loop {
        match verifier.finish()? {
            Step::Done(report) => return hold_subtrees(hold_head(report, &*snapshot)?, differs),
            Step::ReadAgain(again) => {
                verifier = read(store, &mut *snapshot, again, &notes, on_progress, &mut |_| Ok(()))?;
            }
        }
    }
}

/// The notes that are kept: the latest of entries that there are, and the latest of all where it covers more.
fn notes(store: &dyn Store, head: u64, latest: Option<SignedCheckpoint>) -> Result<Vec<String>, StoreError> {
    let beyond = latest.filter(|latest| latest.size > head);
    Ok(store.checkpoint(Some(head))?.into_iter().chain(beyond).map(|checkpoint| checkpoint.note).collect())
}

/// The head stands in the database beside the entries: an export does not show one that disagrees with them.
fn hold_head(report: Report, snapshot: &dyn Snapshot) -> Result<Report, Unreadable> {
    let head = snapshot.head();
    let root = head.range.root().map(|root| root.to_string());
    if report.valid && (report.head != Some(head.hash.to_string()) || head.seq > 0 && report.root != root) {
        let why = "the head that is kept is not that of the entries".to_owned();
        return Err(unreadable(StoreError::Damaged(why)));
    }
    Ok(report)
}

/// The subtrees stand beside them too. Where the entries are not well, these are the finding.
fn hold_subtrees(report: Report, differs: Option<String>) -> Result<Report, Unreadable> {
    match differs.filter(|_| report.valid) {
        Some(why) => Err(unreadable(StoreError::Damaged(why))),
        None => Ok(report),
    }
}

/// One reading of the snapshot. `each` is handed every entry's hash.
fn read(
    store: &dyn Store,
    snapshot: &mut dyn Snapshot,
    verifier: Verifier,
    notes: &[String],
    on_progress: &mut dyn FnMut(Progress),
    each: &mut dyn FnMut(Hash) -> Result<(), StoreError>,
) -> Result<Verifier, Unreadable> {
    let mut feed = Feed { verifier, failed: None, on_progress };
    let out = BufWriter::with_capacity(CHUNK, &mut feed);
    let written = export::write_as_it_stands(snapshot, store.identity(), notes.to_vec(), each, out);
    if let Some(failed) = feed.failed {
        return Err(failed);
    }
    written.map_err(unreadable)?;
    Ok(feed.verifier)
}

fn unreadable(error: StoreError) -> Unreadable {
    match error {
        StoreError::Io(error) => Unreadable::Io(error),
        other => Unreadable::Io(io::Error::other(other)),
    }
}

/// Takes what is written to the verifier.
struct Feed<'a> {
    verifier: Verifier,
    failed: Option<Unreadable>,
    on_progress: &'a mut dyn FnMut(Progress),
}

impl Write for Feed<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.verifier.push(bytes) {
            Ok(()) => {
                (self.on_progress)(self.verifier.progress());
                Ok(bytes.len())
            }
            Err(error) => {
                self.failed = Some(error);
                Err(io::Error::other("the audit stopped"))
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A report, dated now, with how long it took.
pub(super) fn timed(report: Report, took: Duration) -> Report {
    // A clock before 1970 is no reason to refuse an audit.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    report.timed(i64::try_from(now.as_millis()).unwrap_or(i64::MAX), took.as_secs_f64() * 1000.0)
}
