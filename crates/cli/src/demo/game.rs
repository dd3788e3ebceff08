//! The play that a demo ledger records: who does what next, so that no rule is broken.

use std::collections::VecDeque;

use countersign_core::grammar::{SYSTEM, TREASURY};
use countersign_core::kind::Kind;
use countersign_core::money::Amount;

use super::books::{BUCKETS, Books, CURRENCIES, End, Movement};
use super::dice::Dice;
use super::players::Player;

/// Types with the weight that chance gives them, of [`WEIGHTS_SUM`].
const WEIGHTS: [(Kind, u64); 13] = [
    (Kind::Transfer, 300),
    (Kind::MarketBuy, 170),
    (Kind::MarketSell, 150),
    (Kind::Work, 140),
    (Kind::Salary, 80),
    (Kind::Reward, 70),
    (Kind::Application, 35),
    (Kind::Refund, 25),
    (Kind::SystemMint, 10),
    (Kind::SystemBurn, 8),
    (Kind::TaxCollection, 6),
    (Kind::TaxWithdrawal, 3),
    (Kind::AccountFreeze, 3),
];
const WEIGHTS_SUM: u64 = 1000;
/// After the opening each type comes once in this order, so that a short ledger has them all.
const OVERTURE: [Kind; 15] = [
    Kind::Transfer,
    Kind::Work,
    Kind::MarketBuy,
    Kind::Refund,
    Kind::MarketSell,
    Kind::Salary,
    Kind::Reward,
    Kind::TaxCollection,
    Kind::Application,
    Kind::SystemBurn,
    Kind::AccountFreeze,
    Kind::TaxWithdrawal,
    Kind::Erasure,
    Kind::AccountUnfreeze,
    Kind::Transfer,
];
/// How many earlier entries a refund may reach back to.
const REFUNDABLE: usize = 512;
pub(crate) const TIP_RATE: u32 = 200;
/// The smallest balance that is spent from: 1.0000.
const UNIT: u64 = 10_000;
/// Largest opening balances by currency, in whole units.
const OPENING: [u64; CURRENCIES.len()] = [5_000, 200, 20_000];
/// Largest usual amounts by currency, in whole units.
const USUAL: [u64; CURRENCIES.len()] = [120, 8, 600];

/// What happens next.
#[derive(Debug)]
pub(crate) struct Act {
    pub(crate) kind: Kind,
    pub(crate) movement: Movement,
    /// An earlier entry, for a refund or an erasure.
    pub(crate) refers_to: Option<String>,
    /// Its personal block was erased before the export.
    pub(crate) is_erased: bool,
}

impl Act {
    /// The player who gave the order; nobody where an operator did.
    pub(crate) const fn orderer(&self) -> Option<usize> {
        match (self.movement.from, self.movement.to) {
            (End::Player(player), _) => Some(player),
            (End::System, End::Player(player)) if matches!(self.kind, Kind::Work | Kind::Reward) => Some(player),
            _ => None,
        }
    }
}

#[derive(Debug)]
struct Refundable {
    id: String,
    payer: usize,
    payee: usize,
    currency: usize,
    left: u64,
}

#[derive(Debug)]
struct PendingErasure {
    id: String,
    subject: usize,
    due: u64,
}

/// The state of play.
#[derive(Debug)]
pub(crate) struct Game {
    pub(crate) players: Vec<Player>,
    pub(crate) books: Books,
    entries: u64,
    played: u64,
    opening: u64,
    refundable: VecDeque<Refundable>,
    erasures: VecDeque<PendingErasure>,
}

impl Game {
    pub(crate) fn new(entries: u64, accounts: usize, dice: &mut Dice) -> Self {
        Self::of((0..accounts).map(|n| Player::new(n, dice)).collect(), entries)
    }

    /// A game of these players alone.
    pub(crate) fn of(players: Vec<Player>, entries: u64) -> Self {
        let accounts = players.len();
        let opening = (accounts + accounts.div_ceil(2) + accounts.div_ceil(3)) as u64;
        let (refundable, erasures) = (VecDeque::new(), VecDeque::new());
        Self { players, books: Books::new(accounts), entries, played: 0, opening, refundable, erasures }
    }

    /// The account at one end.
    pub(crate) fn id(&self, end: End) -> &str {
        match end {
            End::System => SYSTEM,
            End::Treasury => TREASURY,
            End::Player(player) => &self.players[player].id,
        }
    }

    /// Whether money is still being handed out, before anybody plays.
    pub(crate) const fn is_opening(&self) -> bool {
        self.played < self.opening
    }

