//! One document of MongoDB's, as Extended JSON, and what is wrong with it.

use std::borrow::Cow;
use std::fmt;
use std::path::Path;

use countersign_core::export::strict::Members;
use countersign_core::grammar;
use countersign_core::limits::MAX_DEPTH;
use countersign_core::money::Sum;
use countersign_core::timestamp::Timestamp;
use serde_json::value::RawValue;

use super::decimal;

/// The path that stands for standard input.
pub(super) const STANDARD_INPUT: &str = "-";
/// The only member of a Decimal128.
const DECIMAL128: &str = "$numberDecimal";

/// What is wrong with an export of documents, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {reason}")]
pub struct Fault {
    place: String,
    reason: String,
}

impl Fault {
    /// Of a file as a whole.
    pub(super) fn of_file(path: &Path, reason: impl fmt::Display) -> Self {
        Self { place: shown(path), reason: reason.to_string() }
    }

    /// Of one document, counted from 1.
    pub(super) fn of_document(path: &Path, number: u64, reason: impl fmt::Display) -> Self {
        Self { place: format!("{}, document {number}", shown(path)), reason: reason.to_string() }
    }
}

fn shown(path: &Path) -> String {
    if path.as_os_str() == STANDARD_INPUT { "standard input".to_owned() } else { path.display().to_string() }
}

/// One document: its members, and where it stands.
#[derive(Debug)]
pub(super) struct Document<'a> {
    path: &'a Path,
    number: u64,
    members: Members<'a>,
}

impl<'a> Document<'a> {
    pub(super) fn read(path: &'a Path, number: u64, json: &'a str) -> Result<Self, Fault> {
        let members = object(json).map_err(|reason| Fault::of_document(path, number, reason))?;
        Ok(Self { path, number, members })
    }

    /// Keys and values.
    pub(super) fn members(&self) -> impl Iterator<Item = (&str, &'a str)> {
        self.members.0.iter().map(|(key, value)| (key.as_ref(), value.get()))
    }

    pub(super) fn fault(&self, key: &str, reason: impl fmt::Display) -> Fault {
        Fault::of_document(self.path, self.number, format_args!("{key}: {reason}"))
    }

    /// The first of these keys that stands there, with its value. Null counts as not there.
    pub(super) fn value<'k>(&self, keys: &[&'k str]) -> Option<(&'k str, &'a str)> {
        let there = keys.iter().filter_map(|key| Some((*key, self.members.value(key)?)));
        there.into_iter().find(|(_, value)| *value != "null")
    }

    /// A flag of an account, by any of its names: where several stand there, they say the same.
    pub(super) fn flag(&self, account: &str, keys: &[&str], absent: bool) -> Result<bool, Fault> {
        let mut found: Option<(&str, bool)> = None;
        for key in keys {
            let flag = match self.value(&[key]) {
                None => continue,
                Some((_, "true")) => true,
                Some((_, "false")) => false,
                Some(_) => return Err(self.fault(key, "neither true nor false")),
            };
            match found {
                Some((other, opposite)) if opposite != flag => {
                    let why = format_args!("it is {flag}, and {other} is {opposite}, for the account {account}");
                    return Err(self.fault(key, why));
                }
                _ => found = Some((key, flag)),
            }
        }
        Ok(found.map_or(absent, |(_, flag)| flag))
    }

    /// A date by one of its names.
    pub(super) fn date(&self, keys: &[&str]) -> Result<Option<Timestamp>, Fault> {
        let Some((key, value)) = self.value(keys) else { return Ok(None) };
        date(value).map(Some).ok_or_else(|| self.fault(key, "no date of the years 1 to 9999"))
    }

    /// A text, held to a rule.
    pub(super) fn text(&self, key: &str, rule: fn(&str) -> bool, reason: &str) -> Result<Option<String>, Fault> {
        let Some((_, value)) = self.value(&[key]) else { return Ok(None) };
        let text = serde_json::from_str::<String>(value).map_err(|_| self.fault(key, "no text"))?;
        if rule(&text) { Ok(Some(text)) } else { Err(self.fault(key, reason)) }
    }

    /// Amounts by currency.
    pub(super) fn amounts(&self, key: &str, value: &'a str) -> Result<Vec<(String, Sum)>, Fault> {
        let members = object(value).map_err(|reason| self.fault(key, reason))?;
        let amount = |(currency, value): &(Cow<'_, str>, &RawValue)| {
            let place = format!("{key}.{currency}");
            Ok((self.currency(&place, currency)?, self.amount(&place, value.get())?))
        };
        members.0.iter().map(amount).collect()
    }

    /// Buckets of amounts by currency.
    pub(super) fn objects(&self, key: &str, value: &'a str) -> Result<Vec<(String, &'a str)>, Fault> {
        let members = object(value).map_err(|reason| self.fault(key, reason))?;
        Ok(members.0.into_iter().map(|(key, value)| (key.into_owned(), value.get())).collect())
    }

    pub(super) fn currency(&self, key: &str, name: &str) -> Result<String, Fault> {
        match grammar::is_currency(name) && name != grammar::NO_CURRENCY {
            true => Ok(name.to_owned()),
            false => Err(self.fault(key, "no currency: 3 to 12 of A-Z 0-9, a letter first, and not XXX")),
        }
    }

    pub(super) fn amount(&self, key: &str, value: &str) -> Result<Sum, Fault> {
        let text = decimal128(value).ok_or_else(|| self.fault(key, "no Decimal128: money is kept in nothing else"))?;
        decimal::balance(&text).map_err(|reason| self.fault(key, format_args!("{text} is {reason}")))
    }

    /// Money under a key that nobody reads, at any depth, would be lost without a word.
    pub(super) fn refuse_other_money(&self, is_known: impl Fn(&str) -> bool) -> Result<(), Fault> {
        for (key, value) in self.members().filter(|(key, _)| !is_known(key)) {
            if let Some(path) = money(value, 1).map_err(|reason| self.fault(key, reason))? {
                let place = format!("{key}{path}");
                return Err(self.fault(&place, "a Decimal128 that is not taken over: export without this field"));
            }
        }
        Ok(())
    }
}

