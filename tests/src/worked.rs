//! The worked example of `good.expected.json`: every intermediate value of a genuine export.

use std::collections::BTreeMap;

use countersign_core::entry::genesis;
use countersign_core::hash::{Batch, Hash};
use countersign_core::merkle::{Range, leaf, verify_consistency, verify_inclusion};
use countersign_core::segment::Segment;
use countersign_core::surveyor::Context;
use countersign_core::{Options, Report, hash_entry_line, verify_chain_integrity};
use serde::Deserialize;

/// What the example states, so far as the core computes it.
#[derive(Debug, Deserialize)]
struct Worked {
    genesis: String,
    ledger: String,
    ledger_id: String,
    entries: Vec<WorkedEntry>,
    size: usize,
    merkle_roots_hex: BTreeMap<u64, String>,
    /// By index, proofs in the tree of `size`.
    inclusion_hex: BTreeMap<u64, Vec<Hash>>,
    /// By old size, proofs to the tree of `size`.
    consistency_hex: BTreeMap<u64, Vec<Hash>>,
    balances: BTreeMap<String, String>,
    treasury: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
struct WorkedEntry {
    seq: u64,
    preimage: String,
    current_hash: String,
    personal_preimage: Option<String>,
    personal_hash: String,
}

/// Holds the core to every value of the example.
///
/// # Errors
/// The first value that differs, or an example that cannot be read.
pub fn check(export: &str, expected: &str) -> Result<(), String> {
    let worked: Worked = serde_json::from_str(expected).map_err(|e| e.to_string())?;
    let lines: Vec<&str> = export.lines().skip(1).take(worked.size).collect();
    same("entries", &lines.len(), &worked.entries.len())?;
    same("genesis", &genesis(&worked.ledger, &worked.ledger_id).to_string(), &worked.genesis)?;
    let hashes = lines
        .iter()
        .zip(&worked.entries)
        .map(|(line, entry)| entry_hash(line, entry))
        .collect::<Result<Vec<_>, _>>()?;
    roots(&hashes, &worked)?;
    proofs(&hashes, &worked)?;
    sums(export, &worked)?;
    let report = report(export)?;
    same("the report's root", &report.root, &worked.merkle_roots_hex.values().last().cloned())?;
    same("the report's head", &report.head, &worked.entries.last().map(|entry| entry.current_hash.clone()))
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, computed: &T, expected: &T) -> Result<(), String> {
    if computed == expected { Ok(()) } else { Err(format!("{what}: computed {computed:?}, expected {expected:?}")) }
}

/// The hash of an entry, once it, its block's and both preimages are those of the example.
fn entry_hash(line: &str, worked: &WorkedEntry) -> Result<Hash, String> {
    let hashes = hash_entry_line(line.as_bytes()).map_err(|fault| fault.reason)?;
    let of = |what: &str| format!("{what} of entry {}", worked.seq);
    same(&of("preimage"), &hashes.preimage, &worked.preimage)?;
    same(&of("current_hash"), &hashes.current_hash, &worked.current_hash)?;
    // An erased block stands no more; its preimage from before still gives the hash that the chain holds.
    if hashes.personal_preimage.is_some() {
        same(&of("personal preimage"), &hashes.personal_preimage, &worked.personal_preimage)?;
    }
    if let Some(preimage) = &worked.personal_preimage {
        same(&of("personal_hash"), &Hash::of(preimage.as_bytes()).to_string(), &worked.personal_hash)?;
    }
    Hash::parse(&hashes.current_hash).ok_or_else(|| of("current_hash"))
}

fn roots(hashes: &[Hash], worked: &Worked) -> Result<(), String> {
    same("sizes", &worked.merkle_roots_hex.len(), &(hashes.len() + 1))?;
    let of_size =
        |size: usize| Range::of_entries(0, &hashes[..size], &mut Batch::default()).root().map(|root| root.to_string());
    (0..=hashes.len()).try_for_each(|size| {
        let expected = worked.merkle_roots_hex.get(&(size as u64)).cloned();
        same(&format!("root of the first {size}"), &of_size(size), &expected)
    })
}

fn proofs(hashes: &[Hash], worked: &Worked) -> Result<(), String> {
    same("proofs", &(worked.inclusion_hex.len(), worked.consistency_hex.len()), &(worked.size, worked.size))?;
    let root = |size: usize| Range::of_entries(0, &hashes[..size], &mut Batch::default()).root().unwrap_or_default();
    let (size, all) = (worked.size as u64, root(worked.size));
    for ((index, proof), hash) in worked.inclusion_hex.iter().zip(hashes) {
        same(&format!("inclusion of {index}"), &verify_inclusion(*index, size, &leaf(hash), &all, proof), &true)?;
    }
    for ((old, proof), n) in worked.consistency_hex.iter().zip(1..) {
        same(&format!("consistency from {old}"), &verify_consistency(*old, &root(n), size, &all, proof), &true)?;
    }
    Ok(())
}

fn sums(export: &str, worked: &Worked) -> Result<(), String> {
    let body = export.split_once('\n').map_or("", |(_, body)| body);
    let segment = Segment::of_lines(Context::of_ledger(None), body.as_bytes());
    let pair = |key: &str| key.split_once(' ').map(|(holder, currency)| (holder.to_owned(), currency.to_owned()));
    for (key, expected) in &worked.balances {
        let (account, currency) = pair(key).ok_or("a balance is named by account and currency")?;
        same(key, &segment.balances.balance(&account, &currency).to_string(), expected)?;
    }
    for (key, expected) in &worked.treasury {
        let (bucket, currency) = pair(key).ok_or("a bucket is named by tax and currency")?;
        same(key, &segment.balances.collected(&bucket, &currency).to_string(), expected)?;
    }
    same(
        "balances",
        &nonzero(segment.balances.users().flat_map(|(account, _)| segment.balances.balances(account))),
        &worked.balances.len(),
    )?;
    same(
        "buckets",
        &nonzero(segment.balances.buckets().flat_map(|bucket| segment.balances.bucket_sums(bucket))),
        &worked.treasury.len(),
    )
}

fn nonzero<'a>(sums: impl Iterator<Item = (&'a str, countersign_core::money::Sum)>) -> usize {
    sums.filter(|(_, sum)| sum.ten_thousandths() != 0).count()
}

fn report(export: &str) -> Result<Report, String> {
    let input = std::io::Cursor::new(export.as_bytes());
    verify_chain_integrity(input, &Options::default(), &mut |_| {}).map_err(|unreadable| unreadable.to_string())
}
