//! Threat: entries are taken out, put in, moved, copied and numbered anew, and each time the genuine ones
//! stand beside. One act is one finding, it names the forged entry, and never accuses a genuine one.
#![expect(clippy::unwrap_used, reason = "a helper of a test may panic as the test itself may")]

use std::io::Cursor;
use std::path::PathBuf;
use std::{env, fs};

use countersign_core::report::{Cause, ErrorType, Finding, TrustGrade};
use countersign_core::{Options, Report, Step, Verifier, hash_entry_line, verify_chain_integrity};
use serde_json::{Value, json};

/// The key that signed the vectors' checkpoints.
const KEY: &str = "game.example/economy+b7e99c16+AYMq5iT7Tj3bthuC2BO2upajYP1EdR6ZRFFydV2hbw8R";

/// A vector taken apart; what its trailer says stays, unless it is told otherwise.
#[derive(Clone)]
struct Export {
    header: Value,
    entries: Vec<Value>,
    documents: Vec<Value>,
    trailer: Value,
}

impl Export {
    fn of(name: &str) -> Self {
        let package = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap());
        let text = fs::read_to_string(package.join("vectors").join(name)).unwrap();
        let mut lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let (header, trailer) = (lines.remove(0), lines.pop().unwrap());
        let (entries, documents) = lines.into_iter().partition(|line| line["seq"].is_u64());
        Self { header, entries, documents, trailer }
    }

    fn good() -> Self {
        Self::of("good.jsonl")
    }

    fn bytes(&self) -> Vec<u8> {
        let lines = std::iter::once(&self.header).chain(&self.entries).chain(&self.documents);
        lines.chain([&self.trailer]).flat_map(|line| format!("{line}\n").into_bytes()).collect()
    }

    fn audit(&self, options: &Options) -> Report {
        verify_chain_integrity(Cursor::new(self.bytes()), options, &mut |_| {}).unwrap()
    }

    /// By somebody who has the writer's key.
    fn by_key(&self) -> Report {
        self.audit(&Options { keys: vec![KEY.parse().unwrap()], ..Options::default() })
    }

    /// Every link and hash made anew, and a trailer that agrees, without checkpoints.
    fn rehash(mut self) -> Self {
        for i in 0..self.entries.len() {
            if i > 0 {
                self.entries[i]["previous_hash"] = self.entries[i - 1]["current_hash"].clone();
            }
            seal(&mut self.entries[i]);
        }
        let n = self.entries.len();
        let head = &self.entries[n - 1]["current_hash"];
        self.trailer =
            json!({"end": self.trailer["end"], "entries": n, "last_seq": n, "head": head, "checkpoints": []});
        self
    }

    /// The same, of entries numbered by `number`, which is given the number each has.
    fn renumbered(number: impl Fn(u64) -> u64) -> Self {
        let mut export = Self::good();
        for entry in &mut export.entries {
            entry["seq"] = number(entry["seq"].as_u64().unwrap()).into();
        }
        export.rehash()
    }
}

/// Gives an entry the hash of its content.
fn seal(entry: &mut Value) {
    entry["current_hash"] = hash_entry_line(entry.to_string().as_bytes()).unwrap().current_hash.into();
}

type Said = (ErrorType, Option<Cause>, Option<u64>);

/// What was found: kind, cause, line.
fn said(report: &Report) -> Vec<Said> {
    report.findings.iter().map(|f| (f.error_type, f.cause, f.line)).collect()
}

fn only(report: &Report) -> &Finding {
    assert_eq!(report.findings.len(), 1, "{:#?}", said(report));
    &report.findings[0]
}

fn broken(cause: Cause, line: u64) -> Vec<Said> {
    vec![(ErrorType::HashChainBroken, Some(cause), Some(line))]
}

/// The entry at this line calls itself `found`, and should `expected`.
fn is_misnumbered(export: &Export, line: u64, expected: u64, found: u64) {
    let report = export.audit(&Options::default());
    assert_eq!(said(&report), broken(Cause::Unknown, line));
    assert_eq!(report.trust_grade, TrustGrade::Broken);
    let finding = only(&report);
    assert_eq!((&finding.expected, &finding.found), (&Some(expected.into()), &Some(found.into())));
    assert_eq!(finding.seq, Some(expected));
}

/// What is done to it below is all that is wrong with it.
#[test]
fn taken_apart_and_put_together_a_vector_is_whole() {
    let report = Export::good().by_key();
    assert_eq!((said(&report), report.trust_grade), (Vec::new(), TrustGrade::Signed));
}

