//! The strict reader: any JSON layout, exactly the keys of the format, the first fault by key order.
//!
//! It never gives up at a fault: what could be read is kept, so that an entry with one bad field
//! still holds its place in the chain.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::entry::{Entry, KEYS, PERSONAL_KEYS, PERSONAL_MAX, Personal, REFERENCE_MAX, Values};
use crate::grammar::cut;

/// The members of a JSON object in their order, repeated keys and all.
#[derive(Debug)]
pub struct Members<'a>(pub Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Key<'a>(#[serde(borrow)] Cow<'a, str>);
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Members<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(Key(key)) = map.next_key()? {
                    members.push((key, map.next_value()?));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Collect)
    }
}

impl<'a> Members<'a> {
    /// Reads one object; `None` where the line is not one.
    #[must_use]
    pub fn read(line: &'a str) -> Option<Self> {
        serde_json::from_str(line).ok()
    }

    /// The value of a key; of a repeated one the last, as JSON.parse takes it.
    #[must_use]
    pub fn value(&self, key: &str) -> Option<&'a str> {
        self.0.iter().rev().find(|(k, _)| k == key).map(|(_, v)| v.get())
    }

    /// Whether a key stands more than once.
    #[must_use]
    pub fn repeats(&self, key: &str) -> bool {
        self.0.iter().filter(|(k, _)| k == key).count() > 1
    }

    /// The first key that is not among `keys`.
    #[must_use]
    pub fn unknown(&self, keys: &[&str]) -> Option<&str> {
        self.0.iter().map(|(k, _)| k.as_ref()).find(|k| !keys.contains(k))
    }
}

/// What is wrong with a line after the header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The first field at fault in key order; `None` where the line as a whole is.
    pub field: Option<String>,
    /// What is wrong with it.
    pub reason: String,
    /// What stands there, where a field is at fault that has a value; a long one only as its start.
    pub found: Option<Value>,
}

/// Longest JSON of a value that a fault keeps whole, in bytes.
const MAX_SHOWN: usize = 200;

/// A value as the file has it. A number that is no integer of 64 bits is its text: as a float it would be another, 5.0 be 5.
fn shown(raw: &str) -> Value {
    let whole = if raw.len() <= MAX_SHOWN { serde_json::from_str::<Value>(raw).ok() } else { None };
    let is_exact = |value: &Value| !value.is_f64();
    whole.filter(is_exact).unwrap_or_else(|| Value::String(cut(raw, MAX_SHOWN)))
}

impl Fault {
    pub(crate) fn of_line(reason: &str) -> Self {
        Self { field: None, reason: cut(reason, MAX_SHOWN), found: None }
    }

    /// With what stands in the field at fault.
    fn seen_in(self, members: &Members<'_>) -> Self {
        let of_block = |field: &str| {
            let nested = field.strip_prefix("personal.")?;
            Members::read(members.value("personal")?)?.value(nested)
        };
        let raw = self.field.as_deref().and_then(|field| members.value(field).or_else(|| of_block(field)));
        Self { found: raw.map(shown), ..self }
    }

    pub(crate) fn of_field(field: &str, reason: &str) -> Self {
        Self { field: Some(cut(field, MAX_SHOWN)), reason: reason.to_owned(), found: None }
    }

    /// Whether it is the personal block that is at fault.
    pub(crate) fn is_of_block(&self) -> bool {
        self.field.as_deref().is_some_and(|field| field == "personal" || field.starts_with("personal."))
    }
}

/// A personal block with its own texts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnedPersonal {
    salt: String,
    texts: [Option<String>; 5],
}

/// An entry with its own texts, some of which may break their grammar: a field that cannot be read as
/// text at all holds its JSON instead.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnedEntry {
    /// `None` where it is no number that an entry could have.
    pub seq: Option<u64>,
    texts: [String; 7],
    tax_type: Option<String>,
    sender_id: String,
    receiver_id: String,
    operator_id: Option<String>,
    reference_id: Option<String>,
    personal: Option<OwnedPersonal>,
    hashes: [String; 3],
}

