//! The body of a checkpoint: three lines, the ledger's name, how many entries, and the root in base64
//! (C2SP tlog-checkpoint, without extension lines).

use base64::{Engine, engine::general_purpose::STANDARD};

use super::key::KeyKind;
use super::note::{OpenedNote, SignedNote};
use super::signing::SigningKey;
use crate::grammar;
use crate::hash::Hash;

/// Why a note's text is no checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// Not exactly three lines.
    #[error("a checkpoint has three lines: the ledger's name, its size and its root")]
    Lines,
    /// The first line.
    #[error("the first line of a checkpoint is the ledger's name, 1 to 128 of A-Z a-z 0-9 . _ / : -")]
    Origin,
    /// The second line.
    #[error("the second line of a checkpoint is its size, a number up to 2^53 − 1 without leading zeros")]
    Size,
    /// The third line.
    #[error("the third line of a checkpoint is its root, padded base64 of 32 bytes")]
    Root,
}

/// That a ledger's first `size` entries have the Merkle root `root`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The ledger's name.
    pub origin: String,
    /// How many entries.
    pub size: u64,
    /// RFC 6962 root over them.
    pub root: Hash,
}

impl Checkpoint {
    /// The lines that are signed.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, STANDARD.encode(self.root.0))
    }

    /// Reads what [`Checkpoint::text`] writes, and nothing else.
    ///
    /// # Errors
    /// The line that breaks its rule.
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let mut lines = text.strip_suffix('\n').ok_or(CheckpointError::Lines)?.split('\n');
        let (Some(origin), Some(size), Some(root), None) = (lines.next(), lines.next(), lines.next(), lines.next())
        else {
            return Err(CheckpointError::Lines);
        };
        if !grammar::is_ledger_name(origin) {
            return Err(CheckpointError::Origin);
        }
        let size = number(size).ok_or(CheckpointError::Size)?;
        let root = STANDARD.decode(root).ok().and_then(|bytes| bytes.try_into().ok()).ok_or(CheckpointError::Root)?;
        Ok(Self { origin: origin.to_owned(), size, root: Hash(root) })
    }

    /// The signed note: signed by `key`, and cosigned by the second at its time in Unix seconds.
    ///
    /// # Panics
    /// Where `origin` is no ledger's name, or a key is of the other's kind.
    #[must_use]
    pub fn sign(&self, key: &SigningKey, cosigner: Option<(&SigningKey, u64)>) -> String {
        assert!(grammar::is_ledger_name(&self.origin), "the origin is a ledger's name: {:?}", self.origin);
        assert_eq!(key.kind(), KeyKind::Ed25519, "a checkpoint is signed by an Ed25519 key");
        let mut note = SignedNote::unsigned(self.text());
        note.sign(key);
        if let Some((cosigner, time)) = cosigner {
            assert_eq!(cosigner.kind(), KeyKind::CosignatureV1, "a checkpoint is cosigned by a cosignature/v1 key");
            note.cosign(cosigner, time);
        }
        note.to_string()
    }
}

impl OpenedNote<'_> {
    /// The checkpoint that was signed.
    ///
    /// # Errors
    /// Where the text is none.
    pub fn checkpoint(&self) -> Result<Checkpoint, CheckpointError> {
        Checkpoint::parse(self.text())
    }
}

