//! What audits find, and what they do then.

use std::sync::Arc;

use countersign_core::checkpoint::{Checkpoint, KeyKind, SigningKey};
use countersign_core::report::{ErrorType, TrustGrade, WarningType};
use countersign_engine::watch::{Audit, AuditError, ContradictionKind, Kind, Setup, Watch};
use countersign_store::conformance::desk;
use countersign_store::{Identity, SignedCheckpoint, Store, sqlite};

use crate::ledger::{Place, create, verified};

fn kinds(audit: &Audit) -> Vec<ContradictionKind> {
    audit.contradictions.iter().map(|contradiction| contradiction.kind).collect()
}

fn errors(audit: &Audit) -> Vec<ErrorType> {
    audit.report.iter().flat_map(|report| &report.findings).map(|finding| finding.error_type).collect()
}

/// Holds an audit of what is new to what an auditor finds in an export.
fn assert_as_verified(audit: &Audit, store: &dyn Store) {
    let (report, whole) = (audit.report.as_ref().unwrap(), verified(store));
    assert!(audit.valid() && whole.valid, "{audit:?}");
    assert_eq!((&report.root, &report.head), (&whole.root, &whole.head));
    assert_eq!((report.total_transactions, report.trust_grade), (whole.total_transactions, whole.trust_grade));
    assert_eq!(
        (&report.first_transaction, &report.last_transaction),
        (&whole.first_transaction, &whole.last_transaction)
    );
    assert_eq!((&report.warnings, report.warnings_total), (&whole.warnings, whole.warnings_total));
    assert_eq!(report.coverage.checked, whole.coverage.checked);
}

#[test]
fn what_is_new_comes_to_the_report_of_everything() {
    let place = Place::new();
    let store = &*place.store;
    let mut watch = place.watch();
    let first = watch.audit_now(Kind::Incremental).unwrap();
    assert_as_verified(&first, store);
    assert!(first.without_state);
    let paid = desk::carry_out(store, &[desk::transfer("bob", "carol", "20"), desk::transfer("carol", "alice", "5")]);
    assert_as_verified(&watch.audit_now(Kind::Incremental).unwrap(), store);
    // Of an entry that was read before: its block goes, and part of it is paid back.
    desk::carry_out(store, &[desk::erasure(&paid[0]), desk::refund(&paid[0], "1.5")]);
    desk::carry_out(store, &[desk::administer("ACCOUNT_FREEZE", "alice")]);
    let audit = watch.audit_now(Kind::Incremental).unwrap();
    assert_as_verified(&audit, store);
    assert_eq!((audit.kind, audit.entries, audit.without_state), (Kind::Incremental, 9, false));
    assert!(audit.report.as_ref().unwrap().coverage.not_checked[0].what.starts_with("entries 1 to 6 once more"));
    // Nothing is new, and all of it.
    assert_as_verified(&watch.audit_now(Kind::Incremental).unwrap(), store);
    let full = watch.audit_now(Kind::Full).unwrap();
    assert_as_verified(&full, store);
    assert!(full.report.unwrap().warnings.iter().all(|warning| warning.warning_type != WarningType::ErasureNotDone));
    assert!(place.halt().is_none());
    assert!(place.hook.bodies().is_empty());
}

/// They say who has what.
#[cfg(unix)]
#[test]
fn what_the_watch_keeps_is_its_owners_alone() {
    let place = Place::new();
    std::fs::create_dir(place.state()).unwrap();
    let mut watch = place.watch();
    assert!(watch.audit_now(Kind::Incremental).unwrap().valid());
    place.tamper("UPDATE accounts SET balances = '{\"EURO\":\"9000.0000\"}' WHERE id = 'carol'");
    assert!(!watch.audit_now(Kind::Incremental).unwrap().valid());
    let mut modes = std::collections::BTreeMap::new();
    for file in std::fs::read_dir(place.state()).unwrap().map(Result::unwrap) {
        let mode = std::os::unix::fs::PermissionsExt::mode(&file.metadata().unwrap().permissions());
        modes.insert(file.file_name().into_string().unwrap(), mode & 0o777);
    }
    let files = ["alerts.json", "lock", "results.jsonl", "segment.state", "started"];
    assert_eq!(modes, files.map(|file| (file.to_owned(), 0o600)).into());
}

