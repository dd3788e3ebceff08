//! Processes of their own: this test program once more, told what to do by its environment.

use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex};

use countersign_core::settle::Order;
use countersign_engine::{Engine, Request};
use countersign_store::Location;

use crate::ledger::{NAME, Taxed as _, order, patient};

const URL: &str = "COUNTERSIGN_TEST_URL";
const TASK: &str = "COUNTERSIGN_TEST_TASK";

/// A process that works on a ledger.
pub(crate) struct Worker {
    child: Arc<Mutex<Child>>,
    said: Lines<BufReader<ChildStdout>>,
}

/// Starts a process on a ledger.
pub(crate) fn start(url: &str, task: &str) -> Worker {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["process::worker", "--exact", "--ignored", "--nocapture", "--test-threads=1"])
        .envs([(URL, url), (TASK, task)])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let said = BufReader::new(child.stdout.take().unwrap()).lines();
    Worker { child: Arc::new(Mutex::new(child)), said }
}

impl Worker {
    /// The next line that is for us; `None` once it has ended.
    pub(crate) fn hear(&mut self) -> Option<String> {
        // The test harness says things too, even before ours on its line; and the last line of a process that
        // was killed may be cut.
        let mut lines = self.said.by_ref().map_while(Result::ok);
        lines.find_map(|line| Some(line.split_once("worker: ")?.1.strip_suffix(" .")?.to_owned()))
    }

    /// Lets it go on.
    pub(crate) fn go(&mut self) {
        self.child.lock().unwrap().stdin.as_mut().unwrap().write_all(b"go\n").unwrap();
    }

    /// What kills it, by SIGKILL: no handler runs, nothing is flushed.
    pub(crate) fn killer(&self) -> impl FnOnce() + Send + use<> {
        let child = self.child.clone();
        move || child.lock().unwrap().kill().unwrap()
    }

    pub(crate) fn wait(self) -> bool {
        let mut child = self.child.lock().unwrap();
        drop(child.stdin.take());
        child.wait().unwrap().success()
    }
}

fn say(text: &str) {
    // One write for one line, so that lines of several threads do not mix.
    let line = format!("worker: {text} .\n");
    let mut out = std::io::stdout().lock();
    out.write_all(line.as_bytes()).and_then(|()| out.flush()).unwrap();
}

#[test]
#[ignore = "started by other tests, in a process of its own"]
fn worker() {
    let (url, task) = (std::env::var(URL).unwrap(), std::env::var(TASK).unwrap());
    let store = countersign_store::open(&Location::parse(&url).unwrap(), Some(NAME)).unwrap();
    let engine = Engine::start(store.into(), patient()).unwrap();
    let mut words = task.split(' ');
    match words.next().unwrap() {
        "take" => take(&engine, words.next().unwrap()),
        "pay" => pay(&engine, words.next().unwrap(), words.next().unwrap().parse().unwrap()),
        other => panic!("no task {other}"),
    }
    engine.shutdown();
}

/// Says that it is ready, waits, and takes an amount from ada.
fn take(engine: &Engine, amount: &str) {
    say("ready");
    std::io::stdin().read_line(&mut String::new()).unwrap();
    let order = order("TAX_COLLECTION", "ada", "TREASURY", amount).taxed("fine");
    say(&engine.settle(Request::of(order)).unwrap().transaction_id);
}

/// Who pays under load, each by one thread: so many that batches are written while they are drafted.
pub(crate) const PAYERS: usize = 32;

/// The order behind a key.
pub(crate) fn keyed(key: &str) -> Request {
    let order = Order { description: Some(key.to_owned()), ..order("TRANSFER", "ada", "ben", "1") };
    Request::of(order).with_key(key)
}

/// Pays until it is killed, or `most` times each; says each key before it asks, and what it was answered.
fn pay(engine: &Engine, name: &str, most: usize) {
    std::thread::scope(|scope| {
        for payer in 0..PAYERS {
            scope.spawn(move || {
                for n in 0..most {
                    let key = format!("{name}-{payer}-{n}");
                    let receipt = engine.settle(keyed(&key)).unwrap();
                    say(&format!("{key} {}", receipt.transaction_id));
                }
            });
        }
    });
}
