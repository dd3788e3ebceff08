//! An order on its way to the engine, and what the engine says of it.

use std::sync::Arc;

use countersign_core::settle::{Order, Refusal};
use countersign_engine::shield::ShieldRefusal;
use countersign_engine::{Engine, EngineError, Origin, Receipt, Request};
use hyper::header::{HeaderName, HeaderValue, LOCATION};
use hyper::{HeaderMap, StatusCode};
use tokio::sync::oneshot;

use crate::answer::{self, Answer};
use crate::app::App;
use crate::call::Call;
use crate::caller::unauthenticated;
use crate::client::Client;
use crate::limits::MAX_IDEMPOTENCY_KEY;
use crate::problem::Problem;

pub(crate) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Who orders something.
#[derive(Debug)]
pub(crate) struct Orderer {
    /// The token's name: what an entry shows as `operator_id`.
    pub(crate) name: String,
    client: Client,
    key: Option<String>,
}

impl Orderer {
    pub(crate) fn of(call: &Call) -> Result<Self, Problem> {
        let name = call.caller.name().ok_or_else(unauthenticated)?;
        Ok(Self { name: name.to_owned(), client: call.client.clone(), key: key(&call.headers)? })
    }

    /// Refuses what has no key: sent again by somebody whose connection broke, it would pay twice.
    pub(crate) fn with_key(self) -> Result<Self, Problem> {
        if self.key.is_some() {
            return Ok(self);
        }
        let detail = "name the request in a header Idempotency-Key: sent again with it, it is carried out once";
        Err(Problem::new("IDEMPOTENCY_KEY_REQUIRED", detail))
    }

    /// Has an order carried out. A key is one of its token's: others' keys can be neither asked for nor taken.
    pub(crate) async fn submit(self, app: &App, order: Order) -> Result<Receipt, Problem> {
        let Self { name, client, key } = self;
        let origin = Origin { ip_address: Some(client.address), user_agent: client.user_agent };
        let idempotency_key = key.map(|key| format!("{name}/{key}"));
        let (reply, answer) = oneshot::channel();
        // Whoever asked may have left; then nobody is told.
        let reply = move |settled| drop(reply.send(settled));
        app.engine()?.submit(Request { order, idempotency_key, origin }, reply);
        let stopped = |_| Problem::from(EngineError::Stopped);
        Ok(answer.await.map_err(stopped)??)
    }
}

/// The key, in quotes or not, as the draft of the header and its users write it.
fn key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let text = value.to_str().unwrap_or("");
    let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"._:-".contains(&b);
    let well_formed = (1..=MAX_IDEMPOTENCY_KEY).contains(&text.len()) && text.bytes().all(allowed);
    if !well_formed || values.next().is_some() {
        let detail =
            format_args!("one Idempotency-Key of 1 to {MAX_IDEMPOTENCY_KEY} of A-Z a-z 0-9 . _ : -").to_string();
        return Err(Problem::new("INVALID_KEY", detail));
    }
    Ok(Some(text.to_owned()))
}

/// 201 with the receipt, and where its entry is.
pub(crate) fn receipt(receipt: &Receipt) -> Result<Answer, Problem> {
    let mut answer = answer::json(receipt)?;
    *answer.status_mut() = StatusCode::CREATED;
    let location = format!("/api/v1/entries/{}", receipt.transaction_id);
    answer.headers_mut().insert(LOCATION, HeaderValue::try_from(location).map_err(Problem::internal)?);
    Ok(answer)
}

/// Runs what waits for the store on a thread that may wait.
pub(crate) async fn wait<T, F>(app: &Arc<App>, work: F) -> Result<T, Problem>
where
    T: Send + 'static,
    F: FnOnce(&Engine) -> Result<T, EngineError> + Send + 'static,
{
    let engine = app.engine()?.clone();
    let done = tokio::task::spawn_blocking(move || work(&engine));
    Ok(done.await.map_err(Problem::internal)??)
}

