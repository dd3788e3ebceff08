//! A document of format 1, from JSON or BSON: what is hashed, and what a report shows of it.

use std::borrow::Cow;
use std::fmt;

use bson::raw::{RawBsonRef, RawDocument};
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use crate::export::strict::Fault;
use crate::forensics::{Shown, shown};
use crate::timestamp::Timestamp;

use super::amounts;

/// Keys that are read, those that are hashed first and in their order. `createdAt` is hashed as `timestamp`.
const READ: [&str; 15] = [
    "transaction_id",
    "sender_id",
    "receiver_id",
    "amount_gross",
    "tax_withheld",
    "amount_net",
    "currency",
    "type",
    "previous_hash",
    "createdAt",
    "current_hash",
    "sender_username",
    "receiver_username",
    "ip_address",
    "user_agent",
];

/// The keys whose values are hashed, in their order.
pub(super) const HASHED: &[&str] = READ.split_at(10).0;

/// Keys of the original ledger that no hash covers, in the order of its documents.
pub(super) const UNPROTECTED: [&str; 12] = [
    "sender_username",
    "sender_type",
    "receiver_username",
    "receiver_type",
    "description",
    "reference_id",
    "status",
    "ip_address",
    "user_agent",
    "reversed_by_transaction_id",
    "_id",
    "__v",
];

/// Most keys of one document that are remembered, though the original ledger does not know them.
const MAX_EXTRA: usize = 100;

/// Places in [`READ`].
pub(super) mod key {
    pub(in crate::legacy) const TRANSACTION_ID: usize = 0;
    pub(in crate::legacy) const SENDER_ID: usize = 1;
    pub(in crate::legacy) const RECEIVER_ID: usize = 2;
    pub(in crate::legacy) const AMOUNT_GROSS: usize = 3;
    pub(in crate::legacy) const TAX_WITHHELD: usize = 4;
    pub(in crate::legacy) const AMOUNT_NET: usize = 5;
    pub(in crate::legacy) const CURRENCY: usize = 6;
    pub(in crate::legacy) const TYPE: usize = 7;
    pub(in crate::legacy) const PREVIOUS_HASH: usize = 8;
    pub(in crate::legacy) const CREATED_AT: usize = 9;
    pub(in crate::legacy) const CURRENT_HASH: usize = 10;
    pub(in crate::legacy) const SENDER_USERNAME: usize = 11;
    pub(in crate::legacy) const RECEIVER_USERNAME: usize = 12;
    pub(in crate::legacy) const IP_ADDRESS: usize = 13;
    pub(in crate::legacy) const USER_AGENT: usize = 14;
}

