//! `countersign checkpoint`: how many entries there are, and their root, signed and kept.

use clap::Args;
use countersign_core::timestamp::Timestamp;
use countersign_engine::notary::Voucher;
use countersign_store::{SignedCheckpoint, Store, Wanted};
use serde::Serialize;

use super::export::KeyArguments;
use super::settings::Source;
use super::{Failure, Outcome, answer, ledger};

#[derive(Args, Debug)]
pub(super) struct Arguments {
    #[command(flatten)]
    source: Source,
    /// Of the first N entries [default: of all]
    #[arg(long, value_name = "N")]
    size: Option<u64>,
    #[command(flatten)]
    keys: KeyArguments,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Signed {
    size: u64,
    at: Timestamp,
    note: String,
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    answer::give(arguments.json, || sign(arguments), |signed| signed.note.clone())
}

fn sign(arguments: &Arguments) -> Result<Signed, Failure> {
    let (settings, store) = ledger::write(&arguments.source)?;
    let keys = arguments.keys.read(&settings, &store.identity().ledger)?;
    let keys = keys.ok_or_else(|| {
        Failure::of("which key signs? Say --key, COUNTERSIGN_KEY, or key in countersign.toml".to_owned())
    })?;
    let SignedCheckpoint { size, note, at } = keep(&*store, &keys.voucher(), arguments.size)?;
    Ok(Signed { size, at, note })
}

/// Signs a checkpoint of the first `size` entries, or of all, and keeps it.
pub(super) fn keep(store: &dyn Store, voucher: &Voucher, size: Option<u64>) -> Result<SignedCheckpoint, Failure> {
    let head = store.load(&Wanted::default())?.head.seq;
    let size = size.unwrap_or(head);
    if size > head {
        return Err(Failure::new("--size", format_args!("the ledger has {head} entries")));
    }
    let checkpoint = voucher.vouch(store, size, ledger::now())?;
    store.keep_checkpoint(&checkpoint)?;
    Ok(checkpoint)
}
