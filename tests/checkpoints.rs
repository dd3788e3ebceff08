//! Threat: whoever writes the database rewrites it whole, or drops its tail, and makes the file agree
//! with itself again. Only checkpoints tell.
#![expect(clippy::unwrap_used, reason = "a helper of a test may panic as the test itself may")]

use std::io::Cursor;

use countersign::demo::{LEDGER, Ledger};
use countersign_core::checkpoint::{Checkpoint, KeyKind, SigningKey, VerifyingKey};
use countersign_core::hash::{Batch, Hash};
use countersign_core::merkle::Range;
use countersign_core::report::{ErrorType, Report, TrustGrade, WarningType};
use countersign_core::{Options, Step, Verifier, hash_entry_line, verify_chain_integrity};
use proptest::prelude::*;
use serde_json::{Value, json};

/// An export taken apart.
#[derive(Clone)]
struct Export {
    header: String,
    entries: Vec<String>,
    documents: Vec<String>,
    notes: Vec<String>,
}

impl Export {
    fn new(entries: usize, seed: u64) -> Self {
        let mut bytes = Vec::new();
        Ledger::new(entries as u64, seed).write_export(&mut bytes).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        let mut lines = text.lines().map(str::to_owned);
        let header = lines.next().unwrap();
        let mut lines: Vec<String> = lines.collect();
        lines.pop();
        let documents = lines.split_off(entries);
        Self { header, entries: lines, documents, notes: Vec::new() }
    }

    fn hashes(&self) -> Vec<Hash> {
        let hash = |line: &String| hash_entry_line(line.as_bytes()).unwrap().current_hash;
        self.entries.iter().map(|line| Hash::parse(&hash(line)).unwrap()).collect()
    }

    /// As the writer signs it, of the first `size` entries.
    fn checkpoint(&self, size: usize, key: &SigningKey, cosigner: Option<(&SigningKey, u64)>) -> String {
        let range = Range::of_entries(0, &self.hashes()[..size], &mut Batch::default());
        let checkpoint = Checkpoint { origin: LEDGER.to_owned(), size: size as u64, root: range.root().unwrap() };
        checkpoint.sign(key, cosigner)
    }

    /// Whole again, its trailer agreeing with its entries.
    fn bytes(&self) -> Vec<u8> {
        let n = self.entries.len();
        let head = self.hashes().last().unwrap().to_string();
        let trailer = json!({"end": "countersign/export/2", "entries": n, "last_seq": n, "head": head, "checkpoints": self.notes});
        let lines = std::iter::once(&self.header).chain(&self.entries).chain(&self.documents);
        let mut text: String = lines.flat_map(|line| [line.as_str(), "\n"]).collect();
        text += &trailer.to_string();
        text.into_bytes()
    }

    /// Edits the entry at this index, and makes every later hash anew.
    fn rewrite(&mut self, at: usize) {
        let mut previous = None;
        for (i, line) in self.entries.iter_mut().enumerate().skip(at) {
            let mut entry: Value = serde_json::from_str(line).unwrap();
            if i == at {
                let id = entry["transaction_id"].as_str().unwrap();
                let (first, rest) = id.split_at(1);
                entry["transaction_id"] = format!("{}{rest}", if first == "0" { "1" } else { "0" }).into();
            }
            if let Some(hash) = &previous {
                entry["previous_hash"] = Value::clone(hash);
            }
            let hashes = hash_entry_line(entry.to_string().as_bytes()).unwrap();
            entry["current_hash"] = hashes.current_hash.into();
            previous = Some(entry["current_hash"].clone());
            *line = entry.to_string();
        }
    }
}

fn key(name: &str, seed: u8, kind: KeyKind) -> SigningKey {
    SigningKey::from_seed(name, [seed; 32], kind).unwrap()
}

fn writer() -> SigningKey {
    key(LEDGER, 1, KeyKind::Ed25519)
}

fn witness(n: u8) -> SigningKey {
    key(&format!("witness.example/{n}"), 100 + n, KeyKind::CosignatureV1)
}

fn public(keys: &[SigningKey]) -> Vec<VerifyingKey> {
    keys.iter().map(SigningKey::verifying_key).collect()
}

fn audit(export: &Export, options: &Options) -> Report {
    verify_chain_integrity(Cursor::new(export.bytes()), options, &mut |_| {}).unwrap()
}