#[test]
fn an_empty_ledger_is_audited_too() {
    let place = Place::new();
    let empty = create(&place.folder.path().join("empty.db"), &desk::identity());
    let mut watch = Watch::new(Setup { store: empty.clone(), ..place.setup() }).unwrap();
    for kind in [Kind::Incremental, Kind::Full, Kind::Incremental] {
        let audit = watch.audit_now(kind).unwrap();
        assert!(audit.valid(), "{audit:?}");
        assert_eq!(audit.report.unwrap().trust_grade, TrustGrade::Empty);
    }
    desk::furnish(&*empty, &["alice"]);
    assert_as_verified(&watch.audit_now(Kind::Incremental).unwrap(), &*empty);
}

#[test]
fn a_new_entry_that_was_tampered_with_halts_and_alerts_once() {
    let place = Place::new();
    let mut watch = place.watch();
    assert!(watch.audit_now(Kind::Incremental).unwrap().valid());
    desk::carry_out(&*place.store, &[desk::transfer("bob", "carol", "20"), desk::transfer("carol", "bob", "1")]);
    place.tamper("UPDATE entries SET amount_gross = '21.0000', amount_net = '20.0000' WHERE seq = 5");
    let audit = watch.audit_now(Kind::Incremental).unwrap();
    // The increment says that something is wrong, and everything is read to say what.
    assert_eq!((audit.kind, errors(&audit)), (Kind::Full, vec![ErrorType::TransactionTampered]));
    let finding = &audit.report.as_ref().unwrap().findings[0];
    assert_eq!(finding.seq, Some(5));
    let fields: Vec<&str> =
        finding.modified_fields.as_ref().unwrap().iter().map(|modified| modified.field.as_str()).collect();
    assert!(fields.is_empty() || fields == ["amount_gross", "amount_net"], "{fields:?}");
    let halt = place.halt().expect("halted");
    assert_eq!(halt.by, "watch");
    assert!(halt.reason.starts_with("TRANSACTION_TAMPERED"), "{}", halt.reason);
    for _ in 0..2 {
        assert!(!watch.audit_now(Kind::Incremental).unwrap().valid());
    }
    let bodies = place.hook.bodies();
    assert_eq!(place.hook.causes(), ["FINDING"]);
    let text = bodies[0]["text"].as_str().unwrap();
    assert!(text.contains("TRANSACTION_TAMPERED") && text.contains("The system is halted"), "{text}");
}

#[test]
fn an_old_entry_that_was_tampered_with_is_found_by_a_full_audit_and_is_over_when_it_is_undone() {
    let place = Place::new();
    let mut watch = place.watch();
    assert!(watch.audit_now(Kind::Incremental).unwrap().valid());
    place.tamper("UPDATE entries SET receiver_id = 'carol' WHERE seq = 2");
    // Its hash stands, and it is not read again.
    assert!(watch.audit_now(Kind::Incremental).unwrap().valid());
    let audit = watch.audit_now(Kind::Full).unwrap();
    assert_eq!(errors(&audit), [ErrorType::TransactionTampered]);
    assert!(place.halt().is_some());
    // What a full audit found, an audit of what is new does not show to be over.
    let again = watch.audit_now(Kind::Incremental).unwrap();
    assert_eq!((again.kind, again.valid()), (Kind::Full, false));
    place.tamper("UPDATE entries SET receiver_id = 'bob' WHERE seq = 2");
    assert!(watch.audit_now(Kind::Incremental).unwrap().valid());
    assert_eq!(place.hook.causes(), ["FINDING", "-FINDING"]);
    // Lifting the halt is the operator's.
    assert!(place.halt().is_some());
}

#[test]
fn what_was_tampered_with_halts_though_no_state_can_be_written() {
    let place = Place::new();
    let mut watch = place.watch();
    // As on a disk that is full.
    std::fs::create_dir(place.state().join("segment.state.new")).unwrap();
    assert!(matches!(watch.audit_now(Kind::Incremental), Err(AuditError::State(_))));
    assert!(place.halt().is_none());
    place.tamper("UPDATE accounts SET balances = '{\"EURO\":\"9000.0000\"}' WHERE id = 'carol'");
    assert_eq!(errors(&watch.audit_now(Kind::Incremental).unwrap()), [ErrorType::DocumentMismatch]);
    assert!(place.halt().is_some());
}

