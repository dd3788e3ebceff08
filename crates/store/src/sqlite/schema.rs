//! The tables, and the steps from each version of them to the next.

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::fault::fault;
use crate::error::StoreError;

/// In the file's header, so that it is told from other databases: "CtSn".
pub(super) const APPLICATION_ID: i32 = 0x4374_536e;
/// Step `n`, counted from 1, brings schema `n − 1` to `n`.
pub(super) const STEPS: &[&str] = &[include_str!("schema_1.sql")];

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

/// Holds the tables, indexes and triggers of a database to what the steps make: one that is missing, was
/// changed, or a trigger that is not ours, is damage. Further tables and indexes are the operator's affair.
pub(super) fn check(connection: &Connection) -> Result<(), StoreError> {
    let mut pattern = Connection::open_in_memory().map_err(fault)?;
    migrate(&mut pattern, STEPS)?;
    let (ours, theirs) = (objects(&pattern)?, objects(connection)?);
    if let Some(lost) = ours.iter().find(|object| !theirs.contains(object)) {
        return Err(StoreError::Damaged(format!("the {} {} is missing or was changed", lost.kind, lost.name)));
    }
    match theirs.iter().find(|object| object.kind == "trigger" && !ours.contains(object)) {
        Some(strange) => Err(StoreError::Damaged(format!("there is a strange trigger, {}", strange.name))),
        None => Ok(()),
    }
}

#[derive(PartialEq)]
struct Object {
    kind: String,
    name: String,
    sql: String,
}

fn objects(connection: &Connection) -> Result<Vec<Object>, StoreError> {
    let sql = "SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL";
    let mut statement = connection.prepare(sql).map_err(fault)?;
    let read = |row: &rusqlite::Row<'_>| Ok(Object { kind: row.get(0)?, name: row.get(1)?, sql: row.get(2)? });
    let objects = statement.query_map([], read).map_err(fault)?;
    objects.collect::<Result<_, _>>().map_err(fault)
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
