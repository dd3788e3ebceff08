//! How many entries a second PostgreSQL keeps durably: by the adapter, and by a bare loop of the same rows.
//!
//! `cargo run --release -p countersign-store --features conformance --example postgres_commits -- [SECONDS]`
//! starts a server of its own and writes taxed transfers between 10,000 accounts in batches of 1, 8, 64 and 512. The
//! bare loop has the same tables, indexes and durability, and sends each batch as one text of statements with its
//! values in it, one wait for the network each; it loads nothing and compares nothing.

use std::collections::HashMap;
use std::error::Error;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use countersign_core::books::Account;
use countersign_core::money::Sum;
use countersign_core::seal::Record;
use countersign_core::settle::Order;
use countersign_store::conformance::desk;
use countersign_store::{Batch, Head, Store as _, Wanted, postgres};
use countersign_testbed::{Options, Server};
use serde::Serialize;
use tokio_postgres::NoTls;

type Outcome<T> = Result<T, Box<dyn Error>>;

const ACCOUNTS: usize = 10_000;

fn main() -> Outcome<()> {
    let seconds: f64 = std::env::args().nth(1).unwrap_or_else(|| "5".to_owned()).parse()?;
    let server = Server::start(&Options { fsync: true, settings: vec!["max_wal_size=4GB".to_owned()] });
    println!("batch  entries  adapter/s  (commit alone)  bare/s  adapter/bare");
    for size in [1, 8, 64, 512] {
        let run = Run::of_adapter(&server, size, seconds)?;
        let bare = run.by_bare_loop(&server, size, seconds)?;
        let entries = run.batches.len() * size;
        let rate = |time: Duration| entries as f64 / time.as_secs_f64();
        let (adapter, alone) = (rate(run.loading + run.committing), rate(run.committing));
        println!("{size:5}  {entries:7}  {adapter:9.0}  {alone:14.0}  {bare:6.0}  {:12.2}", adapter / bare);
    }
    Ok(())
}

/// What the adapter wrote, and what it spent in loading and committing.
struct Run {
    opened: Batch,
    batches: Vec<Batch>,
    loading: Duration,
    committing: Duration,
}

impl Run {
    fn of_adapter(server: &Server, size: usize, seconds: f64) -> Outcome<Self> {
        let url = server.socket_url("postgres", &server.new_database());
        let store = postgres::create(&url, &desk::identity(), desk::start(), None)?;
        let mut run =
            Self { opened: opened(), batches: Vec::new(), loading: Duration::ZERO, committing: Duration::ZERO };
        store.commit(&run.opened)?;
        let (mut dice, begun) = (0x9e37_79b9_7f4a_7c15_u64, Instant::now());
        while begun.elapsed().as_secs_f64() < seconds {
            let orders: Vec<Order> = (0..size).map(|_| order(&mut dice)).collect();
            let sent = orders.iter().map(|order| order.sender_id.clone()).collect();
            let wanted = Wanted { sent, sent_since: Some(desk::start()), ..desk::wanted(&orders) };
            let at = Instant::now();
            let loaded = store.load(&wanted)?;
            run.loading += at.elapsed();
            let batch = desk::draft(loaded, &orders)?;
            let at = Instant::now();
            store.commit(&batch)?;
            run.committing += at.elapsed();
            run.batches.push(batch);
        }
        Ok(run)
    }

    /// Entries a second.
    fn by_bare_loop(&self, server: &Server, size: usize, seconds: f64) -> Outcome<f64> {
        let url = server.socket_url("postgres", &server.new_database());
        postgres::create(&url, &desk::identity(), desk::start(), None)?.commit(&self.opened)?;
        let texts: Vec<String> = self.batches.iter().map(text).collect::<Result<_, _>>()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let (client, connection) = tokio_postgres::connect(&url, NoTls).await?;
            tokio::spawn(connection);
            let (begun, mut written) = (Instant::now(), 0);
            for text in &texts {
                client.batch_execute(text).await?;
                written += size;
                if begun.elapsed().as_secs_f64() > seconds {
                    break;
                }
            }
            Ok(written as f64 / begun.elapsed().as_secs_f64())
        })
    }
}

fn opened() -> Batch {
    let mut opened = Batch::on(Head::empty(&desk::identity()));
    for number in 0..ACCOUNTS {
        let mut account = Account::open(name(number), Some(format!("Player {number}")), desk::start());
        account.balances =
            HashMap::from([("EURO".to_owned(), Sum::from_ten_thousandths(10_000_000_000))]).into_iter().collect();
        opened.opened.push(account);
    }
    opened
}

