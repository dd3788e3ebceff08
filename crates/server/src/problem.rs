//! What a caller is told who does not get what he asked for: RFC 9457 problem documents.

use std::fmt::Display;

use countersign_store::StoreError;
use hyper::StatusCode;
use hyper::header::{self, HeaderName, HeaderValue};
use serde::Serialize;

use crate::code;
use crate::limits::MAX_DETAIL;

/// Why a request is not carried out.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    pub(crate) code: &'static str,
    detail: String,
    place: Place,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// Where in the request it lies.
#[derive(Clone, Debug, Default, Serialize)]
struct Place {
    /// A field of the body, a parameter of the address.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    /// In the body, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    /// In the line, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<usize>,
}

/// The document, its members in the order of RFC 9457 section 3.1; `code` is its extension.
#[derive(Serialize)]
struct Document<'a> {
    r#type: String,
    title: &'static str,
    status: u16,
    detail: &'a str,
    code: &'static str,
    #[serde(flatten)]
    place: &'a Place,
}

impl Problem {
    pub(crate) fn new(code: &'static str, detail: impl Display) -> Self {
        let detail = detail.to_string().chars().take(MAX_DETAIL).collect();
        Self { code, detail, place: Place::default(), headers: Vec::new() }
    }

    pub(crate) fn not_found(what: impl Display) -> Self {
        Self::new("NOT_FOUND", format_args!("there is no {what}"))
    }

    /// A parameter of the address breaks its rule.
    pub(crate) fn parameter(field: &str, reason: impl Display) -> Self {
        Self::new("INVALID_PARAMETER", format_args!("{field}: {reason}")).field(field)
    }

    /// What went wrong is nobody's business but the operator's, whose log has it.
    pub(crate) fn internal(why: impl Display) -> Self {
        tracing::error!(error = %why, "a request failed");
        Self::new("INTERNAL", "the server failed; its log says why")
    }

    pub(crate) fn field(mut self, field: &str) -> Self {
        self.place.field = Some(field.chars().take(MAX_DETAIL).collect());
        self
    }

    pub(crate) fn at(mut self, line: usize, column: usize) -> Self {
        (self.place.line, self.place.column) = (Some(line), Some(column));
        self
    }

    pub(crate) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// The connection is of no more use: part of the request was not read.
    pub(crate) fn closing(self) -> Self {
        self.header(header::CONNECTION, HeaderValue::from_static("close"))
    }

    pub(crate) fn retry_after(self, seconds: u64) -> Self {
        self.header(header::RETRY_AFTER, seconds.into())
    }

    /// In the words of a body that has other names for an order's fields: of each, the order's and the body's.
    pub(crate) fn in_words(mut self, names: &[(&str, &str)]) -> Self {
        let named = names.iter().find(|(of_order, _)| self.place.field.as_deref() == Some(of_order));
        if let Some((of_order, of_body)) = named {
            self.detail = self.detail.replacen(of_order, of_body, 1);
            self.place.field = Some((*of_body).to_owned());
        }
        self
    }

    /// The status that goes with the document.
    pub(crate) fn status(&self) -> StatusCode {
        code::status(self.code).0
    }

    /// Headers beside the document's own type.
    pub(crate) fn headers(&self) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
        self.headers.iter().cloned()
    }

    pub(crate) fn document(&self) -> Vec<u8> {
        let (status, title) = code::status(self.code);
        let document = Document {
            r#type: format!("urn:countersign:problem:{}", self.code),
            title,
            status: status.as_u16(),
            detail: &self.detail,
            code: self.code,
            place: &self.place,
        };
        serde_json::to_vec(&document).unwrap_or_default()
    }
}

/// How long a caller should wait before he tries again what the database could not do.
const STORE_PAUSE: u64 = 1;

impl From<StoreError> for Problem {
    /// In words of this crate: those of the database may tell more than a caller should know.
    fn from(error: StoreError) -> Self {
        let code = error.code();
        match error {
            StoreError::Version(stale) => Self::new(code, stale).retry_after(STORE_PAUSE),
            StoreError::Exists { what } => Self::new(code, format_args!("there is already {what}")),
            StoreError::Busy { .. } | StoreError::Lost { .. } => {
                tracing::warn!(%error, "the database could not answer");
                Self::new(code, "the database could not do it now; try again").retry_after(STORE_PAUSE)
            }
            StoreError::Full { .. } => {
                tracing::error!(%error, "the database is full");
                Self::new(code, "the database has no room; nothing was written")
            }
            StoreError::Unsupported(_) => Self::new(code, "this server's database cannot do that"),
            _ => {
                tracing::error!(%error, "the database failed");
                Self::new(code, "the database failed; the server's log says why")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(problem: &Problem) -> (StatusCode, Value) {
        (problem.status(), serde_json::from_slice(&problem.document()).unwrap())
    }

    #[test]
    fn a_problem_says_what_and_where() {
        let (status, document) = read(&Problem::parameter("first", "not a number").at(3, 9));
        assert_eq!(status, 400);
        let expected = json!({
            "type": "urn:countersign:problem:INVALID_PARAMETER",
            "title": "A parameter of the address breaks its rule",
            "status": 400,
            "detail": "first: not a number",
            "code": "INVALID_PARAMETER",
            "field": "first",
            "line": 3,
            "column": 9,
        });
        assert_eq!(document, expected);
    }

    #[test]
    fn the_database_s_own_words_stay_inside() {
        let secret = "password=hunter2";
        let errors = [
            StoreError::Busy { why: secret.to_owned() },
            StoreError::Full { why: secret.to_owned() },
            StoreError::Lost { why: secret.to_owned() },
            StoreError::Refused { why: secret.to_owned() },
            StoreError::NotThisLedger(secret.to_owned()),
            StoreError::Damaged(secret.to_owned()),
            StoreError::Unsupported(secret.to_owned()),
            StoreError::Io(std::io::Error::other(secret)),
            StoreError::Other(secret.to_owned()),
        ];
        for error in errors {
            let code = error.code();
            let (status, document) = read(&error.into());
            assert!(status.is_server_error() && document["code"] == code, "{document}");
            assert!(!document.to_string().contains("hunter2"), "{document}");
        }
    }
}
