//! What entries mean: types, their hard rules, their default rates, and which balances they move.
//! FORMAT.md, "Format 2: what entries mean". Settling and verifying share these rules.

use crate::entry::{Entry, Values};
use crate::grammar::{self, NO_CURRENCY, SYSTEM, TREASURY};
use crate::money::Amount;

/// The type of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are FORMAT.md's")]
pub enum Kind {
    Transfer,
    Work,
    Salary,
    MarketBuy,
    MarketSell,
    Reward,
    Refund,
    SystemMint,
    SystemBurn,
    TaxCollection,
    TaxWithdrawal,
    AccountFreeze,
    AccountUnfreeze,
    Erasure,
    Application,
}

/// Who may stand at one end of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Party {
    /// A user's account.
    User,
    /// Where money is made and destroyed.
    System,
    /// Where taxes are collected.
    Treasury,
}

impl Party {
    /// The party that an id names.
    #[inline]
    #[must_use]
    pub fn of(id: &str) -> Self {
        match id {
            SYSTEM => Self::System,
            TREASURY => Self::Treasury,
            _ => Self::User,
        }
    }
}

impl Kind {
    /// Reads a type; `None` for what is neither of the ledger nor an application's own.
    #[inline]
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "TRANSFER" => Self::Transfer,
            "WORK" => Self::Work,
            "SALARY" => Self::Salary,
            "MARKET_BUY" => Self::MarketBuy,
            "MARKET_SELL" => Self::MarketSell,
            "REWARD" => Self::Reward,
            "REFUND" => Self::Refund,
            "SYSTEM_MINT" => Self::SystemMint,
            "SYSTEM_BURN" => Self::SystemBurn,
            "TAX_COLLECTION" => Self::TaxCollection,
            "TAX_WITHDRAWAL" => Self::TaxWithdrawal,
            "ACCOUNT_FREEZE" => Self::AccountFreeze,
            "ACCOUNT_UNFREEZE" => Self::AccountUnfreeze,
            "ERASURE" => Self::Erasure,
            _ if grammar::is_application_type(text) => Self::Application,
            _ => return None,
        })
    }

    /// Whether all its amounts are zero by type.
    #[must_use]
    pub const fn moves_nothing(self) -> bool {
        matches!(self, Self::AccountFreeze | Self::AccountUnfreeze | Self::Erasure)
    }

    /// Whether an entry of this type names an operator; `None` where that is free.
    #[must_use]
    pub const fn needs_operator(self) -> Option<bool> {
        match self {
            Self::Application => None,
            Self::SystemMint
            | Self::SystemBurn
            | Self::TaxCollection
            | Self::TaxWithdrawal
            | Self::AccountFreeze
            | Self::AccountUnfreeze
            | Self::Erasure => Some(true),
            _ => Some(false),
        }
    }

    /// Whether money of this type goes from the one to the other.
    #[must_use]
    pub fn allows(self, from: Party, to: Party) -> bool {
        use Party::{System, Treasury, User};
        match self {
            Self::Work | Self::Salary => matches!((from, to), (User | System, User)),
            Self::Reward | Self::SystemMint | Self::AccountFreeze | Self::AccountUnfreeze | Self::Erasure => {
                (from, to) == (System, User)
            }
            Self::SystemBurn => (from, to) == (User, System),
            Self::TaxCollection => (from, to) == (User, Treasury),
            Self::TaxWithdrawal => (from, to) == (Treasury, User),
            _ => (from, to) == (User, User),
        }
    }

    const fn is_untaxed(self) -> bool {
        matches!(self, Self::Refund | Self::TaxWithdrawal | Self::SystemMint | Self::SystemBurn)
    }

    /// The default rate in ten-thousandths and its bucket; `None` where the operator's own policy decides.
    #[must_use]
    pub const fn default_tax(self) -> Option<(u32, &'static str)> {
        Some(match self {
            Self::Transfer => (500, "transfer_tax"),
            Self::Work | Self::Salary => (1500, "income_tax"),
            Self::MarketBuy | Self::MarketSell => (1000, "vat"),
            Self::TaxCollection | Self::Application => return None,
            _ => (0, ""),
        })
    }
}

/// The first hard rule that an entry breaks, in words; gross = tax + net is not among them.
#[inline]
#[must_use]
pub fn broken_rule(entry: &Entry<'_>, values: &Values, kind: Kind) -> Option<&'static str> {
    let zero = Amount::ZERO;
    let moves_nothing = kind.moves_nothing();
    let all_zero = values.gross == zero && values.tax == zero && values.net == zero;
    let rules = [
        (entry.sender_id != entry.receiver_id, "sender and receiver are the same"),
        (
            kind.allows(Party::of(entry.sender_id), Party::of(entry.receiver_id)),
            "the direction is not that of its type",
        ),
        (!moves_nothing || all_zero, "its type moves no money, and an amount is not zero"),
        (moves_nothing || values.gross != zero, "its type moves money, and gross is zero"),
        ((entry.currency == NO_CURRENCY) == moves_nothing, "XXX stands exactly where the type moves no money"),
        (kind.needs_operator().is_none_or(|set| set == entry.operator_id.is_some()), operator_rule(kind)),
        (!kind.is_untaxed() || values.tax == zero, "its type is never taxed"),
        (kind != Kind::TaxCollection || values.net == zero, "of a tax collection nothing is net"),
        (
            entry.tax_type.is_some() == (values.tax > zero || kind == Kind::TaxWithdrawal),
            "tax_type stands exactly where tax is withheld, and in a withdrawal",
        ),
    ];
    rules.into_iter().find(|(holds, _)| !holds).map(|(_, rule)| rule)
}

const fn operator_rule(kind: Kind) -> &'static str {
    match kind.needs_operator() {
        Some(true) => "its type needs an operator, and none is named",
        _ => "its type has no operator, and one is named",
    }
}

/// Whether gross = tax + net.
#[inline]
#[must_use]
pub fn adds_up(values: &Values) -> bool {
    values.gross.checked_sub(values.tax) == Some(values.net)
}

/// The tax and bucket that the default policy gives, where the entry has others.
#[inline]
#[must_use]
pub fn other_than_policy(entry: &Entry<'_>, values: &Values, kind: Kind) -> Option<(Amount, Option<&'static str>)> {
    let (rate, bucket) = kind.default_tax()?;
    let expected = values.gross.at_rate(rate);
    let bucket = (expected > Amount::ZERO).then_some(bucket);
    let same = expected == values.tax && (kind == Kind::TaxWithdrawal || bucket == entry.tax_type);
    (!same).then_some((expected, bucket))
}

/// Whether an entry moves money of a user who might be frozen: `(sender, receiver)`. SYSTEM and
/// TREASURY may send to a frozen account, and entries of zero amount are exempt.
#[inline]
#[must_use]
pub fn blocked_by_freeze(from: Party, to: Party, gross: Amount) -> (bool, bool) {
    let moves = gross > Amount::ZERO;
    (moves && from == Party::User, moves && from == Party::User && to == Party::User)
}