impl OwnedEntry {
    /// Its fields, borrowed. A `seq` that cannot be read counts as 0, which no entry has.
    #[must_use]
    pub fn entry(&self) -> Entry<'_> {
        let [transaction_id, created_at, kind, currency, amount_gross, tax_withheld, amount_net] = &self.texts;
        let [personal_hash, previous_hash, current_hash] = &self.hashes;
        Entry {
            seq: self.seq.unwrap_or(0),
            transaction_id,
            created_at,
            kind,
            currency,
            amount_gross,
            tax_withheld,
            amount_net,
            tax_type: self.tax_type.as_deref(),
            sender_id: &self.sender_id,
            receiver_id: &self.receiver_id,
            operator_id: self.operator_id.as_deref(),
            reference_id: self.reference_id.as_deref(),
            personal: self.personal.as_ref().map(OwnedPersonal::personal),
            personal_hash,
            previous_hash,
            current_hash,
        }
    }

    /// The texts that people write, and the most bytes of each.
    pub(super) fn free_texts(&mut self) -> impl Iterator<Item = (&mut String, usize)> {
        let personal = self.personal.iter_mut().flat_map(|personal| personal.texts.iter_mut().zip(PERSONAL_MAX));
        std::iter::once((&mut self.reference_id, REFERENCE_MAX))
            .chain(personal)
            .filter_map(|(text, max)| Some((text.as_mut()?, max)))
    }
}

impl OwnedPersonal {
    fn personal(&self) -> Personal<'_> {
        let [sender_username, receiver_username, description, ip_address, user_agent] =
            self.texts.each_ref().map(Option::as_deref);
        Personal { salt: &self.salt, sender_username, receiver_username, description, ip_address, user_agent }
    }
}

impl From<&Entry<'_>> for OwnedEntry {
    fn from(e: &Entry<'_>) -> Self {
        let own = |text: Option<&str>| text.map(str::to_owned);
        Self {
            seq: Some(e.seq),
            texts: [e.transaction_id, e.created_at, e.kind, e.currency, e.amount_gross, e.tax_withheld, e.amount_net]
                .map(str::to_owned),
            tax_type: own(e.tax_type),
            sender_id: e.sender_id.to_owned(),
            receiver_id: e.receiver_id.to_owned(),
            operator_id: own(e.operator_id),
            reference_id: own(e.reference_id),
            personal: e.personal.map(|p| OwnedPersonal { salt: p.salt.to_owned(), texts: p.texts().map(own) }),
            hashes: [e.personal_hash, e.previous_hash, e.current_hash].map(str::to_owned),
        }
    }
}

/// An entry as the strict reader saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Strict {
    /// What could be read.
    pub entry: OwnedEntry,
    /// Whether it keeps every rule of its grammar.
    pub values: Result<Values, Fault>,
}

/// Reads an entry from the members of a line.
#[must_use]
pub fn read(members: &Members<'_>) -> Strict {
    let mut reader = Reader::default();
    let entry = reader.entry(members);
    let grammar = entry.entry().check();
    let values = match (reader.first, grammar) {
        (None, Ok(values)) => Ok(values),
        (Some((_, fault)), Ok(_)) => Err(fault),
        (Some((at, fault)), Err((field, _))) if at <= key_place(field) => Err(fault),
        (_, Err((field, reason))) => Err(Fault::of_field(field, reason)),
    };
    Strict { entry, values: values.map_err(|fault| fault.seen_in(members)) }
}

/// Where a field stands in key order: that of its key, then that within the personal block.
fn key_place(field: &str) -> (usize, usize) {
    let (key, nested) = field.split_once('.').unwrap_or((field, ""));
    let place = |keys: &[&str], key| keys.iter().position(|k| *k == key).unwrap_or(keys.len());
    (place(&KEYS, key), if nested.is_empty() { 0 } else { 1 + place(&PERSONAL_KEYS, nested) })
}

