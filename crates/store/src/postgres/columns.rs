//! From entries and documents to arrays, one for each column: a statement writes a whole batch of rows.

use std::collections::HashMap;
use std::iter;
use std::time::SystemTime;

use countersign_core::books::{Account, Sums};
use countersign_core::grammar;
use countersign_core::hash::Hash;
use countersign_core::merkle::NodeId;
use countersign_core::money::Amount;
use countersign_core::seal::Record;
use countersign_core::timestamp::Timestamp;
use rust_decimal::Decimal;
use tokio_postgres::types::{IsNull, Json, ToSql, Type, to_sql_checked};
use uuid::Uuid;

use super::cells::{moment, number};
use crate::act::Act;
use crate::batch::{Answer, Batch, SignedCheckpoint};
use crate::error::StoreError;

/// What is handed to a statement.
pub(super) type Values<'a> = Vec<&'a (dyn ToSql + Sync)>;

/// A hash as the database takes it: its bytes.
#[derive(Debug)]
pub(super) struct Digest(pub(super) Hash);

impl ToSql for Digest {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut bytes::BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        self.0.0.as_slice().to_sql(kind, out)
    }

    fn accepts(kind: &Type) -> bool {
        *kind == Type::BYTEA
    }

    to_sql_checked!();
}

/// `transaction_id` as the database takes it.
pub(super) fn uuid(text: &str) -> Result<Uuid, StoreError> {
    let refused = || StoreError::Refused { why: format!("{text:?} is no UUID in lowercase with hyphens") };
    grammar::uuid(text).map(Uuid::from_u128).ok_or_else(refused)
}

/// Columns of entries.
#[derive(Default)]
pub(super) struct Entries<'a> {
    seq: Vec<i64>,
    transaction_id: Vec<Uuid>,
    created_at: Vec<SystemTime>,
    /// Type, currency, sender and receiver.
    texts: [Vec<&'a str>; 4],
    /// Gross, tax and net.
    amounts: [Vec<Decimal>; 3],
    /// Tax type, operator and reference.
    optional: [Vec<Option<&'a str>>; 3],
    /// Of the personal block, of the entry before, and its own.
    hashes: [Vec<Digest>; 3],
}

impl<'a> Entries<'a> {
    /// Divides by 0 where the first of them is not as it was written, but for its personal block.
    pub(super) const HOLD: &'static str = "SELECT 1 / count(*) FROM countersign_entries WHERE ledger_id = $1 \
        AND seq = $2 AND transaction_id = $3 AND created_at = $4 AND type = $5 AND currency = $6 AND sender_id = $7 \
        AND receiver_id = $8 AND amount_gross = $9 AND tax_withheld = $10 AND amount_net = $11 \
        AND tax_type IS NOT DISTINCT FROM $12 AND operator_id IS NOT DISTINCT FROM $13 \
        AND reference_id IS NOT DISTINCT FROM $14 AND personal_hash = $15 AND previous_hash = $16 \
        AND current_hash = $17";

    pub(super) fn of(records: &'a [Record]) -> Result<Self, StoreError> {
        let mut columns = Self::default();
        records.iter().try_for_each(|record| columns.push(record))?;
        Ok(columns)
    }

    fn push(&mut self, record: &'a Record) -> Result<(), StoreError> {
        let refused = |what: &str| StoreError::Refused { why: format!("entry {}: {what}", record.seq) };
        let time = Timestamp::parse(record.created_at.as_bytes()).ok_or_else(|| refused("created_at is no time"))?;
        self.seq.push(number(record.seq)?);
        self.transaction_id.push(uuid(&record.transaction_id)?);
        self.created_at.push(moment(time));
        let texts = [&record.kind, &record.currency, &record.sender_id, &record.receiver_id];
        append(&mut self.texts, texts.map(String::as_str));
        let optional = [&record.tax_type, &record.operator_id, &record.reference_id];
        append(&mut self.optional, optional.map(Option::as_deref));
        let amounts = [&record.amount_gross, &record.tax_withheld, &record.amount_net];
        for (column, text) in self.amounts.iter_mut().zip(amounts) {
            let amount = Amount::parse(text.as_bytes()).ok_or_else(|| refused("an amount is none"))?;
            column.push(amount.to_decimal());
        }
        let hashes = [&record.personal_hash, &record.previous_hash, &record.current_hash];
        for (column, text) in self.hashes.iter_mut().zip(hashes) {
            column.push(Digest(Hash::parse(text).ok_or_else(|| refused("a hash is none"))?));
        }
        Ok(())
    }

    /// For [`Entries::HOLD`].
    ///
    /// # Panics
    /// Where there are none.
    pub(super) fn first(&self) -> Values<'_> {
        let mut values: Values<'_> = vec![&self.seq[0], &self.transaction_id[0], &self.created_at[0]];
        self.texts.iter().for_each(|column| values.push(&column[0]));
        self.amounts.iter().for_each(|column| values.push(&column[0]));
        self.optional.iter().for_each(|column| values.push(&column[0]));
        self.hashes.iter().for_each(|column| values.push(&column[0]));
        values
    }

    fn values(&self) -> Values<'_> {
        let mut values: Values<'_> = vec![&self.seq, &self.transaction_id, &self.created_at];
        self.texts.iter().for_each(|column| values.push(column));
        self.amounts.iter().for_each(|column| values.push(column));
        self.optional.iter().for_each(|column| values.push(column));
        self.hashes.iter().for_each(|column| values.push(column));
        values
    }
}

