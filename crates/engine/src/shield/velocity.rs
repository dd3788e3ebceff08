//! So many transactions by one account within so many seconds, counted from the ledger: a restart, or
//! another process that writes, changes nothing about it.
//!
//! [`Windows`] keeps what was counted for as long as nobody else writes; what it does not have, the store is
//! asked for. What an account sent before it was last unfrozen does not count: an operator looked at it.
//!
//! The window goes by the clock, not by the entries' times: these never go back, so after a clock that ran ahead they
//! all say the same for as long, and every account would seem to have sent everything at once. What this process
//! wrote counts at the time that it was; what was sent later than [`AHEAD_MS`] from now counts not, nor does it once the
//! clock was set back by more, without a restart too.

use std::collections::{HashMap, VecDeque};

use countersign_core::books::has_document;
use countersign_core::kind::Kind;
use countersign_core::settle::Order;
use countersign_core::timestamp::Timestamp;
use serde::{Deserialize, Serialize};

/// Who orders a freeze of the shield's.
pub const OPERATOR: &str = "shield";
/// How far, in milliseconds, clocks of processes that write to one ledger may differ, and what they wrote still count.
pub(crate) const AHEAD_MS: i64 = 60_000;
/// Most transactions that may be configured as the limit.
const MAX_TRANSACTIONS: u32 = 100_000;
/// Longest window, in seconds.
const MAX_SECONDS: u32 = 7 * 86_400;
/// Most times kept, of all accounts together. Past it all are forgotten, and asked for again.
const MAX_TIMES: usize = 4_000_000;
/// Most accounts kept; likewise.
const MAX_ACCOUNTS: usize = 250_000;

/// Transactions by account. SYSTEM and TREASURY are exempt, and so is what an operator orders.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Velocity {
    /// Whether they are counted.
    pub enabled: bool,
    /// So many are settled; the next freezes the account.
    pub transactions: u32,
    /// Within so many seconds.
    pub seconds: u32,
}

impl Default for Velocity {
    /// 20 transactions within an hour.
    fn default() -> Self {
        Self { enabled: true, transactions: 20, seconds: 3600 }
    }
}

impl Velocity {
    pub(super) fn check(&self) -> Result<(), String> {
        let bounds = [(self.transactions, MAX_TRANSACTIONS, "transactions"), (self.seconds, MAX_SECONDS, "seconds")];
        match bounds.into_iter().find(|(value, most, _)| !(1..=*most).contains(value)) {
            Some((_, most, name)) => Err(format!("shield.velocity: {name} is 1 to {most}")),
            None => Ok(()),
        }
    }

    /// When what still counts at a time began; that moment itself counts no more.
    pub(crate) fn since(&self, now: Timestamp) -> Timestamp {
        Timestamp::from_millis(now.millis() - i64::from(self.seconds) * 1000)
    }

    /// Whether an order counts against its sender's limit.
    pub(crate) fn concerns(&self, order: &Order) -> bool {
        self.enabled && Kind::parse(&order.kind).is_some_and(|kind| counts(kind, &order.sender_id))
    }

    /// The freeze that an account brings upon itself.
    pub(crate) fn freeze(&self, account: &str) -> Order {
        Order {
            kind: "ACCOUNT_FREEZE".to_owned(),
            sender_id: countersign_core::grammar::SYSTEM.to_owned(),
            receiver_id: account.to_owned(),
            operator_id: Some(OPERATOR.to_owned()),
            description: Some(format!("more than {} transactions within {} s", self.transactions, self.seconds)),
            ..Order::default()
        }
    }
}

/// Whether an entry counts against its sender's limit; stores leave the same types out of what an account sent.
fn counts(kind: Kind, sender: &str) -> bool {
    kind.needs_operator() != Some(true) && has_document(sender)
}

/// When accounts sent something, as far as it was asked for.
#[derive(Debug, Default)]
pub(crate) struct Windows {
    times: HashMap<String, VecDeque<Timestamp>>,
    kept: usize,
    /// The head's version that all of it is as of.
    as_of: Option<u64>,
}

impl Windows {
    /// Whether what an account sent is known.
    pub(crate) fn knows(&self, account: &str) -> bool {
        self.times.contains_key(account)
    }

    /// Whether nobody else wrote since.
    pub(crate) fn is_as_of(&self, version: u64) -> bool {
        self.as_of == Some(version)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.times.is_empty()
    }

    pub(crate) fn forget(&mut self) {
        *self = Self::default();
    }

    /// Takes what the store knows of an account as of a version, ascending.
    pub(crate) fn learn(&mut self, version: u64, account: &str, times: Vec<Timestamp>) {
        self.as_of = Some(version);
        self.kept += times.len();
        if let Some(old) = self.times.insert(account.to_owned(), times.into()) {
            self.kept -= old.len();
        }
    }

