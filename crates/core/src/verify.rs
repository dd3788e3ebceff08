//! The audit, fed with bytes: one reading where all is well, and a second where it is not.

use std::io::{Read, Seek};

use countersign_lanes::Hasher;

use crate::checkpoint::VerifyingKey;
use crate::forensics::{Holdings, SecondReading, conclude};
use crate::intake::{Cutter, Decoder};
use crate::legacy::LegacyAudit;
use crate::report::{Input, NotChecked, Report};
use crate::segment::Segment;
use crate::sniff::{Form, form};
use crate::survey::Survey;
use crate::surveyor::{Context, Marks, Surveyor};
use crate::taxes::Taxes;
use crate::unreadable::Unreadable;
use crate::{export::header::Header, hash::Hash};

/// What an audit is told.
#[derive(Clone, Debug)]
pub struct Options {
    /// How the caller names the input.
    pub name: Option<String>,
    /// Threads, at least 1. WebAssembly has one.
    pub threads: usize,
    /// Whether the SHA-256 of the input is computed along the way.
    pub input_hash: bool,
    /// Keys that the auditor trusts to sign this ledger's checkpoints.
    pub keys: Vec<VerifyingKey>,
    /// Checkpoints that the auditor kept or got elsewhere, each a signed note.
    pub checkpoints: Vec<String>,
    /// Keys of witnesses, who cosign what they saw: of `cosignature/v1`, and another never counts as one.
    pub witnesses: Vec<VerifyingKey>,
    /// How many of them must have cosigned for the grade `witnessed`; 0 for all.
    pub witness_quorum: usize,
    /// How many candidates may be tried in search of what changed entries said before; 0 for no search.
    pub recovery_budget: u64,
    /// What the auditor holds taxes to; by FORMAT.md's table where he gives none.
    pub taxes: Option<Taxes>,
}

impl Options {
    /// The default of [`Options::recovery_budget`]: a second or two of one core, however much was changed.
    pub const RECOVERY_BUDGET: u64 = 4_000_000;
}

impl Default for Options {
    /// No name, one thread, the input hashed, no key and no checkpoint, and the usual search for originals.
    fn default() -> Self {
        Self {
            name: None,
            threads: 1,
            input_hash: true,
            keys: Vec::new(),
            checkpoints: Vec::new(),
            witnesses: Vec::new(),
            witness_quorum: 0,
            recovery_budget: Self::RECOVERY_BUDGET,
            taxes: None,
        }
    }
}

/// How far an audit is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Which reading of the input this is, from 1.
    pub pass: u32,
    /// Bytes of this reading taken, as the input has them (before decompression).
    pub bytes: u64,
    /// Entries checked in this reading.
    pub entries: u64,
}

/// What finishing a reading leads to.
#[allow(clippy::large_enum_variant, reason = "made once an audit")]
#[derive(Debug)]
pub enum Step {
    /// The audit is done.
    Done(Report),
    /// The same bytes must be pushed once more from the start: something is wrong, and what is to be
    /// said; or a checkpoint of fewer entries than the export's is to be held against them.
    ReadAgain(Verifier),
}

/// What is read, and for what.
#[derive(Debug)]
enum Stage {
    /// The start, until it tells what the input is.
    Start(Vec<u8>),
    /// Format 2, the first time.
    Survey { header: Box<Header>, holdings: Box<Holdings>, cutter: Cutter, survey: Survey<Surveyor> },
    /// Format 2, the second time, once its header has passed.
    Again { cutter: Cutter, reading: SecondReading, header_passed: bool },
    /// Format 1.
    Legacy(Box<LegacyAudit>),
}

/// An audit fed with bytes.
///
/// ```
/// use countersign_core::{Options, Step, Verifier};
/// let export = std::fs::read("../../tests/vectors/good.jsonl")?;
/// let mut verifier = Verifier::new(Options::default());
/// let report = loop {
///     for chunk in export.chunks(4096) {
///         verifier.push(chunk)?;
///     }
///     match verifier.finish()? {
///         Step::Done(report) => break report,
///         Step::ReadAgain(again) => verifier = again,
///     }
/// };
/// assert!(report.valid);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Verifier {
    options: Options,
    decoder: Decoder,
    stage: Stage,
    pass: u32,
    bytes: u64,
    hasher: Option<Hasher>,
    input: Option<Input>,
}

