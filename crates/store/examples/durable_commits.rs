//! How many entries a second SQLite keeps durably: by the adapter, and by a bare loop of the same statements.
//!
//! `cargo run --release -p countersign-store --example durable_commits -- DIRECTORY [ENTRIES]`
//! writes taxed transfers between 10,000 accounts in batches of 1, 8, 64 and 512. The bare loop has the same tables
//! and indexes, write-ahead log and `synchronous = FULL`, and writes the same rows with prepared statements, to the log
//! in as few pieces; it has no triggers, loads nothing and compares nothing.

use std::collections::HashMap;
use std::error::Error;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use countersign_core::books::{Account, Treasury};
use countersign_core::settle::Order;
use countersign_store::conformance::desk;
use countersign_store::{Batch, Head, Loaded, Store as _, Wanted, sqlite};
use rusqlite::{Connection, OpenFlags, params};

type Outcome<T> = Result<T, Box<dyn Error>>;

const ACCOUNTS: usize = 10_000;

fn main() -> Outcome<()> {
    let mut arguments = std::env::args().skip(1);
    let directory = arguments.next().ok_or("usage: durable_commits DIRECTORY [ENTRIES]")?;
    let most: usize = arguments.next().unwrap_or_else(|| "128000".into()).parse()?;
    println!("batch  entries  adapter/s  (commit alone)  bare/s  adapter/bare");
    for size in [1, 8, 64, 512] {
        let entries = (size * 2000).min(most);
        let times = Work::of(size, entries / size)?.run(Path::new(&directory))?;
        let rate = |time: Duration| entries as f64 / time.as_secs_f64();
        let [adapter, alone, bare] = [times.load + times.commit, times.commit, times.bare].map(rate);
        println!("{size:5}  {entries:7}  {adapter:9.0}  {alone:14.0}  {bare:6.0}  {:12.2}", adapter / bare);
    }
    Ok(())
}

/// What was spent in loading and committing by the adapter, and by the bare loop.
#[derive(Default)]
struct Times {
    load: Duration,
    commit: Duration,
    bare: Duration,
}

/// The batches of a run, and what each wants loaded.
struct Work {
    opened: Batch,
    batches: Vec<(Wanted, Batch)>,
}

impl Work {
    /// Settled in memory as if each were committed before the next.
    fn of(size: usize, count: usize) -> Outcome<Self> {
        let mut opened = Batch::on(Head::empty(&desk::identity()));
        for number in 0..ACCOUNTS {
            let mut account = Account::open(name(number), Some(format!("Player {number}")), desk::start());
            account.balances = [("EURO".to_owned(), "1000000.0000")]
                .map(|(currency, sum)| {
                    (currency, countersign_core::money::Sum::parse(sum.as_bytes()).unwrap_or_default())
                })
                .into();
            opened.opened.push(account);
        }
        let mut accounts: HashMap<String, Account> = opened
            .opened
            .iter()
            .map(|account| (account.id.clone(), Account { version: 1, ..account.clone() }))
            .collect();
        let mut head = Head { version: 1, ..opened.head.clone() };
        let (mut treasury, mut dice) = (Treasury::default(), 0x9e37_79b9_7f4a_7c15_u64);
        let mut batches = Vec::new();
        for _ in 0..count {
            let orders: Vec<Order> = (0..size).map(|_| order(&mut dice)).collect();
            let wanted = desk::wanted(&orders);
            let loaded = Loaded {
                head: head.clone(),
                treasury: treasury.clone(),
                accounts: wanted.accounts.iter().map(|id| (id.clone(), accounts[id].clone())).collect(),
                referenced: HashMap::new(),
                answers: HashMap::new(),
                sent: HashMap::new(),
            };
            let batch = desk::draft(loaded, &orders)?;
            for account in &batch.accounts {
                accounts.insert(account.id.clone(), Account { version: account.version + 1, ..account.clone() });
            }
            head = Head { version: head.version + 1, ..batch.head.clone() };
            let written = batch.treasury.clone().ok_or("an order was not taxed")?;
            treasury = Treasury { version: written.version + 1, ..written };
            batches.push((wanted, batch));
        }
        Ok(Self { opened, batches })
    }

