//! Demo ledgers of format 1, as `mongoexport` writes the first system's collection.

use std::fmt::Write as _;
use std::io::{self, Write};

use countersign_core::hash::Hash;
use countersign_core::kind::Kind;
use serde::Serialize;

use super::books::{CURRENCIES, End};
use super::clock::Clock;
use super::dice::Dice;
use super::game::{Act, Game};
use super::{Ledger, PACE_MS, TamperedCopy, texts};

#[derive(Serialize)]
struct Oid<'a> {
    #[serde(rename = "$oid")]
    oid: &'a str,
}

#[derive(Serialize)]
struct Decimal<'a> {
    #[serde(rename = "$numberDecimal")]
    text: &'a str,
}

#[derive(Serialize)]
struct Date<'a> {
    #[serde(rename = "$date")]
    text: &'a str,
}

/// A document, its keys in the order in which the first system stored them.
#[derive(Serialize)]
struct Document<'a> {
    transaction_id: &'a str,
    sender_id: Oid<'a>,
    sender_username: &'a str,
    sender_type: &'a str,
    receiver_id: Oid<'a>,
    receiver_username: &'a str,
    receiver_type: &'a str,
    amount_gross: Decimal<'a>,
    tax_withheld: Decimal<'a>,
    amount_net: Decimal<'a>,
    currency: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
    description: &'a str,
    reference_id: Option<&'a str>,
    previous_hash: &'a str,
    status: &'a str,
    ip_address: Option<&'a str>,
    user_agent: Option<&'a str>,
    reversed_by_transaction_id: Option<&'a str>,
    #[serde(rename = "_id")]
    id: Oid<'a>,
    #[serde(rename = "createdAt")]
    created_at: Date<'a>,
    current_hash: &'a str,
}

/// Somebody's ids in the database.
struct Member<'a> {
    oid: &'a str,
    name: &'a str,
    role: &'a str,
}

impl Ledger {
    /// Writes it as the first system's export: linked, and nothing tampered with.
    ///
    /// # Errors
    /// Those of the output.
    pub fn write_legacy(&self, out: &mut impl Write) -> io::Result<()> {
        let mut session = Session::new(self);
        let mut previous = "0".to_owned();
        for _ in 0..self.entries {
            previous = session.append(&previous, out)?;
        }
        Ok(())
    }
}

/// A copy of a legacy export in which one amount was edited.
#[must_use]
pub fn edited_copy(export: &str) -> Option<TamperedCopy> {
    let mut lines: Vec<String> = export.lines().map(str::to_owned).collect();
    let at = lines.len() / 2;
    let mark = "\"amount_gross\":{\"$numberDecimal\":\"";
    let line = lines.get_mut(at)?;
    let place = line.find(mark)? + mark.len();
    line.insert(place, '9');
    let what = format!("format 1: the gross amount of entry {} was edited", at + 1);
    let text = lines.iter().flat_map(|line| [line, "\n"]).collect();
    Some(TamperedCopy { name: "legacy-amount-edited", what, text })
}

struct Session {
    dice: Dice,
    clock: Clock,
    game: Game,
    oids: Vec<String>,
    system: String,
}

impl Session {
    fn new(ledger: &Ledger) -> Self {
        let mut dice = Dice::new(ledger.seed, 1);
        // The entries that format 1 does not know are skipped, so the game has no set end.
        let game = Game::new(u64::MAX, ledger.accounts.max(2), &mut dice);
        let oids = game.players.iter().map(|_| dice.hex::<12>()).collect();
        Self { system: dice.hex::<12>(), oids, clock: Clock::new(), game, dice }
    }

    fn append(&mut self, previous: &str, out: &mut impl Write) -> io::Result<String> {
        let is_opening = self.game.is_opening();
        let act = self.next();
        self.clock.tick(if is_opening { 20 } else { PACE_MS }, &mut self.dice);
        let transaction_id = self.clock.id(&mut self.dice);
        self.game.written(&act, &transaction_id, &mut self.dice);
        let (document, hash) = self.line(&act, is_opening, &transaction_id, previous)?;
        out.write_all(document.as_bytes())?;
        Ok(hash)
    }