fn by_key() -> Options {
    Options { keys: public(&[writer()]), ..Options::default() }
}

fn kept(notes: &[String]) -> Options {
    Options { checkpoints: notes.to_vec(), ..Options::default() }
}

fn kinds(report: &Report) -> Vec<ErrorType> {
    report.findings.iter().map(|finding| finding.error_type).collect()
}

fn sizes() -> impl Strategy<Value = (usize, usize)> {
    (2_usize..80).prop_flat_map(|entries| (Just(entries), 1..=entries))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_genuine_ledger_meets_its_checkpoints((entries, size) in sizes(), seed: u64) {
        let mut export = Export::new(entries, seed);
        let note = export.checkpoint(size, &writer(), None);
        let by_kept = audit(&export, &kept(std::slice::from_ref(&note)));
        prop_assert!(by_kept.valid, "{:?}", by_kept.findings);
        export.notes.push(note.clone());
        let report = audit(&export, &by_key());
        prop_assert!(report.valid, "{:?}", report.findings);
        let tail: Vec<_> = report.warnings.iter().map(|w| (w.warning_type, w.count)).collect();
        if size == entries {
            prop_assert_eq!((report.trust_grade, tail), (TrustGrade::Signed, vec![]));
            prop_assert_eq!(by_kept.trust_grade, TrustGrade::Anchored);
        } else {
            let unsigned = (WarningType::UnsignedTail, Some((entries - size) as u64));
            prop_assert_eq!((report.trust_grade, tail), (TrustGrade::Consistent, vec![unsigned]));
            export.notes.push(export.checkpoint(entries, &writer(), None));
            let both = audit(&export, &Options { checkpoints: vec![note], ..by_key() });
            prop_assert_eq!((both.valid, both.trust_grade), (true, TrustGrade::Anchored));
            prop_assert_eq!(both.checkpoints.iter().filter(|c| c.counts).count(), 3);
        }
    }

    /// Whoever signed it, wherever it was kept: a checkpoint over what was rewritten tells.
    #[test]
    fn any_checkpoint_over_a_rewritten_ledger_is_found((entries, size) in sizes(), seed: u64, at: prop::sample::Index) {
        let genuine = Export::new(entries, seed);
        let note = genuine.checkpoint(size, &writer(), None);
        let mut forged = genuine;
        forged.rewrite(at.index(size));
        let plain = audit(&forged, &Options::default());
        let by_kept = audit(&forged, &kept(std::slice::from_ref(&note)));
        forged.notes.push(note);
        for report in [by_kept, audit(&forged, &by_key()), audit(&forged, &Options::default())] {
            prop_assert!(report.findings.iter().any(|f| {
                f.error_type == ErrorType::CheckpointMismatch && f.size == Some(size as u64)
            }), "{:?}", report.findings);
            // The file agrees with itself as before, and the checkpoint is the one thing more.
            prop_assert_eq!(report.findings_total, plain.findings_total + 1);
        }
    }

    /// What was signed before the rewriting still counts, and what was rewritten after it is unsigned.
    #[test]
    fn a_checkpoint_before_the_rewriting_still_counts((entries, size) in sizes(), seed: u64, at: prop::sample::Index) {
        prop_assume!(size < entries);
        let mut export = Export::new(entries, seed);
        export.notes.push(export.checkpoint(size, &writer(), None));
        export.rewrite(size + at.index(entries - size));
        let report = audit(&export, &by_key());
        prop_assert!(report.checkpoints[0].counts);
        prop_assert!(report.warnings.iter().any(|w| w.warning_type == WarningType::UnsignedTail));
        prop_assert!(report.trust_grade <= TrustGrade::Consistent);
    }

    #[test]
    fn a_cut_tail_is_found_with_a_key((entries, rest) in sizes(), seed: u64) {
        prop_assume!(rest < entries);
        let mut export = Export::new(entries, seed);
        let note = export.checkpoint(entries, &writer(), None);
        export.entries.truncate(rest);
        export.documents.clear();
        let without = audit(&export, &by_key());
        // An erasure that was dropped can leave a removed block besides.
        prop_assert_eq!(without.findings.last().map(|f| f.error_type), Some(ErrorType::CheckpointUntrusted));
        let by_kept = audit(&export, &kept(std::slice::from_ref(&note)));
        prop_assert_eq!(kinds(&by_kept), vec![ErrorType::ExportTruncated]);
        export.notes.push(note);
        for report in [audit(&export, &by_key()), audit(&export, &Options::default())] {
            prop_assert_eq!(kinds(&report), vec![ErrorType::ExportTruncated], "{:?}", report.findings);
            prop_assert_eq!(report.findings[0].size, Some(entries as u64));
        }
    }

    /// One entry that is gone, doubled, swapped or edited is its own finding; what the chain says of its
    /// hash still meets the checkpoint.
    #[test]
    fn a_damaged_file_still_meets_its_checkpoint(entries in 4_usize..60, seed: u64, at: prop::sample::Index, act in 0_u8..4) {
        let mut export = Export::new(entries, seed);
        let all = export.checkpoint(entries, &writer(), None);
        let half = export.checkpoint(entries / 2, &writer(), None);
        export.notes.extend([all, half]);
        let clean = String::from_utf8(export.bytes()).unwrap();
        let mut lines: Vec<&str> = clean.split_inclusive('\n').collect();
        let at = 1 + at.index(entries - 2);
        let edited = lines[at].replacen("\"created_at\":\"2", "\"created_at\":\"1", 1);
        match act {
            0 => drop(lines.remove(at)),
            1 => lines.insert(at, lines[at]),
            2 => lines.swap(at, at + 1),
            _ => lines[at] = &edited,
        }
        let report = verify_chain_integrity(Cursor::new(lines.concat()), &by_key(), &mut |_| {}).unwrap();
        prop_assert!(!report.valid);
        prop_assert!(report.checkpoints.iter().all(|c| c.counts), "{act} {:?} {:?}", report.checkpoints, report.findings);
        let checkpoints = [ErrorType::CheckpointMismatch, ErrorType::CheckpointUntrusted, ErrorType::ExportTruncated];
        prop_assert!(report.findings.iter().all(|f| !checkpoints.contains(&f.error_type)), "{:?}", report.findings);
    }

    #[test]
    fn chunks_and_threads_change_nothing((entries, size) in sizes(), seed: u64, chunk in 1_usize..5000, forged: bool) {
        let mut export = Export::new(entries, seed);
        export.notes.push(export.checkpoint(size, &writer(), None));
        if forged {
            export.rewrite(size - 1);
        }
        let (bytes, options) = (export.bytes(), by_key());
        let mut verifier = Verifier::new(options.clone());
        let pieces = loop {
            bytes.chunks(chunk).for_each(|chunk| verifier.push(chunk).unwrap());
            match verifier.finish().unwrap() {
                Step::Done(report) => break report,
                Step::ReadAgain(again) => verifier = again,
            }
        };
        prop_assert_eq!(&pieces, &audit(&export, &options));
        prop_assert_eq!(&pieces, &audit(&export, &Options { threads: 3, ..options }));
    }

    /// What is known before the reading is held against it at once; what the trailer brings up, where it is
    /// older than the export, needs the entries again.
    #[test]
    fn only_an_older_note_of_the_trailer_needs_a_second_reading((entries, size) in sizes(), seed: u64) {
        let export = Export::new(entries, seed);
        let note = export.checkpoint(size, &writer(), None);
        let is_done = |export: &Export, options: Options| {
            let mut verifier = Verifier::new(options);
            verifier.push(&export.bytes()).unwrap();
            matches!(verifier.finish().unwrap(), Step::Done(_))
        };
        prop_assert!(is_done(&export, kept(std::slice::from_ref(&note))));
        let with_note = Export { notes: vec![note], ..export };
        prop_assert_eq!(is_done(&with_note, by_key()), size == entries);
    }

    /// Notes of any bytes neither panic nor accuse.
    #[test]
    fn notes_of_no_form_accuse_nobody(notes in prop::collection::vec(".{0,80}", 0..4), seed: u64) {
        let mut export = Export::new(5, seed);
        let genuine = export.checkpoint(5, &writer(), None);
        export.notes = notes;
        let plain = audit(&export, &Options::default());
        prop_assert!(plain.valid, "{:?}", plain.findings);
        prop_assert_eq!(kinds(&audit(&export, &by_key())), vec![ErrorType::CheckpointUntrusted]);
        export.notes.push(genuine);
        prop_assert_eq!(audit(&export, &by_key()).trust_grade, TrustGrade::Signed);
    }
}

