//! What of format 2 cannot be checked in a file, and why.

/// Why a group of checks was not made; `None` where it was.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Gaps {
    /// Balances, buckets, freezes, documents.
    pub(crate) balances: Option<&'static str>,
    /// Documents alone.
    pub(crate) documents: Option<&'static str>,
    /// Repeated ids, refunds, erasures.
    pub(crate) looking_back: Option<&'static str>,
    /// Blocks that are gone without an erasure.
    pub(crate) removed: Option<&'static str>,
    /// What is judged of each entry by itself.
    pub(crate) entries: Option<&'static str>,
    /// The trailer.
    pub(crate) trailer: Option<&'static str>,
    /// What came after the last run that was followed.
    pub(crate) rest: Option<&'static str>,
}

/// Reasons for gaps.
pub(crate) const TOO_MANY: &str = "the file passes a named limit of this verifier";
pub(crate) const UNKNOWN: &str = "an entry that is gone or stays unknown may have touched them";
pub(crate) const CUT: &str = "the entry that says so can lie outside the file";
pub(crate) const DROPPED: &str = "entries were dropped that they may be the outcome of";
pub(crate) const NO_TRAILER: &str = "the file holds none";
pub(crate) const TOO_BROKEN: &str = "the chain is broken in more places than this verifier follows";
pub(crate) const UNJUDGED: &str = "an entry whose content the hashes do not vouch for, or that is set aside as no part of the ledger, is not judged by it";