#[test]
fn a_document_that_was_tampered_with_is_found_with_nothing_new() {
    let place = Place::new();
    let mut watch = place.watch();
    assert!(watch.audit_now(Kind::Incremental).unwrap().valid());
    place.tamper("UPDATE accounts SET balances = '{\"EURO\":\"9000.0000\"}' WHERE id = 'carol'");
    let audit = watch.audit_now(Kind::Incremental).unwrap();
    assert_eq!(errors(&audit), [ErrorType::DocumentMismatch]);
    assert_eq!(audit.report.unwrap().findings[0].account.as_deref(), Some("carol"));
    assert!(place.halt().is_some());
}

#[test]
fn a_rewritten_history_is_found_though_the_ledger_agrees_with_itself() {
    let place = Place::new();
    assert!(place.watch().audit_now(Kind::Incremental).unwrap().valid());
    // The same ledger by name and id, honest in itself: with other entries.
    let other = create(&place.folder.path().join("other.db"), &desk::identity());
    desk::furnish(&*other, &["alice", "bob", "carol"]);
    desk::carry_out(&*other, &[desk::transfer("alice", "bob", "1"), desk::transfer("alice", "bob", "2")]);
    assert!(verified(&*other).valid);
    let mut watch = Watch::new(Setup { store: other.clone(), ..place.setup() }).unwrap();
    for kind in [Kind::Incremental, Kind::Full] {
        let audit = watch.audit_now(kind).unwrap();
        assert_eq!(kinds(&audit), [ContradictionKind::HistoryRewritten]);
        assert!(audit.report.unwrap().valid);
    }
    assert!(other.load(&countersign_store::Wanted::default()).unwrap().head.halt.is_some());
    assert_eq!(place.hook.causes(), ["FINDING"]);
}

#[test]
fn a_dropped_tail_is_found() {
    let place = Place::new();
    assert!(place.watch().audit_now(Kind::Incremental).unwrap().valid());
    let other = create(&place.folder.path().join("other.db"), &desk::identity());
    desk::furnish(&*other, &["alice"]);
    let mut watch = Watch::new(Setup { store: other, ..place.setup() }).unwrap();
    assert_eq!(kinds(&watch.audit_now(Kind::Incremental).unwrap()), [ContradictionKind::TailDropped]);
}

#[test]
fn subtrees_that_are_not_those_of_the_entries_are_found() {
    let place = Place::new();
    let zeros = "0".repeat(64);
    place.tamper(&format!("UPDATE nodes SET hash = '{zeros}' WHERE level = 2 AND idx = 0"));
    let audit = place.watch().audit_now(Kind::Full).unwrap();
    assert!(!audit.valid());
    assert!(
        kinds(&audit)
            .iter()
            .all(|kind| { matches!(kind, ContradictionKind::HeadDiffers | ContradictionKind::StoreDamaged) }),
        "{audit:?}"
    );
    assert!(place.halt().is_some());
}

/// One below those that the roots of today are made of: proofs and partial exports are made of it all the same.
#[test]
fn every_subtree_is_held_to_the_entries_by_a_full_audit() {
    for spoil in [format!("UPDATE nodes SET hash = '{}'", "0".repeat(64)), "DELETE FROM nodes".to_owned()] {
        let place = Place::new();
        let mut watch = place.watch();
        assert!(watch.audit_now(Kind::Full).unwrap().valid());
        place.tamper(&format!("{spoil} WHERE level = 1 AND idx = 0"));
        let audit = watch.audit_now(Kind::Full).unwrap();
        assert_eq!(kinds(&audit), [ContradictionKind::HeadDiffers], "{audit:?}");
        assert!(audit.report.unwrap().valid && place.halt().is_some());
        // Of entries that are not well, no subtree can be what they give.
        place.tamper("UPDATE entries SET receiver_id = 'carol' WHERE seq = 2");
        let audit = watch.audit_now(Kind::Full).unwrap();
        assert_eq!((kinds(&audit), errors(&audit)), (Vec::new(), vec![ErrorType::TransactionTampered]));
    }
}