impl Verifier {
    /// A new audit.
    #[must_use]
    pub fn new(options: Options) -> Self {
        let hasher = options.input_hash.then(Hasher::default);
        Self {
            options,
            decoder: Decoder::default(),
            stage: Stage::Start(Vec::new()),
            pass: 1,
            bytes: 0,
            hasher,
            input: None,
        }
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// Where the input is no export, or a limit is passed.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), Unreadable> {
        self.bytes += bytes.len() as u64;
        if let Some(hasher) = &mut self.hasher {
            hasher.update(bytes);
        }
        let Self { decoder, stage, options, .. } = self;
        decoder.push(bytes, &mut |decoded| stage.take(decoded, options))
    }

    /// Takes the next bytes from a reader, at most as many as `chunk` has, and gives how many there were: 0 at its
    /// end. They are read to where they stay, and past `chunk`, wherever that is possible.
    ///
    /// # Errors
    /// As [`Verifier::push`], and where reading fails.
    pub fn read(&mut self, input: &mut impl Read, chunk: &mut [u8]) -> Result<usize, Unreadable> {
        let Self { decoder, stage, bytes, hasher, .. } = self;
        if let Stage::Survey { cutter, survey, .. } = stage
            && decoder.is_plain()
        {
            let room = cutter.room();
            let size = room.len().min(chunk.len());
            let count = input.read(&mut room[..size])?;
            *bytes += count as u64;
            if let Some(hasher) = hasher {
                hasher.update(&room[..count]);
            }
            cutter.take(count, &mut |block| survey.block(block));
            return Ok(count);
        }
        let count = input.read(chunk)?;
        self.push(&chunk[..count])?;
        Ok(count)
    }

    /// What others must know to take a part of this reading: each of them makes a segment of a
    /// [`stretch`](crate::stretch) of what comes next. `None` where all is to be pushed here: what was pushed does not
    /// end with a line, or is anything but the first reading of a plain export of format 2 on one thread, or its
    /// bytes are hashed along the way.
    #[must_use]
    pub fn shared(&self) -> Option<Context> {
        match &self.stage {
            Stage::Survey { header, holdings, cutter, survey: Survey::Here(_) }
                if self.decoder.is_plain() && self.hasher.is_none() && cutter.is_between_lines() =>
            {
                Some(context(header, holdings))
            }
            _ => None,
        }
    }

    /// Takes what the next whole lines amount to, in the place of their bytes, of which there were so many.
    ///
    /// # Panics
    /// Where [`Verifier::shared`] gives none.
    pub fn join(&mut self, lines: Segment, bytes: u64) {
        assert!(self.shared().is_some(), "asked for before a stretch is given to others");
        if let Stage::Survey { cutter, survey, .. } = &mut self.stage {
            cutter.flush(&mut |block| survey.block(block));
            if let Some(total) = survey.total() {
                *total = std::mem::take(total).merge(lines);
            }
        }
        self.bytes += bytes;
    }

    /// How far it is.
    #[must_use]
    pub fn progress(&self) -> Progress {
        let entries = match &self.stage {
            Stage::Start(_) => 0,
            Stage::Survey { survey, .. } => survey.entries(),
            Stage::Again { reading, .. } => reading.entries(),
            Stage::Legacy(audit) => audit.entries(),
        };
        Progress { pass: self.pass, bytes: self.bytes, entries }
    }

    /// Ends this reading.
    ///
    /// # Errors
    /// As [`Verifier::push`].
    pub fn finish(mut self) -> Result<Step, Unreadable> {
        let Self { decoder, stage, options, .. } = &mut self;
        let cut_short = decoder.finish(&mut |decoded| stage.take(decoded, options))?;
        stage.decide(options, true).map_err(|why| match why {
            // The file has bytes, and what they say did not come.
            Unreadable::Empty if cut_short => {
                Unreadable::Decode { reason: "it ends before it says anything".to_owned() }
            }
            why => why,
        })?;
        let input = self.input.take().unwrap_or_else(|| Input {
            name: self.options.name.clone(),
            bytes: self.bytes,
            sha256: self.hasher.take().map(|h| Hash(h.finish()).to_string()),
        });
        let next = match self.stage {
            Stage::Start(_) => return Err(Unreadable::Empty),
            Stage::Survey { header, holdings, mut cutter, mut survey } => {
                let (rest, unfinished) = cutter.finish();
                survey.block(rest);
                match conclude(*header, survey.finish(), cut_short, unfinished, *holdings) {
                    Ok(report) => return Ok(Step::Done(Report { input, ..report })),
                    Err(mut reading) => {
                        reading.search_among(self.options.recovery_budget);
                        Stage::Again { cutter: Cutter::default(), reading, header_passed: false }
                    }
                }
            }
            Stage::Again { mut cutter, mut reading, header_passed } => {
                let (rest, _) = cutter.finish();
                if header_passed {
                    reading.block(&rest);
                }
                return Ok(Step::Done(Report { input, ..reading.finish() }));
            }
            Stage::Legacy(audit) => match audit.finish(cut_short)? {
                Ok(report) => return Ok(Step::Done(without_checkpoints(Report { input, ..report }, &self.options))),
                Err(again) => Stage::Legacy(again),
            },
        };
        let (decoder, pass) = (Decoder::default(), self.pass + 1);
        Ok(Step::ReadAgain(Self {
            options: self.options,
            decoder,
            stage: next,
            pass,
            bytes: 0,
            hasher: None,
            input: Some(input),
        }))
    }
}

