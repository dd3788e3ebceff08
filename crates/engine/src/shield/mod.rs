//! The shield: what stands before the ledger, and what it keeps an eye on.
//!
//! [`rate`] counts requests by address, in memory, and forgets with the process. [`velocity`] counts what
//! an account sends, from the ledger, and forgets nothing. [`payload`] bounds what a request may carry, and
//! [`address`] says which address a request came from.

pub mod address;
pub mod payload;
pub(crate) mod rate;
pub(crate) mod velocity;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

pub use self::payload::Payload;
pub use self::rate::Rate;
pub use self::velocity::{OPERATOR, Velocity};

/// The shield's limits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Requests by address.
    pub rate: Rate,
    /// Transactions by account.
    pub velocity: Velocity,
    /// What a request may carry.
    pub payload: Payload,
    /// Proxies whose `X-Forwarded-For` is believed, as networks such as `10.0.0.0/8`.
    pub trusted_proxies: Vec<IpNet>,
}

impl Limits {
    /// The first rule that they break.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn check(&self) -> Result<(), String> {
        self.rate.check()?;
        self.velocity.check()?;
        self.payload.check()
    }
}

/// Why the shield refuses a request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ShieldRefusal {
    /// Too many requests from one address.
    #[error("too many requests from this address: try again in {retry_after_s} s")]
    RateLimited {
        /// In how many seconds another request is taken.
        retry_after_s: u64,
    },
    /// Too many transactions by one account: it is frozen now, by an entry of the ledger.
    #[error("the account {account} sent too many transactions, and is frozen")]
    Velocity {
        /// Which.
        account: String,
    },
    /// The request carries what it may not.
    #[error("{field}: {reason}")]
    Payload {
        /// Which part.
        field: &'static str,
        /// What is wrong with it.
        reason: &'static str,
    },
}

impl ShieldRefusal {
    /// A stable code for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::RateLimited { .. } => "RATE_LIMITED",
            Self::Velocity { .. } => "VELOCITY_EXCEEDED",
            Self::Payload { .. } => "PAYLOAD_REFUSED",
        }
    }
}
