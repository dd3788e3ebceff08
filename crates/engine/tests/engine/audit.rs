//! The auditor's view of what the engine wrote: an export, verified as any other.

use std::io::Cursor;

use countersign_core::{Options, Report, verify_chain_integrity};
use countersign_store::Store;
use countersign_store::export::{Extent, write};

/// The whole ledger, exported.
pub(crate) fn export(store: &dyn Store) -> Vec<u8> {
    let mut snapshot = store.snapshot().unwrap();
    let mut out = Vec::new();
    let extent = Extent::default();
    let written = write(&mut *snapshot, store.identity(), &extent, &mut |_, _| Vec::new(), &mut out).unwrap();
    let head = snapshot.head();
    assert_eq!((written.last_seq, written.head, Some(written.root)), (head.seq, head.hash, head.range.root()));
    out
}

/// Verifies the whole ledger: chain, hashes, money, documents. Warnings are none but those named.
pub(crate) fn verify(store: &dyn Store, warnings: &[&str]) -> Report {
    let export = export(store);
    let report = verify_chain_integrity(Cursor::new(&export), &Options::default(), &mut |_| {}).unwrap();
    assert!(report.valid, "{}\n{:#?}", report.message, report.findings);
    for warning in &report.warnings {
        let kind = serde_json::to_value(warning).unwrap()["warning_type"].as_str().unwrap().to_owned();
        assert!(warnings.contains(&kind.as_str()), "{warning:?}");
    }
    report
}
