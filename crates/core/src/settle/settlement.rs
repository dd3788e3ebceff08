//! An order carried out, and what it does to the documents.

use crate::books::{Books, Treasury};
use crate::kind::Kind;
use crate::money::{Amount, Sum};
use crate::seal::NewEntry;
use crate::timestamp::Timestamp;

/// What a balance was and is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Posting {
    /// Before the entry.
    pub before: Sum,
    /// After it.
    pub after: Sum,
}

/// An order carried out: the entry, and what it does to the documents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// The entry, without its place in the chain.
    pub entry: NewEntry,
    /// Its type.
    pub kind: Kind,
    /// The rate, in ten-thousandths.
    pub rate: u32,
    /// Taken from the sender.
    pub gross: Amount,
    /// Given to the Treasury.
    pub tax: Amount,
    /// Given to the receiver.
    pub net: Amount,
    /// The sender's balance; `None` where it has no document.
    pub sender: Option<Posting>,
    /// The receiver's balance; `None` where it has no document.
    pub receiver: Option<Posting>,
    /// The Treasury's bucket, where it changes.
    pub bucket: Option<Posting>,
}

impl Settlement {
    /// Writes it into the books, so that the next order meets its outcome. Versions stay as they were
    /// read: a store raises each by one where it writes the document.
    pub fn apply(&self, books: &mut Books, now: Timestamp) {
        let entry = &self.entry;
        for (id, posting) in [(&entry.sender_id, self.sender), (&entry.receiver_id, self.receiver)] {
            let (Some(posting), Some(account)) = (posting, books.accounts.get_mut(id)) else { continue };
            account.updated_at = now;
            match self.kind {
                Kind::AccountFreeze => account.is_frozen_for_fraud = true,
                Kind::AccountUnfreeze => account.is_frozen_for_fraud = false,
                Kind::Erasure => {}
                _ => {
                    account.balances.insert(entry.currency.clone(), posting.after);
                }
            }
        }
        self.apply_to_treasury(&mut books.treasury, now);
        self.apply_to_referenced(books);
    }

    fn apply_to_treasury(&self, treasury: &mut Treasury, now: Timestamp) {
        let (Some(posting), Some(tax_type)) = (self.bucket, &self.entry.tax_type) else { return };
        let sums = treasury.collected.entry(tax_type.clone()).or_default();
        sums.insert(self.entry.currency.clone(), posting.after);
        if self.kind == Kind::TaxWithdrawal {
            treasury.last_withdrawal_at = Some(now);
            treasury.last_withdrawal_by.clone_from(&self.entry.operator_id);
        } else {
            treasury.transactions += 1;
            treasury.last_collection_at = Some(now);
        }
    }

    fn apply_to_referenced(&self, books: &mut Books) {
        let Some(id) = &self.entry.reference_id else { return };
        let Some(referenced) = books.referenced.get_mut(id) else { return };
        match self.kind {
            Kind::Refund => referenced.refunded += self.net.into(),
            Kind::Erasure => referenced.is_erased = true,
            _ => {}
        }
    }
}