#[test]
fn a_number_that_is_not_that_of_its_place_is_found_however_it_is_hashed() {
    is_misnumbered(&Export::renumbered(|seq| if seq == 20 { 2000 } else { seq }), 21, 20, 2000);
    is_misnumbered(&Export::renumbered(|seq| if seq == 10 { 77 } else { seq }), 11, 10, 77);
    is_misnumbered(&Export::renumbered(|seq| if seq == 10 { 9 } else { seq }), 11, 10, 9);
    is_misnumbered(&Export::renumbered(|seq| seq + 100), 2, 1, 101);
    is_misnumbered(&Export::renumbered(|seq| if seq > 10 { seq + 1 } else { seq }), 12, 11, 12);
}

#[test]
fn an_entry_taken_out_and_the_rest_hashed_anew_leaves_its_number() {
    let mut export = Export::good();
    export.entries.remove(9);
    // It paid this account one piece of gold.
    let account = export.documents.iter_mut().find(|document| document["id"] == "u-1002").unwrap();
    account["balances"].as_object_mut().unwrap().remove("GOLD");
    is_misnumbered(&export.rehash(), 11, 10, 11);
}

#[test]
fn a_trailer_that_counts_as_the_entries_do_is_no_second_finding() {
    let mut export = Export::renumbered(|seq| if seq > 10 { seq + 1 } else { seq });
    export.trailer["last_seq"] = 21.into();
    is_misnumbered(&export, 12, 11, 12);
}

/// Threat: the file is changed between the two readings.
#[test]
fn what_the_first_reading_found_broken_is_never_called_whole() {
    let mut broken = Export::good();
    broken.entries[4]["amount_gross"] = "9.0000".into();
    let mut verifier = Verifier::new(Options::default());
    verifier.push(&broken.bytes()).unwrap();
    let Step::ReadAgain(mut again) = verifier.finish().unwrap() else { panic!("one reading was enough") };
    again.push(&Export::good().bytes()).unwrap();
    let Step::Done(report) = again.finish().unwrap() else { panic!("two readings were not enough") };
    assert!(!report.valid);
    assert_eq!(said(&report), self::broken(Cause::Unknown, 6));
}

/// An entry like the fourth, forged onto this hash, by this number.
fn forged(seq: u64, previous: &Value) -> Value {
    let mut entry = Export::good().entries[3].clone();
    entry["seq"] = seq.into();
    entry["transaction_id"] = format!("aaaaaaaa-0000-4000-8000-{seq:012}").into();
    entry["previous_hash"] = previous.clone();
    seal(&mut entry);
    entry
}

/// So many of them, the first onto the entry `onto`, each onto the one before.
fn branch(onto: usize, count: usize) -> Vec<Value> {
    let mut previous = Export::good().entries[onto - 1]["current_hash"].clone();
    let numbers = (onto as u64 + 1..).take(count);
    let entry = |seq| {
        let entry = forged(seq, &previous);
        previous = entry["current_hash"].clone();
        entry
    };
    numbers.map(entry).collect()
}

/// Genuine but for these, put in after so many entries; the one finding is of them.
fn is_inserted(after: usize, entries: &[Value]) {
    let mut export = Export::good();
    export.entries.splice(after..after, entries.iter().cloned());
    for report in [export.by_key(), export.audit(&Options::default())] {
        assert_eq!(said(&report), broken(Cause::Inserted, after as u64 + 2), "{}", report.message);
        let finding = only(&report);
        assert_eq!(finding.count, Some(entries.len() as u64));
        assert_eq!(finding.transaction_id.as_deref(), entries[0]["transaction_id"].as_str());
        assert_eq!(report.head.as_deref(), export.trailer["head"].as_str());
        assert!(report.warnings.is_empty(), "{:?}", report.warnings);
    }
}

#[test]
fn the_branch_that_does_not_lead_to_the_genuine_last_hash_is_inserted() {
    // Shorter than the genuine one, as long, longer; before it and after it.
    for count in [1, 7, 8, 9, 15] {
        is_inserted(12, &branch(12, count));
        is_inserted(20, &branch(12, count));
    }
    is_inserted(1, &branch(1, 30));
}

#[test]
fn what_hangs_onto_nothing_is_inserted() {
    let nothing = Value::from("0".repeat(64));
    for seq in [1, 5, 11, 20, 21, 22, 99] {
        for after in [0, 1, 10, 19, 20] {
            is_inserted(after, &[forged(seq, &nothing)]);
        }
    }
}

