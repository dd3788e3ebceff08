//! Laws that hold for every ledger: what is honest verifies, what was changed is found, and however
//! a ledger is cut, its segments come to the same.
#![expect(clippy::unwrap_used, reason = "a helper of a test may panic as the test itself may")]

use std::io::Cursor;

use countersign::demo::Ledger;
use countersign_core::export::line::Line;
use countersign_core::export::{fast, strict};
use countersign_core::hash::TOGETHER;
use countersign_core::limits::MAX_FINDINGS;
use countersign_core::report::{Cause, ErrorType, Report, TrustGrade};
use countersign_core::segment::Segment;
use countersign_core::surveyor::{Context, Marks};
use countersign_core::{Options, Step, Verifier, hash_entry_line, verify_chain_integrity};
use proptest::prelude::*;
use serde_json::Value;

const CONTEXT: Context = Context::of_ledger(None);

fn export(entries: u64, seed: u64) -> Vec<u8> {
    let mut out = Vec::new();
    Ledger::new(entries, seed).write_export(&mut out).unwrap();
    out
}

/// On so many threads, with a short search for originals: what it finds is another test's.
fn on(threads: usize) -> Options {
    Options { threads, recovery_budget: 1_000, ..Options::default() }
}

fn audit(bytes: &[u8]) -> Report {
    verify_chain_integrity(Cursor::new(bytes), &on(1), &mut |_| {}).unwrap()
}

/// The lines after the header, each with its line feed.
fn body(export: &[u8]) -> Vec<&[u8]> {
    export.split_inclusive(|b| *b == b'\n').skip(1).collect()
}

/// What a forger may do to one line.
#[derive(Clone, Debug)]
enum Act {
    Flip { at: prop::sample::Index, to: u8 },
    Remove,
    Repeat,
    SwapWithNext,
    Blank,
    Retype,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        (any::<prop::sample::Index>(), any::<u8>()).prop_map(|(at, to)| Act::Flip { at, to }),
        Just(Act::Remove),
        Just(Act::Repeat),
        Just(Act::SwapWithNext),
        Just(Act::Blank),
        Just(Act::Retype),
    ]
}

fn commit(lines: &mut Vec<Vec<u8>>, at: usize, act: &Act) {
    match act {
        Act::Flip { at: byte, to } => {
            // What an earlier act made blank has no byte to change.
            if let Some(last) = lines[at].len().checked_sub(1).filter(|last| *last > 0) {
                let place = byte.index(last);
                lines[at][place] = *to;
            }
        }
        Act::Remove => drop(lines.remove(at)),
        Act::Repeat => lines.insert(at, lines[at].clone()),
        Act::SwapWithNext => {
            let next = (at + 1).min(lines.len() - 1);
            lines.swap(at, next);
        }
        Act::Blank => lines[at] = b"\n".to_vec(),
        Act::Retype => {
            let text = String::from_utf8_lossy(&lines[at]).replace("\"seq\":", "\"seq\" : ");
            lines[at] = text.into_bytes();
        }
    }
}

/// What a forger may do to entries that he can hash; places are taken modulo what there is.
#[derive(Clone, Debug)]
enum Forgery {
    Remove(usize),
    Copy(usize, usize),
    Move(usize, usize),
    Number(usize, u64),
    Edit(usize),
    /// Names the hash of another entry.
    Relink(usize, usize),
    /// States the hash of another entry.
    Restate(usize, usize),
    /// Gives the entry the hash of its content.
    Seal(usize),
    /// Links and hashes all from here on anew.
    SealFrom(usize),
}

fn forgery() -> impl Strategy<Value = Forgery> {
    let (at, to) = (|| 0_usize..64, || 0_usize..64);
    prop_oneof![
        at().prop_map(Forgery::Remove),
        (at(), to()).prop_map(|(at, to)| Forgery::Copy(at, to)),
        (at(), to()).prop_map(|(at, to)| Forgery::Move(at, to)),
        (at(), 1_u64..64).prop_map(|(at, to)| Forgery::Number(at, to)),
        at().prop_map(Forgery::Edit),
        (at(), to()).prop_map(|(at, to)| Forgery::Relink(at, to)),
        (at(), to()).prop_map(|(at, to)| Forgery::Restate(at, to)),
        at().prop_map(Forgery::Seal),
        at().prop_map(Forgery::SealFrom),
    ]
}