/// Appends to each column its value.
fn append<T, const N: usize>(columns: &mut [Vec<T>; N], row: [T; N]) {
    columns.iter_mut().zip(row).for_each(|(column, value)| column.push(value));
}

/// Columns of the personal blocks of new entries.
#[derive(Default)]
struct Personals<'a> {
    seq: Vec<i64>,
    salt: Vec<&'a str>,
    /// Usernames, description, address and user agent.
    texts: [Vec<Option<&'a str>>; 5],
}

impl<'a> Personals<'a> {
    fn of(records: &'a [Record]) -> Result<Self, StoreError> {
        let mut columns = Self::default();
        for record in records {
            let Some(personal) = &record.personal else { continue };
            columns.seq.push(number(record.seq)?);
            columns.salt.push(&personal.salt);
            let texts = [
                &personal.sender_username,
                &personal.receiver_username,
                &personal.description,
                &personal.ip_address,
                &personal.user_agent,
            ];
            append(&mut columns.texts, texts.map(Option::as_deref));
        }
        Ok(columns)
    }

    fn values(&self) -> Values<'_> {
        let mut values: Values<'_> = vec![&self.seq, &self.salt];
        self.texts.iter().for_each(|column| values.push(column));
        values
    }
}

/// Columns of accounts as they were read; NULL in each where that is not known.
#[derive(Default)]
struct AccountsRead<'a> {
    balances: Vec<Option<Json<&'a Sums>>>,
    /// Frozen, active and banned.
    flags: [Vec<Option<bool>>; 3],
    username: Vec<Option<&'a str>>,
    /// Opened and last written.
    times: [Vec<Option<SystemTime>>; 2],
}

impl<'a> AccountsRead<'a> {
    fn push(&mut self, read: Option<&'a Account>) {
        self.balances.push(read.map(|account| Json(&account.balances)));
        let flags = |account: &Account| [account.is_frozen_for_fraud, account.is_active, account.is_banned].map(Some);
        append(&mut self.flags, read.map_or([None; 3], flags));
        self.username.push(read.and_then(|account| account.username.as_deref()));
        let times = |account: &Account| [account.created_at, account.updated_at].map(moment).map(Some);
        append(&mut self.times, read.map_or([None; 2], times));
    }

    fn values(&self) -> Values<'_> {
        let [frozen, active, banned] = &self.flags;
        let [created, updated] = &self.times;
        vec![&self.balances, frozen, active, banned, &self.username, created, updated]
    }
}

