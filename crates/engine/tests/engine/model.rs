//! Random operations of every type, against the naive model; then the export, added up and verified.

use countersign_core::settle::Order;
use countersign_engine::{AccountChange, Engine, Request};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use crate::audit::{export, verify};
use crate::ledger::*;
use crate::naive::{Move, Naive, Units, replay};

on_each_store!(every_history_comes_to_what_the_model_says);

const ACCOUNTS: [&str; 4] = ["ada", "ben", "cleo", "dov"];
const CURRENCIES: [&str; 2] = ["EURO", "GOLD"];
const BUCKETS: [&str; 4] = ["transfer_tax", "income_tax", "vat", "fine"];
const PAYMENTS: [&str; 6] = ["TRANSFER", "WORK", "SALARY", "MARKET_BUY", "MARKET_SELL", "X_DUEL"];

#[derive(Clone, Debug)]
enum Act {
    Pay { kind: usize, from: usize, to: usize, currency: usize, units: u64 },
    FromSystem { kind: usize, to: usize, currency: usize, units: u64 },
    Burn { from: usize, currency: usize, units: u64 },
    Collect { from: usize, bucket: usize, currency: usize, units: u64 },
    Withdraw { to: usize, bucket: usize, currency: usize, units: u64 },
    Refund { of: usize, swapped: bool, units: u64 },
    Freeze { account: usize, on: bool },
    Ban { account: usize, on: bool },
    Erase { of: usize, account: usize },
}

fn act() -> impl Strategy<Value = Act> {
    let (account, currency, bucket) = (0..ACCOUNTS.len(), 0..CURRENCIES.len(), 0..BUCKETS.len());
    // Small amounts, whose taxes round, and such as use an account up.
    let units = prop_oneof![1_u64..200, 1_u64..2_000_000];
    prop_oneof![
        6 => (0..PAYMENTS.len(), account.clone(), account.clone(), currency.clone(), units.clone())
            .prop_map(|(kind, from, to, currency, units)| Act::Pay { kind, from, to, currency, units }),
        3 => (0..4_usize, account.clone(), currency.clone(), units.clone())
            .prop_map(|(kind, to, currency, units)| Act::FromSystem { kind, to, currency, units }),
        1 => (account.clone(), currency.clone(), units.clone())
            .prop_map(|(from, currency, units)| Act::Burn { from, currency, units }),
        1 => (account.clone(), bucket.clone(), currency.clone(), units.clone())
            .prop_map(|(from, bucket, currency, units)| Act::Collect { from, bucket, currency, units }),
        2 => (account.clone(), bucket, currency, units.clone())
            .prop_map(|(to, bucket, currency, units)| Act::Withdraw { to, bucket, currency, units }),
        2 => (0..64_usize, any::<bool>(), units).prop_map(|(of, swapped, units)| Act::Refund { of, swapped, units }),
        1 => (account.clone(), any::<bool>()).prop_map(|(account, on)| Act::Freeze { account, on }),
        1 => (account.clone(), prop::bool::weighted(0.3)).prop_map(|(account, on)| Act::Ban { account, on }),
        1 => (0..64_usize, account).prop_map(|(of, account)| Act::Erase { of, account }),
    ]
}

fn text(units: u64) -> String {
    format!("{}.{:04}", units / 10_000, units % 10_000)
}

fn every_history_comes_to_what_the_model_says(ledger: &Ledger) {
    let engine = ledger.engine(unshielded());
    let mut runner = TestRunner::new(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() });
    // One ledger for all cases, each with accounts of its own: the books of all of them are one economy.
    let case = std::sync::atomic::AtomicUsize::new(0);
    // Some of what is asked for at once is enough to be written while it is drafted.
    let at_once = prop_oneof![3 => prop::collection::vec(act(), 1..12), 1 => prop::collection::vec(act(), 16..40)];
    let histories = prop::collection::vec(at_once, 1..5);
    let outcome = runner.run(&histories, |history| {
        let case = case.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Case::new(&engine, case).play(&history)
    });
    outcome.unwrap();
    replay(&export(engine.store()));
    verify(engine.store(), &[]);
}

struct Case<'a> {
    engine: &'a Engine,
    accounts: Vec<String>,
    currencies: [&'static str; 2],
    /// Starts with what the Treasury holds.
    model: Naive,
}

