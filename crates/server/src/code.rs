//! Every stable code that an answer can carry, with its status: the one place where that is decided.

use hyper::StatusCode;

/// Code, status, title. Of the core's refusals, the store's and the engine's errors, and this crate's own.
pub(crate) const CODES: &[(&str, u16, &str)] = &[
    // Requests that say nothing that could be carried out.
    ("BAD_REQUEST", 400, "The request is not one that HTTP knows"),
    ("MALFORMED_JSON", 400, "The body is not JSON"),
    ("INVALID_PARAMETER", 400, "A parameter of the address breaks its rule"),
    ("IDEMPOTENCY_KEY_REQUIRED", 400, "The request needs an Idempotency-Key"),
    ("INVALID_KEY", 400, "The Idempotency-Key breaks its rule"),
    ("UNAUTHENTICATED", 401, "A valid token is needed"),
    ("FORBIDDEN", 403, "The token's role is too small"),
    ("NOT_FOUND", 404, "There is no such thing"),
    ("METHOD_NOT_ALLOWED", 405, "The resource has no such method"),
    ("READ_ONLY", 405, "This server does not write"),
    ("BODY_TIMEOUT", 408, "The body did not come in time"),
    ("BODY_TOO_LARGE", 413, "The body is too large"),
    ("HOST_NOT_SERVED", 421, "The request asks for another host"),
    ("ADDRESS_TOO_LONG", 414, "The address is too long"),
    ("UNSUPPORTED_MEDIA_TYPE", 415, "The body is of another type"),
    ("PRECONDITION_FAILED", 412, "What is there is not what was expected"),
    ("RANGE_NOT_SATISFIABLE", 416, "The range lies outside"),
    ("INVALID_BODY", 422, "The body says something else than it must"),
    // Orders that no ledger could carry out.
    ("UNKNOWN_TYPE", 422, "There is no such type"),
    ("INVALID_FIELD", 422, "A field breaks its rule"),
    ("SAME_ACCOUNT", 422, "Sender and receiver are the same"),
    ("DIRECTION_NOT_ALLOWED", 422, "The type does not go that way"),
    ("OPERATOR_REQUIRED", 422, "The type needs an operator"),
    ("REASON_REQUIRED", 422, "The type needs a description"),
    ("OPERATOR_NOT_ALLOWED", 422, "The type has no operator"),
    ("UNKNOWN_CURRENCY", 422, "The ledger has no such currency"),
    ("INVALID_AMOUNT", 422, "The amount is not written as amounts are"),
    ("AMOUNT_TOO_LARGE", 422, "The amount is too large"),
    ("AMOUNT_TOO_SMALL", 422, "The amount is too small"),
    ("UNKNOWN_ACCOUNT", 422, "There is no such account"),
    ("REFUND_UNMATCHED", 422, "There is no entry to refund"),
    ("ERASURE_UNMATCHED", 422, "There is no entry to erase"),
    ("PAYLOAD_REFUSED", 422, "The request carries what it may not"),
    ("IDEMPOTENCY_CONFLICT", 422, "The Idempotency-Key was used for something else"),
    // Orders that this ledger, as it is now, does not carry out.
    ("ACCOUNT_FROZEN", 409, "The account is frozen"),
    ("ACCOUNT_INACTIVE", 409, "The account is not active"),
    ("ACCOUNT_BANNED", 409, "The account is banned"),
    ("INSUFFICIENT_FUNDS", 409, "The account has not enough"),
    ("TREASURY_INSUFFICIENT", 409, "The Treasury has not enough"),
    ("BALANCE_TOO_LARGE", 409, "The balance would outgrow its document"),
    ("TOO_MANY_BUCKETS", 409, "The Treasury takes no more buckets"),
    ("ALREADY_FROZEN", 409, "The account is frozen already"),
    ("NOT_FROZEN", 409, "The account is not frozen"),
    ("NOT_HALTED", 409, "The ledger is not halted"),
    ("REFUND_EXCEEDS", 409, "More would be refunded than was paid"),
    ("ALREADY_ERASED", 409, "It is erased already"),
    ("ALREADY_EXISTS", 409, "There is such a thing already"),
    ("VERSION_CONFLICT", 409, "Somebody else wrote meanwhile"),
    ("HALT_NOT_NAMED", 409, "Another halt stands than the one to be lifted"),
    ("VELOCITY_EXCEEDED", 409, "The account sent too much, and is frozen"),
    ("RATE_LIMITED", 429, "Too many requests"),
    // What the caller can only try again.
    ("HALTED", 503, "The ledger is halted"),
    ("NOT_READY", 503, "The server is not ready"),
    ("STOPPED", 503, "The server is stopping"),
    ("CLOCK_WRONG", 503, "The server's clock says what no entry can"),
    ("GAVE_UP", 503, "The ledger could not be written"),
    ("TIMED_OUT", 503, "The answer took too long"),
    ("TOO_MANY_EXPORTS", 503, "Too many exports at once"),
    ("TOO_MANY_CONNECTIONS", 503, "Too many connections at once"),
    ("OVERLOADED", 503, "Too much is waiting"),
    ("STORE_BUSY", 503, "The database is busy"),
    ("STORE_LOST", 503, "The database cannot be reached"),
    ("STORE_FULL", 507, "The database is full"),
    // What the operator must look at.
    ("UNSUPPORTED", 501, "This server cannot do that"),
    ("STORE_REFUSED", 500, "The database refused"),
    ("STORE_DAMAGED", 500, "The database is damaged"),
    ("STORE_FAILED", 500, "The database failed"),
    ("NOT_THIS_LEDGER", 500, "The database has another ledger"),
    ("SCHEMA_TOO_NEW", 500, "The database is of a later version"),
    ("INVALID_CONFIG", 500, "The configuration makes no sense"),
    ("IO", 500, "Input or output failed"),
    ("INTERNAL", 500, "The server failed"),
];

