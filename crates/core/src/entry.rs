//! One entry of format 2: its fields, its two preimages and their hashes.
//!
//! Example: entry 4 of the vectors gives
//! `countersign/entry/2⏎4⏎a7c1…⏎41b6…⏎2026-02-11T15:30:00.000Z⏎TRANSFER⏎EURO⏎100.0000⏎5.0000⏎95.0000⏎transfer_tax⏎…`,
//! each value followed by one line feed, null as an empty line. FORMAT.md, "Format 2: hashes".

use serde::Serialize;

use crate::copying::{Copying, MARGIN};
use crate::grammar;
use crate::hash::Hash;
use crate::kind::Kind;
use crate::money::Amount;
use crate::timestamp::Timestamp;

/// Keys of an entry, in their order.
pub const KEYS: [&str; 17] = [
    "seq",
    "transaction_id",
    "created_at",
    "type",
    "currency",
    "amount_gross",
    "tax_withheld",
    "amount_net",
    "tax_type",
    "sender_id",
    "receiver_id",
    "operator_id",
    "reference_id",
    "personal",
    "personal_hash",
    "previous_hash",
    "current_hash",
];
/// Keys of a personal block, in their order.
pub const PERSONAL_KEYS: [&str; 6] =
    ["salt", "sender_username", "receiver_username", "description", "ip_address", "user_agent"];
/// Largest sizes of the personal texts, in bytes, in the order of [`PERSONAL_KEYS`] after the salt.
pub const PERSONAL_MAX: [usize; 5] = [64, 64, 2000, 64, 512];
/// Largest size of `reference_id`, in bytes.
pub const REFERENCE_MAX: usize = 128;

/// An entry whose every field keeps its grammar. Texts are the decoded JSON strings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry<'a> {
    /// 1 for the ledger's first entry, then one more each.
    pub seq: u64,
    /// UUID.
    pub transaction_id: &'a str,
    /// When: `YYYY-MM-DDTHH:MM:SS.mmmZ`.
    pub created_at: &'a str,
    /// One of the types, or an application's own.
    #[serde(rename = "type")]
    pub kind: &'a str,
    /// Currency code; `XXX` where nothing moves.
    pub currency: &'a str,
    /// Taken from the sender.
    pub amount_gross: &'a str,
    /// Given to the Treasury.
    pub tax_withheld: &'a str,
    /// Given to the receiver.
    pub amount_net: &'a str,
    /// The Treasury's bucket.
    pub tax_type: Option<&'a str>,
    /// Account, SYSTEM or TREASURY.
    pub sender_id: &'a str,
    /// Account, SYSTEM or TREASURY.
    pub receiver_id: &'a str,
    /// Who ordered it.
    pub operator_id: Option<&'a str>,
    /// What it refers to.
    pub reference_id: Option<&'a str>,
    /// Null where withheld or erased.
    pub personal: Option<Personal<'a>>,
    /// Hash of the personal block.
    pub personal_hash: &'a str,
    /// `current_hash` of the entry before.
    pub previous_hash: &'a str,
    /// Hash of this entry.
    pub current_hash: &'a str,
}

/// The part of an entry that can be withheld or erased without touching the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Personal<'a> {
    /// 32 hex, random, new for each entry.
    pub salt: &'a str,
    /// Name shown.
    pub sender_username: Option<&'a str>,
    /// Name shown.
    pub receiver_username: Option<&'a str>,
    /// Free text.
    pub description: Option<&'a str>,
    /// Where the order came from.
    pub ip_address: Option<&'a str>,
    /// Where the order came from.
    pub user_agent: Option<&'a str>,
}

/// The parsed values that the grammar of an entry guarantees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Values {
    /// `transaction_id` as 128 bits.
    pub id: u128,
    /// `created_at`.
    pub time: Timestamp,
    /// `type`.
    pub kind: Kind,
    /// `amount_gross`.
    pub gross: Amount,
    /// `tax_withheld`.
    pub tax: Amount,
    /// `amount_net`.
    pub net: Amount,
    /// `personal_hash`.
    pub personal_hash: Hash,
    /// `previous_hash`.
    pub previous_hash: Hash,
    /// `current_hash`.
    pub current_hash: Hash,
}