#[test]
fn a_head_that_is_not_that_of_the_entries_is_found() {
    let place = Place::new();
    assert!(place.watch().audit_now(Kind::Incremental).unwrap().valid());
    place.tamper("DELETE FROM entries WHERE seq = 4; DELETE FROM personal WHERE seq = 4");
    let audit = place.watch().audit_now(Kind::Incremental).unwrap();
    assert!(!audit.valid(), "{audit:?}");
    assert!(!audit.contradictions.is_empty());
}

#[test]
fn subtrees_in_the_head_that_are_not_those_of_the_entries_are_found() {
    let place = Place::new();
    assert!(place.watch().audit_now(Kind::Incremental).unwrap().valid());
    place.tamper(&format!("UPDATE ledger SET roots = '[\"{}\"]'", "0".repeat(64)));
    let audit = place.watch().audit_now(Kind::Incremental).unwrap();
    assert_eq!(kinds(&audit), [ContradictionKind::HeadDiffers]);
    assert!(audit.report.unwrap().valid);
    assert!(place.halt().is_some());
}

#[test]
fn a_dropped_trigger_is_found_with_what_was_done_without_it() {
    let place = Place::new();
    let mut watch = place.watch();
    assert!(watch.audit_now(Kind::Incremental).unwrap().valid());
    place.raw().execute_batch("DROP INDEX entries_type; DROP TRIGGER entries_never_change").unwrap();
    // Of an entry that was read before: what is new alone would not show it.
    place.raw().execute_batch("UPDATE entries SET receiver_id = 'carol' WHERE seq = 2").unwrap();
    let audit = watch.audit_now(Kind::Incremental).unwrap();
    assert_eq!((audit.kind, kinds(&audit)), (Kind::Full, vec![ContradictionKind::StoreUnprotected]));
    assert_eq!(errors(&audit), [ErrorType::TransactionTampered]);
    let message = &audit.contradictions[0].message;
    assert!(message.contains("the index entries_type is missing; the trigger entries_never_change is"), "{message}");
    assert!(place.halt().unwrap().reason.starts_with("STORE_UNPROTECTED: "));
    assert_eq!(place.hook.causes(), ["FINDING"]);
    let text = place.hook.bodies()[0]["text"].to_string();
    assert!(text.contains("entries_never_change") && text.contains("TRANSACTION_TAMPERED"), "{text}");
}

#[test]
fn the_protection_of_the_primary_counts() {
    let place = Place::new();
    let copy = place.folder.path().join("copy.db");
    place.store.backup(&copy).unwrap();
    let replica: Arc<dyn Store> = Arc::new(sqlite::open_read_only(&copy, None).unwrap());
    let mut watch = Watch::new(Setup { replica: Some(replica), ..place.setup() }).unwrap();
    assert!(watch.audit_now(Kind::Full).unwrap().valid());
    place.raw().execute_batch("DROP TRIGGER entries_never_go").unwrap();
    let audit = watch.audit_now(Kind::Incremental).unwrap();
    assert_eq!(kinds(&audit), [ContradictionKind::StoreUnprotected]);
    assert!(audit.report.as_ref().unwrap().valid && place.halt().is_some(), "{audit:?}");
}

#[test]
fn a_full_audit_holds_the_kept_checkpoint_to_the_entries() {
    let place = Place::new();
    let identity = desk::identity();
    let key = SigningKey::from_seed(&identity.ledger, [7; 32], KeyKind::Ed25519).unwrap();
    let root = place.store.snapshot().unwrap().head().range.root().unwrap();
    let setup = || Setup { keys: vec![key.verifying_key()], ..place.setup() };
    let grade = |audit: Audit| audit.report.unwrap().trust_grade;
    // Before there is a checkpoint, that there is none is no finding.
    let first = Watch::new(setup()).unwrap().audit_now(Kind::Full).unwrap();
    assert!(first.valid());
    assert_eq!(grade(first), TrustGrade::Consistent);
    let keep = |size, root| {
        let note = Checkpoint { origin: identity.ledger.clone(), size, root }.sign(&key, None);
        place.store.keep_checkpoint(&SignedCheckpoint { size, note, at: desk::start() }).unwrap();
    };
    keep(4, root);
    assert_eq!(grade(Watch::new(setup()).unwrap().audit_now(Kind::Full).unwrap()), TrustGrade::Signed);
    desk::carry_out(&*place.store, &[desk::transfer("bob", "carol", "20")]);
    keep(5, root);
    let audit = Watch::new(setup()).unwrap().audit_now(Kind::Full).unwrap();
    assert_eq!(errors(&audit), [ErrorType::CheckpointMismatch]);
}

