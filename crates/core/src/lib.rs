//! The Countersign ledger: exact money, hashed entries, and the audit that checks a whole export.
//!
//! Inside: what is hashed and how, the strict readers of both export formats, the mergeable
//! [`segment`], the audit and its report. Not inside: files, network, clocks, randomness; callers
//! bring bytes, times, salts and ids.

pub mod balances;
pub mod books;
pub mod checkpoint;
mod copying;
pub mod economy;
pub mod entry;
pub mod evidence;
pub mod export;
mod forensics;
pub mod grammar;
pub mod hash;
pub mod incremental;
pub mod index;
mod intake;
pub mod kind;
mod legacy;
pub mod limits;
pub mod merkle;
pub mod money;
pub mod movement;
pub mod names;
mod recovery;
pub mod report;
pub mod seal;
pub mod segment;
pub mod settle;
mod sniff;
pub mod stretch;
mod survey;
pub mod surveyor;
pub mod taxes;
pub mod timestamp;
pub mod trust;
pub mod unreadable;
pub mod verify;

pub use evidence::{EntryHashes, hash_entry_line};
pub use export::strict::Fault as Malformed;
pub use legacy::users_of_format_1;
pub use report::Report;
pub use unreadable::Unreadable;
#[expect(deprecated, reason = "kept for those who call it")]
pub use verify::verify_blockchain;
pub use verify::{Options, Step, Verifier, verify_chain_integrity};
