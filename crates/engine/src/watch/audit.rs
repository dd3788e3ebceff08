//! One audit of a store: of what is new, or of everything.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::io::{self, BufWriter, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use countersign_core::checkpoint::{SignedNote, VerifyingKey};
use countersign_core::export::header::{FORMAT, Header, PersonalData};
use countersign_core::export::writer::Writer;
use countersign_core::hash::Hash;
use countersign_core::incremental;
use countersign_core::report::{Finding, Input, Report};
use countersign_core::seal::Record;
use countersign_core::segment::Segment;
use countersign_core::surveyor::Context;
use countersign_core::taxes::Taxes;
use countersign_core::timestamp::Timestamp;
use countersign_core::{Options, Step, Unreadable, Verifier};
use countersign_store::{Identity, SignedCheckpoint, Snapshot, Store, StoreError, Subtrees, export};
use serde::{Deserialize, Serialize};

use super::clock::Clock;
use super::contradiction::{Contradiction, ContradictionKind, of_head, of_mark, of_protection, of_replica};
use super::state::{Mark, Prepared, Saved, StateError, StateFile};
use super::throttle::Throttled;

/// How much an audit reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// What is new since the last one, and all documents. Where something is wrong, or no state is saved, everything.
    Incremental,
    /// Everything.
    Full,
}

/// What an audit came to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Audit {
    /// When it started.
    pub at: Timestamp,
    /// What was read in the end.
    pub kind: Kind,
    /// Whether there was no saved state to hold the ledger against: every entry was read, and what was dropped or
    /// rewritten before is not seen.
    pub without_state: bool,
    /// How long it took, without what it slept to spare the database.
    pub took: Duration,
    /// Entries of the ledger.
    pub entries: u64,
    /// What the entries and documents show; `None` where the store is too damaged to be read.
    pub report: Option<Report>,
    /// What they do not show.
    pub contradictions: Vec<Contradiction>,
}

/// Why an audit came to no verdict.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// Of the store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Of the saved state.
    #[error(transparent)]
    State(#[from] StateError),
    /// The store's export is none.
    #[error("the ledger cannot be read as an export: {0}")]
    Unreadable(#[from] Unreadable),
    /// The replica lags behind what was verified already.
    #[error("the replica has {found} entries, and {verified} were verified already: it lags behind")]
    ReplicaBehind {
        /// Entries that it has.
        found: u64,
        /// Entries that were verified.
        verified: u64,
    },
    /// Whoever asked for it wants it no longer.
    #[error("the audit was stopped")]
    Stopped,
    /// The program has a fault.
    #[error("the audit panicked: {0}")]
    Panicked(String),
}

impl Audit {
    /// Whether nothing was found.
    #[must_use]
    pub fn valid(&self) -> bool {
        self.contradictions.is_empty() && self.report.as_ref().is_some_and(|report| report.valid)
    }

    /// How many findings and contradictions.
    #[must_use]
    pub fn findings(&self) -> u64 {
        self.contradictions.len() as u64 + self.report.as_ref().map_or(0, |report| report.findings_total)
    }

    /// Tells one set of findings from another: by what and where, not by values that go on changing.
    pub(super) fn signature(&self) -> String {
        let mut text = format!("{:?}", self.contradictions.iter().map(|c| c.kind).collect::<Vec<_>>());
        for finding in self.report.iter().flat_map(|report| &report.findings) {
            let Finding { error_type, seq, account, currency, tax_type, field, .. } = finding;
            text.push_str(&format!("{error_type:?} {seq:?} {account:?} {currency:?} {tax_type:?} {field:?}\n"));
        }
        Hash::of(text.as_bytes()).to_string()[..16].to_owned()
    }

    /// A code and a sentence for each contradiction and each listed finding.
    pub fn found(&self) -> impl Iterator<Item = (String, &str)> {
        let findings = self.report.iter().flat_map(|report| &report.findings);
        let code = |kind| serde_json::to_value(kind).ok().and_then(|v| v.as_str().map(str::to_owned));
        let findings = findings.map(move |f| (code(f.error_type).unwrap_or_default(), f.message.as_str()));
        self.contradictions.iter().map(|c| (c.kind.code().to_owned(), c.message.as_str())).chain(findings)
    }
}

/// What audits a store.
pub(super) struct Auditor<'a> {
    /// What is audited.
    pub(super) store: &'a dyn Store,
    /// The primary, where that is a replica.
    pub(super) primary: Option<&'a dyn Store>,
    pub(super) state: &'a StateFile,
    pub(super) clock: &'a Arc<dyn Clock>,
    pub(super) entries_per_second: u64,
    pub(super) keys: &'a [VerifyingKey],
    /// What taxes are held to; FORMAT.md's table where there is none.
    pub(super) taxes: Option<&'a Taxes>,
    /// Ends the audit.
    pub(super) stop: &'a AtomicBool,
}

