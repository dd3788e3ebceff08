//! The types of entries, each with what holds by type alone: its parties, its operator, its default rate.
//! FORMAT.md, "Format 2: what entries mean".

use crate::grammar::{self, SYSTEM, TREASURY};

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

    /// Whether tax is never withheld of it.
    #[must_use]
    pub const fn is_untaxed(self) -> bool {
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
