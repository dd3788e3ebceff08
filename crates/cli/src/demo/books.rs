//! What a demo ledger has in its accounts.
//!
//! Kept apart from the core's replay on purpose: the documents at the end of an export come from
//! here, so verifying one compares two calculations.

use std::collections::BTreeMap;

use countersign_core::export::document::{Amounts, Treasury, User};
use countersign_core::money::Sum;

use super::players::Player;

/// The currencies of a demo ledger.
pub(crate) const CURRENCIES: [&str; 3] = ["EURO", "GOLD", "RON"];
/// The Treasury's buckets of a demo ledger.
pub(crate) const BUCKETS: [&str; 5] = ["income_tax", "property_tax", "tip_tax", "transfer_tax", "vat"];

/// One end of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    System,
    Treasury,
    Player(usize),
}

/// What an entry does with money, in ten-thousandths.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Movement {
    pub(crate) from: End,
    pub(crate) to: End,
    /// A place in [`CURRENCIES`]; `None` where nothing moves.
    pub(crate) currency: Option<usize>,
    pub(crate) gross: u64,
    pub(crate) tax: u64,
    /// A place in [`BUCKETS`].
    pub(crate) bucket: Option<usize>,
}

/// Balances, freezes and versions.
#[derive(Debug)]
pub(crate) struct Books {
    accounts: Vec<Account>,
    buckets: [[u64; CURRENCIES.len()]; BUCKETS.len()],
    treasury_version: u64,
    frozen: Vec<usize>,
}

#[derive(Clone, Debug, Default)]
struct Account {
    balances: [u64; CURRENCIES.len()],
    version: u64,
    is_frozen: bool,
}

impl Books {
    pub(crate) fn new(accounts: usize) -> Self {
        let buckets = [[0; CURRENCIES.len()]; BUCKETS.len()];
        Self { accounts: vec![Account::default(); accounts], buckets, treasury_version: 0, frozen: Vec::new() }
    }

    pub(crate) fn balance(&self, player: usize, currency: usize) -> u64 {
        self.accounts[player].balances[currency]
    }

    pub(crate) const fn collected(&self, bucket: usize, currency: usize) -> u64 {
        self.buckets[bucket][currency]
    }

    pub(crate) fn is_frozen(&self, player: usize) -> bool {
        self.accounts[player].is_frozen
    }

    /// The frozen players, the longest frozen first.
    pub(crate) fn frozen(&self) -> &[usize] {
        &self.frozen
    }

    /// Freezes or unfreezes a player.
    pub(crate) fn set_frozen(&mut self, player: usize, frozen: bool) {
        self.accounts[player].is_frozen = frozen;
        self.frozen.retain(|&p| p != player);
        if frozen {
            self.frozen.push(player);
        }
    }

    /// Moves the money. Whoever draws movements sees to it that it is there.
    pub(crate) fn apply(&mut self, movement: &Movement) {
        let Movement { from, to, currency, gross, tax, bucket } = *movement;
        self.touch(from);
        self.touch(to);
        let Some(currency) = currency else { return };
        if let End::Player(player) = from {
            self.accounts[player].balances[currency] -= gross;
        }
        if let End::Player(player) = to {
            self.accounts[player].balances[currency] += gross - tax;
        }
        if let Some(bucket) = bucket {
            if from == End::Treasury {
                self.buckets[bucket][currency] -= gross;
            }
            self.buckets[bucket][currency] += tax;
            self.treasury_version += u64::from(tax > 0 || from == End::Treasury);
        }
    }

    fn touch(&mut self, end: End) {
        if let End::Player(player) = end {
            self.accounts[player].version += 1;
        }
    }

    /// The documents of all players that the ledger names.
    pub(crate) fn users<'a>(&'a self, players: &'a [Player]) -> impl Iterator<Item = User> + 'a {
        let named = self.accounts.iter().zip(players).filter(|(account, _)| account.version > 0);
        named.map(|(account, player)| User {
            id: player.id.clone(),
            version: account.version,
            balances: amounts(&account.balances),
            is_frozen_for_fraud: account.is_frozen,
        })
    }

    /// The Treasury's document.
    pub(crate) fn treasury(&self) -> Treasury {
        let filled = BUCKETS.iter().zip(&self.buckets).map(|(name, sums)| ((*name).to_owned(), amounts(sums)));
        let collected: BTreeMap<String, Amounts> = filled.filter(|(_, sums)| !sums.is_empty()).collect();
        Treasury { version: self.treasury_version, collected }
    }
}

fn amounts(units: &[u64; CURRENCIES.len()]) -> Amounts {
    let held = CURRENCIES.iter().zip(units).filter(|(_, units)| **units > 0);
    held.map(|(name, &units)| ((*name).to_owned(), Sum::from_ten_thousandths(units.into()).to_string())).collect()
}
