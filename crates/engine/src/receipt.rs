//! What a settled transaction is answered with.

use countersign_core::hash::Hash;
use countersign_core::money::{Amount, Sum};
use countersign_core::settle::{Posting, Settlement};
use countersign_core::timestamp::Timestamp;
use serde::{Deserialize, Serialize};

/// A transaction of the ledger, as whoever asked for it is told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Receipt {
    /// The entry's UUID.
    pub transaction_id: String,
    /// Its number in the ledger.
    pub seq: u64,
    /// When it was settled.
    pub created_at: Timestamp,
    /// Its hash.
    pub current_hash: Hash,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its currency; `XXX` where nothing moved.
    pub currency: String,
    /// Who paid.
    pub sender: Party,
    /// Who was paid.
    pub receiver: Party,
    /// Taken from the sender.
    pub gross: Amount,
    /// Given to the Treasury.
    pub tax: Amount,
    /// Given to the receiver.
    pub net: Amount,
    /// The rate of the tax, with four decimals: `0.0500` is 5 %.
    pub rate: String,
    /// The Treasury's bucket, where one changed.
    pub tax_type: Option<String>,
    /// Milliseconds from the request to this answer; of a repeated answer, its own.
    #[serde(default)]
    pub time_taken_ms: f64,
    /// Whether the answer was given before: nothing was paid this time.
    #[serde(default)]
    pub replayed: bool,
}

/// One end of a transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Party {
    /// Account, SYSTEM or TREASURY.
    pub id: String,
    /// Its balance before; `None` of SYSTEM and TREASURY.
    pub before: Option<Sum>,
    /// Its balance after.
    pub after: Option<Sum>,
}

impl Party {
    fn of(id: &str, posting: Option<Posting>) -> Self {
        let id = id.to_owned();
        Self { id, before: posting.map(|posting| posting.before), after: posting.map(|posting| posting.after) }
    }
}

const WHOLE: u32 = 10_000;

impl Receipt {
    /// Of a settlement that becomes entry `seq`, before it has its hash, and before it is known how long that
    /// took.
    pub(crate) fn of(settlement: &Settlement, created_at: Timestamp, seq: u64) -> Self {
        let entry = &settlement.entry;
        Self {
            transaction_id: entry.transaction_id.clone(),
            seq,
            created_at,
            current_hash: Hash::default(),
            kind: entry.kind.clone(),
            currency: entry.currency.clone(),
            sender: Party::of(&entry.sender_id, settlement.sender),
            receiver: Party::of(&entry.receiver_id, settlement.receiver),
            gross: settlement.gross,
            tax: settlement.tax,
            net: settlement.net,
            rate: format!("{}.{:04}", settlement.rate / WHOLE, settlement.rate % WHOLE),
            tax_type: entry.tax_type.clone(),
            time_taken_ms: 0.0,
            replayed: false,
        }
    }
}