impl Stage {
    fn take(&mut self, bytes: &[u8], options: &Options) -> Result<(), Unreadable> {
        match self {
            Self::Start(start) => {
                start.extend_from_slice(bytes);
                self.decide(options, false)
            }
            Self::Survey { cutter, survey, .. } => {
                cutter.push(bytes, &mut |block| survey.block(block));
                Ok(())
            }
            Self::Again { cutter, reading, header_passed } => {
                let mut rest = bytes;
                if !*header_passed {
                    let Some(end) = memchr::memchr(b'\n', bytes) else { return Ok(()) };
                    (*header_passed, rest) = (true, &bytes[end + 1..]);
                }
                cutter.push(rest, &mut |block| {
                    reading.block(&block);
                    block
                });
                Ok(())
            }
            Self::Legacy(audit) => audit.push(bytes),
        }
    }

    /// Leaves the start, where it tells what the input is.
    fn decide(&mut self, options: &Options, ended: bool) -> Result<(), Unreadable> {
        let Self::Start(start) = self else { return Ok(()) };
        let Some((form, body)) = form(start, ended)? else { return Ok(()) };
        let start = std::mem::take(start);
        let holdings = Box::new(Holdings::of(options)?);
        *self = match form {
            Form::Ledger(header) => {
                let survey = Survey::new(context(&header, &holdings), options.threads);
                Self::Survey { header, holdings, cutter: Cutter::default(), survey }
            }
            form => Self::Legacy(Box::new(LegacyAudit::new(&form, options.threads, options.recovery_budget))),
        };
        self.take(&start[body..], options)
    }
}

/// What a line of this export is read by.
fn context(header: &Header, holdings: &Holdings) -> Context {
    Context { personal: header.personal, marks: Marks::of(&holdings.sizes()), taxes: holdings.taxes().cloned() }
}

/// Format 1 has no checkpoints: what the auditor gave to judge them by goes unused, and is said to before all else, or
/// whoever cannot sign would hand over an export of that format.
fn without_checkpoints(mut report: Report, options: &Options) -> Report {
    if !(options.keys.is_empty() && options.checkpoints.is_empty() && options.witnesses.is_empty()) {
        let what = "the keys and checkpoints that you gave".to_owned();
        let why = "the original ledger has no checkpoints".to_owned();
        report.message.push_str(&format!(" Nobody vouches for it: {what} could not be used, as {why}."));
        report.coverage.not_checked.push(NotChecked { what, why });
    }
    report
}

/// How much is read at once, in bytes.
const CHUNK: usize = 1 << 18;

/// Audits a whole export: links, hashes, money, documents. `on_progress` is called after every chunk.
///
/// # Errors
/// [`Unreadable`] where the input is no export; what is wrong with an export is in the report.
pub fn verify_chain_integrity<R: Read + Seek>(
    mut input: R,
    options: &Options,
    on_progress: &mut dyn FnMut(Progress),
) -> Result<Report, Unreadable> {
    let mut verifier = Verifier::new(options.clone());
    let mut chunk = vec![0; CHUNK];
    loop {
        input.rewind()?;
        loop {
            match verifier.read(&mut input, &mut chunk) {
                Ok(0) => break,
                Ok(_) => {}
                Err(Unreadable::Io(e)) if e.kind() == std::io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
            on_progress(verifier.progress());
        }
        match verifier.finish()? {
            Step::Done(report) => return Ok(report),
            Step::ReadAgain(again) => verifier = again,
        }
    }
}

/// The first system's name of [`verify_chain_integrity`].
///
/// # Errors
/// As [`verify_chain_integrity`].
#[deprecated(note = "use verify_chain_integrity")]
pub fn verify_blockchain<R: Read + Seek>(input: R, options: &Options) -> Result<Report, Unreadable> {
    log::warn!("verify_blockchain is deprecated: use verify_chain_integrity");
    verify_chain_integrity(input, options, &mut |_| {})
}
