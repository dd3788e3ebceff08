//! The game played through an engine: each caller with players of its own, all of them at once on one
//! Treasury and one chain.

use countersign_core::export::document::{Treasury, User};
use countersign_core::kind::Kind;
use countersign_core::money::Amount;
use countersign_core::settle::Order;
use countersign_core::taxes::Tax;
use countersign_engine::{Config, Engine, EngineError, NewAccount, Origin, Request};

use super::books::{BUCKETS, CURRENCIES};
use super::dice::Dice;
use super::game::{Act, Game, TIP_RATE};
use super::players::Player;
use super::texts;

/// Somebody who orders what happens in one game.
#[derive(Debug)]
pub(crate) struct Caller {
    dice: Dice,
    game: Game,
}

impl Caller {
    /// The caller with this number, and its share of `entries`.
    pub(crate) fn new(number: usize, players: usize, entries: u64, seed: u64) -> Self {
        let mut dice = Dice::new(seed, 16 + number as u64);
        let players = (0..players).map(|n| Player::new(number * players + n, &mut dice)).collect();
        Self { dice, game: Game::of(players, entries) }
    }

    /// Opens the accounts of its players.
    pub(crate) fn open_accounts(&self, engine: &Engine) -> Result<(), EngineError> {
        for Player { id, name, .. } in &self.game.players {
            engine.open_account(NewAccount { id: id.clone(), username: Some(name.clone()) })?;
        }
        Ok(())
    }

    /// Plays on, so many entries.
    pub(crate) fn play(&mut self, engine: &Engine, entries: u64) -> Result<(), EngineError> {
        for _ in 0..entries {
            let is_opening = self.game.is_opening();
            let act = self.game.next(&mut self.dice);
            let receipt = engine.settle(self.request(&act, is_opening))?;
            self.game.written(&act, &receipt.transaction_id, &mut self.dice);
        }
        Ok(())
    }

    /// The documents that its game comes to, of those players that entries name.
    pub(crate) fn users(&self) -> impl Iterator<Item = User> {
        self.game.books.users(&self.game.players)
    }

    /// Its part of the Treasury.
    pub(crate) fn treasury(&self) -> Treasury {
        self.game.books.treasury()
    }

    fn request(&mut self, act: &Act, is_opening: bool) -> Request {
        let (kind, movement, dice) = (act.kind, &act.movement, &mut self.dice);
        let origin = act.orderer().map(|player| self.game.players[player].origin(dice));
        let (ip_address, user_agent) = origin.map(|(ip, agent)| (ip, agent.to_owned())).unzip();
        let names_bucket = matches!(kind, Kind::TaxCollection | Kind::TaxWithdrawal);
        // What the shield freezes, it freezes itself.
        let operator = texts::operator(kind, dice).map(|operator| operator.replace("shield", "op-mira"));
        let order = Order {
            kind: texts::type_name(kind).to_owned(),
            sender_id: self.game.id(movement.from).to_owned(),
            receiver_id: self.game.id(movement.to).to_owned(),
            currency: movement.currency.map(|currency| CURRENCIES[currency].to_owned()),
            amount: movement.currency.and(Amount::from_ten_thousandths(movement.gross)).map(|gross| gross.to_string()),
            tax_type: movement.bucket.filter(|_| names_bucket).map(|bucket| BUCKETS[bucket].to_owned()),
            operator_id: operator,
            reference_id: act.refers_to.clone().or_else(|| texts::reference(kind, dice)),
            description: texts::description(kind, is_opening, dice),
            ..Order::default()
        };
        let ip_address = ip_address.and_then(|ip: String| ip.parse().ok());
        Request { order, idempotency_key: None, origin: Origin { ip_address, user_agent } }
    }
}

/// What a game asks of an engine: its own type's tax, and nobody held off.
pub(crate) fn config() -> Config {
    let mut config = Config::default();
    let tip = Tax { rate: TIP_RATE, tax_type: "tip_tax".to_owned() };
    config.policy.taxes.set(texts::type_name(Kind::Application), tip);
    config.shield.rate.enabled = false;
    config.shield.velocity.enabled = false;
    config
}