    /// What an account sent after `since`, as far as that has come by `now`.
    pub(crate) fn count(&mut self, account: &str, since: Timestamp, now: Timestamp) -> usize {
        let Some(times) = self.times.get_mut(account) else { return 0 };
        let has_come = |at: &Timestamp| at.millis() <= now.millis().saturating_add(AHEAD_MS);
        if !times.front().into_iter().chain(times.back()).all(has_come) {
            let before = times.len();
            times.retain(has_come);
            self.kept -= before - times.len();
        }
        while times.front().is_some_and(|at| *at <= since) {
            times.pop_front();
            self.kept -= 1;
        }
        times.len()
    }

    /// Takes over what a batch wrote, whose head has this version. What it opened has sent nothing before.
    pub(crate) fn commit<'a>(
        &mut self,
        version: u64,
        opened: impl Iterator<Item = &'a str>,
        sent: Sent,
        now: Timestamp,
    ) {
        self.as_of = Some(version);
        for account in opened {
            self.times.entry(account.to_owned()).or_default();
        }
        for (account, sent) in sent.0 {
            let Some(times) = self.times.get_mut(&account) else { continue };
            if sent.pardoned {
                self.kept -= times.len();
                times.clear();
            }
            times.extend(std::iter::repeat_n(now, sent.count));
            self.kept += sent.count;
        }
        if self.kept > MAX_TIMES || self.times.len() > MAX_ACCOUNTS {
            (self.times, self.kept) = (HashMap::new(), 0);
        }
    }
}

/// What accounts send in one batch, beside what they sent before.
#[derive(Debug, Default)]
pub(crate) struct Sent(HashMap<String, SentNow>);

#[derive(Debug, Default)]
struct SentNow {
    count: usize,
    /// Whether what it sent before the batch counts no more.
    pardoned: bool,
}

impl Sent {
    /// What counts of an account: `before` the batch, and in it.
    pub(crate) fn total(&self, account: &str, before: usize) -> usize {
        self.0.get(account).map_or(before, |now| now.count + if now.pardoned { 0 } else { before })
    }

    /// Takes note of an entry.
    pub(crate) fn note(&mut self, kind: Kind, sender: &str, receiver: &str) {
        if kind == Kind::AccountUnfreeze {
            *self.of(receiver) = SentNow { count: 0, pardoned: true };
        } else if counts(kind, sender) {
            self.of(sender).count += 1;
        }
    }

    fn of(&mut self, account: &str) -> &mut SentNow {
        self.0.entry(account.to_owned()).or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    #[test]
    fn what_was_sent_counts_until_its_window_has_passed() {
        let mut windows = Windows::default();
        windows.learn(7, "ada", vec![at(1), at(2), at(3)]);
        assert_eq!((windows.count("ada", at(0), at(9)), windows.count("ada", at(1), at(9))), (3, 2));
        let mut sent = Sent::default();
        (0..2).for_each(|_| sent.note(Kind::Transfer, "ada", "ben"));
        sent.note(Kind::Transfer, "cleo", "ben");
        assert_eq!((sent.total("ada", 2), sent.total("ben", 0)), (4, 0));
        windows.commit(8, ["cleo"].into_iter(), sent, at(9));
        assert_eq!((windows.count("ada", at(2), at(9)), windows.kept), (3, 4));
        assert_eq!(windows.count("cleo", at(2), at(9)), 1);
        assert!(windows.is_as_of(8) && windows.knows("ada") && !windows.knows("ben") && windows.knows("cleo"));
    }

    #[test]
    fn an_unfreeze_counts_from_anew() {
        let mut windows = Windows::default();
        windows.learn(7, "ada", vec![at(1), at(2)]);
        let mut sent = Sent::default();
        sent.note(Kind::Transfer, "ada", "ben");
        sent.note(Kind::AccountUnfreeze, "SYSTEM", "ada");
        sent.note(Kind::Transfer, "ada", "ben");
        assert_eq!(sent.total("ada", 2), 1);
        windows.commit(8, std::iter::empty(), sent, at(9));
        assert_eq!((windows.count("ada", at(0), at(9)), windows.kept), (1, 1));
    }

    #[test]
    fn past_its_bound_everything_is_forgotten() {
        let mut windows = Windows::default();
        windows.learn(7, "ada", vec![at(1); MAX_TIMES]);
        let mut sent = Sent::default();
        sent.note(Kind::Transfer, "ada", "ben");
        windows.commit(8, std::iter::empty(), sent, at(9));
        assert!(windows.is_empty() && windows.kept == 0);
    }
}
