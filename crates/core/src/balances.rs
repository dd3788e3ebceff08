//! What runs of entries do to accounts and buckets, in a form that joins.
//!
//! Of each account (or bucket) and currency a run keeps the sum of what it moved and the lowest
//! prefix sum: with what stood there before, that says whether it ever falls below zero.

use foldhash::quality::RandomState;
use hashbrown::HashMap;
use serde::{Deserialize, Serialize};

use crate::economy::blocked_by_freeze;
use crate::kind::{Kind, Party};
use crate::limits::{MAX_ACCOUNTS, MAX_CURRENCIES};
use crate::money::{Amount, Sum};
use crate::movement::Movement;
use crate::names::Names;

/// What was moved in one currency, in ten-thousandths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flow {
    /// Sum of all movements.
    pub sum: i128,
    /// The lowest that it was; at most zero.
    pub low: i128,
}

impl Flow {
    #[inline]
    fn add(&mut self, units: i128) {
        self.sum += units;
        self.low = self.low.min(self.sum);
    }

    fn join(&mut self, next: Self) {
        self.low = self.low.min(self.sum + next.low);
        self.sum += next.sum;
    }
}

/// Currencies in which every holder has a place of its own. Most ledgers have no more.
const COLUMNS: usize = 4;

/// The number of what had no room.
const NONE: u32 = u32::MAX;

/// Accounts or buckets with their flows by currency.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(try_from = "Listed", into = "Listed")]
pub struct Holders {
    names: Names,
    /// By currency, then by holder: one look at memory finds a flow. A column may end before the last holder.
    columns: [Vec<Flow>; COLUMNS],
    /// By holder and currency: those past the columns.
    others: HashMap<(u32, u32), Flow, RandomState>,
    /// By holder: the currencies of those.
    apart: HashMap<u32, Vec<u32>, RandomState>,
}

/// [`Holders`] as they are saved: whoever moved something.
#[derive(Serialize, Deserialize)]
struct Listed {
    names: Names,
    /// Holder, currency and flow.
    flows: Vec<(u32, u32, Flow)>,
}

impl From<Holders> for Listed {
    fn from(holders: Holders) -> Self {
        let flows = holders.in_order();
        Self { names: holders.names, flows }
    }
}

impl TryFrom<Listed> for Holders {
    type Error = &'static str;

    fn try_from(Listed { names, flows }: Listed) -> Result<Self, Self::Error> {
        let mut holders = Self { names, ..Self::default() };
        for (holder, currency, flow) in flows {
            if holder as usize >= holders.names.len() {
                return Err("a flow of a holder that is not named");
            }
            *holders.flow(holder, currency) = flow;
        }
        Ok(holders)
    }
}

impl PartialEq for Holders {
    /// However flows are laid out.
    fn eq(&self, other: &Self) -> bool {
        self.names == other.names && self.in_order() == other.in_order()
    }
}

impl Holders {
    /// The number of a holder; `None` past the cap.
    #[inline]
    pub fn number(&mut self, name: &str, max: usize) -> Option<u32> {
        self.names.number(name, max)
    }

    #[inline]
    fn flow(&mut self, holder: u32, currency: u32) -> &mut Flow {
        let Some(column) = self.columns.get_mut(currency as usize) else {
            return self.others.entry((holder, currency)).or_insert_with(|| {
                self.apart.entry(holder).or_default().push(currency);
                Flow::default()
            });
        };
        if column.len() <= holder as usize {
            column.resize(self.names.len().max(holder as usize + 1), Flow::default());
        }
        &mut column[holder as usize]
    }

    /// Holder, currency and flow of whoever moved something.
    fn all(&self) -> impl Iterator<Item = (u32, u32, Flow)> {
        let columns = (0..)
            .zip(&self.columns)
            .flat_map(|(currency, column)| (0..).zip(column).map(move |(holder, flow)| (holder, currency, *flow)));
        let others = self.others.iter().map(|((holder, currency), flow)| (*holder, *currency, *flow));
        columns.chain(others).filter(|(_, _, flow)| *flow != Flow::default())
    }

    /// The same by holder, then by currency.
    fn in_order(&self) -> Vec<(u32, u32, Flow)> {
        let mut flows: Vec<_> = self.all().collect();
        flows.sort_unstable_by_key(|(holder, currency, _)| (*holder, *currency));
        flows
    }

    /// The names of all holders.
    #[must_use]
    pub const fn names(&self) -> &Names {
        &self.names
    }

    /// The sum of a holder in a currency.
    #[must_use]
    pub fn sum(&self, holder: u32, currency: u32) -> i128 {
        let flow = match self.columns.get(currency as usize) {
            Some(column) => column.get(holder as usize),
            None => self.others.get(&(holder, currency)),
        };
        flow.map_or(0, |flow| flow.sum)
    }

