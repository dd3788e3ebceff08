//! How a command that works on a ledger ends: its result or its failure, in words or as JSON.

use serde::Serialize;
use serde_json::json;

use super::{Failure, Outcome, screen};

/// Carries a command out and shows what came of it.
pub(super) fn give<T: Serialize>(
    as_json: bool,
    work: impl FnOnce() -> Result<T, Failure>,
    words: impl FnOnce(&T) -> String,
) -> Result<Outcome, Failure> {
    match work() {
        Ok(done) => said(&if as_json { text(&done)? } else { words(&done) }),
        Err(failure) => failed(as_json, failure),
    }
}

/// Shows what came of work that is done.
pub(super) fn said(answer: &str) -> Result<Outcome, Failure> {
    screen::print(answer).map_err(|failure| unsaid(&failure, answer))?;
    Ok(Outcome::Good)
}

/// Shows why a command did not do its work.
pub(super) fn failed(as_json: bool, failure: Failure) -> Result<Outcome, Failure> {
    if !as_json {
        return Err(failure);
    }
    let error = json!({"error": {"code": failure.code, "message": failure.why}});
    // Where it cannot be said there, it is said as it would be without --json.
    match screen::print(&text(&error)?) {
        Ok(()) => Ok(failure.outcome),
        Err(_) => Err(failure),
    }
}

/// What was done stays done: whoever takes this for a failure might do it again.
fn unsaid(failure: &Failure, answer: &str) -> Failure {
    let why = format!("it was done, and only the answer could not be written ({}). The answer: {answer}", failure.why);
    Failure { outcome: Outcome::Unsaid, code: "UNSAID", ..Failure::of(why.trim_end().to_owned()) }
}

/// A value as JSON that can do nothing to a terminal.
pub(super) fn text(value: &impl Serialize) -> Result<String, Failure> {
    let json = serde_json::to_string_pretty(value).map_err(|e| Failure::new("the answer", e))?;
    Ok(screen::plain_json(&json) + "\n")
}