/// Columns of accounts.
#[derive(Default)]
pub(super) struct Accounts<'a> {
    read: AccountsRead<'a>,
    id: Vec<&'a str>,
    version: Vec<i64>,
    balances: Vec<Json<&'a Sums>>,
    /// Frozen, active and banned.
    flags: [Vec<bool>; 3],
    username: Vec<Option<&'a str>>,
    created_at: Vec<SystemTime>,
    updated_at: Vec<SystemTime>,
}

impl<'a> Accounts<'a> {
    /// Divides by 0 where not each account is as it was read. Each is looked up by itself, whatever PostgreSQL thinks of
    /// the table's size: what is not there, or is not as it was, is left out first, and what is there is then found by
    /// its key, as only an insert that meets it must.
    pub(super) const UPDATE: &'static str = "WITH written AS (INSERT INTO countersign_accounts AS a (ledger_id, id, \
        version, balances, is_frozen_for_fraud, is_active, is_banned, username, created_at, updated_at) \
        SELECT $1, new.id, new.version, new.balances, new.frozen, new.active, new.banned, new.username, \
        kept.created_at, new.updated_at FROM unnest($2::text[], $3::bigint[], $4::jsonb[], \
        $5::boolean[], $6::boolean[], $7::boolean[], $8::text[], $9::timestamptz[], $10::jsonb[], $11::boolean[], \
        $12::boolean[], $13::boolean[], $14::text[], $15::timestamptz[], $16::timestamptz[]) \
        AS new (id, version, balances, frozen, active, banned, username, updated_at, balances_read, frozen_read, \
        active_read, banned_read, username_read, created_read, updated_read) \
        CROSS JOIN LATERAL (SELECT balances, is_frozen_for_fraud, is_active, is_banned, username, created_at, updated_at \
        FROM countersign_accounts WHERE ledger_id = $1 AND id = new.id LIMIT 1) AS kept \
        WHERE new.updated_read IS NULL OR (kept.balances = new.balances_read \
        AND kept.is_frozen_for_fraud = new.frozen_read AND kept.is_active = new.active_read \
        AND kept.is_banned = new.banned_read AND kept.username IS NOT DISTINCT FROM new.username_read \
        AND kept.created_at = new.created_read AND kept.updated_at = new.updated_read) \
        ON CONFLICT (ledger_id, id) DO UPDATE SET version = a.version + 1, balances = excluded.balances, \
        is_frozen_for_fraud = excluded.is_frozen_for_fraud, is_active = excluded.is_active, \
        is_banned = excluded.is_banned, username = excluded.username, updated_at = excluded.updated_at \
        WHERE a.version = excluded.version RETURNING 1) \
        SELECT 1 / (count(*) = cardinality($2::text[]))::int FROM written";
    /// Divides by 0 where there is one of them already.
    pub(super) const OPEN: &'static str = "WITH written AS (INSERT INTO countersign_accounts (ledger_id, id, version, \
        balances, is_frozen_for_fraud, is_active, is_banned, username, created_at, updated_at) \
        SELECT $1, new.id, 1, new.balances, new.frozen, new.active, new.banned, new.username, new.created_at, \
        new.updated_at FROM unnest($2::text[], $3::jsonb[], $4::boolean[], $5::boolean[], $6::boolean[], $7::text[], \
        $8::timestamptz[], $9::timestamptz[]) \
        AS new (id, balances, frozen, active, banned, username, created_at, updated_at) \
        ON CONFLICT (ledger_id, id) DO NOTHING RETURNING 1) \
        SELECT 1 / (count(*) = cardinality($2::text[]))::int FROM written";

    /// `read`: as they were read, by id.
    pub(super) fn of(accounts: &'a [Account], read: &'a HashMap<String, Account>) -> Result<Self, StoreError> {
        let mut columns = Self::default();
        for account in accounts {
            columns.read.push(read.get(&account.id));
            columns.id.push(&account.id);
            columns.version.push(number(account.version)?);
            columns.balances.push(Json(&account.balances));
            let flags = [account.is_frozen_for_fraud, account.is_active, account.is_banned];
            columns.flags.iter_mut().zip(flags).for_each(|(column, flag)| column.push(flag));
            columns.username.push(account.username.as_deref());
            columns.created_at.push(moment(account.created_at));
            columns.updated_at.push(moment(account.updated_at));
        }
        Ok(columns)
    }

