//! What a demo ledger's entries say in words.

use countersign_core::kind::Kind;

use super::dice::Dice;

const GOODS: [&str; 12] = [
    "iron ore",
    "oak planks",
    "wheat",
    "health potion",
    "silk",
    "steel sword",
    "bread",
    "horse",
    "map of the north",
    "sapphire",
    "fishing rod",
    "cărți vechi",
];
const JOBS: [&str; 6] =
    ["shift in the iron mine", "harvest", "courier run", "night watch", "bakery, early shift", "ferry at Țărmul Mare"];
const GREETINGS: [&str; 8] = [
    "thanks for the help",
    "rent for the guild hall",
    "your share",
    "as agreed",
    "mulțumesc!",
    "for the \"big\" raid",
    "debt settled",
    "お礼",
];
const PRIZES: [&str; 5] = ["daily quest", "arena, first place", "level 20 reached", "referral", "anniversary gift"];

/// The name of a type as entries write it. The demo's own type is a tip.
pub(crate) const fn type_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Transfer => "TRANSFER",
        Kind::Work => "WORK",
        Kind::Salary => "SALARY",
        Kind::MarketBuy => "MARKET_BUY",
        Kind::MarketSell => "MARKET_SELL",
        Kind::Reward => "REWARD",
        Kind::Refund => "REFUND",
        Kind::SystemMint => "SYSTEM_MINT",
        Kind::SystemBurn => "SYSTEM_BURN",
        Kind::TaxCollection => "TAX_COLLECTION",
        Kind::TaxWithdrawal => "TAX_WITHDRAWAL",
        Kind::AccountFreeze => "ACCOUNT_FREEZE",
        Kind::AccountUnfreeze => "ACCOUNT_UNFREEZE",
        Kind::Erasure => "ERASURE",
        Kind::Application => "X_TIP",
    }
}

/// Who ordered it, where its type has an operator.
pub(crate) fn operator(kind: Kind, dice: &mut Dice) -> Option<&'static str> {
    match kind {
        Kind::AccountFreeze if dice.per_mille(700) => Some("shield"),
        Kind::SystemMint | Kind::SystemBurn | Kind::AccountFreeze | Kind::AccountUnfreeze => Some("op-mira"),
        Kind::TaxCollection | Kind::TaxWithdrawal => Some("op-treasurer"),
        Kind::Erasure => Some("op-privacy"),
        _ => None,
    }
}

/// What it was for.
pub(crate) fn description(kind: Kind, is_opening: bool, dice: &mut Dice) -> Option<String> {
    Some(match kind {
        Kind::SystemMint if is_opening => "opening balance".to_owned(),
        Kind::SystemMint => "event treasury".to_owned(),
        Kind::MarketBuy | Kind::MarketSell => format!("{} × {}", dice.between(1, 40), dice.pick(&GOODS)),
        Kind::Work => (*dice.pick(&JOBS)).to_owned(),
        Kind::Salary => format!("salary, week {}", dice.between(6, 20)),
        Kind::Reward => (*dice.pick(&PRIZES)).to_owned(),
        Kind::Refund => "order cancelled".to_owned(),
        Kind::SystemBurn => "guild founding fee".to_owned(),
        Kind::TaxCollection => "property tax".to_owned(),
        Kind::TaxWithdrawal => "road works — council decision".to_owned(),
        Kind::AccountFreeze => "more than 20 transactions within an hour".to_owned(),
        Kind::AccountUnfreeze => "reviewed: a tournament".to_owned(),
        Kind::Erasure => "request under Article 17 GDPR".to_owned(),
        Kind::Transfer | Kind::Application if dice.per_mille(450) => (*dice.pick(&GREETINGS)).to_owned(),
        Kind::Transfer | Kind::Application => return None,
    })
}

/// A number of the system that gave the order.
pub(crate) fn reference(kind: Kind, dice: &mut Dice) -> Option<String> {
    let prefix = match kind {
        Kind::MarketBuy | Kind::MarketSell => "order",
        Kind::Work => "job",
        Kind::Reward => "quest",
        _ => return None,
    };
    Some(format!("{prefix}-{}", dice.between(1000, 99_999)))
}
