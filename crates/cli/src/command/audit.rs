//! The audit of a ledger where it is kept: a snapshot is written as an export, into the verifier.

use std::io::{self, BufWriter, Write};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use countersign_core::verify::Progress;
use countersign_core::{Options, Report, Step, Unreadable, Verifier};
use countersign_store::export::{self, Extent};
use countersign_store::{Snapshot, Store, StoreError};

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
    let mut snapshot = store.snapshot().map_err(unreadable)?;
    let mut verifier = Verifier::new(options.clone());
    loop {
        verifier = read(store, &mut *snapshot, verifier, on_progress)?;
        match verifier.finish()? {
            Step::Done(report) => return hold_head(report, &*snapshot),
            Step::ReadAgain(again) => verifier = again,
        }
    }
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

/// One reading of the snapshot.
fn read(
    store: &dyn Store,
    snapshot: &mut dyn Snapshot,
    verifier: Verifier,
    on_progress: &mut dyn FnMut(Progress),
) -> Result<Verifier, Unreadable> {
    let mut feed = Feed { verifier, failed: None, on_progress };
    let mut kept = Ok(None);
    let mut latest = |size, _| {
        kept = store.checkpoint(Some(size));
        kept.iter().flatten().map(|checkpoint| checkpoint.note.clone()).collect()
    };
    let out = BufWriter::with_capacity(CHUNK, &mut feed);
    let written = export::write(snapshot, store.identity(), &Extent::default(), &mut latest, out);
    if let Some(failed) = feed.failed {
        return Err(failed);
    }
    written.map_err(unreadable)?;
    kept.map_err(unreadable)?;
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