    pub(super) fn for_update(&self) -> Values<'_> {
        let [frozen, active, banned] = &self.flags;
        let mut values: Values<'_> =
            vec![&self.id, &self.version, &self.balances, frozen, active, banned, &self.username, &self.updated_at];
        values.extend(self.read.values());
        values
    }

    pub(super) fn for_opening(&self) -> Values<'_> {
        let [frozen, active, banned] = &self.flags;
        vec![&self.id, &self.balances, frozen, active, banned, &self.username, &self.created_at, &self.updated_at]
    }
}

/// Columns of nodes.
#[derive(Default)]
struct Nodes {
    level: Vec<i16>,
    index: Vec<i64>,
    hash: Vec<Digest>,
}

impl Nodes {
    fn of(nodes: &[(NodeId, Hash)]) -> Result<Self, StoreError> {
        let mut columns = Self::default();
        for (id, hash) in nodes {
            columns.level.push(id.level.into());
            columns.index.push(number(id.index)?);
            columns.hash.push(Digest(*hash));
        }
        Ok(columns)
    }

    fn values(&self) -> Values<'_> {
        vec![&self.level, &self.index, &self.hash]
    }
}

/// Columns of new entries, of their personal blocks, and of nodes that they complete.
pub(super) struct NewEntries<'a> {
    entries: Entries<'a>,
    personals: Personals<'a>,
    nodes: Nodes,
}

impl<'a> NewEntries<'a> {
    /// Most rows of a table that go into one statement: what is sent at once has its limit, and a whole ledger may be
    /// imported as one batch.
    const MOST: usize = 10_000;

    /// In one statement: each costs as much by itself as a row.
    pub(super) const INSERT: &'static str = "WITH \
        personal AS (INSERT INTO countersign_personal (ledger_id, seq, salt, sender_username, receiver_username, \
        description, ip_address, user_agent) SELECT $1, new.* FROM unnest($18::bigint[], $19::text[], $20::text[], \
        $21::text[], $22::text[], $23::text[], $24::text[]) AS new), \
        nodes AS (INSERT INTO countersign_nodes (ledger_id, level, idx, hash) \
        SELECT $1, new.* FROM unnest($25::smallint[], $26::bigint[], $27::bytea[]) AS new) \
        INSERT INTO countersign_entries (ledger_id, seq, transaction_id, created_at, type, currency, sender_id, \
        receiver_id, amount_gross, tax_withheld, amount_net, tax_type, operator_id, reference_id, personal_hash, \
        previous_hash, current_hash) SELECT $1, new.* FROM unnest($2::bigint[], $3::uuid[], $4::timestamptz[], \
        $5::text[], $6::text[], $7::text[], $8::text[], $9::numeric[], $10::numeric[], $11::numeric[], $12::text[], \
        $13::text[], $14::text[], $15::bytea[], $16::bytea[], $17::bytea[]) AS new";

    /// Those of a batch, in as many parts as it needs.
    pub(super) fn parts(batch: &'a Batch) -> Result<Vec<Self>, StoreError> {
        let (mut entries, mut nodes) = (batch.entries.chunks(Self::MOST), batch.nodes.chunks(Self::MOST));
        let part = || match (entries.next(), nodes.next()) {
            (None, None) => None,
            (entries, nodes) => Some(Self::of(entries.unwrap_or_default(), nodes.unwrap_or_default())),
        };
        iter::from_fn(part).collect()
    }

    fn of(entries: &'a [Record], nodes: &[(NodeId, Hash)]) -> Result<Self, StoreError> {
        Ok(Self { entries: Entries::of(entries)?, personals: Personals::of(entries)?, nodes: Nodes::of(nodes)? })
    }

    pub(super) fn values(&self) -> Values<'_> {
        let mut values = self.entries.values();
        values.extend(self.personals.values());
        values.extend(self.nodes.values());
        values
    }
}

