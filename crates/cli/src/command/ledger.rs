//! A ledger by its address: made, opened to read, opened to settle.

use std::io::{self, Write as _};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use countersign_core::grammar;
use countersign_core::settle::Order;
use countersign_core::timestamp::Timestamp;
use countersign_engine::shield::Payload;
use countersign_engine::{Config, Engine, EngineError, Origin, Receipt, Request};
use countersign_store::{Identity, Location, Store, StoreError};

use super::Failure;
use super::screen::plain_whole;
use super::settings::{Settings, Source};

/// The code of what is wrong with the database itself.
pub(super) const DAMAGED: &str = "STORE_DAMAGED";
/// What entries show as the user agent of what is ordered here.
const USER_AGENT: &str = concat!("countersign/", env!("CARGO_PKG_VERSION"));

/// The settings, and where they say that the ledger is.
pub(super) fn locate(source: &Source) -> Result<(Settings, Location), Failure> {
    let settings = source.settings()?;
    let url = settings.db.as_deref().ok_or_else(|| {
        Failure::of("where is the ledger? Say --db, COUNTERSIGN_DB, or db in countersign.toml".to_owned())
    })?;
    let location = Location::parse(url)?;
    Ok((settings, location))
}

/// Opens the ledger to read it only, and says on standard error what no longer protects it.
pub(super) fn read(source: &Source) -> Result<(Settings, Arc<dyn Store>), Failure> {
    let (settings, location) = locate(source)?;
    let store = open(&location, &settings, false)?;
    warn_unprotected(&*store)?;
    Ok((settings, store))
}

/// Opens the ledger to read and to write.
pub(super) fn write(source: &Source) -> Result<(Settings, Arc<dyn Store>), Failure> {
    let (settings, location) = locate(source)?;
    let store = open(&location, &settings, true)?;
    Ok((settings, store))
}

/// Opens the ledger at an address.
pub(super) fn open(location: &Location, settings: &Settings, writes: bool) -> Result<Arc<dyn Store>, Failure> {
    let open = if writes { countersign_store::open } else { countersign_store::open_read_only };
    Ok(open(location, settings.ledger.as_deref())?.into())
}

/// Opens the ledger to read it and to halt it, also where it is in no state to be written to.
pub(super) fn open_to_halt(location: &Location, settings: &Settings) -> Result<Arc<dyn Store>, Failure> {
    Ok(countersign_store::open_to_halt(location, settings.ledger.as_deref())?.into())
}

/// Opens the ledger to export it. What is signed is kept, so that it is opened to write where it `signs`; one that may
/// only be read is exported all the same, unsigned, and that said on standard error.
pub(super) fn open_to_export(
    location: &Location,
    settings: &Settings,
    signs: bool,
) -> Result<(Arc<dyn Store>, bool), Failure> {
    let (store, signed) = match open(location, settings, signs) {
        Err(failure) if signs && failure.code == DAMAGED => (open(location, settings, false)?, false),
        opened => (opened?, signs),
    };
    warn_unprotected(&*store)?;
    if signs && !signed {
        warn("the export is not signed: what is signed is kept, and this ledger is not written to");
    }
    Ok((store, signed))
}

/// Says on standard error what of the database's own protection is missing, where anything is.
pub(super) fn warn_unprotected(store: &dyn Store) -> Result<(), Failure> {
    let lost = store.unprotected()?;
    if !lost.is_empty() {
        warn(&format!("{}; `countersign verify` says more", unprotected(&lost)));
    }
    Ok(())
}

fn warn(what: &str) {
    // Where standard error is closed nobody is left to tell.
    let _ = writeln!(io::stderr(), "countersign: {}", plain_whole(what));
}

/// What it means that this of the database's own protection is missing.
pub(super) fn unprotected(lost: &[String]) -> String {
    format!(
        "the database no longer protects the ledger as it was made to: {}. Whoever did that may have changed entries; \
         no command writes more than a halt until all is as it was",
        lost.join("; ")
    )
}

/// Makes a ledger without entries. `writer_role`: in PostgreSQL, a role that may write it and owns nothing of it.
pub(super) fn create(location: &Location, identity: &Identity, writer_role: Option<&str>) -> Result<(), Failure> {
    if now() == Timestamp::MAX {
        return Err(EngineError::Clock.into());
    }
    let made = match (location, writer_role) {
        (Location::Sqlite(_), Some(_)) => return Err(Failure::new("--writer-role", "a file of SQLite's has no roles")),
        (Location::Postgres(url), Some(role)) => {
            countersign_store::postgres::create(url, identity, now(), Some(role)).map(drop)
        }
        (_, None) => countersign_store::create(location, identity, now()).map(drop),
    };
    if let (Ok(()), Location::Postgres(_), None) = (&made, location, writer_role) {
        let _ = writeln!(
            io::stderr(),
            "countersign: without --writer-role whoever writes this ledger also owns its tables, and can get round what \
             the database refuses"
        );
    }
    made.map_err(|error| if matches!(location, Location::Postgres(_)) { not_the_owner(error) } else { error.into() })
}

