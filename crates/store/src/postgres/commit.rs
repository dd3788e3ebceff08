//! A batch, all or nothing, in two flights. The first takes the head and the documents where they are as they
//! were read; the second writes what is new, and commits.
//!
//! The head is written first, so that whoever else commits waits there and nowhere else: no two commits can wait
//! for one another. Which document was stale is found out afterwards, accounts before the Treasury before the
//! head.

use std::collections::{HashMap, HashSet};

use countersign_core::hash::Hash;
use tokio_postgres::types::{Json, Type};
use tokio_postgres::{Error, Row};
use uuid::Uuid;

use super::cells::{Cells, moment, number};
use super::columns::{self, Accounts, Acts, Answers, Checkpoints, Digest, Entries, Nodes, Personals, Values};
use super::fault::fault;
use super::link::Client;
use super::rows;
use crate::batch::{Batch, SignedCheckpoint};
use crate::error::{Document, StoreError, VersionError};
use crate::head::Head;

/// Each statement takes rows as they are then, and waits for a row that somebody else is writing.
const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";
const HEAD: &str = "UPDATE countersign_ledger SET version = version + 1, seq = $3, hash = $4, time = $5, roots = $6, \
    totals = $7, halt = $8 WHERE ledger_id = $1 AND version = $2 AND seq = $9 AND hash = $10";
const TREASURY: &str = "UPDATE countersign_treasury SET version = version + 1, collected = $3, transactions = $4, \
    last_collection_at = $5, last_withdrawal_at = $6, last_withdrawal_by = $7 WHERE ledger_id = $1 AND version = $2";
const ERASE: &str = "DELETE FROM countersign_personal AS p USING countersign_entries AS e \
    WHERE p.ledger_id = $1 AND e.ledger_id = $1 AND e.seq = p.seq AND e.transaction_id = ANY ($2::uuid[])";
/// The entry that the head names, and whether one follows it. Its personal block is not asked for. Planned anew each
/// time: to a plan that was made while there were few entries, any index would do.
const LAST: &str = "SELECT e.seq, e.transaction_id, e.created_at, e.type, e.currency, e.amount_gross, \
    e.tax_withheld, e.amount_net, e.tax_type, e.sender_id, e.receiver_id, e.operator_id, e.reference_id, \
    e.personal_hash, e.previous_hash, e.current_hash, NULL::text AS salt, \
    EXISTS (SELECT 1 FROM countersign_entries WHERE ledger_id = $1 AND seq = $2 + 1) AS is_followed \
    FROM countersign_entries AS e WHERE e.ledger_id = $1 AND e.seq = $2";
const VERSIONS: &str = "SELECT id, version FROM countersign_accounts WHERE ledger_id = $1 AND id = ANY ($2::text[])";

/// A batch as the database takes it.
struct Writes<'a> {
    ledger: Uuid,
    batch: &'a Batch,
    /// `seq` and hash of the entry that it follows.
    follows: (u64, Hash),
    /// Version and `seq` of the head, and the `seq` before the batch.
    counts: [i64; 3],
    /// The Treasury's version and transactions.
    treasury_counts: [i64; 2],
    accounts: Accounts<'a>,
    opened: Accounts<'a>,
    entries: Entries<'a>,
    personals: Personals<'a>,
    nodes: Nodes,
    answers: Answers<'a>,
    acts: Acts<'a>,
    checkpoints: Checkpoints<'a>,
    erased: Vec<Uuid>,
}

/// Writes a batch. It is durable when this returns.
pub(super) async fn commit(client: &Client, ledger: Uuid, batch: &Batch) -> Result<(), StoreError> {
    let writes = Writes::of(ledger, batch)?;
    writes.prepare(client).await.map_err(fault)?;
    let outcome = async {
        if !writes.take_documents(client).await? {
            return Ok(false);
        }
        writes.write_and_commit(client).await.map(|()| true)
    };
    let outcome = outcome.await;
    if !matches!(outcome, Ok(true)) {
        // Where this fails the connection is gone, and the transaction with it.
        let _ = client.batch_execute("ROLLBACK").await;
    }
    match outcome {
        Ok(true) => Ok(()),
        Ok(false) => Err(writes.explain(client).await?),
        Err(error) => Err(error),
    }
}

