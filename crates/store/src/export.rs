//! A snapshot as an export file: what an auditor is given. FORMAT.md, "Format 2: export file".

use std::io::Write;

use countersign_core::checkpoint::{Checkpoint, SignedNote};
use countersign_core::entry::Entry;
use countersign_core::export::header::{FORMAT, Header, PersonalData};
use countersign_core::export::writer::Writer;
use countersign_core::hash::Hash;
use countersign_core::merkle::{consistency_nodes, verify_consistency};
use countersign_core::timestamp::Timestamp;

use crate::error::StoreError;
use crate::head::Identity;
use crate::store::Snapshot;
use crate::tree::{lost, root_of};

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
    /// Root of the tree of all entries up to it, of those that were written as they were written.
    pub root: Hash,
}

/// Writes an export. `sign` is given the size and the root of the tree up to the last entry, and returns the
/// signed notes for the trailer. Documents are written where the export reaches from the first entry to the
/// ledger's last: they are those of that moment, and of no other.
///
/// What it says beside its entries is held to these: the roots that stand for those before the first, and the notes. Who
/// is given entries alone, from the first on, sees by himself what is wrong with them, and is given them as they stand.
///
/// # Errors
/// [`StoreError::Refused`] where there are no such entries; [`StoreError::Damaged`], before the export has its end, where
/// its tree is not that of the ledger's head, or of a note of the same size; those of the database and of the output.
pub fn write<W: Write>(
    snapshot: &mut dyn Snapshot,
    identity: &Identity,
    extent: &Extent,
    sign: &mut dyn FnMut(u64, Hash) -> Vec<String>,
    out: W,
) -> Result<Exported, StoreError> {
    let head = snapshot.head().seq;
    let last = extent.last.unwrap_or(head);
    check(extent.first, last, head)?;
    let header = header(snapshot, identity, extent, last)?;
    let mut tree = header.prefix_range().ok_or_else(|| lost(extent.first - 1))?;
    let mut writer = Writer::new(out, &header)?;
    let mut exported = Exported { entries: 0, last_seq: last, head: identity.genesis(), root: Hash::default() };
    write_entries(snapshot, extent, last, &mut writer, &mut |hash| {
        tree.push(&hash, |_, _| {});
        (exported.entries, exported.head) = (exported.entries + 1, hash);
        Ok(())
    })?;
    exported.root = tree.root().unwrap_or_default();
    if extent.first == 1 && last == head {
        write_documents(snapshot, &mut writer)?;
    }
    let notes = sign(last, exported.root);
    if extent.first > 1 || last == head && !notes.is_empty() {
        hold_to_head(snapshot, last, &exported.root)?;
    }
    notes.iter().try_for_each(|note| hold_to_note(note, last, &exported.root))?;
    writer.finish(notes)?;
    Ok(exported)
}

/// Writes all of a ledger as it stands, for an audit: which is there to find what contradicts what. `each` is handed every
/// entry's hash.
///
/// # Errors
/// Those of the database, of the output, and what `each` returns.
pub fn write_as_it_stands<W: Write>(
    snapshot: &mut dyn Snapshot,
    identity: &Identity,
    notes: Vec<String>,
    each: &mut dyn FnMut(Hash) -> Result<(), StoreError>,
    out: W,
) -> Result<(), StoreError> {
    let (extent, last) = (Extent::default(), snapshot.head().seq);
    let mut writer = Writer::new(out, &header(snapshot, identity, &extent, last)?)?;
    write_entries(snapshot, &extent, last, &mut writer, each)?;
    write_documents(snapshot, &mut writer)?;
    writer.finish(notes)?;
    Ok(())
}

fn write_entries<W: Write>(
    snapshot: &mut dyn Snapshot,
    extent: &Extent,
    last: u64,
    writer: &mut Writer<W>,
    each: &mut dyn FnMut(Hash) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    if last == 0 {
        return Ok(());
    }
    snapshot.entries(extent.first..=last, &mut |record| {
        let damaged = || StoreError::Damaged(format!("entry {}: current_hash is no hash", record.seq));
        let hash = record.hash().ok_or_else(damaged)?;
        let entry = record.entry();
        let personal = if extent.personal == PersonalData::Full { entry.personal } else { None };
        writer.entry(&Entry { personal, ..entry }, hash)?;
        each(hash)
    })
}

fn write_documents<W: Write>(snapshot: &mut dyn Snapshot, writer: &mut Writer<W>) -> Result<(), StoreError> {
    snapshot.accounts(&mut |account| Ok(writer.user(&account.document())?))?;
    Ok(writer.treasury(&snapshot.treasury()?.document())?)
}

/// Holds the tree of what was written to the head's: it is that one, or the beginning of it.
fn hold_to_head(snapshot: &mut dyn Snapshot, size: u64, root: &Hash) -> Result<(), StoreError> {
    let (head, plan) = (snapshot.head().clone(), consistency_nodes(size, snapshot.head().seq));
    let plan = plan.unwrap_or_default();
    let proof = plan.combine(&snapshot.nodes(plan.nodes())?);
    let whole = head.range.root().ok_or_else(|| lost(head.seq))?;
    if proof.is_some_and(|proof| verify_consistency(size, root, head.seq, &whole, &proof)) {
        return Ok(());
    }
    let why = format!("the entries up to {size} and the subtrees kept beside them do not give the tree of the head");
    Err(StoreError::Damaged(why))
}

/// Holds what was written to a note about as many entries. What is no checkpoint says nothing of them.
fn hold_to_note(note: &str, size: u64, root: &Hash) -> Result<(), StoreError> {
    let checkpoint = SignedNote::parse(note).ok().and_then(|note| Checkpoint::parse(note.text()).ok());
    if checkpoint.is_none_or(|checkpoint| checkpoint.size != size || checkpoint.root == *root) {
        return Ok(());
    }
    Err(StoreError::Damaged(format!("the entries up to {size} do not give the root of the checkpoint of them")))
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
