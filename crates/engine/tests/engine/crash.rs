//! SIGKILL at random moments of a load: every acknowledged transaction is there once, nothing is half done,
//! the chain verifies, and asking again with the same keys pays nobody twice.

use std::collections::HashMap;
use std::time::Duration;

use countersign_engine::Engine;

use crate::audit::{export, verify};
use crate::ledger::*;
use crate::naive::replay;
use crate::process;

on_each_store!(killed_at_any_moment_it_pays_once);

/// How many times, where the environment does not say.
const TIMES: u64 = 10;
/// In the environment: how many times.
const TIMES_SET: &str = "COUNTERSIGN_KILLS";

fn killed_at_any_moment_it_pays_once(ledger: &Ledger) {
    let times = std::env::var(TIMES_SET).map_or(TIMES, |times| times.parse().unwrap());
    let engine = ledger.engine(unshielded());
    open_accounts(&engine, &["ada", "ben"]);
    mint(&engine, "ada", "1000000");
    engine.shutdown();
    let mut acknowledged = HashMap::new();
    for round in 0..times {
        let before = acknowledged.len();
        acknowledged.extend(one_killing(&ledger.url(), round));
        assert!(acknowledged.len() > before, "killed before it did anything");
        let engine = ledger.engine(unshielded());
        check(&engine, &acknowledged);
        ask_again(&engine, round, &mut acknowledged);
        check(&engine, &acknowledged);
        engine.shutdown();
    }
    let engine = ledger.engine(unshielded());
    replay(&export(engine.store()));
    verify(engine.store(), &[]);
}

/// What a process acknowledged before it was killed: keys and transaction ids.
fn one_killing(url: &str, round: u64) -> HashMap<String, String> {
    let mut worker = process::start(url, &format!("pay r{round} 1000000"));
    let mut acknowledged = HashMap::new();
    let mut note = |line: String| {
        let (key, id) = line.split_once(' ').unwrap();
        assert_eq!(acknowledged.insert(key.to_owned(), id.to_owned()), None);
    };
    note(worker.hear().unwrap());
    // A moment that has nothing to do with what it does.
    let moment = countersign_core::hash::Hash::of(format!("{round} {}", std::process::id()).as_bytes()).0[0];
    let killer = worker.killer();
    std::thread::scope(|scope| {
        // What it says is read meanwhile: with nobody to listen it would soon do nothing.
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(u64::from(moment)));
            killer();
        });
        std::iter::from_fn(|| worker.hear()).for_each(&mut note);
    });
    worker.wait();
    acknowledged
}

/// Every acknowledged key stands in the ledger with its transaction, and no key stands there twice.
fn check(engine: &Engine, acknowledged: &HashMap<String, String>) {
    verify(engine.store(), &[]);
    let mut standing = HashMap::new();
    let mut snapshot = engine.store().snapshot().unwrap();
    let last = snapshot.head().seq;
    snapshot
        .entries(2..=last, &mut |record| {
            let key = record.personal.unwrap().description.unwrap();
            assert_eq!(standing.insert(key.clone(), record.transaction_id), None, "{key} was paid twice");
            Ok(())
        })
        .unwrap();
    for (key, id) in acknowledged {
        assert_eq!(standing.get(key), Some(id), "{key} was acknowledged");
    }
}

/// The callers, who do not know what became of their last request, send what they sent once more.
fn ask_again(engine: &Engine, round: u64, acknowledged: &mut HashMap<String, String>) {
    for payer in 0..process::PAYERS {
        let keys = (0..).map(|n| format!("r{round}-{payer}-{n}"));
        let known = keys.clone().take_while(|key| acknowledged.contains_key(key)).count();
        // The last that was answered, and the one that may have been under way.
        for key in keys.skip(known.saturating_sub(1)).take(if known == 0 { 1 } else { 2 }) {
            let receipt = engine.settle(process::keyed(&key)).unwrap();
            match acknowledged.get(&key) {
                Some(id) => assert!(receipt.replayed && receipt.transaction_id == *id, "{key}"),
                None => drop(acknowledged.insert(key, receipt.transaction_id)),
            }
        }
    }
}