impl Personal<'_> {
    /// The texts after the salt, in the order of [`PERSONAL_KEYS`].
    #[must_use]
    pub fn texts(&self) -> [Option<&str>; 5] {
        [self.sender_username, self.receiver_username, self.description, self.ip_address, self.user_agent]
    }

    /// Appends the preimage of `personal_hash`.
    pub fn write_preimage(&self, out: &mut Vec<u8>) {
        append(out, self.preimage_bound(), |out| self.put_preimage(&[], out));
    }

    /// How many bytes [`Self::put_preimage`] may need.
    #[inline(always)]
    pub(crate) fn preimage_bound(&self) -> usize {
        let texts = self.texts().map(|text| text.unwrap_or("").len() + 1);
        PERSONAL_PREFIX.len() + self.salt.len() + 1 + texts.iter().sum::<usize>() + MARGIN
    }

    /// Puts the preimage of `personal_hash` at the start of `out`, and gives its length. `line`: what the block was
    /// read from, or anything else.
    #[inline(always)]
    pub(crate) fn put_preimage(&self, line: &[u8], out: &mut [u8]) -> usize {
        let mut out = Copying::new(line, out);
        out.bytes(PERSONAL_PREFIX);
        out.text_of::<32>(self.salt);
        out.line_feed();
        for text in self.texts() {
            out.text(text.unwrap_or(""));
            out.line_feed();
        }
        out.length()
    }
}

impl<'a> Entry<'a> {
    /// The texts of the preimage between `created_at` and `personal_hash`.
    #[inline(always)]
    fn preimage_texts(&self) -> [&'a str; 10] {
        [
            self.kind,
            self.currency,
            self.amount_gross,
            self.tax_withheld,
            self.amount_net,
            self.tax_type.unwrap_or(""),
            self.sender_id,
            self.receiver_id,
            self.operator_id.unwrap_or(""),
            self.reference_id.unwrap_or(""),
        ]
    }

    /// How many bytes [`Self::put_preimage`] may need.
    #[inline(always)]
    pub(crate) fn preimage_bound(&self) -> usize {
        self.preimage_bound_on(self.previous_hash)
    }

    #[inline(always)]
    fn preimage_bound_on(&self, previous: &str) -> usize {
        let others = [previous, self.transaction_id, self.created_at, self.personal_hash];
        let length = |texts: &[&str]| texts.iter().map(|text| text.len() + 1).sum::<usize>();
        PREFIX.len() + "18446744073709551615\n".len() + length(&others) + length(&self.preimage_texts()) + MARGIN
    }

    /// Puts the preimage of `current_hash` at the start of `out`, and gives its length. `line`: what the entry was read
    /// from, or anything else.
    #[inline(always)]
    pub(crate) fn put_preimage(&self, line: &[u8], out: &mut [u8]) -> usize {
        self.put_preimage_at(self.seq, self.previous_hash, line, out)
    }

    #[inline(always)]
    fn put_preimage_at(&self, seq: u64, previous: &str, line: &[u8], out: &mut [u8]) -> usize {
        let mut out = Copying::new(line, out);
        out.bytes(PREFIX);
        out.number(seq);
        out.line_feed();
        out.text_of::<64>(previous);
        out.line_feed();
        out.text_of::<36>(self.transaction_id);
        out.line_feed();
        out.text_of::<24>(self.created_at);
        out.line_feed();
        for text in self.preimage_texts() {
            out.text(text);
            out.line_feed();
        }
        out.text_of::<64>(self.personal_hash);
        out.line_feed();
        out.length()
    }

    /// Appends the preimage of `current_hash`.
    pub fn write_preimage(&self, out: &mut Vec<u8>) {
        self.write_preimage_at(self.seq, self.previous_hash, out);
    }

    /// Appends the preimage of `current_hash`, as this entry would have it at `seq` on `previous`.
    pub fn write_preimage_at(&self, seq: u64, previous: &str, out: &mut Vec<u8>) {
        append(out, self.preimage_bound_on(previous), |out| self.put_preimage_at(seq, previous, &[], out));
    }

    /// What its content hashes to, at `seq` on `previous`.
    #[must_use]
    pub fn content_hash_at(&self, seq: u64, previous: &str) -> Hash {
        let mut preimage = Vec::new();
        self.write_preimage_at(seq, previous, &mut preimage);
        Hash::of(&preimage)
    }

    /// What its content hashes to.
    #[must_use]
    pub fn content_hash(&self) -> Hash {
        self.content_hash_at(self.seq, self.previous_hash)
    }

    /// What its personal block hashes to; `None` where that is withheld or erased.
    #[must_use]
    pub fn personal_content_hash(&self) -> Option<Hash> {
        let personal = self.personal?;
        let mut preimage = Vec::new();
        personal.write_preimage(&mut preimage);
        Some(Hash::of(&preimage))
    }

