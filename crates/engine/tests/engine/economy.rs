//! One order of each type, and what it does.

use countersign_core::settle::Order;

use crate::audit::verify;
use crate::ledger::*;

on_each_store!(a_transfer_is_settled_whole);

fn a_transfer_is_settled_whole(ledger: &Ledger) {
    let engine = ledger.engine(unshielded());
    open_accounts(&engine, &["ada", "ben"]);
    mint(&engine, "ada", "1000");
    let order = Order { description: Some("rent".to_owned()), ..order("TRANSFER", "ada", "ben", "100.00") };
    let receipt = settle(&engine, order);
    assert_eq!((receipt.seq, receipt.kind.as_str(), receipt.rate.as_str()), (2, "TRANSFER", "0.0500"));
    let amounts = [receipt.gross, receipt.tax, receipt.net].map(|amount| amount.to_string());
    assert_eq!(amounts, ["100.0000", "5.0000", "95.0000"]);
    let text = |sum: Option<countersign_core::money::Sum>| sum.unwrap().to_string();
    assert_eq!((text(receipt.sender.before), text(receipt.sender.after)), ("1000.0000".into(), "900.0000".into()));
    assert_eq!((text(receipt.receiver.before), text(receipt.receiver.after)), ("0.0000".into(), "95.0000".into()));
    assert_eq!(receipt.tax_type.as_deref(), Some("transfer_tax"));
    assert!(!receipt.replayed && receipt.time_taken_ms > 0.0);
    assert_eq!((balance(&engine, "ada"), balance(&engine, "ben")), ("900.0000".into(), "95.0000".into()));
    assert_eq!(bucket(&engine, "transfer_tax"), "5.0000");
    let entry = engine.store().entry(2).unwrap().unwrap();
    assert_eq!(entry.hash(), Some(receipt.current_hash));
    assert_eq!(entry.personal.unwrap().sender_username.as_deref(), Some("name of ada"));
    assert_eq!(verify(engine.store(), &[]).total_transactions, 2);
    engine.shutdown();
}