    /// The currencies that a holder may have moved something in.
    fn currencies(&self, holder: u32) -> impl Iterator<Item = u32> {
        let apart = self.apart.get(&holder).into_iter().flatten().copied();
        (0..).take(COLUMNS).chain(apart)
    }

    fn falls_below_zero(&self) -> bool {
        self.columns.iter().flatten().chain(self.others.values()).any(|flow| flow.low < 0)
    }

    /// Joins the holders of the next run; gives their numbers here, and whether all had room.
    fn join(&mut self, next: &Self, currencies: &[u32], max: usize) -> (Vec<u32>, bool) {
        let numbers: Vec<u32> = next.names.iter().map(|name| self.number(name, max).unwrap_or(NONE)).collect();
        for (holder, currency, flow) in next.all() {
            let (holder, currency) = (numbers[holder as usize], currencies[currency as usize]);
            if holder != NONE && currency != NONE {
                self.flow(holder, currency).join(flow);
            }
        }
        let whole = !numbers.contains(&NONE);
        (numbers, whole)
    }
}

/// What a run of entries does to one account's freeze.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Freeze {
    /// What the first freeze or unfreeze made it.
    first: Option<bool>,
    /// What the last made it.
    last: Option<bool>,
    /// It moved money before the first, as a frozen account may not.
    moved_before: bool,
    /// Within the run it was frozen twice, unfrozen while it was not, or moved while frozen.
    broken: bool,
}

impl Freeze {
    fn change(&mut self, frozen: bool) {
        self.broken |= self.last == Some(frozen);
        self.first = self.first.or(Some(frozen));
        self.last = Some(frozen);
    }

    #[inline]
    fn moved(&mut self) {
        self.moved_before |= self.last.is_none();
        self.broken |= self.last == Some(true);
    }

    fn join(&mut self, next: Self) {
        self.broken |= next.broken || (self.last.is_some() && self.last == next.first);
        self.broken |= self.last == Some(true) && next.moved_before;
        self.moved_before |= self.last.is_none() && next.moved_before;
        self.first = self.first.or(next.first);
        self.last = next.last.or(self.last);
    }

    /// Whether it is frozen after the run, if it was not before.
    #[must_use]
    pub fn is_frozen(self) -> bool {
        self.last == Some(true)
    }

    /// Whether a ledger that starts with this run, every account unfrozen, breaks a rule of freezing.
    fn breaks_a_rule(self) -> bool {
        self.broken || self.first == Some(false)
    }
}

/// What a run of entries does to every balance.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Balances {
    currencies: Names,
    accounts: Holders,
    freezes: Vec<Freeze>,
    buckets: Holders,
    /// By currency: what SYSTEM made and destroyed.
    made: Vec<(i128, i128)>,
    /// A named limit was passed: what is kept here is not all.
    overflown: bool,
}

/// The numbers that [`Balances`] gave to an entry's parties and currency; `u32::MAX` past a cap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Numbers {
    /// The sender; for SYSTEM and TREASURY too.
    pub sender: u32,
    /// The receiver; for SYSTEM and TREASURY too.
    pub receiver: u32,
    /// The currency.
    pub currency: u32,
}

impl Numbers {
    const fn overflown(self) -> bool {
        self.sender == NONE || self.receiver == NONE || self.currency == NONE
    }
}

impl Balances {
    /// Applies an entry as written.
    pub fn apply(&mut self, movement: &Movement<'_>) -> Numbers {
        let numbers = self.numbers(movement);
        self.settle(movement, numbers);
        numbers
    }

