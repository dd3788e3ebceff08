//! A ledger of its own for every test, on whatever store.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::mpsc::{Receiver, channel};

use countersign_core::hash::Hash;
use countersign_core::settle::{Order, Stamp};
use countersign_core::timestamp::Timestamp;
use countersign_engine::stamps::{Stamps, SystemStamps};
use countersign_engine::{Config, Engine, EngineError, NewAccount, Parts, Receipt, Request};
use countersign_store::{Identity, Location, Store, Wanted};

/// A ledger that goes when it is dropped.
pub(crate) struct Ledger {
    location: Location,
    _kept: Box<dyn std::any::Any>,
}

/// The name of every ledger here.
pub(crate) const NAME: &str = "tests.example/engine";

/// A ledger without entries, in a file of SQLite's.
pub(crate) fn sqlite() -> Ledger {
    let folder = tempfile::tempdir().unwrap();
    let location = Location::Sqlite(folder.path().join("ledger.db"));
    create(location, Box::new(folder))
}

/// A ledger without entries, in a PostgreSQL database of its own.
pub(crate) fn postgres() -> Ledger {
    let server = countersign_testbed::shared();
    let location = Location::Postgres(server.url(&server.new_database()));
    create(location, Box::new(()))
}

fn create(location: Location, kept: Box<dyn std::any::Any>) -> Ledger {
    let identity = Identity { ledger: NAME.to_owned(), ledger_id: "0f".repeat(16) };
    let now = Timestamp::from_millis(1_770_000_000_000);
    drop(countersign_store::create(&location, &identity, now).unwrap());
    Ledger { location, _kept: kept }
}

impl Ledger {
    /// Where it is, as text.
    pub(crate) fn url(&self) -> String {
        match &self.location {
            Location::Sqlite(path) => path.to_str().unwrap().to_owned(),
            Location::Postgres(url) => url.clone(),
        }
    }

    /// Opens it, as another process would.
    pub(crate) fn open(&self) -> Arc<dyn Store> {
        countersign_store::open(&self.location, Some(NAME)).unwrap().into()
    }

    /// Another one of the same kind.
    pub(crate) fn another(&self) -> Self {
        match self.location {
            Location::Sqlite(_) => sqlite(),
            Location::Postgres(_) => postgres(),
        }
    }

    /// Updates a row as whoever owns the database can: its triggers are taken away for it, its rights do not bind him.
    /// `what`: the table by its name in SQLite, `SET` and what follows.
    pub(crate) fn edit(&self, what: &str) {
        match &self.location {
            Location::Sqlite(path) => {
                let file = rusqlite::Connection::open(path).unwrap();
                let trigger = "SELECT sql FROM sqlite_schema WHERE name = 'entries_never_change'";
                let trigger: String = file.query_row(trigger, [], |row| row.get(0)).unwrap();
                let edit = format!("DROP TRIGGER entries_never_change; UPDATE {what}; {trigger}");
                file.execute_batch(&edit).unwrap();
            }
            Location::Postgres(url) => {
                let database = url.rsplit('/').next().unwrap();
                countersign_testbed::shared().sql(database, &format!("UPDATE countersign_{what}"));
            }
        }
    }

    /// Puts a checkpoint into the database as whoever may write there can.
    pub(crate) fn insert_checkpoint(&self, size: u64, note: &str) {
        let at = "2026-01-01T00:00:00.000Z";
        match &self.location {
            Location::Sqlite(path) => {
                let insert = format!("INSERT INTO checkpoints (size, note, at) VALUES ({size}, '{note}', '{at}')");
                rusqlite::Connection::open(path).unwrap().execute_batch(&insert).unwrap();
            }
            Location::Postgres(url) => {
                let insert = "INSERT INTO countersign_checkpoints (ledger_id, size, note_hash, note, at, nth) \
                              SELECT ledger_id";
                let insert = format!("{insert}, {size}, '\\x00', '{note}', '{at}', 1 FROM countersign_ledger");
                countersign_testbed::shared().sql(url.rsplit('/').next().unwrap(), &insert);
            }
        }
    }

    /// A hash as SQL writes it.
    pub(crate) fn literal(&self, hash: &[u8; 32]) -> String {
        let hex = Hash(*hash);
        match self.location {
            Location::Sqlite(_) => format!("'{hex}'"),
            Location::Postgres(_) => format!("'\\x{hex}'"),
        }
    }

    /// Roots of subtrees as the head keeps them.
    pub(crate) fn roots(&self, roots: &[[u8; 32]]) -> String {
        let hex: Vec<String> = roots.iter().map(|root| Hash(*root).to_string()).collect();
        match self.location {
            Location::Sqlite(_) => format!("'[\"{}\"]'", hex.join("\",\"")),
            Location::Postgres(_) => format!("'\\x{}'", hex.concat()),
        }
    }

    pub(crate) fn engine(&self, config: Config) -> Engine {
        Engine::start(self.open(), config).unwrap()
    }
}

