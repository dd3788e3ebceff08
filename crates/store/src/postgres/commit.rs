//! A batch, all or nothing, in one flight: nothing is waited for between its first statement and its commit, but for
//! the parts of a batch that is too large for one message. Each statement that must find documents as they were read
//! fails where it does not; whatever follows then fails too, and the database makes of the commit a rollback.
//!
//! The head is written first, so that whoever else commits waits there and nowhere else: no two commits can wait
//! for one another. Which document was stale is found out afterwards, accounts before the Treasury before the
//! head.

use std::cell::Cell;
use std::collections::HashSet;
use std::slice;

use tokio_postgres::Error;
use tokio_postgres::error::SqlState;
use uuid::Uuid;

use super::cells::{Cells, number};
use super::columns::{self, Accounts, Acts, Answers, Checkpoints, Entries, NewEntries, Values};
use super::documents::{self, Documents};
use super::fault::fault;
use super::last::{self, Last};
use super::link::Client;
use super::{load, rows};
use crate::batch::{Batch, SignedCheckpoint};
use crate::error::StoreError;
use crate::head::Head;
use crate::store::Wanted;

/// Each statement takes rows as they are then, and waits for a row that somebody else is writing.
const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";
// Those that say how many rows they must write divide by 0 where it was another number.
const ERASE: &str = "WITH written AS (DELETE FROM countersign_personal AS p USING countersign_entries AS e \
    WHERE p.ledger_id = $1 AND e.ledger_id = $1 AND e.seq = p.seq AND e.transaction_id = ANY ($2::uuid[]) \
    RETURNING 1) SELECT 1 / (count(*) = cardinality($2::uuid[]))::int FROM written";

/// A batch as the database takes it.
struct Writes<'a> {
    ledger: Uuid,
    batch: &'a Batch,
    documents: Documents<'a>,
    /// `seq` of the entry that it follows.
    follows: i64,
    accounts: Accounts<'a>,
    opened: Accounts<'a>,
    /// The entry that it follows; none where there is none yet, or it does not matter.
    last: Option<Entries<'a>>,
    /// In parts, of which most batches have one.
    new: Vec<NewEntries<'a>>,
    answers: Answers<'a>,
    acts: Acts<'a>,
    checkpoints: Checkpoints<'a>,
    erased: Vec<Uuid>,
    /// Whether a statement failed: one that could not even be sent is not known to the database.
    failed: Cell<bool>,
    /// Whether the database answered to the end of the transaction, whatever it said.
    ended: Cell<bool>,
}

/// Writes a batch. It is durable when this returns.
pub(super) async fn commit(client: &Client, ledger: Uuid, batch: &Batch, known: &Last) -> Result<(), StoreError> {
    let mut writes = Writes::of(ledger, batch)?;
    let mut last = None;
    if writes.must_follow() {
        last = known.of(client, ledger, writes.follows, batch.basis.head.hash).await?;
        if last.is_none() {
            writes.explain(client).await?;
            return Err(writes.ends_otherwise());
        }
    }
    writes.last = last.as_ref().map(|last| Entries::of(slice::from_ref(last))).transpose()?;
    writes.prepare(client).await.map_err(fault)?;
    if let Err(error) = writes.write_all(client).await {
        if !writes.ended.get() {
            // Where this fails the connection is gone, and the transaction with it.
            let _ = client.batch_execute("ROLLBACK").await;
        }
        if let Some(&SqlState::DIVISION_BY_ZERO | &SqlState::UNIQUE_VIOLATION) = error.code() {
            writes.explain(client).await?;
        }
        return Err(fault(error));
    }
    batch.entries.last().into_iter().for_each(|last| known.keep(last));
    Ok(())
}

