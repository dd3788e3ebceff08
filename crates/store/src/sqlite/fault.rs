//! From SQLite's errors to those of the contract.

use rusqlite::{Error, ErrorCode, ffi};

use crate::error::StoreError;

/// What an error of SQLite's means.
pub(super) fn fault(error: Error) -> StoreError {
    let Error::SqliteFailure(code, message) = error else { return other(error) };
    let why = message.unwrap_or_else(|| ffi::code_to_str(code.extended_code).to_owned());
    match code.code {
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::FileLockingProtocolFailed => {
            StoreError::Busy { why }
        }
        ErrorCode::DiskFull => StoreError::Full { why },
        ErrorCode::SystemIoFailure | ErrorCode::CannotOpen => StoreError::Lost { why },
        ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::TooBig => StoreError::Damaged(why),
        ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::AuthorizationForStatementDenied => {
            StoreError::Refused { why }
        }
        ErrorCode::ConstraintViolation => StoreError::Refused { why },
        _ => StoreError::Other(why),
    }
}

fn other(error: Error) -> StoreError {
    match error {
        Error::FromSqlConversionFailure(..) | Error::IntegralValueOutOfRange(..) | Error::Utf8Error(..) => {
            StoreError::Damaged(error.to_string())
        }
        Error::InvalidColumnType(_, name, kind) => StoreError::Damaged(format!("the column {name} holds {kind}")),
        // A table or column that a statement names is not there.
        Error::SqlInputError { msg, .. } => StoreError::Damaged(msg),
        _ => StoreError::Other(error.to_string()),
    }
}

/// Where an insert meets a row that is there already, by a unique index or by a trigger that says so.
pub(super) fn inserting(error: Error, what: impl FnOnce() -> String) -> StoreError {
    let Error::SqliteFailure(code, message) = &error else { return fault(error) };
    let unique = [ffi::SQLITE_CONSTRAINT_UNIQUE, ffi::SQLITE_CONSTRAINT_PRIMARYKEY];
    let by_trigger = code.extended_code == ffi::SQLITE_CONSTRAINT_TRIGGER
        && message.as_deref().is_some_and(|message| message.starts_with("there is already"));
    if by_trigger || unique.contains(&code.extended_code) {
        return StoreError::Exists { what: what() };
    }
    fault(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_of_sqlites_codes_has_its_error() {
        for (code, expected) in [
            (ffi::SQLITE_BUSY, "STORE_BUSY"),
            (ffi::SQLITE_BUSY_SNAPSHOT, "STORE_BUSY"),
            (ffi::SQLITE_LOCKED, "STORE_BUSY"),
            (ffi::SQLITE_FULL, "STORE_FULL"),
            (ffi::SQLITE_IOERR, "STORE_LOST"),
            (ffi::SQLITE_IOERR_FSYNC, "STORE_LOST"),
            (ffi::SQLITE_CANTOPEN, "STORE_LOST"),
            (ffi::SQLITE_CORRUPT, "STORE_DAMAGED"),
            (ffi::SQLITE_NOTADB, "STORE_DAMAGED"),
            (ffi::SQLITE_READONLY, "STORE_REFUSED"),
            (ffi::SQLITE_PERM, "STORE_REFUSED"),
            (ffi::SQLITE_CONSTRAINT_TRIGGER, "STORE_REFUSED"),
            (ffi::SQLITE_NOMEM, "STORE_FAILED"),
        ] {
            let error = fault(Error::SqliteFailure(ffi::Error::new(code), None));
            assert_eq!(error.code(), expected, "{code}: {error}");
        }
        assert!(fault(Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_BUSY), None)).is_conflict());
    }
}