    /// Every batch is written by both, one after the other, so that a busy machine disturbs both alike.
    fn run(&self, directory: &Path) -> Outcome<Times> {
        let paths = ["adapter.db", "bare.db"].map(|name| directory.join(name));
        let store = sqlite::create(&paths[0], &desk::identity(), desk::start())?;
        store.commit(&self.opened)?;
        sqlite::create(&paths[1], &desk::identity(), desk::start())?.commit(&self.opened)?;
        let connection = bare(&paths[1])?;
        let mut times = Times::default();
        for (wanted, batch) in &self.batches {
            let begun = Instant::now();
            let loaded = store.load(wanted)?;
            times.load += begun.elapsed();
            assert_eq!(loaded.head.version, batch.head.version, "nobody else writes");
            let begun = Instant::now();
            store.commit(batch)?;
            times.commit += begun.elapsed();
            let begun = Instant::now();
            let transaction = connection.unchecked_transaction()?;
            write(&transaction, batch)?;
            transaction.commit()?;
            times.bare += begun.elapsed();
        }
        drop((store, connection));
        paths.iter().try_for_each(|path| remove(path))?;
        Ok(times)
    }
}

fn bare(path: &Path) -> Outcome<Connection> {
    let connection = match countersign_wal::vfs() {
        Some(vfs) => Connection::open_with_flags_and_vfs(path, OpenFlags::default(), vfs)?,
        None => Connection::open(path)?,
    };
    connection.execute_batch("PRAGMA synchronous = FULL; PRAGMA cache_size = -8192")?;
    let page: i64 = connection.query_row("PRAGMA page_size", [], |row| row.get(0))?;
    connection.query_row(&format!("PRAGMA wal_autocheckpoint = {}", (64 << 20) / page), [], |_| Ok(()))?;
    drop_triggers(&connection)?;
    connection.set_prepared_statement_cache_capacity(32);
    Ok(connection)
}

fn name(number: usize) -> String {
    format!("player-{number:05}")
}

/// A taxed transfer between two accounts, by xorshift64.
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

fn drop_triggers(connection: &Connection) -> Outcome<()> {
    let mut statement = connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'")?;
    let names: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    for name in names {
        connection.execute_batch(&format!("DROP TRIGGER {name}"))?;
    }
    Ok(())
}

fn write(connection: &Connection, batch: &Batch) -> Outcome<()> {
    let sql = "UPDATE accounts SET version = version + 1, balances = ?2, updated_at = ?3 WHERE id = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    for account in &batch.accounts {
        let balances = serde_json::to_string(&account.balances)?;
        statement.execute(params![account.id, balances, account.updated_at.to_string()])?;
    }
    let sql = "UPDATE treasury SET version = version + 1, collected = ?1, transactions = ?2";
    let treasury = batch.treasury.as_ref().ok_or("an order was not taxed")?;
    let transactions = i64::try_from(treasury.transactions)?;
    connection.prepare_cached(sql)?.execute(params![serde_json::to_string(&treasury.collected)?, transactions])?;
    let sql = "UPDATE ledger SET version = version + 1, seq = ?1, hash = ?2, roots = ?3, totals = ?4";
    let (roots, totals) =
        (serde_json::to_string(&batch.head.range.roots())?, serde_json::to_string(&batch.head.totals)?);
    let seq = i64::try_from(batch.head.seq)?;
    connection.prepare_cached(sql)?.execute(params![seq, batch.head.hash.to_string(), roots, totals])?;
    write_entries(connection, batch)
}

fn write_entries(connection: &Connection, batch: &Batch) -> Outcome<()> {
    let sql = "INSERT INTO entries VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)";
    let mut entry = connection.prepare_cached(sql)?;
    let mut personal = connection.prepare_cached("INSERT INTO personal VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?;
    for r in &batch.entries {
        let seq = i64::try_from(r.seq)?;
        entry.execute(params![
            seq,
            r.transaction_id,
            r.created_at,
            r.kind,
            r.currency,
            r.amount_gross,
            r.tax_withheld,
            r.amount_net,
            r.tax_type,
            r.sender_id,
            r.receiver_id,
            r.operator_id,
            r.reference_id,
            r.personal_hash,
            r.previous_hash,
            r.current_hash,
        ])?;
        let p = r.personal.as_ref().ok_or("an entry without its block")?;
        let values =
            params![seq, p.salt, p.sender_username, p.receiver_username, p.description, p.ip_address, p.user_agent];
        personal.execute(values)?;
    }
    let mut node = connection.prepare_cached("INSERT INTO nodes VALUES (?1, ?2, ?3)")?;
    for (id, hash) in &batch.nodes {
        node.execute(params![id.level, i64::try_from(id.index)?, hash.to_string()])?;
    }
    Ok(())
}

fn remove(path: &Path) -> Outcome<()> {
    for suffix in ["", "-wal", "-shm"] {
        let file = format!("{}{suffix}", path.display());
        if Path::new(&file).exists() {
            fs::remove_file(file)?;
        }
    }
    Ok(())
}
