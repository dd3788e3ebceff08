//! RFC 9162 section 2.1, word for word: what the tests hold everything else to.

use super::{leaf, node};
use crate::hash::Hash;

/// `current_hash`es of that many entries.
pub(crate) fn entries(count: usize) -> Vec<Hash> {
    (0..count).map(|i| Hash::of(&i.to_le_bytes())).collect()
}

fn split(entries: &[Hash]) -> (&[Hash], &[Hash]) {
    entries.split_at(1 << (entries.len() - 1).ilog2())
}

/// MTH(D_n).
pub(crate) fn root(entries: &[Hash]) -> Hash {
    match entries {
        [] => Hash::of(b""),
        [one] => leaf(one),
        _ => {
            let (left, right) = split(entries);
            node(&root(left), &root(right))
        }
    }
}

/// PATH(m, D_n).
pub(crate) fn inclusion(m: usize, entries: &[Hash]) -> Vec<Hash> {
    if entries.len() == 1 {
        return Vec::new();
    }
    let (left, right) = split(entries);
    let (mut path, other) =
        if m < left.len() { (inclusion(m, left), right) } else { (inclusion(m - left.len(), right), left) };
    path.push(root(other));
    path
}

/// SUBPROOF(m, D_n, b).
pub(crate) fn subproof(m: usize, entries: &[Hash], known: bool) -> Vec<Hash> {
    if m == entries.len() {
        return if known { Vec::new() } else { vec![root(entries)] };
    }
    let (left, right) = split(entries);
    let (mut proof, other) = if m <= left.len() {
        (subproof(m, left, known), right)
    } else {
        (subproof(m - left.len(), right, false), left)
    };
    proof.push(root(other));
    proof
}
