//! What the auditor brings to an audit: keys that he trusts, witnesses, checkpoints that he kept, and what is withheld
//! by law or policy.

use crate::checkpoint::{Checkpoint, SignedNote, Signer, VerifyingKey};
use crate::limits::MAX_CHECKPOINTS;
use crate::taxes::Taxes;
use crate::unreadable::Unreadable;
use crate::verify::Options;

/// A checkpoint that the auditor kept. It counts because he holds it, whoever signed it.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub(super) note: SignedNote,
    pub(super) checkpoint: Checkpoint,
}

/// What a ledger is held to besides itself.
#[derive(Clone, Debug, Default)]
pub(crate) struct Holdings {
    /// Every key that opens a note, the witnesses' among them.
    pub(super) keys: Vec<VerifyingKey>,
    /// Those trusted to sign for the ledger.
    own: Vec<VerifyingKey>,
    /// Each party once, whatever it is called; none that signs for the ledger too.
    pub(super) witnesses: Vec<VerifyingKey>,
    /// How many of them must have cosigned.
    pub(super) quorum: usize,
    pub(super) kept: Vec<Kept>,
    /// FORMAT.md's where there is none.
    pub(super) taxes: Option<Taxes>,
}

impl Holdings {
    /// Reads what was given. A kept checkpoint that cannot be read is no reason to go on without it.
    pub(crate) fn of(options: &Options) -> Result<Self, Unreadable> {
        if options.checkpoints.len() > MAX_CHECKPOINTS {
            return Err(Unreadable::Limit { what: format!("at most {MAX_CHECKPOINTS} kept checkpoints are taken") });
        }
        let read =
            |(i, text): (usize, &String)| kept(text).map_err(|reason| Unreadable::Checkpoint { number: i + 1, reason });
        let kept = options.checkpoints.iter().enumerate().map(read).collect::<Result<_, _>>()?;
        let keys = options.keys.iter().chain(&options.witnesses).cloned().collect();
        let (own, witnesses) = (options.keys.clone(), parties(&options.witnesses, &options.keys));
        let quorum = if options.witness_quorum == 0 { witnesses.len() } else { options.witness_quorum };
        Ok(Self { keys, own, witnesses, quorum, kept, taxes: options.taxes.clone() })
    }

    /// Whether these signers say what the ledger was; why not. A witness says only that he was shown it: where the
    /// auditor has a key of the ledger, that one must have signed, and else as many witnesses as he asks for.
    pub(super) fn vouch(&self, signers: &[Signer]) -> Result<(), String> {
        if signers.iter().any(|signer| self.own.contains(&signer.key)) {
            return Ok(());
        }
        if !self.own.is_empty() {
            return Err("only witnesses cosigned it, and no key that was given for the ledger".to_owned());
        }
        match (self.witnessing(signers), self.quorum) {
            (found, asked) if found >= asked.max(1) => Ok(()),
            (found, asked) => Err(format!("{found} of the {asked} witnesses that were asked for cosigned it")),
        }
    }

    /// How many witnesses are among these signers.
    pub(super) fn witnessing(&self, signers: &[Signer]) -> usize {
        self.witnesses
            .iter()
            .filter(|witness| signers.iter().any(|s| s.time.is_some() && s.key.is_same_as(witness)))
            .count()
    }

    /// Whether a signer is one of the witnesses.
    pub(super) fn is_witness(&self, signer: &Signer) -> bool {
        signer.time.is_some() && self.witnesses.iter().any(|witness| witness.is_same_as(&signer.key))
    }

    /// What a ledger that is audited where it is kept is held to.
    pub(crate) fn of_ledger(taxes: Option<Taxes>) -> Self {
        Self { taxes, ..Self::default() }
    }

    pub(crate) const fn taxes(&self) -> Option<&Taxes> {
        self.taxes.as_ref()
    }

    /// The sizes of the kept checkpoints, the largest first.
    pub(crate) fn sizes(&self) -> Vec<u64> {
        let mut sizes: Vec<u64> = self.kept.iter().map(|kept| kept.checkpoint.size).collect();
        sizes.sort_unstable_by_key(|size| std::cmp::Reverse(*size));
        sizes.dedup();
        sizes
    }
}

/// Each party of these keys once, and none of those whose key is among `own`.
fn parties(keys: &[VerifyingKey], own: &[VerifyingKey]) -> Vec<VerifyingKey> {
    let mut parties: Vec<VerifyingKey> = Vec::new();
    for key in keys {
        if !parties.iter().chain(own).any(|known| known.is_same_as(key)) {
            parties.push(key.clone());
        }
    }
    parties
}

fn kept(text: &str) -> Result<Kept, String> {
    let note = SignedNote::parse(text).map_err(|e| e.to_string())?;
    let checkpoint = Checkpoint::parse(note.text()).map_err(|e| e.to_string())?;
    Ok(Kept { note, checkpoint })
}