    fn next(&mut self) -> Act {
        loop {
            let mut act = self.game.next(&mut self.dice);
            act.is_erased = false;
            if is_of_format_1(act.kind) {
                return act;
            }
        }
    }

    fn line(&mut self, act: &Act, opening: bool, id: &str, previous: &str) -> io::Result<(String, String)> {
        let (dice, movement) = (&mut self.dice, &act.movement);
        let description = texts::description(act.kind, opening, dice).unwrap_or_default();
        let reference = act.refers_to.clone().or_else(|| texts::reference(act.kind, dice));
        let object_id = dice.hex::<12>();
        let origin = match movement.from {
            End::Player(player) => Some(self.game.players[player].origin(dice)),
            _ => None,
        };
        let (sender, receiver) = (self.member(movement.from), self.member(movement.to));
        let amounts = [movement.gross, movement.tax, movement.gross - movement.tax].map(decimal);
        let (currency, kind) = (movement.currency.map_or("", |c| CURRENCIES[c]), texts::type_name(act.kind));
        let now = self.clock.now();
        let hash = hash(&[
            id,
            sender.oid,
            receiver.oid,
            &amounts[0],
            &amounts[1],
            &amounts[2],
            currency,
            kind,
            previous,
            &now,
        ]);
        let document = Document {
            transaction_id: id,
            sender_id: Oid { oid: sender.oid },
            sender_username: sender.name,
            sender_type: sender.role,
            receiver_id: Oid { oid: receiver.oid },
            receiver_username: receiver.name,
            receiver_type: receiver.role,
            amount_gross: Decimal { text: &amounts[0] },
            tax_withheld: Decimal { text: &amounts[1] },
            amount_net: Decimal { text: &amounts[2] },
            currency,
            kind,
            description: &description,
            reference_id: reference.as_deref(),
            previous_hash: previous,
            status: "COMPLETED",
            ip_address: origin.as_ref().map(|(ip, _)| ip.as_str()),
            user_agent: origin.as_ref().map(|(_, agent)| *agent),
            reversed_by_transaction_id: None,
            id: Oid { oid: &object_id },
            created_at: Date { text: &date(&now) },
            current_hash: &hash,
        };
        Ok((serde_json::to_string(&document)? + "\n", hash))
    }

    fn member(&self, end: End) -> Member<'_> {
        match end {
            End::Player(n) => Member { oid: &self.oids[n], name: &self.game.players[n].name, role: "USER" },
            End::System | End::Treasury => Member { oid: &self.system, name: "SYSTEM", role: "SYSTEM" },
        }
    }
}

const fn is_of_format_1(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Transfer
            | Kind::Work
            | Kind::Salary
            | Kind::MarketBuy
            | Kind::MarketSell
            | Kind::Reward
            | Kind::Refund
            | Kind::SystemMint
            | Kind::SystemBurn
    )
}

/// SHA-256 of the object as JSON.stringify writes it. None of these texts needs an escape.
fn hash(values: &[&str; 10]) -> String {
    const KEYS: [&str; 10] = [
        "transaction_id",
        "sender_id",
        "receiver_id",
        "amount_gross",
        "tax_withheld",
        "amount_net",
        "currency",
        "type",
        "previous_hash",
        "timestamp",
    ];
    let mut object = String::with_capacity(512);
    for (key, value) in KEYS.iter().zip(values) {
        let comma = if object.is_empty() { '{' } else { ',' };
        // Writing to a String cannot fail.
        let _ = write!(object, "{comma}\"{key}\":\"{value}\"");
    }
    object.push('}');
    Hash::of(object.as_bytes()).to_string()
}

/// Decimal128's own text keeps the decimals that the first system was given: two, or four.
fn decimal(units: u64) -> String {
    let text = super::amount(units);
    text.strip_suffix("00").map_or_else(|| text.clone(), str::to_owned)
}

/// `mongoexport` leaves out the zeros at the end of a fraction.
fn date(now: &str) -> String {
    let digits = now.trim_end_matches('Z').trim_end_matches('0');
    // Of a whole second only the point is left; the zeros before it are its own.
    match digits.strip_suffix('.') {
        Some(whole) => format!("{whole}Z"),
        None => format!("{digits}Z"),
    }
}