/// What PostgreSQL refuses to who makes a ledger, and who may.
pub(super) fn not_the_owner(error: StoreError) -> Failure {
    let StoreError::Refused { .. } = &error else { return error.into() };
    let advice = "a ledger is made by the tables' owner: as him run `countersign init --writer-role ROLE`, and then as \
                  that role all else";
    Failure { why: format!("{error}; {advice}"), ..error.into() }
}

/// Opens the ledger, lets `work` at its engine, and stops that again.
pub(super) fn settle<T>(
    source: &Source,
    work: impl FnOnce(&Engine, &Settings) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let (settings, store) = write(source)?;
    let engine = Engine::start(store, settings.engine.clone())?;
    let done = work(&engine, &settings);
    engine.shutdown();
    done
}

/// Who orders something: the flag's or the environment's, else the file's.
pub(super) fn operator(flag: Option<&String>, settings: &Settings) -> Result<String, Failure> {
    flag.or(settings.operator.as_ref()).cloned().ok_or_else(|| {
        Failure::of("who orders it? Say --operator, COUNTERSIGN_OPERATOR, or operator in countersign.toml".to_owned())
    })
}

/// Settles one order given here.
pub(super) fn order(engine: &Engine, order: Order, idempotency_key: Option<String>) -> Result<Receipt, Failure> {
    let origin = Origin { ip_address: None, user_agent: Some(USER_AGENT.to_owned()) };
    Ok(engine.settle(Request { order, idempotency_key, origin })?)
}

/// An id that no other ledger has, for one that is to be made, with its name.
pub(super) fn named_identity(settings: &Settings) -> Result<Identity, Failure> {
    let name = settings.ledger.as_deref().ok_or_else(|| {
        Failure::of("what is the ledger called? Say --ledger, such as game.example/economy".to_owned())
    })?;
    new_identity(name)
}

/// A ledger's name with an id that no other ledger has.
pub(super) fn new_identity(name: &str) -> Result<Identity, Failure> {
    if !grammar::is_ledger_name(name) {
        return Err(Failure::new("--ledger", "a ledger's name is 1 to 128 of A-Z a-z 0-9 . _ / : -"));
    }
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|e| Failure::new("the system gives no randomness", e))?;
    Ok(Identity { ledger: name.to_owned(), ledger_id: format!("{:032x}", u128::from_be_bytes(bytes)) })
}

/// The time of day, no later than an entry can say. A clock before 1970 is no reason to refuse.
pub(super) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
    Timestamp::from_millis(i64::try_from(since).unwrap_or(i64::MAX)).min(Timestamp::MAX)
}

/// The address as it may be shown: without a password.
pub(super) fn shown(location: &Location) -> String {
    match location {
        Location::Sqlite(path) => path.display().to_string(),
        Location::Postgres(url) => without_secrets(url),
    }
}

/// Scheme, user, host and database. The rest may hold a password.
fn without_secrets(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("postgres", url));
    let bare = rest.split(['?', '#']).next().unwrap_or_default();
    // A password may hold any of the other marks: only what follows the last @ is surely none.
    match bare.rsplit_once('@') {
        Some((user, host)) => format!("{scheme}://{}@{host}", user.split(':').next().unwrap_or_default()),
        None if rest.contains('@') => format!("{scheme}://…"),
        None => format!("{scheme}://{bare}"),
    }
}

/// The configuration for filling a ledger of one's own: nobody is to be held off.
pub(super) fn unshielded(config: &Config) -> Config {
    let mut config = config.clone();
    config.shield.rate.enabled = false;
    config.shield.velocity.enabled = false;
    config.shield.payload = Payload::unlimited();
    config
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_password_is_shown() {
        for (url, expected) in [
            ("postgres://ana:s3cret@db.example:5432/game?sslmode=require", "postgres://ana@db.example:5432/game"),
            ("postgresql://ana:a@b/c:s3cret@db.example/game", "postgresql://ana@db.example/game"),
            ("postgres://db.example/game?user=ana&password=s3cret", "postgres://db.example/game"),
            ("postgres://ana@db.example/game", "postgres://ana@db.example/game"),
            ("postgres://ana:s3?cret@db.example/game", "postgres://…"),
        ] {
            assert_eq!(shown(&Location::parse(url).unwrap()), expected);
        }
        assert_eq!(shown(&Location::parse("sqlite:/tmp/a.db").unwrap()), "/tmp/a.db");
    }

    #[test]
    fn identities_differ_and_names_keep_their_grammar() {
        let [one, other] = ["game/1", "game/1"].map(|name| new_identity(name).unwrap());
        assert_ne!(one.ledger_id, other.ledger_id);
        assert!(grammar::is_hex(&one.ledger_id, 32));
        assert!(new_identity("a b").is_err() && new_identity("").is_err());
    }
}