#[test]
fn witnesses_are_counted_once_each() {
    let mut export = Export::new(10, 1);
    let (cosigned, other) = (|n: u8, time| (witness(n), time), witness(9));
    for (key, time) in [cosigned(1, 1_770_825_600), cosigned(1, 1_770_825_700), cosigned(2, 1_770_825_800)] {
        export.notes.push(export.checkpoint(10, &writer(), Some((&key, time))));
    }
    let witnesses = public(&[witness(1), witness(2), other]);
    let grade = |quorum| {
        let options = Options { witnesses: witnesses.clone(), witness_quorum: quorum, ..by_key() };
        audit(&export, &options).trust_grade
    };
    assert_eq!(
        [1, 2, 3, 0].map(grade),
        [TrustGrade::Witnessed, TrustGrade::Witnessed, TrustGrade::Signed, TrustGrade::Signed]
    );
    let report = audit(&export, &Options { witnesses, ..by_key() });
    assert_eq!(report.signed_at.as_deref(), Some("2026-02-11T16:00:00.000Z"));
    assert!(report.checkpoints[0].signed_by[1].witness);
}

/// What the next audit is to be held to is in the report of this one; whose no key opens is nobody's to keep.
#[test]
fn the_largest_note_that_counts_is_given_to_keep() {
    let mut export = Export::new(10, 1);
    let note = |size, key| export.checkpoint(size, key, None);
    let stranger = key("other.example/ledger", 7, KeyKind::Ed25519);
    export.notes = vec![note(4, &writer()), note(10, &writer()), note(10, &stranger), note(7, &writer())];
    let notes = |options: &Options| -> Vec<Option<String>> {
        audit(&export, options).checkpoints.into_iter().map(|checkpoint| checkpoint.note).collect()
    };
    assert_eq!(notes(&by_key()), [None, Some(export.notes[1].clone()), None, None]);
    assert_eq!(notes(&Options::default()), [None, None, None, None]);
    let kept = kept(&[export.notes[1].clone()]);
    assert_eq!(audit(&export, &kept).trust_grade, TrustGrade::Anchored);
}

