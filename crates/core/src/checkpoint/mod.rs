//! Checkpoints: a statement that a ledger had so many entries with this Merkle root, and signatures
//! under it.
//!
//! Inside: keys and their text forms ([`key`], [`signing`]), C2SP signed notes ([`note`]), the body
//! of a `tlog-checkpoint` ([`tree_head`]), and `cosignature/v1`, whose time is signed
//! ([`cosignature`]). Not inside: where keys are kept, and when to sign; seeds and times are arguments.
//!
//! Sources: C2SP [signed-note](https://c2sp.org/signed-note),
//! [tlog-checkpoint](https://c2sp.org/tlog-checkpoint) and
//! [tlog-cosignature](https://c2sp.org/tlog-cosignature).

pub mod cosignature;
pub mod key;
pub mod note;
pub mod signing;
pub mod tree_head;

pub use key::{KeyError, KeyKind, VerifyingKey};
pub use note::{NoteError, NoteSignature, OpenedNote, SignedNote, Signer, notes};
pub use signing::SigningKey;
pub use tree_head::{Checkpoint, CheckpointError};
