//! From PostgreSQL's errors to those of the contract.

use std::error::Error as _;
use std::io;

use deadpool_postgres::{HookError, PoolError, TimeoutType};
use tokio_postgres::Error;
use tokio_postgres::error::{DbError, SqlState};

use crate::error::StoreError;

/// What an error of PostgreSQL's, or of the connection to it, means.
#[expect(clippy::needless_pass_by_value, reason = "what `map_err` hands over")]
pub(super) fn fault(error: Error) -> StoreError {
    match error.as_db_error() {
        Some(said) => answered(said),
        None => unanswered(&error),
    }
}

/// By SQLSTATE: PostgreSQL's manual, appendix A.
fn answered(error: &DbError) -> StoreError {
    let why = error.message().to_owned();
    match error.code().code() {
        // Serialization, deadlock, a lock or a statement that took too long, all connections in use.
        "40001" | "40P01" | "55P03" | "57014" | "53300" => StoreError::Busy { why },
        // A division by 0, by which a commit fails where a document is not as it was read, and which nothing explained.
        "22012" => {
            let why = "a document was not as it was read, or says the same in words that this program does not write";
            StoreError::Busy { why: why.to_owned() }
        }
        "42501" | "25006" | "28000" | "28P01" => StoreError::Refused { why },
        "23505" => StoreError::Exists { what: conflict(error) },
        "3D000" | "3F000" | "42P01" => StoreError::NotThisLedger(why),
        "57P01" | "57P02" | "57P03" | "57P05" | "25P03" | "40003" => StoreError::Lost { why },
        "XX001" | "XX002" => StoreError::Damaged(why),
        code => match code.get(..2) {
            Some("08") => StoreError::Lost { why },
            Some("53") => StoreError::Full { why },
            Some("23") => StoreError::Refused { why },
            _ => StoreError::Other(format!("{why} (SQLSTATE {code})")),
        },
    }
}

/// Which row there is already.
fn conflict(error: &DbError) -> String {
    let table = error.table().unwrap_or("the database");
    // Idempotency keys are in no message: messages are logged.
    if table == "countersign_answers" {
        return format!("such a row in {table}");
    }
    format!("such a row in {table}: {}", error.detail().unwrap_or_else(|| error.message()))
}

/// An error without an answer: the address of the server is in none of them, and its password neither.
fn unanswered(error: &Error) -> StoreError {
    let text = error.to_string();
    let why = match error.source() {
        Some(source) if !text.ends_with(&source.to_string()) => format!("{text}: {source}"),
        _ => text,
    };
    let by_system = error.source().is_some_and(|source| source.is::<io::Error>());
    if !by_system && why.starts_with("error serializing") {
        return StoreError::Other(why);
    }
    // Such as a password that is asked for and not given.
    if why.starts_with("invalid configuration") {
        return StoreError::Refused { why };
    }
    StoreError::Lost { why }
}

/// Why there is no connection.
pub(super) fn no_connection(error: PoolError) -> StoreError {
    match error {
        PoolError::Backend(error) | PoolError::PostCreateHook(HookError::Backend(error)) => fault(error),
        PoolError::Timeout(TimeoutType::Create | TimeoutType::Recycle) => {
            StoreError::Lost { why: "the database takes connections, and does not answer on them".to_owned() }
        }
        PoolError::Timeout(TimeoutType::Wait) => StoreError::Busy { why: "no connection came free".to_owned() },
        other => StoreError::Other(other.to_string()),
    }
}

/// Whether a table that was asked is not there.
pub(super) fn is_missing(error: &Error) -> bool {
    error.code().is_some_and(|code| [SqlState::UNDEFINED_TABLE, SqlState::INVALID_SCHEMA_NAME].contains(code))
}
