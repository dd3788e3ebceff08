//! The tables, and the steps from each version of them to the next.

use rusqlite::{Connection, Params, Row, Transaction, TransactionBehavior};

use super::fault::fault;
use crate::error::StoreError;

/// In the file's header, so that it is told from other databases: "CtSn".
pub(super) const APPLICATION_ID: i32 = 0x4374_536e;
/// Step `n`, counted from 1, brings schema `n − 1` to `n`.
pub(super) const STEPS: &[&str] = &[include_str!("schema_1.sql")];
/// Longest part of a name that is shown, in characters.
const MAX_NAME: usize = 100;
/// Most triggers that are not ours to be named.
const MAX_STRANGE: usize = 100;

/// The schema's version, from the file's header.
pub(super) fn version(connection: &Connection) -> Result<u32, StoreError> {
    let found: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(fault)?;
    u32::try_from(found).map_err(|_| StoreError::Damaged(format!("the schema's version is {found}")))
}

/// Brings a database to the last of `steps`, each in a transaction of its own.
pub(super) fn migrate(connection: &mut Connection, steps: &[&str]) -> Result<(), StoreError> {
    let known = u32::try_from(steps.len()).unwrap_or(u32::MAX);
    while version(connection)? < known {
        let step = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(fault)?;
        // Another process may have taken the step while this one waited.
        let at = version(&step)?;
        if let Some(sql) = steps.get(at as usize) {
            take(&step, sql, at + 1)?;
        }
        step.commit().map_err(fault)?;
    }
    match version(connection)? {
        found if found > known => Err(StoreError::SchemaTooNew { found, known }),
        _ => Ok(()),
    }
}

/// Takes one step within a transaction.
pub(super) fn take(transaction: &Transaction<'_>, sql: &str, to: u32) -> Result<(), StoreError> {
    transaction.execute_batch(sql).map_err(fault)?;
    transaction.pragma_update(None, "user_version", to).map_err(fault)
}

/// Holds a database that is to be written to what the steps make: anything of [`unprotected`] is damage.
pub(super) fn check(connection: &Connection) -> Result<(), StoreError> {
    unprotected(connection)?.into_iter().next().map_or(Ok(()), |what| Err(StoreError::Damaged(what)))
}

/// Whether a database can be read: every table of ours is there, with every column. What else is not as the steps
/// make it keeps nobody from reading, least of all from what somebody did whom it should have kept away.
pub(super) fn check_tables(connection: &Connection) -> Result<(), StoreError> {
    let pattern = pattern()?;
    for table in objects(&pattern)?.into_iter().filter(|object| object.kind == "table") {
        let found = columns(connection, &table.name)?;
        if let Some(lost) = columns(&pattern, &table.name)?.into_iter().find(|column| !found.contains(column)) {
            let why = match found.is_empty() {
                true => format!("the table {} is missing", table.name),
                false => format!("the table {} has no column {lost}", table.name),
            };
            return Err(StoreError::Damaged(why));
        }
    }
    Ok(())
}

/// What of a database is not as the steps make it, a clause each: a table, an index or a trigger that is missing or was
/// changed, a trigger that is not ours. Further tables and indexes are the operator's affair.
pub(super) fn unprotected(connection: &Connection) -> Result<Vec<String>, StoreError> {
    let (ours, theirs) = (objects(&pattern()?)?, objects(connection)?);
    let lost = ours.iter().filter(|object| !theirs.contains(object)).map(|lost| {
        let is_there = theirs.iter().any(|object| (&object.kind, &object.name) == (&lost.kind, &lost.name));
        lost.clause(if is_there { "was changed" } else { "is missing" })
    });
    let is_ours = |name: &String| ours.iter().any(|object| object.kind == "trigger" && object.name == *name);
    let strange = theirs.iter().filter(|object| object.kind == "trigger" && !is_ours(&object.name));
    Ok(lost.chain(strange.take(MAX_STRANGE).map(|object| object.clause("is not ours"))).collect())
}

/// A database of nothing but what the steps make.
fn pattern() -> Result<Connection, StoreError> {
    let mut pattern = Connection::open_in_memory().map_err(fault)?;
    migrate(&mut pattern, STEPS)?;
    Ok(pattern)
}

#[derive(PartialEq)]
struct Object {
    kind: String,
    name: String,
    sql: String,
}

impl Object {
    /// Names may be anybody's: they are cut, and do nothing to whoever is shown them.
    fn clause(&self, what: &str) -> String {
        let name: String = self.name.chars().take(MAX_NAME).flat_map(char::escape_debug).collect();
        format!("the {} {name} {what}", self.kind)
    }
}

fn objects(connection: &Connection) -> Result<Vec<Object>, StoreError> {
    let sql = "SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL";
    let read = |row: &Row<'_>| Ok(Object { kind: text(row, 0)?, name: text(row, 1)?, sql: text(row, 2)? });
    all(connection, sql, [], read)
}

/// The columns that an ordinary table stores; none where there is no such table.
fn columns(connection: &Connection, table: &str) -> Result<Vec<String>, StoreError> {
    let sql = "SELECT c.name FROM pragma_table_list(?1) AS t JOIN pragma_table_info(t.name) AS c \
               WHERE t.schema = 'main' AND t.type = 'table'";
    all(connection, sql, [table], |row| text(row, 0))
}

fn all<T>(
    connection: &Connection,
    sql: &str,
    parameters: impl Params,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<T>, StoreError> {
    let mut statement = connection.prepare(sql).map_err(fault)?;
    let rows = statement.query_map(parameters, read).map_err(fault)?;
    rows.collect::<Result<_, _>>().map_err(fault)
}

/// A text that may be no UTF-8: names of others need not be.
fn text(row: &Row<'_>, column: usize) -> rusqlite::Result<String> {
    let bytes = row.get_ref(column)?.as_bytes().unwrap_or_default();
    Ok(String::from_utf8_lossy(bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: [&str; 2] = ["CREATE TABLE a (x)", "ALTER TABLE a ADD COLUMN y DEFAULT 7; INSERT INTO a (x) VALUES (1)"];

    #[test]
    fn steps_are_taken_once_and_in_order() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, &TWO[..1]).unwrap();
        assert_eq!(version(&connection).unwrap(), 1);
        connection.execute("INSERT INTO a VALUES (0)", []).unwrap();
        migrate(&mut connection, &TWO).unwrap();
        migrate(&mut connection, &TWO).unwrap();
        assert_eq!(version(&connection).unwrap(), 2);
        let sum: (i64, i64) =
            connection.query_row("SELECT count(*), sum(y) FROM a", [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        assert_eq!(sum, (2, 14));
    }

    #[test]
    fn a_step_that_fails_leaves_what_was() {
        let mut connection = Connection::open_in_memory().unwrap();
        let broken = [TWO[0], "CREATE TABLE b (x); CREATE TABLE a (x)"];
        migrate(&mut connection, &broken).unwrap_err();
        assert_eq!(version(&connection).unwrap(), 1);
        assert_eq!(objects(&connection).unwrap().len(), 1);
    }

    #[test]
    fn a_later_schema_is_left_alone() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, &TWO).unwrap();
        let outcome = migrate(&mut connection, &TWO[..1]);
        assert!(matches!(outcome, Err(StoreError::SchemaTooNew { found: 2, known: 1 })), "{outcome:?}");
    }
}
