//! `countersign demo`: a demo ledger and tampered copies of it.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::RangedU64ValueParser;

use super::{Failure, Outcome};
use crate::demo::Ledger;

#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// Directory for the files; made where it is not there
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// How many entries
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    entries: u64,
    /// The same seed gives the same bytes
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// How many players [default: one for a hundred entries, from 5 to 10,000]
    #[arg(long, value_name = "A", value_parser = RangedU64ValueParser::<usize>::new().range(2..=1_000_000))]
    accounts: Option<usize>,
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    let mut ledger = Ledger::new(arguments.entries, arguments.seed);
    ledger.accounts = arguments.accounts.unwrap_or(ledger.accounts);
    fs::create_dir_all(&arguments.out).map_err(|e| Failure::new(arguments.out.display(), e))?;
    write(&arguments.out.join("demo.jsonl"), |out| ledger.write_export(out))?;
    Ok(Outcome::Good)
}

fn write(path: &Path, content: impl FnOnce(&mut BufWriter<File>) -> std::io::Result<()>) -> Result<(), Failure> {
    let written = File::create(path).and_then(|file| {
        let mut out = BufWriter::with_capacity(1 << 18, file);
        content(&mut out)?;
        out.flush()
    });
    written.map_err(|e| Failure::new(path.display(), e))
}