    /// Draws the next act and books it.
    pub(crate) fn next(&mut self, dice: &mut Dice) -> Act {
        let mut act = self.draw(dice);
        self.books.apply(&act.movement);
        if let End::Player(player) = act.movement.to {
            match act.kind {
                Kind::AccountFreeze => self.books.set_frozen(player, true),
                Kind::AccountUnfreeze => self.books.set_frozen(player, false),
                _ => {}
            }
        }
        act.is_erased = self.is_erased(&act, dice);
        self.played += 1;
        act
    }

    /// Remembers under which id an act was written: refunds and erasures come back to it.
    pub(crate) fn written(&mut self, act: &Act, id: &str, dice: &mut Dice) {
        let Movement { from, to, currency, gross, tax, .. } = act.movement;
        if act.is_erased
            && let End::Player(subject) = to
        {
            let due = self.played + dice.between(4, 40);
            self.erasures.push_back(PendingErasure { id: id.to_owned(), subject, due });
        }
        if act.kind == Kind::Refund {
            return;
        }
        if let (End::Player(payer), End::Player(payee), Some(currency)) = (from, to, currency) {
            if self.refundable.len() == REFUNDABLE {
                self.refundable.pop_front();
            }
            self.refundable.push_back(Refundable { id: id.to_owned(), payer, payee, currency, left: gross - tax });
        }
    }

    fn draw(&mut self, dice: &mut Dice) -> Act {
        if self.is_opening() {
            return self.opening_balance(dice);
        }
        let left = self.entries - self.played;
        let kind = match self.erasures.front() {
            // Every erased block must have its entry in the export.
            Some(pending) if pending.due <= self.played || left <= self.erasures.len() as u64 => Kind::Erasure,
            _ => self.kind(dice),
        };
        self.act_of(kind, dice).unwrap_or_else(|| self.reward(dice))
    }

    fn kind(&self, dice: &mut Dice) -> Kind {
        let overture = usize::try_from(self.played - self.opening).ok().and_then(|n| OVERTURE.get(n));
        if let Some(&kind) = overture {
            return kind;
        }
        let mut drawn = dice.below(WEIGHTS_SUM);
        for (kind, weight) in WEIGHTS {
            if drawn < weight {
                let crowded = self.books.frozen().len() * 50 > self.players.len();
                return if kind == Kind::AccountFreeze && crowded { Kind::AccountUnfreeze } else { kind };
            }
            drawn -= weight;
        }
        Kind::Reward
    }

    /// An act of this type; `None` where nobody can do it now.
    fn act_of(&mut self, kind: Kind, dice: &mut Dice) -> Option<Act> {
        match kind {
            Kind::Reward => Some(self.reward(dice)),
            Kind::Refund => self.refund(dice),
            Kind::Erasure => self.erasure(),
            Kind::AccountFreeze => self.freeze(dice),
            Kind::AccountUnfreeze => self.books.frozen().first().map(|&player| note(Kind::AccountUnfreeze, player)),
            Kind::TaxWithdrawal => self.withdrawal(dice),
            Kind::SystemMint => Some(self.paid_by_system(Kind::SystemMint, 10, dice)),
            Kind::Work | Kind::Salary if dice.per_mille(400) => Some(self.paid_by_system(kind, 2, dice)),
            Kind::SystemBurn => self.payment(kind, |_| Some(End::System), dice),
            Kind::TaxCollection => self.payment(kind, |_| Some(End::Treasury), dice),
            _ => {
                let other = dice.index(self.players.len());
                let able = !self.books.is_frozen(other);
                self.payment(kind, |payer| (able && other != payer).then_some(End::Player(other)), dice)
            }
        }
    }

    fn opening_balance(&self, dice: &mut Dice) -> Act {
        let (n, accounts) = (usize::try_from(self.played).unwrap_or_default(), self.players.len());
        let second = accounts + accounts.div_ceil(2);
        let (player, currency) = match n {
            _ if n < accounts => (n, 0),
            _ if n < second => (2 * (n - accounts), 1),
            _ => (3 * (n - second), 2),
        };
        let gross = UNIT * dice.between(OPENING[currency] / 10, OPENING[currency]);
        moving(Kind::SystemMint, End::System, End::Player(player), currency, gross)
    }

    fn reward(&self, dice: &mut Dice) -> Act {
        self.paid_by_system(Kind::Reward, 1, dice)
    }

    fn paid_by_system(&self, kind: Kind, times: u64, dice: &mut Dice) -> Act {
        let (player, currency) = (dice.index(self.players.len()), currency(dice));
        let gross = times * usual_amount(currency, dice);
        moving(kind, End::System, End::Player(player), currency, gross)
    }

