//! What a store answers where it cannot do what was asked.

use std::fmt;

/// What a version is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Document {
    /// The ledger itself: its head, or whether it is halted.
    Ledger,
    /// The Treasury.
    Treasury,
    /// An account.
    Account(String),
}

impl fmt::Display for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ledger => f.write_str("the ledger's head"),
            Self::Treasury => f.write_str("the Treasury"),
            Self::Account(id) => write!(f, "the account {id}"),
        }
    }
}

/// A write named a version that is no longer the document's. Nothing of its batch was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{document} has version {found}, and {expected} was expected: somebody else has written it")]
pub struct VersionError {
    /// Which document.
    pub document: Document,
    /// The version that was read.
    pub expected: u64,
    /// The one that it has; 0 where there is no such document.
    pub found: u64,
}

/// Why a store did not do what was asked. Whatever it is, nothing of a batch was written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Somebody else wrote meanwhile.
    #[error(transparent)]
    Version(#[from] VersionError),
    /// There is such a thing already.
    #[error("there is already {what}")]
    Exists {
        /// What.
        what: String,
    },
    /// The database says that another transaction was in the way, and that trying again is right.
    #[error("the database was busy: {why}")]
    Busy {
        /// In its words.
        why: String,
    },
    /// There is no room.
    #[error("the database is full: {why}")]
    Full {
        /// In its words.
        why: String,
    },
    /// The database is not there, or no longer. Whether a commit under way was written is not known: read
    /// again before you try again.
    #[error("the database cannot be reached: {why}")]
    Lost {
        /// In its words, without any secret of the address.
        why: String,
    },
    /// The database lets nobody do that, or not this user.
    #[error("the database refuses that: {why}")]
    Refused {
        /// In its words.
        why: String,
    },
    /// There is no ledger, or another one.
    #[error("{0}")]
    NotThisLedger(String),
    /// It was written by a later version of this program.
    #[error("the database has schema {found}; this program knows up to {known}")]
    SchemaTooNew {
        /// Of the database.
        found: u32,
        /// The latest that is known.
        known: u32,
    },
    /// What is kept contradicts itself.
    #[error("the database is damaged: {0}")]
    Damaged(String),
    /// This store cannot do that.
    #[error("{0}")]
    Unsupported(String),
    /// Whoever was handed something gave up.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// Anything else.
    #[error("the database failed: {0}")]
    Other(String),
}

/// So that everybody whose request was in a batch can be told why it failed.
impl Clone for StoreError {
    fn clone(&self) -> Self {
        match self {
            Self::Version(error) => Self::Version(error.clone()),
            Self::Exists { what } => Self::Exists { what: what.clone() },
            Self::Busy { why } => Self::Busy { why: why.clone() },
            Self::Full { why } => Self::Full { why: why.clone() },
            Self::Lost { why } => Self::Lost { why: why.clone() },
            Self::Refused { why } => Self::Refused { why: why.clone() },
            Self::NotThisLedger(why) => Self::NotThisLedger(why.clone()),
            Self::SchemaTooNew { found, known } => Self::SchemaTooNew { found: *found, known: *known },
            Self::Damaged(why) => Self::Damaged(why.clone()),
            Self::Unsupported(why) => Self::Unsupported(why.clone()),
            // The system's error cannot be copied; its kind and its words can.
            Self::Io(error) => Self::Io(std::io::Error::new(error.kind(), error.to_string())),
            Self::Other(why) => Self::Other(why.clone()),
        }
    }
}

impl StoreError {
    /// Whether reading again and trying again is right.
    #[must_use]
    pub const fn is_conflict(&self) -> bool {
        matches!(self, Self::Version(_) | Self::Busy { .. })
    }

    /// A stable code for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Version(_) => "VERSION_CONFLICT",
            Self::Exists { .. } => "ALREADY_EXISTS",
            Self::Busy { .. } => "STORE_BUSY",
            Self::Full { .. } => "STORE_FULL",
            Self::Lost { .. } => "STORE_LOST",
            Self::Refused { .. } => "STORE_REFUSED",
            Self::NotThisLedger(_) => "NOT_THIS_LEDGER",
            Self::SchemaTooNew { .. } => "SCHEMA_TOO_NEW",
            Self::Damaged(_) => "STORE_DAMAGED",
            Self::Unsupported(_) => "UNSUPPORTED",
            Self::Io(_) => "IO",
            Self::Other(_) => "STORE_FAILED",
        }
    }
}