fn name(number: usize) -> String {
    format!("player-{number:05}")
}

fn order(dice: &mut u64) -> Order {
    let mut throw = || {
        *dice ^= *dice << 13;
        *dice ^= *dice >> 7;
        *dice ^= *dice << 17;
        usize::try_from(*dice % ACCOUNTS as u64).unwrap_or_default()
    };
    let (from, step, amount) = (throw(), throw(), throw());
    let to = (from + 1 + step % (ACCOUNTS - 1)) % ACCOUNTS;
    Order {
        description: Some("Payment for goods".to_owned()),
        ip_address: Some("192.0.2.17".to_owned()),
        user_agent: Some("Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101".to_owned()),
        ..desk::transfer(&name(from), &name(to), &format!("{}.{:04}", amount % 10, 1000 + amount % 9000))
    }
}

fn json(value: &impl Serialize) -> serde_json::Result<String> {
    serde_json::to_string(value)
}

/// A batch as one text of statements.
fn text(batch: &Batch) -> Outcome<String> {
    let id = &desk::identity().ledger_id;
    let mut sql = String::from("BEGIN;");
    write_documents(&mut sql, batch, id)?;
    let entries = batch.entries.iter().map(|entry| row(entry, id));
    insert(
        &mut sql,
        "entries (ledger_id, seq, transaction_id, created_at, type, currency, amount_gross, tax_withheld, amount_net, tax_type, sender_id, receiver_id, personal_hash, previous_hash, current_hash)",
        entries,
    )?;
    insert(&mut sql, "personal", batch.entries.iter().filter_map(|entry| personal_row(entry, id)))?;
    let nodes = batch.nodes.iter().map(|(node, hash)| format!("('{id}',{},{},'\\x{hash}')", node.level, node.index));
    insert(&mut sql, "nodes", nodes)?;
    sql.push_str("COMMIT");
    Ok(sql)
}

fn write_documents(sql: &mut String, batch: &Batch, id: &str) -> Outcome<()> {
    let (head, treasury) = (&batch.head, batch.treasury.as_ref().ok_or("every order is taxed")?);
    write!(
        sql,
        "UPDATE countersign_ledger SET version = version + 1, seq = {}, hash = '\\x{}', totals = '{}' WHERE ledger_id = '{id}';
         UPDATE countersign_treasury SET version = version + 1, collected = '{}', transactions = {} WHERE ledger_id = '{id}';",
        head.seq, head.hash, json(&head.totals)?, json(&treasury.collected)?, treasury.transactions
    )?;
    for account in &batch.accounts {
        write!(
            sql,
            "UPDATE countersign_accounts SET version = version + 1, balances = '{}', updated_at = '{}' WHERE ledger_id = '{id}' AND id = '{}';",
            json(&account.balances)?,
            account.updated_at,
            account.id
        )?;
    }
    Ok(())
}

fn insert(sql: &mut String, table: &str, rows: impl Iterator<Item = String>) -> Outcome<()> {
    let rows: Vec<String> = rows.collect();
    if !rows.is_empty() {
        write!(sql, "INSERT INTO countersign_{table} VALUES {};", rows.join(","))?;
    }
    Ok(())
}

fn row(entry: &Record, id: &str) -> String {
    let e = entry;
    let tax_type = e.tax_type.as_deref().unwrap_or("");
    format!(
        "('{id}',{},'{}','{}','{}','{}',{},{},{},'{tax_type}','{}','{}','\\x{}','\\x{}','\\x{}')",
        e.seq,
        e.transaction_id,
        e.created_at,
        e.kind,
        e.currency,
        e.amount_gross,
        e.tax_withheld,
        e.amount_net,
        e.sender_id,
        e.receiver_id,
        e.personal_hash,
        e.previous_hash,
        e.current_hash
    )
}

fn personal_row(entry: &Record, id: &str) -> Option<String> {
    let personal = entry.personal.as_ref()?.personal();
    let texts: Option<Vec<String>> = personal.texts().iter().map(|text| Some(format!("'{}'", (*text)?))).collect();
    Some(format!("('{id}',{},'{}',{})", entry.seq, personal.salt, texts?.join(",")))
}
