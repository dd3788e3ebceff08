//! Who plays in a demo ledger: invented handles, addresses from ranges reserved for documentation.

use super::dice::Dice;

const FIRST: [&str; 40] = [
    "Iron",
    "Silent",
    "Golden",
    "Crimson",
    "Lucky",
    "Swift",
    "Frost",
    "Shadow",
    "Amber",
    "Wild",
    "Old",
    "Mad",
    "Sly",
    "Brave",
    "Tiny",
    "Grim",
    "Noble",
    "Rusty",
    "Velvet",
    "Storm",
    "Ember",
    "Lunar",
    "Solar",
    "Quiet",
    "Bold",
    "Cobalt",
    "Jade",
    "Onyx",
    "Pale",
    "Royal",
    "Salty",
    "Stone",
    "Sunny",
    "Thorn",
    "Umber",
    "Vivid",
    "Windy",
    "Zesty",
    "Błękitny",
    "Süßer",
];
const SECOND: [&str; 40] = [
    "Fox", "Miner", "Baker", "Raven", "Smith", "Trader", "Wolf", "Falcon", "Badger", "Monk", "Rider", "Pirate",
    "Scout", "Heron", "Otter", "Knight", "Weaver", "Brewer", "Hunter", "Farmer", "Lynx", "Moth", "Owl", "Piper",
    "Quail", "Ranger", "Sailor", "Tinker", "Viper", "Wizard", "Yeti", "Druid", "Elk", "Golem", "Hawk", "Imp", "Jackal",
    "Kraken", "Łoś", "Bär",
];
/// Handles that only a reader of UTF-8 shows right.
const ABROAD: [&str; 12] = [
    "Ștefan",
    "Ioana_Țepeș",
    "李雷",
    "さくら丸",
    "Żółw",
    "Łukasz",
    "Søren",
    "Ángel",
    "Ωmega",
    "Дракон",
    "노을빛",
    "Çınar",
];
const AGENTS: [&str; 6] = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/144.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_6) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.3 Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:147.0) Gecko/20100101 Firefox/147.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_3 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
    "EconomyGame/4.2.1 (Android 15; Pixel 9)",
    "EconomyGame/4.2.0 (iOS 18.3; iPhone16,2)",
];

/// A player's account.
#[derive(Debug)]
pub(crate) struct Player {
    pub(crate) id: String,
    pub(crate) name: String,
    address: String,
    agent: &'static str,
}

impl Player {
    /// Player number `n`, from 0.
    pub(crate) fn new(n: usize, dice: &mut Dice) -> Self {
        Self {
            id: format!("u-{}", 1001 + n),
            name: handle(n, dice),
            address: address(dice),
            agent: *dice.pick(&AGENTS),
        }
    }

    /// From where the player gave an order: mostly home, at times elsewhere.
    pub(crate) fn origin(&self, dice: &mut Dice) -> (String, &'static str) {
        if dice.per_mille(30) { (address(dice), *dice.pick(&AGENTS)) } else { (self.address.clone(), self.agent) }
    }
}

fn handle(n: usize, dice: &mut Dice) -> String {
    // The third player of every demo ledger is one whose name is not ASCII.
    if n == 2 || dice.per_mille(60) {
        let name = *dice.pick(&ABROAD);
        return if n < 100 { name.to_owned() } else { format!("{name}{n}") };
    }
    let (first, second) = (*dice.pick(&FIRST), *dice.pick(&SECOND));
    match dice.below(4) {
        0 => format!("{first}{second}{n}"),
        1 => format!("{}_{}_{n}", first.to_lowercase(), second.to_lowercase()),
        2 => format!("xX_{first}{second}_Xx{n}"),
        _ => format!("{first}.{second}{:02}", n % 10_000),
    }
}

/// RFC 5737, RFC 2544 and RFC 3849: addresses that nobody has.
fn address(dice: &mut Dice) -> String {
    match dice.below(8) {
        0 => format!("203.0.113.{}", dice.between(1, 254)),
        1 => format!("198.51.100.{}", dice.between(1, 254)),
        2 => format!("2001:db8:{:x}::{:x}", dice.between(1, 0xffff), dice.between(1, 0xffff)),
        _ => format!("198.{}.{}.{}", dice.between(18, 19), dice.below(256), dice.between(1, 254)),
    }
}
