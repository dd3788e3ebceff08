//! The documents that a ledger keeps beside its entries: accounts and the Treasury.
//!
//! They can be rebuilt from the entries; what settling reads and writes is here.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use crate::export::document::{self, Amounts};
use crate::grammar::{SYSTEM, TREASURY};
use crate::limits::MAX_COLLECTED;
use crate::money::{Amount, Sum};
use crate::timestamp::Timestamp;

/// Exact sums by currency. What is not named is zero.
pub type Sums = BTreeMap<String, Sum>;

/// A user's document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The account: a pseudonym.
    pub id: String,
    /// Counts its writes; each names the version that it read.
    pub version: u64,
    /// By currency.
    pub balances: Sums,
    /// Whether the shield or an operator froze it.
    pub is_frozen_for_fraud: bool,
    /// Whether it may be used.
    pub is_active: bool,
    /// Whether it was shut out.
    pub is_banned: bool,
    /// Name shown in new entries' personal blocks.
    pub username: Option<String>,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it was last written.
    pub updated_at: Timestamp,
}

/// The Treasury's document.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Treasury {
    /// Counts its writes; each names the version that it read.
    pub version: u64,
    /// By tax type and currency.
    pub collected: BTreeMap<String, Sums>,
    /// How many entries brought tax.
    pub transactions: u64,
    /// When tax was last collected.
    pub last_collection_at: Option<Timestamp>,
    /// When something was last withdrawn.
    pub last_withdrawal_at: Option<Timestamp>,
    /// Who ordered that.
    pub last_withdrawal_by: Option<String>,
}

/// An earlier entry that a refund or an erasure refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Referenced {
    /// Its `transaction_id`.
    pub transaction_id: String,
    /// Who paid.
    pub sender_id: String,
    /// Who was paid.
    pub receiver_id: String,
    /// In what.
    pub currency: String,
    /// What the receiver got.
    pub net: Amount,
    /// What earlier refunds of it paid back.
    pub refunded: Sum,
    /// Whether its personal block is gone.
    pub is_erased: bool,
}

/// The documents that some orders need, as one snapshot has them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Books {
    /// By id.
    pub accounts: HashMap<String, Account>,
    /// The one Treasury.
    pub treasury: Treasury,
    /// By `transaction_id`.
    pub referenced: HashMap<String, Referenced>,
}

impl Account {
    /// A new account with nothing in it.
    #[must_use]
    pub fn open(id: String, username: Option<String>, now: Timestamp) -> Self {
        Self {
            id,
            version: 0,
            balances: Sums::new(),
            is_frozen_for_fraud: false,
            is_active: true,
            is_banned: false,
            username,
            created_at: now,
            updated_at: now,
        }
    }

    /// What it holds of a currency.
    #[must_use]
    pub fn balance(&self, currency: &str) -> Sum {
        self.balances.get(currency).copied().unwrap_or_default()
    }

    /// As an export shows it.
    #[must_use]
    pub fn document(&self) -> document::User {
        document::User {
            id: self.id.clone(),
            version: self.version,
            balances: amounts(&self.balances),
            is_frozen_for_fraud: self.is_frozen_for_fraud,
        }
    }
}

impl Treasury {
    /// What it holds of a currency in a bucket.
    #[must_use]
    pub fn bucket(&self, tax_type: &str, currency: &str) -> Sum {
        self.collected.get(tax_type).and_then(|sums| sums.get(currency)).copied().unwrap_or_default()
    }

    /// Whether a bucket may hold a currency: it does already, or there are fewer than [`MAX_COLLECTED`] sums.
    #[must_use]
    pub fn has_room(&self, tax_type: &str, currency: &str) -> bool {
        let is_open = self.collected.get(tax_type).is_some_and(|sums| sums.contains_key(currency));
        is_open || self.collected.values().map(Sums::len).sum::<usize>() < MAX_COLLECTED
    }

    /// As an export shows it.
    #[must_use]
    pub fn document(&self) -> document::Treasury {
        let collected = self.collected.iter().map(|(bucket, sums)| (bucket.clone(), amounts(sums)));
        document::Treasury { version: self.version, collected: collected.collect() }
    }
}

fn amounts(sums: &Sums) -> Amounts {
    sums.iter().map(|(currency, sum)| (currency.clone(), sum.to_string())).collect()
}

/// Whether an id names an account of a user, which has a document.
#[must_use]
pub fn has_document(id: &str) -> bool {
    id != SYSTEM && id != TREASURY
}