/// The defaults, with a shield that lets everything through.
pub(crate) fn unshielded() -> Config {
    let mut config = Config::default();
    config.shield.rate.enabled = false;
    config.shield.velocity.enabled = false;
    config
}

/// One that goes on trying, where others write all the time.
pub(crate) fn patient() -> Config {
    let mut config = unshielded();
    config.retry.attempts = 1000;
    config
}

pub(crate) fn open_accounts(engine: &Engine, ids: &[&str]) {
    for id in ids {
        let account = NewAccount { id: (*id).to_owned(), username: Some(format!("name of {id}")) };
        assert_eq!(engine.open_account(account).unwrap().version, 1);
    }
}

/// An order that moves money; administrative ones are ordered by `op`, withdrawals with a reason.
pub(crate) fn order(kind: &str, sender: &str, receiver: &str, amount: &str) -> Order {
    let administrative = ["SYSTEM_MINT", "SYSTEM_BURN", "TAX_COLLECTION", "TAX_WITHDRAWAL"];
    Order {
        kind: kind.to_owned(),
        sender_id: sender.to_owned(),
        receiver_id: receiver.to_owned(),
        currency: Some("EURO".to_owned()),
        amount: Some(amount.to_owned()),
        operator_id: administrative.contains(&kind).then(|| "op".to_owned()),
        description: (kind == "TAX_WITHDRAWAL").then(|| "roads".to_owned()),
        ..Order::default()
    }
}

/// Names the bucket of an order.
pub(crate) trait Taxed {
    fn taxed(self, tax_type: &str) -> Self;
}

impl Taxed for Order {
    fn taxed(self, tax_type: &str) -> Self {
        Self { tax_type: Some(tax_type.to_owned()), ..self }
    }
}

/// An order that moves nothing, with a reason.
pub(crate) fn act(kind: &str, account: &str, reference: Option<&str>) -> Order {
    Order {
        kind: kind.to_owned(),
        sender_id: "SYSTEM".to_owned(),
        receiver_id: account.to_owned(),
        operator_id: Some("op".to_owned()),
        description: Some("looked at".to_owned()),
        reference_id: reference.map(str::to_owned),
        ..Order::default()
    }
}

pub(crate) fn settle(engine: &Engine, order: Order) -> Receipt {
    engine.settle(Request::of(order)).unwrap()
}

/// The code of a refusal.
pub(crate) fn code(engine: &Engine, order: Order) -> &'static str {
    engine.settle(Request::of(order)).unwrap_err().code()
}

pub(crate) fn mint(engine: &Engine, account: &str, amount: &str) -> Receipt {
    settle(engine, order("SYSTEM_MINT", "SYSTEM", account, amount))
}

/// What an account holds of EURO.
pub(crate) fn balance(engine: &Engine, account: &str) -> String {
    let wanted = Wanted { accounts: vec![account.to_owned()], ..Default::default() };
    engine.store().load(&wanted).unwrap().accounts[account].balance("EURO").to_string()
}

/// What the Treasury holds of EURO in a bucket.
pub(crate) fn bucket(engine: &Engine, tax_type: &str) -> String {
    engine.store().load(&Default::default()).unwrap().treasury.bucket(tax_type, "EURO").to_string()
}

/// How many entries a ledger has.
pub(crate) fn entries(store: &dyn Store) -> u64 {
    store.load(&Wanted::default()).unwrap().head.seq
}

/// A clock that stands until it is moved.
#[derive(Clone, Debug)]
pub(crate) struct Clock(Arc<AtomicI64>);

impl Clock {
    pub(crate) fn new() -> Self {
        Self(Arc::new(AtomicI64::new(1_770_000_000_000)))
    }

    pub(crate) fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1000, Ordering::SeqCst);
    }
}

#[derive(Debug)]
struct ClockedStamps(Clock, SystemStamps);

impl Stamps for ClockedStamps {
    fn now(&mut self) -> Timestamp {
        Timestamp::from_millis(self.0.0.load(Ordering::SeqCst))
    }

    fn stamp(&mut self, at: Timestamp) -> Result<Stamp, String> {
        self.1.stamp(at)
    }
}

/// What an engine by this clock is given.
pub(crate) fn by(clock: &Clock) -> Parts {
    Parts { stamps: Box::new(ClockedStamps(clock.clone(), SystemStamps::default())), ..Parts::default() }
}

/// Puts requests in without waiting; their answers come in the order of the requests.
pub(crate) fn submit(engine: &Engine, requests: Vec<Request>) -> Vec<Receiver<Result<Receipt, EngineError>>> {
    let each = |request| {
        let (tell, told) = channel();
        engine.submit(request, move |answer| drop(tell.send(answer)));
        told
    };
    requests.into_iter().map(each).collect()
}

/// Runs each of a module's tests on every store.
macro_rules! on_each_store {
    ($($test:ident),* $(,)?) => {
        mod sqlite {
            $(#[test] fn $test() { super::$test(&crate::ledger::sqlite()); })*
        }

        mod postgres {
            $(#[test] fn $test() { super::$test(&crate::ledger::postgres()); })*
        }
    };
}
pub(crate) use on_each_store;