fn seal(entry: &mut Value) {
    entry["current_hash"] = hash_entry_line(entry.to_string().as_bytes()).unwrap().current_hash.into();
}

fn forge(entries: &mut Vec<Value>, forgery: &Forgery) {
    let n = entries.len();
    match *forgery {
        Forgery::Remove(at) => drop(entries.remove(at % n)),
        Forgery::Copy(at, to) => entries.insert(to % (n + 1), entries[at % n].clone()),
        Forgery::Move(at, to) => {
            let entry = entries.remove(at % n);
            entries.insert(to % n, entry);
        }
        Forgery::Number(at, to) => entries[at % n]["seq"] = to.into(),
        Forgery::Edit(at) => entries[at % n]["created_at"] = "2001-01-01T00:00:00.000Z".into(),
        Forgery::Relink(at, to) => entries[at % n]["previous_hash"] = entries[to % n]["current_hash"].clone(),
        Forgery::Restate(at, to) => entries[at % n]["current_hash"] = entries[to % n]["current_hash"].clone(),
        Forgery::Seal(at) => seal(&mut entries[at % n]),
        Forgery::SealFrom(at) => {
            for i in at % n..n {
                if let Some(before) = i.checked_sub(1) {
                    entries[i]["previous_hash"] = entries[before]["current_hash"].clone();
                }
                seal(&mut entries[i]);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn honest_ledgers_verify(entries in 0_u64..400, seed in any::<u64>()) {
        let report = audit(&export(entries, seed));
        prop_assert!(report.valid, "{:?}", report.findings);
        prop_assert!(report.warnings.is_empty(), "{:?}", report.warnings);
        let grade = if entries == 0 { TrustGrade::Empty } else { TrustGrade::Consistent };
        prop_assert_eq!(report.trust_grade, grade);
    }

    #[test]
    fn any_changed_byte_of_any_entry_is_found(
        entries in 2_u64..60, seed in any::<u64>(), line in any::<prop::sample::Index>(),
        place in any::<prop::sample::Index>(), to in any::<u8>(),
    ) {
        let mut export = export(entries, seed);
        let starts: Vec<usize> = std::iter::once(0)
            .chain(export.iter().enumerate().filter(|(_, b)| **b == b'\n').map(|(i, _)| i + 1))
            .collect();
        let line = 1 + line.index(usize::try_from(entries).unwrap());
        let (start, end) = (starts[line], starts[line + 1] - 1);
        let place = start + place.index(end - start);
        prop_assume!(export[place] != to);
        // White space for white space changes nothing, and no other byte may.
        export[place] = to;
        let report = audit(&export);
        prop_assert!(!report.valid);
        prop_assert!(!report.findings.is_empty());
        prop_assert_eq!(report.trust_grade, TrustGrade::Broken);
    }

    /// Whoever numbers one entry otherwise, or all from one on, and makes every later hash anew, is found.
    #[test]
    fn any_other_number_is_found_however_it_is_hashed(
        entries in 1_usize..60, seed in any::<u64>(), at in any::<prop::sample::Index>(), to in 1_u64..200, rest in any::<bool>(),
    ) {
        let at = at.index(entries);
        let export = String::from_utf8(export(entries as u64, seed)).unwrap();
        let mut lines: Vec<Value> = export.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let number = |i: usize| i as u64 + 1;
        prop_assume!(to != number(at));
        for i in at..entries {
            if i == at || rest {
                lines[1 + i]["seq"] = (to + number(i) - number(at)).into();
            }
            if i > at {
                lines[1 + i]["previous_hash"] = lines[i]["current_hash"].clone();
            }
            seal(&mut lines[1 + i]);
        }
        let head = lines[entries]["current_hash"].clone();
        lines.last_mut().unwrap()["head"] = head;
        let report = audit(lines.iter().flat_map(|line| format!("{line}\n").into_bytes()).collect::<Vec<_>>().as_slice());
        prop_assert_eq!(report.findings.iter().map(|f| f.line).collect::<Vec<_>>(), vec![Some(at as u64 + 2)]);
        prop_assert_eq!(report.trust_grade, TrustGrade::Broken);
    }

    /// Whatever is forged onto whatever entry, or onto none, and wherever it stands: it is what was inserted,
    /// and no genuine entry is accused.
    #[test]
    fn whatever_is_forged_beside_the_genuine_entries_is_inserted(
        entries in 1_usize..40, seed in any::<u64>(), onto in any::<prop::sample::Index>(), count in 1_usize..50,
        at in any::<prop::sample::Index>(), number in prop::option::of(1_u64..100),
    ) {
        let (at, onto) = (at.index(entries + 1), onto.index(entries));
        let export = String::from_utf8(export(entries as u64, seed)).unwrap();
        let mut lines: Vec<Value> = export.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let mut forged = lines[1 + onto].clone();
        if number.is_some() {
            forged["current_hash"] = "0".repeat(64).into();
        }
        for i in 0..count {
            forged["seq"] = (number.unwrap_or(onto as u64 + 2) + i as u64).into();
            forged["transaction_id"] = format!("aaaaaaaa-0000-4000-8000-{i:012}").into();
            forged["previous_hash"] = forged["current_hash"].clone();
            seal(&mut forged);
            lines.insert(1 + at + i, forged.clone());
        }
        let report = audit(lines.iter().flat_map(|line| format!("{line}\n").into_bytes()).collect::<Vec<_>>().as_slice());
        let found: Vec<_> = report.findings.iter().map(|f| (f.cause, f.line, f.count)).collect();
        prop_assert_eq!(found, vec![(Some(Cause::Inserted), Some(at as u64 + 2), Some(count as u64))], "{:?}", report.findings);
    }

    /// In whatever order the entries stand, that is all that is said.
    #[test]
    fn entries_in_another_order_are_only_that(
        entries in 1_usize..60, seed in any::<u64>(),
        moves in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 1..6),
    ) {
        let export = export(entries as u64, seed);
        let mut lines: Vec<&[u8]> = export.split_inclusive(|b| *b == b'\n').collect();
        let genuine = lines.clone();
        for (from, to) in moves {
            let line = lines.remove(1 + from.index(entries));
            lines.insert(1 + to.index(entries), line);
        }
        let report = audit(&lines.concat());
        prop_assert_eq!(report.valid, lines == genuine);
        prop_assert!(report.findings.iter().all(|f| f.cause == Some(Cause::Reordered)), "{:?}", report.findings);
        prop_assert_eq!(report.head, audit(&export).head);
    }

    /// A copy of an entry is what stands too much, and is called genuine only where all of it is.
    #[test]
    fn a_copy_is_the_one_finding(
        entries in 1_usize..40, seed in any::<u64>(), of in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(),
        altered in any::<bool>(),
    ) {
        let (of, at) = (of.index(entries), at.index(entries + 1));
        let export = String::from_utf8(export(entries as u64, seed)).unwrap();
        let mut lines: Vec<&str> = export.split_inclusive('\n').collect();
        let edited = lines[1 + of].replacen("\"created_at\":\"2", "\"created_at\":\"1", 1);
        let copy = if altered { &edited } else { lines[1 + of] };
        lines.insert(1 + at, copy);
        let report = audit(lines.concat().as_bytes());
        let found: Vec<_> = report.findings.iter().map(|f| (f.cause, f.count)).collect();
        let cause = if altered { Cause::Inserted } else { Cause::Duplicated };
        prop_assert_eq!(found, vec![(Some(cause), Some(1))], "{:?}", report.findings);
        if altered {
            prop_assert_eq!(report.findings[0].line, Some(at as u64 + 2));
        }
    }

    /// However much is forged at once: while the trailer is the genuine one, only the genuine entries pass.
    #[test]
    fn nothing_forged_passes_beside_the_genuine_trailer(
        entries in 1_usize..40, seed in any::<u64>(), forgeries in prop::collection::vec(forgery(), 1..8),
    ) {
        let export = String::from_utf8(export(entries as u64, seed)).unwrap();
        let mut lines: Vec<Value> = export.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let rest = lines.split_off(1 + entries);
        let genuine = lines.split_off(1);
        let mut forged = genuine.clone();
        for forgery in &forgeries {
            if !forged.is_empty() {
                forge(&mut forged, forgery);
            }
        }
        let text: String = lines.iter().chain(&forged).chain(&rest).map(|line| format!("{line}\n")).collect();
        let report = audit(text.as_bytes());
        prop_assert_eq!(report.valid, forged == genuine, "{:?}", report.findings);
        prop_assert_eq!(report.valid, report.findings.is_empty());
        prop_assert_eq!(&report, &verify_chain_integrity(Cursor::new(&text), &on(3), &mut |_| {}).unwrap());
    }

    #[test]
    fn merging_is_associative_and_equals_one_pass(
        // Some more than are hashed together.
        entries in 1..TOGETHER as u64 * 3 / 2, seed in any::<u64>(),
        acts in prop::collection::vec((any::<prop::sample::Index>(), act()), 0..4),
        cuts in (any::<prop::sample::Index>(), any::<prop::sample::Index>()),
    ) {
        let export = export(entries, seed);
        let mut lines: Vec<Vec<u8>> = body(&export).into_iter().map(<[u8]>::to_vec).collect();
        for (at, act) in &acts {
            if lines.len() > 2 {
                let at = at.index(lines.len() - 1);
                commit(&mut lines, at, act);
            }
        }
        let context = Context { marks: Marks::of(&[entries / 2, entries, 1, entries / 3]), ..CONTEXT };
        let segment = |part: &[Vec<u8>]| Segment::of_lines(context.clone(), &part.concat());
        let (i, j) = (cuts.0.index(lines.len() + 1), cuts.1.index(lines.len() + 1));
        let (i, j) = (i.min(j), i.max(j));
        let (a, b, c) = (segment(&lines[..i]), segment(&lines[i..j]), segment(&lines[j..]));
        let whole = segment(&lines);
        let left = a.clone().merge(b.clone()).merge(c.clone());
        let right = a.merge(b.merge(c));
        prop_assert_eq!(&left, &right);
        prop_assert_eq!(&left, &whole);
    }

    #[test]
    fn a_saved_segment_is_the_segment(entries in 1_u64..60, seed in any::<u64>()) {
        let export = export(entries, seed);
        let context = Context { marks: Marks::of(&[entries / 2]), ..CONTEXT };
        let segment = Segment::of_lines(context, &body(&export).concat());
        let saved = serde_json::to_string(&segment).unwrap();
        prop_assert_eq!(serde_json::from_str::<Segment>(&saved).unwrap(), segment);
    }

    #[test]
    fn chunks_change_nothing(entries in 1_u64..60, seed in any::<u64>(), size in 1_usize..5000, act in act(), at in any::<prop::sample::Index>()) {
        let export = export(entries, seed);
        let mut lines: Vec<Vec<u8>> = export.split_inclusive(|b| *b == b'\n').map(<[u8]>::to_vec).collect();
        let at = 1 + at.index(lines.len() - 2);
        commit(&mut lines, at, &act);
        let bytes = lines.concat();
        let mut verifier = Verifier::new(on(1));
        let pieces = loop {
            bytes.chunks(size).for_each(|chunk| verifier.push(chunk).unwrap());
            match verifier.finish().unwrap() {
                Step::Done(report) => break report,
                Step::ReadAgain(again) => verifier = again,
            }
        };
        prop_assert_eq!(pieces, audit(&bytes));
    }

    #[test]
    fn the_fast_reader_is_the_strict_reader(entries in 1_u64..40, seed in any::<u64>(), act in act(), at in any::<prop::sample::Index>()) {
        let export = export(entries, seed);
        let mut lines: Vec<Vec<u8>> = body(&export).into_iter().map(<[u8]>::to_vec).collect();
        let at = at.index(lines.len() - 1);
        commit(&mut lines, at, &act);
        for line in &lines {
            same_by_both(line.strip_suffix(b"\n").unwrap_or(line))?;
        }
    }

    #[test]
    fn another_layout_gives_the_same_report(entries in 1_u64..60, seed in any::<u64>()) {
        let export = export(entries, seed);
        let other: Vec<u8> = export
            .split_inclusive(|b| *b == b'\n')
            .flat_map(|line| String::from_utf8_lossy(line).replacen("\":", "\" : ", 3).into_bytes())
            .collect();
        let (mut plain, mut spaced) = (audit(&export), audit(&other));
        (plain.input, spaced.input) = Default::default();
        prop_assert_eq!(plain, spaced);
    }
}

/// The first reading lists the first changed entries, and the second finds those after them too.
#[test]
fn every_changed_entry_is_counted_and_the_first_are_listed() {
    let (changed, genuine) = (MAX_FINDINGS + 100, 50);
    let export = export((changed + genuine) as u64, 9);
    let mut lines: Vec<Vec<u8>> = export.split_inclusive(|b| *b == b'\n').map(<[u8]>::to_vec).collect();
    for line in &mut lines[1 + genuine..=changed + genuine] {
        let text = String::from_utf8(std::mem::take(line)).unwrap();
        let edited = text.replacen("\"operator_id\":", "\"operator_id\":\"mallory\",\"-\":", 1);
        let (before, after) = edited.split_once(",\"-\":").unwrap();
        *line = format!("{before}{}", &after[after.find(',').unwrap()..]).into_bytes();
    }
    let options = Options { recovery_budget: 0, ..on(1) };
    let report = verify_chain_integrity(Cursor::new(lines.concat()), &options, &mut |_| {}).unwrap();
    assert_eq!(report.findings_total, changed as u64);
    assert_eq!(report.findings.len(), MAX_FINDINGS);
    let first = report.findings.first().unwrap();
    assert_eq!((first.error_type, first.seq), (ErrorType::TransactionTampered, Some(1 + genuine as u64)));
    // However many of one type there are, they hide no other: here, that the file is cut off.
    let trailer = lines.pop().unwrap();
    let report = verify_chain_integrity(Cursor::new(lines.concat()), &options, &mut |_| {}).unwrap();
    assert!(trailer.starts_with(b"{\"end\":"));
    assert_eq!((report.findings.len(), report.findings_total), (MAX_FINDINGS, changed as u64 + 1));
    assert_eq!(report.findings.last().unwrap().error_type, ErrorType::ExportTruncated);
    let by_type = [(ErrorType::TransactionTampered, changed as u64), (ErrorType::ExportTruncated, 1)];
    assert_eq!(report.findings_by_type, by_type.into_iter().collect());
}

#[test]
fn threads_change_nothing() {
    // More than one block, with something wrong in its middle.
    let mut export = export(5_000, 7);
    let middle = export.len() / 2;
    for whole in [true, false] {
        let report = |threads| verify_chain_integrity(Cursor::new(&export), &on(threads), &mut |_| {}).unwrap();
        let alone = report(1);
        assert_eq!(alone.valid, whole);
        assert_eq!(report(2), alone);
        assert_eq!(report(5), alone);
        export[middle] ^= 1;
    }
}

/// Whatever the fast reader takes, the strict one takes with the same values; what it leaves is the
/// strict reader's to judge.
fn same_by_both(line: &[u8]) -> Result<(), TestCaseError> {
    let Ok(text) = std::str::from_utf8(line) else { return Ok(()) };
    let plain = fast::read(text).map(|(entry, values)| (strict::OwnedEntry::from(&entry), values));
    for (entry, values) in plain.into_iter().chain(fast::read_escaped(text)) {
        let members = strict::Members::read(text);
        prop_assert!(members.is_some(), "{text}");
        let strict = strict::read(&members.unwrap());
        prop_assert_eq!(strict, strict::Strict { entry, values: Ok(values) });
        prop_assert!(matches!(Line::read_strictly(text), Line::Other(..)));
    }
    Ok(())
}

/// The fast reader is there to be used: an honest export is read by it, with escapes or without.
#[test]
fn the_fast_reader_takes_the_writers_layout() {
    let export = export(500, 7);
    let (mut plain, mut escaped) = (0, 0);
    for line in body(&export).into_iter().take(500) {
        let text = std::str::from_utf8(line.trim_ascii_end()).unwrap();
        match (fast::read(text), fast::read_escaped(text)) {
            (Some(_), None) => plain += 1,
            (None, Some(_)) => escaped += 1,
            _ => panic!("taken twice, or left to the strict reader: {text}"),
        }
    }
    assert!(plain > 400 && escaped > 0, "{plain} plain, {escaped} with escapes");
}

/// What stands between the quotation marks of a text, and whether the fast reader takes it; `max` bytes are the most.
fn texts(max: usize) -> Vec<(String, bool)> {
    let of = |text: &str, taken| (text.to_owned(), taken);
    vec![
        of(r"\\", true),
        of(r#"\""#, true),
        of(r#"a\\\"b"#, true),
        of(r#"\\\\\"é"#, true),
        (r"\\".repeat(max), true),
        (r#"\""#.repeat(max), true),
        (r"\\".repeat(max + 1), false),
        (format!("{}x", r"\\".repeat(max)), false),
        of(r"\/", false),
        of(r"\n", false),
        of(r"\u0022", false),
        of(r"\u202e", false),
        of("\\\\\u{202e}", false),
        of("\\\\\u{1}", false),
        of(r"\é", false),
        of(r"\", false),
        of(r"\\\", false),
        of(r#"\\""#, false),
    ]
}

#[test]
fn escapes_are_read_as_the_strict_reader_reads_them() {
    let export = export(200, 7);
    let line = body(&export)[150..].iter().find_map(|line| {
        let entry: Value = serde_json::from_slice(line).ok()?;
        let is_whole = entry["personal"].as_object()?.values().all(Value::is_string) && !line.contains(&b'\\');
        is_whole.then(|| std::str::from_utf8(line.trim_ascii_end()).unwrap())
    });
    let line = line.unwrap().replacen("\"reference_id\":null", "\"reference_id\":\"r\"", 1);
    let fields = [
        ("reference_id", 128),
        ("sender_username", 64),
        ("receiver_username", 64),
        ("description", 2000),
        ("ip_address", 64),
        ("user_agent", 512),
    ];
    for (field, max) in fields {
        let start = line.find(&format!("\"{field}\":\"")).unwrap() + field.len() + 4;
        let end = start + line[start..].find('"').unwrap();
        for (text, taken) in texts(max) {
            let line = format!("{}{text}{}", &line[..start], &line[end..]);
            assert_eq!(fast::read_escaped(&line).is_some(), taken, "{field}: {text}");
            assert_eq!(fast::read(&line), None, "{field}: {text}");
            same_by_both(line.as_bytes()).unwrap();
        }
    }
    // What is empty is no text, and what is no free text has no escapes.
    for (from, to) in [("\"r\"", r#""\"""#), ("\"ip_address\":\"", r#""ip_address":"","x":""#), ("\"u-", r#""\\u-"#)] {
        let line = line.replacen("\"description\":\"", r#""description":"\\"#, 1).replacen(from, to, 1);
        assert_eq!(fast::read_escaped(&line).is_some(), from == "\"r\"", "{line}");
        same_by_both(line.as_bytes()).unwrap();
    }
}

/// Blocks are hashed together, and each digest belongs to its own entry, after one whose `personal_hash` is no
/// hash too.
#[test]
fn an_unreadable_personal_hash_leaves_the_other_blocks_theirs() {
    let export = export(30, 7);
    let lines = body(&export);
    let text = |at: usize| std::str::from_utf8(lines[at]).unwrap();
    let faults = |edits: &[(usize, String)]| {
        let mut lines: Vec<&str> = (0..lines.len()).map(text).collect();
        edits.iter().for_each(|(at, line)| lines[*at] = line);
        Segment::of_lines(CONTEXT, lines.concat().as_bytes()).faults.first
    };
    let unreadable = (3, text(3).replacen("\"personal_hash\":\"", "\"personal_hash\":\"x", 1));
    let salt = text(9).find("\"salt\":\"").unwrap() + 8;
    let digit = if text(9)[salt..].starts_with('0') { '1' } else { '0' };
    let changed = (9, format!("{}{digit}{}", &text(9)[..salt], &text(9)[salt + 1..]));
    assert_eq!(faults(&[]), Vec::<u64>::new());
    assert_eq!(faults(std::slice::from_ref(&unreadable)), [3]);
    assert_eq!(faults(&[unreadable, changed]), [3, 9]);
}
