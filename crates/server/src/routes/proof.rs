//! Proofs that an entry is in the tree, and that one tree extends another: RFC 9162 section 2.1.

use std::sync::Arc;

use countersign_core::hash::Hash;
use countersign_core::merkle::{
    NodeId, NodeSource, ProofError, consistency_proof, inclusion_proof, verify_consistency, verify_inclusion,
};
use countersign_store::{Head, StoreError, Tree, Wanted};
use serde::Serialize;

use crate::answer::{self, Answer};
use crate::app::App;
use crate::call::Call;
use crate::problem::Problem;
use crate::query::Query;

/// That entry `seq` is in the tree of the first `size` entries.
#[derive(Serialize)]
struct Inclusion {
    seq: u64,
    size: u64,
    /// Hash of the leaf: SHA-256 of a zero byte and the 32 bytes of `current_hash`.
    leaf: Hash,
    root: Hash,
    /// Deepest first.
    proof: Vec<Hash>,
}

/// That the tree of the first `new` entries extends that of the first `old`.
#[derive(Serialize)]
struct Consistency {
    old: u64,
    new: u64,
    old_root: Hash,
    new_root: Hash,
    /// Deepest first.
    proof: Vec<Hash>,
}

/// `seq` and `size`, or `old` and `new`; `size` and `new` are the whole ledger where they are not given.
pub(super) async fn show(app: Arc<App>, call: Call) -> Result<Answer, Problem> {
    let query = call.query(&["seq", "size", "old", "new"])?;
    let asked = Asked::read(&query)?;
    app.read(move |store| asked.answer(Tree(store))).await
}

enum Asked {
    Inclusion { seq: u64, size: Option<u64> },
    Consistency { old: u64, new: Option<u64> },
}

impl Asked {
    fn read(query: &Query) -> Result<Self, Problem> {
        match (query.number("seq", 1)?, query.number("old", 0)?) {
            (Some(seq), None) if query.text("new").is_none() => {
                Ok(Self::Inclusion { seq, size: query.number("size", 1)? })
            }
            (None, Some(old)) if query.text("size").is_none() => {
                Ok(Self::Consistency { old, new: query.number("new", 0)? })
            }
            _ => Err(Problem::parameter("seq", "a proof is of seq and size, or of old and new")),
        }
    }

    fn answer(&self, tree: Tree<'_>) -> Result<Answer, Problem> {
        let head = tree.0.load(&Wanted::default())?.head;
        let last = head.seq;
        match *self {
            Self::Inclusion { seq, size } => {
                let size = within("size", size.unwrap_or(last), last)?;
                within("seq", seq, size)?;
                let [leaf] = tree.nodes(&[NodeId { level: 0, index: seq - 1 }])?[..] else {
                    return Err(StoreError::Damaged(format!("entry {seq} has no leaf")).into());
                };
                let root = root_of(tree, size, &head)?;
                let proof = inclusion_proof(&tree, seq - 1, size).map_err(unproven)?;
                if !verify_inclusion(seq - 1, size, &leaf, &root, &proof) {
                    return Err(other_subtrees(size));
                }
                answer::json(&Inclusion { seq, size, leaf, root, proof })
            }
            Self::Consistency { old, new } => {
                let new = within("new", new.unwrap_or(last), last)?;
                within("old", old, new)?;
                let (old_root, new_root) = (root_of(tree, old, &head)?, root_of(tree, new, &head)?);
                let proof = consistency_proof(&tree, old, new).map_err(unproven)?;
                if !verify_consistency(old, &old_root, new, &new_root, &proof) {
                    return Err(other_subtrees(new));
                }
                answer::json(&Consistency { old, new, old_root, new_root, proof })
            }
        }
    }
}

/// Root of the tree of the first `size` entries, from the subtrees that are kept and proven to be the beginning of the
/// head's tree: a proof may agree with a root that is made of the same wrong subtree.
fn root_of(tree: Tree<'_>, size: u64, head: &Head) -> Result<Hash, Problem> {
    let root = tree.root(size)?;
    let proof = consistency_proof(&tree, size, head.seq).map_err(unproven)?;
    let whole = head.range.root().unwrap_or_default();
    if verify_consistency(size, &root, head.seq, &whole, &proof) { Ok(root) } else { Err(other_subtrees(size)) }
}

fn other_subtrees(size: u64) -> Problem {
    let why = format!("the subtrees kept over the first {size} entries do not give the tree of the head");
    StoreError::Damaged(why).into()
}

fn within(name: &str, value: u64, most: u64) -> Result<u64, Problem> {
    if value <= most { Ok(value) } else { Err(Problem::parameter(name, format_args!("above {most}"))) }
}

fn unproven(error: ProofError<StoreError>) -> Problem {
    match error {
        ProofError::Source(error) => error.into(),
        other => Problem::internal(other),
    }
}
