//! The address of a ledger. What cannot be read as one is in no error: there may be a password in it.

use std::path::PathBuf;

/// Where a ledger is kept: `postgres://…` (or `postgresql://…`), else a path of SQLite's, with or without
/// `sqlite:` before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// A file of SQLite's.
    Sqlite(PathBuf),
    /// The address of a PostgreSQL database, password and all.
    Postgres(String),
}

/// Why a text is no address of a ledger.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LocationError {
    /// Of some other kind of database, or misspelt.
    #[error(
        "an address with {} is not known: a ledger is kept at postgres://… or in a file, which is named by its path",
        .0.as_deref().map_or("such a scheme".to_owned(), |scheme| format!("the scheme {scheme}://"))
    )]
    UnknownScheme(
        /// Without the rest of the address; `None` where it is no name that a scheme could have.
        Option<String>,
    ),
    /// `postgres:` and no slashes.
    #[error("the address of a PostgreSQL database starts with postgres://, slashes and all")]
    NoSlashes,
    /// `host=… password=…`, as libpq takes it too.
    #[error(
        "an address of the form key=value is not read: please write it as postgres://user:password@host:port/database \
         (a file of such a name as ./NAME)"
    )]
    Keywords,
    /// What SQLite takes for something else than a path.
    #[error("{0:?} is no path of a file, and a ledger is kept in one (a file of such a name is ./NAME)")]
    NoFile(
        /// What stands at its start.
        &'static str,
    ),
}

/// Keys of libpq's addresses, and of others' of that form, in lower case.
const KEYWORDS: [&str; 14] = [
    "host", "hostaddr", "port", "dbname", "database", "user", "username", "password", "pwd", "passfile", "service",
    "server", "sslmode", "options",
];

impl Location {
    /// Reads an address.
    ///
    /// # Errors
    /// Where it is none, without what stands in it.
    pub fn parse(url: &str) -> Result<Self, LocationError> {
        if let Some(path) = after("sqlite:", url) {
            return file(path);
        }
        if let Some((scheme, rest)) = url.split_once("://").filter(|(scheme, _)| !scheme.contains(['/', '\\'])) {
            return match scheme.to_ascii_lowercase().as_str() {
                scheme @ ("postgres" | "postgresql") => Ok(Self::Postgres(format!("{scheme}://{rest}"))),
                "file" => Err(LocationError::NoFile("file:")),
                scheme => Err(LocationError::UnknownScheme(is_scheme(scheme).then(|| scheme.to_owned()))),
            };
        }
        if after("postgres:", url).or_else(|| after("postgresql:", url)).is_some() {
            return Err(LocationError::NoSlashes);
        }
        if has_keyword(url) { Err(LocationError::Keywords) } else { file(url) }
    }
}

/// What stands after a start in ASCII, whatever its case.
fn after<'a>(start: &str, text: &'a str) -> Option<&'a str> {
    let (head, rest) = text.split_at_checked(start.len())?;
    head.eq_ignore_ascii_case(start).then_some(rest)
}

fn file(path: &str) -> Result<Location, LocationError> {
    for none in ["", ":memory:"] {
        if path == none {
            return Err(LocationError::NoFile(none));
        }
    }
    if after("file:", path).is_some() {
        return Err(LocationError::NoFile("file:"));
    }
    Ok(Location::Sqlite(path.into()))
}

/// RFC 3986, 3.1.
fn is_scheme(text: &str) -> bool {
    let starts = text.bytes().next().is_some_and(|b| b.is_ascii_alphabetic());
    starts && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
}

/// Whether one of the keys stands before an equals sign, by itself.
fn has_keyword(text: &str) -> bool {
    let before: Vec<&str> = text.split('=').collect();
    before[..before.len() - 1].iter().any(|before| {
        let key = before.trim_end().rsplit(|c: char| c == ';' || c.is_whitespace()).next().unwrap_or_default();
        KEYWORDS.contains(&key.to_ascii_lowercase().as_str())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scheme_is_known_in_any_case() {
        for (url, expected) in [
            ("POSTGRES://u:p@H/d", "postgres://u:p@H/d"),
            ("PostgreSQL://h/d", "postgresql://h/d"),
            ("postgres://u:a://b@h/d", "postgres://u:a://b@h/d"),
        ] {
            assert_eq!(Location::parse(url), Ok(Location::Postgres(expected.to_owned())));
        }
        for (url, path) in [
            ("SQLite:/tmp/a.db", "/tmp/a.db"),
            ("a=b.db", "a=b.db"),
            ("./host=x", "./host=x"),
            ("C:\\ledgers\\a.db", "C:\\ledgers\\a.db"),
            ("ledgers/a:b.db", "ledgers/a:b.db"),
            ("./:memory:", "./:memory:"),
            ("odd/a://b", "odd/a://b"),
            ("a", "a"),
            ("ș.db", "ș.db"),
        ] {
            assert_eq!(Location::parse(url), Ok(Location::Sqlite(path.into())));
        }
    }

    #[test]
    fn no_address_of_another_kind_is_taken_for_a_file_or_shown() {
        for (url, part) in [
            ("mysql://u:hunter2@h/x", "the scheme mysql://"),
            ("Postgre://u:hunter2@h/x", "the scheme postgre://"),
            ("jdbc:postgresql://h/x?password=hunter2", "such a scheme"),
            ("hunter2 postgres://h/x", "such a scheme"),
            ("://hunter2", "such a scheme"),
            ("postgres:u:hunter2@h/x", "slashes and all"),
            ("host=127.0.0.1 password=hunter2", "please write it as postgres://"),
            ("PASSWORD = 'hunter2' host = h", "please write it as postgres://"),
            ("Server=h;Pwd=hunter2", "please write it as postgres://"),
            (":memory:", "\":memory:\" is no path"),
            ("sqlite::memory:", "\":memory:\" is no path"),
            ("file:hunter2.db?mode=memory", "\"file:\" is no path"),
            ("file:///hunter2.db", "\"file:\" is no path"),
            ("sqlite:", "\"\" is no path"),
            ("sqlite:FILE:hunter2.db", "\"file:\" is no path"),
        ] {
            let error = Location::parse(url).expect_err(url).to_string();
            assert!(error.contains(part) && !error.contains("hunter2"), "{url}: {error}");
        }
    }
}