#[test]
fn what_hangs_onto_the_genuine_last_entry_is_inserted() {
    for count in [1, 3] {
        is_inserted(20, &branch(20, count));
        is_inserted(10, &branch(20, count));
    }
    // Also where more follows that hangs onto nothing.
    let mut export = Export::good();
    export.entries.extend(branch(20, 2));
    export.entries.push(forged(99, &Value::from("0".repeat(64))));
    let report = export.by_key();
    assert_eq!(said(&report), [broken(Cause::Inserted, 22), broken(Cause::Inserted, 24)].concat());
}

/// The trailer is not believed over a checkpoint.
#[test]
fn a_trailer_that_ends_sooner_than_a_checkpoint_makes_no_genuine_entry_an_inserted_one() {
    let mut export = Export::good();
    export.trailer["head"] = export.entries[14]["current_hash"].clone();
    (export.trailer["last_seq"], export.trailer["entries"]) = (15.into(), 15.into());
    assert_eq!(said(&export.by_key()), [(ErrorType::TrailerMismatch, None, Some(26))]);
    export.entries.remove(17);
    export.documents.clear();
    let kinds: Vec<_> = said(&export.by_key()).into_iter().map(|(kind, cause, _)| (kind, cause)).collect();
    assert!(kinds.contains(&(ErrorType::HashChainBroken, Some(Cause::Missing))), "{kinds:?}");
    assert!(!kinds.contains(&(ErrorType::HashChainBroken, Some(Cause::Inserted))), "{kinds:?}");
}

/// Genuine, in this order of its entries, and nothing else is said than that.
fn is_reordered(arrange: impl Fn(&mut Vec<Value>)) {
    let mut export = Export::good();
    arrange(&mut export.entries);
    let report = export.by_key();
    let kinds: Vec<_> = report.findings.iter().map(|f| (f.error_type, f.cause)).collect();
    assert_eq!(kinds, [(ErrorType::HashChainBroken, Some(Cause::Reordered))], "{}", report.message);
    assert!(report.warnings.is_empty(), "{:?}", report.warnings);
    assert_eq!(report.head.as_deref(), export.trailer["head"].as_str());
}

#[test]
fn the_head_is_that_of_the_last_entry_wherever_it_stands() {
    is_reordered(|entries| entries.swap(18, 19));
    is_reordered(|entries| entries.rotate_left(1));
    is_reordered(|entries| entries.rotate_right(1));
    is_reordered(|entries| entries.reverse());
}

/// Its own hash is right: only the checkpoint tells, once the entries before it are known.
#[test]
fn the_last_entry_edited_hashed_anew_and_moved_up_is_tampered_with() {
    let mut export = Export::good();
    let mut last = export.entries.pop().unwrap();
    last["created_at"] = "2026-02-11T18:00:00.000Z".into();
    seal(&mut last);
    export.entries.insert(10, last);
    let tampered = (ErrorType::TransactionTampered, None, Some(12));
    assert_eq!(said(&export.by_key()), [vec![tampered], broken(Cause::Reordered, 12)].concat());
}

#[test]
fn what_refers_to_an_earlier_entry_finds_it_wherever_it_stands() {
    // Entry 11 refunds 8, and 19 erases 5.
    for (from, to) in [(8, 13), (5, 19), (11, 2), (19, 1), (19, 12)] {
        is_reordered(|entries| {
            let entry = entries.remove(from - 1);
            entries.insert(to - 1, entry);
        });
    }
    is_reordered(|entries| entries.swap(10, 18));
}

/// Threat: a block is removed, and an erasure forged that says so.
#[test]
fn a_removed_block_is_shown_though_a_forged_erasure_names_it() {
    let mut export = Export::of("personal-removed.jsonl");
    let at = export.entries.iter().position(|entry| entry["seq"] != 5 && entry["personal"].is_null()).unwrap();
    let removed = export.entries[at].clone();
    let mut erasure = export.entries[18].clone();
    assert_eq!(erasure["type"], "ERASURE");
    (erasure["seq"], erasure["transaction_id"]) = (18.into(), "11111111-2222-4333-8444-555555555555".into());
    erasure["reference_id"] = removed["transaction_id"].clone();
    erasure["receiver_id"] = removed["receiver_id"].clone();
    erasure["previous_hash"] = export.entries[16]["current_hash"].clone();
    seal(&mut erasure);
    export.entries.insert(17, erasure);
    let report = export.by_key();
    let line = at as u64 + 2;
    let expected = [vec![(ErrorType::PersonalRemoved, None, Some(line))], broken(Cause::Inserted, 19)];
    assert_eq!(said(&report), expected.concat());
    let finding = &report.findings[0];
    assert_eq!((finding.seq, finding.index), (removed["seq"].as_u64(), Some(at as u64)));
    assert_eq!(finding.transaction_id.as_deref(), removed["transaction_id"].as_str());
    assert!(finding.corrupted_transaction.is_some() && finding.previous_transaction.is_some());
}