/// The status and the title of a code; those of `INTERNAL` where the table has none.
pub(crate) fn status(code: &str) -> (StatusCode, &'static str) {
    let row = CODES.iter().find(|(known, ..)| *known == code);
    let (status, title) = row.map_or((500, "The server failed"), |(_, status, title)| (*status, title));
    (StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), title)
}

#[cfg(test)]
mod tests {
    use std::io;

    use countersign_core::money::{Amount, Sum};
    use countersign_core::settle::Refusal;
    use countersign_engine::{EngineError, ShieldRefusal};
    use countersign_store::{Document, StoreError, VersionError};

    use super::*;

    fn refusals() -> Vec<Refusal> {
        let (text, amount, sum) = (String::new, Amount::ZERO, Sum::ZERO);
        vec![
            Refusal::UnknownType { found: text() },
            Refusal::InvalidField { field: "type", reason: "" },
            Refusal::SameAccount,
            Refusal::DirectionNotAllowed { kind: text(), sender: text(), receiver: text() },
            Refusal::OperatorRequired { kind: text() },
            Refusal::ReasonRequired { kind: text() },
            Refusal::OperatorNotAllowed { kind: text() },
            Refusal::UnknownCurrency { found: text() },
            Refusal::InvalidAmount { found: text() },
            Refusal::AmountTooLarge { most: amount },
            Refusal::AmountTooSmall { least: amount },
            Refusal::UnknownAccount { account: text() },
            Refusal::AccountFrozen { account: text() },
            Refusal::AccountInactive { account: text() },
            Refusal::AccountBanned { account: text() },
            Refusal::InsufficientFunds { account: text(), currency: text(), available: sum, needed: amount },
            Refusal::TreasuryInsufficient { tax_type: text(), currency: text(), available: sum, needed: amount },
            Refusal::BalanceTooLarge { holder: text() },
            Refusal::TooManyBuckets { tax_type: text() },
            Refusal::AlreadyFrozen { account: text() },
            Refusal::NotFrozen { account: text() },
            Refusal::RefundUnmatched,
            Refusal::RefundExceeds { left: sum },
            Refusal::ErasureUnmatched { account: text() },
            Refusal::AlreadyErased,
        ]
    }

    fn store_errors() -> Vec<StoreError> {
        let why = String::new;
        let stale = VersionError { document: Document::Ledger, expected: 1, found: 2 };
        vec![
            StoreError::Version(stale),
            StoreError::Exists { what: why() },
            StoreError::Busy { why: why() },
            StoreError::Full { why: why() },
            StoreError::Lost { why: why() },
            StoreError::Refused { why: why() },
            StoreError::NotThisLedger(why()),
            StoreError::SchemaTooNew { found: 2, known: 1 },
            StoreError::Damaged(why()),
            StoreError::Unsupported(why()),
            StoreError::from(io::Error::other("")),
            StoreError::Other(why()),
        ]
    }

    #[test]
    fn every_code_of_core_store_and_engine_has_its_status() {
        let shield = [
            ShieldRefusal::RateLimited { retry_after_s: 1 },
            ShieldRefusal::Velocity { account: String::new() },
            ShieldRefusal::Payload { field: "", reason: "" },
        ];
        let engine = [
            EngineError::IdempotencyConflict { key: String::new() },
            EngineError::InvalidKey,
            EngineError::Overloaded,
            EngineError::GaveUp { attempts: 1, last: StoreError::Other(String::new()) },
            EngineError::Clock,
            EngineError::Stopped,
            EngineError::Config(String::new()),
        ];
        let codes = refusals().iter().map(Refusal::code).collect::<Vec<_>>().into_iter();
        let codes = codes.chain(store_errors().iter().map(StoreError::code).collect::<Vec<_>>());
        let codes = codes.chain(shield.iter().map(ShieldRefusal::code)).chain(engine.iter().map(EngineError::code));
        for code in codes.chain(["HALTED", "HALT_NOT_NAMED"]) {
            assert!(CODES.iter().any(|(known, ..)| *known == code), "{code} has no status");
        }
    }

    #[test]
    fn the_page_for_integrators_lists_every_code() {
        let page = include_str!("../../../docs/api.md");
        let rows: Vec<&str> =
            page.lines().filter(|line| line.starts_with("| `") && line.matches('|').count() == 4).collect();
        let expected: Vec<String> =
            CODES.iter().map(|(code, status, title)| format!("| `{code}` | {status} | {title} |")).collect();
        assert_eq!(rows, expected);
    }

    #[test]
    fn every_code_stands_once_with_a_status_of_an_error() {
        for (i, (code, number, _)) in CODES.iter().enumerate() {
            assert!(CODES[..i].iter().all(|(other, ..)| other != code), "{code}");
            assert!((400..600).contains(number), "{code}");
            assert_eq!(status(code).0.as_u16(), *number);
        }
        assert_eq!(status("WHAT_NOBODY_KNOWS").0, StatusCode::INTERNAL_SERVER_ERROR);
    }
}
