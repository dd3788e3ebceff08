//! The keys that sign checkpoints, from their files.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use countersign_core::checkpoint::{Checkpoint, KeyKind, SigningKey};
use countersign_core::hash::Hash;
use countersign_core::timestamp::Timestamp;
use countersign_engine::notary::Signer;
use countersign_store::SignedCheckpoint;

use super::Failure;

/// Longest file of a key, in bytes.
const MAX_KEY_FILE: u64 = 4096;

/// A ledger's keys.
#[derive(Debug)]
pub(super) struct Keys {
    ledger: String,
    key: SigningKey,
    cosigner: Option<SigningKey>,
}

impl Keys {
    /// Reads the key of a ledger, and the one that cosigns with the time.
    pub(super) fn read(key: &Path, cosigner: Option<&Path>, ledger: &str) -> Result<Self, Failure> {
        let cosigner = cosigner.map(|path| read(path, KeyKind::CosignatureV1, None)).transpose()?;
        let key = read(key, KeyKind::Ed25519, Some(ledger))?;
        Ok(Self { ledger: ledger.to_owned(), key, cosigner })
    }

    /// Of keys that were just made.
    pub(super) fn of(key: SigningKey) -> Self {
        Self { ledger: key.name().to_owned(), key, cosigner: None }
    }

    /// The signed note that the first `size` entries have this root.
    pub(super) fn vouch(&self, size: u64, root: &Hash, at: Timestamp) -> SignedCheckpoint {
        let seconds = u64::try_from(at.millis() / 1000).unwrap_or(0);
        SignedCheckpoint { size, note: self.sign(size, root, seconds), at }
    }
}

impl Signer for Keys {
    fn sign(&self, size: u64, root: &Hash, unix_seconds: u64) -> String {
        let checkpoint = Checkpoint { origin: self.ledger.clone(), size, root: *root };
        checkpoint.sign(&self.key, self.cosigner.as_ref().map(|key| (key, unix_seconds)))
    }
}

/// No message of this shows what stands in the file.
fn read(path: &Path, kind: KeyKind, name: Option<&str>) -> Result<SigningKey, Failure> {
    let wrong = |why: &dyn std::fmt::Display| Failure::new(path.display(), why);
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(MAX_KEY_FILE).read_to_string(&mut text));
    read.map_err(|e| wrong(&e))?;
    let key: SigningKey = text.trim_end_matches(['\n', '\r']).parse().map_err(|e| wrong(&e))?;
    if key.kind() != kind {
        let needed = match kind {
            KeyKind::Ed25519 => "a key that signs checkpoints (0x01), and this one cosigns (0x04)",
            KeyKind::CosignatureV1 => "a key that cosigns (0x04), and this one signs checkpoints (0x01)",
        };
        return Err(wrong(&format_args!("needed is {needed}")));
    }
    match name {
        Some(name) if name != key.name() => {
            Err(wrong(&format_args!("it is the key of {}, and the ledger is {name}", key.name())))
        }
        _ => Ok(key),
    }
}
