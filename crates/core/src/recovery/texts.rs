//! The texts that the hash of an entry of format 2 covers beside its number and its link, by their place.

use crate::economy::Kind;
use crate::entry::{Entry, REFERENCE_MAX};
use crate::grammar;
use crate::money::Amount;
use crate::timestamp::Timestamp;

/// Their keys, in their order.
pub(super) const FIELDS: [&str; 13] = [
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
    "personal_hash",
];

/// Places in [`FIELDS`].
pub(super) const ID: usize = 0;
pub(super) const TIME: usize = 1;
pub(super) const KIND: usize = 2;
pub(super) const CURRENCY: usize = 3;
pub(super) const GROSS: usize = 4;
pub(super) const TAX: usize = 5;
pub(super) const NET: usize = 6;
pub(super) const TAX_TYPE: usize = 7;
pub(super) const SENDER: usize = 8;
pub(super) const RECEIVER: usize = 9;
pub(super) const OPERATOR: usize = 10;
pub(super) const REFERENCE: usize = 11;
pub(super) const PERSONAL_HASH: usize = 12;

const UPPER: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
const LOWER: &str = "abcdefghijklmnopqrstuvwxyz0123456789_";
const HEX: &str = "0123456789abcdef-";
const DIGITS: &str = "0123456789.";
const OF_IDS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-";
/// The printable characters of ASCII that stand in free text.
pub(super) const PRINTABLE: &str =
    " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~";

/// What an entry has there.
pub(super) fn texts<'a>(e: &Entry<'a>) -> [Option<&'a str>; FIELDS.len()] {
    [
        Some(e.transaction_id),
        Some(e.created_at),
        Some(e.kind),
        Some(e.currency),
        Some(e.amount_gross),
        Some(e.tax_withheld),
        Some(e.amount_net),
        e.tax_type,
        Some(e.sender_id),
        Some(e.receiver_id),
        e.operator_id,
        e.reference_id,
        Some(e.personal_hash),
    ]
}

/// An entry with other texts there.
pub(super) fn with_texts<'a>(entry: &Entry<'a>, texts: &[Option<&'a str>]) -> Entry<'a> {
    let optional = |at: usize| texts.get(at).copied().flatten();
    let text = |at: usize| optional(at).unwrap_or_default();
    Entry {
        transaction_id: text(ID),
        created_at: text(TIME),
        kind: text(KIND),
        currency: text(CURRENCY),
        amount_gross: text(GROSS),
        tax_withheld: text(TAX),
        amount_net: text(NET),
        tax_type: optional(TAX_TYPE),
        sender_id: text(SENDER),
        receiver_id: text(RECEIVER),
        operator_id: optional(OPERATOR),
        reference_id: optional(REFERENCE),
        personal_hash: text(PERSONAL_HASH),
        ..entry.clone()
    }
}

/// Characters of which a text there is made.
pub(super) const fn alphabet(at: usize) -> &'static str {
    match at {
        ID | PERSONAL_HASH => HEX,
        TIME | GROSS | TAX | NET => DIGITS,
        KIND | CURRENCY => UPPER,
        TAX_TYPE => LOWER,
        REFERENCE => PRINTABLE,
        _ => OF_IDS,
    }
}

/// Whether a text there keeps its grammar.
pub(super) fn is_grammatical(at: usize, text: &str) -> bool {
    match at {
        ID => grammar::uuid(text).is_some(),
        TIME => Timestamp::parse(text.as_bytes()).is_some(),
        KIND => Kind::parse(text).is_some(),
        CURRENCY => grammar::is_currency(text),
        GROSS | TAX | NET => Amount::parse(text.as_bytes()).is_some(),
        TAX_TYPE => grammar::is_tax_type(text),
        REFERENCE => grammar::is_text(text, REFERENCE_MAX),
        PERSONAL_HASH => grammar::is_hex(text, 64),
        _ => grammar::is_id(text),
    }
}
