//! `countersign key`: the keys that sign checkpoints.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use countersign_core::checkpoint::{KeyKind, SigningKey};
use zeroize::Zeroizing;

use super::{Failure, Outcome, answer, screen, trusted};

/// Longest file of a secret key, in bytes: a name, a hash and 33 bytes in base64 are far shorter.
const MAX_SECRET_FILE: usize = 1024;

#[derive(Args, Debug)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a key: the secret half into a new file, the verifying key on standard output
    New(New),
    /// Print the verifying key of a secret key's file
    Show(Show),
}

#[derive(Args, Debug)]
struct New {
    /// The key's name: that of the ledger whose checkpoints it signs
    #[arg(long)]
    name: String,
    /// Where the secret half goes; never an existing file
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// A key that cosigns, with a time that it signs too (cosignature/v1)
    #[arg(long)]
    cosigner: bool,
}

#[derive(Args, Debug)]
struct Show {
    /// The secret key's file
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

pub(super) fn run(arguments: &Arguments) -> Result<Outcome, Failure> {
    let key = match &arguments.command {
        Command::New(New { name, out, cosigner }) => {
            make(name, out, if *cosigner { KeyKind::CosignatureV1 } else { KeyKind::Ed25519 })?
        }
        Command::Show(show) => read(&show.file)?,
    };
    answer::said(&format!("{}\n", key.verifying_key()))
}

/// A new key, its secret half in a file that was not there.
pub(super) fn make(name: &str, out: &Path, kind: KeyKind) -> Result<SigningKey, Failure> {
    let mut seed = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *seed).map_err(|e| Failure::new("the system's source of randomness", e))?;
    let key = SigningKey::from_seed(name, *seed, kind).map_err(|e| Failure::new(name, e))?;
    let path = out.display();
    let failure = |error: io::Error| match error.kind() {
        io::ErrorKind::AlreadyExists => Failure::new(&path, "this file exists, and may hold a key: name another"),
        _ => Failure::new(&path, error),
    };
    let mut file = create(out).map_err(failure)?;
    let secret = key.secret_text();
    let written = file.write_all(secret.as_bytes()).and_then(|()| file.write_all(b"\n")).and_then(|()| file.sync_all());
    if let Err(error) = written {
        // What is no whole key would be taken for one, and keep the next from being made.
        let _ = std::fs::remove_file(out);
        return Err(failure(error));
    }
    Ok(key)
}

/// A new file that only its owner can read, from the first moment on.
fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// The key of a file. No message of this shows what stands in it.
pub(super) fn read(path: &Path) -> Result<SigningKey, Failure> {
    let text = Zeroizing::new(trusted::text(path, MAX_SECRET_FILE)?);
    let key = text.trim_end().parse().map_err(|e| Failure::new(path.display(), e))?;
    warn_of_readers(path)?;
    Ok(key)
}

/// Whoever can read a secret key can sign in its name.
#[cfg(unix)]
fn warn_of_readers(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(path)?.permissions().mode();
    if mode & 0o077 != 0 {
        let path = screen::plain_whole(&path.display().to_string());
        // Where standard error is closed there is nobody to tell.
        let _ = writeln!(io::stderr(), "countersign: {path}: others can read this secret key; chmod 600 it");
    }
    Ok(())
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
fn warn_of_readers(_: &Path) -> io::Result<()> {
    Ok(())
}