/// A note that one of its known signers did not sign is refused whole.
#[test]
fn a_signature_that_does_not_verify_spoils_the_note() {
    let mut export = Export::new(6, 2);
    let note = export.checkpoint(6, &writer(), Some((&witness(1), 5)));
    let (ledger, cosigned) = note.rsplit_once("\n— ").unwrap();
    let (name, _) = cosigned.split_once(' ').unwrap();
    let (_, other) = export
        .checkpoint(6, &writer(), Some((&witness(1), 6)))
        .rsplit_once(' ')
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .unwrap();
    let mut forged = other.into_bytes();
    forged[20] ^= 1;
    export.notes.push(format!("{ledger}\n— {name} {}", String::from_utf8(forged).unwrap()));
    let report = audit(&export, &Options { witnesses: public(&[witness(1)]), ..by_key() });
    assert_eq!(kinds(&report), [ErrorType::CheckpointUntrusted]);
    assert_eq!(audit(&export, &by_key()).trust_grade, TrustGrade::Signed);
}

#[test]
fn a_kept_checkpoint_that_is_none_stops_the_audit() {
    let export = Export::new(3, 3);
    let options = kept(&[export.checkpoint(3, &writer(), None), "hello\n".to_owned()]);
    let error = verify_chain_integrity(Cursor::new(export.bytes()), &options, &mut |_| {}).unwrap_err();
    assert_eq!(error.code(), "CHECKPOINT_NOT_READABLE");
    assert!(error.to_string().contains("kept checkpoint 2"), "{error}");
}

/// It binds nothing here, and says so.
#[test]
fn a_checkpoint_of_another_ledger_is_not_checked() {
    let export = Export::new(3, 4);
    let other = Checkpoint { origin: "other.example".to_owned(), size: 3, root: Hash::default() };
    let note = other.sign(&key("other.example", 1, KeyKind::Ed25519), None);
    let report = audit(&export, &kept(&[note]));
    assert!(report.valid);
    assert_eq!(report.trust_grade, TrustGrade::Consistent);
    assert!(report.coverage.not_checked.iter().any(|gap| gap.why == "it is of the ledger other.example"));
}