impl<'a> Case<'a> {
    fn new(engine: &'a Engine, number: usize) -> Self {
        let accounts: Vec<String> = ACCOUNTS.iter().map(|name| format!("{name}-{number}")).collect();
        let ids: Vec<&str> = accounts.iter().map(String::as_str).collect();
        open_accounts(engine, &ids);
        let mut case = Self { engine, accounts, currencies: CURRENCIES, model: Naive::default() };
        for (bucket, currency) in case.buckets() {
            let units = case.bucket(bucket, currency);
            case.model.buckets.insert((bucket.to_owned(), currency.to_owned()), units);
        }
        case
    }

    fn buckets(&self) -> impl Iterator<Item = (&'static str, &'static str)> + use<> {
        let currencies = self.currencies;
        BUCKETS.into_iter().flat_map(move |bucket| currencies.map(|currency| (bucket, currency)))
    }

    fn bucket(&self, bucket: &str, currency: &str) -> Units {
        let treasury = self.engine.store().load(&Default::default()).unwrap().treasury;
        treasury.bucket(bucket, currency).ten_thousandths()
    }

    /// Each round is asked for at once, so that it is settled in few batches, in order.
    fn play(mut self, rounds: &[Vec<Act>]) -> Result<(), TestCaseError> {
        for round in rounds {
            let mut asked = Vec::new();
            for act in round {
                if let Act::Ban { account, on } = act {
                    self.finish(std::mem::take(&mut asked))?;
                    self.ban(*account, *on);
                } else {
                    asked.push((act.clone(), self.order(act)));
                }
            }
            self.finish(asked)?;
        }
        self.compare()
    }

    fn ban(&mut self, account: usize, on: bool) {
        let id = &self.accounts[account];
        self.engine.change_account(id, AccountChange::banned(on), "op", "why").unwrap();
        if on {
            self.model.out.insert(id.clone());
        } else {
            self.model.out.remove(id);
        }
    }

    fn finish(&mut self, asked: Vec<(Act, Order)>) -> Result<(), TestCaseError> {
        let requests = asked.iter().map(|(_, order)| Request::of(order.clone())).collect();
        // What an earlier payment is, is settled when the round is asked for.
        let known = self.model.paid.len();
        for ((act, order), answer) in asked.into_iter().zip(submit(self.engine, requests)) {
            let answer = answer.recv().unwrap();
            let expected = self.expect(&act, &order, known);
            match (&answer, &expected) {
                (Ok(receipt), reasons) if reasons.is_empty() => self.take(&act, &order, receipt)?,
                (Err(error), reasons) => {
                    prop_assert!(reasons.contains(&error.code()), "{order:?}: {error}, {reasons:?}");
                }
                (Ok(_), reasons) => return Err(TestCaseError::fail(format!("{order:?} settled against {reasons:?}"))),
            }
        }
        Ok(())
    }

    fn order(&self, act: &Act) -> Order {
        let account = |n: &usize| self.accounts[*n].as_str();
        let in_currency = |order: Order, n: &usize| Order { currency: Some(self.currencies[*n].to_owned()), ..order };
        match act {
            Act::Pay { kind, from, to, currency, units } => {
                in_currency(order(PAYMENTS[*kind], account(from), account(to), &text(*units)), currency)
            }
            Act::FromSystem { kind, to, currency, units } => {
                let kind = ["SYSTEM_MINT", "REWARD", "WORK", "SALARY"][*kind];
                in_currency(order(kind, "SYSTEM", account(to), &text(*units)), currency)
            }
            Act::Burn { from, currency, units } => {
                in_currency(order("SYSTEM_BURN", account(from), "SYSTEM", &text(*units)), currency)
            }
            Act::Collect { from, bucket, currency, units } => {
                let order = order("TAX_COLLECTION", account(from), "TREASURY", &text(*units));
                in_currency(order, currency).taxed(BUCKETS[*bucket])
            }
            Act::Withdraw { to, bucket, currency, units } => {
                let order = order("TAX_WITHDRAWAL", "TREASURY", account(to), &text(*units));
                in_currency(order, currency).taxed(BUCKETS[*bucket])
            }
            Act::Refund { of, swapped, units } => self.refund(*of, *swapped, *units),
            Act::Freeze { account: n, on } => {
                crate::ledger::act(if *on { "ACCOUNT_FREEZE" } else { "ACCOUNT_UNFREEZE" }, account(n), None)
            }
            Act::Erase { of, account: n } => {
                let id = self.model.paid.get(*of).map(|paid| paid.id.as_str());
                crate::ledger::act("ERASURE", account(n), id)
            }
            Act::Ban { .. } => unreachable!("not an order"),
        }
    }

