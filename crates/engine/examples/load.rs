//! The engine under load on SQLite, beside the bare loop: the same batches, handed to the store one after the
//! other with nothing before them.
//!
//! `cargo run --release -p countersign-engine --example load -- [seconds] [folder]`

use std::path::{Path, PathBuf};
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
const CALLERS: [usize; 4] = [1, 8, 64, 512];

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Outcome<()> {
    let mut arguments = std::env::args().skip(1);
    let seconds = arguments.next().map_or(Ok(5), |seconds| seconds.parse())?;
    let folder = arguments.next().map_or_else(std::env::temp_dir, PathBuf::from);
    for callers in CALLERS {
        let (figures, batches, setup) = under_load(&folder.join("countersign-load.db"), callers, seconds)?;
        let bare = bare(&folder.join("countersign-bare.db"), &setup, &batches)?;
        println!(
            "{callers:>4} callers: {:>8.0}/s  p50 {:>7.2} ms  p99 {:>7.2} ms  longest {:>7.2} ms   bare {bare:>8.0}/s   {:.2} of it",
            figures.per_second,
            figures.p50_ms,
            figures.p99_ms,
            figures.longest_ms,
            figures.per_second / bare,
        );
    }
    Ok(())
}

fn unlimited() -> Config {
    let mut config = Config::default();
    config.shield.velocity.transactions = 100_000;
    config.shield.rate.requests = u32::MAX;
    config
}

fn fresh(path: &Path) -> Outcome<Box<dyn Store>> {
    for end in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{end}", path.display()));
    }
    let identity = Identity { ledger: "load.example".to_owned(), ledger_id: "1d".repeat(16) };
    Ok(countersign_store::create(&Location::Sqlite(path.to_owned()), &identity, Timestamp::from_millis(0))?)
}

/// The engine under load, and what it wrote: while it was prepared, and then.
fn under_load(path: &Path, callers: usize, seconds: u64) -> Outcome<(load::Figures, Vec<Batch>, Vec<Batch>)> {
    let written = Arc::new(Mutex::new(Vec::new()));
    let keep = written.clone();
    let store = double::Double::of(fresh(path)?.into()).recording(move |batch| {
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
    println!("     batches {:?}", metrics.batch_sizes.counts);
    println!("     load {:?} commit {:?}", metrics.load_seconds, metrics.commit_seconds);
    engine.shutdown();
    Ok((figures, take(), setup))
}

/// The same rows by a loop that does nothing else: transactions a second, in batches of `callers`.
fn bare(path: &Path, setup: &[Batch], batches: &[Batch]) -> Outcome<f64> {
    let store = fresh(path)?;
    setup.iter().try_for_each(|batch| store.commit(batch))?;
    let began = Instant::now();
    batches.iter().try_for_each(|batch| store.commit(batch))?;
    let entries: usize = batches.iter().map(|batch| batch.entries.len()).sum();
    #[expect(clippy::cast_precision_loss, reason = "a figure to be looked at")]
    let entries = entries as f64;
    Ok(entries / began.elapsed().as_secs_f64())
}
