//! The audit. (API as agreed; being filled in.)
use crate::report::Report;
use std::io::{Read, Seek};

/// What an audit is told.
#[derive(Clone, Debug)]
pub struct Options {
    /// How the caller names the input.
    pub name: Option<String>,
    /// Threads, at least 1. Only natively.
    pub threads: usize,
    /// Whether the SHA-256 of the input is computed along the way.
    pub input_hash: bool,
}
impl Default for Options {
    fn default() -> Self { Self { name: None, threads: 1, input_hash: true } }
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

/// Why an input could not be verified: no finding, but no export either.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Unreadable {
    /// Reading failed.
    #[error("the input could not be read: {0}")]
    Io(#[from] std::io::Error),
    /// No byte, or nothing but white space.
    #[error("the input is empty")]
    Empty,
    /// Something else than an export.
    #[error("this is not a ledger export: {seen}")]
    NotAnExport {
        /// What was seen instead.
        seen: String,
    },
    /// The header breaks its rules.
    #[error("the header is not recognised: {reason}")]
    Header {
        /// Which rule.
        reason: String,
    },
    /// The compressed stream is damaged.
    #[error("the compressed stream cannot be decoded: {reason}")]
    Decode {
        /// What the decoder said.
        reason: String,
    },
    /// A named limit was passed.
    #[error("stopped at a limit: {what}")]
    Limit {
        /// Which limit.
        what: String,
    },
}
impl Unreadable {
    /// A stable code for programs: IO, EMPTY, NOT_AN_EXPORT, HEADER_NOT_RECOGNISED, STREAM_NOT_DECODED, LIMIT_EXCEEDED.
    #[must_use]
    pub fn code(&self) -> &'static str { todo!() }
}

/// What finishing a reading leads to.
#[expect(clippy::large_enum_variant, reason = "made once an audit")]
#[derive(Debug)]
pub enum Step {
    /// The audit is done.
    Done(Report),
    /// Something is wrong, and to say what, the same bytes must be pushed once more from the start.
    ReadAgain(Verifier),
}

/// An audit fed with bytes.
#[derive(Debug)]
pub struct Verifier {}
impl Verifier {
    /// A new audit.
    #[must_use]
    pub fn new(_options: Options) -> Self { todo!() }
    /// Takes the next bytes.
    /// # Errors
    /// Where the input is no export, or a limit is passed.
    pub fn push(&mut self, _bytes: &[u8]) -> Result<(), Unreadable> { todo!() }
    /// How far it is.
    #[must_use]
    pub fn progress(&self) -> Progress { todo!() }
    /// Ends this reading.
    /// # Errors
    /// As [`Verifier::push`].
    pub fn finish(self) -> Result<Step, Unreadable> { todo!() }
}

/// Audits a whole export. `on_progress` is called now and then.
/// # Errors
/// [`Unreadable`] where it is no export.
pub fn verify_chain_integrity<R: Read + Seek + Send>(
    _input: R, _options: &Options, _on_progress: &mut dyn FnMut(Progress),
) -> Result<Report, Unreadable> { todo!() }

/// Deprecated alias.
/// # Errors
/// As [`verify_chain_integrity`].
#[deprecated(note = "use verify_chain_integrity")]
pub fn verify_blockchain<R: Read + Seek + Send>(input: R, options: &Options) -> Result<Report, Unreadable> {
    verify_chain_integrity(input, options, &mut |_| {})
}
