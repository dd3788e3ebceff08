//! Writes an export to a body, on a thread that may wait.

use std::io::{self, Write};
use std::ops::Range;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use countersign_core::hash::Hash;
use countersign_core::timestamp::Timestamp;
use countersign_store::export::{self, Extent};
use countersign_store::{SignedCheckpoint, Snapshot, StoreError};
use flate2::Compression;
use flate2::write::GzEncoder;
use hyper::header::{ACCEPT_RANGES, CACHE_CONTROL, CONTENT_RANGE, ETAG, HeaderValue};
use hyper::{HeaderMap, Response, StatusCode};
use prometheus_client::metrics::gauge::Gauge;
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use tokio::task::spawn_blocking;
use tracing::Span;

use super::conditions::{Conditions, Judged};
use super::form::{Form, Packing};
use super::pieces::{Pace, PieceBody, Pieces, pieces};
use super::range::Asked;
use super::validator::{Grounds, tag};
use super::window::Window;
use crate::answer::{Answer, empty, whole};
use crate::app::App;
use crate::limits::{EXPORT_PAUSE, Limits};
use crate::problem::Problem;

/// An export that is asked for.
pub(crate) struct Download {
    pub(crate) form: Form,
    pub(crate) conditions: Conditions,
    /// HEAD asks for what would be said of it.
    pub(crate) is_head: bool,
    /// Whether a checkpoint is signed for it where there is none.
    pub(crate) may_sign: bool,
}

/// What an answer says before its body, and how long that is where it is known.
struct Begun {
    status: StatusCode,
    headers: HeaderMap,
    length: Option<u64>,
}

type Tell = oneshot::Sender<Result<Begun, Problem>>;

/// Answers as soon as it is known what will be sent, which a thread goes on to write.
pub(crate) async fn begin(app: Arc<App>, download: Download) -> Result<Answer, Problem> {
    let (tell, told) = oneshot::channel();
    let (pieces, body) = pieces(Instant::now() + app.config.limits.export(), pace(&app.config.limits));
    let (span, is_head) = (Span::current(), download.is_head);
    let slot = Slot::Read(app.reading().await?);
    spawn_blocking(move || {
        span.in_scope(|| Writing { app: &app, download: &download, slot }.run(tell, pieces));
    });
    let begun = told.await.map_err(Problem::internal)??;
    Ok(begun.answer(body, is_head))
}

fn pace(limits: &Limits) -> Pace {
    Pace::new(limits.export_bytes_per_second, limits.stall())
}

impl Begun {
    fn answer(self, body: PieceBody, is_head: bool) -> Answer {
        let has_body = matches!(self.status, StatusCode::OK | StatusCode::PARTIAL_CONTENT) && !is_head;
        let mut answer = if has_body { Response::new(whole(body.of_length(self.length))) } else { empty() };
        if let (Some(length), true) = (self.length, is_head) {
            answer.headers_mut().insert(hyper::header::CONTENT_LENGTH, length.into());
        }
        *answer.status_mut() = self.status;
        answer.headers_mut().extend(self.headers);
        answer
    }
}

/// What the thread knows.
struct Writing<'a> {
    app: &'a App,
    download: &'a Download,
    slot: Slot,
}

