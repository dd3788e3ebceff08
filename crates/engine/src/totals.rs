//! What all entries together moved, kept with the head.

use countersign_core::grammar::SYSTEM;
use countersign_core::money::Amount;
use countersign_core::settle::Settlement;
use countersign_store::Totals;

/// Adds a settlement.
pub(crate) fn add(totals: &mut Totals, settlement: &Settlement) {
    let entry = &settlement.entry;
    let total = totals.entry(entry.currency.clone()).or_default().entry(entry.kind.clone()).or_default();
    total.transactions += 1;
    total.gross += settlement.gross.into();
    if entry.sender_id == SYSTEM {
        total.minted += settlement.gross.into();
    }
    total.net += settlement.net.into();
    if let Some(bucket) = &entry.tax_type
        && settlement.tax > Amount::ZERO
    {
        *total.tax.entry(bucket.clone()).or_default() += settlement.tax.into();
    }
}