/// Where a value holds a Decimal128, as a path from it: `.gold`, `[0]`, nothing for the value itself. Whether that can
/// be read as one does not matter here.
///
/// # Errors
/// Where the value is nested deeper than anybody looks.
fn money(json: &str, depth: usize) -> Result<Option<String>, String> {
    let inner: Vec<(String, &RawValue)> = match json.as_bytes().first() {
        Some(b'{' | b'[') if depth > MAX_DEPTH => return Err(format!("nested deeper than {MAX_DEPTH}")),
        Some(b'{') => {
            let Members(members) = Members::read(json).ok_or("no JSON object")?;
            if members.iter().any(|(key, _)| key == DECIMAL128) {
                return Ok(Some(String::new()));
            }
            members.into_iter().map(|(key, value)| (format!(".{key}"), value)).collect()
        }
        Some(b'[') => {
            let elements: Vec<&RawValue> = serde_json::from_str(json).map_err(|_| "no JSON array")?;
            elements.into_iter().enumerate().map(|(n, value)| (format!("[{n}]"), value)).collect()
        }
        _ => return Ok(None),
    };
    for (step, value) in inner {
        if let Some(path) = money(value.get(), depth + 1)? {
            return Ok(Some(step + &path));
        }
    }
    Ok(None)
}

/// The members of an object, each there once.
fn object(json: &str) -> Result<Members<'_>, String> {
    let members = Members::read(json).ok_or("no JSON object")?;
    match members.0.iter().find(|(key, _)| members.repeats(key)) {
        Some((key, _)) => Err(format!("the key {key:?} stands twice")),
        None => Ok(members),
    }
}

/// The only member of an object, where it has this name.
fn only<'a>(json: &'a str, name: &str) -> Option<&'a str> {
    let members = Members::read(json)?;
    if members.0.len() == 1 { members.value(name) } else { None }
}

fn decimal128(json: &str) -> Option<String> {
    serde_json::from_str(only(json, DECIMAL128)?).ok()
}

/// 24 hex digits, as MongoDB makes ids.
pub(super) fn object_id(json: &str) -> Option<String> {
    let id: String = serde_json::from_str(only(json, "$oid")?).ok()?;
    grammar::is_hex(&id, 24).then_some(id)
}

fn date(json: &str) -> Option<Timestamp> {
    let inner = only(json, "$date")?;
    let time = match only(inner, "$numberLong") {
        Some(ms) => Timestamp::from_millis(serde_json::from_str::<String>(ms).ok()?.parse().ok()?),
        None => Timestamp::parse_relaxed(&serde_json::from_str::<String>(inner).ok()?)?,
    };
    Timestamp::parse(time.to_string().as_bytes())
}