impl<'a> Writes<'a> {
    fn of(ledger: Uuid, batch: &'a Batch) -> Result<Self, StoreError> {
        let (seq, hash) = follows(batch);
        batch.check_follows(seq, &hash)?;
        check_erased(batch)?;
        if let Some(beyond) = batch.checkpoints.iter().find(|checkpoint| checkpoint.size > batch.head.seq) {
            return Err(beyond_head(beyond, batch.head.seq));
        }
        let (version, transactions) =
            batch.treasury.as_ref().map_or((0, 0), |treasury| (treasury.version, treasury.transactions));
        Ok(Self {
            ledger,
            batch,
            follows: (seq, hash),
            counts: [number(batch.head.version)?, number(batch.head.seq)?, number(seq)?],
            treasury_counts: [number(version)?, number(transactions)?],
            accounts: Accounts::of(&batch.accounts)?,
            opened: Accounts::of(&batch.opened)?,
            entries: Entries::of(&batch.entries)?,
            personals: Personals::of(&batch.entries)?,
            nodes: Nodes::of(&batch.nodes)?,
            answers: Answers::of(&batch.answers),
            acts: Acts::of(&batch.acts)?,
            checkpoints: Checkpoints::of(&batch.checkpoints)?,
            erased: batch.erased.iter().map(|id| columns::uuid(id)).collect::<Result<_, _>>()?,
        })
    }