    /// Applies entries in their order, and gives their numbers. In two rounds, the first of which reads memory at
    /// places that do not depend on one another: waiting for it is most of the work.
    pub fn apply_all(&mut self, movements: &[Movement<'_>], numbers: &mut Vec<Numbers>) {
        numbers.clear();
        numbers.extend(movements.iter().map(|movement| self.numbers(movement)));
        std::hint::black_box(numbers.iter().fold(0, |all, numbers| all ^ self.touch(*numbers)));
        for (movement, numbers) in movements.iter().zip(&*numbers) {
            self.settle(movement, *numbers);
        }
    }

    #[inline]
    fn numbers(&mut self, movement: &Movement<'_>) -> Numbers {
        let currency = self.currencies.number(movement.currency, MAX_CURRENCIES).unwrap_or(NONE);
        if self.made.len() < self.currencies.len() {
            self.made.push((0, 0));
        }
        let sender = self.accounts.number(movement.sender, MAX_ACCOUNTS).unwrap_or(NONE);
        let receiver = self.accounts.number(movement.receiver, MAX_ACCOUNTS).unwrap_or(NONE);
        if self.freezes.len() < self.accounts.names.len() {
            self.freezes.resize(self.accounts.names.len(), Freeze::default());
        }
        Numbers { sender, receiver, currency }
    }

    /// Reads what settling will change.
    #[inline]
    fn touch(&self, numbers: Numbers) -> i128 {
        let Numbers { sender, receiver, currency } = numbers;
        self.accounts.sum(sender, currency) ^ self.accounts.sum(receiver, currency)
    }

    #[inline]
    fn settle(&mut self, movement: &Movement<'_>, numbers: Numbers) {
        if numbers.overflown() {
            self.overflown = true;
            return;
        }
        let (sender, receiver) = (Party::of(movement.sender), Party::of(movement.receiver));
        let units = |amount: Amount| i128::from(amount.ten_thousandths());
        let (gross, tax, net) = (units(movement.gross), units(movement.tax), units(movement.net));
        let Numbers { sender: from, receiver: to, currency } = numbers;
        match sender {
            Party::User => self.accounts.flow(from, currency).add(-gross),
            Party::Treasury => self.bucket(movement.tax_type, currency, -gross),
            Party::System => self.made[currency as usize].0 += gross,
        }
        if tax > 0 {
            self.bucket(movement.tax_type, currency, tax);
        }
        match receiver {
            Party::User => self.accounts.flow(to, currency).add(net),
            Party::Treasury => {}
            Party::System => self.made[currency as usize].1 += net,
        }
        self.freeze(movement, (sender, from), (receiver, to));
    }

    #[inline]
    fn bucket(&mut self, tax_type: Option<&str>, currency: u32, units: i128) {
        let Some(tax_type) = tax_type else { return };
        match self.buckets.number(tax_type, MAX_CURRENCIES) {
            Some(bucket) => self.buckets.flow(bucket, currency).add(units),
            None => self.overflown = true,
        }
    }

    #[inline]
    fn freeze(&mut self, movement: &Movement<'_>, (from, sender): (Party, u32), (to, receiver): (Party, u32)) {
        match movement.kind {
            Kind::AccountFreeze => self.freezes[receiver as usize].change(true),
            Kind::AccountUnfreeze => self.freezes[receiver as usize].change(false),
            _ => {
                let (sends, receives) = blocked_by_freeze(from, to, movement.gross);
                if sends {
                    self.freezes[sender as usize].moved();
                }
                if receives {
                    self.freezes[receiver as usize].moved();
                }
            }
        }
    }

    /// Joins what the next run of entries does; gives the numbers here of its accounts and currencies.
    pub fn join(&mut self, next: &Self) -> (Vec<u32>, Vec<u32>) {
        let currencies: Vec<u32> =
            next.currencies.iter().map(|name| self.currencies.number(name, MAX_CURRENCIES).unwrap_or(NONE)).collect();
        self.overflown |= next.overflown || currencies.contains(&NONE);
        self.made.resize(self.currencies.len(), (0, 0));
        for (&to, from) in currencies.iter().zip(&next.made).filter(|(to, _)| **to != NONE) {
            let made = &mut self.made[to as usize];
            *made = (made.0 + from.0, made.1 + from.1);
        }
        let (accounts, all_accounts) = self.accounts.join(&next.accounts, &currencies, MAX_ACCOUNTS);
        let (_, all_buckets) = self.buckets.join(&next.buckets, &currencies, MAX_CURRENCIES);
        self.overflown |= !all_accounts || !all_buckets;
        self.freezes.resize(self.accounts.names.len(), Freeze::default());
        for (&to, freeze) in accounts.iter().zip(&next.freezes).filter(|(to, _)| **to != NONE) {
            self.freezes[to as usize].join(*freeze);
        }
        (accounts, currencies)
    }

    /// Whether a named limit was passed, so that balances, freezes and documents cannot be checked.
    #[must_use]
    pub const fn overflown(&self) -> bool {
        self.overflown
    }

    /// Whether a ledger that starts with this run keeps every balance and bucket at or above zero and
    /// no frozen account moves.
    #[must_use]
    pub fn keeps_the_rules(&self) -> bool {
        let freezes_hold = !self.freezes.iter().any(|f| f.breaks_a_rule());
        freezes_hold && !self.accounts.falls_below_zero() && !self.buckets.falls_below_zero()
    }

    /// `(account, is frozen)` of every user.
    pub fn users(&self) -> impl Iterator<Item = (&str, bool)> {
        let users = self.accounts.names.iter().zip(&self.freezes);
        users.filter(|(id, _)| Party::of(id) == Party::User).map(|(id, freeze)| (id, freeze.is_frozen()))
    }

    /// Whether a user is frozen.
    #[must_use]
    pub fn is_frozen(&self, account: &str) -> bool {
        self.accounts.names.find(account).is_some_and(|n| self.freezes[n as usize].is_frozen())
    }

    /// The balance of a user in a currency.
    #[must_use]
    pub fn balance(&self, account: &str, currency: &str) -> Sum {
        Self::held(&self.accounts, &self.currencies, account, currency)
    }

    /// What a bucket holds in a currency.
    #[must_use]
    pub fn collected(&self, tax_type: &str, currency: &str) -> Sum {
        Self::held(&self.buckets, &self.currencies, tax_type, currency)
    }

    fn held(holders: &Holders, currencies: &Names, holder: &str, currency: &str) -> Sum {
        let numbers = holders.names.find(holder).zip(currencies.find(currency));
        Sum::from_ten_thousandths(numbers.map_or(0, |(h, c)| holders.sum(h, c)))
    }

    /// `(currency, balance)` of a user where that is not zero, in the order of the currencies' names.
    #[must_use]
    pub fn balances(&self, account: &str) -> Vec<(&str, Sum)> {
        self.held_by(&self.accounts, account)
    }

    /// `(currency, sum)` of a bucket where that is not zero, in the order of the currencies' names.
    #[must_use]
    pub fn bucket_sums(&self, tax_type: &str) -> Vec<(&str, Sum)> {
        self.held_by(&self.buckets, tax_type)
    }

    fn held_by<'a>(&'a self, holders: &'a Holders, holder: &str) -> Vec<(&'a str, Sum)> {
        let Some(number) = holders.names.find(holder) else {
            return Vec::new();
        };
        let sum = |currency| (currency, Sum::from_ten_thousandths(holders.sum(number, currency)));
        let held = holders.currencies(number).map(sum).filter(|(_, sum)| *sum != Sum::ZERO);
        let mut sums: Vec<_> = held.map(|(currency, sum)| (self.currencies.name(currency), sum)).collect();
        sums.sort_unstable();
        sums
    }