fn number(text: &str) -> Option<u64> {
    let canonical = text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|n| canonical && *n <= grammar::MAX_SEQ)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::checkpoint::{NoteError, VerifyingKey};

    const LEDGER_KEY: &str = "game.example/economy+b7e99c16+AYMq5iT7Tj3bthuC2BO2upajYP1EdR6ZRFFydV2hbw8R";
    const WITNESS_KEY: &str = "witness.example/1+2e550400+BPrE5gsZjUc6LSkelUdg+5b8RAE8ZgxMLrz2N1dPYewJ";
    const COSIGNED: &str = include_str!("../../../../tests/vectors/checkpoint-20-cosigned.txt");
    const ALL: [(&str, u64); 3] = [
        (include_str!("../../../../tests/vectors/checkpoint-9.txt"), 9),
        (include_str!("../../../../tests/vectors/checkpoint-20.txt"), 20),
        (COSIGNED, 20),
    ];

    fn key(text: &str) -> VerifyingKey {
        text.parse().unwrap()
    }

    fn keys(cosigner: bool) -> (SigningKey, SigningKey) {
        let key =
            |seed: &str, name: &str, kind| SigningKey::from_seed(name, Hash::parse(seed).unwrap().0, kind).unwrap();
        let name = if cosigner { "witness.example/1" } else { "other.example" };
        (
            key(
                "fe4130952ee1dee6058273c87fe937b77dc4fb14539aa2eb383a940fc3ec4b9f",
                "game.example/economy",
                KeyKind::Ed25519,
            ),
            key("57998d7a9d5c0f37ee360e9548175ba68deb0869a3179d9ed9a6e0b63a27b364", name, KeyKind::CosignatureV1),
        )
    }

    #[test]
    fn the_frozen_checkpoints_open() {
        for (text, size) in ALL {
            let note = SignedNote::parse(text).unwrap();
            let opened = note.open(&[key(LEDGER_KEY)]).unwrap();
            let checkpoint = opened.checkpoint().unwrap();
            assert_eq!((checkpoint.size, checkpoint.origin.as_str()), (size, "game.example/economy"));
            assert_eq!(opened.signers()[0].time, None);
        }
        let note = SignedNote::parse(COSIGNED).unwrap();
        let opened = note.open(&[key(LEDGER_KEY), key(WITNESS_KEY)]).unwrap();
        assert_eq!(opened.signers()[1].time, Some(1_770_825_600));
        assert_eq!(SignedNote::parse(ALL[0].0).unwrap().open(&[key(WITNESS_KEY)]), Err(NoteError::Unopened));
    }

    /// Ed25519 is deterministic, so the vectors' own seeds give the vectors' own notes.
    #[test]
    fn the_frozen_checkpoints_are_made_again() {
        let (ledger, witness) = keys(true);
        let checkpoint = Checkpoint::parse(SignedNote::parse(COSIGNED).unwrap().text()).unwrap();
        assert_eq!(checkpoint.sign(&ledger, Some((&witness, 1_770_825_600))), COSIGNED);
        assert_eq!(checkpoint.sign(&ledger, None), ALL[1].0);
        assert_eq!((ledger.verifying_key(), witness.verifying_key()), (key(LEDGER_KEY), key(WITNESS_KEY)));
    }

    #[test]
    fn a_text_has_one_form() {
        let text = "game.example/economy\n9\n52S71VqXeI79W7Q0MZ2jD75eUcCXJuOwt8Uugl4Nk/8=\n";
        assert_eq!(Checkpoint::parse(text).unwrap().text(), text);
        let refused = |from: &str, to: &str| Checkpoint::parse(&text.replacen(from, to, 1)).unwrap_err();
        assert_eq!(refused("=\n", "=\nextension\n"), CheckpointError::Lines);
        assert_eq!(refused("=\n", "="), CheckpointError::Lines);
        assert_eq!(refused("game", "game example"), CheckpointError::Origin);
        for size in ["09", "+9", "-9", "", "9007199254740992", " 9"] {
            assert_eq!(refused("\n9\n", &format!("\n{size}\n")), CheckpointError::Size, "{size:?}");
        }
        assert_eq!(refused("52S7", "52S"), CheckpointError::Root);
        assert_eq!(refused("k/8=", "k/9="), CheckpointError::Root);
    }

    proptest! {
        #[test]
        fn opens_what_it_signs(size in 0..=grammar::MAX_SEQ, root: [u8; 32], time: u64) {
            let (ledger, cosigner) = keys(false);
            let checkpoint = Checkpoint { origin: "game.example/economy".to_owned(), size, root: Hash(root) };
            let note = SignedNote::parse(&checkpoint.sign(&ledger, Some((&cosigner, time)))).unwrap();
            let opened = note.open(&[ledger.verifying_key(), cosigner.verifying_key()]).unwrap();
            prop_assert_eq!(opened.checkpoint().unwrap(), checkpoint);
            prop_assert_eq!(opened.signers()[1].time, Some(time));
        }

        #[test]
        fn a_flipped_bit_never_opens(which in 0_usize..3, at: prop::sample::Index, bit in 0_u8..8) {
            let (text, _) = ALL[which];
            let mut bytes = text.as_bytes().to_vec();
            // The ledger key's note: a flip in the witness's line cannot hide from the witness's key.
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
            let Ok(changed) = String::from_utf8(bytes) else { return Ok(()) };
            let Ok(note) = SignedNote::parse(&changed) else { return Ok(()) };
            let in_ledger_part = at < ALL[1].0.len();
            let keys = [if which < 2 || in_ledger_part { key(LEDGER_KEY) } else { key(WITNESS_KEY) }];
            prop_assert!(note.open(&keys).is_err(), "{changed}");
        }
    }
}