    /// Statements that this batch needs, and whether it does.
    fn needed(&self) -> [(&'static str, bool); 11] {
        let batch = self.batch;
        [
            (HEAD, true),
            (Accounts::UPDATE, !batch.accounts.is_empty()),
            (Accounts::OPEN, !batch.opened.is_empty()),
            (TREASURY, batch.treasury.is_some()),
            (Entries::INSERT, !batch.entries.is_empty()),
            (Personals::INSERT, !self.personals.is_empty()),
            (Nodes::INSERT, !batch.nodes.is_empty()),
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

    /// Runs a statement of [`Self::needed`], where it is; how many rows it wrote.
    async fn write(&self, client: &Client, sql: &'static str, mut values: Values<'_>) -> Result<u64, Error> {
        if !self.needed().contains(&(sql, true)) {
            return Ok(0);
        }
        values.insert(0, &self.ledger);
        let statement = client.prepare_cached(sql).await?;
        client.execute(&statement, &values).await
    }

    /// The first flight. Whether every document was as it was read.
    async fn take_documents(&self, client: &Client) -> Result<bool, StoreError> {
        let (_, head, last, accounts, opened, treasury) = tokio::try_join!(
            biased;
            client.batch_execute(BEGIN),
            self.write_head(client),
            self.read_last(client),
            self.write(client, Accounts::UPDATE, self.accounts.for_update()),
            self.write(client, Accounts::OPEN, self.opened.for_opening()),
            self.write_treasury(client),
        )
        .map_err(fault)?;
        let treasuries = u64::from(self.batch.treasury.is_some());
        if (head, accounts, opened, treasury) != (1, self.accounts.len(), self.opened.len(), treasuries) {
            return Ok(false);
        }
        if !self.batch.only_halts() {
            self.check_last(&last)?;
        }
        Ok(true)
    }

    async fn read_last(&self, client: &Client) -> Result<Vec<Row>, Error> {
        if self.batch.only_halts() {
            return Ok(Vec::new());
        }
        let [_, _, before] = &self.counts;
        client.query_typed(LAST, &[(&self.ledger, Type::UUID), (before, Type::INT8)]).await
    }

    /// Holds the last entry to the ledger's own row: a chain whose head does not verify is not extended.
    fn check_last(&self, last: &[Row]) -> Result<(), StoreError> {
        let (seq, hash) = self.follows;
        let verifies = |row: &Row| {
            let last = rows::record(row)?;
            let followed: bool = Cells::new(row, rows::ENTRIES_TABLE).value(17)?;
            Ok::<_, StoreError>(!followed && last.hash() == Some(hash) && last.entry().content_hash() == hash)
        };
        if last.first().map_or(Ok(seq == 0), verifies)? {
            return Ok(());
        }
        let why = format!("the ledger ends with the entry {seq} of hash {hash}, which the last entry is not");
        Err(StoreError::Damaged(why))
    }

    async fn write_head(&self, client: &Client) -> Result<u64, Error> {
        let head = &self.batch.head;
        let roots: Vec<u8> = head.range.roots().iter().flat_map(|root| root.0).collect();
        let (hash, time, previous) = (Digest(head.hash), head.time.map(moment), Digest(self.follows.1));
        let (totals, halt) = (Json(&head.totals), head.halt.as_ref().map(Json));
        let [version, seq, before] = &self.counts;
        self.write(client, HEAD, vec![version, seq, &hash, &time, &roots, &totals, &halt, before, &previous]).await
    }

    async fn write_treasury(&self, client: &Client) -> Result<u64, Error> {
        let Some(treasury) = &self.batch.treasury else { return Ok(0) };
        let [version, transactions] = &self.treasury_counts;
        let [collection, withdrawal] =
            [treasury.last_collection_at, treasury.last_withdrawal_at].map(|time| time.map(moment));
        let (collected, by) = (Json(&treasury.collected), &treasury.last_withdrawal_by);
        self.write(client, TREASURY, vec![version, &collected, transactions, &collection, &withdrawal, by]).await
    }

    /// The second flight: nobody else can have written meanwhile, so nothing has to be waited for before the commit.
    /// Where a statement failed, the database makes of the commit a rollback.
    async fn write_and_commit(&self, client: &Client) -> Result<(), StoreError> {
        if !self.erased.is_empty() {
            self.erase(client).await?;
        }
        tokio::try_join!(
            biased;
            self.write(client, Entries::INSERT, self.entries.values()),
            self.write(client, Personals::INSERT, self.personals.values()),
            self.write(client, Nodes::INSERT, self.nodes.values()),
            self.write(client, Answers::INSERT, self.answers.values()),
            self.write(client, Acts::INSERT, self.acts.values()),
            self.write(client, Checkpoints::INSERT, self.checkpoints.values()),
            client.batch_execute("COMMIT"),
        )
        .map_err(fault)?;
        Ok(())
    }

    async fn erase(&self, client: &Client) -> Result<(), StoreError> {
        let erased = self.write(client, ERASE, vec![&self.erased]).await.map_err(fault)?;
        if erased == self.erased.len() as u64 {
            return Ok(());
        }
        let ids = self.batch.erased.join(", ");
        Err(StoreError::Refused { why: format!("not each of these entries has a personal block to erase: {ids}") })
    }

    /// Which document was not as it was read, once the transaction was rolled back.
    async fn explain(&self, client: &Client) -> Result<StoreError, StoreError> {
        let accounts = self.versions(client, &self.accounts).await?;
        for account in &self.batch.accounts {
            let found = accounts.get(&account.id).copied().unwrap_or(0);
            if found != account.version {
                return Ok(stale(Document::Account(account.id.clone()), account.version, found));
            }
        }
        if let Some(id) = self.versions(client, &self.opened).await?.keys().min() {
            return Ok(StoreError::Exists { what: format!("an account {id}") });
        }
        if let Some(treasury) = &self.batch.treasury {
            let found = rows::treasury(&self.read(client, rows::TREASURY).await?)?.version;
            if found != treasury.version {
                return Ok(stale(Document::Treasury, treasury.version, found));
            }
        }
        let head = rows::head(&self.read(client, rows::HEAD).await?)?;
        self.explain_head(&head)
    }

    fn explain_head(&self, head: &Head) -> Result<StoreError, StoreError> {
        if head.version != self.batch.head.version {
            return Ok(stale(Document::Ledger, self.batch.head.version, head.version));
        }
        self.batch.check_follows(head.seq, &head.hash)?;
        // Somebody wrote between the two looks, and then put back what was there.
        Ok(StoreError::Busy { why: "a document changed and changed back".to_owned() })
    }

    async fn versions(&self, client: &Client, accounts: &Accounts<'_>) -> Result<HashMap<String, u64>, StoreError> {
        let statement = client.prepare_cached(VERSIONS).await.map_err(fault)?;
        let found = client.query(&statement, &[&self.ledger, accounts.ids()]).await.map_err(fault)?;
        let read = |row: &Row| {
            let row = Cells::new(row, rows::ACCOUNTS_TABLE);
            Ok((row.text(0)?, row.count(1)?))
        };
        found.iter().map(read).collect()
    }

    async fn read(&self, client: &Client, sql: &str) -> Result<Vec<Row>, StoreError> {
        let statement = client.prepare_cached(sql).await.map_err(fault)?;
        client.query(&statement, &[&self.ledger]).await.map_err(fault)
    }
}

/// `seq` and hash of the entry that a batch says it follows.
fn follows(batch: &Batch) -> (u64, Hash) {
    match batch.entries.first() {
        Some(first) => (first.seq.saturating_sub(1), Hash::parse(&first.previous_hash).unwrap_or_default()),
        None => (batch.head.seq, batch.head.hash),
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

fn stale(document: Document, expected: u64, found: u64) -> StoreError {
    VersionError { document, expected, found }.into()
}

pub(super) fn beyond_head(checkpoint: &SignedCheckpoint, seq: u64) -> StoreError {
    StoreError::Refused { why: format!("a checkpoint of {} entries, where there are {seq}", checkpoint.size) }
}