impl Auditor<'_> {
    /// Audits, and saves the state where nothing was found.
    pub(super) fn audit(&self, kind: Kind) -> Result<Audit, AuditError> {
        let (at, began) = (self.clock.now(), self.clock.elapsed());
        let mut audit = Audit {
            at,
            kind,
            without_state: false,
            took: Duration::ZERO,
            entries: 0,
            report: None,
            contradictions: Vec::new(),
        };
        let slept = Cell::new(Duration::ZERO);
        match self.judge(&mut audit, &slept) {
            Err(_) if self.stop.load(Ordering::Relaxed) => return Err(AuditError::Stopped),
            Err(AuditError::Store(StoreError::Damaged(why))) => {
                audit.contradictions.push(ContradictionKind::StoreDamaged.found(why));
            }
            outcome => outcome?,
        }
        audit.took = self.clock.elapsed().saturating_sub(began).saturating_sub(slept.get());
        let timed = |report: Report| report.timed(self.clock.now().millis(), audit.took.as_secs_f64() * 1000.0);
        audit.report = audit.report.map(timed);
        Ok(audit)
    }

    fn judge(&self, audit: &mut Audit, slept: &Cell<Duration>) -> Result<(), AuditError> {
        audit.contradictions.extend(of_protection(self.primary.unwrap_or(self.store))?);
        let saved = self.saved(audit)?;
        // Before the snapshot, which then has at least as many entries as this says, unless some were dropped.
        let latest = self.store.checkpoint(None)?;
        let (snapshot, rate) = (self.store.snapshot()?, self.entries_per_second);
        let mut snapshot = Throttled::new(snapshot, &**self.clock, rate, slept, self.stop);
        audit.entries = snapshot.head().seq;
        let beyond = latest.filter(|latest| self.covers_more(latest, audit.entries));
        // What an audit of what is new leaves to those before it: there was none, or entries are gone since.
        if audit.without_state || beyond.is_some() {
            audit.kind = Kind::Full;
        }
        if let Some(primary) = self.primary {
            audit.contradictions.extend(of_replica(primary, &snapshot)?);
        }
        if let Some(saved) = &saved {
            self.hold_against(&saved.mark, &mut snapshot, audit)?;
        }
        let mut prepared = Ok(None);
        if audit.contradictions.is_empty() {
            (audit.report, prepared) = self.increment(saved, &mut snapshot, audit.at)?;
        }
        let (follows, mut subtrees) = (audit.report.is_some(), None);
        if !follows || audit.kind == Kind::Full {
            audit.kind = Kind::Full;
            let (report, differs) = self.full(&mut snapshot, beyond)?;
            (audit.report, subtrees) = (Some(report), differs);
        }
        self.look_beyond(audit, &mut snapshot, follows, subtrees)?;
        // What was found counts, though the state could not be written.
        if audit.valid()
            && let Some(prepared) = prepared.map_err(StateError::from)?
        {
            prepared.keep().map_err(StateError::from)?;
        }
        Ok(())
    }

    /// The saved state. One that is damaged is a finding: what it knew of the ledger is lost.
    fn saved(&self, audit: &mut Audit) -> Result<Option<Saved>, AuditError> {
        match self.state.read() {
            Err(error @ StateError::Damaged(_)) => {
                audit.contradictions.push(ContradictionKind::StateDamaged.found(format!("{error}.")));
                Ok(None)
            }
            read => {
                let saved = read?;
                audit.without_state = saved.is_none();
                Ok(saved)
            }
        }
    }

    fn hold_against(&self, mark: &Mark, snapshot: &mut dyn Snapshot, audit: &mut Audit) -> Result<(), AuditError> {
        let found = snapshot.head().seq;
        if self.primary.is_some() && found < mark.seq {
            let primary = self.primary.map(|primary| primary.entry(mark.seq)).transpose()?.flatten();
            if primary.and_then(|record| record.hash()) == Some(mark.hash) {
                return Err(AuditError::ReplicaBehind { found, verified: mark.seq });
            }
        }
        audit.contradictions.extend(of_mark(mark, self.store.identity(), snapshot)?);
        Ok(())
    }

    /// What no export shows: the ledger's head, what the subtrees differ in, and whether what was saved led here.
    fn look_beyond(
        &self,
        audit: &mut Audit,
        snapshot: &mut dyn Snapshot,
        follows: bool,
        subtrees: Option<String>,
    ) -> Result<(), AuditError> {
        let Some(report) = audit.report.as_ref().filter(|report| report.valid) else { return Ok(()) };
        match subtrees {
            Some(why) => audit.contradictions.push(ContradictionKind::HeadDiffers.found(why)),
            None => audit.contradictions.extend(of_head(report, snapshot)?),
        }
        if !follows && audit.contradictions.is_empty() {
            let message = "The ledger agrees with itself, and what is new does not follow on the saved state.";
            audit.contradictions.push(ContradictionKind::StateDisagrees.found(message));
        }
        Ok(())
    }

    /// Reads what is new; the report, where it and everything before are well, and the state after it.
    fn increment(
        &self,
        saved: Option<Saved>,
        snapshot: &mut dyn Snapshot,
        at: Timestamp,
    ) -> Result<(Option<Report>, io::Result<Option<Prepared>>), AuditError> {
        let identity = self.store.identity();
        let head = snapshot.head().clone();
        let nothing = || StoreError::Damaged("the ledger's names give no first hash".to_owned());
        let Saved { mark, mut segment } = saved.or_else(|| Saved::nothing(identity, at)).ok_or_else(nothing)?;
        let new = self.entries(&mark, head.seq, snapshot)?;
        segment.forget_blocks(&new.erased);
        let whole = segment.merge(new.segment);
        let prepared = Mark::of(identity, &whole, at).map(|mark| self.state.prepare(&mark, &whole)).transpose();
        let mut writer = Writer::resume(self.lines(), head.seq, head.seq, head.hash);
        snapshot.accounts(&mut |account| Ok(writer.user(&account.document())?))?;
        writer.treasury(&snapshot.treasury()?.document()).map_err(StoreError::from)?;
        let (documents, bytes) = writer.finish(Vec::new()).map_err(StoreError::from)?.finish();
        let report = incremental::conclude(header(identity), mark.seq, whole.merge(documents), self.taxes.cloned());
        let input = Input { name: Some(identity.ledger.clone()), bytes: new.bytes + bytes, sha256: None };
        Ok((report.map(|report| Report { input, ..report }), prepared))
    }

    /// The entries after a mark.
    fn entries(&self, mark: &Mark, last: u64, snapshot: &mut dyn Snapshot) -> Result<New, AuditError> {
        let mut writer = Writer::resume(self.lines(), mark.seq, mark.seq, mark.hash);
        let mut erasures = Vec::new();
        if last > mark.seq {
            snapshot.entries(mark.seq + 1..=last, &mut |record| {
                if record.kind == "ERASURE" {
                    erasures.extend(record.reference_id.clone());
                }
                // What is no hash is seen by whoever reads the line.
                Ok(writer.entry(&record.entry(), record.hash().unwrap_or_default())?)
            })?;
        }
        let (segment, bytes) = writer.into_inner().finish();
        Ok(New { segment, bytes, erased: self.erased(&erasures)? })
    }

    fn lines(&self) -> Lines {
        let context = Context::of_ledger(self.taxes.cloned());
        Lines { context, segment: Segment::default(), block: Vec::new(), bytes: 0 }
    }

    /// Those of the entries that were named whose block is gone indeed.
    fn erased(&self, named: &[String]) -> Result<BTreeSet<u128>, AuditError> {
        let mut erased = BTreeSet::new();
        for id in named {
            let record = self.store.entry_by_id(id)?.filter(|record| record.personal.is_none());
            erased.extend(record.as_ref().and_then(id_of));
        }
        Ok(erased)
    }

    /// Whether a checkpoint that is kept covers more entries than there are; of those that a key opens, where there are
    /// keys: anybody's may stand there.
    fn covers_more(&self, kept: &SignedCheckpoint, entries: u64) -> bool {
        let is_opened = || SignedNote::parse(&kept.note).is_ok_and(|note| note.open(self.keys).is_ok());
        kept.size > entries && (self.keys.is_empty() || is_opened())
    }

    /// Audits everything, as an auditor would an export; twice, where something is wrong, from one snapshot. And where the
    /// subtrees that are kept differ first from those of the entries. `beyond`: a checkpoint of more entries than there are.
    fn full(
        &self,
        snapshot: &mut dyn Snapshot,
        beyond: Option<SignedCheckpoint>,
    ) -> Result<(Report, Option<String>), AuditError> {
        let identity = self.store.identity();
        let kept = self.store.checkpoint(Some(snapshot.head().seq))?;
        let notes: Vec<String> = kept.into_iter().chain(beyond).map(|checkpoint| checkpoint.note).collect();
        // Before the first checkpoint there is nothing that a key could open, which is no finding here.
        let keys = if notes.is_empty() { Vec::new() } else { self.keys.to_vec() };
        let name = Some(identity.ledger.clone());
        let taxes = self.taxes.cloned();
        let options = Options { name, input_hash: false, keys, taxes, ..Options::default() };
        let mut subtrees = Subtrees::of(self.store);
        let mut verifier = Verifier::new(options);
        feed(&mut verifier, identity, snapshot, &notes, &mut |hash| subtrees.push(&hash))?;
        let differs = subtrees.finish()?;
        loop {
            match verifier.finish()? {
                Step::Done(report) => return Ok((report, differs)),
                Step::ReadAgain(again) => verifier = again,
            }
            feed(&mut verifier, identity, snapshot, &notes, &mut |_| Ok(()))?;
        }
    }
}

