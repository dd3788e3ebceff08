//! What an audit finds that no export shows: the ledger against what the auditor kept, and the store against
//! its own entries.

use countersign_core::hash::Hash;
use countersign_core::report::Report;
use countersign_store::export::root;
use countersign_store::{Identity, Snapshot, Store, StoreError};
use serde::Serialize;

use super::state::Mark;

/// Something that cannot be unless somebody wrote where nobody may.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Contradiction {
    /// What kind.
    pub kind: ContradictionKind,
    /// One sentence for a person.
    pub message: String,
}

/// The kinds of contradiction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ContradictionKind {
    /// The auditor's saved state is not what was written.
    StateDamaged,
    /// It is of another ledger.
    OtherLedger,
    /// An entry that was verified is another now.
    HistoryRewritten,
    /// Entries that were verified are gone.
    TailDropped,
    /// What is new does not follow on what was verified, though the ledger agrees with itself.
    StateDisagrees,
    /// The ledger's head, or the subtrees that proofs are made of, are not those of its entries.
    HeadDiffers,
    /// The replica holds another ledger than the primary.
    ReplicaDiverges,
    /// What the store keeps contradicts itself.
    StoreDamaged,
    /// What the database keeps changes out with is not as it was made.
    StoreUnprotected,
}

impl ContradictionKind {
    /// A stable code for programs.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::StateDamaged => "STATE_DAMAGED",
            Self::OtherLedger => "OTHER_LEDGER",
            Self::HistoryRewritten => "HISTORY_REWRITTEN",
            Self::TailDropped => "TAIL_DROPPED",
            Self::StateDisagrees => "STATE_DISAGREES",
            Self::HeadDiffers => "HEAD_DIFFERS",
            Self::ReplicaDiverges => "REPLICA_DIVERGES",
            Self::StoreDamaged => "STORE_DAMAGED",
            Self::StoreUnprotected => "STORE_UNPROTECTED",
        }
    }

    pub(super) fn found(self, message: impl Into<String>) -> Contradiction {
        Contradiction { kind: self, message: message.into() }
    }
}

/// Holds what was verified against the ledger as it is now.
///
/// # Errors
/// Those of the store.
pub(super) fn of_mark(
    mark: &Mark,
    identity: &Identity,
    snapshot: &mut dyn Snapshot,
) -> Result<Option<Contradiction>, StoreError> {
    if mark.identity() != *identity {
        let message = format!("The saved state is of {} ({}), not of this ledger.", mark.ledger, mark.ledger_id);
        return Ok(Some(ContradictionKind::OtherLedger.found(message)));
    }
    let (seq, head) = (mark.seq, snapshot.head().seq);
    if head < seq {
        let message = format!("{seq} entries were verified on {}, and the ledger has {head}.", mark.at);
        return Ok(Some(ContradictionKind::TailDropped.found(message)));
    }
    let rewritten = |what: &str| {
        let message = format!("{what} is not the one that was verified on {}: history was rewritten.", mark.at);
        Some(ContradictionKind::HistoryRewritten.found(message))
    };
    if seq > 0 && hash_at(snapshot, seq)? != Some(mark.hash) {
        return Ok(rewritten(&format!("Entry {seq}")));
    }
    if root(snapshot, seq)? != mark.root {
        return Ok(rewritten(&format!("The tree of the first {seq} entries")));
    }
    Ok(None)
}

fn hash_at(snapshot: &mut dyn Snapshot, seq: u64) -> Result<Option<Hash>, StoreError> {
    let mut hash = None;
    snapshot.entries(seq..=seq, &mut |record| {
        hash = record.hash();
        Ok(())
    })?;
    Ok(hash)
}

/// Asks the database that is written to whether it still keeps changes out.
///
/// # Errors
/// Those of the store.
pub(super) fn of_protection(store: &dyn Store) -> Result<Option<Contradiction>, StoreError> {
    let lost = store.unprotected()?;
    let message = || format!("The database no longer protects the ledger as it was made to: {}.", lost.join("; "));
    Ok((!lost.is_empty()).then(|| ContradictionKind::StoreUnprotected.found(message())))
}

/// Holds the head that writers go on from, and the subtrees that proofs are made of, against a report that
/// found nothing.
///
/// # Errors
/// Those of the store.
pub(super) fn of_head(report: &Report, snapshot: &mut dyn Snapshot) -> Result<Option<Contradiction>, StoreError> {
    let head = snapshot.head().clone();
    let differs = |what: &str| Some(ContradictionKind::HeadDiffers.found(format!("{what} not those of its entries.")));
    if report.total_transactions != head.seq || report.head.as_deref() != Some(&head.hash.to_string()) {
        return Ok(differs("The number and the hash that the ledger's head names are"));
    }
    let recomputed = |root: Option<Hash>| root.map(|root| root.to_string()) == report.root;
    if !recomputed(head.range.root()) {
        return Ok(differs("The subtrees in the ledger's head are"));
    }
    if !recomputed(Some(root(snapshot, head.seq)?)) {
        return Ok(differs("The subtrees that the store keeps are"));
    }
    Ok(None)
}

/// Holds a replica against the primary.
///
/// # Errors
/// Those of the store.
pub(super) fn of_replica(primary: &dyn Store, replica: &dyn Snapshot) -> Result<Option<Contradiction>, StoreError> {
    let head = replica.head();
    if head.seq == 0 {
        return Ok(None);
    }
    let hash = primary.entry(head.seq)?.and_then(|record| record.hash());
    let message = format!("Entry {} of the replica is not that of the primary.", head.seq);
    Ok((hash != Some(head.hash)).then(|| ContradictionKind::ReplicaDiverges.found(message)))
}
