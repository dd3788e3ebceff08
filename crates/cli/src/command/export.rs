//! `countersign export`: the ledger as a file that anybody can verify.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use countersign_core::export::header::PersonalData;
use countersign_core::hash::Hash;
use countersign_engine::notary::Voucher;
use countersign_store::export::{Exported, Extent, write};
use countersign_store::{Location, Store};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Serialize;

use super::named::Named;
use super::new_file::Existing;
use super::screen::{self, grouped};
use super::settings::{Settings, Source};
use super::signer::Keys;
use super::{Failure, Outcome, answer, ledger, new_file};

#[derive(Args, Debug)]
pub(super) struct Arguments {
    #[command(flatten)]
    source: Source,
    /// The first entry
    #[arg(long, value_name = "SEQ", default_value_t = 1)]
    first: u64,
    /// The last entry [default: the ledger's last]
    #[arg(long, value_name = "SEQ")]
    last: Option<u64>,
    /// Leave personal data out: every hash still verifies
    #[arg(long)]
    withhold_personal: bool,
    /// Compress it
    #[arg(long)]
    gzip: bool,
    #[command(flatten)]
    keys: KeyArguments,
    /// Where to, written whole or not at all; - for standard output
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Write over an export that is there already, and over nothing else
    #[arg(long)]
    force: bool,
    /// Print what was written as JSON
    #[arg(long)]
    json: bool,
}

/// Which keys sign.
#[derive(Args, Debug)]
pub(super) struct KeyArguments {
    /// The ledger's key, of `countersign key new`: signs a checkpoint of exactly the last entry
    #[arg(long, value_name = "FILE", env = "COUNTERSIGN_KEY")]
    key: Option<PathBuf>,
    /// A key that cosigns it with the time
    #[arg(long, value_name = "FILE", env = "COUNTERSIGN_COSIGNER")]
    cosigner: Option<PathBuf>,
}

impl KeyArguments {
    pub(super) fn are_named(&self, settings: &Settings) -> bool {
        self.key.is_some() || settings.key.is_some()
    }

    /// The keys of the flags, the environment or the file; `None` where none is named.
    pub(super) fn read(&self, settings: &Settings, ledger: &str) -> Result<Option<Keys>, Failure> {
        let key = self.key.as_ref().or(settings.key.as_ref());
        let cosigner = self.cosigner.as_ref().or(settings.cosigner.as_ref());
        if key.is_none() && self.cosigner.is_some() {
            return Err(Failure::of("--cosigner cosigns what --key signs, and no key is named".to_owned()));
        }
        key.map(|key| Keys::read(key, cosigner.map(PathBuf::as_path), ledger)).transpose()
    }
}

/// What was written.
#[derive(Serialize)]
pub(super) struct Written {
    pub(super) entries: u64,
    last_seq: u64,
    head: Hash,
    root: Hash,
    signed: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    if arguments.out == Path::new("-") {
        let (settings, location) = ledger::locate(&arguments.source)?;
        let mut out = Named::new(io::stdout().lock(), "standard output".to_owned());
        return match arguments.export(&settings, &location, &mut out) {
            Ok(_) => Ok(Outcome::Good),
            // Whoever closed the pipe has seen enough.
            Err(failure) if failure.is_broken_pipe => Ok(Outcome::Good),
            Err(failure) => Err(failure),
        };
    }
    answer::give(arguments.json, || arguments.export_to_file(), |written| arguments.words(written))
}

impl Arguments {
    fn export_to_file(&self) -> Result<Written, Failure> {
        let (settings, location) = ledger::locate(&self.source)?;
        let existing = if self.force { Existing::ReplaceExport } else { Existing::Keep };
        new_file::write(&self.out, existing, |out| self.export(&settings, &location, out))
    }

    fn export(&self, settings: &Settings, location: &Location, out: &mut impl Write) -> Result<Written, Failure> {
        let (store, signs) = ledger::open_to_export(location, settings, self.keys.are_named(settings))?;
        let keys = self.keys.read(settings, &store.identity().ledger)?.filter(|_| signs);
        let voucher = keys.map(Keys::voucher);
        let personal = if self.withhold_personal { PersonalData::Withheld } else { PersonalData::Full };
        let extent = Extent { first: self.first, last: self.last, personal, exported_at: Some(ledger::now()) };
        if !self.gzip {
            return export(&*store, &extent, voucher.as_ref(), out);
        }
        let mut gzip = GzEncoder::new(out, Compression::default());
        let written = export(&*store, &extent, voucher.as_ref(), &mut gzip)?;
        gzip.finish()?;
        Ok(written)
    }

    fn words(&self, written: &Written) -> String {
        let signed = if written.signed { "with a signed checkpoint" } else { "without a signed checkpoint" };
        format!(
            "Written to {}: {} entries up to {}, {signed}.\n\n  Head  {}\n  Root  {}\n",
            screen::plain(&self.out.display().to_string()),
            grouped(written.entries),
            written.last_seq,
            written.head,
            written.root
        )
    }
}

/// Writes an export, signs a checkpoint of its last entry where there is a key, and keeps that.
pub(super) fn export(
    store: &dyn Store,
    extent: &Extent,
    voucher: Option<&Voucher>,
    out: &mut impl Write,
) -> Result<Written, Failure> {
    let mut snapshot = store.snapshot()?;
    let head = snapshot.head().seq;
    if let Some(beyond) = extent.last.filter(|last| *last > head) {
        return Err(Failure::of(format!(
            "there are no entries {} to {beyond}: the ledger ends at {head}",
            extent.first
        )));
    }
    let last = extent.last.unwrap_or(head);
    let made = voucher.map(|voucher| voucher.vouch(store, last, ledger::now())).transpose()?;
    let mut notes = |_, _| made.iter().map(|checkpoint| checkpoint.note.clone()).collect();
    let Exported { entries, last_seq, head, root } =
        write(&mut *snapshot, store.identity(), extent, &mut notes, &mut *out)?;
    if let Some(checkpoint) = &made {
        store.keep_checkpoint(checkpoint)?;
    }
    Ok(Written { entries, last_seq, head, root, signed: made.is_some() })
}