/// One reading of a snapshot. `each` is handed every entry's hash.
fn feed(
    verifier: &mut Verifier,
    identity: &Identity,
    snapshot: &mut dyn Snapshot,
    notes: &[String],
    each: &mut dyn FnMut(Hash) -> Result<(), StoreError>,
) -> Result<(), AuditError> {
    let mut fed = Fed { verifier, refused: None };
    let out = BufWriter::with_capacity(CHUNK, &mut fed);
    let written = export::write_as_it_stands(snapshot, identity, notes.to_vec(), each, out);
    match fed.refused {
        Some(refused) => Err(refused.into()),
        None => Ok(written?),
    }
}

/// What came since a mark.
struct New {
    segment: Segment,
    bytes: u64,
    /// Entries, perhaps before it, whose blocks are gone.
    erased: BTreeSet<u128>,
}

/// An entry's id as 128 bits.
fn id_of(record: &Record) -> Option<u128> {
    uuid::Uuid::parse_str(&record.transaction_id).ok().map(|id| id.as_u128())
}

/// That of an export of the whole ledger.
fn header(identity: &Identity) -> Header {
    Header {
        format: FORMAT.to_owned(),
        ledger: identity.ledger.clone(),
        ledger_id: identity.ledger_id.clone(),
        first_seq: 1,
        personal: PersonalData::Full,
        exported_at: None,
        last_seq: None,
        prefix: None,
    }
}

/// How much is verified at once, in bytes.
const CHUNK: usize = 1 << 18;

/// Surveys the lines that are written to it.
struct Lines {
    context: Context,
    segment: Segment,
    block: Vec<u8>,
    bytes: u64,
}

impl Lines {
    fn take_block(&mut self) {
        self.bytes += self.block.len() as u64;
        let new = Segment::of_lines(self.context.clone(), &self.block);
        self.segment = std::mem::take(&mut self.segment).merge(new);
        self.block.clear();
    }

    fn finish(mut self) -> (Segment, u64) {
        self.take_block();
        (self.segment, self.bytes)
    }
}

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.block.extend_from_slice(bytes);
        // The writer ends a line, and nothing else, with a line feed.
        if self.block.len() >= CHUNK && bytes.ends_with(b"\n") {
            self.take_block();
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Feeds a verifier with what is written.
struct Fed<'a> {
    verifier: &'a mut Verifier,
    refused: Option<Unreadable>,
}

impl Write for &mut Fed<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.verifier.push(bytes) {
            Ok(()) => Ok(bytes.len()),
            Err(refused) => {
                self.refused = Some(refused);
                Err(io::Error::other("the verifier does not take it"))
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