impl From<EngineError> for Problem {
    fn from(error: EngineError) -> Self {
        let code = error.code();
        match error {
            EngineError::Refused(refusal) => refused(&refusal),
            EngineError::Shield(ShieldRefusal::Payload { field: WHOLE, reason }) => Self::new(code, reason),
            EngineError::Shield(ShieldRefusal::Payload { field, reason }) => invalid_field(code, field, reason),
            EngineError::Shield(ShieldRefusal::RateLimited { retry_after_s }) => {
                Self::new(code, "too many requests from this address").retry_after(retry_after_s)
            }
            EngineError::Shield(refusal) => Self::new(code, refusal),
            EngineError::Halted(halt) => {
                let detail =
                    format_args!("since {} the ledger takes no transaction; this one was not carried out", halt.at);
                Self::new(code, detail).retry_after(HALTED_PAUSE)
            }
            // Only who may lift it asks for that, and must know what he lifts.
            not_named @ EngineError::HaltNotNamed(_) => Self::new(code, not_named),
            EngineError::IdempotencyConflict { .. } => {
                Self::new(code, "the Idempotency-Key came before with another request")
            }
            EngineError::InvalidKey => Self::new(code, "the Idempotency-Key breaks its rule"),
            EngineError::Overloaded => Self::new(code, "too many requests are waiting").retry_after(1),
            EngineError::Store(error) => error.into(),
            EngineError::GaveUp { attempts, last } => {
                tracing::warn!(attempts, %last, "the engine gave up");
                let detail = "the ledger could not be written: send the request again, with its Idempotency-Key";
                Self::new(code, detail).retry_after(1)
            }
            error @ EngineError::Clock => Self::new(code, error),
            EngineError::Stopped => Self::new(code, "the server is stopping").retry_after(1),
            other => Self::internal(other),
        }
    }
}

/// What the shield calls what is no field.
const WHOLE: &str = "request";
/// How long a caller should wait whom a halt keeps out, in seconds: until an operator has looked into it.
const HALTED_PAUSE: u64 = 60;

/// What the ledger does not carry out, and the field that it is about, where it is about one.
fn refused(refusal: &Refusal) -> Problem {
    let code = refusal.code();
    let about = |field: &str| Problem::new(code, refusal).field(field);
    match refusal {
        Refusal::InvalidField { field, reason } => invalid_field(code, field, reason),
        Refusal::InvalidAmount { found } if found.is_empty() => invalid_field(code, "amount", "is missing or empty"),
        Refusal::UnknownCurrency { found } if found.is_empty() => {
            invalid_field(code, "currency", "is missing or empty")
        }
        Refusal::InvalidAmount { .. } | Refusal::AmountTooLarge { .. } | Refusal::AmountTooSmall { .. } => {
            about("amount")
        }
        Refusal::UnknownCurrency { .. } => about("currency"),
        Refusal::UnknownType { .. } => about("type"),
        Refusal::OperatorRequired { .. } | Refusal::OperatorNotAllowed { .. } => about("operator_id"),
        Refusal::ReasonRequired { .. } => about("description"),
        Refusal::RefundUnmatched | Refusal::ErasureUnmatched { .. } => about("reference_id"),
        _ => Problem::new(code, refusal),
    }
}

fn invalid_field(code: &'static str, field: &str, reason: &str) -> Problem {
    Problem::new(code, format_args!("{field}: {reason}")).field(field)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(values: &[&str]) -> Result<Option<String>, Problem> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(IDEMPOTENCY_KEY, value.parse().unwrap());
        }
        key(&headers)
    }

    #[test]
    fn a_key_is_read_with_or_without_quotes() {
        assert_eq!(read(&[]).unwrap(), None);
        assert_eq!(read(&["order-17"]).unwrap().as_deref(), Some("order-17"));
        assert_eq!(read(&["\"order-17\""]).unwrap().as_deref(), Some("order-17"));
        let longest = "k".repeat(MAX_IDEMPOTENCY_KEY);
        assert_eq!(read(&[&longest]).unwrap().as_deref(), Some(longest.as_str()));
    }

    #[test]
    fn other_keys_are_refused() {
        let too_long = "k".repeat(MAX_IDEMPOTENCY_KEY + 1);
        for values in [vec![""], vec!["\"\""], vec!["a b"], vec!["a/b"], vec!["\""], vec!["a", "a"], vec![&too_long]] {
            assert_eq!(read(&values).unwrap_err().code, "INVALID_KEY", "{values:?}");
        }
    }
}
