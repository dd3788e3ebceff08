//! Ledgers in a PostgreSQL database, for where one machine is not enough; or in one of the engines that speak
//! its protocol, since nothing is used but what they have too. The schema stands in `schema_1.sql`.
//!
//! Commits take a connection of their own, all else one of a few that are kept; a snapshot has one to itself. Several
//! processes may write to one ledger. The adapter waits on runtimes of its own: inside another one, call it from a
//! thread that may block.
//!
//! Entries are refused to be changed by rights: [`create`] takes them from the tables' owner, who can grant them to
//! himself again, and grants a writer's role, where one is named, no more than it needs. Only such a role, which owns
//! nothing, cannot get round that. There is nothing beside the tables that could be dropped, so [`Store::unprotected`]
//! has nothing to name: who may do what is asked of the database's own catalogue, by whoever runs it.

mod address;
mod cells;
mod columns;
mod commit;
mod documents;
mod fault;
mod halting;
mod history;
mod last;
mod link;
mod load;
mod rights;
mod rows;
mod schema;
mod snapshot;
mod tree;

use std::path::Path;
use std::time::Duration;

use countersign_core::books::Account;
use countersign_core::grammar::{is_hex, is_ledger_name};
use countersign_core::hash::Hash;
use countersign_core::merkle::NodeId;
use countersign_core::seal::Record;
use countersign_core::timestamp::Timestamp;
use tokio_postgres::types::{ToSql, Type};
use uuid::Uuid;

use self::cells::{Cells, moment};
use self::columns::{Checkpoints, Digest};
use self::fault::fault;
use self::last::Last;
use self::link::{Client, LONGEST, Link};
use crate::act::Act;
use crate::batch::{Batch, SignedCheckpoint};
use crate::error::StoreError;
use crate::head::{Halt, Identity};
use crate::store::{Loaded, MAX_FORGOTTEN, Page, Query, Remains, Snapshot, Store, Wanted};

/// How much longer a commit may take for each entry of its batch.
const PER_ENTRY: Duration = Duration::from_millis(5);
/// How long it may take to bring a schema up to date, which may rewrite whole tables.
const MIGRATION: Duration = Duration::from_secs(24 * 3600);
/// Most ledgers of one database that are named where it is asked which one.
const NAMED: i64 = 20;
const LEDGERS: &str = "SELECT ledger_id, name FROM countersign_ledger ORDER BY name LIMIT $1";
const LEDGER: &str = "SELECT ledger_id, name FROM countersign_ledger WHERE name = $1";
const TAKEN: &str = "SELECT name FROM countersign_ledger WHERE name = $1 OR ledger_id = $2";
const NEW_LEDGER: &str = "INSERT INTO countersign_ledger (ledger_id, name, created_at, version, seq, hash, roots, \
                          totals) VALUES ($1, $2, $3, 0, 0, $4, '', '{}')";
const NEW_TREASURY: &str = "INSERT INTO countersign_treasury (ledger_id, version, collected, transactions) \
                            VALUES ($1, 0, '{}', 0)";
const CHECKPOINT: &str = "SELECT size, note, at FROM countersign_checkpoints WHERE ledger_id = $1 AND size <= $2 \
                          ORDER BY size DESC, nth DESC LIMIT 1";
const FORGET: &str = "DELETE FROM countersign_answers WHERE ledger_id = $1 AND key = ANY (ARRAY( \
                      SELECT key FROM countersign_answers WHERE ledger_id = $1 AND at < $2 ORDER BY at LIMIT $3))";

/// A ledger in a PostgreSQL database.
#[derive(Debug)]
pub struct Postgres {
    identity: Identity,
    ledger: Uuid,
    last: Last,
    commits: Link,
    link: Link,
}

