//! The engine under load, beside the bare loop: the same batches, handed to the store one after the other with
//! nothing before them.
//!
//! `cargo run --release -p countersign-engine --example load -- SECONDS CALLERS PLACE PLACE`, where each place is
//! a file of SQLite's that is not there yet, or the address of an empty PostgreSQL database.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use countersign_core::timestamp::Timestamp;
use countersign_engine::load::{self, Load};
use countersign_engine::{Config, Engine};
use countersign_store::{Batch, Identity, Location, Store};

#[allow(dead_code, reason = "of its mishaps none is used here")]
#[path = "../tests/engine/double.rs"]
mod double;

const ACCOUNTS: usize = 10_000;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [seconds, callers, loaded, bare] = arguments.as_slice() else { return Err("see the example's head".into()) };
    let (figures, batches, setup) = under_load(loaded, callers.parse()?, seconds.parse()?)?;
    println!("{}", serde_json::to_string_pretty(&figures)?);
    let bare = bare_loop(bare, &setup, &batches)?;
    println!("the bare loop: {bare:.0}/s, of which {:.2}", figures.per_second / bare);
    Ok(())
}

fn unlimited() -> Config {
    let mut config = Config::default();
    config.shield.velocity.transactions = 100_000;
    config.shield.rate.requests = u32::MAX;
    config
}

fn fresh(place: &str) -> Outcome<Box<dyn Store>> {
    let identity = Identity { ledger: "load.example".to_owned(), ledger_id: "1d".repeat(16) };
    Ok(countersign_store::create(&Location::parse(place)?, &identity, Timestamp::from_millis(0))?)
}

/// The engine under load, and what it wrote: while it was prepared, and then.
fn under_load(place: &str, callers: usize, seconds: u64) -> Outcome<(load::Figures, Vec<Batch>, Vec<Batch>)> {
    let written = Arc::new(Mutex::new(Vec::new()));
    let keep = written.clone();
    let store = double::Double::of(fresh(place)?.into()).recording(move |batch| {
        if let Ok(mut written) = keep.lock() {
            written.push(batch.clone());
        }
    });
    let engine = Engine::start(Arc::new(store), unlimited())?;
    load::prepare(&engine, ACCOUNTS)?;
    let take = || written.lock().map(|mut written| std::mem::take(&mut *written)).unwrap_or_default();
    let setup = take();
    let figures = load::run(&engine, &Load { callers, accounts: ACCOUNTS, lasts: Duration::from_secs(seconds) })?;
    let metrics = engine.metrics();
    let seconds = |histogram: &countersign_engine::Histogram| histogram.sum;
    println!(
        "{} batches, {:.2} s in loads, {:.2} s in commits, of the preparation too",
        metrics.batches,
        seconds(&metrics.load_seconds),
        seconds(&metrics.commit_seconds)
    );
    engine.shutdown();
    Ok((figures, take(), setup))
}

/// The same rows by a loop that does nothing else: transactions a second.
fn bare_loop(place: &str, setup: &[Batch], batches: &[Batch]) -> Outcome<f64> {
    let store = fresh(place)?;
    setup.iter().try_for_each(|batch| store.commit(batch))?;
    let began = Instant::now();
    batches.iter().try_for_each(|batch| store.commit(batch))?;
    let entries: usize = batches.iter().map(|batch| batch.entries.len()).sum();
    #[expect(clippy::cast_precision_loss, reason = "a figure to be looked at")]
    let entries = entries as f64;
    Ok(entries / began.elapsed().as_secs_f64())
}