impl<'a> Writes<'a> {
    fn of(ledger: Uuid, batch: &'a Batch) -> Result<Self, StoreError> {
        batch.check_follows()?;
        check_erased(batch)?;
        if let Some(beyond) = batch.checkpoints.iter().find(|checkpoint| checkpoint.size > batch.head.seq) {
            return Err(beyond_head(beyond, batch.head.seq));
        }
        Ok(Self {
            ledger,
            batch,
            documents: Documents::of(batch)?,
            follows: number(batch.basis.head.seq)?,
            accounts: Accounts::of(&batch.accounts, &batch.basis.accounts)?,
            opened: Accounts::of(&batch.opened, &batch.basis.accounts)?,
            last: None,
            new: NewEntries::parts(batch)?,
            answers: Answers::of(&batch.answers),
            acts: Acts::of(&batch.acts)?,
            checkpoints: Checkpoints::of(&batch.checkpoints)?,
            erased: batch.erased.iter().map(|id| columns::uuid(id)).collect::<Result<_, _>>()?,
            failed: Cell::new(false),
            ended: Cell::new(false),
        })
    }

    /// Whether it matters which entry is the last.
    fn must_follow(&self) -> bool {
        self.follows > 0 && !self.batch.only_halts()
    }

    /// Statements that this batch needs, and whether it does.
    fn needed(&self) -> [(&'static str, bool); 9] {
        let batch = self.batch;
        [
            (documents::WRITE, true),
            (Entries::HOLD, self.last.is_some()),
            (Accounts::UPDATE, !batch.accounts.is_empty()),
            (Accounts::OPEN, !batch.opened.is_empty()),
            (NewEntries::INSERT, !self.new.is_empty()),
            (Answers::INSERT, !batch.answers.is_empty()),
            (Acts::INSERT, !batch.acts.is_empty()),
            (Checkpoints::INSERT, !batch.checkpoints.is_empty()),
            (ERASE, !batch.erased.is_empty()),
        ]
    }

    /// Prepares what is not yet prepared on this connection: a flight is in order only where nothing in it has to
    /// be prepared first.
    async fn prepare(&self, client: &Client) -> Result<(), Error> {
        for (sql, _) in self.needed().into_iter().filter(|(_, needed)| *needed) {
            client.prepare_cached(sql).await?;
        }
        Ok(())
    }

    /// Runs a statement of [`Self::needed`], where it is.
    async fn write(&self, client: &Client, sql: &'static str, mut values: Values<'_>) -> Result<(), Error> {
        if !self.needed().contains(&(sql, true)) {
            return Ok(());
        }
        values.insert(0, &self.ledger);
        let written = async {
            let statement = client.prepare_cached(sql).await?;
            client.execute(&statement, &values).await.map(|_| ())
        };
        written.await.inspect_err(|_| self.failed.set(true))
    }

    /// Ends the transaction. Where a statement failed in the database, that makes of the commit a rollback; where one
    /// was too long to be sent, it knows of none.
    async fn end(&self, client: &Client) -> Result<(), Error> {
        let ended = client.batch_execute(if self.failed.get() { "ROLLBACK" } else { "COMMIT" }).await;
        self.ended.set(ended.as_ref().err().is_none_or(|error| error.as_db_error().is_some()));
        ended
    }

    /// The flight.
    async fn write_all(&self, client: &Client) -> Result<(), Error> {
        let (taken, written) = tokio::join!(biased; self.take_documents(client), self.write_rows(client));
        taken.and(written)
    }

    /// What must be as it was read. All answers are waited for, so that what is told is what failed first.
    async fn take_documents(&self, client: &Client) -> Result<(), Error> {
        let answers: [_; 5] = tokio::join!(
            biased;
            client.batch_execute(BEGIN),
            self.write(client, documents::WRITE, self.documents.values()),
            self.write(client, Entries::HOLD, self.last.as_ref().map_or_else(Vec::new, Entries::first)),
            self.write(client, Accounts::UPDATE, self.accounts.for_update()),
            self.write(client, Accounts::OPEN, self.opened.for_opening()),
        )
        .into();
        answers.into_iter().collect()
    }

    /// What is new, and the end.
    async fn write_rows(&self, client: &Client) -> Result<(), Error> {
        let answers: [_; 6] = tokio::join!(
            biased;
            self.write(client, ERASE, vec![&self.erased]),
            self.write(client, NewEntries::INSERT, self.new.first().map_or_else(Vec::new, NewEntries::values)),
            self.write(client, Answers::INSERT, self.answers.values()),
            self.write(client, Acts::INSERT, self.acts.values()),
            self.write(client, Checkpoints::INSERT, self.checkpoints.values()),
            self.write_rest(client),
        )
        .into();
        answers.into_iter().collect()
    }

    /// Further parts of what is new, each waited for, and the end.
    async fn write_rest(&self, client: &Client) -> Result<(), Error> {
        let rest = async {
            for part in self.new.iter().skip(1) {
                self.write(client, NewEntries::INSERT, part.values()).await?;
            }
            Ok(())
        };
        rest.await.and(self.end(client).await)
    }

    /// Which document was not as it was read, once nothing of the batch was written, or what else was wrong.
    async fn explain(&self, client: &Client) -> Result<(), StoreError> {
        let Batch { basis, accounts, opened, treasury, .. } = self.batch;
        let ids = accounts.iter().chain(opened).map(|account| account.id.clone()).collect();
        let kept = load::load(client, &self.ledger, &Wanted { accounts: ids, ..Wanted::default() }).await?;
        for account in accounts {
            basis.hold_account(account, kept.accounts.get(&account.id))?;
        }
        if let Some(id) = opened.iter().map(|account| &account.id).filter(|id| kept.accounts.contains_key(*id)).min() {
            return Err(StoreError::Exists { what: format!("an account {id}") });
        }
        basis.hold_treasury(treasury.as_ref(), &kept.treasury)?;
        basis.hold_head(&kept.head)?;
        self.explain_rows(client).await
    }

    /// The same, where every document is as it was read.
    async fn explain_rows(&self, client: &Client) -> Result<(), StoreError> {
        let hash = self.batch.basis.head.hash;
        if self.must_follow() && last::read(client, self.ledger, self.follows, hash).await?.is_none() {
            return Err(self.ends_otherwise());
        }
        let sql = "SELECT count(*) FROM countersign_entries AS e JOIN countersign_personal AS p \
                   ON p.ledger_id = e.ledger_id AND p.seq = e.seq \
                   WHERE e.ledger_id = $1 AND e.transaction_id = ANY ($2::uuid[])";
        let statement = client.prepare_cached(sql).await.map_err(fault)?;
        let found = client.query_one(&statement, &[&self.ledger, &self.erased]).await.map_err(fault)?;
        if Cells::new(&found, rows::ENTRIES_TABLE).count(0)? == self.erased.len() as u64 {
            return Ok(());
        }
        let ids = self.batch.erased.join(", ");
        let why = format!("not each of these entries has a personal block to erase: {ids}");
        Err(StoreError::Refused { why })
    }

    fn ends_otherwise(&self) -> StoreError {
        let Head { seq, hash, .. } = &self.batch.basis.head;
        let why = format!("the ledger ends with the entry {seq} of hash {hash}, which the last entry is not");
        StoreError::Damaged(why)
    }
}

/// A personal block goes only with its ERASURE entry.
fn check_erased(batch: &Batch) -> Result<(), StoreError> {
    let erasures = batch.entries.iter().filter(|entry| entry.kind == "ERASURE");
    let named: HashSet<&str> = erasures.filter_map(|entry| entry.reference_id.as_deref()).collect();
    match batch.erased.iter().find(|id| !named.contains(id.as_str())) {
        Some(id) => Err(StoreError::Refused { why: format!("no ERASURE entry of the batch names the entry {id}") }),
        None => Ok(()),
    }
}

pub(super) fn beyond_head(checkpoint: &SignedCheckpoint, seq: u64) -> StoreError {
    StoreError::Refused { why: format!("a checkpoint of {} entries, where there are {seq}", checkpoint.size) }
}
