//! The documents of the first system, as MongoDB exports them, to what a ledger starts from.
//!
//! Inside: reading users and the Treasury, strictly, since what is misread here is money that nobody finds
//! again. Not inside: the old ledger itself, which the core verifies, and settling, which the engine does.

mod bson;
mod decimal;
mod document;
mod file;
mod orders;
mod treasury;
mod user;

use std::path::Path;

pub use self::document::Fault;
pub use self::orders::{IMPORT_ACCOUNT, Origin, orders};
pub use self::treasury::Treasury;
pub use self::user::User;

use self::document::Document;

/// Reads users, in the order of their ids.
///
/// # Errors
/// Where a document is off: none is left out, and nothing is rounded.
pub fn users(path: &Path) -> Result<Vec<User>, Fault> {
    let mut users = Vec::new();
    file::each(path, &mut |document| {
        users.push(User::read(&document)?);
        Ok(())
    })?;
    users.sort_by(|a, b| a.id.cmp(&b.id));
    if users.is_empty() {
        return Err(Fault::of_file(path, "it holds no document"));
    }
    match users.array_windows().find(|[a, b]| a.id == b.id) {
        Some([twice, _]) => Err(Fault::of_file(path, format_args!("the user {} stands twice", twice.id))),
        None => Ok(users),
    }
}

/// Reads the Treasury, a singleton.
///
/// # Errors
/// As [`users`]; also where there is not exactly one.
pub fn treasury(path: &Path) -> Result<Treasury, Fault> {
    let mut read = Vec::new();
    file::each(path, &mut |document: Document| {
        read.push(Treasury::read(&document)?);
        Ok(())
    })?;
    let count = read.len();
    match (read.pop(), count) {
        (Some(treasury), 1) => Ok(treasury),
        _ => Err(Fault::of_file(path, format_args!("it holds {count} documents, and the Treasury is one"))),
    }
}
