//! What an audit of format 2 checked, what it did not, and why.

use super::assurance::Assurance;
use super::gaps::Gaps;
use crate::export::header::{Header, PersonalData};
use crate::report::{Coverage, NotChecked};
use crate::taxes::Taxes;

pub(super) const CONSERVATION: &str = "minted − burned = all balances + all buckets";
/// Reasons why nobody can check it.
const NEVER_AFTER: &str = "a checkpoint shows what the ledger was, never that nothing followed";
const ONLY_ITSELF: &str = "a chain shows only that a file agrees with itself; a checkpoint by a key that you trust, or one that you kept, would show more";

pub(crate) fn coverage(
    header: &Header,
    has_documents: bool,
    gaps: Gaps,
    assurance: &Assurance,
    taxes: Option<&Taxes>,
) -> Coverage {
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
        "the rules of every type, each entry by itself",
        taxes.map_or("tax rates against the default policy", |_| "tax rates against the table that was given"),
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
    let later = (!header.is_from_start()).then_some("entries before the export may be meant");
    check("transaction ids used twice", gaps.looking_back.or(gaps.entries));
    if later.is_some() {
        check("transaction ids that entries before this file's have too", later);
    }
    check("nobody frozen who is, nor let go who is not", gaps.balances);
    check("refunds and erasures against what they name", gaps.looking_back.or(later).or(gaps.balances));
    check("personal blocks that are gone without an erasure", withheld.or(gaps.looking_back).or(gaps.removed));
    check("balances and buckets never below zero", gaps.balances);
    check("frozen accounts not moving", gaps.balances);
    check(CONSERVATION, gaps.balances);
    let none = (!has_documents).then_some("the export holds none");
    check("documents against the replay of the entries", none.or(gaps.balances).or(gaps.documents));
    if let Some(why) = gaps.rest {
        check("what stands after the last place that could be followed", Some(why));
    }
    if assurance.any() {
        check("whether entries followed the last checkpoint that counts", Some(NEVER_AFTER));
    } else if !assurance.is_rewritten {
        check("whether the whole chain was rewritten, or its tail dropped before the export", Some(ONLY_ITSELF));
    }
    check("when and by whom the export was written", Some("no hash confirms what the header states"));
    coverage.checked.extend(assurance.checked.iter().cloned());
    coverage.not_checked.extend(assurance.not_checked.iter().cloned());
    coverage
}
