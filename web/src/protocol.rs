//! What the page and its worker say to each other.
//!
//! Orders travel as JavaScript objects, since a file cannot be written as text; news as JSON text.

use countersign_core::Report;
use serde::{Deserialize, Serialize};
use web_sys::Blob;

use crate::figures::approximate;
use crate::fingerprint::Key;
use crate::trusted::Brought;

/// What this build is made of. The worker names its own when it is ready, and the page refuses another:
/// worker files keep their names across builds, so a cache could pair two that do not fit.
pub(crate) const BUILD: &str = env!("COUNTERSIGN_BUILD");

/// From the page: what to audit. From a worker to its colleague: what to take off it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Order {
    /// A file of this machine.
    File {
        /// The file itself: a handle, not its bytes.
        #[serde(with = "serde_wasm_bindgen::preserve")]
        file: Blob,
        /// Its name.
        name: String,
        /// What the auditor brings.
        brought: Brought,
    },
    /// A file of the page's own origin.
    Address {
        /// Where it is; checked by the page to be of its own origin.
        url: String,
        /// How the report names it.
        name: String,
        /// What the auditor brings.
        brought: Brought,
    },
    /// Whole lines of a file that another worker audits. The answer is no news but an `ArrayBuffer`: as postcard
    /// writes it, the lines' `Segment` and the print of their bytes, or why they could not be read.
    Stretch {
        /// The lines: a handle, not their bytes.
        #[serde(with = "serde_wasm_bindgen::preserve")]
        lines: Blob,
        /// The `Context` that they stand in, as JSON: JavaScript's numbers could not say every size in it.
        context: String,
        /// For the print of their bytes.
        key: Key,
    },
}

/// How far an audit is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Progress {
    /// Which reading of the input this is, from 1.
    pub(crate) pass: u32,
    /// Bytes of this reading taken.
    pub(crate) bytes: u64,
    /// Bytes of the whole input, where known.
    pub(crate) total: Option<u64>,
    /// Entries checked in this reading.
    pub(crate) entries: u64,
    /// Milliseconds since this reading began.
    pub(crate) elapsed_ms: f64,
}

impl Progress {
    /// The part of this reading that is done, 0 to 1, where the size is known.
    pub(crate) fn fraction(&self) -> Option<f64> {
        let total = self.total.filter(|total| *total > 0)?;
        Some((approximate(self.bytes) / approximate(total)).clamp(0.0, 1.0))
    }

    /// Whether the input is taken in pieces larger than its quarters: it is done before anything is heard of it.
    pub(crate) fn is_of_small(&self) -> bool {
        const SMALL: u64 = 4 << 20;
        self.total.is_some_and(|total| total < SMALL)
    }

    /// How many whole quarters of this reading are done, from 1 to 3, where the size is known.
    pub(crate) fn quarter(&self) -> Option<u64> {
        let total = self.total.filter(|total| *total > 0)?;
        Some((self.bytes.saturating_mul(4) / total).min(3)).filter(|quarter| *quarter > 0)
    }

    /// Entries checked in a second, once there is something to measure.
    pub(crate) fn rate(&self) -> Option<f64> {
        (self.elapsed_ms > 200.0).then(|| approximate(self.entries) * 1000.0 / self.elapsed_ms)
    }

    /// Milliseconds that this reading will still take, once there is something to measure.
    pub(crate) fn left_ms(&self) -> Option<f64> {
        let fraction = self.fraction().filter(|fraction| *fraction > 0.01)?;
        (self.elapsed_ms > 500.0).then(|| self.elapsed_ms * (1.0 - fraction) / fraction)
    }
}

/// An input that is no export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Refused {
    /// A stable code: EMPTY, NOT_AN_EXPORT, HEADER_NOT_RECOGNISED, STREAM_NOT_DECODED, LIMIT_EXCEEDED or IO.
    pub(crate) code: String,
    /// What was seen, in a sentence.
    pub(crate) message: String,
    /// How the input is named.
    pub(crate) name: String,
    /// Its size, where known.
    pub(crate) bytes: Option<u64>,
    /// Its first bytes, for a person who knows file types.
    pub(crate) opening: Vec<u8>,
}

impl Refused {
    /// How many of the first bytes are kept.
    pub(crate) const OPENING: u32 = 32;
}

/// From the worker.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum News {
    /// It listens; nothing said before is heard.
    Ready {
        /// The worker's [`BUILD`].
        build: String,
    },
    /// The audit goes on.
    Progress(Progress),
    /// The audit is done.
    Verdict(Box<Report>),
    /// The SHA-256 of the input is being computed.
    Hashing {
        /// Bytes hashed.
        bytes: u64,
        /// Bytes in all.
        total: u64,
    },
    /// The SHA-256 of the input, 64 hex.
    InputHash(String),
    /// The input could not be read once more for its SHA-256.
    InputHashFailed(String),
    /// The input is no export.
    Refused(Refused),
    /// Said in the worker's place: it could not be loaded, and its order with it is not carried out.
    NotLoaded,
    /// The verifier itself failed; nothing can be said of the input.
    Crashed {
        /// What is known of it.
        message: String,
    },
}
