//! The lines after the entries: user documents, the Treasury's, the trailer.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::header::FORMAT;
use super::strict::{Fault, Members};
use crate::grammar;
use crate::hash::Hash;
use crate::limits::MAX_CURRENCIES;
use crate::money::Sum;

/// Amounts by key, as a document writes them.
pub type Amounts = BTreeMap<String, String>;

/// A user's document as of the last entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// The account.
    pub id: String,
    /// Not compared.
    pub version: u64,
    /// By currency; zeros may be left out.
    pub balances: Amounts,
    /// Whether the shield or an operator froze it.
    pub is_frozen_for_fraud: bool,
}

/// The Treasury's document as of the last entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Treasury {
    /// Not compared.
    pub version: u64,
    /// By tax type and currency; zeros may be left out.
    pub collected: BTreeMap<String, Amounts>,
}

/// The last line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trailer {
    /// How many entries the file has.
    pub entries: u64,
    /// `seq` of the last; 0 for an empty ledger.
    pub last_seq: u64,
    /// Its `current_hash`; the genesis hash of an empty ledger.
    pub head: Hash,
    /// Signed notes.
    pub checkpoints: Vec<String>,
}

/// A line that is no entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "each is its type")]
pub enum Document {
    User(User),
    Treasury(Treasury),
    Trailer(Trailer),
}

/// Reads a document or trailer; `None` where the members are those of an entry.
pub fn read(members: &Members<'_>) -> Option<Result<Document, Fault>> {
    if members.value("seq").is_some() {
        return None;
    }
    if members.value("end").is_some() {
        return Some(trailer(members));
    }
    members.value("state")?;
    Some(field::<String>(members, "state", "not a text").and_then(|state| match state.as_str() {
        "user" => user(members),
        "treasury" => treasury(members),
        _ => Err(Fault::of_field("state", "neither user nor treasury")),
    }))
}

/// Whether a line is meant as the trailer, whatever is wrong with it.
pub(crate) fn is_trailer(line: &[u8]) -> bool {
    let members = std::str::from_utf8(line).ok().and_then(Members::read);
    members.is_some_and(|members| members.value("seq").is_none() && members.value("end").is_some())
}

fn keys(members: &Members<'_>, keys: &[&str]) -> Result<(), Fault> {
    for key in keys {
        match members.value(key) {
            None => return Err(Fault::of_field(key, "missing")),
            Some(_) if members.repeats(key) => return Err(Fault::of_field(key, "stands more than once")),
            Some(_) => {}
        }
    }
    members.unknown(keys).map_or(Ok(()), |key| Err(Fault::of_field(key, "no key of the format")))
}

fn field<'a, T: Deserialize<'a>>(members: &Members<'a>, key: &str, reason: &str) -> Result<T, Fault> {
    let raw = members.value(key).unwrap_or("null");
    serde_json::from_str(raw).map_err(|_| Fault::of_field(key, reason))
}

fn rule(holds: bool, key: &str, reason: &str) -> Result<(), Fault> {
    if holds { Ok(()) } else { Err(Fault::of_field(key, reason)) }
}

fn few(named: &Members<'_>, key: &str) -> Result<(), Fault> {
    if named.0.len() <= MAX_CURRENCIES {
        return Ok(());
    }
    Err(Fault::of_field(key, &format!("more than the {MAX_CURRENCIES} keys that are read")))
}

fn user(members: &Members<'_>) -> Result<Document, Fault> {
    keys(members, &["state", "id", "version", "balances", "is_frozen_for_fraud"])?;
    let id: String = field(members, "id", "not a text")?;
    rule(grammar::is_id(&id), "id", "not 1 to 64 of A-Z a-z 0-9 . _ : -")?;
    let version = version(members)?;
    let balances = amounts(field(members, "balances", "not an object")?, "balances")?;
    let is_frozen_for_fraud = field(members, "is_frozen_for_fraud", "neither true nor false")?;
    Ok(Document::User(User { id, version, balances, is_frozen_for_fraud }))
}

fn treasury(members: &Members<'_>) -> Result<Document, Fault> {
    keys(members, &["state", "version", "collected"])?;
    let version = version(members)?;
    let buckets: Members<'_> = field(members, "collected", "not an object")?;
    few(&buckets, "collected")?;
    let mut collected = BTreeMap::new();
    for (bucket, raw) in buckets.0 {
        rule(grammar::is_tax_type(&bucket), "collected", "a bucket is not 2 to 32 of a-z 0-9 _")?;
        let by_currency = serde_json::from_str(raw.get());
        let by_currency = by_currency.map_err(|_| Fault::of_field("collected", "not an object"))?;
        let once = collected.insert(bucket.into_owned(), amounts(by_currency, "collected")?).is_none();
        rule(once, "collected", "a bucket stands more than once")?;
    }
    Ok(Document::Treasury(Treasury { version, collected }))
}

fn trailer(members: &Members<'_>) -> Result<Document, Fault> {
    keys(members, &["end", "entries", "last_seq", "head", "checkpoints"])?;
    let end: String = field(members, "end", "not a text")?;
    rule(end == FORMAT, "end", "not countersign/export/2")?;
    let entries = count(members, "entries")?;
    let last_seq = count(members, "last_seq")?;
    let head = field(members, "head", "not 64 lowercase hex digits")?;
    let checkpoints = field(members, "checkpoints", "not a list of texts")?;
    Ok(Document::Trailer(Trailer { entries, last_seq, head, checkpoints }))
}

fn version(members: &Members<'_>) -> Result<u64, Fault> {
    count(members, "version")
}

fn count(members: &Members<'_>, key: &str) -> Result<u64, Fault> {
    let reason = "not an integer from 0 to 2^53 − 1";
    let n: u64 = field(members, key, reason)?;
    rule(n <= grammar::MAX_SEQ, key, reason)?;
    Ok(n)
}

fn amounts(by_currency: Members<'_>, key: &str) -> Result<Amounts, Fault> {
    few(&by_currency, key)?;
    let mut amounts = Amounts::new();
    for (currency, raw) in by_currency.0 {
        rule(grammar::is_currency(&currency), key, "a currency is not 3 to 12 of A-Z 0-9, a letter first")?;
        let amount: String =
            serde_json::from_str(raw.get()).map_err(|_| Fault::of_field(key, "an amount is not a text"))?;
        rule(Sum::parse(amount.as_bytes()).is_some(), key, "an amount has not up to 22 digits and exactly 4 decimals")?;
        rule(amounts.insert(currency.into_owned(), amount).is_none(), key, "a currency stands more than once")?;
    }
    Ok(amounts)
}
