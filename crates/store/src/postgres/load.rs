//! What a batch of orders needs to know: one snapshot, asked for in one flight. Statements that go out together
//! cost one wait for the network, not one each.

use std::collections::{BTreeSet, HashMap};

use countersign_core::books::{Account, Referenced};
use countersign_core::grammar;
use countersign_core::money::{Amount, Sum};
use countersign_core::timestamp::Timestamp;
use rust_decimal::Decimal;
use tokio_postgres::types::Type;
use tokio_postgres::{Error, Row};
use uuid::Uuid;

use super::cells::{Cells, moment};
use super::columns::Values;
use super::fault::fault;
use super::link::Client;
use super::rows::{self, account_columns};
use crate::batch::Answer;
use crate::error::StoreError;
use crate::store::{Loaded, Wanted};

/// The first moment that can be written: 0001-01-01T00:00:00.000Z.
const BEGINNING: Timestamp = Timestamp::from_millis(-62_135_596_800_000);
/// All that is read after it is of one moment.
pub(super) const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

// Each of many keys is looked up by itself (a LATERAL with a LIMIT is not turned into another join): until it has
// counted a young table, PostgreSQL takes a ledger for a small part of it, and reads all of that instead.
const ACCOUNTS: &str = concat!(
    "SELECT a.* FROM unnest($2::text[]) AS wanted(wanted_id) CROSS JOIN LATERAL (SELECT ",
    account_columns!(),
    " FROM countersign_accounts WHERE ledger_id = $1 AND id = wanted.wanted_id LIMIT 1) AS a"
);
const REFERENCED: &str = "SELECT e.transaction_id, e.sender_id, e.receiver_id, e.currency, e.amount_net, \
    (SELECT sum(r.amount_net) FROM countersign_entries AS r WHERE r.ledger_id = $1 AND r.type = 'REFUND' \
     AND r.reference_id = e.transaction_id::text) AS refunded, \
    EXISTS (SELECT 1 FROM countersign_personal AS p WHERE p.ledger_id = $1 AND p.seq = e.seq) \
    FROM unnest($2::uuid[]) AS wanted(id) CROSS JOIN LATERAL (SELECT * FROM countersign_entries \
    WHERE ledger_id = $1 AND transaction_id = wanted.id LIMIT 1) AS e";
const ANSWERS: &str = "SELECT a.* FROM unnest($2::text[]) AS wanted(wanted_key) CROSS JOIN LATERAL \
    (SELECT key, asked, answer, at FROM countersign_answers WHERE ledger_id = $1 AND key = wanted.wanted_key LIMIT 1) AS a";
const SENT: &str = "SELECT wanted.id, e.created_at FROM unnest($2::text[]) AS wanted(id) CROSS JOIN LATERAL \
    (SELECT created_at FROM countersign_entries WHERE ledger_id = $1 AND sender_id = wanted.id AND created_at >= $3 \
    AND type NOT IN ('SYSTEM_BURN', 'TAX_COLLECTION') \
    ORDER BY created_at DESC, seq DESC LIMIT $4) AS e";
/// Most times that are told of one sender: its latest.
const MAX_SENT: i64 = 100_000;

