//! A batch in the making: tasks carried out one after the other on what was loaded, in memory.

use std::collections::{BTreeSet, HashMap};

use countersign_core::books::{Account, Books, has_document};
use countersign_core::grammar;
use countersign_core::hash::Hash;
use countersign_core::kind::Kind;
use countersign_core::merkle::NodeId;
use countersign_core::seal::Record;
use countersign_core::settle::{self, Order, Refusal, Settlement};
use countersign_core::timestamp::Timestamp;
use countersign_store::{Act, ActKind, Answer, Batch, Halt, Loaded, Page, Query, Store, StoreError};

use crate::config::Config;
use crate::error::EngineError;
use crate::halting::{self, Halted};
use crate::receipt::Receipt;
use crate::request::{AccountChange, NO_TEXT, NewAccount, check_words, is_name};
use crate::shield::ShieldRefusal;
use crate::shield::velocity::{Sent, Windows};
use crate::stamps::Stamps;
use crate::ticket::{Answered, Key, Outcome, Task};
use crate::totals;

/// What a draft is made with.
pub(crate) struct Desk<'a> {
    pub(crate) store: &'a dyn Store,
    pub(crate) config: &'a Config,
    pub(crate) windows: &'a mut Windows,
    pub(crate) stamps: &'a mut dyn Stamps,
}

/// A batch in the making.
pub(crate) struct Draft<'a> {
    desk: Desk<'a>,
    /// What time it is.
    clock: Timestamp,
    /// What entries say that it is: never before the entry before them.
    now: Timestamp,
    books: Books,
    answers: HashMap<String, Answer>,
    /// Settled in this batch, by idempotency key.
    keyed: HashMap<String, (Hash, Receipt)>,
    batch: Batch,
    opened: BTreeSet<String>,
    treasury_changed: bool,
    head_changed: bool,
    sent: Sent,
    frozen: u64,
}

/// A batch made, and what is to be remembered once it is written.
#[derive(Debug)]
pub(crate) struct Drafted {
    pub(crate) batch: Batch,
    /// What it was made on and does not change.
    pub(crate) books: Books,
    pub(crate) sent: Sent,
    pub(crate) now: Timestamp,
    pub(crate) frozen: u64,
    /// Whether there is anything to write.
    pub(crate) is_empty: bool,
}

/// What tasks came to: a batch, and what everybody is told once it is written.
pub(crate) type Settled = (Drafted, Vec<Outcome>);

/// How many entries of a history are looked at at once.
const PAGE: u32 = 100;

impl<'a> Draft<'a> {
    /// A batch on what was loaded, or is known.
    pub(crate) fn on(loaded: Loaded, desk: Desk<'a>) -> Self {
        let Loaded { head, treasury, accounts, referenced, answers, .. } = loaded;
        let clock = desk.stamps.now().min(Timestamp::MAX);
        let now = head.time.map_or(clock, |last| last.max(clock));
        let mut batch = Batch::on(head);
        batch.basis.treasury = Some(treasury.clone());
        Self {
            desk,
            clock,
            now,
            books: Books { accounts, treasury, referenced },
            answers,
            keyed: HashMap::new(),
            batch,
            opened: BTreeSet::new(),
            treasury_changed: false,
            head_changed: false,
            sent: Sent::default(),
            frozen: 0,
        }
    }

    /// Carries a task out; a refusal changes nothing.
    pub(crate) fn carry_out(&mut self, task: &Task) -> Outcome {
        match task {
            Task::Settle { order, key } => {
                self.answer(order, key.as_ref()).map(|receipt| Answered::Receipt(Box::new(receipt)))
            }
            Task::Open { account, by } => self.open(account, by.as_deref()).map(Answered::Account),
            Task::Change { id, change, by, reason } => self.change(id, change, by, reason).map(Answered::Account),
            Task::Halt { by, reason } => self.halt(by, reason).map(Answered::Halt),
            Task::Resume { by, reason, of } => self.resume(by, reason, of.as_deref()).map(|()| Answered::Done),
        }
    }