    /// A payment by somebody who has the money to whom `to` names.
    fn payment(&self, kind: Kind, to: impl Fn(usize) -> Option<End>, dice: &mut Dice) -> Option<Act> {
        const TRIES: usize = 12;
        for _ in 0..TRIES {
            let (payer, currency) = (dice.index(self.players.len()), currency(dice));
            let balance = self.books.balance(payer, currency);
            if balance < UNIT || self.books.is_frozen(payer) {
                continue;
            }
            if let Some(to) = to(payer) {
                let gross = usual_amount(currency, dice).min(balance);
                return Some(moving(kind, End::Player(payer), to, currency, gross));
            }
        }
        None
    }

    fn refund(&mut self, dice: &mut Dice) -> Option<Act> {
        if self.refundable.is_empty() {
            return None;
        }
        let at = dice.index(self.refundable.len());
        let Refundable { id, payer, payee, currency, left } = &mut self.refundable[at];
        let whole = *left;
        let gross = if dice.per_mille(700) { whole } else { whole / 2 };
        let frozen = self.books.is_frozen(*payer) || self.books.is_frozen(*payee);
        if gross == 0 || frozen || self.books.balance(*payee, *currency) < gross {
            return None;
        }
        *left -= gross;
        let mut act = moving(Kind::Refund, End::Player(*payee), End::Player(*payer), *currency, gross);
        act.refers_to = Some(id.clone());
        Some(act)
    }

    fn withdrawal(&self, dice: &mut Dice) -> Option<Act> {
        let (bucket, currency) = (dice.index(BUCKETS.len()), currency(dice));
        let filled = (0..BUCKETS.len()).map(|n| (bucket + n) % BUCKETS.len());
        let bucket = filled.into_iter().find(|&b| self.books.collected(b, currency) > 0)?;
        let most = self.books.collected(bucket, currency);
        let player = End::Player(dice.index(self.players.len()));
        let mut act =
            moving(Kind::TaxWithdrawal, End::Treasury, player, currency, dice.between(most.div_ceil(4), most));
        act.movement.bucket = Some(bucket);
        Some(act)
    }

    fn freeze(&self, dice: &mut Dice) -> Option<Act> {
        let player = dice.index(self.players.len());
        // Two must stay free, or nobody could pay anybody.
        let room = self.books.frozen().len() + 2 < self.players.len();
        (room && !self.books.is_frozen(player)).then(|| note(Kind::AccountFreeze, player))
    }

    fn erasure(&mut self) -> Option<Act> {
        let PendingErasure { id, subject, .. } = self.erasures.pop_front()?;
        let mut act = note(Kind::Erasure, subject);
        act.refers_to = Some(id);
        Some(act)
    }

    /// Whether this entry's personal block is one of those that were erased later. Its ERASURE must
    /// still have room before the end.
    fn is_erased(&self, act: &Act, dice: &mut Dice) -> bool {
        let room = self.entries - self.played > self.erasures.len() as u64 + 1;
        let between_players = matches!((act.movement.from, act.movement.to), (End::Player(_), End::Player(_)));
        let first = self.played == self.opening;
        room && between_players && (first || dice.per_mille(4))
    }
}

/// Mostly EURO.
fn currency(dice: &mut Dice) -> usize {
    match dice.below(10) {
        0..=5 => 0,
        6 | 7 => 1,
        _ => 2,
    }
}

/// Small amounts are the most frequent; one in eight uses all four decimals.
fn usual_amount(currency: usize, dice: &mut Dice) -> u64 {
    let most = dice.between(1, USUAL[currency]);
    let units = dice.between(UNIT / 4, most * UNIT);
    if dice.per_mille(125) { units } else { units / 100 * 100 }
}

fn moving(kind: Kind, from: End, to: End, currency: usize, gross: u64) -> Act {
    let (rate, bucket) = match kind {
        Kind::TaxCollection => (10_000, "property_tax"),
        Kind::Application => (TIP_RATE, "tip_tax"),
        _ => kind.default_tax().unwrap_or((0, "")),
    };
    let tax = Amount::from_ten_thousandths(gross).map_or(0, |gross| gross.at_rate(rate).ten_thousandths());
    let bucket = if tax == 0 { None } else { BUCKETS.iter().position(|name| *name == bucket) };
    let movement = Movement { from, to, currency: Some(currency), gross, tax, bucket };
    Act { kind, movement, refers_to: None, is_erased: false }
}

/// An entry about a player that moves nothing.
fn note(kind: Kind, player: usize) -> Act {
    let movement =
        Movement { from: End::System, to: End::Player(player), currency: None, gross: 0, tax: 0, bucket: None };
    Act { kind, movement, refers_to: None, is_erased: false }
}
