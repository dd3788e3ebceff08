//! What happened, where: the conclusion of the first reading, and the second reading where something
//! is wrong. An audit never stops at the first finding, and one act is one finding.

mod asides;
mod assembly;
mod assurance;
mod besides;
mod chain;
mod clean;
mod completion;
mod conclusion;
mod content;
mod coverage;
mod documents;
mod examination;
mod finder;
mod finding;
mod gaps;
mod holdings;
mod judgement;
mod layout;
mod listing;
mod originals;
mod placement;
mod reading;
mod recount;
mod recovery;
mod renumbering;
mod replay;
mod role;
mod roots;
mod statement;
mod succession;
mod warning;

pub(crate) use assembly::Assembly;
pub(crate) use conclusion::conclude;
pub(crate) use examination::Examination;
pub(crate) use finding::{Place, Shown, chain_finding, content_finding, file_finding, integrity, shown, shown_value};
pub(crate) use holdings::Holdings;
pub(crate) use listing::Listing;
pub(crate) use reading::SecondReading;
pub(crate) use recount::Recount;
