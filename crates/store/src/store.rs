//! The contract of a store.

use std::collections::HashMap;
use std::fmt::Debug;
use std::ops::RangeInclusive;
use std::path::Path;

use countersign_core::books::{Account, Referenced, Treasury};
use countersign_core::hash::Hash;
use countersign_core::merkle::{NodeId, border_nodes};
use countersign_core::seal::Record;
use countersign_core::timestamp::Timestamp;

use crate::act::Act;
use crate::batch::{Answer, Batch, SignedCheckpoint};
use crate::error::StoreError;
use crate::head::{Halt, Head, Identity};
use crate::making::Making;

/// What a batch of orders needs to know.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Accounts by id. Those that do not exist are left out of the answer.
    pub accounts: Vec<String>,
    /// Earlier entries by `transaction_id`, with what was refunded of each so far.
    pub referenced: Vec<String>,
    /// Answers by idempotency key.
    pub answers: Vec<String>,
    /// Senders whose latest entries' times are asked for, and since when. What is taken from an account by an
    /// operator's order, SYSTEM_BURN and TAX_COLLECTION, it did not send.
    pub sent: Vec<String>,
    /// From when on, for `sent`.
    pub sent_since: Option<Timestamp>,
}

/// What a store knows of it, all of one snapshot.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// Where the ledger ends.
    pub head: Head,
    /// The one Treasury.
    pub treasury: Treasury,
    /// By id.
    pub accounts: HashMap<String, Account>,
    /// By `transaction_id`.
    pub referenced: HashMap<String, Referenced>,
    /// By key.
    pub answers: HashMap<String, Answer>,
    /// By sender: when it sent, ascending.
    pub sent: HashMap<String, Vec<Timestamp>>,
}

/// Which entries a history is of. Each is answered from an index, the latest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Query {
    /// Sent by an account: index `(sender_id, created_at desc)`.
    SentBy(String),
    /// Received by an account: index `(receiver_id, created_at desc)`.
    ReceivedBy(String),
    /// Either; merged from both indexes.
    Of(String),
    /// Of a type: index `(type, created_at desc)`.
    OfType(String),
}

/// Which part of a history: at most `limit` entries or acts whose `seq` or number is below `before`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// The `seq`, or an act's number, that the page before ended with; `None` for the first page.
    pub before: Option<u64>,
    /// At most so many.
    pub limit: u32,
}

/// Most answers that are forgotten at once: nobody's commit waits for long.
pub const MAX_FORGOTTEN: u64 = 10_000;

/// Where a personal block still is that was erased, and is in no table any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remains {
    /// Nowhere that this database knows of.
    Nowhere,
    /// In its write-ahead log, while somebody reads.
    InTheLog,
    /// On the server's disk, until it vacuums the table and recycles its log; and where it was replicated or archived.
    OnTheServer,
}

/// Where a ledger is kept. Entries can be neither changed nor deleted, and the database itself sees to it.
pub trait Store: Debug + Send + Sync {
    /// Which ledger it is.
    fn identity(&self) -> &Identity;

    /// Everything that a batch of orders needs, from one snapshot.
    ///
    /// # Errors
    /// Those of the database.
    fn load(&self, wanted: &Wanted) -> Result<Loaded, StoreError>;

    /// Writes a batch durably, all or nothing.
    ///
    /// # Errors
    /// [`StoreError::Version`] where a document was written by somebody else meanwhile; [`StoreError::Damaged`] where
    /// one is not what the batch was made on though its version is, or the last entry not what the head says; those
    /// of the database. After [`StoreError::Lost`] it is not known whether the batch was written.
    fn commit(&self, batch: &Batch) -> Result<(), StoreError>;

    /// Writes a batch as [`Store::commit`] does, while it is still being made: where it [can](Store::writes_while_made),
    /// its first entries are written before the last are there. Whether there was a batch in the end; else nothing is
    /// written.
    ///
    /// # Errors
    /// As [`Store::commit`], and where several things are wrong with a batch, not always the same one. The batch may not
    /// be made to its end then.
    fn commit_while_made(&self, making: &mut dyn Making) -> Result<bool, StoreError> {
        making.batch().map_or(Ok(false), |batch| self.commit(batch).map(|()| true))
    }

    /// Whether [`Store::commit_while_made`] writes anything before the batch is whole.
    fn writes_while_made(&self) -> bool {
        false
    }

    /// Halts the ledger, whatever else of it can be read. A halt that stands is returned as it is, but for the one
    /// named by `over`, whose place it takes. A database replaces one that cannot be read, and reads nothing else but
    /// how many entries there are; a store around another one needs a head that can be read.
    ///
    /// # Errors
    /// As [`Store::commit`].
    fn halt(&self, halt: &Halt, over: Option<&Halt>) -> Result<Halt, StoreError> {
        let head = self.snapshot()?.head().clone();
        if let Some(standing) = head.halt.as_ref().filter(|standing| Some(*standing) != over) {
            return Ok(standing.clone());
        }
        let mut batch = Batch::on(head);
        batch.acts.push(Act::of_halt(halt, batch.head.seq));
        batch.head.halt = Some(halt.clone());
        self.commit(&batch)?;
        Ok(halt.clone())
    }