/// Whoever drops the last entries, and forgets the checkpoint of them.
#[test]
fn a_checkpoint_of_entries_that_are_gone_is_found() {
    let identity = desk::identity();
    let key = |seed| SigningKey::from_seed(&identity.ledger, [seed; 32], KeyKind::Ed25519).unwrap();
    let (ours, theirs) = (key(7), key(8));
    // By whose key, with what key in the watch, and whether one of entries that are there is kept.
    for (signer, keys, earlier, found) in [
        (&ours, vec![], true, true),
        (&ours, vec![&ours], true, true),
        (&ours, vec![&ours], false, true),
        (&theirs, vec![&ours], true, false),
        (&theirs, vec![&ours], false, false),
    ] {
        let place = Place::new();
        let keys = keys.into_iter().map(SigningKey::verifying_key).collect();
        let mut watch = Watch::new(Setup { keys, ..place.setup() }).unwrap();
        let root = place.store.snapshot().unwrap().head().range.root().unwrap();
        let note = |size, root, key| Checkpoint { origin: identity.ledger.clone(), size, root }.sign(key, None);
        if earlier {
            let kept = SignedCheckpoint { size: 4, note: note(4, root, &ours), at: desk::start() };
            place.store.keep_checkpoint(&kept).unwrap();
        }
        assert!(watch.audit_now(Kind::Incremental).unwrap().valid());
        let insert = "INSERT INTO checkpoints (size, note, at) VALUES (6, ?1, ?2)";
        place.raw().execute(insert, [note(6, root, signer), desk::start().to_string()]).unwrap();
        for kind in [Kind::Incremental, Kind::Full] {
            let audit = watch.audit_now(kind).unwrap();
            let expected = if found { vec![ErrorType::ExportTruncated] } else { Vec::new() };
            assert_eq!((errors(&audit), audit.valid()), (expected, !found), "{audit:?}");
            assert!(!found || audit.kind == Kind::Full);
        }
        assert_eq!(place.halt().is_some(), found);
    }
}

#[test]
fn without_a_saved_state_the_kept_checkpoint_is_looked_at() {
    let place = Place::new();
    let root = countersign_core::hash::Hash::of(b"another");
    let key = SigningKey::from_seed(&desk::identity().ledger, [7; 32], KeyKind::Ed25519).unwrap();
    let note = Checkpoint { origin: desk::identity().ledger, size: 4, root }.sign(&key, None);
    place.store.keep_checkpoint(&SignedCheckpoint { size: 4, note, at: desk::start() }).unwrap();
    let audit = place.watch().audit_now(Kind::Incremental).unwrap();
    assert_eq!((audit.kind, errors(&audit)), (Kind::Full, vec![ErrorType::CheckpointMismatch]));
    assert!(place.halt().is_some());
}

#[test]
fn a_damaged_state_is_a_finding_until_an_operator_starts_over() {
    let place = Place::new();
    let mut watch = place.watch();
    assert!(watch.audit_now(Kind::Incremental).unwrap().valid());
    let path = place.state().join("segment.state");
    let good = std::fs::read(&path).unwrap();
    let mut torn = good.clone();
    torn.truncate(good.len() / 2);
    for bad in [b"garbage".to_vec(), torn, Vec::new()] {
        std::fs::write(&path, &bad).unwrap();
        let audit = watch.audit_now(Kind::Incremental).unwrap();
        assert_eq!(kinds(&audit), [ContradictionKind::StateDamaged]);
        assert!(audit.report.unwrap().valid, "the ledger itself is well");
        assert_eq!(std::fs::read(&path).unwrap(), bad, "what contradicts is kept");
    }
    assert!(place.halt().is_some());
    let aside = watch.start_over().unwrap().unwrap();
    assert_eq!(std::fs::read(aside).unwrap(), b"");
    assert!(watch.audit_now(Kind::Incremental).unwrap().valid());
    assert_ne!(std::fs::read(&path).unwrap(), b"");
}