/// Makes a ledger without entries, and the tables where they are not there yet. `writer`: a role that exists,
/// owns nothing, and shall write; the tables' owner makes ledgers and brings the schema up to date.
///
/// # Errors
/// [`StoreError::Exists`] where the database has a ledger of that name; [`StoreError::Refused`] where this user
/// may not make tables, or the role may too much; those of the database.
pub fn create(url: &str, identity: &Identity, now: Timestamp, writer: Option<&str>) -> Result<Postgres, StoreError> {
    let ledger = ledger_id(identity)?;
    let (commits, link) = (Link::for_commits(url, false)?, Link::for_all_else(url, false)?);
    link.within(MIGRATION, async |client| {
        schema::make(client, schema::STEPS).await?;
        if let Some(role) = writer {
            schema::grant(client, role).await?;
        }
        let made = new_ledger(client, identity, ledger, now).await;
        if made.is_err() {
            // Where this fails the connection is gone, and the transaction with it.
            let _ = client.batch_execute("ROLLBACK").await;
        }
        made
    })?;
    Ok(Postgres { identity: identity.clone(), ledger, last: Last::default(), commits, link })
}

fn ledger_id(identity: &Identity) -> Result<Uuid, StoreError> {
    let refused = |what: &str| StoreError::Refused { why: what.to_owned() };
    if !is_ledger_name(&identity.ledger) {
        return Err(refused("a ledger's name is 1 to 128 of A-Z a-z 0-9 . _ / : -"));
    }
    let id = is_hex(&identity.ledger_id, 32).then(|| u128::from_str_radix(&identity.ledger_id, 16).ok()).flatten();
    id.map(Uuid::from_u128).ok_or_else(|| refused("a ledger_id is 32 lowercase hex digits"))
}

async fn new_ledger(client: &Client, identity: &Identity, ledger: Uuid, now: Timestamp) -> Result<(), StoreError> {
    let name = &identity.ledger;
    client.batch_execute("BEGIN").await.map_err(fault)?;
    client.query_typed(schema::LOCK, &[]).await.map_err(fault)?;
    let of_it: [(&(dyn ToSql + Sync), Type); 2] = [(name, Type::TEXT), (&ledger, Type::UUID)];
    if !client.query_typed(TAKEN, &of_it).await.map_err(fault)?.is_empty() {
        return Err(StoreError::Exists { what: format!("a ledger {name} in this database, or one of its ledger_id") });
    }
    let (made, genesis) = (moment(now), Digest(identity.genesis()));
    let values: [(&(dyn ToSql + Sync), Type); 4] =
        [(&ledger, Type::UUID), (name, Type::TEXT), (&made, Type::TIMESTAMPTZ), (&genesis, Type::BYTEA)];
    client.query_typed(NEW_LEDGER, &values).await.map_err(fault)?;
    client.query_typed(NEW_TREASURY, &[(&ledger, Type::UUID)]).await.map_err(fault)?;
    client.batch_execute("COMMIT").await.map_err(fault)
}

/// Opens a ledger to read and to write, and brings the schema up to date where this user may. `expected`: its
/// name, which must be said where the database has several.
///
/// # Errors
/// [`StoreError::NotThisLedger`] where there is none, or none of that name, or several;
/// [`StoreError::SchemaTooNew`]; [`StoreError::Refused`] where the schema is older and this user may not change
/// it; those of the database.
pub fn open(url: &str, expected: Option<&str>) -> Result<Postgres, StoreError> {
    let (commits, link) = (Link::for_commits(url, false)?, Link::for_all_else(url, false)?);
    if link.with(schema::recognise)?.is_some_and(|found| (found as usize) < schema::STEPS.len()) {
        link.within(MIGRATION, async |client| schema::migrate(client, schema::STEPS).await)?;
    }
    let identity = link.with(async |client| identify(client, expected).await)?;
    Ok(Postgres { ledger: ledger_id(&identity)?, identity, last: Last::default(), commits, link })
}