    /// Holds every field to its grammar, in key order, and gives the parsed values.
    ///
    /// # Errors
    /// The first field that breaks its grammar, and how.
    pub fn check(&self) -> Result<Values, (&'static str, &'static str)> {
        let or = |ok: bool, field, reason| if ok { Ok(()) } else { Err((field, reason)) };
        or((1..=grammar::MAX_SEQ).contains(&self.seq), "seq", "not an integer from 1 to 2^53 − 1")?;
        let id =
            grammar::uuid(self.transaction_id).ok_or(("transaction_id", "not a UUID in lowercase with hyphens"))?;
        let time = Timestamp::parse(self.created_at.as_bytes())
            .ok_or(("created_at", "not an existing time written YYYY-MM-DDTHH:MM:SS.mmmZ"))?;
        let kind =
            Kind::parse(self.kind).ok_or(("type", "neither a type of the ledger nor X_ and 1 to 30 of A-Z 0-9 _"))?;
        or(grammar::is_currency(self.currency), "currency", "not 3 to 12 of A-Z 0-9, a letter first")?;
        let amount = |text: &str, field| {
            Amount::parse(text.as_bytes()).ok_or((field, "not an amount of up to 15 digits and exactly 4 decimals"))
        };
        let gross = amount(self.amount_gross, "amount_gross")?;
        let tax = amount(self.tax_withheld, "tax_withheld")?;
        let net = amount(self.amount_net, "amount_net")?;
        or(self.tax_type.is_none_or(grammar::is_tax_type), "tax_type", "neither null nor 2 to 32 of a-z 0-9 _")?;
        let an_id = "not 1 to 64 of A-Z a-z 0-9 . _ : -";
        or(grammar::is_id(self.sender_id), "sender_id", an_id)?;
        or(grammar::is_id(self.receiver_id), "receiver_id", an_id)?;
        or(self.operator_id.is_none_or(grammar::is_id), "operator_id", an_id)?;
        let reference_ok = self.reference_id.is_none_or(|t| grammar::is_text(t, REFERENCE_MAX));
        or(reference_ok, "reference_id", A_TEXT)?;
        if let Some(personal) = &self.personal {
            personal.check()?;
        }
        let hash = |text, field| Hash::parse(text).ok_or((field, "not 64 lowercase hex digits"));
        let personal_hash = hash(self.personal_hash, "personal_hash")?;
        let previous_hash = hash(self.previous_hash, "previous_hash")?;
        let current_hash = hash(self.current_hash, "current_hash")?;
        Ok(Values { id, time, kind, gross, tax, net, personal_hash, previous_hash, current_hash })
    }
}

/// What every preimage of an entry starts with.
const PREFIX: &[u8; 20] = b"countersign/entry/2\n";
/// What every preimage of a personal block starts with.
const PERSONAL_PREFIX: &[u8; 23] = b"countersign/personal/2\n";

/// The preimage of an entry with another number in it.
#[must_use]
pub fn renumbered(preimage: &[u8], seq: u64) -> Option<Vec<u8>> {
    let numbered = preimage.strip_prefix(PREFIX)?;
    let end = memchr::memchr(b'\n', numbered)?;
    Some([PREFIX, seq.to_string().as_bytes(), &numbered[end..]].concat())
}

const A_TEXT: &str = "empty, too long, or with a control or deceiving character";

impl Personal<'_> {
    fn check(&self) -> Result<(), (&'static str, &'static str)> {
        const FIELDS: [&str; 5] = [
            "personal.sender_username",
            "personal.receiver_username",
            "personal.description",
            "personal.ip_address",
            "personal.user_agent",
        ];
        if !grammar::is_hex(self.salt, 32) {
            return Err(("personal.salt", "not 32 lowercase hex digits"));
        }
        for ((text, max), field) in self.texts().into_iter().zip(PERSONAL_MAX).zip(FIELDS) {
            if text.is_some_and(|text| !grammar::is_text(text, max)) {
                return Err((field, A_TEXT));
            }
        }
        Ok(())
    }
}

/// Appends what `put` puts at the start of at most `most` bytes.
fn append(out: &mut Vec<u8>, most: usize, put: impl FnOnce(&mut [u8]) -> usize) {
    let start = out.len();
    out.resize(start + most, 0);
    let length = put(&mut out[start..]);
    out.truncate(start + length);
}

/// The first entry's `previous_hash`.
#[must_use]
pub fn genesis(ledger: &str, ledger_id: &str) -> Hash {
    Hash::of(format!("countersign/ledger/2\n{ledger}\n{ledger_id}\n").as_bytes())
}
