//! The one document of a ledger itself: who it is, where it ends, whether it is halted.

use std::collections::BTreeMap;

use countersign_core::books::Sums;
use countersign_core::entry::genesis;
use countersign_core::hash::Hash;
use countersign_core::merkle::Range;
use countersign_core::money::Sum;
use countersign_core::timestamp::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};

/// Which ledger it is; never changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The ledger's name, which is its checkpoints' origin.
    pub ledger: String,
    /// 32 hex, random, made with the ledger.
    pub ledger_id: String,
}

impl Identity {
    /// What the first entry names as the hash before it.
    #[must_use]
    pub fn genesis(&self) -> Hash {
        genesis(&self.ledger, &self.ledger_id)
    }
}

/// Where a ledger ends. Every commit names the version that it read, so two writers cannot fork the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Counts the commits, account openings and halts among them.
    pub version: u64,
    /// `seq` of the last entry; 0 where there is none.
    pub seq: u64,
    /// Its `current_hash`; the genesis hash where there is none.
    pub hash: Hash,
    /// Its `created_at`.
    pub time: Option<Timestamp>,
    /// The complete subtrees over all entries, from which the root follows.
    pub range: Range,
    /// What all entries together moved.
    pub totals: Totals,
    /// Set where no transaction is taken.
    pub halt: Option<Halt>,
}

impl Head {
    /// Of a ledger without entries.
    #[must_use]
    pub fn empty(identity: &Identity) -> Self {
        Self {
            version: 0,
            seq: 0,
            hash: identity.genesis(),
            time: None,
            range: Range::empty(0),
            totals: Totals::new(),
            halt: None,
        }
    }
}

/// Why no transaction is taken, until somebody lifts it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Halt {
    /// Who halted it.
    pub by: String,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

impl Halt {
    /// One that is taken back before anybody sees it.
    pub(crate) fn drill() -> Self {
        let reason = "whether it could be written".to_owned();
        Self { by: "watch".to_owned(), reason, at: Timestamp::from_millis(0) }
    }
}

/// What was moved, by currency and then by type.
pub type Totals = BTreeMap<String, BTreeMap<String, Total>>;

/// What the entries of one currency and type moved together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Total {
    /// How many.
    pub transactions: u64,
    /// Taken from senders.
    #[serde(deserialize_with = "turnover")]
    pub gross: Sum,
    /// Of that, what SYSTEM gave: money that was made.
    #[serde(deserialize_with = "turnover")]
    pub minted: Sum,
    /// Given to receivers.
    #[serde(deserialize_with = "turnover")]
    pub net: Sum,
    /// Given to the Treasury, by bucket.
    #[serde(deserialize_with = "turnovers")]
    pub tax: Sums,
}

/// What moved adds up to more than any document holds, and must still be read.
fn turnover<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Sum, D::Error> {
    parse(&String::deserialize(deserializer)?)
}

fn turnovers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Sums, D::Error> {
    let texts = BTreeMap::<String, String>::deserialize(deserializer)?;
    texts.into_iter().map(|(bucket, text)| Ok((bucket, parse(&text)?))).collect()
}

fn parse<E: serde::de::Error>(text: &str) -> Result<Sum, E> {
    Sum::parse_turnover(text.as_bytes())
        .ok_or_else(|| E::custom("a turnover has up to 34 digits and exactly 4 decimals"))
}
