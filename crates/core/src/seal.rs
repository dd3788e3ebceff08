//! From what an entry says to an entry of a ledger: its number, its link, its hashes.

use crate::entry::{Entry, Personal};
use crate::hash::Hash;

/// What a new entry says, before it takes its place in a ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are those of an entry")]
pub struct NewEntry {
    pub transaction_id: String,
    pub created_at: String,
    pub kind: String,
    pub currency: String,
    pub amount_gross: String,
    pub tax_withheld: String,
    pub amount_net: String,
    pub tax_type: Option<String>,
    pub sender_id: String,
    pub receiver_id: String,
    pub operator_id: Option<String>,
    pub reference_id: Option<String>,
    pub personal: PersonalBlock,
}

/// A personal block with its own texts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are those of a personal block")]
pub struct PersonalBlock {
    pub salt: String,
    pub sender_username: Option<String>,
    pub receiver_username: Option<String>,
    pub description: Option<String>,
    pub ip_address: Option<String>,
    pub user_agent: Option<String>,
}

/// An entry of a ledger with its own texts, as a store keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are those of an entry")]
pub struct Record {
    pub seq: u64,
    pub transaction_id: String,
    pub created_at: String,
    pub kind: String,
    pub currency: String,
    pub amount_gross: String,
    pub tax_withheld: String,
    pub amount_net: String,
    pub tax_type: Option<String>,
    pub sender_id: String,
    pub receiver_id: String,
    pub operator_id: Option<String>,
    pub reference_id: Option<String>,
    /// `None` where it was erased.
    pub personal: Option<PersonalBlock>,
    pub personal_hash: String,
    pub previous_hash: String,
    pub current_hash: String,
}

impl PersonalBlock {
    /// The block, borrowed.
    #[must_use]
    pub fn personal(&self) -> Personal<'_> {
        Personal {
            salt: &self.salt,
            sender_username: self.sender_username.as_deref(),
            receiver_username: self.receiver_username.as_deref(),
            description: self.description.as_deref(),
            ip_address: self.ip_address.as_deref(),
            user_agent: self.user_agent.as_deref(),
        }
    }
}

impl NewEntry {
    /// Gives it its place: `seq`, on the entry whose hash is `previous`.
    #[must_use]
    pub fn seal(self, seq: u64, previous: &Hash) -> Record {
        let mut preimage = Vec::with_capacity(512);
        self.personal.personal().write_preimage(&mut preimage);
        let mut record = Record {
            seq,
            transaction_id: self.transaction_id,
            created_at: self.created_at,
            kind: self.kind,
            currency: self.currency,
            amount_gross: self.amount_gross,
            tax_withheld: self.tax_withheld,
            amount_net: self.amount_net,
            tax_type: self.tax_type,
            sender_id: self.sender_id,
            receiver_id: self.receiver_id,
            operator_id: self.operator_id,
            reference_id: self.reference_id,
            personal: Some(self.personal),
            personal_hash: Hash::of(&preimage).to_string(),
            previous_hash: previous.to_string(),
            current_hash: String::new(),
        };
        record.current_hash = record.entry().content_hash().to_string();
        record
    }
}

impl Record {
    /// Its fields, borrowed.
    #[must_use]
    pub fn entry(&self) -> Entry<'_> {
        Entry {
            seq: self.seq,
            transaction_id: &self.transaction_id,
            created_at: &self.created_at,
            kind: &self.kind,
            currency: &self.currency,
            amount_gross: &self.amount_gross,
            tax_withheld: &self.tax_withheld,
            amount_net: &self.amount_net,
            tax_type: self.tax_type.as_deref(),
            sender_id: &self.sender_id,
            receiver_id: &self.receiver_id,
            operator_id: self.operator_id.as_deref(),
            reference_id: self.reference_id.as_deref(),
            personal: self.personal.as_ref().map(PersonalBlock::personal),
            personal_hash: &self.personal_hash,
            previous_hash: &self.previous_hash,
            current_hash: &self.current_hash,
        }
    }

    /// `current_hash`; `None` where what is kept there is no hash.
    #[must_use]
    pub fn hash(&self) -> Option<Hash> {
        Hash::parse(&self.current_hash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::line::Line;

    #[test]
    fn what_is_sealed_is_an_entry_that_hashes_to_what_it_says() {
        let new = NewEntry {
            transaction_id: "709b55bd-3da0-75a8-8812-5bd0ee20c5bf".to_owned(),
            created_at: "2026-02-11T15:30:00.000Z".to_owned(),
            kind: "TRANSFER".to_owned(),
            currency: "EURO".to_owned(),
            amount_gross: "100.0000".to_owned(),
            tax_withheld: "5.0000".to_owned(),
            amount_net: "95.0000".to_owned(),
            tax_type: Some("transfer_tax".to_owned()),
            sender_id: "a".to_owned(),
            receiver_id: "b".to_owned(),
            operator_id: None,
            reference_id: None,
            personal: PersonalBlock { salt: "0".repeat(32), ..PersonalBlock::default() },
        };
        let record = new.seal(7, &Hash::of(b"before"));
        let line = serde_json::to_vec(&record.entry()).unwrap();
        assert!(matches!(Line::read(&line), Line::Plain(entry, _) if entry == record.entry()));
        assert_eq!(record.hash(), Some(record.entry().content_hash()));
        assert_eq!(Hash::parse(&record.personal_hash), record.entry().personal_content_hash());
    }
}