/// A value as the database had it, so far as the ledger uses its type.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Stored<'a> {
    #[default]
    Missing,
    Text(Cow<'a, str>),
    ObjectId(Cow<'a, str>),
    Decimal(Cow<'a, str>),
    Date(Timestamp),
    /// Null, a number, a list, another type; as a report shows it.
    Other(Value),
}

impl Stored<'_> {
    /// What has no simple form in JSON.
    fn other() -> Self {
        Self::Other(Value::String("(a value of another type)".to_owned()))
    }

    fn text(&self) -> Option<String> {
        match self {
            Self::Text(text) | Self::ObjectId(text) | Self::Decimal(text) => Some(text.clone().into_owned()),
            Self::Date(time) => Some(time.to_string()),
            Self::Missing | Self::Other(_) => None,
        }
    }
}

/// One document.
#[derive(Debug, Default)]
pub(super) struct Document<'a> {
    values: [Stored<'a>; READ.len()],
    /// Which of [`READ`], then of [`UNPROTECTED`], were seen.
    seen: u32,
    /// Keys that the original ledger does not know; the first [`MAX_EXTRA`] of them.
    pub(super) extra: Vec<String>,
    repeated: Option<String>,
}

impl<'a> Document<'a> {
    /// Reads a line of JSON: Extended JSON, relaxed or canonical.
    pub(super) fn of_json(line: &'a [u8]) -> Result<Self, Fault> {
        let text = std::str::from_utf8(line).map_err(|_| Fault::of_line("not valid UTF-8"))?;
        if text.trim_ascii().is_empty() {
            return Err(Fault::of_line("blank"));
        }
        let document: Self = serde_json::from_str(text).map_err(|e| match e.classify() {
            serde_json::error::Category::Data => Fault::of_line("not a JSON object"),
            _ => Fault::of_line(&format!("not a whole JSON object, from column {} on", e.column())),
        })?;
        document.distinct()
    }

    /// Reads a document of BSON.
    pub(super) fn of_bson(bytes: &'a [u8]) -> Result<Self, Fault> {
        let broken = |e: bson::error::Error| Fault::of_line(&format!("not a whole BSON document: {e}"));
        let raw = RawDocument::from_bytes(bytes).map_err(broken)?;
        let mut document = Self::default();
        for element in raw {
            let (name, value) = element.map_err(broken)?;
            if let Some(i) = document.note(name.as_str()) {
                document.values[i] = Stored::from(value);
            }
        }
        document.distinct()
    }

    fn distinct(self) -> Result<Self, Fault> {
        match &self.repeated {
            Some(name) => Err(Fault::of_field(name, "the key stands twice")),
            None => Ok(self),
        }
    }

    /// Takes note of a key; its place among those that are read.
    fn note(&mut self, name: &str) -> Option<usize> {
        let read = READ.iter().position(|key| *key == name);
        let known = read.or_else(|| UNPROTECTED.iter().position(|key| *key == name).map(|i| READ.len() + i));
        let twice = match known {
            Some(i) => {
                let before = self.seen;
                self.seen |= 1 << i;
                before == self.seen
            }
            None => self.extra.iter().any(|key| key == name),
        };
        if twice {
            self.repeated.get_or_insert_with(|| name.to_owned());
        } else if known.is_none() && self.extra.len() < MAX_EXTRA {
            self.extra.push(name.to_owned());
        }
        read
    }

    /// Whether it has any key of an entry.
    pub(super) fn is_entry(&self) -> bool {
        [key::TRANSACTION_ID, key::PREVIOUS_HASH, key::CURRENT_HASH].iter().any(|i| self.seen & 1 << i != 0)
    }

    pub(super) fn text(&self, i: usize) -> Option<&str> {
        match &self.values[i] {
            Stored::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn decimal(&self, i: usize) -> Option<&str> {
        match &self.values[i] {
            Stored::Decimal(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn time(&self) -> Option<Timestamp> {
        match self.values[key::CREATED_AT] {
            Stored::Date(time) => Some(time),
            _ => None,
        }
    }

    /// Whether a hashed key's value is of the type that the ledger writes.
    pub(super) fn is_right(&self, i: usize) -> bool {
        match i {
            key::SENDER_ID | key::RECEIVER_ID => matches!(self.values[i], Stored::ObjectId(_)),
            key::AMOUNT_GROSS | key::TAX_WITHHELD | key::AMOUNT_NET => matches!(self.values[i], Stored::Decimal(_)),
            key::CREATED_AT => matches!(self.values[i], Stored::Date(_)),
            _ => matches!(self.values[i], Stored::Text(_)),
        }
    }

    /// The first hashed key whose value is missing or of another type than the ledger writes; not
    /// `previous_hash` where it is known from elsewhere.
    pub(super) fn wrong_type(&self, previous_known: bool) -> Option<&'static str> {
        let right = |i: usize| self.is_right(i) || previous_known && i == key::PREVIOUS_HASH;
        (0..HASHED.len()).find(|i| !right(*i)).map(|i| HASHED[i])
    }

    /// Writes what is hashed for `current_hash`: FORMAT.md, "Format 1". `previous` in the place of the
    /// document's own, where given. Only where every value has a text.
    pub(super) fn write_preimage(&self, previous: Option<&str>, out: &mut Vec<u8>) {
        write_hashed(out, |i, out| match (&self.values[i], previous) {
            (_, Some(previous)) if i == key::PREVIOUS_HASH => stringify(previous, out),
            (Stored::Text(text) | Stored::ObjectId(text) | Stored::Decimal(text), _) => stringify(text, out),
            (Stored::Date(time), _) => match time.text() {
                Some(text) => stringify_plain(&text, out),
                None => stringify(&time.to_string(), out),
            },
            (Stored::Missing | Stored::Other(_), _) => stringify("", out),
        });
    }

    /// What stands in a key that is read, as a report shows it.
    pub(super) fn value(&self, i: usize) -> Value {
        match &self.values[i] {
            Stored::Other(value) => value.clone(),
            stored => stored.text().into(),
        }
    }

    /// Its text, where it has one.
    pub(super) fn hashed_text(&self, i: usize) -> Option<String> {
        self.values[i].text()
    }

    pub(super) fn shown(&self) -> Shown {
        let text = |i: usize| self.values[i].text().map(|text| shown(&text));
        Shown {
            transaction_id: text(key::TRANSACTION_ID),
            sender: text(key::SENDER_USERNAME).or_else(|| text(key::SENDER_ID)),
            receiver: text(key::RECEIVER_USERNAME).or_else(|| text(key::RECEIVER_ID)),
            sender_id: text(key::SENDER_ID),
            receiver_id: text(key::RECEIVER_ID),
            amount_gross: text(key::AMOUNT_GROSS),
            tax_withheld: text(key::TAX_WITHHELD),
            amount_net: text(key::AMOUNT_NET),
            currency: text(key::CURRENCY),
            kind: text(key::TYPE),
            timestamp: text(key::CREATED_AT),
            ip_address: text(key::IP_ADDRESS),
            user_agent: text(key::USER_AGENT),
            previous_hash: text(key::PREVIOUS_HASH),
            current_hash: text(key::CURRENT_HASH),
        }
    }
}

/// Writes what is hashed where a document has these texts, in the order of [`HASHED`] without `previous_hash`.
pub(super) fn write_texts(texts: &[Option<&str>], previous: &str, out: &mut Vec<u8>) {
    write_hashed(out, |i, out| {
        let at = if i > key::PREVIOUS_HASH { i - 1 } else { i };
        let text = if i == key::PREVIOUS_HASH { Some(previous) } else { texts.get(at).copied().flatten() };
        stringify(text.unwrap_or_default(), out);
    });
}

/// Writes the object that is hashed, each value as it is told.
#[inline]
fn write_hashed(out: &mut Vec<u8>, mut value: impl FnMut(usize, &mut Vec<u8>)) {
    for (i, name) in HASHED.iter().enumerate() {
        let name = if i == key::CREATED_AT { "timestamp" } else { name };
        out.extend_from_slice(if i == 0 { b"{\"" } else { b",\"" });
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b"\":");
        value(i, out);
    }
    out.push(b'}');
}

/// A string as ES2019's JSON.stringify writes it. Its escapes are those of serde_json, which unlike it
/// never meets a lone surrogate.
fn stringify(text: &str, out: &mut Vec<u8>) {
    // Without an early exit, so that it becomes a few vector instructions.
    if text.bytes().fold(true, |plain, b| plain & (b >= b' ') & (b != b'"') & (b != b'\\')) {
        stringify_plain(text.as_bytes(), out);
    } else if serde_json::to_writer(&mut *out, text).is_err() {
        unreachable!("a Vec takes every byte");
    }
}

/// A string in which nothing is escaped.
fn stringify_plain(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    out.extend_from_slice(text);
    out.push(b'"');
}

impl<'a> From<RawBsonRef<'a>> for Stored<'a> {
    fn from(value: RawBsonRef<'a>) -> Self {
        match value {
            RawBsonRef::String(text) => Self::Text(text.into()),
            RawBsonRef::ObjectId(id) => Self::ObjectId(id.to_hex().into()),
            RawBsonRef::Decimal128(number) => Self::Decimal(number.to_string().into()),
            RawBsonRef::DateTime(time) => date(time.timestamp_millis()),
            RawBsonRef::Null => Self::Other(Value::Null),
            RawBsonRef::Boolean(value) => Self::Other(value.into()),
            RawBsonRef::Int32(number) => Self::Other(number.into()),
            RawBsonRef::Int64(number) => Self::Other(number.into()),
            RawBsonRef::Double(number) => Self::Other(number.into()),
            _ => Self::other(),
        }
    }
}

/// A date that JavaScript can write in four digits of a year; the ledger's own are.
fn date(ms: i64) -> Stored<'static> {
    let time = Timestamp::from_millis(ms);
    const YEAR_1_TO_9999: std::ops::RangeInclusive<i64> = -62_135_596_800_000..=253_402_300_799_999;
    if YEAR_1_TO_9999.contains(&ms) { Stored::Date(time) } else { Stored::other() }
}

impl<'de: 'a, 'a> Deserialize<'de> for Document<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Keys;
        impl<'de> Visitor<'de> for Keys {
            type Value = Document<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a document")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                let mut document = Document::default();
                while let Some(Text(name)) = map.next_key()? {
                    match document.note(&name) {
                        Some(i) => document.values[i] = map.next_value()?,
                        None => drop(map.next_value::<IgnoredAny>()?),
                    }
                }
                Ok(document)
            }
        }
        deserializer.deserialize_map(Keys)
    }
}