/// Columns of answers.
#[derive(Default)]
pub(super) struct Answers<'a> {
    key: Vec<&'a str>,
    asked: Vec<Digest>,
    answer: Vec<&'a str>,
    at: Vec<SystemTime>,
}

impl<'a> Answers<'a> {
    pub(super) const INSERT: &'static str = "INSERT INTO countersign_answers (ledger_id, key, asked, answer, at) \
        SELECT $1, new.* FROM unnest($2::text[], $3::bytea[], $4::text[], $5::timestamptz[]) AS new";

    pub(super) fn of(answers: &'a [Answer]) -> Self {
        let mut columns = Self::default();
        for answer in answers {
            columns.key.push(&answer.key);
            columns.asked.push(Digest(answer.asked));
            columns.answer.push(&answer.answer);
            columns.at.push(moment(answer.at));
        }
        columns
    }

    pub(super) fn values(&self) -> Values<'_> {
        vec![&self.key, &self.asked, &self.answer, &self.at]
    }
}

/// Columns of acts.
#[derive(Default)]
pub(super) struct Acts<'a> {
    kind: Vec<&'static str>,
    /// Account, operator and reason.
    optional: [Vec<Option<&'a str>>; 3],
    at: Vec<SystemTime>,
    seq: Vec<i64>,
}

impl<'a> Acts<'a> {
    /// Whoever writes acts has the head, so that nobody else counts them meanwhile.
    pub(super) const INSERT: &'static str = "INSERT INTO countersign_acts (ledger_id, number, kind, account, operator, \
        reason, at, seq) SELECT $1, new.nth + (SELECT coalesce(max(number), 0) FROM countersign_acts AS kept \
        WHERE kept.ledger_id = $1), new.kind, new.account, new.operator, new.reason, new.at, new.seq \
        FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::bigint[]) \
        WITH ORDINALITY AS new (kind, account, operator, reason, at, seq, nth)";

    pub(super) fn of(acts: &'a [Act]) -> Result<Self, StoreError> {
        let mut columns = Self::default();
        for act in acts {
            columns.kind.push(act.kind.name());
            append(&mut columns.optional, [&act.account, &act.by, &act.reason].map(Option::as_deref));
            columns.at.push(moment(act.at));
            columns.seq.push(number(act.seq)?);
        }
        Ok(columns)
    }

    pub(super) fn values(&self) -> Values<'_> {
        let [account, operator, reason] = &self.optional;
        vec![&self.kind, account, operator, reason, &self.at, &self.seq]
    }
}

/// Columns of checkpoints.
#[derive(Default)]
pub(super) struct Checkpoints<'a> {
    size: Vec<i64>,
    hash: Vec<Digest>,
    note: Vec<&'a str>,
    at: Vec<SystemTime>,
}

impl<'a> Checkpoints<'a> {
    pub(super) const INSERT: &'static str = "INSERT INTO countersign_checkpoints (ledger_id, size, note_hash, note, \
        at, nth) SELECT $1, new.size, new.note_hash, new.note, new.at, new.nth + (SELECT count(*) \
        FROM countersign_checkpoints AS kept WHERE kept.ledger_id = $1 AND kept.size = new.size) \
        FROM unnest($2::bigint[], $3::bytea[], $4::text[], $5::timestamptz[]) WITH ORDINALITY \
        AS new (size, note_hash, note, at, nth) ON CONFLICT (ledger_id, size, note_hash) DO NOTHING";

    pub(super) fn of(checkpoints: &'a [SignedCheckpoint]) -> Result<Self, StoreError> {
        let mut columns = Self::default();
        for checkpoint in checkpoints {
            columns.size.push(number(checkpoint.size)?);
            columns.hash.push(Digest(Hash::of(checkpoint.note.as_bytes())));
            columns.note.push(&checkpoint.note);
            columns.at.push(moment(checkpoint.at));
        }
        Ok(columns)
    }

    pub(super) fn values(&self) -> Values<'_> {
        vec![&self.size, &self.hash, &self.note, &self.at]
    }
}