/// Genuine but for copies, put in before the entry of this number.
fn with_copies(before: usize, copies: &[Value]) -> Export {
    let mut export = Export::good();
    export.entries.splice(before - 1..before - 1, copies.iter().cloned());
    export
}

/// Threat: a copy that states the genuine hash passes for the genuine entry.
#[test]
fn an_altered_copy_is_inserted_wherever_it_stands() {
    for original in [1, 8, 20] {
        let mut copy = Export::good().entries[original - 1].clone();
        copy["amount_gross"] = "999.0000".into();
        for before in 1..=21 {
            let report = with_copies(before, &[copy.clone()]).by_key();
            assert_eq!(said(&report), broken(Cause::Inserted, before as u64 + 1), "{original} before {before}");
            assert_eq!(only(&report).count, Some(1));
        }
    }
}

/// Its hash covers the block by the block's own.
#[test]
fn a_copy_with_another_personal_block_is_inserted() {
    let mut copy = Export::good().entries[7].clone();
    copy["personal"]["description"] = "something else".into();
    for before in [7, 10, 21] {
        let report = with_copies(before, &[copy.clone()]).by_key();
        assert_eq!(said(&report), broken(Cause::Inserted, before as u64 + 1));
    }
}

#[test]
fn only_what_equals_the_genuine_entry_stands_a_second_time() {
    let good = Export::good();
    let forged = forged(9, &good.entries[7]["current_hash"]);
    let report = with_copies(10, &[good.entries[7].clone(), forged]).by_key();
    assert_eq!(said(&report), [broken(Cause::Duplicated, 11), broken(Cause::Inserted, 12)].concat());
    let report = with_copies(15, &good.entries[3..9]).by_key();
    assert_eq!(said(&report), broken(Cause::Duplicated, 16));
    assert_eq!(only(&report).count, Some(6));
    let mut copies = good.entries[3..9].to_vec();
    copies[2]["amount_gross"] = "999.0000".into();
    let report = with_copies(15, &copies).by_key();
    let counts: Vec<_> = report.findings.iter().map(|f| (f.cause, f.line, f.count)).collect();
    let (twice, put_in) = (Some(Cause::Duplicated), Some(Cause::Inserted));
    assert_eq!(counts, [(twice, Some(16), Some(2)), (put_in, Some(18), Some(1)), (twice, Some(19), Some(3))]);
}

/// Threat: the tail is dropped and the trailer left as it was. What the dropped entries did is not held
/// against those that stand.
#[test]
fn a_dropped_tail_beside_its_trailer_is_one_finding() {
    for rest in 0..20 {
        let mut export = Export::good();
        export.entries.truncate(rest);
        let line = (2 + rest + export.documents.len()) as u64;
        for report in [export.by_key(), export.audit(&Options::default())] {
            assert_eq!(said(&report), [(ErrorType::TrailerMismatch, None, Some(line))], "{rest}");
            let gaps: Vec<&str> = report.coverage.not_checked.iter().map(|gap| gap.what.as_str()).collect();
            assert!(gaps.contains(&"documents against the replay of the entries"), "{gaps:?}");
            assert!(gaps.contains(&"personal blocks that are gone without an erasure"), "{gaps:?}");
        }
    }
}

/// The trailer names another head than the entry's before the cut, which is not judged by it.
#[test]
fn an_edit_of_the_last_entry_before_a_cut_is_found_beside_it() {
    let mut export = Export::good();
    export.entries.truncate(18);
    export.entries[17]["amount_gross"] = "999.0000".into();
    let report = export.by_key();
    let line = 24;
    let expected = [(ErrorType::TransactionTampered, None, Some(19)), (ErrorType::TrailerMismatch, None, Some(line))];
    assert_eq!(said(&report), expected);
    assert_eq!(report.findings[0].expected.as_ref(), Some(&export.entries[17]["current_hash"]));
}

/// The findings of the genuine vector after two entries exchanged what stands in a field.
fn exchanged(field: &str, one: usize, other: usize) -> Report {
    let mut export = Export::good();
    let value = export.entries[one - 1][field].take();
    export.entries[one - 1][field] = export.entries[other - 1][field].take();
    export.entries[other - 1][field] = value;
    export.by_key()
}