/// Collects the first fault in key order.
#[derive(Default)]
struct Reader {
    first: Option<((usize, usize), Fault)>,
}

impl Reader {
    fn fault(&mut self, field: &str, reason: &str) {
        let place = key_place(field);
        if self.first.as_ref().is_none_or(|(first, _)| place < *first) {
            self.first = Some((place, Fault::of_field(field, reason)));
        }
    }

    fn entry(&mut self, members: &Members<'_>) -> OwnedEntry {
        self.keys(members, &KEYS, "");
        let mut text = |key: &str| self.text(members, key, "");
        let texts = ["transaction_id", "created_at", "type", "currency", "amount_gross", "tax_withheld", "amount_net"]
            .map(&mut text);
        let (sender_id, receiver_id) = (text("sender_id"), text("receiver_id"));
        let hashes = ["personal_hash", "previous_hash", "current_hash"].map(&mut text);
        OwnedEntry {
            seq: self.seq(members),
            texts,
            tax_type: self.nullable(members, "tax_type", ""),
            sender_id,
            receiver_id,
            operator_id: self.nullable(members, "operator_id", ""),
            reference_id: self.nullable(members, "reference_id", ""),
            personal: self.personal(members),
            hashes,
        }
    }

    fn keys(&mut self, members: &Members<'_>, keys: &[&str], prefix: &str) {
        for key in keys {
            let field = format!("{prefix}{key}");
            match members.value(key) {
                None => self.fault(&field, "missing"),
                Some(_) if members.repeats(key) => self.fault(&field, "stands more than once"),
                Some(_) => {}
            }
        }
        if let Some(key) = members.unknown(keys) {
            let (field, reason) = (format!("{prefix}{key}"), "no key of the format, and no hash covers it");
            self.fault(&field, reason);
        }
    }

    fn seq(&mut self, members: &Members<'_>) -> Option<u64> {
        let raw = members.value("seq")?;
        let canonical = raw.bytes().all(|b| b.is_ascii_digit()) && !raw.starts_with('0') && raw.len() <= 16;
        let seq = raw.parse().ok().filter(|_| canonical);
        if seq.is_none() {
            self.fault("seq", "not an integer from 1 to 2^53 − 1");
        }
        seq
    }

    /// A text; where the value is none, its JSON stands in so that nothing is lost to the report.
    fn text(&mut self, members: &Members<'_>, key: &str, prefix: &str) -> String {
        let Some(raw) = members.value(key) else {
            return String::new();
        };
        match serde_json::from_str::<Cow<'_, str>>(raw) {
            Ok(text) => text.into_owned(),
            Err(_) => {
                self.fault(&format!("{prefix}{key}"), not_a_text(raw));
                raw.to_owned()
            }
        }
    }

    fn nullable(&mut self, members: &Members<'_>, key: &str, prefix: &str) -> Option<String> {
        match members.value(key) {
            None | Some("null") => None,
            Some(_) => Some(self.text(members, key, prefix)),
        }
    }

    fn personal(&mut self, members: &Members<'_>) -> Option<OwnedPersonal> {
        let raw = members.value("personal")?;
        if raw == "null" {
            return None;
        }
        let Some(block) = Members::read(raw) else {
            self.fault("personal", "neither null nor an object");
            return None;
        };
        self.keys(&block, &PERSONAL_KEYS, "personal.");
        let salt = self.text(&block, "salt", "personal.");
        let [_, names @ ..] = PERSONAL_KEYS;
        Some(OwnedPersonal { salt, texts: names.map(|key| self.nullable(&block, key, "personal.")) })
    }
}

const fn not_a_text(raw: &str) -> &'static str {
    match raw.as_bytes() {
        [b'"', ..] => "a text that is not valid Unicode",
        [b'n', ..] => "null, where a text belongs",
        [b'-' | b'0'..=b'9', ..] => "a number, where a text belongs",
        _ => "not a text",
    }
}
