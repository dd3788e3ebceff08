//! `countersign demo`: a demo ledger and tampered copies of it.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use clap::Args;
use clap::builder::RangedU64ValueParser;
use serde::Serialize;

use super::{Failure, Outcome, answer, interrupt, screen};
use crate::demo::{self, Ledger, TamperedCopy};

/// Larger ledgers are written without tampered copies: there are 15.
const MAX_COPIED: u64 = 10_000;

#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// Directory for the files; made where it is not there
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// How many entries
    #[arg(long, value_name = "N", default_value_t = 1000)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    entries: u64,
    /// The same seed gives the same bytes
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// How many players [default: one for a hundred entries, from 5 to 10,000]
    #[arg(long, value_name = "A", value_parser = RangedU64ValueParser::<usize>::new().range(2..=1_000_000))]
    accounts: Option<usize>,
    /// Also write an export of format 1, the first system's
    #[arg(long)]
    legacy: bool,
}

/// What DIR/index.json lists, for a page that offers the files.
#[derive(Serialize)]
struct Index {
    files: Vec<Listed>,
}

#[derive(Serialize)]
struct Listed {
    name: String,
    what: String,
    bytes: u64,
    valid: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    let mut ledger = Ledger::new(arguments.entries, arguments.seed);
    ledger.accounts = arguments.accounts.unwrap_or(ledger.accounts);
    fs::create_dir_all(&arguments.out).map_err(|e| Failure::new(arguments.out.display(), e))?;
    let mut directory = Directory::new(arguments.out.clone());
    let entries = screen::grouped(ledger.entries);
    directory.genuine("demo.jsonl", &format!("genuine: {entries} entries"), |out| Ok(ledger.write_export(out)?))?;
    if arguments.legacy {
        let what = format!("genuine, format 1: {entries} entries");
        directory.genuine("legacy.jsonl", &what, |out| Ok(ledger.write_legacy(out)?))?;
    }
    if ledger.entries <= MAX_COPIED {
        directory.tampered(&demo::tampered_copies(&directory.text("demo.jsonl")?))?;
        if arguments.legacy {
            let copy = demo::tampered_legacy_copy(&directory.text("legacy.jsonl")?);
            directory.tampered(copy.as_slice())?;
        }
    }
    answer::said(&directory.finish()?)
}

/// The files of a demo, and the list of them.
pub(super) struct Directory {
    path: PathBuf,
    listed: Vec<Listed>,
}

impl Directory {
    /// One that is there already.
    pub(super) const fn new(path: PathBuf) -> Self {
        Self { path, listed: Vec::new() }
    }

    /// Writes an export that verifies.
    pub(super) fn genuine<T>(
        &mut self,
        name: &str,
        what: &str,
        content: impl FnOnce(&mut BufWriter<File>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let (done, bytes) = self.write(name, content)?;
        self.listed.push(Listed { name: name.to_owned(), what: what.to_owned(), bytes, valid: true });
        Ok(done)
    }

    /// Writes tampered copies.
    pub(super) fn tampered(&mut self, copies: &[TamperedCopy]) -> Result<(), Failure> {
        for copy in copies {
            let name = format!("{}.jsonl", copy.name);
            let ((), bytes) = self.write(&name, |out| Ok(out.write_all(copy.text.as_bytes())?))?;
            self.listed.push(Listed { name, what: copy.what.clone(), bytes, valid: false });
        }
        Ok(())
    }

    fn write<T>(
        &self,
        name: &str,
        content: impl FnOnce(&mut BufWriter<File>) -> Result<T, Failure>,
    ) -> Result<(T, u64), Failure> {
        let path = self.path.join(name);
        let wrong = |why: &dyn std::fmt::Display| Failure::new(path.display(), why);
        let file = File::create(&path).map_err(|e| wrong(&e))?;
        let _unfinished = interrupt::remove_on_interrupt(&path);
        let mut out = BufWriter::with_capacity(1 << 18, file);
        let written = content(&mut out).map_err(|failure| wrong(&failure.why)).and_then(|done| {
            let about = out.flush().and_then(|()| out.get_ref().metadata()).map_err(|e| wrong(&e))?;
            Ok((done, about.len()))
        });
        // A part of a file is no export, and would be taken for one that was cut off.
        written.inspect_err(|_| interrupt::remove(&path))
    }

    /// The text of a file of it.
    pub(super) fn text(&self, name: &str) -> Result<String, Failure> {
        let path = self.path.join(name);
        fs::read_to_string(&path).map_err(|e| Failure::new(path.display(), e))
    }

    /// Writes the list; what stands in it, in words.
    pub(super) fn finish(self) -> Result<String, Failure> {
        let mut shown = format!("Written to {}:\n", screen::plain(&self.path.display().to_string()));
        for Listed { name, what, bytes, .. } in &self.listed {
            shown.push_str(&format!("  {name:<32} {:>13} bytes  {what}\n", screen::grouped(*bytes)));
        }
        let index = Index { files: self.listed };
        let directory = Self { path: self.path, listed: Vec::new() };
        directory.write("index.json", |out| {
            serde_json::to_writer_pretty(&mut *out, &index).map_err(std::io::Error::from)?;
            Ok(out.write_all(b"\n")?)
        })?;
        Ok(shown)
    }
}
