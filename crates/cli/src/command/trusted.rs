//! What an auditor brings to an audit: keys, kept checkpoints, witnesses, and what is taxed by his own table.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::Args;
use countersign_core::checkpoint::{Checkpoint, KeyKind, NoteError, SignedNote, VerifyingKey, notes};
use countersign_core::limits::MAX_NOTE;
use countersign_core::taxes::{MAX_TABLE, Taxes};

use super::Failure;

/// Longest file of notes, in bytes.
const MAX_NOTES_FILE: usize = MAX_NOTE * 16;
/// Longest file of keys, in bytes.
const MAX_KEYS_FILE: usize = 1 << 20;

#[derive(Args, Debug)]
pub(super) struct Given {
    /// A key that you trust to sign this ledger's checkpoints: name+hash+base64, or a file with one a line
    #[arg(long, value_name = "KEY")]
    key: Vec<String>,
    /// A checkpoint that you kept from before, a file; of several in one file, one after the other, each
    #[arg(long, value_name = "FILE")]
    checkpoint: Vec<PathBuf>,
    /// The key of a witness who cosigns checkpoints, written like --key
    #[arg(long, value_name = "KEY")]
    witness: Vec<String>,
    /// How many witnesses must have cosigned for the grade "witnessed" [default: all given]
    #[arg(long, value_name = "N", requires = "witness", value_parser = clap::value_parser!(u16).range(1..))]
    witness_quorum: Option<u16>,
    /// What each type is to be taxed, in ten-thousandths: a file of JSON, as {"X_TIP": {"rate": 1000, "tax_type": "tips"}}
    /// [default: the format's table, and X_ types at will; of a ledger where it is kept, what its settings add to that]
    #[arg(long, value_name = "FILE")]
    taxes: Option<PathBuf>,
}

/// The same, read.
#[derive(Debug, Default)]
pub(super) struct Trusted {
    pub(super) keys: Vec<VerifyingKey>,
    pub(super) checkpoints: Vec<String>,
    pub(super) witnesses: Vec<VerifyingKey>,
    pub(super) witness_quorum: usize,
    pub(super) taxes: Option<Taxes>,
}

impl Trusted {
    pub(super) fn read(given: &Given) -> Result<Self, Failure> {
        let witnesses = keys(&given.witness)?;
        if let Some(other) = witnesses.iter().find(|key| key.kind() != KeyKind::CosignatureV1) {
            return Err(Failure::new(other, "a witness has a key of type 0x04 (cosignature/v1)"));
        }
        Ok(Self {
            keys: keys(&given.key)?,
            checkpoints: checkpoints(&given.checkpoint)?,
            witnesses,
            witness_quorum: given.witness_quorum.map_or(0, usize::from),
            taxes: given.taxes.as_deref().map(taxes).transpose()?,
        })
    }
}

/// The notes of these files, however they were copied.
fn checkpoints(files: &[PathBuf]) -> Result<Vec<String>, Failure> {
    let mut all = Vec::new();
    for path in files {
        let notes = notes(&text(path, MAX_NOTES_FILE)?);
        let unreadable = |reason: &dyn std::fmt::Display| Failure {
            code: "CHECKPOINT_NOT_READABLE",
            ..Failure::new(path.display(), format_args!("no checkpoint: {reason}"))
        };
        if notes.is_empty() {
            return Err(unreadable(&NoteError::Form));
        }
        for note in &notes {
            let signed = SignedNote::parse(note).map_err(|error| unreadable(&error))?;
            Checkpoint::parse(signed.text()).map_err(|error| unreadable(&error))?;
        }
        all.extend(notes);
    }
    Ok(all)
}

/// Keys as they stand there, or in the files that are named.
fn keys(given: &[String]) -> Result<Vec<VerifyingKey>, Failure> {
    let mut keys = Vec::new();
    for given in given {
        if given.trim().is_empty() {
            return Err(Failure::of(
                "a key is empty: --key and --witness take a verifying key, or a file of them".to_owned(),
            ));
        }
        match given.parse() {
            Ok(key) => keys.push(key),
            Err(_) if is_secret(given) => return Err(Failure::new("--key", SECRET)),
            // What is neither is told for what it most likely was meant to be.
            Err(error) if given.contains('+') && !Path::new(given).exists() => return Err(Failure::new(given, error)),
            Err(_) => keys.extend(keys_in(Path::new(given))?),
        }
    }
    Ok(keys)
}

fn taxes(path: &Path) -> Result<Taxes, Failure> {
    let json = text(path, MAX_TABLE)?;
    Taxes::parse(&json).map_err(|error| Failure::new(path.display(), format_args!("no table of taxes: {error}")))
}

const SECRET: &str = "this is a secret key, which signs and belongs to nobody who verifies: `countersign key show` prints \
                      the one to trust";

fn is_secret(text: &str) -> bool {
    text.trim_start().starts_with("PRIVATE+KEY+")
}

fn keys_in(path: &Path) -> Result<Vec<VerifyingKey>, Failure> {
    let text = text(path, MAX_KEYS_FILE)?;
    if text.lines().any(is_secret) {
        return Err(Failure::new(path.display(), SECRET));
    }
    let lines = text.lines().enumerate().map(|(i, line)| (i + 1, line.trim()));
    let keys = lines
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .map(|(n, line)| line.parse().map_err(|e| Failure::new(format_args!("{}, line {n}", path.display()), e)))
        .collect::<Result<Vec<_>, _>>()?;
    if keys.is_empty() { Err(Failure::new(path.display(), "there is no key in this file")) } else { Ok(keys) }
}

/// A short file of text.
pub(super) fn text(path: &Path, most: usize) -> Result<String, Failure> {
    let failure = |why: &dyn std::fmt::Display| Failure::new(path.display(), why);
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(most as u64 + 1).read_to_string(&mut text));
    match read {
        Ok(_) if text.len() > most => Err(failure(&format_args!("longer than {most} bytes"))),
        Ok(_) => Ok(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(failure(&"there is no such file")),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => Err(failure(&"not a text")),
        Err(error) => Err(failure(&error)),
    }
}
