//! A user's document of the first system.

use countersign_core::books::Sums;
use countersign_core::entry::PERSONAL_MAX;
use countersign_core::grammar;
use countersign_core::timestamp::Timestamp;

use super::document::{Document, Fault, object_id};

/// Where balances stand: one object, or a key each.
const BALANCES: &str = "balances";
const BALANCE: &str = "balance_";
/// The names of each flag.
const FROZEN: [&str; 5] = ["is_frozen_for_fraud", "isFrozenForFraud", "is_frozen", "isFrozen", "frozen"];
const ACTIVE: [&str; 3] = ["is_active", "isActive", "active"];
const BANNED: [&str; 3] = ["is_banned", "isBanned", "banned"];

/// A user as the first system kept it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// `_id`: 24 hex, or a text that is an id already.
    pub id: String,
    /// `username`.
    pub username: Option<String>,
    /// `balances.EURO` or `balance_euro`; without zeros.
    pub balances: Sums,
    /// `is_frozen_for_fraud`, or another of its names.
    pub is_frozen_for_fraud: bool,
    /// `is_active`, `isActive` or `active`; true where absent.
    pub is_active: bool,
    /// `is_banned`, `isBanned` or `banned`.
    pub is_banned: bool,
    /// `createdAt` or `created_at`.
    pub created_at: Option<Timestamp>,
    /// `updatedAt` or `updated_at`.
    pub updated_at: Option<Timestamp>,
}

impl User {
    pub(super) fn read(document: &Document<'_>) -> Result<Self, Fault> {
        let balances = balances(document)?;
        document.refuse_other_money(|key| key == BALANCES || key.starts_with(BALANCE))?;
        let id = id(document)?;
        Ok(Self {
            is_frozen_for_fraud: document.flag(&id, &FROZEN, false)?,
            is_active: document.flag(&id, &ACTIVE, true)?,
            is_banned: document.flag(&id, &BANNED, false)?,
            id,
            username: document.text(
                "username",
                is_username,
                "empty, above 64 bytes, or with a character that deceives",
            )?,
            balances,
            created_at: document.date(&["createdAt", "created_at"])?,
            updated_at: document.date(&["updatedAt", "updated_at"])?,
        })
    }
}

fn is_username(text: &str) -> bool {
    let [most, ..] = PERSONAL_MAX;
    grammar::is_text(text, most)
}

fn id(document: &Document<'_>) -> Result<String, Fault> {
    let (key, value) = document.value(&["_id"]).ok_or_else(|| document.fault("_id", "missing"))?;
    let text = || serde_json::from_str::<String>(value).ok();
    let id = object_id(value).or_else(text).filter(|id| grammar::is_id(id));
    let reserved = [grammar::SYSTEM, grammar::TREASURY];
    id.filter(|id| !reserved.contains(&id.as_str())).ok_or_else(|| {
        document.fault(key, "neither an ObjectId nor 1 to 64 of A-Z a-z 0-9 . _ : - (SYSTEM and TREASURY are reserved)")
    })
}

fn balances(document: &Document<'_>) -> Result<Sums, Fault> {
    let mut all = match document.value(&[BALANCES]) {
        Some((key, value)) => document.amounts(key, value)?,
        None => Vec::new(),
    };
    for (key, value) in document.members() {
        if let Some(currency) = key.strip_prefix(BALANCE) {
            all.push((document.currency(key, &currency.to_uppercase())?, document.amount(key, value)?));
        }
    }
    if all.is_empty() {
        return Err(document.fault(BALANCES, "no balance, under this key or as balance_euro: is this a user?"));
    }
    let mut sums = Sums::new();
    for (currency, sum) in all {
        if sums.insert(currency.clone(), sum).is_some() {
            return Err(document.fault(BALANCES, format_args!("{currency} stands twice")));
        }
    }
    sums.retain(|_, sum| *sum != countersign_core::money::Sum::ZERO);
    Ok(sums)
}
