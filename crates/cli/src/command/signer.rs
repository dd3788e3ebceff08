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

    fn signed(&self, note: &str) -> bool {
        let cosigned = |cosigner: &SigningKey| {
            SignedNote::parse(note).is_ok_and(|note| note.open(&[cosigner.verifying_key()]).is_ok())
        };
        self.opens(note).is_some() && self.cosigner.as_ref().is_none_or(cosigned)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_that_the_cosigner_of_today_did_not_cosign_is_signed_again() {
        let key = |seed, name: &str, kind| SigningKey::from_seed(name, [seed; 32], kind).unwrap();
        let ledger = |seed| key(seed, "game.example/economy", KeyKind::Ed25519);
        let witness = |seed| Some(key(seed, "witness.example/1", KeyKind::CosignatureV1));
        let keys = |seed, cosigner| Keys { cosigner, ..Keys::of(ledger(seed)) };
        let plain = keys(7, None).sign(5, &Hash::of(b"root"), 1);
        let cosigned = keys(7, witness(8)).sign(5, &Hash::of(b"root"), 1);
        for (keys, note, signed) in [
            (keys(7, None), &plain, true),
            (keys(7, None), &cosigned, true),
            (keys(7, witness(8)), &plain, false),
            (keys(7, witness(8)), &cosigned, true),
            (keys(7, witness(9)), &cosigned, false),
            (keys(9, witness(8)), &cosigned, false),
        ] {
            assert_eq!(keys.signed(note), signed, "{keys:?}: {note}");
        }
        // What it signed before there was a cosigner still vouches for its entries.
        assert_eq!(keys(7, witness(8)).opens(&plain), Some((5, Hash::of(b"root"))));
    }
}
