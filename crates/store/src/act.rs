//! What operators do that is no entry: who halted a ledger and who lifted that, who opened an account, or shut it
//! out. Written with what it does, and there for good.

use countersign_core::timestamp::Timestamp;

use crate::head::Halt;
use serde::{Deserialize, Serialize};

/// One act.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Act {
    /// Acts of a ledger are counted from 1; 0 until it is written.
    pub number: u64,
    /// What was done.
    pub kind: ActKind,
    /// To which account, where it is about one.
    pub account: Option<String>,
    /// Who did it, where somebody was named.
    pub by: Option<String>,
    /// Why, where it was said.
    pub reason: Option<String>,
    /// When.
    pub at: Timestamp,
    /// `seq` of the ledger's last entry then.
    pub seq: u64,
}

/// What an act does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ActKind {
    /// No transaction is taken from here on.
    Halt,
    /// They are again.
    Resume,
    /// There is a new account.
    AccountOpened,
    /// It was shut out.
    AccountBanned,
    /// It may be used again.
    AccountUnbanned,
    /// It is in use again.
    AccountActivated,
    /// It is in use no more.
    AccountDeactivated,
    /// Its username was changed or removed. Neither name is recorded: acts stay, and a name must be able to go.
    AccountRenamed,
}

impl Act {
    /// The halt of a ledger of `seq` entries.
    pub(crate) fn of_halt(halt: &Halt, seq: u64) -> Self {
        let (by, reason) = (Some(halt.by.clone()), Some(halt.reason.clone()));
        Self { number: 0, kind: ActKind::Halt, account: None, by, reason, at: halt.at, seq }
    }
}

impl ActKind {
    const ALL: [Self; 8] = [
        Self::Halt,
        Self::Resume,
        Self::AccountOpened,
        Self::AccountBanned,
        Self::AccountUnbanned,
        Self::AccountActivated,
        Self::AccountDeactivated,
        Self::AccountRenamed,
    ];

    /// As it is written.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Halt => "HALT",
            Self::Resume => "RESUME",
            Self::AccountOpened => "ACCOUNT_OPENED",
            Self::AccountBanned => "ACCOUNT_BANNED",
            Self::AccountUnbanned => "ACCOUNT_UNBANNED",
            Self::AccountActivated => "ACCOUNT_ACTIVATED",
            Self::AccountDeactivated => "ACCOUNT_DEACTIVATED",
            Self::AccountRenamed => "ACCOUNT_RENAMED",
        }
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}