    fn refund(&self, of: usize, swapped: bool, units: u64) -> Order {
        let Some(paid) = self.model.paid.get(of) else {
            return order("REFUND", &self.accounts[0], &self.accounts[1], &text(units));
        };
        let (from, to) = if swapped { (&paid.sender, &paid.receiver) } else { (&paid.receiver, &paid.sender) };
        // Only users refund; what SYSTEM or the Treasury took part in is asked for by two users.
        let is_user = |id: &String| self.accounts.contains(id);
        let (from, to) = if is_user(from) && is_user(to) { (from, to) } else { (&self.accounts[0], &self.accounts[1]) };
        let order = order("REFUND", from, to, &text(units));
        Order { currency: Some(paid.currency.clone()), reference_id: Some(paid.id.clone()), ..order }
    }

    /// Every code that would be right.
    fn expect(&self, act: &Act, order: &Order, known: usize) -> Vec<&'static str> {
        let account = &order.receiver_id;
        match act {
            Act::Freeze { on, .. } => match (on, self.model.frozen.contains(account)) {
                (true, true) => vec!["ALREADY_FROZEN"],
                (false, false) => vec!["NOT_FROZEN"],
                _ => vec![],
            },
            Act::Erase { of, .. } => match self.model.paid[..known].get(*of) {
                Some(paid) if paid.sender != *account && paid.receiver != *account => vec!["ERASURE_UNMATCHED"],
                Some(paid) if paid.erased => vec!["ALREADY_ERASED"],
                Some(_) => vec![],
                None => vec!["ERASURE_UNMATCHED"],
            },
            _ => self.model.reasons(&movement(act, order, known)),
        }
    }

    fn take(&mut self, act: &Act, order: &Order, receipt: &countersign_engine::Receipt) -> Result<(), TestCaseError> {
        match act {
            Act::Freeze { on: true, .. } => drop(self.model.frozen.insert(order.receiver_id.clone())),
            Act::Freeze { on: false, .. } => drop(self.model.frozen.remove(&order.receiver_id)),
            Act::Erase { of, .. } => self.model.paid[*of].erased = true,
            _ => {
                let movement = movement(act, order, self.model.paid.len());
                let (tax, net) = self.model.apply(&movement, receipt.transaction_id.clone());
                let units = |amount: countersign_core::money::Amount| Units::from(amount.ten_thousandths());
                prop_assert_eq!((units(receipt.tax), units(receipt.net)), (tax, net));
            }
        }
        Ok(())
    }

    fn compare(&self) -> Result<(), TestCaseError> {
        let wanted = countersign_store::Wanted { accounts: self.accounts.clone(), ..Default::default() };
        let loaded = self.engine.store().load(&wanted).unwrap();
        for (id, account) in &loaded.accounts {
            for currency in self.currencies {
                let key = (id.clone(), currency.to_owned());
                let expected = self.model.balances.get(&key).copied().unwrap_or(0);
                prop_assert_eq!(account.balance(currency).ten_thousandths(), expected, "{} {}", id, currency);
            }
            prop_assert_eq!(account.is_frozen_for_fraud, self.model.frozen.contains(id));
        }
        for (bucket, currency) in self.buckets() {
            let expected = self.model.buckets[&(bucket.to_owned(), currency.to_owned())];
            prop_assert_eq!(self.bucket(bucket, currency), expected, "{} {}", bucket, currency);
        }
        Ok(())
    }
}

fn movement<'a>(act: &Act, order: &'a Order, known: usize) -> Move<'a> {
    let of = match act {
        Act::Refund { of, .. } if *of < known && order.reference_id.is_some() => Some(*of),
        _ => None,
    };
    Move {
        kind: &order.kind,
        sender: &order.sender_id,
        receiver: &order.receiver_id,
        currency: order.currency.as_deref().unwrap(),
        gross: crate::naive::units(order.amount.as_deref().unwrap()),
        bucket: order.tax_type.as_deref(),
        of,
    }
}