/// Whose hash stands there leads elsewhere, and nothing between is foreign for that.
#[test]
fn two_stored_hashes_exchanged_accuse_no_entry_between() {
    for (one, other) in [(3, 15), (7, 9), (2, 19)] {
        let report = exchanged("current_hash", one, other);
        let tampered = |at: usize| (ErrorType::TransactionTampered, None, Some(at as u64 + 1));
        let found: Vec<_> = report.findings.iter().map(|f| (f.error_type, f.cause, f.line)).collect();
        assert_eq!(found, [tampered(one), tampered(other)], "{:?}", report.findings);
        for finding in &report.findings {
            let fields: Vec<_> = finding.modified_fields.iter().flatten().map(|m| m.field.as_str()).collect();
            assert_eq!(fields, ["current_hash"]);
        }
        let report = exchanged("previous_hash", one, other);
        let relinked = |at: usize| (ErrorType::HashChainBroken, Some(Cause::Relinked), Some(at as u64 + 1));
        let found: Vec<_> = report.findings.iter().map(|f| (f.error_type, f.cause, f.line)).collect();
        assert_eq!(found, [relinked(one), relinked(other)], "{:?}", report.findings);
    }
}

/// Whoever edits an entry can hash it anew, and tell the next one: the chain up to there is his.
#[test]
fn what_stands_before_a_break_vouches_for_nothing_but_itself() {
    let gap = |report: &Report| {
        let gaps = report.coverage.not_checked.iter().filter(|gap| gap.why.starts_with("the chain breaks after"));
        gaps.map(|gap| gap.what.clone()).collect::<Vec<_>>()
    };
    let mut export = Export::good();
    export.trailer["checkpoints"] = json!([]);
    export.entries[9]["receiver_id"] = json!("u-1009");
    seal(&mut export.entries[9]);
    export.entries[10]["previous_hash"] = export.entries[9]["current_hash"].clone();
    let report = export.audit(&Options { recovery_budget: 0, ..Options::default() });
    let finding = report.findings.iter().find(|f| f.seq == Some(11)).unwrap();
    let possibly = finding.possibly_modified_fields.as_ref().unwrap();
    assert!(possibly.iter().any(|field| field == "previous_hash"), "{possibly:?}");
    assert_eq!(gap(&report), ["whether the entries 1 to 10 are what stood there"]);
    assert_eq!(gap(&Export::good().by_key()), Vec::<String>::new());

    // A checkpoint that counts vouches for those that it covers.
    let mut taken = Export::good();
    taken.entries.drain(14..16);
    let nine =
        fs::read_to_string(PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("vectors/checkpoint-9.txt"));
    let kept = Options { checkpoints: vec![nine.unwrap()], ..Options::default() };
    assert_eq!(gap(&taken.audit(&kept)), ["whether the entries 10 to 16 are what stood there"]);
}

/// A rule that is broken too hides no money that comes from nowhere.
#[test]
fn an_entry_that_does_not_add_up_is_found_beside_a_broken_rule() {
    let mut export = Export::good();
    export.entries[3]["operator_id"] = json!("op-mira");
    export.entries[3]["amount_net"] = json!("999.0000");
    let report = export.rehash().audit(&Options::default());
    let of_4: Vec<_> = report.findings.iter().filter(|f| f.seq == Some(4)).map(|f| f.error_type).collect();
    assert_eq!(of_4, [ErrorType::TypeRuleBroken, ErrorType::AmountMismatch]);
    let conserved = "minted − burned = all balances + all buckets";
    assert!(!report.coverage.checked.iter().any(|what| what == conserved));
    assert!(report.coverage.not_checked.iter().any(|gap| gap.what == conserved));
}

/// The hash between two entries stands in both, and both say what it was.
#[test]
fn a_hash_overwritten_on_both_sides_of_a_joint_is_proven_by_both() {
    for at in [2, 8, 18] {
        let mut export = Export::good();
        export.entries[at - 1]["current_hash"] = json!("0".repeat(64));
        export.entries[at]["previous_hash"] = json!("0".repeat(64));
        let report = export.by_key();
        let found: Vec<_> = report.findings.iter().map(|f| (f.error_type, f.cause, f.line)).collect();
        let line = Some(at as u64 + 1);
        assert_eq!(
            found,
            [
                (ErrorType::TransactionTampered, None, line),
                (ErrorType::HashChainBroken, Some(Cause::Relinked), line.map(|line| line + 1)),
            ],
            "{:?}",
            report.findings
        );
        let proven = report.findings[0].modified_fields.as_ref().unwrap();
        assert_eq!(
            (proven[0].field.as_str(), &proven[0].original),
            ("current_hash", &Export::good().entries[at - 1]["current_hash"])
        );
        assert!(report.checkpoints[0].counts, "the leaf is the genuine hash");
    }
}