/// What it counts as: a read like any other, until all of the entries are read.
enum Slot {
    Read(#[expect(dead_code, reason = "held")] OwnedSemaphorePermit),
    Export(#[expect(dead_code, reason = "held")] Counted),
}

/// One of the exports that may run at once.
struct Counted {
    _permit: OwnedSemaphorePermit,
    exports: Gauge,
}

impl Counted {
    fn new(app: &App) -> Result<Self, Problem> {
        let permit = Arc::clone(&app.exports).try_acquire_owned();
        let busy = |_| Problem::new("TOO_MANY_EXPORTS", "others are being written").retry_after(EXPORT_PAUSE);
        let counted = Self { _permit: permit.map_err(busy)?, exports: app.metrics.exports.clone() };
        counted.exports.inc();
        Ok(counted)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.exports.dec();
    }
}

/// An export, settled in every byte.
struct Settled {
    extent: Extent,
    last: u64,
    notes: Vec<String>,
    /// `None` where it depends on a checkpoint that is not signed yet.
    tag: Option<String>,
}

impl Writing<'_> {
    fn run(mut self, tell: Tell, pieces: Pieces) {
        let mut snapshot = match self.app.ledger.store().snapshot() {
            Ok(snapshot) => snapshot,
            Err(error) => return drop(tell.send(Err(error.into()))),
        };
        let (begun, settled, window) = match self.settle(&mut *snapshot, &tell) {
            Ok(settled) => settled,
            Err(problem) => return drop(tell.send(Err(problem))),
        };
        if !matches!(begun.status, StatusCode::OK | StatusCode::PARTIAL_CONTENT) || self.download.is_head {
            return drop(tell.send(Ok(begun)));
        }
        if let Err(problem) = self.count() {
            return drop(tell.send(Err(problem)));
        }
        if tell.send(Ok(begun)).is_err() {
            return;
        }
        let written = self.write(&mut *snapshot, &settled, window, pieces);
        // Before the last bytes go out: who has them may ask for the next export at once.
        drop((snapshot, self.slot));
        match written.and_then(|pieces| Ok(pieces.finish()?)) {
            Ok(()) => {}
            Err(error @ StoreError::Io(_)) => tracing::info!(%error, "an export was not read to its end"),
            Err(error) => tracing::error!(%error, "an export was broken off"),
        }
    }

    /// From here on it is one of the exports that may run at once.
    fn count(&mut self) -> Result<(), Problem> {
        if matches!(self.slot, Slot::Read(_)) {
            self.slot = Slot::Export(Counted::new(self.app)?);
        }
        Ok(())
    }

    /// Which entries, what goes into the trailer, what is sent of it.
    fn settle(&mut self, snapshot: &mut dyn Snapshot, tell: &Tell) -> Result<(Begun, Settled, Range<u64>), Problem> {
        let form = &self.download.form;
        let settled = self.settled(snapshot)?;
        let mut headers = HeaderMap::new();
        form.describe(settled.last, &mut headers)?;
        if let Some(tag) = &settled.tag {
            headers.insert(ETAG, HeaderValue::try_from(tag).map_err(Problem::internal)?);
        }
        headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
        let judged = settled.tag.as_deref().map(|tag| self.download.conditions.judge(tag));
        let range = match judged.unwrap_or(Judged::Sent(None)) {
            Judged::Failed => return Err(Problem::new("PRECONDITION_FAILED", "the export has another ETag")),
            Judged::NotModified => {
                let begun = Begun { status: StatusCode::NOT_MODIFIED, headers, length: None };
                return Ok((begun, settled, 0..0));
            }
            Judged::Sent(range) => range.filter(|_| !self.download.is_head),
        };
        let Some(asked) = range else {
            let length = settled.tag.as_deref().and_then(|tag| self.app.lengths.find(tag));
            return Ok((Begun { status: StatusCode::OK, headers, length }, settled, 0..u64::MAX));
        };
        let (window, total) = self.window(snapshot, &settled, asked, tell)?;
        let range = format!("bytes {}-{}/{total}", window.start, window.end - 1);
        headers.insert(CONTENT_RANGE, HeaderValue::try_from(range).map_err(Problem::internal)?);
        let length = Some(window.end - window.start);
        Ok((Begun { status: StatusCode::PARTIAL_CONTENT, headers, length }, settled, window))
    }

    fn settled(&mut self, snapshot: &mut dyn Snapshot) -> Result<Settled, Problem> {
        let form = &self.download.form;
        let store = self.app.ledger.store();
        let head = snapshot.head().clone();
        let last = form.last.unwrap_or(head.seq);
        let is_empty = head.seq == 0 && form.first == 1 && form.last.is_none();
        if !is_empty && (form.first > last || last > head.seq) {
            let missing = form.first.max(last);
            return Err(Problem::not_found(format_args!("entry {missing}: the ledger has {}", head.seq)));
        }
        let last_hash = if last == head.seq { head.hash } else { hash_of(snapshot, last)? };
        let notes = self.notes(last, head.seq)?;
        let identity = store.identity();
        let tag = notes.as_ref().map(|notes| tag(form, &Grounds { identity, head: &head, last, last_hash, notes }));
        let notes = notes.unwrap_or_default();
        let extent = Extent { first: form.first, last: Some(last), personal: form.personal, exported_at: None };
        Ok(Settled { extent, last, notes, tag })
    }

    /// The checkpoint of exactly these entries, made where there is none by today's keys yet: the next export has the same one.
    /// That of the ledger's head is kept where it can be; others, of which there can be as many as there are entries, are only
    /// remembered. `None`: one would be signed, were it asked for more than what would be said of it.
    fn notes(&mut self, last: u64, head: u64) -> Result<Option<Vec<String>>, Problem> {
        let store = self.app.ledger.store();
        let voucher = self.app.voucher.as_ref().filter(|_| self.download.may_sign);
        let kept = || -> Result<Option<Vec<String>>, StoreError> {
            // Another key's says nothing to whoever has the verifying key of this one.
            let is_own = |kept: &SignedCheckpoint| voucher.is_none_or(|voucher| voucher.signed(kept));
            let kept = store.checkpoint(Some(last))?.filter(|kept| kept.size == last && is_own(kept));
            Ok(kept.map(|kept| vec![kept.note]))
        };
        if let Some(kept) = kept()? {
            return Ok(Some(kept));
        }
        let Some(voucher) = voucher else { return Ok(Some(Vec::new())) };
        if let Some(note) = self.app.notes.find(&last) {
            return Ok(Some(vec![note]));
        }
        if self.download.is_head {
            return Ok(None);
        }
        self.count()?;
        let signed = voucher.vouch(store, last, now())?;
        if last == head {
            match store.keep_checkpoint(&signed) {
                // A database that is only read keeps none; this process remembers it.
                Err(StoreError::Refused { .. }) => {}
                outcome => outcome?,
            }
            if let Some(kept) = kept()? {
                return Ok(Some(kept));
            }
        }
        Ok(Some(vec![self.app.notes.note(last, signed.note)]))
    }

    /// The bytes that are asked for, and how many there are in all.
    fn window(
        &mut self,
        snapshot: &mut dyn Snapshot,
        settled: &Settled,
        asked: Asked,
        tell: &Tell,
    ) -> Result<(Range<u64>, u64), Problem> {
        let known = settled.tag.as_deref().and_then(|tag| self.app.lengths.find(tag));
        let length = match known {
            Some(length) => length,
            None => self.measure(snapshot, settled, tell)?,
        };
        let window = asked.of(length).ok_or_else(|| {
            let unsatisfied = HeaderValue::try_from(format!("bytes */{length}"));
            let problem = Problem::new("RANGE_NOT_SATISFIABLE", format_args!("the export has {length} bytes"));
            match unsatisfied {
                Ok(value) => problem.header(CONTENT_RANGE, value),
                Err(_) => problem,
            }
        })?;
        Ok((window, length))
    }

    /// Writes it to nowhere, to know its length.
    fn measure(&mut self, snapshot: &mut dyn Snapshot, settled: &Settled, tell: &Tell) -> Result<u64, Problem> {
        self.count()?;
        let until = Instant::now() + self.app.config.limits.export();
        let mut counted = Window::new(Watched { tell, until }, 0..u64::MAX);
        self.pack(snapshot, settled, &mut counted).map_err(|error| match error {
            StoreError::Io(_) => Problem::new("TIMED_OUT", "the export took too long").retry_after(EXPORT_PAUSE),
            other => other.into(),
        })?;
        self.note_length(settled, counted.written());
        Ok(counted.written())
    }

    /// All but the end of it.
    fn write(
        &self,
        snapshot: &mut dyn Snapshot,
        settled: &Settled,
        window: Range<u64>,
        mut pieces: Pieces,
    ) -> Result<Pieces, StoreError> {
        let is_whole = window == (0..u64::MAX);
        let mut out = Window::new(&mut pieces, window);
        let written = self.pack(snapshot, settled, &mut out);
        let (length, is_past) = (out.written(), out.is_past());
        // Nobody needs what follows the window, so its end is no failure.
        if !is_past {
            written?;
        }
        if is_whole {
            self.note_length(settled, length);
        }
        Ok(pieces)
    }

    fn note_length(&self, settled: &Settled, length: u64) {
        if let Some(tag) = &settled.tag {
            self.app.lengths.note(tag.clone(), length);
        }
    }

    fn pack(&self, snapshot: &mut dyn Snapshot, settled: &Settled, out: &mut dyn Write) -> Result<(), StoreError> {
        let identity = self.app.ledger.store().identity();
        let mut sign = |_: u64, _: Hash| settled.notes.clone();
        if self.download.form.packing == Packing::Plain {
            return export::write(snapshot, identity, &settled.extent, &mut sign, out).map(drop);
        }
        let mut gzip = GzEncoder::new(out, Compression::fast());
        export::write(snapshot, identity, &settled.extent, &mut sign, &mut gzip)?;
        Ok(gzip.finish().map(drop)?)
    }
}

/// Takes everything, as long as somebody waits for the answer.
struct Watched<'a> {
    tell: &'a Tell,
    until: Instant,
}

impl Write for Watched<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.tell.is_closed() || Instant::now() > self.until {
            return Err(io::Error::new(io::ErrorKind::TimedOut, "nobody waits for it any more"));
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn hash_of(snapshot: &mut dyn Snapshot, seq: u64) -> Result<Hash, Problem> {
    let mut hash = None;
    snapshot.entries(seq..=seq, &mut |record| {
        hash = record.hash();
        Ok(())
    })?;
    hash.ok_or_else(|| StoreError::Damaged(format!("entry {seq} is missing, or its hash is none")).into())
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or_default())
}