/// Opens a ledger to read it only, from a hot standby too. `expected`: as in [`open`].
///
/// # Errors
/// As [`open`]; [`StoreError::Unsupported`] where the schema is older than this program's.
pub fn open_read_only(url: &str, expected: Option<&str>) -> Result<Postgres, StoreError> {
    let (commits, link) = (Link::for_commits(url, true)?, Link::for_all_else(url, true)?);
    let identity = link.with(async |client| {
        let known = schema::STEPS.len();
        match schema::recognise(client).await? {
            Some(found) if (found as usize) < known => {
                let why = format!("the database has schema {found}, and must be opened for writing once");
                Err(StoreError::Unsupported(why))
            }
            _ => identify(client, expected).await,
        }
    })?;
    Ok(Postgres { ledger: ledger_id(&identity)?, identity, last: Last::default(), commits, link })
}

/// The names of a database's ledgers.
///
/// # Errors
/// Those of the database.
pub fn names(url: &str) -> Result<Vec<String>, StoreError> {
    let link = Link::for_all_else(url, true)?;
    link.with(async |client| match schema::recognise(client).await? {
        Some(_) => names_in(client).await,
        None => Ok(Vec::new()),
    })
}

/// Which ledger of a database it is.
async fn identify(client: &Client, expected: Option<&str>) -> Result<Identity, StoreError> {
    let found = match expected {
        Some(name) => client.query_typed(LEDGER, &[(&name, Type::TEXT)]).await,
        None => client.query_typed(LEDGERS, &[(&NAMED, Type::INT8)]).await,
    };
    let found =
        found.map_err(|error| if fault::is_missing(&error) { there_is_no(expected, &[]) } else { fault(error) })?;
    let read = |row: &tokio_postgres::Row| {
        let row = Cells::new(row, "countersign_ledger");
        Ok(Identity { ledger_id: row.value::<Uuid>(0)?.simple().to_string(), ledger: row.text(1)? })
    };
    let mut ledgers = found.iter().map(read).collect::<Result<Vec<_>, StoreError>>()?;
    match ledgers.len() {
        1 => Ok(ledgers.remove(0)),
        0 => Err(there_is_no(expected, &names_in(client).await?)),
        _ => Err(there_is_no(expected, &ledgers.into_iter().map(|identity| identity.ledger).collect::<Vec<_>>())),
    }
}

async fn names_in(client: &Client) -> Result<Vec<String>, StoreError> {
    let found = client.query_typed(LEDGERS, &[(&NAMED, Type::INT8)]).await.map_err(fault)?;
    found.iter().map(|row| Cells::new(row, "countersign_ledger").text(1)).collect()
}

fn there_is_no(expected: Option<&str>, names: &[String]) -> StoreError {
    let there_are = match names {
        [] => "it has none".to_owned(),
        names => format!("it has {}", names.join(", ")),
    };
    StoreError::NotThisLedger(match (expected, names.len()) {
        (Some(name), _) => format!("there is no ledger {name} in this database: {there_are}"),
        (None, 0) => "there is no ledger in this database".to_owned(),
        (None, _) => format!("there are several ledgers in this database, please say which: {there_are}"),
    })
}

impl Store for Postgres {
    fn identity(&self) -> &Identity {
        &self.identity
    }

    fn load(&self, wanted: &Wanted) -> Result<Loaded, StoreError> {
        self.link.with(async |client| load::load(client, &self.ledger, wanted).await)
    }

    fn commit(&self, batch: &Batch) -> Result<(), StoreError> {
        // A whole ledger may be imported as one batch.
        let longest = LONGEST + PER_ENTRY * u32::try_from(batch.entries.len()).unwrap_or(u32::MAX);
        self.commits.within(longest, async |client| commit::commit(client, self.ledger, batch, &self.last).await)
    }

    fn halt(&self, halt: &Halt, over: Option<&Halt>) -> Result<Halt, StoreError> {
        self.link.with(async |client| halting::halt(client, self.ledger, halt, over).await)
    }

    fn try_halt(&self) -> Result<(), StoreError> {
        self.link.with(async |client| halting::attempt(client, self.ledger).await)
    }

    fn try_commit(&self) -> Result<(), StoreError> {
        self.link.with(rights::attempt)
    }