/// Trusted for its own ledger, it says nothing of this one.
#[test]
fn a_key_of_another_ledger_vouches_for_nothing_here() {
    let mut export = Export::new(8, 5);
    let shop = key("other.example/shop", 7, KeyKind::Ed25519);
    export.notes.push(export.checkpoint(8, &shop, None));
    let both = || Options { keys: public(&[writer(), shop.clone()]), ..Options::default() };
    let report = audit(&export, &both());
    assert_eq!(kinds(&report), [ErrorType::CheckpointUntrusted]);
    assert!(report.checkpoints.iter().all(|checkpoint| !checkpoint.counts && checkpoint.signed_by.is_empty()));
    assert!(report.coverage.not_checked.iter().any(|gap| gap.why.contains("of another, other.example/shop")));

    // Nor does what it signs accuse.
    let mut forged = export.clone();
    forged.rewrite(3);
    assert_eq!(kinds(&audit(&forged, &both())), [ErrorType::CheckpointUntrusted]);

    // Held by the auditor a checkpoint counts, whoever signed it; but the shop's key did not sign for this ledger.
    let report = audit(
        &export,
        &Options { checkpoints: export.notes.clone(), keys: public(std::slice::from_ref(&shop)), ..Options::default() },
    );
    assert_eq!(report.trust_grade, TrustGrade::Anchored);
    assert!(report.checkpoints.iter().all(|checkpoint| checkpoint.signed_by.is_empty()));

    // A witness says that he was shown it, not that it is the ledger.
    export.notes = vec![export.checkpoint(8, &shop, Some((&witness(1), 5)))];
    let report = audit(&export, &Options { witnesses: public(&[witness(1)]), ..both() });
    assert_eq!(kinds(&report), [ErrorType::CheckpointUntrusted]);
    let report = audit(&export, &Options { witnesses: public(&[witness(1)]), ..Options::default() });
    assert_eq!(report.trust_grade, TrustGrade::Witnessed);
    let signers: Vec<&str> = report.checkpoints[0].signed_by.iter().map(|signer| signer.name.as_str()).collect();
    assert_eq!(signers, ["witness.example/1"]);
}

fn not_checked(report: &Report, why: &str) -> bool {
    report.coverage.not_checked.iter().any(|gap| gap.why.contains(why))
}

/// Where the auditor asks for more witnesses than cosigned, none of them makes a note count, and he is told.
#[test]
fn witnesses_that_are_missing_are_missed() {
    let mut export = Export::new(8, 5);
    export.notes = vec![export.checkpoint(8, &writer(), Some((&witness(1), 5)))];
    let asked = |witnesses: &[SigningKey], witness_quorum| Options {
        witnesses: public(witnesses),
        witness_quorum,
        ..Options::default()
    };
    let three = [witness(1), witness(2), witness(3)];
    assert_eq!(kinds(&audit(&export, &asked(&three, 2))), [ErrorType::CheckpointUntrusted]);
    let signed = audit(&export, &Options { keys: public(&[writer()]), ..asked(&three, 2) });
    assert_eq!((signed.valid, signed.trust_grade), (true, TrustGrade::Signed));
    assert!(not_checked(&signed, "1 of 2 cosigned a checkpoint"), "{:?}", signed.coverage.not_checked);
    assert!(!not_checked(&audit(&export, &Options { keys: public(&[writer()]), ..asked(&three, 1) }), "cosigned"));

    // One party by two names is one, and whoever signs for the ledger is no witness of it.
    let twice = [witness(1), key("witness.example/other", 101, KeyKind::CosignatureV1)];
    assert_eq!(audit(&export, &asked(&twice, 0)).trust_grade, TrustGrade::Witnessed);
    let own = key("witness.example/own", 1, KeyKind::CosignatureV1);
    export.notes = vec![export.checkpoint(8, &writer(), Some((&own, 5)))];
    let report = audit(&export, &Options { keys: public(&[writer()]), ..asked(&[own], 0) });
    assert_eq!(report.trust_grade, TrustGrade::Signed);
    assert!(!report.checkpoints[0].signed_by.iter().any(|signer| signer.witness));
}