impl Export {
    /// Every number after the first `after` entries moved by so much, and nothing else.
    fn moved(mut self, after: usize, by: i64) -> Self {
        for entry in &mut self.entries[after..] {
            entry["seq"] = entry["seq"].as_u64().unwrap().checked_add_signed(by).unwrap().into();
        }
        self
    }

    /// A trailer that counts as the entries do.
    fn counted(mut self) -> Self {
        self.trailer["entries"] = self.entries.len().into();
        self.trailer["last_seq"] = self.entries.last().unwrap()["seq"].clone();
        self
    }
}

/// Threat: who takes entries out of a table moves the numbers after them, so that none is missing.
#[test]
fn entries_taken_out_are_missing_though_the_numbers_after_them_were_moved() {
    for (at, count) in [(9, 1), (9, 3), (0, 1), (18, 1)] {
        let mut export = Export::good();
        export.entries.drain(at..at + count);
        let export = export.moved(at, -(count as i64));
        for export in [export.clone(), export.counted()] {
            for report in [export.by_key(), export.audit(&Options::default())] {
                let place = format!("{count} at {at}: {:#?}", said(&report));
                let finding = |kind| report.findings.iter().find(|finding| finding.error_type == kind);
                let gap = finding(ErrorType::HashChainBroken).expect(&place);
                let missing = gap.missing.expect(&place);
                let first = at as u64 + 1;
                assert_eq!((missing.first_seq, missing.last_seq), (first, at as u64 + count as u64), "{place}");
                let moved = finding(ErrorType::TransactionTampered).expect(&place);
                let rest = 20 - at - count;
                assert_eq!(moved.seq, Some(first + count as u64), "{place}");
                assert_eq!(moved.count, (rest > 1).then_some(rest as u64), "{place}");
                let fields: Vec<_> = moved.modified_fields.iter().flatten().map(|m| (&*m.field, m.proven)).collect();
                assert_eq!(fields, [("seq", true)], "{place}");
                assert_eq!(report.findings.len(), 2, "{place}");
                assert_eq!(report.head.as_deref(), export.trailer["head"].as_str(), "{place}");
            }
        }
    }
}

#[test]
fn an_entry_put_in_is_found_though_the_numbers_after_it_were_moved() {
    let mut export = Export::good().moved(12, 1);
    export.entries.insert(12, branch(12, 1).remove(0));
    for report in [export.by_key(), export.clone().counted().by_key()] {
        let inserted = &report.findings[0];
        assert_eq!((inserted.cause, inserted.line), (Some(Cause::Inserted), Some(14)), "{:#?}", said(&report));
        let moved = &report.findings[1];
        assert_eq!((moved.error_type, moved.seq, moved.count), (ErrorType::TransactionTampered, Some(13), Some(8)));
    }
}

#[test]
fn numbers_that_were_moved_alone_are_one_finding() {
    for (after, by, count) in [(0, 5, 20), (0, 1000, 20), (12, 1, 8), (12, -3, 8), (19, -19, 1)] {
        let report = Export::good().moved(after, by).by_key();
        let finding = only(&report);
        let seq = after as u64 + 1;
        assert_eq!((finding.error_type, finding.seq), (ErrorType::TransactionTampered, Some(seq)), "{after}, {by}");
        assert_eq!(finding.count, (count > 1).then_some(count), "{after}, {by}");
        assert!(finding.message.starts_with(&format!("#{seq}: ")), "{}", finding.message);
    }
}

#[test]
fn what_else_was_done_to_an_entry_whose_number_was_moved_is_found_beside() {
    let mut export = Export::good().moved(9, 2);
    export.entries[13]["amount_gross"] = "9.0000".into();
    let report = export.by_key();
    let tampered: Vec<_> = report.findings.iter().map(|f| (f.error_type, f.seq, f.count)).collect();
    let kind = ErrorType::TransactionTampered;
    assert_eq!(tampered, [(kind, Some(10), Some(11)), (kind, Some(14), None)]);
}

/// What was found, and of which entry.
fn found(report: &Report) -> Vec<(ErrorType, Option<Cause>, Option<u64>)> {
    report.findings.iter().map(|f| (f.error_type, f.cause, f.seq)).collect()
}

fn broken_at(cause: Cause, seq: u64) -> (ErrorType, Option<Cause>, Option<u64>) {
    (ErrorType::HashChainBroken, Some(cause), Some(seq))
}

fn tampered_at(seq: u64) -> (ErrorType, Option<Cause>, Option<u64>) {
    (ErrorType::TransactionTampered, None, Some(seq))
}