    fn snapshot(&self) -> Result<Box<dyn Snapshot + '_>, StoreError> {
        Ok(Box::new(snapshot::Snapshot::begin(&self.link, self.ledger)?))
    }

    fn entry(&self, seq: u64) -> Result<Option<Record>, StoreError> {
        let Ok(seq) = i64::try_from(seq) else { return Ok(None) };
        self.link.with(async |client| history::by_seq(client, self.ledger, seq).await)
    }

    fn entry_by_id(&self, transaction_id: &str) -> Result<Option<Record>, StoreError> {
        let Ok(id) = columns::uuid(transaction_id) else { return Ok(None) };
        self.link.with(async |client| history::by_id(client, self.ledger, id).await)
    }

    fn history(&self, query: &Query, page: Page) -> Result<Vec<Record>, StoreError> {
        self.link.with(async |client| history::history(client, self.ledger, query, page).await)
    }

    fn frozen(&self, after: Option<&str>, limit: u32) -> Result<Vec<Account>, StoreError> {
        self.link.with(async |client| history::frozen(client, self.ledger, after.unwrap_or(""), limit).await)
    }

    fn acts(&self, page: Page) -> Result<Vec<Act>, StoreError> {
        self.link.with(async |client| history::acts(client, self.ledger, page).await)
    }

    fn plan(&self, query: &Query) -> Result<String, StoreError> {
        self.link.with(async |client| history::plan(client, self.ledger, query).await)
    }

    fn plan_frozen(&self) -> Result<String, StoreError> {
        self.link.with(async |client| history::plan_frozen(client, self.ledger).await)
    }

    fn nodes(&self, wanted: &[NodeId]) -> Result<Vec<Hash>, StoreError> {
        self.link.with(async |client| tree::nodes(client, self.ledger, wanted).await)
    }

    fn checkpoint(&self, size: Option<u64>) -> Result<Option<SignedCheckpoint>, StoreError> {
        let most = size.and_then(|size| i64::try_from(size).ok()).unwrap_or(i64::MAX);
        self.link.with(async |client| {
            let values: [(&(dyn ToSql + Sync), Type); 2] = [(&self.ledger, Type::UUID), (&most, Type::INT8)];
            let found = client.query_typed(CHECKPOINT, &values).await.map_err(fault)?;
            found.first().map(rows::checkpoint).transpose()
        })
    }

    fn keep_checkpoint(&self, checkpoint: &SignedCheckpoint) -> Result<(), StoreError> {
        self.link.with(async |client| keep_checkpoint(client, self.ledger, checkpoint).await)
    }

    fn forget_answers(&self, before: Timestamp) -> Result<u64, StoreError> {
        self.link.with(async |client| {
            let statement = client.prepare_cached(FORGET).await.map_err(fault)?;
            let most = cells::number(MAX_FORGOTTEN)?;
            client.execute(&statement, &[&self.ledger, &moment(before), &most]).await.map_err(fault)
        })
    }

    fn rid_of_erased(&self) -> Result<Remains, StoreError> {
        Ok(Remains::OnTheServer)
    }

    fn backup(&self, _to: &Path) -> Result<(), StoreError> {
        let advice = "PostgreSQL is backed up by its own tools, while it is in use: pg_basebackup, or pg_dump";
        Err(StoreError::Unsupported(advice.to_owned()))
    }
}

/// Entries never go, so what is there now is there when it is kept.
async fn keep_checkpoint(client: &Client, ledger: Uuid, checkpoint: &SignedCheckpoint) -> Result<(), StoreError> {
    let head = client.query_typed(rows::HEAD, &[(&ledger, Type::UUID)]).await.map_err(fault)?;
    let seq = rows::head(&head)?.seq;
    if checkpoint.size > seq {
        return Err(commit::beyond_head(checkpoint, seq));
    }
    let columns = Checkpoints::of(std::slice::from_ref(checkpoint))?;
    let mut values = columns.values();
    values.insert(0, &ledger);
    let statement = client.prepare_cached(Checkpoints::INSERT).await.map_err(fault)?;
    client.execute(&statement, &values).await.map_err(fault)?;
    Ok(())
}
