//! Many at once: threads, engines, processes. No money is lost, and the chain never forks.

use std::collections::HashSet;

use countersign_engine::Request;

use crate::audit::{export, verify};
use crate::ledger::*;
use crate::naive::replay;
use crate::process;

on_each_store!(
    sixty_four_threads_with_every_total_exact,
    two_engines_on_one_ledger,
    the_classic_race_of_two_processes,
    two_processes_under_load,
);

fn sixty_four_threads_with_every_total_exact(ledger: &Ledger) {
    const THREADS: usize = 64;
    const EACH: usize = 25;
    let engine = ledger.engine(unshielded());
    let names: Vec<String> = (0..THREADS).map(|n| format!("p{n}")).collect();
    open_accounts(&engine, &names.iter().map(String::as_str).collect::<Vec<_>>());
    names.iter().for_each(|name| drop(mint(&engine, name, "100")));
    std::thread::scope(|scope| {
        for (n, name) in names.iter().enumerate() {
            let (engine, next) = (&engine, &names[(n + 1) % THREADS]);
            scope.spawn(move || (0..EACH).for_each(|_| drop(settle(engine, order("TRANSFER", name, next, "1.01")))));
        }
    });
    // Each paid 25 × 1.01 and got 25 × (1.01 − 0.0505).
    names.iter().for_each(|name| assert_eq!(balance(&engine, name), "98.7375"));
    assert_eq!(bucket(&engine, "transfer_tax"), "80.8000");
    let total = &engine.store().load(&Default::default()).unwrap().head.totals["EURO"]["TRANSFER"];
    assert_eq!((total.transactions, total.gross.to_string()), (1600, "1616.0000".into()));
    let metrics = engine.metrics();
    assert!(metrics.batches < 64 + 64 + 1600, "nothing was batched: {metrics:?}");
    replay(&export(engine.store()));
    assert_eq!(verify(engine.store(), &[]).total_transactions, 1664);
}

fn two_engines_on_one_ledger(ledger: &Ledger) {
    let engines = [ledger.engine(patient()), ledger.engine(patient())];
    open_accounts(&engines[0], &["ada", "ben"]);
    mint(&engines[0], "ada", "1000");
    let pay =
        |engine| -> Vec<u64> { (0..20).map(|_| settle(engine, order("TRANSFER", "ada", "ben", "1")).seq).collect() };
    let seqs: Vec<u64> = std::thread::scope(|scope| {
        let (engines, pay) = (&engines, &pay);
        let payers: Vec<_> = (0..8).map(|n| scope.spawn(move || pay(&engines[n % 2]))).collect();
        payers.into_iter().flat_map(|payer| payer.join().unwrap()).collect()
    });
    // Every seq was given once: two engines never extended the same entry.
    assert_eq!(seqs.iter().copied().collect::<HashSet<_>>(), (2..=161).collect());
    assert_eq!((balance(&engines[0], "ada"), balance(&engines[1], "ben")), ("840.0000".into(), "152.0000".into()));
    assert_eq!(bucket(&engines[0], "transfer_tax"), "8.0000");
    replay(&export(engines[0].store()));
    verify(engines[1].store(), &[]);
}

/// 1000; one takes 100, the other 50, at once: 850.
fn the_classic_race_of_two_processes(ledger: &Ledger) {
    let engine = ledger.engine(unshielded());
    open_accounts(&engine, &["ada"]);
    mint(&engine, "ada", "1000");
    let mut workers = ["take 100", "take 50"].map(|task| process::start(&ledger.url(), task));
    workers.iter_mut().for_each(|worker| assert_eq!(worker.hear().as_deref(), Some("ready")));
    workers.iter_mut().for_each(process::Worker::go);
    let ids: Vec<String> = workers.iter_mut().map(|worker| worker.hear().unwrap()).collect();
    workers.into_iter().for_each(|worker| assert!(worker.wait()));
    assert_eq!((balance(&engine, "ada"), bucket(&engine, "fine")), ("850.0000".into(), "150.0000".into()));
    ids.iter().for_each(|id| assert!(engine.store().entry_by_id(id).unwrap().is_some()));
    replay(&export(engine.store()));
    assert_eq!(verify(engine.store(), &[]).total_transactions, 3);
}

fn two_processes_under_load(ledger: &Ledger) {
    let engine = ledger.engine(unshielded());
    open_accounts(&engine, &["ada", "ben"]);
    mint(&engine, "ada", "1000");
    let workers = ["pay one 10", "pay two 10"].map(|task| process::start(&ledger.url(), task));
    workers.into_iter().for_each(|worker| assert!(worker.wait()));
    let paid = 2 * process::PAYERS as u64 * 10;
    assert_eq!((entries(engine.store()), balance(&engine, "ada")), (1 + paid, format!("{}.0000", 1000 - paid)));
    assert_eq!(bucket(&engine, "transfer_tax"), format!("{}.0000", paid / 20));
    // Each key paid once, and asking again says so.
    assert!(engine.settle(process::keyed("one-0-0")).unwrap().replayed);
    assert_eq!(engine.settle(Request::of(order("TRANSFER", "ada", "ben", "1"))).unwrap().seq, 2 + paid);
    replay(&export(engine.store()));
    verify(engine.store(), &[]);
}
