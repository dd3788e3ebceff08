//! What an audit of format 2 checked, what it did not, and why.

use super::assurance::Assurance;
use crate::export::header::{Header, PersonalData};
use crate::report::{Coverage, NotChecked};

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
pub(crate) const LATER_START: &str = "the export starts later than the ledger: what was there before is not in it";
pub(crate) const TOO_MANY: &str = "the file passes a named limit of this verifier";
pub(crate) const UNKNOWN: &str = "an entry that is gone or stays unknown may have touched them";
pub(crate) const CUT: &str = "the entry that says so can lie outside the file";
pub(crate) const DROPPED: &str = "entries were dropped that they may be the outcome of";
pub(crate) const NO_TRAILER: &str = "the file holds none";
pub(crate) const TOO_BROKEN: &str = "the chain is broken in more places than this verifier follows";
pub(crate) const UNJUDGED: &str = "an entry whose content the hashes do not vouch for, or that is set aside as no part of the ledger, is not judged by it";
const NEVER_AFTER: &str = "a checkpoint shows what the ledger was, never that nothing followed";
const ONLY_ITSELF: &str = "a chain shows only that a file agrees with itself; a checkpoint by a key that you trust, or one that you kept, would show more";

pub(crate) fn coverage(header: &Header, has_documents: bool, gaps: Gaps, assurance: &Assurance) -> Coverage {
    let mut coverage = Coverage::default();
    let mut check = |what: &str, why: Option<&str>| match why {
        None => coverage.checked.push(what.to_owned()),
        Some(why) => coverage.not_checked.push(NotChecked { what: what.to_owned(), why: why.to_owned() }),
    };
    for what in [
        "the grammar of every line",
        "every entry's hash, recomputed from its content",
        "every link to the entry before",
    ] {
        check(what, None);
    }
    check("the trailer's counts and head", gaps.trailer);
    for what in [
        "gross = tax + net",
        "the rules of every type",
        "tax rates against the default policy",
        "times never going back",
    ] {
        check(what, gaps.entries);
    }
    let withheld = (header.personal == PersonalData::Withheld).then_some("they were withheld from this export");
    check("personal blocks against their hashes", withheld.or(gaps.entries));
    let claimed = !header.is_from_start() && !assurance.any();
    check(
        "the ledger's name",
        claimed.then_some("without the first entry or a checkpoint that counts it is only claimed"),
    );
    check("transaction ids used twice", gaps.looking_back.or(gaps.entries));
    let later = (!header.is_from_start()).then_some("entries before the export may be meant");
    check("refunds and erasures against what they name", gaps.looking_back.or(later).or(gaps.balances));
    check("personal blocks that are gone without an erasure", withheld.or(gaps.looking_back).or(gaps.removed));
    check("balances and buckets never below zero", gaps.balances);
    check("frozen accounts not moving", gaps.balances);
    check("minted − burned = all balances + all buckets", gaps.balances);
    let none = (!has_documents).then_some("the export holds none");
    check("documents against the replay of the entries", none.or(gaps.balances).or(gaps.documents));
    if let Some(why) = gaps.rest {
        check("what stands after the last place that could be followed", Some(why));
    }
    if assurance.any() {
        check("whether entries followed the last checkpoint that counts", Some(NEVER_AFTER));
    } else {
        check("whether the whole chain was rewritten, or its tail dropped before the export", Some(ONLY_ITSELF));
    }
    check("when and by whom the export was written", Some("no hash confirms what the header states"));
    coverage.checked.extend(assurance.checked.iter().cloned());
    coverage.not_checked.extend(assurance.not_checked.iter().cloned());
    coverage
}
