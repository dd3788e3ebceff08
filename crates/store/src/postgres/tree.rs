//! Roots of complete subtrees.

use std::collections::HashMap;

use countersign_core::hash::Hash;
use countersign_core::merkle::{NodeId, leaf};
use tokio_postgres::Row;
use tokio_postgres::types::{ToSql, Type};
use uuid::Uuid;

use super::cells::{Cells, number};
use super::fault::fault;
use super::link::Client;
use super::rows::ENTRIES_TABLE;
use crate::error::StoreError;

const LEAVES: &str = "SELECT e.seq, e.current_hash FROM unnest($2::bigint[]) AS wanted(seq) CROSS JOIN LATERAL \
    (SELECT seq, current_hash FROM countersign_entries WHERE ledger_id = $1 AND seq = wanted.seq LIMIT 1) AS e";
const NODES: &str = "SELECT n.idx, n.level, n.hash FROM unnest($2::smallint[], $3::bigint[]) AS wanted(level, idx) \
    CROSS JOIN LATERAL (SELECT idx, level, hash FROM countersign_nodes \
    WHERE ledger_id = $1 AND level = wanted.level AND idx = wanted.idx LIMIT 1) AS n";

/// In the order asked for.
pub(super) async fn nodes(client: &Client, ledger: Uuid, wanted: &[NodeId]) -> Result<Vec<Hash>, StoreError> {
    let (leaves, inner): (Vec<NodeId>, Vec<NodeId>) = wanted.iter().partition(|id| id.level == 0);
    let mut found = HashMap::with_capacity(wanted.len());
    if !leaves.is_empty() {
        let seqs: Vec<i64> = leaves.iter().map(|id| number(id.index.saturating_add(1))).collect::<Result<_, _>>()?;
        let values: [(&(dyn ToSql + Sync), Type); 2] = [(&ledger, Type::UUID), (&seqs, Type::INT8_ARRAY)];
        collect(&client.query_typed(LEAVES, &values).await.map_err(fault)?, read_leaf, &mut found)?;
    }
    if !inner.is_empty() {
        let levels: Vec<i16> = inner.iter().map(|id| id.level.into()).collect();
        let indexes: Vec<i64> = inner.iter().map(|id| number(id.index)).collect::<Result<_, _>>()?;
        let statement = client.prepare_cached(NODES).await.map_err(fault)?;
        collect(&client.query(&statement, &[&ledger, &levels, &indexes]).await.map_err(fault)?, read_node, &mut found)?;
    }
    wanted.iter().map(|id| found.get(id).copied().ok_or_else(|| lost(*id))).collect()
}

fn collect(
    rows: &[Row],
    read: fn(&Row) -> Result<(NodeId, Hash), StoreError>,
    found: &mut HashMap<NodeId, Hash>,
) -> Result<(), StoreError> {
    for row in rows {
        let (id, hash) = read(row)?;
        found.insert(id, hash);
    }
    Ok(())
}

fn read_leaf(row: &Row) -> Result<(NodeId, Hash), StoreError> {
    let row = Cells::new(row, ENTRIES_TABLE);
    let index = row.count(0)?.checked_sub(1).ok_or_else(|| row.damage(0, "is 0"))?;
    Ok((NodeId { level: 0, index }, leaf(&row.hash(1)?)))
}

fn read_node(row: &Row) -> Result<(NodeId, Hash), StoreError> {
    let row = Cells::new(row, "countersign_nodes");
    let level = u8::try_from(row.value::<i16>(1)?).map_err(|_| row.damage(1, "is no level"))?;
    Ok((NodeId { level, index: row.count(0)? }, row.hash(2)?))
}

fn lost(id: NodeId) -> StoreError {
    let place = if id.level == 0 {
        format!("table {ENTRIES_TABLE}, row {}", id.index.saturating_add(1))
    } else {
        format!("table countersign_nodes, row {} of level {}", id.index, id.level)
    };
    StoreError::Damaged(format!("{place}: is not there"))
}