    /// The names of all currencies.
    pub fn currencies(&self) -> impl Iterator<Item = &str> {
        self.currencies.iter()
    }

    /// The names of all buckets.
    pub fn buckets(&self) -> impl Iterator<Item = &str> {
        self.buckets.names.iter()
    }

    /// The name of an account by its number.
    #[must_use]
    pub fn account_name(&self, number: u32) -> &str {
        self.accounts.names.name(number)
    }

    /// Whether a number is that of SYSTEM or TREASURY.
    #[must_use]
    pub fn is_reserved(&self, number: u32) -> bool {
        Party::of(self.account_name(number)) != Party::User
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_currencies_than_columns_join_and_are_saved_like_few() {
        let moves: Vec<(String, String, i128)> =
            (0..60).map(|n| (format!("u{}", n % 7), format!("C{}", n % 11), i128::from(n % 3) - 1)).collect();
        let of = |moves: &[(String, String, i128)]| {
            let (mut holders, mut currencies) = (Holders::default(), Names::default());
            (0..11).for_each(|n| _ = currencies.number(&format!("C{n}"), MAX_CURRENCIES));
            for (holder, currency, units) in moves {
                let holder = holders.number(holder, MAX_ACCOUNTS).unwrap();
                holders.flow(holder, currencies.find(currency).unwrap()).add(*units);
            }
            holders
        };
        let whole = of(&moves);
        assert!(!whole.others.is_empty());
        let currencies: Vec<u32> = (0..11).collect();
        for split in 0..=moves.len() {
            let (first, rest) = moves.split_at(split);
            let mut joined = of(first);
            joined.join(&of(rest), &currencies, MAX_ACCOUNTS);
            assert_eq!(joined, whole, "split at {split}");
            for holder in 0..7 {
                let sums = |of: &[u32]| of.iter().map(|&currency| joined.sum(holder, currency)).sum::<i128>();
                let mut moved_in: Vec<u32> = joined.currencies(holder).collect();
                moved_in.sort_unstable();
                assert!(moved_in.is_sorted_by(|one, other| one < other), "{moved_in:?}");
                assert_eq!(sums(&moved_in), sums(&currencies));
            }
        }
        let saved = serde_json::to_string(&whole).unwrap();
        assert_eq!(serde_json::from_str::<Holders>(&saved).unwrap(), whole);
        let lost = saved.replace("\"u6\"", "\"u5\"");
        assert!(serde_json::from_str::<Holders>(&lost).is_err(), "seven flows' holders, six names");
    }
}