/// A string, borrowed where it holds no escape.
struct Text<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Borrow;
        impl<'de> Visitor<'de> for Borrow {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Text(text.into()))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Text(text.to_owned().into()))
            }
        }
        deserializer.deserialize_str(Borrow)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Stored<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Extended { in_date: false })
    }
}

/// MongoDB's Extended JSON (specifications/source/extended-json), the types that the ledger uses.
#[derive(Clone, Copy)]
struct Extended {
    /// It stands in `$date`, where a text is a time and `$numberLong` are milliseconds since 1970.
    in_date: bool,
}

impl Extended {
    fn text<'a>(self, text: impl Into<Cow<'a, str>> + AsRef<str>) -> Stored<'a> {
        if !self.in_date {
            return Stored::Text(text.into());
        }
        Timestamp::parse_relaxed(text.as_ref()).map_or_else(Stored::other, Stored::Date)
    }
}

impl<'de> Visitor<'de> for Extended {
    type Value = Stored<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value of Extended JSON")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(self.text(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(self.text(text.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Stored::Other(Value::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Stored::Other(value.into()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Stored::Other(number.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Stored::Other(number.into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
        Ok(Stored::Other(number.into()))
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut seq: S) -> Result<Self::Value, S::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Stored::other())
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        let Some(Text(name)) = map.next_key()? else { return Ok(Stored::other()) };
        let value = match (&*name, self.in_date) {
            ("$oid", false) => object_id(map.next_value()?),
            ("$numberDecimal", false) => decimal(map.next_value()?),
            ("$date", false) => map.next_value::<Date>()?.0,
            ("$numberLong", true) => milliseconds(map.next_value()?),
            _ => {
                map.next_value::<IgnoredAny>()?;
                Stored::other()
            }
        };
        let mut alone = true;
        while map.next_key::<IgnoredAny>()?.is_some() {
            map.next_value::<IgnoredAny>()?;
            alone = false;
        }
        Ok(if alone { value } else { Stored::other() })
    }
}

/// What `$date` holds: a text, or the milliseconds since 1970 as `{"$numberLong":"…"}`.
struct Date<'a>(Stored<'a>);

impl<'de: 'a, 'a> Deserialize<'de> for Date<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Extended { in_date: true }).map(Self)
    }
}

fn object_id(value: Stored<'_>) -> Stored<'_> {
    match value {
        Stored::Text(text) if crate::grammar::is_hex(&text, 24) => Stored::ObjectId(text),
        _ => Stored::other(),
    }
}

fn milliseconds(value: Stored<'_>) -> Stored<'_> {
    match value {
        Stored::Text(text) => text.parse().map_or_else(|_| Stored::other(), date),
        _ => Stored::other(),
    }
}

fn decimal(value: Stored<'_>) -> Stored<'_> {
    match value {
        Stored::Text(text) if amounts::is_decimal128(&text) => Stored::Decimal(text),
        _ => Stored::other(),
    }
}
