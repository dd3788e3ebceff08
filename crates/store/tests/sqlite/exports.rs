//! Exports and audits of a file whose subtrees somebody edited: no entry shows it.

use std::io::Cursor;

use countersign_core::checkpoint::{Checkpoint, KeyKind, SigningKey};
use countersign_core::hash::Hash;
use countersign_core::{Options, verify_chain_integrity};
use countersign_store::conformance::desk::{Everything, identity};
use countersign_store::export::{self, Exported, Extent};
use countersign_store::sqlite::Sqlite;
use countersign_store::{Store, StoreError, Subtrees};

use crate::Ledger;
use crate::damage::edit;

fn overwrite(level: u8, index: u64) -> String {
    format!("UPDATE nodes SET hash = '{}' WHERE level = {level} AND idx = {index}", "ab".repeat(32))
}

fn export(store: &Sqlite, first: u64, last: Option<u64>, notes: &[String]) -> (Result<Exported, StoreError>, Vec<u8>) {
    let (extent, mut file) = (Extent { first, last, ..Extent::default() }, Vec::new());
    let mut snapshot = store.snapshot().unwrap();
    let written = export::write(&mut *snapshot, &identity(), &extent, &mut |_, _| notes.to_vec(), &mut file);
    (written, file)
}

fn is_finished(file: &[u8]) -> bool {
    String::from_utf8_lossy(file).contains("\n{\"end\":")
}

fn assert_broken_off((written, file): (Result<Exported, StoreError>, Vec<u8>)) {
    assert!(matches!(written, Err(StoreError::Damaged(_))), "{written:?}");
    assert!(!is_finished(&file));
}

/// A file made of it would say that the entries after it were rewritten.
#[test]
fn no_export_is_made_of_a_subtree_that_is_not_the_entries() {
    let ledger = Ledger::furnished();
    let before = ledger.open();
    assert!((1..=7).all(|last| export(&before, 1, Some(last), &[]).0.is_ok()));
    edit(&ledger.raw(), &overwrite(1, 0));
    let store = ledger.open();
    for last in [None, Some(3), Some(4), Some(5), Some(6)] {
        assert_broken_off(export(&store, 3, last, &[]));
    }
    // What is not made of it is well.
    for (first, last) in [(1, None), (1, Some(3)), (5, None), (5, Some(6))] {
        let (written, file) = export(&store, first, last, &[]);
        assert_eq!(written.unwrap().last_seq, last.unwrap_or(7));
        assert!(verify_chain_integrity(Cursor::new(file), &Options::default(), &mut |_| {}).unwrap().valid);
    }
}

#[test]
fn an_export_says_nothing_against_its_own_checkpoint() {
    let ledger = Ledger::furnished();
    let (store, identity) = (ledger.open(), identity());
    let key = SigningKey::from_seed(&identity.ledger, [7; 32], KeyKind::Ed25519).unwrap();
    let note = |size, root| Checkpoint { origin: identity.ledger.clone(), size, root }.sign(&key, None);
    for (first, last) in [(1, None), (1, Some(5)), (3, None), (3, Some(6))] {
        let (size, wrong) = (last.unwrap_or(7), Hash::of(b"wrong"));
        let root = export(&store, first, last, &[]).0.unwrap().root;
        assert_broken_off(export(&store, first, last, &[note(size, root), note(size, wrong)]));
        for notes in [vec![note(size, root)], vec![note(size - 1, wrong)], vec!["no note".to_owned()], Vec::new()] {
            let (written, file) = export(&store, first, last, &notes);
            assert_eq!(written.unwrap().root, root);
            assert!(is_finished(&file));
        }
    }
    // Entries alone go out as they stand, for whoever is to see what was done to them; a signature does not.
    edit(&ledger.raw(), "DELETE FROM entries WHERE seq = 3; DELETE FROM personal WHERE seq = 3");
    let root = store.snapshot().unwrap().head().range.root().unwrap();
    assert_broken_off(export(&store, 1, None, &[note(7, root)]));
    let (written, file) = export(&store, 1, None, &[]);
    assert_eq!(written.unwrap().entries, 6);
    assert!(!verify_chain_integrity(Cursor::new(file), &Options::default(), &mut |_| {}).unwrap().valid);
}

#[test]
fn every_subtree_that_is_kept_is_held_to_the_entries() {
    let differs = |ledger: &Ledger| {
        let store = ledger.open();
        let mut subtrees = Subtrees::of(&store);
        for record in Everything::of(&store).entries {
            subtrees.push(&record.hash().unwrap()).unwrap();
        }
        subtrees.finish().unwrap()
    };
    assert_eq!(differs(&Ledger::furnished()), None);
    for (level, index, place) in [(1, 0, "1 to 2"), (1, 1, "3 to 4"), (1, 2, "5 to 6"), (2, 0, "1 to 4")] {
        let ledger = Ledger::furnished();
        edit(&ledger.raw(), &overwrite(level, index));
        let told = differs(&ledger).unwrap();
        assert!(told.contains(&format!("over the entries {place} is not theirs")), "{told}");
    }
    let ledger = Ledger::furnished();
    edit(&ledger.raw(), "DELETE FROM nodes WHERE level = 1 AND idx = 1");
    let told = differs(&ledger).unwrap();
    assert!(told.contains("the node 1 of level 1 is not kept"), "{told}");
}