#[test]
fn a_state_of_another_ledger_is_a_finding() {
    let place = Place::new();
    assert!(place.watch().audit_now(Kind::Incremental).unwrap().valid());
    let identity = Identity { ledger_id: "f".repeat(32), ..desk::identity() };
    let other = create(&place.folder.path().join("other.db"), &identity);
    desk::furnish(&*other, &["alice", "bob", "carol", "dave"]);
    let mut watch = Watch::new(Setup { store: other, ..place.setup() }).unwrap();
    assert_eq!(kinds(&watch.audit_now(Kind::Incremental).unwrap()), [ContradictionKind::OtherLedger]);
}

#[test]
fn a_replica_is_read_and_the_primary_halted() {
    let place = Place::new();
    let replica: Arc<dyn Store> = Arc::new(sqlite::open_read_only(&place.database(), None).unwrap());
    let mut watch = Watch::new(Setup { replica: Some(replica), ..place.setup() }).unwrap();
    assert_as_verified(&watch.audit_now(Kind::Incremental).unwrap(), &*place.store);
    place.tamper("UPDATE entries SET currency = 'GOLD' WHERE seq = 4");
    assert!(!watch.audit_now(Kind::Full).unwrap().valid());
    assert_eq!(place.halt().unwrap().by, "watch");
}

#[test]
fn a_replica_that_lags_is_no_finding_and_one_that_diverges_is() {
    let place = Place::new();
    let copy = place.folder.path().join("copy.db");
    place.store.backup(&copy).unwrap();
    desk::carry_out(&*place.store, &[desk::transfer("bob", "carol", "20")]);
    assert!(place.watch().audit_now(Kind::Incremental).unwrap().valid());
    let lagging = sqlite::open(&copy, None).unwrap();
    let mut watch = Watch::new(Setup { replica: Some(Arc::new(lagging)), ..place.setup() }).unwrap();
    let error = watch.audit_now(Kind::Incremental).unwrap_err().to_string();
    assert!(error.contains("lags behind"), "{error}");
    assert!(place.halt().is_none());
    drop(watch);
    let diverging = sqlite::open(&copy, None).unwrap();
    desk::carry_out(&diverging, &[desk::transfer("bob", "carol", "19")]);
    let mut watch = Watch::new(Setup { replica: Some(Arc::new(diverging)), ..place.setup() }).unwrap();
    let audit = watch.audit_now(Kind::Incremental).unwrap();
    assert!(kinds(&audit).contains(&ContradictionKind::ReplicaDiverges), "{audit:?}");
    assert!(place.halt().is_some());
}

#[test]
fn entries_pass_no_faster_than_they_may() {
    let place = Place::new();
    for _ in 0..6 {
        desk::carry_out(&*place.store, &vec![desk::transfer("alice", "bob", "1"); 10]);
    }
    let mut setup = place.setup();
    setup.config.entries_per_second = 16;
    let audit = Watch::new(setup).unwrap().audit_now(Kind::Incremental).unwrap();
    assert!(audit.valid());
    // 64 entries and three accounts, once for the state to save and once for the verdict.
    assert_eq!((audit.entries, place.clock.slept().as_secs()), (64, 8));
    assert!(audit.took.is_zero(), "what was slept is not counted");
}

#[test]
fn the_halt_goes_through_between_other_writers() {
    let place = Place::new();
    place.tamper("UPDATE accounts SET is_frozen_for_fraud = 1 WHERE id = 'alice'");
    let (stop, mut watch) = (std::sync::atomic::AtomicBool::new(false), place.watch());
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !stop.load(std::sync::atomic::Ordering::SeqCst) {
                    desk::carry_out(&*place.store, &[desk::transfer("bob", "carol", "0.0001")]);
                }
            });
        }
        let audit = watch.audit_now(Kind::Incremental).unwrap();
        stop.store(true, std::sync::atomic::Ordering::SeqCst);
        assert_eq!(errors(&audit), [ErrorType::DocumentMismatch]);
    });
    assert!(place.halt().is_some());
}
