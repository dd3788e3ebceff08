//! What a batch was made on.

use std::collections::HashMap;

use countersign_core::books::{Account, Treasury};

use crate::error::{Document, StoreError, VersionError};
use crate::head::Head;

/// Documents as they were read, or as the last commit left them. A commit holds what is kept to them, whole: another
/// version is somebody who wrote meanwhile; the same version and anything else in it is somebody who edited it. So
/// who writes need not read again what he knows: where his batch goes through, what he knew was so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Basis {
    /// Where the ledger ended.
    pub head: Head,
    /// The Treasury, where anything rests on it. It is held to this where it is not written either.
    pub treasury: Option<Treasury>,
    /// By id. An account that changes and is not among them is held to its version only.
    pub accounts: HashMap<String, Account>,
}

impl Basis {
    /// Holds the head that is kept to the one that was read.
    pub(crate) fn hold_head(&self, kept: &Head) -> Result<(), StoreError> {
        let read = &self.head;
        hold(|| Document::Ledger, read.version, kept.version, *read == *kept)
    }

    /// Holds the Treasury that is kept to the one that was read. `written`: as the batch writes it, where it does.
    pub(crate) fn hold_treasury(&self, written: Option<&Treasury>, kept: &Treasury) -> Result<(), StoreError> {
        let read = self.treasury.as_ref();
        let Some(expected) = written.or(read).map(|treasury| treasury.version) else { return Ok(()) };
        hold(|| Document::Treasury, expected, kept.version, read.is_none_or(|read| read == kept))
    }

    /// Holds an account that is kept, where it is there, to the one that was read. `written`: as the batch writes it.
    pub(crate) fn hold_account(&self, written: &Account, kept: Option<&Account>) -> Result<(), StoreError> {
        let read = self.accounts.get(&written.id);
        let found = kept.map_or(0, |kept| kept.version);
        hold(
            || Document::Account(written.id.clone()),
            written.version,
            found,
            read.is_none_or(|read| Some(read) == kept),
        )
    }
}

fn hold(document: impl FnOnce() -> Document, expected: u64, found: u64, is_same: bool) -> Result<(), StoreError> {
    if found != expected {
        return Err(VersionError { document: document(), expected, found }.into());
    }
    if !is_same {
        let document = document();
        return Err(StoreError::Damaged(format!(
            "{document} still has version {expected}, and is not what it was: somebody has edited it"
        )));
    }
    Ok(())
}