    /// Tries whether the ledger could be halted now, by whoever has it open: what a halt writes is written and taken back,
    /// whether one stands or not. A store around another one, which does not say, could.
    ///
    /// # Errors
    /// Why it could not; those of the database.
    fn try_halt(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Tries whether a batch could be written now, by whoever has it open: the database is asked for all that a batch
    /// needs, and nothing is written. A store around another one, which does not say, could.
    ///
    /// # Errors
    /// Why it could not; those of the database.
    fn try_commit(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// The ledger as it is now, to be read in peace: no commit waits for it.
    ///
    /// # Errors
    /// Those of the database.
    fn snapshot(&self) -> Result<Box<dyn Snapshot + '_>, StoreError>;

    /// One entry by its `seq`.
    ///
    /// # Errors
    /// Those of the database.
    fn entry(&self, seq: u64) -> Result<Option<Record>, StoreError>;

    /// One entry by its `transaction_id`.
    ///
    /// # Errors
    /// Those of the database.
    fn entry_by_id(&self, transaction_id: &str) -> Result<Option<Record>, StoreError>;

    /// Entries, the latest first.
    ///
    /// # Errors
    /// Those of the database.
    fn history(&self, query: &Query, page: Page) -> Result<Vec<Record>, StoreError>;

    /// Frozen accounts by id, from the index on `is_frozen_for_fraud`, at most `limit`, after `after`.
    ///
    /// # Errors
    /// Those of the database.
    fn frozen(&self, after: Option<&str>, limit: u32) -> Result<Vec<Account>, StoreError>;

    /// What operators did that is no entry, the latest first. A page goes by the acts' numbers.
    ///
    /// # Errors
    /// Those of the database.
    fn acts(&self, page: Page) -> Result<Vec<Act>, StoreError>;

    /// How the database would answer a query: its own plan, as text.
    ///
    /// # Errors
    /// Those of the database.
    fn plan(&self, query: &Query) -> Result<String, StoreError>;

    /// How the database would answer [`Store::frozen`].
    ///
    /// # Errors
    /// Those of the database.
    fn plan_frozen(&self) -> Result<String, StoreError>;

    /// Roots of complete subtrees, in the order asked for.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] where one is not kept; those of the database.
    fn nodes(&self, wanted: &[NodeId]) -> Result<Vec<Hash>, StoreError>;

    /// The latest checkpoint of at most `size` entries (`None`: of all).
    ///
    /// # Errors
    /// Those of the database.
    fn checkpoint(&self, size: Option<u64>) -> Result<Option<SignedCheckpoint>, StoreError>;

    /// Keeps a checkpoint of entries that are there already. Idempotent.
    ///
    /// # Errors
    /// Those of the database.
    fn keep_checkpoint(&self, checkpoint: &SignedCheckpoint) -> Result<(), StoreError>;

    /// Forgets answers given before a time, the oldest first and at most [`MAX_FORGOTTEN`]; how many.
    ///
    /// # Errors
    /// Those of the database.
    fn forget_answers(&self, before: Timestamp) -> Result<u64, StoreError>;

    /// What of the database's own protection is not as it was made, a clause each ("the trigger … is missing"): with
    /// any of it entries may have been changed, and may be. Looked for anew at each call. Nothing where all is there,
    /// and where a database protects by other means than what stands beside the tables.
    ///
    /// # Errors
    /// Those of the database.
    fn unprotected(&self) -> Result<Vec<String>, StoreError> {
        Ok(Vec::new())
    }

    /// Tries once more to rid what the database keeps beside its tables of blocks and names that were erased; where some
    /// are left. A commit that erases has tried already.
    ///
    /// # Errors
    /// Those of the database.
    fn rid_of_erased(&self) -> Result<Remains, StoreError>;

    /// Copies the whole database, while it is in use, to a file that is not there yet.
    ///
    /// # Errors
    /// [`StoreError::Unsupported`] where the database has tools of its own for that.
    fn backup(&self, to: &Path) -> Result<(), StoreError>;
}

/// A ledger as it was at one moment.
pub trait Snapshot {
    /// Where it ended.
    fn head(&self) -> &Head;

    /// Entries by `seq`, in order. Memory does not grow with their number.
    ///
    /// # Errors
    /// Those of the database, and what `each` returns.
    fn entries(
        &mut self,
        range: RangeInclusive<u64>,
        each: &mut dyn FnMut(Record) -> Result<(), StoreError>,
    ) -> Result<(), StoreError>;

    /// All accounts, by id.
    ///
    /// # Errors
    /// Those of the database, and what `each` returns.
    fn accounts(&mut self, each: &mut dyn FnMut(Account) -> Result<(), StoreError>) -> Result<(), StoreError>;

    /// The Treasury.
    ///
    /// # Errors
    /// Those of the database.
    fn treasury(&mut self) -> Result<Treasury, StoreError>;

    /// Roots of complete subtrees, in the order asked for.
    ///
    /// # Errors
    /// As [`Store::nodes`].
    fn nodes(&mut self, wanted: &[NodeId]) -> Result<Vec<Hash>, StoreError>;

    /// Roots of the complete subtrees of the first `size` entries, largest first: `prefix` of an export.
    ///
    /// # Errors
    /// As [`Store::nodes`].
    fn prefix(&mut self, size: u64) -> Result<Vec<Hash>, StoreError> {
        self.nodes(&border_nodes(size))
    }
}
