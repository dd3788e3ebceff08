//! Why an order is not carried out. A refusal changes nothing.

use crate::limits::MAX_COLLECTED;
use crate::money::{Amount, Sum};

/// Why an order is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "each says what it is in its message")]
pub enum Refusal {
    #[error("there is no type {found:?}")]
    UnknownType { found: String },
    #[error("{field}: {reason}")]
    InvalidField { field: &'static str, reason: &'static str },
    #[error("the sender and the receiver are the same account")]
    SameAccount,
    #[error("{kind} does not go from {sender} to {receiver}")]
    DirectionNotAllowed { kind: String, sender: String, receiver: String },
    #[error("{kind} needs an operator_id: who ordered it")]
    OperatorRequired { kind: String },
    #[error("{kind} needs a description: why")]
    ReasonRequired { kind: String },
    #[error("{kind} has no operator_id")]
    OperatorNotAllowed { kind: String },
    #[error("this ledger has no currency {found:?}")]
    UnknownCurrency { found: String },
    #[error("the amount {found:?} is not digits with at most four decimals")]
    InvalidAmount { found: String },
    #[error("the amount is above {most}")]
    AmountTooLarge { most: Amount },
    #[error("the amount is below {least}")]
    AmountTooSmall { least: Amount },
    #[error("there is no account {account}")]
    UnknownAccount { account: String },
    #[error("the account {account} is frozen")]
    AccountFrozen { account: String },
    #[error("the account {account} is not active")]
    AccountInactive { account: String },
    #[error("the account {account} is banned")]
    AccountBanned { account: String },
    #[error("the account {account} has {available} {currency}, and {needed} are needed")]
    InsufficientFunds { account: String, currency: String, available: Sum, needed: Amount },
    #[error("the Treasury's bucket {tax_type} has {available} {currency}, and {needed} are needed")]
    TreasuryInsufficient { tax_type: String, currency: String, available: Sum, needed: Amount },
    #[error("the balance of {holder} would outgrow what a document can say")]
    BalanceTooLarge { holder: String },
    #[error("the Treasury collects {MAX_COLLECTED} sums already, by bucket and currency: {tax_type} would be one more")]
    TooManyBuckets { tax_type: String },
    #[error("the account {account} is frozen already")]
    AlreadyFrozen { account: String },
    #[error("the account {account} is not frozen")]
    NotFrozen { account: String },
    #[error("reference_id names no earlier entry between the same parties, reversed, in the same currency")]
    RefundUnmatched,
    #[error("of what that entry brought, {left} are left to be paid back")]
    RefundExceeds { left: Sum },
    #[error("reference_id names no earlier entry of {account}")]
    ErasureUnmatched { account: String },
    #[error("the personal block of that entry is erased already")]
    AlreadyErased,
}

impl Refusal {
    /// A stable code for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::UnknownType { .. } => "UNKNOWN_TYPE",
            Self::InvalidField { .. } => "INVALID_FIELD",
            Self::SameAccount => "SAME_ACCOUNT",
            Self::DirectionNotAllowed { .. } => "DIRECTION_NOT_ALLOWED",
            Self::OperatorRequired { .. } => "OPERATOR_REQUIRED",
            Self::ReasonRequired { .. } => "REASON_REQUIRED",
            Self::OperatorNotAllowed { .. } => "OPERATOR_NOT_ALLOWED",
            Self::UnknownCurrency { .. } => "UNKNOWN_CURRENCY",
            Self::InvalidAmount { .. } => "INVALID_AMOUNT",
            Self::AmountTooLarge { .. } => "AMOUNT_TOO_LARGE",
            Self::AmountTooSmall { .. } => "AMOUNT_TOO_SMALL",
            Self::UnknownAccount { .. } => "UNKNOWN_ACCOUNT",
            Self::AccountFrozen { .. } => "ACCOUNT_FROZEN",
            Self::AccountInactive { .. } => "ACCOUNT_INACTIVE",
            Self::AccountBanned { .. } => "ACCOUNT_BANNED",
            Self::InsufficientFunds { .. } => "INSUFFICIENT_FUNDS",
            Self::TreasuryInsufficient { .. } => "TREASURY_INSUFFICIENT",
            Self::BalanceTooLarge { .. } => "BALANCE_TOO_LARGE",
            Self::TooManyBuckets { .. } => "TOO_MANY_BUCKETS",
            Self::AlreadyFrozen { .. } => "ALREADY_FROZEN",
            Self::NotFrozen { .. } => "NOT_FROZEN",
            Self::RefundUnmatched => "REFUND_UNMATCHED",
            Self::RefundExceeds { .. } => "REFUND_EXCEEDS",
            Self::ErasureUnmatched { .. } => "ERASURE_UNMATCHED",
            Self::AlreadyErased => "ALREADY_ERASED",
        }
    }
}