    /// The entries that were made since the last time, and the nodes that they complete. They are not in the batch then.
    pub(crate) fn take_made(&mut self) -> (Vec<Record>, Vec<(NodeId, Hash)>) {
        (std::mem::take(&mut self.batch.entries), std::mem::take(&mut self.batch.nodes))
    }

    /// The batch.
    pub(crate) fn finish(mut self) -> Drafted {
        let is_empty = !(self.head_changed || self.treasury_changed)
            && self.batch.head.seq == self.batch.basis.head.seq
            && self.batch.basis.accounts.is_empty()
            && self.opened.is_empty();
        let Books { accounts, treasury, .. } = &mut self.books;
        let mut changed: Vec<&String> = self.batch.basis.accounts.keys().collect();
        changed.sort_unstable();
        self.batch.accounts = changed.into_iter().filter_map(|id| accounts.remove(id)).collect();
        self.batch.opened = self.opened.iter().filter_map(|id| accounts.remove(id)).collect();
        self.batch.treasury = self.treasury_changed.then(|| std::mem::take(treasury));
        let Self { batch, books, sent, clock: now, frozen, .. } = self;
        Drafted { batch, books, sent, now, frozen, is_empty }
    }

    /// An answer given before is given again, even while the ledger is halted: it moves nothing, and who lost
    /// it must be able to learn it. A refusal is not kept: it changed nothing, and what was refused for want
    /// of money is right to be asked again once there is some.
    fn answer(&mut self, order: &Order, key: Option<&Key>) -> Result<Receipt, EngineError> {
        if let Some(key) = key
            && let Some(receipt) = self.repeated(key)?
        {
            return Ok(receipt);
        }
        if let Some(halt) = &self.batch.head.halt {
            return Err(EngineError::Halted(halt.clone()));
        }
        let settlement = self.settle(order)?;
        if self.desk.config.shield.velocity.concerns(order) && self.is_too_fast(&order.sender_id)? {
            self.freeze(&order.sender_id)?;
            return Err(ShieldRefusal::Velocity { account: order.sender_id.clone() }.into());
        }
        let receipt = self.write(settlement);
        if let Some(key) = key {
            self.remember(key, &receipt)?;
        }
        Ok(receipt)
    }

    fn repeated(&self, key: &Key) -> Result<Option<Receipt>, EngineError> {
        let conflict = || EngineError::IdempotencyConflict { key: key.text.clone() };
        let receipt = if let Some((asked, receipt)) = self.keyed.get(&key.text) {
            if *asked == key.asked { receipt.clone() } else { return Err(conflict()) }
        } else if let Some(answer) = self.answers.get(&key.text) {
            if answer.asked != key.asked {
                return Err(conflict());
            }
            // Keys are in no message: messages are logged.
            let damaged = |error| StoreError::Damaged(format!("the answer of {} to a key: {error}", answer.at));
            serde_json::from_str(&answer.answer).map_err(damaged)?
        } else {
            return Ok(None);
        };
        Ok(Some(Receipt { replayed: true, ..receipt }))
    }

    fn remember(&mut self, key: &Key, receipt: &Receipt) -> Result<(), EngineError> {
        let answer = serde_json::to_string(receipt).map_err(|error| StoreError::Other(error.to_string()))?;
        self.batch.answers.push(Answer { key: key.text.clone(), asked: key.asked, answer, at: self.now });
        self.keyed.insert(key.text.clone(), (key.asked, receipt.clone()));
        Ok(())
    }

    /// What a clock that says what no entry can would date, nobody could read again. A halt is never held up by it.
    fn check_clock(&self) -> Result<(), EngineError> {
        if self.clock < Timestamp::MAX { Ok(()) } else { Err(EngineError::Clock) }
    }

    fn settle(&mut self, order: &Order) -> Result<Settlement, EngineError> {
        self.check_clock()?;
        let stamp = self.desk.stamps.stamp(self.now).map_err(StoreError::Other)?;
        Ok(settle::settle(order, &self.books, &self.desk.config.policy, stamp)?)
    }

