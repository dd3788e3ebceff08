//! Roots of complete subtrees.

use countersign_core::hash::Hash;
use countersign_core::merkle::{NodeId, leaf};
use rusqlite::{Connection, params};

use super::cells::number;
use super::rows;
use crate::error::StoreError;

const LEAF: &str = "SELECT seq, current_hash FROM entries WHERE seq = ?1";
const NODE: &str = "SELECT idx, hash FROM nodes WHERE idx = ?1 AND level = ?2";

pub(super) fn nodes(connection: &Connection, wanted: &[NodeId]) -> Result<Vec<Hash>, StoreError> {
    wanted.iter().map(|id| node(connection, *id)).collect()
}

fn node(connection: &Connection, id: NodeId) -> Result<Hash, StoreError> {
    let found = if id.level == 0 {
        let seq = number(id.index.saturating_add(1))?;
        rows::one(connection, LEAF, [seq], "entries", |row| row.hash(1))?.map(|hash| leaf(&hash))
    } else {
        rows::one(connection, NODE, params![number(id.index)?, id.level], "nodes", |row| row.hash(1))?
    };
    found.ok_or_else(|| StoreError::Damaged(format!("the node {} of level {} is not kept", id.index, id.level)))
}
