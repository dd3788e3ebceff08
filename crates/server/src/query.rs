//! The parameters of an address: each known by name, given once, of its own grammar.

use std::str::FromStr;

use countersign_core::grammar;
use percent_encoding::percent_decode_str;

use crate::limits::{DEFAULT_PAGE, MAX_PAGE, MAX_QUERY};
use crate::problem::Problem;

/// Parameters by name.
#[derive(Debug, Default)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    /// Reads what stands after the `?`. Only `known` names may stand there.
    pub(crate) fn read(text: Option<&str>, known: &[&str]) -> Result<Self, Problem> {
        let text = text.unwrap_or("");
        if text.len() > MAX_QUERY {
            return Err(Problem::new("ADDRESS_TOO_LONG", format_args!("a query has at most {MAX_QUERY} bytes")));
        }
        let mut read: Vec<(String, String)> = Vec::new();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = decoded(name).ok_or_else(|| Problem::parameter("query", "a name is not UTF-8"))?;
            if !known.contains(&name.as_str()) {
                return Err(Problem::parameter(&name, unknown(known)));
            }
            if read.iter().any(|(other, _)| *other == name) {
                return Err(Problem::parameter(&name, "stands more than once"));
            }
            let value = decoded(value).ok_or_else(|| Problem::parameter(&name, "not UTF-8"))?;
            read.push((name, value));
        }
        Ok(Self(read))
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// A number as the format writes `seq`, from `least` to 2^53 − 1.
    pub(crate) fn number(&self, name: &str, least: u64) -> Result<Option<u64>, Problem> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let read = number(text).filter(|n| (least..=grammar::MAX_SEQ).contains(n));
        read.map(Some).ok_or_else(|| Problem::parameter(name, format_args!("not an integer from {least} to 2^53 − 1")))
    }

    /// `limit`: how many of a page.
    pub(crate) fn limit(&self) -> Result<u32, Problem> {
        let Some(text) = self.text("limit") else { return Ok(DEFAULT_PAGE) };
        let read = number(text).and_then(|n| u32::try_from(n).ok()).filter(|n| (1..=MAX_PAGE).contains(n));
        read.ok_or_else(|| Problem::parameter("limit", format_args!("not an integer from 1 to {MAX_PAGE}")))
    }

    /// True or false. A name alone is true.
    pub(crate) fn flag(&self, name: &str) -> Result<Option<bool>, Problem> {
        match self.text(name) {
            None => Ok(None),
            Some("" | "true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(_) => Err(Problem::parameter(name, "neither true nor false")),
        }
    }
}

fn unknown(known: &[&str]) -> String {
    if known.is_empty() {
        return "this resource has no parameters".to_owned();
    }
    format!("no parameter of this resource, which has {}", known.join(", "))
}

/// Digits without a sign and without zeros in front.
fn number(text: &str) -> Option<u64> {
    let canonical = text == "0" || (text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0'));
    if canonical { u64::from_str(text).ok() } else { None }
}

/// The text that an address writes in its own way.
pub(crate) fn decoded(text: &str) -> Option<String> {
    percent_decode_str(text).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Query, Problem> {
        Query::read(Some(text), &["first", "limit", "gzip", "side"])
    }

    #[test]
    fn reads_what_it_knows() {
        let query = read("first=12&gzip&limit=7&side=a%3Ab").unwrap();
        assert_eq!(query.number("first", 1).unwrap(), Some(12));
        assert_eq!(query.limit().unwrap(), 7);
        assert_eq!(query.flag("gzip").unwrap(), Some(true));
        assert_eq!(query.text("side"), Some("a:b"));
        assert_eq!(read("").unwrap().limit().unwrap(), DEFAULT_PAGE);
    }

    #[test]
    fn refuses_what_is_unknown_or_stands_twice() {
        for text in ["last=1", "first=1&first=1", "first%3D=1", "%ff=1", "first=%ff"] {
            assert_eq!(read(text).unwrap_err().code, "INVALID_PARAMETER", "{text}");
        }
        assert_eq!(read(&"a".repeat(2000)).unwrap_err().code, "ADDRESS_TOO_LONG");
    }

    #[test]
    fn numbers_have_one_form() {
        for text in ["", "0", "01", "-1", "+1", "1.0", "1e3", "9007199254740992", "99999999999999999999", "%D9%A1"] {
            let query = read(&format!("first={text}")).unwrap();
            assert_eq!(query.number("first", 1).unwrap_err().code, "INVALID_PARAMETER", "{text}");
        }
        for text in ["0", "1001", "-1"] {
            assert!(read(&format!("limit={text}")).unwrap().limit().is_err(), "{text}");
        }
    }
}