    /// Whether one more would be too many. Where it looks so, an operator may have unfrozen the account since:
    /// rare enough to ask the store for it only then.
    fn is_too_fast(&mut self, account: &str) -> Result<bool, EngineError> {
        let velocity = &self.desk.config.shield.velocity;
        let (since, most) = (velocity.since(self.clock), velocity.transactions as usize);
        let before = self.desk.windows.count(account, since, self.clock);
        if self.sent.total(account, before) < most {
            return Ok(false);
        }
        let Some(unfrozen) = self.unfrozen(account, since)? else { return Ok(true) };
        let before = self.desk.windows.count(account, unfrozen, self.clock);
        Ok(self.sent.total(account, before) >= most)
    }

    /// When an account was last unfrozen, where that was after `since`.
    fn unfrozen(&self, account: &str, since: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        let query = Query::OfType("ACCOUNT_UNFREEZE".to_owned());
        let mut before = None;
        loop {
            let page = self.desk.store.history(&query, Page { before, limit: PAGE })?;
            for record in &page {
                let at = Timestamp::parse(record.created_at.as_bytes()).filter(|at| *at > since);
                let Some(at) = at else { return Ok(None) };
                if record.receiver_id == account {
                    return Ok(Some(at));
                }
            }
            before = page.last().map(|record| record.seq);
            if page.len() < PAGE as usize {
                return Ok(None);
            }
        }
    }

    fn freeze(&mut self, account: &str) -> Result<(), EngineError> {
        let settlement = self.settle(&self.desk.config.shield.velocity.freeze(account))?;
        self.write(settlement);
        self.frozen += 1;
        Ok(())
    }

    /// Makes a settlement an entry.
    fn write(&mut self, settlement: Settlement) -> Receipt {
        self.note(&settlement);
        settlement.apply(&mut self.books, self.now);
        let batch = &mut self.batch;
        let head = &mut batch.head;
        totals::add(&mut head.totals, &settlement);
        let mut receipt = Receipt::of(&settlement, self.now, head.seq + 1);
        let record = settlement.entry.seal(head.seq + 1, &head.hash);
        receipt.current_hash = record.hash().expect("an entry that was sealed has its hash");
        head.seq += 1;
        head.hash = receipt.current_hash;
        head.time = Some(self.now);
        head.range.push(&head.hash, |node, root| batch.nodes.push((node, root)));
        batch.entries.push(record);
        receipt
    }

    /// Takes note of what a settlement is about to change.
    fn note(&mut self, settlement: &Settlement) {
        let entry = &settlement.entry;
        for id in [&entry.sender_id, &entry.receiver_id] {
            self.will_change(id);
        }
        self.treasury_changed |= settlement.bucket.is_some();
        self.sent.note(settlement.kind, &entry.sender_id, &entry.receiver_id);
        if settlement.kind == Kind::Erasure {
            self.batch.erased.extend(entry.reference_id.clone());
        }
    }

    /// Keeps an account as it was before the batch first changes it.
    fn will_change(&mut self, id: &str) {
        if self.opened.contains(id) || self.batch.basis.accounts.contains_key(id) {
            return;
        }
        if let Some(account) = self.books.accounts.get(id) {
            self.batch.basis.accounts.insert(id.to_owned(), account.clone());
        }
    }

    fn open(&mut self, new: &NewAccount, by: Option<&str>) -> Result<Account, EngineError> {
        let invalid = |field, reason| Err(Refusal::InvalidField { field, reason }.into());
        if !grammar::is_id(&new.id) {
            return invalid("id", "not 1 to 64 of A-Z a-z 0-9 . _ : -");
        }
        if !has_document(&new.id) {
            return invalid("id", "SYSTEM and TREASURY are reserved");
        }
        if !is_name(new.username.as_deref()) {
            return invalid("username", NO_TEXT);
        }
        check_words(by, None)?;
        self.check_clock()?;
        if self.books.accounts.contains_key(&new.id) {
            return Err(StoreError::Exists { what: format!("an account {}", new.id) }.into());
        }
        let account = Account::open(new.id.clone(), new.username.clone(), self.now);
        self.act(ActKind::AccountOpened, Some(&new.id), by, None);
        self.opened.insert(new.id.clone());
        self.books.accounts.insert(new.id.clone(), account.clone());
        Ok(written(account))
    }

