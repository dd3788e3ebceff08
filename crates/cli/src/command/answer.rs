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
        Ok(done) if as_json => screen::print(&text(&done)?)?,
        Ok(done) => screen::print(&words(&done))?,
        Err(failure) if as_json => {
            let error = json!({"error": {"code": failure.code, "message": failure.why}});
            screen::print(&text(&error)?)?;
            return Ok(failure.outcome);
        }
        Err(failure) => return Err(failure),
    }
    Ok(Outcome::Good)
}

/// A value as JSON that can do nothing to a terminal.
pub(super) fn text(value: &impl Serialize) -> Result<String, Failure> {
    let json = serde_json::to_string_pretty(value).map_err(|e| Failure::new("the answer", e))?;
    Ok(screen::plain_json(&json) + "\n")
}
