//! What the auditor brings to an audit: keys that he trusts, witnesses, checkpoints that he kept, and what is withheld
//! by law or policy.

use crate::checkpoint::{Checkpoint, SignedNote, VerifyingKey};
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
    pub(super) witnesses: Vec<VerifyingKey>,
    /// How many witnesses must have cosigned; one where this is 0.
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
        let witnesses = options.witnesses.clone();
        let quorum = if options.witness_quorum == 0 { witnesses.len() } else { options.witness_quorum };
        Ok(Self { keys, witnesses, quorum, kept, taxes: options.taxes.clone() })
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

fn kept(text: &str) -> Result<Kept, String> {
    let note = SignedNote::parse(text).map_err(|e| e.to_string())?;
    let checkpoint = Checkpoint::parse(note.text()).map_err(|e| e.to_string())?;
    Ok(Kept { note, checkpoint })
}
