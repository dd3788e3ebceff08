//! What a caller sends: JSON of a known shape, of bounded size, within a bounded time.

use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::HeaderMap;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::error::Category;

use crate::limits::Limits;
use crate::problem::Problem;

/// Reads a body.
pub(crate) async fn read<T: DeserializeOwned>(
    headers: &HeaderMap,
    body: Incoming,
    limits: &Limits,
) -> Result<T, Problem> {
    check_type(headers)?;
    parse(&collect(headers, body, limits).await?)
}

/// JSON alone is taken, uncompressed: a type that a browser's form cannot send.
fn check_type(headers: &HeaderMap) -> Result<(), Problem> {
    let refused = |why: &str| Err(Problem::new("UNSUPPORTED_MEDIA_TYPE", why).closing());
    let is_plain = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"identity");
    if !headers.get_all(CONTENT_ENCODING).iter().all(is_plain) {
        return refused("the body must not be compressed");
    }
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let (essence, parameters) = content_type.split_once(';').unwrap_or((content_type, ""));
    let charset = parameters.trim().to_ascii_lowercase();
    let is_utf8 = charset.is_empty() || charset == "charset=utf-8" || charset == "charset=\"utf-8\"";
    if !essence.trim().eq_ignore_ascii_case("application/json") || !is_utf8 {
        return refused("the body must be application/json, in UTF-8");
    }
    Ok(())
}

async fn collect(headers: &HeaderMap, body: Incoming, limits: &Limits) -> Result<Bytes, Problem> {
    let too_large = || {
        let detail = format_args!("a body has at most {} bytes", limits.body).to_string();
        Problem::new("BODY_TOO_LARGE", detail).closing()
    };
    let stated = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if stated.is_some_and(|stated| stated > limits.body as u64) {
        return Err(too_large());
    }
    let collected = tokio::time::timeout(limits.body_time(), Limited::new(body, limits.body).collect()).await;
    match collected {
        Err(_) => Err(Problem::new("BODY_TIMEOUT", "the body did not come in time").closing()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
        Ok(Err(_)) => Err(Problem::new("BAD_REQUEST", "the body broke off").closing()),
        Ok(Ok(whole)) => Ok(whole.to_bytes()),
    }
}

/// One object and nothing after it; no unknown field, none twice.
fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    // First whether it is JSON at all: what it says is only looked at then.
    serde_json::from_slice::<IgnoredAny>(bytes).map_err(|error| explain(&error))?;
    // Serde takes a list for an object whose fields it names in their order; this interface does not.
    if !bytes.trim_ascii_start().starts_with(b"{") {
        return Err(Problem::new("INVALID_BODY", "the body must be an object"));
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let read = serde_path_to_error::deserialize(&mut reader);
    read.map_err(|error| {
        let field = error.path().to_string();
        let problem = explain(error.inner());
        if field == "." || problem.code == "MALFORMED_JSON" { problem } else { problem.field(&field) }
    })
}

fn explain(error: &serde_json::Error) -> Problem {
    let code = match error.classify() {
        Category::Data => "INVALID_BODY",
        Category::Syntax | Category::Eof | Category::Io => "MALFORMED_JSON",
    };
    Problem::new(code, error).at(error.line(), error.column())
}

#[cfg(test)]
mod tests {
    use countersign_core::settle::Order;
    use serde_json::Value;

    use super::*;

    fn refused(text: &[u8]) -> Value {
        serde_json::from_slice(&parse::<Order>(text).unwrap_err().document()).unwrap()
    }

    const GOOD: &str = r#"{"type":"TRANSFER","sender_id":"a","receiver_id":"b","currency":"EURO","amount":"1"}"#;

    #[test]
    fn an_order_is_read() {
        assert_eq!(parse::<Order>(GOOD.as_bytes()).unwrap().amount.as_deref(), Some("1"));
        assert!(parse::<Order>(format!(" {GOOD}\n").as_bytes()).is_ok());
    }

    #[tokio::test]
    async fn what_is_no_json_is_told_by_line_and_column() {
        for text in ["", "{", "[1,", "nul", "{'type':1}", &GOOD[..GOOD.len() - 1], &format!("{GOOD}{GOOD}")] {
            let problem = refused(text.as_bytes());
            assert_eq!(problem["code"], "MALFORMED_JSON", "{text}: {problem}");
            assert!(problem["line"].is_u64() && problem["column"].is_u64(), "{problem}");
        }
        assert_eq!(refused(b"\xff")["code"], "MALFORMED_JSON");
        let lone = GOOD.replace("\"a\"", "\"\\ud800\"");
        assert_eq!(refused(lone.as_bytes())["code"], "MALFORMED_JSON");
        assert_eq!(refused(&b"[".repeat(10_000))["code"], "MALFORMED_JSON");
    }

    #[tokio::test]
    async fn wrong_types_unknown_fields_and_doubled_ones_are_told_by_field() {
        let wrong_type = refused(GOOD.replace("\"1\"", "1").as_bytes());
        assert_eq!((&wrong_type["code"], &wrong_type["field"]), (&"INVALID_BODY".into(), &"amount".into()));
        let unknown = refused(GOOD.replace("currency", "currancy").as_bytes());
        assert_eq!((&unknown["code"], &unknown["field"]), (&"INVALID_BODY".into(), &"currancy".into()));
        let twice = refused(GOOD.replace("{", r#"{"sender_id":"a","#).as_bytes());
        assert_eq!(twice["code"], "INVALID_BODY", "{twice}");
        assert!(twice["detail"].as_str().unwrap().contains("duplicate field `sender_id`"), "{twice}");
        let missing = refused(br#"{"type":"TRANSFER"}"#);
        assert!(missing["detail"].as_str().unwrap().contains("sender_id"), "{missing}");
        assert_eq!(refused(b"[]")["status"], 422);
        let list = br#"["TRANSFER","a","b","EURO","1",null,null,null,null]"#;
        assert_eq!(refused(list)["detail"], "the body must be an object");
        assert_eq!(refused(b"\"TRANSFER\"")["status"], 422);
        let hidden = refused(GOOD.replace("{", r#"{"ip_address":"1.2.3.4","#).as_bytes());
        assert_eq!(hidden["field"], "ip_address", "a caller's word is not taken for where he is: {hidden}");
    }
}