/// Reads it.
pub(super) async fn load(client: &Client, ledger: &Uuid, wanted: &Wanted) -> Result<Loaded, StoreError> {
    let ids: Vec<Uuid> = wanted.referenced.iter().filter_map(|id| uuid(id)).collect();
    let senders: Vec<&String> = wanted.sent.iter().collect::<BTreeSet<_>>().into_iter().collect();
    let since = moment(wanted.sent_since.unwrap_or(BEGINNING));
    let asked = async {
        tokio::try_join!(
            biased;
            ask(client, rows::HEAD, vec![ledger], true),
            ask(client, rows::TREASURY, vec![ledger], true),
            ask(client, ACCOUNTS, vec![ledger, &wanted.accounts], !wanted.accounts.is_empty()),
            ask_referenced(client, ledger, &ids),
            ask(client, ANSWERS, vec![ledger, &wanted.answers], !wanted.answers.is_empty()),
            ask(client, SENT, vec![ledger, &senders, &since, &MAX_SENT], !wanted.sent.is_empty()),
        )
    };
    prepare(client, wanted).await.map_err(fault)?;
    let (begun, answered, ended) =
        tokio::join!(biased; client.batch_execute(BEGIN), asked, client.batch_execute("COMMIT"));
    begun.map_err(fault)?;
    let (head, treasury, accounts, referenced, answers, sent) = answered.map_err(fault)?;
    ended.map_err(fault)?;
    Ok(Loaded {
        head: rows::head(&head)?,
        treasury: rows::treasury(&treasury)?,
        accounts: by(&accounts, rows::account, |account: &Account| account.id.clone())?,
        referenced: by(&referenced, read_referenced, |entry| entry.transaction_id.clone())?,
        answers: by(&answers, rows::answer, |answer: &Answer| answer.key.clone())?,
        sent: times(&sent, &senders)?,
    })
}

/// Prepares what is not yet prepared on this connection, before the flight that counts on it.
async fn prepare(client: &Client, wanted: &Wanted) -> Result<(), Error> {
    let always = [rows::HEAD, rows::TREASURY].map(|sql| (sql, true));
    let asked = [
        (ACCOUNTS, !wanted.accounts.is_empty()),
        (ANSWERS, !wanted.answers.is_empty()),
        (SENT, !wanted.sent.is_empty()),
    ];
    for (sql, _) in always.into_iter().chain(asked).filter(|(_, needed)| *needed) {
        client.prepare_cached(sql).await?;
    }
    Ok(())
}

async fn ask(client: &Client, sql: &str, values: Values<'_>, needed: bool) -> Result<Vec<Row>, Error> {
    if !needed {
        return Ok(Vec::new());
    }
    let statement = client.prepare_cached(sql).await?;
    client.query(&statement, &values).await
}

/// Planned anew each time: to a plan that was made while there were few entries, any index would do.
async fn ask_referenced(client: &Client, ledger: &Uuid, ids: &Vec<Uuid>) -> Result<Vec<Row>, Error> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    client.query_typed(REFERENCED, &[(ledger, Type::UUID), (ids, Type::UUID_ARRAY)]).await
}

/// Only what an entry's `transaction_id` can be is looked for.
fn uuid(text: &str) -> Option<Uuid> {
    grammar::uuid(text).map(Uuid::from_u128)
}

fn by<T>(
    rows: &[Row],
    read: impl Fn(&Row) -> Result<T, StoreError>,
    key: impl Fn(&T) -> String,
) -> Result<HashMap<String, T>, StoreError> {
    rows.iter().map(|row| read(row).map(|value| (key(&value), value))).collect()
}

fn read_referenced(row: &Row) -> Result<Referenced, StoreError> {
    let row = Cells::new(row, rows::ENTRIES_TABLE);
    let net = u64::try_from(row.sum(4)?.ten_thousandths()).ok().and_then(Amount::from_ten_thousandths);
    Ok(Referenced {
        transaction_id: row.value::<Uuid>(0)?.to_string(),
        sender_id: row.text(1)?,
        receiver_id: row.text(2)?,
        currency: row.text(3)?,
        net: net.ok_or_else(|| row.damage(4, "is no amount"))?,
        refunded: if row.value::<Option<Decimal>>(5)?.is_some() { row.sum(5)? } else { Sum::ZERO },
        is_erased: !row.value::<bool>(6)?,
    })
}

/// By sender, ascending. Who sent nothing has an empty list.
fn times(rows: &[Row], senders: &[&String]) -> Result<HashMap<String, Vec<Timestamp>>, StoreError> {
    let mut found: HashMap<String, Vec<Timestamp>> = senders.iter().map(|id| ((*id).clone(), Vec::new())).collect();
    for row in rows {
        let row = Cells::new(row, rows::ENTRIES_TABLE);
        if let Some(times) = found.get_mut(row.value::<&str>(0)?) {
            times.push(row.time(1)?);
        }
    }
    found.values_mut().for_each(|times| times.sort_unstable());
    Ok(found)
}