    fn change(&mut self, id: &str, change: &AccountChange, by: &str, reason: &str) -> Result<Account, EngineError> {
        check_words(Some(by), Some(reason))?;
        let invalid = |field, reason| Err(Refusal::InvalidField { field, reason }.into());
        if *change == AccountChange::default() {
            return invalid("is_active", "neither it nor is_banned nor username is given");
        }
        if !is_name(change.username.as_ref().and_then(Option::as_deref)) {
            return invalid("username", NO_TEXT);
        }
        self.check_clock()?;
        let unknown = || Refusal::UnknownAccount { account: id.chars().take(grammar::MAX_ID).collect() };
        let account = self.books.accounts.get(id).ok_or_else(unknown)?;
        let changes: Vec<ActKind> = changes(account, change).collect();
        if changes.is_empty() {
            return Ok(account.clone());
        }
        self.will_change(id);
        let account = self.books.accounts.get_mut(id).ok_or_else(unknown)?;
        account.is_active = change.is_active.unwrap_or(account.is_active);
        account.is_banned = change.is_banned.unwrap_or(account.is_banned);
        if let Some(username) = &change.username {
            account.username.clone_from(username);
        }
        account.updated_at = self.now;
        let account = written(account.clone());
        changes.into_iter().for_each(|kind| self.act(kind, Some(id), Some(by), Some(reason)));
        Ok(account)
    }

    fn act(&mut self, kind: ActKind, account: Option<&str>, by: Option<&str>, reason: Option<&str>) {
        let [account, by, reason] = [account, by, reason].map(|text| text.map(str::to_owned));
        self.batch.acts.push(Act { number: 0, kind, account, by, reason, at: self.now, seq: self.batch.head.seq });
    }

    /// A halt that stands goes on standing, its reason the first one, unless [`halting::instead_of`] has another.
    fn halt(&mut self, by: &str, reason: &str) -> Result<Halted, EngineError> {
        check_words(Some(by), Some(reason))?;
        let ordered = Halt { by: by.to_owned(), reason: reason.to_owned(), at: self.now };
        let halt = match &self.batch.head.halt {
            None => ordered,
            Some(standing) => match halting::instead_of(standing, &ordered) {
                Some(instead) => instead,
                None => return Ok(Halted { halt: standing.clone(), already: true }),
            },
        };
        self.batch.head.halt = Some(halt.clone());
        self.head_changed = true;
        self.act(ActKind::Halt, None, Some(by), Some(&halt.reason));
        Ok(Halted { halt, already: false })
    }

    fn resume(&mut self, by: &str, reason: &str, of: Option<&str>) -> Result<(), EngineError> {
        check_words(Some(by), Some(reason))?;
        self.check_clock()?;
        let Some(standing) = &self.batch.head.halt else { return Ok(()) };
        if !halting::is_meant(standing, of) {
            return Err(EngineError::HaltNotNamed(standing.clone()));
        }
        self.batch.head.halt = None;
        self.head_changed = true;
        self.act(ActKind::Resume, None, Some(by), Some(reason));
        Ok(())
    }
}

/// What a change does to an account.
fn changes(account: &Account, change: &AccountChange) -> impl Iterator<Item = ActKind> {
    let kind = |is: bool, yes, no| if is { yes } else { no };
    let active = change.is_active.filter(|is| *is != account.is_active);
    let banned = change.is_banned.filter(|is| *is != account.is_banned);
    let renamed = change.username.as_ref().filter(|username| **username != account.username);
    let active = active.map(|is| kind(is, ActKind::AccountActivated, ActKind::AccountDeactivated));
    let banned = banned.map(|is| kind(is, ActKind::AccountBanned, ActKind::AccountUnbanned));
    active.into_iter().chain(banned).chain(renamed.map(|_| ActKind::AccountRenamed))
}

/// As it is once it is written.
fn written(account: Account) -> Account {
    Account { version: account.version + 1, ..account }
}
