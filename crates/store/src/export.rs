//! A snapshot as an export file: what an auditor is given. FORMAT.md, "Format 2: export file".

use std::io::Write;

use countersign_core::entry::Entry;
use countersign_core::export::header::{FORMAT, Header, PersonalData};
use countersign_core::export::writer::Writer;
use countersign_core::hash::Hash;
use countersign_core::timestamp::Timestamp;

use crate::error::StoreError;
use crate::head::Identity;
use crate::store::Snapshot;
use crate::tree::root_of;

/// Which part of a ledger is exported, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extent {
    /// `seq` of the first entry.
    pub first: u64,
    /// `seq` of the last; `None` for the ledger's last.
    pub last: Option<u64>,
    /// Whether personal blocks are written.
    pub personal: PersonalData,
    /// When, where the header shall say so; the same entries give the same bytes without.
    pub exported_at: Option<Timestamp>,
}

impl Default for Extent {
    /// Everything.
    fn default() -> Self {
        Self { first: 1, last: None, personal: PersonalData::Full, exported_at: None }
    }
}

/// What was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exported {
    /// How many entries.
    pub entries: u64,
    /// `seq` of the last.
    pub last_seq: u64,
    /// Its `current_hash`.
    pub head: Hash,
    /// Root of the tree of all entries up to it.
    pub root: Hash,
}

/// Writes an export. `sign` is given the size and the root of the tree up to the last entry, and returns the
/// signed notes for the trailer. Documents are written where the export reaches from the first entry to the
/// ledger's last: they are those of that moment, and of no other.
///
/// # Errors
/// [`StoreError::Refused`] where there are no such entries; those of the database and of the output.
pub fn write<W: Write>(
    snapshot: &mut dyn Snapshot,
    identity: &Identity,
    extent: &Extent,
    sign: &mut dyn FnMut(u64, Hash) -> Vec<String>,
    out: W,
) -> Result<Exported, StoreError> {
    let head = snapshot.head().clone();
    let last = extent.last.unwrap_or(head.seq);
    check(extent.first, last, head.seq)?;
    let mut writer = Writer::new(out, &header(snapshot, identity, extent, last)?)?;
    let (mut entries, mut hash) = (0, identity.genesis());
    if last > 0 {
        snapshot.entries(extent.first..=last, &mut |record| {
            let damaged = || StoreError::Damaged(format!("entry {}: current_hash is no hash", record.seq));
            hash = record.hash().ok_or_else(damaged)?;
            entries += 1;
            let entry = record.entry();
            let personal = if extent.personal == PersonalData::Full { entry.personal } else { None };
            Ok(writer.entry(&Entry { personal, ..entry }, hash)?)
        })?;
    }
    if extent.first == 1 && last == head.seq {
        snapshot.accounts(&mut |account| Ok(writer.user(&account.document())?))?;
        writer.treasury(&snapshot.treasury()?.document())?;
    }
    let root = root(snapshot, last)?;
    writer.finish(sign(last, root))?;
    Ok(Exported { entries, last_seq: last, head: hash, root })
}

fn check(first: u64, last: u64, head: u64) -> Result<(), StoreError> {
    let empty_ledger = head == 0 && first == 1 && last == 0;
    if empty_ledger || (1 <= first && first <= last && last <= head) {
        return Ok(());
    }
    Err(StoreError::Refused { why: format!("there are no entries {first} to {last}: the ledger has 1 to {head}") })
}

fn header(snapshot: &mut dyn Snapshot, identity: &Identity, extent: &Extent, last: u64) -> Result<Header, StoreError> {
    let stops_early = last < snapshot.head().seq;
    let prefix = if extent.first > 1 { Some(snapshot.prefix(extent.first - 1)?) } else { None };
    Ok(Header {
        format: FORMAT.to_owned(),
        ledger: identity.ledger.clone(),
        ledger_id: identity.ledger_id.clone(),
        first_seq: extent.first,
        personal: extent.personal,
        exported_at: extent.exported_at.map(|at| at.to_string()),
        last_seq: stops_early.then_some(last),
        prefix,
    })
}

/// Root of the tree of the first `size` entries, from the subtrees that are kept.
///
/// # Errors
/// Those of the database.
pub fn root(snapshot: &mut dyn Snapshot, size: u64) -> Result<Hash, StoreError> {
    root_of(size, &snapshot.prefix(size)?)
}
