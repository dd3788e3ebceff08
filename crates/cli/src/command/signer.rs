//! The keys that sign checkpoints, from their files.

use std::path::Path;
use std::sync::Arc;

use countersign_core::checkpoint::{Checkpoint, KeyKind, SignedNote, SigningKey};
use countersign_core::hash::Hash;
use countersign_engine::notary::{Signer, Voucher};

use super::{Failure, key};

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

    /// Who signs with them what he has verified.
    pub(super) fn voucher(self) -> Voucher {
        Voucher::new(Arc::new(self))
    }
}

impl Signer for Keys {
    fn sign(&self, size: u64, root: &Hash, unix_seconds: u64) -> String {
        let checkpoint = Checkpoint { origin: self.ledger.clone(), size, root: *root };
        checkpoint.sign(&self.key, self.cosigner.as_ref().map(|key| (key, unix_seconds)))
    }

    fn opens(&self, note: &str) -> Option<(u64, Hash)> {
        let note = SignedNote::parse(note).ok()?;
        let checkpoint = note.open(&[self.key.verifying_key()]).ok()?.checkpoint().ok()?;
        (checkpoint.origin == self.ledger).then_some((checkpoint.size, checkpoint.root))
    }
}

/// A key of this kind, and of this name where one is given.
fn read(path: &Path, kind: KeyKind, name: Option<&str>) -> Result<SigningKey, Failure> {
    let key = key::read(path)?;
    let wrong = |why: &dyn std::fmt::Display| Err(Failure::new(path.display(), why));
    match (kind, key.kind() == kind, name) {
        (KeyKind::Ed25519, false, _) => {
            wrong(&"this key cosigns (0x04), and one that signs checkpoints (0x01) is needed")
        }
        (KeyKind::CosignatureV1, false, _) => {
            wrong(&"this key signs checkpoints (0x01), and one that cosigns (0x04) is needed")
        }
        (_, true, Some(name)) if name != key.name() => {
            wrong(&format_args!("it is the key of {}, and the ledger is {name}", key.name()))
        }
        _ => Ok(key),
    }
}
