//! One request after the other: to its resource and back, with a line in the log for each.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use hyper::body::{Body, Incoming};
use hyper::header::{ALLOW, CONNECTION, HeaderName, HeaderValue};
use hyper::{HeaderMap, Method, Request, StatusCode};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tracing::{Instrument, info, info_span};

use crate::answer::{Answer, Code, empty, secure};
use crate::app::App;
use crate::call::Call;
use crate::caller::Caller;
use crate::client::Client;
use crate::host;
use crate::metrics::Labels;
use crate::order::IDEMPOTENCY_KEY;
use crate::problem::Problem;
use crate::routes::{Resource, Route, Routes};

/// What the log calls what is no resource of the interface.
const FILES: &str = "files";
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What becomes known of a request on its way, for the log.
struct Seen {
    method: Method,
    route: &'static str,
    caller: Option<String>,
    client: Client,
    /// Whether the body still comes, and nobody takes it.
    unread: bool,
}

/// Numbers the requests of this process.
static NUMBER: AtomicU64 = AtomicU64::new(1);

/// Answers a request.
pub(crate) async fn answer(app: Arc<App>, peer: IpAddr, request: Request<Incoming>) -> Result<Answer, Infallible> {
    let (started, id) = (Instant::now(), NUMBER.fetch_add(1, Ordering::Relaxed));
    let span = info_span!("request", id);
    let client = Client::of(peer, request.headers(), app.ledger.trusted_proxies());
    let unread = !request.body().is_end_stream();
    let mut seen = Seen { method: request.method().clone(), route: FILES, caller: None, client, unread };
    let outcome = dispatch(&app, request, &mut seen).instrument(span.clone()).await;
    let mut answer = outcome.unwrap_or_else(Answer::from);
    answer.headers_mut().insert(REQUEST_ID, id.into());
    if seen.unread {
        // The connection ends with this answer; who was not told would send his next request into it.
        answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    secure(answer.headers_mut());
    span.in_scope(|| note(&app, &seen, &answer, started.elapsed()));
    Ok(answer)
}

async fn dispatch(app: &Arc<App>, request: Request<Incoming>, seen: &mut Seen) -> Result<Answer, Problem> {
    let (head, body) = request.into_parts();
    host::check(&head, &app.config.hosts)?;
    let Some((resource, parameters)) = Routes::all().find(head.uri.path()) else {
        return app.sites.answer(&head.method, &head.uri, head.headers).await;
    };
    seen.route = resource.path;
    if head.method == Method::OPTIONS {
        return options(app, resource);
    }
    let route = route(app, resource, &head.method)?;
    let caller = Caller::of(&head.headers, &app.keyring, route.access, app.config.public_reads)?;
    seen.caller = caller.name().map(str::to_owned);
    caller.hold_to(route.access)?;
    // Whoever reads a body says so where he does not read it to its end.
    seen.unread &= !route.writes;
    let call = Call {
        method: head.method,
        headers: head.headers,
        query: head.uri.query().map(str::to_owned),
        parameters,
        body,
        caller,
        client: seen.client.clone(),
    };
    handle(app, route, call).await
}

/// The route of a method, where it is served.
fn route<'a>(app: &App, resource: &'a Resource, method: &Method) -> Result<&'a Route, Problem> {
    let refused = |code, why: &str| {
        let allowed = HeaderValue::try_from(resource.allowed(app.config.writable)).map_err(Problem::internal)?;
        Err(Problem::new(code, why).header(ALLOW, allowed))
    };
    match resource.route(method) {
        None => refused("METHOD_NOT_ALLOWED", "the resource has no such method; Allow names those that it has"),
        Some(route) if route.writes && !app.config.writable => {
            refused("READ_ONLY", "this server only reads; its operator has to set writable")
        }
        Some(route) => Ok(route),
    }
}

fn options(app: &App, resource: &Resource) -> Result<Answer, Problem> {
    let mut answer = empty();
    *answer.status_mut() = StatusCode::NO_CONTENT;
    let allowed = HeaderValue::try_from(resource.allowed(app.config.writable)).map_err(Problem::internal)?;
    answer.headers_mut().insert(ALLOW, allowed);
    Ok(answer)
}

/// On a task of its own, which ends where the caller leaves: a panic there is one request's, not the connection's.
async fn handle(app: &Arc<App>, route: &Route, call: Call) -> Result<Answer, Problem> {
    let limits = &app.config.limits;
    let most = if route.is_slow { limits.export() } else { limits.answer() };
    let late = too_late(&call.method, &call.headers);
    let mut task = JoinSet::new();
    task.spawn((route.handler)(Arc::clone(app), call).in_current_span());
    match timeout(most, task.join_next()).await {
        Ok(Some(Ok(outcome))) => outcome,
        Ok(Some(Err(failed))) => Err(Problem::internal(failed)),
        Ok(None) => Err(Problem::internal("a task without an end")),
        Err(_) => Err(late),
    }
}

/// What is answered where an answer takes too long: what was to be written may have been.
fn too_late(method: &Method, headers: &HeaderMap) -> Problem {
    let detail = if *method == Method::GET || *method == Method::HEAD {
        "the answer took too long"
    } else if headers.contains_key(IDEMPOTENCY_KEY) {
        "the answer took too long; whether the request was carried out is not known here: \
         send it again with the same Idempotency-Key"
    } else {
        "the answer took too long; whether the request was carried out is not known here: \
         look, before it is sent again"
    };
    Problem::new("TIMED_OUT", detail).closing()
}

/// A line in the log: no token, no body, no path, which may hold anything, and no address unless the operator
/// wants it.
fn note(app: &App, seen: &Seen, answer: &Answer, took: Duration) {
    let status = answer.status().as_u16();
    let labels = Labels { route: seen.route, method: known(&seen.method), status };
    app.metrics.answered(&labels, took);
    let code = answer.extensions().get::<Code>().map(|code| code.0);
    let address = app.config.log_client_address.then(|| seen.client.address.to_string());
    info!(
        method = labels.method,
        route = labels.route,
        status,
        code,
        caller = seen.caller,
        address,
        microseconds = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
        "answered"
    );
}

/// A method by its name; a caller's own inventions have none.
fn known(method: &Method) -> &'static str {
    const KNOWN: [&str; 7] = ["GET", "HEAD", "POST", "PATCH", "OPTIONS", "PUT", "DELETE"];
    KNOWN.into_iter().find(|known| *known == method.as_str()).unwrap_or("other")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_sent_a_key_is_told_to_send_it_again() {
        let mut keyed = HeaderMap::new();
        keyed.insert(IDEMPOTENCY_KEY, HeaderValue::from_static("k"));
        for (method, headers, says) in [
            (Method::POST, &keyed, "with the same Idempotency-Key"),
            (Method::POST, &HeaderMap::new(), "look, before it is sent again"),
            (Method::GET, &keyed, "the answer took too long\""),
        ] {
            let document = String::from_utf8(too_late(&method, headers).document()).unwrap();
            assert!(document.contains(says), "{document}");
        }
    }
}
