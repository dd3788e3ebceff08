//! Writes exports: the layout that the fast reader takes.

use std::io::{self, Write};

use serde::Serialize;

use super::document::{Trailer, Treasury, User};
use super::header::{FORMAT, Header};
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
    pub personal: NewPersonal,
}

/// The personal block of a new entry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are those of a personal block")]
pub struct NewPersonal {
    pub salt: String,
    pub sender_username: Option<String>,
    pub receiver_username: Option<String>,
    pub description: Option<String>,
    pub ip_address: Option<String>,
    pub user_agent: Option<String>,
}

impl NewPersonal {
    fn personal(&self) -> Personal<'_> {
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
    /// Seals it at `seq` on `previous`, hands the entry to `take`, and returns its `current_hash`.
    pub fn seal<T>(&self, seq: u64, previous: &Hash, take: impl FnOnce(&Entry<'_>) -> T) -> (Hash, T) {
        let personal = self.personal.personal();
        let mut preimage = Vec::new();
        personal.write_preimage(&mut preimage);
        let (personal_hash, previous_hash) = (Hash::of(&preimage).to_string(), previous.to_string());
        let mut entry = Entry {
            seq,
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
            personal: Some(personal),
            personal_hash: &personal_hash,
            previous_hash: &previous_hash,
            current_hash: "",
        };
        let hash = entry.content_hash();
        let current_hash = hash.to_string();
        entry.current_hash = &current_hash;
        (hash, take(&entry))
    }
}

/// Writes an export line by line: header, entries, documents, trailer.
#[derive(Debug)]
pub struct Writer<W> {
    out: W,
    entries: u64,
    last_seq: u64,
    head: Hash,
}

impl<W: Write> Writer<W> {
    /// Starts an export with its header.
    ///
    /// # Errors
    /// Those of the output.
    pub fn new(mut out: W, header: &Header) -> io::Result<Self> {
        write_line(&mut out, header)?;
        Ok(Self { out, entries: 0, last_seq: header.first_seq - 1, head: header.genesis() })
    }

    /// Appends an entry whose `current_hash` is `hash`.
    ///
    /// # Errors
    /// Those of the output.
    pub fn entry(&mut self, entry: &Entry<'_>, hash: Hash) -> io::Result<()> {
        (self.entries, self.last_seq, self.head) = (self.entries + 1, entry.seq, hash);
        write_line(&mut self.out, entry)
    }

    /// Appends a user's document.
    ///
    /// # Errors
    /// Those of the output.
    pub fn user(&mut self, user: &User) -> io::Result<()> {
        write_line(&mut self.out, &State { state: "user", document: user })
    }

    /// Appends the Treasury's document.
    ///
    /// # Errors
    /// Those of the output.
    pub fn treasury(&mut self, treasury: &Treasury) -> io::Result<()> {
        write_line(&mut self.out, &State { state: "treasury", document: treasury })
    }

    /// Ends the export with its trailer and gives the output back.
    ///
    /// # Errors
    /// Those of the output.
    pub fn finish(mut self, checkpoints: Vec<String>) -> io::Result<W> {
        let trailer = Trailer { entries: self.entries, last_seq: self.last_seq, head: self.head, checkpoints };
        write_line(&mut self.out, &End { end: FORMAT, trailer: &trailer })?;
        self.out.flush()?;
        Ok(self.out)
    }
}

#[derive(Serialize)]
struct State<'a, T> {
    state: &'static str,
    #[serde(flatten)]
    document: &'a T,
}

#[derive(Serialize)]
struct End<'a> {
    end: &'static str,
    #[serde(flatten)]
    trailer: &'a Trailer,
}

fn write_line<W: Write, T: Serialize>(out: &mut W, value: &T) -> io::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    out.write_all(b"\n")
}
