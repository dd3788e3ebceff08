//! Demo ledgers: a game's economy, invented, plausible, and the same for the same seed.
//!
//! Inside: exports of both formats, and tampered copies of them, nothing of which is fit for a real ledger,
//! whose salts and ids must come from a secure random source; and callers that play the same game through an
//! engine, which has such a source.

mod books;
mod clock;
mod dice;
mod game;
mod legacy;
mod live;
mod players;
mod tamper;
mod texts;

use std::io::{self, Write};

use countersign_core::entry::Entry;
use countersign_core::export::header::{FORMAT, Header, PersonalData};
use countersign_core::export::writer::Writer;
use countersign_core::grammar::NO_CURRENCY;
use countersign_core::hash::Hash;
use countersign_core::money::Amount;
use countersign_core::seal::{NewEntry, PersonalBlock};

use self::books::{BUCKETS, CURRENCIES, End};
use self::clock::Clock;
use self::dice::Dice;
use self::game::{Act, Game};
pub use self::legacy::edited_copy as tampered_legacy_copy;
pub(crate) use self::live::{Caller, config as live_config};
pub use self::tamper::{TamperedCopy, copies as tampered_copies};

/// The name of every demo ledger.
pub const LEDGER: &str = "demo.example/economy";
/// Mean time between two entries.
const PACE_MS: u64 = 2_600;

/// Which demo ledger: the same values give the same bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ledger {
    /// How many entries.
    pub entries: u64,
    /// How many players, at least 2.
    pub accounts: usize,
    /// What tells two demo ledgers of one size apart.
    pub seed: u64,
}

impl Ledger {
    /// A ledger with as many players as suit its size.
    #[must_use]
    pub fn new(entries: u64, seed: u64) -> Self {
        Self { entries, accounts: Self::usual_accounts(entries), seed }
    }

    /// One player for a hundred entries, from 5 to 10,000.
    #[must_use]
    pub fn usual_accounts(entries: u64) -> usize {
        usize::try_from((entries / 100).clamp(5, 10_000)).unwrap_or(5)
    }

    /// Writes it as an export of format 2. It verifies with no finding and no warning.
    ///
    /// # Errors
    /// Those of the output.
    pub fn write_export(&self, out: &mut impl Write) -> io::Result<()> {
        Session::new(self).write(self.entries, out)
    }
}

struct Session {
    dice: Dice,
    clock: Clock,
    game: Game,
    header: Header,
}

impl Session {
    fn new(ledger: &Ledger) -> Self {
        let mut dice = Dice::new(ledger.seed, 2);
        let header = Header {
            format: FORMAT.to_owned(),
            ledger: LEDGER.to_owned(),
            ledger_id: dice.hex::<16>(),
            first_seq: 1,
            personal: PersonalData::Full,
            exported_at: None,
            last_seq: None,
            prefix: None,
        };
        let game = Game::new(ledger.entries, ledger.accounts.max(2), &mut dice);
        Self { dice, clock: Clock::new(), game, header }
    }

    fn write(mut self, entries: u64, out: &mut impl Write) -> io::Result<()> {
        let mut writer = Writer::new(&mut *out, &self.header)?;
        let mut head = self.header.genesis();
        for seq in 1..=entries {
            let (entry, is_erased) = self.next();
            head = append(&mut writer, entry, seq, &head, is_erased)?;
        }
        for user in self.game.books.users(&self.game.players) {
            writer.user(&user)?;
        }
        if entries > 0 {
            writer.treasury(&self.game.books.treasury())?;
        }
        writer.finish(Vec::new()).map(|_| ())
    }

    fn next(&mut self) -> (NewEntry, bool) {
        let is_opening = self.game.is_opening();
        let act = self.game.next(&mut self.dice);
        self.clock.tick(if is_opening { 20 } else { PACE_MS }, &mut self.dice);
        let entry = self.entry(&act, is_opening);
        self.game.written(&act, &entry.transaction_id, &mut self.dice);
        (entry, act.is_erased)
    }

    fn entry(&mut self, act: &Act, is_opening: bool) -> NewEntry {
        let (kind, movement, dice) = (act.kind, &act.movement, &mut self.dice);
        let reference = act.refers_to.clone().or_else(|| texts::reference(kind, dice));
        NewEntry {
            transaction_id: self.clock.id(dice),
            created_at: self.clock.now(),
            kind: texts::type_name(kind).to_owned(),
            currency: movement.currency.map_or(NO_CURRENCY, |c| CURRENCIES[c]).to_owned(),
            amount_gross: amount(movement.gross),
            tax_withheld: amount(movement.tax),
            amount_net: amount(movement.gross - movement.tax),
            tax_type: movement.bucket.map(|bucket| BUCKETS[bucket].to_owned()),
            operator_id: texts::operator(kind, dice).map(str::to_owned),
            reference_id: reference,
            personal: self.personal(act, is_opening),
            sender_id: self.game.id(movement.from).to_owned(),
            receiver_id: self.game.id(movement.to).to_owned(),
        }
    }

    fn personal(&mut self, act: &Act, is_opening: bool) -> PersonalBlock {
        let dice = &mut self.dice;
        let (salt, description) = (dice.hex::<16>(), texts::description(act.kind, is_opening, dice));
        let origin = act.orderer().map(|player| self.game.players[player].origin(dice));
        let (ip_address, user_agent) = origin.map(|(ip, agent)| (ip, agent.to_owned())).unzip();
        let (sender_username, receiver_username) = (self.name(act.movement.from), self.name(act.movement.to));
        PersonalBlock { salt, sender_username, receiver_username, description, ip_address, user_agent }
    }

    fn name(&self, end: End) -> Option<String> {
        match end {
            End::Player(player) => Some(self.game.players[player].name.clone()),
            End::System | End::Treasury => None,
        }
    }
}

fn amount(units: u64) -> String {
    Amount::from_ten_thousandths(units).unwrap_or_default().to_string()
}

fn append<W: Write>(
    writer: &mut Writer<W>,
    entry: NewEntry,
    seq: u64,
    head: &Hash,
    is_erased: bool,
) -> io::Result<Hash> {
    let record = entry.seal(seq, head);
    let entry = record.entry();
    let hash = record.hash().unwrap_or_default();
    let personal = if is_erased { None } else { entry.personal };
    writer.entry(&Entry { personal, ..entry }, hash).map(|()| hash)
}
