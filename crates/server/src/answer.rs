//! Answers and their bodies.

use std::io;

use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Bytes};
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::{HeaderMap, Response};
use serde::Serialize;

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
