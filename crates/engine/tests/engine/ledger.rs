//! A ledger of its own for every test, on whatever store.

use std::sync::Arc;

use countersign_core::settle::Order;
use countersign_engine::{Config, Engine, NewAccount, Receipt, Request};
use countersign_store::{Identity, Location, Store};

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

fn create(location: Location, kept: Box<dyn std::any::Any>) -> Ledger {
    let identity = Identity { ledger: NAME.to_owned(), ledger_id: "0f".repeat(16) };
    let now = countersign_core::timestamp::Timestamp::from_millis(1_770_000_000_000);
    drop(countersign_store::create(&location, &identity, now).unwrap());
    Ledger { location, _kept: kept }
}

impl Ledger {
    /// Opens it, as another process would.
    pub(crate) fn open(&self) -> Arc<dyn Store> {
        countersign_store::open(&self.location, Some(NAME)).unwrap().into()
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

pub(crate) fn open_accounts(engine: &Engine, ids: &[&str]) {
    for id in ids {
        let account = NewAccount { id: (*id).to_owned(), username: Some(format!("name of {id}")) };
        assert_eq!(engine.open_account(account).unwrap().version, 1);
    }
}

/// An order that moves money; administrative ones are ordered by `op`.
pub(crate) fn order(kind: &str, sender: &str, receiver: &str, amount: &str) -> Order {
    let administrative = ["SYSTEM_MINT", "SYSTEM_BURN", "TAX_COLLECTION", "TAX_WITHDRAWAL"];
    Order {
        kind: kind.to_owned(),
        sender_id: sender.to_owned(),
        receiver_id: receiver.to_owned(),
        currency: Some("EURO".to_owned()),
        amount: Some(amount.to_owned()),
        operator_id: administrative.contains(&kind).then(|| "op".to_owned()),
        ..Order::default()
    }
}

/// An order that moves nothing.
pub(crate) fn act(kind: &str, account: &str, reference: Option<&str>) -> Order {
    Order {
        kind: kind.to_owned(),
        sender_id: "SYSTEM".to_owned(),
        receiver_id: account.to_owned(),
        operator_id: Some("op".to_owned()),
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
    let wanted = countersign_store::Wanted { accounts: vec![account.to_owned()], ..Default::default() };
    engine.store().load(&wanted).unwrap().accounts[account].balance("EURO").to_string()
}

/// What the Treasury holds of EURO in a bucket.
pub(crate) fn bucket(engine: &Engine, tax_type: &str) -> String {
    engine.store().load(&Default::default()).unwrap().treasury.bucket(tax_type, "EURO").to_string()
}

/// Runs each of a module's tests on every store.
macro_rules! on_each_store {
    ($($test:ident),* $(,)?) => {
        mod sqlite {
            $(#[test] fn $test() { super::$test(&crate::ledger::sqlite()); })*
        }
    };
}
pub(crate) use on_each_store;
