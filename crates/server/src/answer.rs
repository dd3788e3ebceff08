//! Answers and their bodies.

use std::io;

use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Bytes};
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::{HeaderMap, Response, StatusCode};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use crate::limits::MAX_PAGE_BYTES;
use crate::problem::Problem;

/// A body of any kind.
pub(crate) type AnyBody = UnsyncBoxBody<Bytes, io::Error>;
/// What a request is answered.
pub(crate) type Answer = Response<AnyBody>;

/// Makes one body of any.
pub(crate) fn whole<B>(body: B) -> AnyBody
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    body.map_err(io::Error::other).boxed_unsync()
}

/// An answer without a body.
pub(crate) fn empty() -> Answer {
    Response::new(whole(Full::new(Bytes::new())))
}

/// An answer of a given type.
pub(crate) fn text(content_type: &'static str, text: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(whole(Full::new(text.into())));
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    answer
}

/// An answer in JSON.
pub(crate) fn json(value: &impl Serialize) -> Result<Answer, Problem> {
    let bytes = serde_json::to_vec(value).map_err(Problem::internal)?;
    Ok(text("application/json", bytes))
}

/// What a page shows: of what was found as many of the first as it holds, one at least; and whether more may follow, where it
/// is cut or was filled to its `limit`.
pub(crate) fn page<T: Serialize>(
    found: impl ExactSizeIterator<Item = T>,
    limit: u32,
) -> Result<(Vec<Box<RawValue>>, bool), Problem> {
    let (mut shown, mut bytes) = (Vec::with_capacity(found.len()), 0);
    let is_full = found.len() == usize::try_from(limit).unwrap_or(usize::MAX);
    for item in found {
        let item = to_raw_value(&item).map_err(Problem::internal)?;
        bytes += item.get().len();
        if bytes > MAX_PAGE_BYTES && !shown.is_empty() {
            return Ok((shown, true));
        }
        shown.push(item);
    }
    Ok((shown, is_full))
}

/// The code of an answer that is a problem, for the log.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Code(pub(crate) &'static str);

/// How long a caller should wait where nothing else is said, in seconds.
const PAUSE: HeaderValue = HeaderValue::from_static("1");

impl From<Problem> for Answer {
    fn from(problem: Problem) -> Self {
        let mut answer = text("application/problem+json", problem.document());
        *answer.status_mut() = problem.status();
        answer.extensions_mut().insert(Code(problem.code));
        answer.headers_mut().extend(problem.headers());
        if problem.status() == StatusCode::SERVICE_UNAVAILABLE {
            answer.headers_mut().entry(header::RETRY_AFTER).or_insert(PAUSE);
        }
        answer
    }
}

/// Of every answer. What a resource sets itself stays.
const HEADERS: [(HeaderName, &str); 5] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    // What a ledger says changes with the next entry, and is for whom asked.
    (header::CACHE_CONTROL, "no-store"),
];

/// Adds what a browser must be told.
pub(crate) fn secure(headers: &mut HeaderMap) {
    for (name, value) in HEADERS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_problem_is_answered_with_its_document() {
        let problem = Problem::parameter("first", "not a number").retry_after(7);
        let document = problem.document();
        let (parts, body) = Answer::from(problem).into_parts();
        assert_eq!(parts.status, 400);
        assert_eq!(parts.headers[header::CONTENT_TYPE], "application/problem+json");
        assert_eq!(parts.headers[header::RETRY_AFTER], "7");
        assert_eq!(parts.extensions.get::<Code>().unwrap().0, "INVALID_PARAMETER");
        assert_eq!(body.collect().await.unwrap().to_bytes(), document);
    }

    #[test]
    fn who_is_to_come_again_is_told_when() {
        let after = |problem| Answer::from(problem).headers().get(header::RETRY_AFTER).cloned();
        for (code, _, _) in crate::code::CODES.iter().filter(|(_, status, _)| *status == 503) {
            assert_eq!(after(Problem::new(code, "")), Some(PAUSE), "{code}");
        }
        assert_eq!(after(Problem::new("TOO_MANY_EXPORTS", "").retry_after(5)), Some(HeaderValue::from_static("5")));
    }
}