#[test]
fn a_kept_note_with_a_forged_signature_vouches_for_nothing() {
    let export = Export::new(8, 5);
    let note = export.checkpoint(8, &writer(), None);
    let mut other = export;
    other.rewrite(2);
    // The signature under another text.
    let (_, signature) = note.split_once("\n\n").unwrap();
    let (text, _) =
        other.checkpoint(8, &writer(), None).split_once("\n\n").map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    let forged = format!("{text}\n\n{signature}");
    let report = audit(&other, &Options { checkpoints: vec![forged], ..by_key() });
    assert_eq!(kinds(&report), [ErrorType::CheckpointUntrusted]);
    assert!(report.checkpoints[0].why.as_ref().unwrap().contains("does not verify"), "{:?}", report.checkpoints);
}

/// The newest of the kept ones may be the one that an export which stops early leaves out.
#[test]
fn a_kept_checkpoint_that_shows_nothing_is_named() {
    let whole = Export::new(20, 5);
    let kept = [whole.checkpoint(9, &writer(), None), whole.checkpoint(20, &writer(), None)];
    let mut early = whole;
    early.rewrite(12);
    early.entries.pop();
    early.header = early.header.replacen("\"personal\"", "\"last_seq\":19,\"personal\"", 1);
    early.documents.clear();
    early.notes = vec![early.checkpoint(19, &writer(), None)];
    let report = audit(&early, &Options { checkpoints: kept.to_vec(), ..by_key() });
    assert_eq!((report.valid, report.trust_grade), (true, TrustGrade::Anchored), "{:?}", report.findings);
    assert!(report.message.contains("extend the checkpoint of 9"), "{}", report.message);
    assert!(report.message.contains("The one of 20 that you kept shows nothing here"), "{}", report.message);
}

/// What stood before a part of a ledger, its prefix says.
#[test]
fn a_kept_checkpoint_contradicts_the_prefix_of_a_part() {
    let part = |whole: &Export| {
        let hashes = whole.hashes();
        let prefix = Range::of_entries(0, &hashes[..9], &mut Batch::default()).roots();
        let mut header: Value = serde_json::from_str(&whole.header).unwrap();
        (header["first_seq"], header["prefix"]) = (json!(10), json!(prefix));
        let head = hashes.last().unwrap().to_string();
        let notes = [whole.checkpoint(20, &writer(), None)];
        let trailer =
            json!({"end": "countersign/export/2", "entries": 11, "last_seq": 20, "head": head, "checkpoints": notes});
        let lines = std::iter::once(header.to_string()).chain(whole.entries[9..].to_vec());
        lines.chain([trailer.to_string()]).map(|line| line + "\n").collect::<String>()
    };
    let whole = Export::new(20, 5);
    let options = Options { checkpoints: vec![whole.checkpoint(9, &writer(), None)], ..by_key() };
    let audit = |text: String| verify_chain_integrity(Cursor::new(text), &options, &mut |_| {}).unwrap();
    let report = audit(part(&whole));
    assert_eq!((report.valid, report.trust_grade), (true, TrustGrade::Signed), "{:?}", report.findings);
    for checked in
        ["transaction ids that entries before this file's have too", "nobody frozen who is, nor let go who is not"]
    {
        assert!(report.coverage.not_checked.iter().any(|gap| gap.what == checked), "{checked}");
    }
    let mut forged = whole;
    forged.rewrite(3);
    let report = audit(part(&forged));
    assert_eq!(kinds(&report), [ErrorType::CheckpointMismatch]);
    assert!(
        report.findings[0].message.contains("before this file's have by its prefix"),
        "{}",
        report.findings[0].message
    );
}

#[test]
fn a_note_that_nobody_opened_may_be_no_checkpoint_at_all() {
    let mut export = Export::new(8, 5);
    let mut forged = export.clone();
    forged.rewrite(2);
    export.notes = vec![forged.checkpoint(8, &writer(), None)];
    let unless = "nobody is known to have signed it";
    assert!(audit(&export, &Options::default()).findings[0].message.contains(unless));
    let opened = audit(&export, &by_key());
    assert_eq!(kinds(&opened), [ErrorType::CheckpointMismatch]);
    assert!(!opened.findings[0].message.contains(unless));
}

#[test]
fn a_time_that_can_be_none_dates_nothing() {
    let mut export = Export::new(8, 5);
    for time in [0, u64::MAX] {
        export.notes = vec![export.checkpoint(8, &writer(), Some((&witness(1), time)))];
        let report = audit(&export, &Options { witnesses: public(&[witness(1)]), ..by_key() });
        assert_eq!((report.trust_grade, report.signed_at), (TrustGrade::Witnessed, None));
    }
}