/// Threat: who takes an entry out mends the link after it.
#[test]
fn an_entry_taken_out_is_missing_though_the_link_after_it_was_mended() {
    for (at, rehashed) in [(0, false), (9, false), (18, false), (9, true)] {
        let mut export = Export::good();
        export.entries[at + 1]["previous_hash"] = export.entries[at]["previous_hash"].clone();
        if rehashed {
            seal(&mut export.entries[at + 1]);
        }
        export.entries.remove(at);
        let gone = at as u64 + 1;
        for report in [export.by_key(), export.clone().counted().by_key()] {
            assert_eq!(
                found(&report),
                [broken_at(Cause::Missing, gone + 1), tampered_at(gone + 1)],
                "{at}, {rehashed}"
            );
            assert_eq!(report.findings[0].missing.map(|gap| (gap.first_seq, gap.last_seq)), Some((gone, gone)));
        }
    }
}

/// Threat: who puts an entry in points the next one at it.
#[test]
fn an_entry_put_in_is_found_though_the_next_one_names_it() {
    for (at, number, rehashed) in [(9, 10, false), (9, 10, true), (9, 1000, false), (9, 1000, true), (19, 20, false)] {
        let mut export = Export::good();
        let forged = forged(number, &export.entries[at]["previous_hash"]);
        export.entries[at]["previous_hash"] = forged["current_hash"].clone();
        if rehashed {
            seal(&mut export.entries[at]);
        }
        export.entries.insert(at, forged);
        let report = export.by_key();
        let seq = at as u64 + 1;
        let place = format!("{number} at {at}, {rehashed}");
        assert_eq!(found(&report), [broken_at(Cause::Inserted, number), broken_at(Cause::Relinked, seq)], "{place}");
        assert_eq!(report.findings[0].line, Some(seq + 1), "{place}");
    }
}

#[test]
fn a_link_that_leads_far_back_accuses_no_entry_between() {
    let relinked = |entries: &[(usize, Value)]| {
        let mut export = Export::good();
        entries.iter().for_each(|(at, hash)| export.entries[*at]["previous_hash"] = hash.clone());
        found(&export.by_key())
    };
    let hashes: Vec<Value> = Export::good().entries.iter().map(|entry| entry["previous_hash"].clone()).collect();
    for (one, other) in [(9, 19), (0, 3), (17, 19)] {
        let seqs = [one, other].map(|at: usize| broken_at(Cause::Relinked, at as u64 + 1));
        assert_eq!(relinked(&[(one, hashes[other].clone()), (other, hashes[one].clone())]), seqs, "{one} and {other}");
    }
    for at in [12, 18, 19] {
        let mut export = Export::good();
        (export.entries[at]["seq"], export.entries[at]["previous_hash"]) = (6.into(), hashes[5].clone());
        assert_eq!(found(&export.by_key()), [broken_at(Cause::Relinked, at as u64 + 1)], "{at}");
    }
}

#[test]
fn a_forgery_with_a_far_number_is_put_in_whatever_is_broken_after_it() {
    let mut export = Export::good();
    export.entries.remove(14);
    let far = forged(1000, &export.entries[4]["previous_hash"]);
    export.entries.insert(4, far);
    assert_eq!(found(&export.by_key()), [broken_at(Cause::Inserted, 1000), broken_at(Cause::Missing, 16)]);
}

#[test]
fn who_stands_before_an_entry_of_elsewhere_is_not_accused() {
    let mut export = Export::good();
    export.entries[9] = forged(10, &"ab".repeat(32).into());
    assert_eq!(found(&export.by_key()), [broken_at(Cause::Unknown, 10)]);
}

#[test]
fn a_copy_of_the_first_entries_hides_none() {
    let mut export = Export::good();
    let mut copy = export.entries[0].clone();
    copy["created_at"] = "2026-02-11T15:00:00.001Z".into();
    export.entries.insert(1, copy);
    export.entries.swap(12, 14);
    let report = export.by_key();
    assert_eq!(report.findings[0].cause, Some(Cause::Inserted), "{:#?}", said(&report));
    assert_eq!((report.findings[0].line, report.findings[1].cause), (Some(3), Some(Cause::Reordered)));
    let mut export = Export::good();
    export.entries[0] = export.entries[1].clone();
    let causes: Vec<_> = export.by_key().findings.iter().map(|finding| finding.cause).collect();
    assert_eq!(causes, [Some(Cause::Duplicated), Some(Cause::Missing)]);
}

