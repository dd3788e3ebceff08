//! Why an input is no export: no finding, but no report either.

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
    /// A checkpoint that the auditor kept is none.
    #[error("kept checkpoint {number} cannot be read: {reason}")]
    Checkpoint {
        /// Which, from 1.
        number: usize,
        /// What is wrong with it.
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
    /// A stable code for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Io(_) => "IO",
            Self::Empty => "EMPTY",
            Self::NotAnExport { .. } => "NOT_AN_EXPORT",
            Self::Header { .. } => "HEADER_NOT_RECOGNISED",
            Self::Decode { .. } => "STREAM_NOT_DECODED",
            Self::Checkpoint { .. } => "CHECKPOINT_NOT_READABLE",
            Self::Limit { .. } => "LIMIT_EXCEEDED",
        }
    }
}
