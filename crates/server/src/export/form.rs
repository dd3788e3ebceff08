//! What is asked for of an export: which entries, with personal data or without, packed or not.

use countersign_core::export::header::PersonalData;
use hyper::HeaderMap;
use hyper::header::{ACCEPT_ENCODING, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_TYPE, HeaderValue, VARY};

use crate::caller::{Caller, unauthenticated};
use crate::problem::Problem;
use crate::query::Query;

/// What the address may say.
pub(crate) const PARAMETERS: &[&str] = &["first", "last", "personal", "gzip"];

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Form {
    pub(crate) first: u64,
    pub(crate) last: Option<u64>,
    pub(crate) personal: PersonalData,
    pub(crate) packing: Packing,
}

/// How it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Packing {
    /// As it is.
    Plain,
    /// As gzip on the way, because the reader takes that.
    OnTheWay,
    /// As a file of gzip, because the address asks for one.
    File,
}

impl Form {
    pub(crate) fn read(query: &Query, headers: &HeaderMap, caller: &Caller) -> Result<Self, Problem> {
        let first = query.number("first", 1)?.unwrap_or(1);
        let last = query.number("last", 1)?;
        if last.is_some_and(|last| last < first) {
            return Err(Problem::parameter("last", "lies before first"));
        }
        let packing = match query.flag("gzip")? {
            Some(true) => Packing::File,
            Some(false) => Packing::Plain,
            None if accepts_gzip(headers) => Packing::OnTheWay,
            None => Packing::Plain,
        };
        Ok(Self { first, last, personal: personal(query, caller)?, packing })
    }

    /// What describes it, from the first entry to the `last`.
    pub(crate) fn describe(&self, last: u64, headers: &mut HeaderMap) -> Result<(), Problem> {
        let (content_type, ending) = match self.packing {
            Packing::File => ("application/gzip", "jsonl.gz"),
            Packing::Plain | Packing::OnTheWay => ("application/jsonl", "jsonl"),
        };
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        headers.insert(VARY, HeaderValue::from_static("accept-encoding, authorization"));
        if self.packing == Packing::OnTheWay {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        let name = format!("attachment; filename=\"ledger-{}-{last}.{ending}\"", self.first);
        headers.insert(CONTENT_DISPOSITION, HeaderValue::try_from(name).map_err(Problem::internal)?);
        Ok(())
    }
}

/// Who has no token is not given personal data, whatever he asks for.
fn personal(query: &Query, caller: &Caller) -> Result<PersonalData, Problem> {
    match (query.text("personal"), caller.sees_personal_data()) {
        (Some("withheld"), _) | (None, false) => Ok(PersonalData::Withheld),
        (Some("full") | None, true) => Ok(PersonalData::Full),
        (Some("full"), false) => Err(unauthenticated()),
        (Some(_), _) => Err(Problem::parameter("personal", "neither full nor withheld")),
    }
}

/// RFC 9110 section 12.5.3: gzip is named, or everything is, and not with a weight of 0.
fn accepts_gzip(headers: &HeaderMap) -> bool {
    let values = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    let codings: Vec<&str> = values.flat_map(|value| value.split(',')).collect();
    let weight = |name: &str| {
        codings.iter().find_map(|coding| {
            let (coding, parameters) = coding.split_once(';').unwrap_or((coding, ""));
            let weight = parameters.trim().strip_prefix(['q', 'Q']).and_then(|weight| weight.strip_prefix('='));
            let weight = weight.map_or(Ok(1.0), str::parse::<f32>);
            coding.trim().eq_ignore_ascii_case(name).then_some(weight.unwrap_or(0.0))
        })
    };
    weight("gzip").or_else(|| weight("*")).is_some_and(|weight| weight > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::Role;

    fn form(query: &str, accepted: &str, caller: &Caller) -> Result<Form, Problem> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, accepted.parse().unwrap());
        Form::read(&Query::read(Some(query), PARAMETERS)?, &headers, caller)
    }

    fn auditor() -> Caller {
        Caller::Holder { name: "a".to_owned(), role: Role::Auditor }
    }

    #[test]
    fn gzip_is_taken_where_it_is_accepted_or_asked_for() {
        let packing = |query, accepted| form(query, accepted, &auditor()).unwrap().packing;
        for accepted in ["gzip", "br, GZIP;q=0.5", "*", "identity;q=0, *;q=0.1"] {
            assert_eq!(packing("", accepted), Packing::OnTheWay, "{accepted}");
        }
        for accepted in ["", "br", "gzip;q=0", "gzip;Q=0", "gzip;q=0, *", "gzip;q=x", "xgzip"] {
            assert_eq!(packing("", accepted), Packing::Plain, "{accepted}");
        }
        assert_eq!(packing("gzip=false", "gzip"), Packing::Plain);
        assert_eq!(packing("gzip", ""), Packing::File);
    }

    #[test]
    fn without_a_token_personal_data_is_withheld() {
        let personal = |query, caller: &Caller| form(query, "", caller).map(|form| form.personal);
        assert_eq!(personal("", &auditor()).unwrap(), PersonalData::Full);
        assert_eq!(personal("personal=withheld", &auditor()).unwrap(), PersonalData::Withheld);
        assert_eq!(personal("", &Caller::Anonymous).unwrap(), PersonalData::Withheld);
        assert_eq!(personal("personal=full", &Caller::Anonymous).unwrap_err().code, "UNAUTHENTICATED");
        assert_eq!(personal("personal=some", &auditor()).unwrap_err().code, "INVALID_PARAMETER");
    }

    #[test]
    fn entries_stand_in_order() {
        assert_eq!(form("first=5&last=4", "", &auditor()).unwrap_err().code, "INVALID_PARAMETER");
        assert_eq!(form("first=5&last=5", "", &auditor()).unwrap().last, Some(5));
    }
}