/// Threat: a hash is overwritten where another entry was put in or stands twice, so that no link leads past it.
#[test]
fn beside_a_hash_that_was_overwritten_the_branch_that_leads_to_the_end_is_genuine() {
    let overwritten = |at: usize| {
        let mut export = Export::good();
        export.entries[at]["current_hash"] = "f".repeat(64).into();
        export
    };
    // The row stands before or after the genuine one, which follows on what the content gives.
    for at in [4, 5] {
        let mut export = overwritten(3);
        export.entries.insert(at, forged(5, &Export::good().entries[4]["previous_hash"]));
        let report = export.by_key();
        assert_eq!(found(&report), [tampered_at(4), broken_at(Cause::Inserted, 5)]);
        assert_eq!(report.findings[1].line, Some(at as u64 + 2));
    }
    let mut export = overwritten(3);
    export.entries.splice(6..6, Export::good().entries[4..6].to_vec());
    assert_eq!(found(&export.by_key()), [tampered_at(4), broken_at(Cause::Duplicated, 5)]);
    // A forged row, and the genuine one of its number with a hash that leads nowhere: its content leads on.
    let mut export = overwritten(4);
    export.entries.insert(4, forged(5, &Export::good().entries[4]["previous_hash"]));
    let report = export.by_key();
    assert_eq!(found(&report), [broken_at(Cause::Inserted, 5), tampered_at(5)]);
    assert_eq!((report.findings[0].line, report.findings[1].line), (Some(6), Some(7)));
}

/// An altered copy before the genuine entry, on which nothing follows by its link any more.
#[test]
fn an_altered_copy_accuses_nobody_though_what_follows_is_gone_or_moved() {
    let with_copy = |change: &dyn Fn(&mut Vec<Value>)| {
        let mut export = Export::good();
        let mut copy = export.entries[3].clone();
        copy["reference_id"] = "zz".into();
        change(&mut export.entries);
        export.entries.insert(3, copy);
        found(&export.by_key())
    };
    let gone = with_copy(&|entries| _ = entries.remove(4));
    assert_eq!(gone, [broken_at(Cause::Inserted, 4), broken_at(Cause::Missing, 6)]);
    let moved = with_copy(&|entries| entries.swap(4, 5));
    assert_eq!(moved, [broken_at(Cause::Inserted, 4), broken_at(Cause::Reordered, 6)]);
}

/// Where a file is cut nobody knows how far the ledger goes.
#[test]
fn an_entry_put_in_before_a_cut_accuses_nobody() {
    for number in [21, 500] {
        let mut export = Export::good();
        export.entries.insert(4, forged(number, &"ab".repeat(32).into()));
        export.trailer = json!({"seq": "no trailer, and no entry"});
        let report = export.audit(&Options::default());
        let expected = (ErrorType::HashChainBroken, Some(Cause::Inserted), Some(6));
        assert_eq!(said(&report)[0], expected, "{number}: {:#?}", said(&report));
        assert!(said(&report)[1..].iter().all(|(_, cause, _)| cause.is_none()), "{:#?}", said(&report));
    }
}

/// Who was relinked and hashed anew disowns nobody: the entry after him says what he was.
#[test]
fn an_entry_between_two_that_were_hashed_anew_is_not_accused() {
    let mut export = Export::good();
    export.entries[3]["receiver_id"] = "u-9999".into();
    export.entries[5]["previous_hash"] = "f".repeat(64).into();
    for at in [3, 5] {
        seal(&mut export.entries[at]);
    }
    assert_eq!(found(&export.by_key()), [tampered_at(4), broken_at(Cause::Relinked, 6)]);
}

/// Threat: a hash that is none is taken for that of the forged content.
#[test]
fn a_hash_that_is_none_vouches_for_no_content() {
    for hash in ["", "zz", "null"] {
        for (at, gone) in [(19, None), (9, Some(10))] {
            let mut export = Export::good();
            export.entries[at]["sender_id"] = "u-9999".into();
            export.entries[at]["current_hash"] = if hash == "null" { Value::Null } else { hash.into() };
            gone.map(|gone: usize| export.entries.remove(gone));
            let report = export.by_key();
            let finding = &report.findings[0];
            assert_eq!(finding.error_type, ErrorType::MalformedLine, "{hash} at {at}: {:#?}", said(&report));
            assert_eq!(report.findings.len(), 1 + usize::from(gone.is_some()), "{hash} at {at}: {:#?}", said(&report));
            let genuine = &Export::good().entries[at]["current_hash"];
            let modified = finding.modified_fields.iter().flatten();
            let is_proven = modified.clone().any(|m| m.field == "sender_id" && m.proven);
            assert_eq!(is_proven, gone.is_none(), "{hash} at {at}: the trailer has the hash of the last");
            assert!(modified.filter(|m| m.field == "current_hash").all(|m| m.original == *genuine), "{hash} at {at}");
        }
    }
}
