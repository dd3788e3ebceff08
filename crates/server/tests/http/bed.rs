//! A server over a SQLite ledger in a folder of its own, on a free port of this machine.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::SystemTime;

use countersign_core::settle::Order;
use countersign_core::timestamp::Timestamp;
use countersign_engine::notary::Signer;
use countersign_engine::{Engine, NewAccount, Request};
use countersign_server::{Config, Ledger, Role, Server, Token};
use countersign_store::{Identity, Store, sqlite};
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::oneshot;

use crate::client::{Reply, send};

/// A server that runs.
pub(crate) struct Bed {
    pub(crate) address: SocketAddr,
    pub(crate) secrets: Secrets,
    pub(crate) config: Config,
    pub(crate) folder: Arc<TempDir>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// One of each role.
#[derive(Clone, Debug)]
pub(crate) struct Secrets {
    pub(crate) auditor: String,
    pub(crate) operator: String,
    pub(crate) admin: String,
}

/// How a bed is made.
pub(crate) struct Plan {
    pub(crate) config: Config,
    pub(crate) engine: countersign_engine::Config,
    pub(crate) signer: Option<Arc<dyn Signer>>,
    pub(crate) read_only: bool,
    pub(crate) secrets: Secrets,
    /// What a watch shows of itself, where there is one.
    pub(crate) watch: Option<countersign_engine::watch::Metrics>,
}

pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap())
}

pub(crate) fn ledger_file(folder: &TempDir) -> PathBuf {
    folder.path().join("ledger.db")
}

impl Default for Plan {
    /// Writes; the shield's limits are out of the way.
    fn default() -> Self {
        let made = [("audit", Role::Auditor), ("desk", Role::Operator), ("chief", Role::Admin)].map(|(name, role)| {
            let (secret, sha256) = Token::generate().unwrap();
            (secret, Token { name: name.to_owned(), role, sha256 })
        });
        let [auditor, operator, admin] = made.clone().map(|(secret, _)| secret);
        let config = Config {
            listen: "127.0.0.1:0".parse().unwrap(),
            writable: true,
            hosts: ["test", "x"].map(str::to_owned).into(),
            tokens: made.map(|(_, token)| token).into(),
            ..Config::default()
        };
        let mut engine = countersign_engine::Config::default();
        engine.shield.rate.enabled = false;
        engine.shield.velocity.enabled = false;
        Self {
            config,
            engine,
            signer: None,
            read_only: false,
            secrets: Secrets { auditor, operator, admin },
            watch: None,
        }
    }
}

impl Plan {
    /// In a new folder, with a new ledger of two accounts, one of which has 1000 EURO.
    pub(crate) fn start(self) -> Bed {
        let folder = Arc::new(TempDir::new().unwrap());
        let identity = Identity { ledger: "game.example/economy".to_owned(), ledger_id: "5".repeat(32) };
        let store: Arc<dyn Store> = Arc::new(sqlite::create(&ledger_file(&folder), &identity, now()).unwrap());
        furnish(&Engine::start(store, self.engine.clone()).unwrap());
        self.start_in(folder)
    }

    /// On the ledger of a folder.
    pub(crate) fn start_in(self, folder: Arc<TempDir>) -> Bed {
        let path = ledger_file(&folder);
        let ledger = if self.read_only {
            Ledger::ReadOnly(Arc::new(sqlite::open_read_only(&path, None).unwrap()))
        } else {
            let store = Arc::new(sqlite::open(&path, None).unwrap());
            Ledger::Engine(Engine::start(store, self.engine).unwrap())
        };
        let server = Server::bind(self.config.clone(), ledger, self.signer).unwrap();
        let server = match self.watch {
            Some(figures) => server.with_watch(move || figures.clone()),
            None => server,
        };
        let address = server.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
            runtime.block_on(server.run(async { drop(stopped.await) })).unwrap();
        });
        let (stop, thread) = (Some(stop), Some(thread));
        Bed { address, secrets: self.secrets, config: self.config, folder, stop, thread }
    }
}

fn furnish(engine: &Engine) {
    for id in ["anna", "bob"] {
        let username = Some(format!("{id}'s name"));
        engine.open_account(NewAccount { id: id.to_owned(), username }).unwrap();
    }
    let mint = Order {
        kind: "SYSTEM_MINT".to_owned(),
        sender_id: "SYSTEM".to_owned(),
        receiver_id: "anna".to_owned(),
        currency: Some("EURO".to_owned()),
        amount: Some("1000".to_owned()),
        operator_id: Some("chief".to_owned()),
        ..Order::default()
    };
    engine.settle(Request::of(mint)).unwrap();
}

impl Bed {
    pub(crate) fn start() -> Self {
        Plan::default().start()
    }

    /// A plan for another server with the same tokens.
    pub(crate) fn plan(&self) -> Plan {
        let config = Config { listen: "127.0.0.1:0".parse().unwrap(), ..self.config.clone() };
        Plan { config, secrets: self.secrets.clone(), ..Plan::default() }
    }

    pub(crate) fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
        send(self.address, method, path, headers, body)
    }

    /// Reads with the auditor's token.
    pub(crate) fn get(&self, path: &str) -> Reply {
        self.get_with(path, &[])
    }

    pub(crate) fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Reply {
        let bearer = bearer(&self.secrets.auditor);
        self.send("GET", path, &[headers, &[("authorization", &bearer)]].concat(), b"")
    }

    /// Writes JSON with a token.
    pub(crate) fn write(
        &self,
        secret: &str,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> Reply {
        let bearer = bearer(secret);
        let own = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        self.send(method, path, &[headers, &own].concat(), body.to_string().as_bytes())
    }

    /// Orders a transaction with the operator's token.
    pub(crate) fn order(&self, key: &str, body: &Value) -> Reply {
        self.write(&self.secrets.operator, "POST", "/api/v1/transactions", &[("idempotency-key", key)], body)
    }

    /// Writes with the admin's token.
    pub(crate) fn administer(&self, path: &str, body: &Value) -> Reply {
        self.write(&self.secrets.admin, "POST", path, &[("idempotency-key", path.rsplit('/').next().unwrap())], body)
    }

    pub(crate) fn balance(&self, account: &str) -> String {
        let account = self.get(&format!("/api/v1/accounts/{account}")).json();
        account["balances"]["EURO"].as_str().unwrap_or("0.0000").to_owned()
    }

    /// Tells it to stop, without waiting for it.
    pub(crate) fn tell_to_stop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
    }

    /// Stops it, and waits until it has.
    pub(crate) fn stop(&mut self) {
        self.tell_to_stop();
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

impl Drop for Bed {
    fn drop(&mut self) {
        self.tell_to_stop();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
            && !std::thread::panicking()
        {
            panic!("the server failed");
        }
    }
}

pub(crate) fn bearer(secret: &str) -> String {
    format!("Bearer {secret}")
}
