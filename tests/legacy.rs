//! Laws of format 1: whatever order and form the original ledger comes in, what is hashed cannot be
//! changed unseen, and nothing that is cut short passes for whole.
#![expect(clippy::unwrap_used, reason = "a helper of a test may panic as the test itself may")]

use std::io::{Cursor, Write};
use std::path::PathBuf;
use std::{env, fs};

use countersign_core::hash::Hash;
use countersign_core::report::Cause;
use countersign_core::{Options, Report, Unreadable, verify_chain_integrity};
use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use serde_json::{Value, json};

/// The keys whose values the hash covers, as the documents name them.
const HASHED: [&str; 10] = [
    "transaction_id",
    "sender_id",
    "receiver_id",
    "amount_gross",
    "tax_withheld",
    "amount_net",
    "currency",
    "type",
    "previous_hash",
    "createdAt",
];

fn vector(name: &str) -> Vec<u8> {
    let package = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap());
    fs::read(package.join("vectors/legacy").join(name)).unwrap()
}

fn documents() -> Vec<Value> {
    let text = String::from_utf8(vector("legacy.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn lines(documents: &[Value]) -> Vec<u8> {
    documents.iter().flat_map(|document| format!("{document}\n").into_bytes()).collect()
}

/// With a short search for originals: what it finds is another test's.
fn try_audit(bytes: &[u8]) -> Result<Report, Unreadable> {
    let options = Options { recovery_budget: 1_000, ..Options::default() };
    verify_chain_integrity(Cursor::new(bytes), &options, &mut |_| {})
}

fn audit(documents: &[Value]) -> Report {
    try_audit(&lines(documents)).unwrap()
}

/// Findings by their kind, cause and entry.
fn found(report: &Report) -> Vec<(String, String)> {
    let finding = |finding| {
        let value = serde_json::to_value(finding).unwrap();
        (value["error_type"].as_str().unwrap().to_owned(), value["cause"].as_str().unwrap_or_default().to_owned())
    };
    report.findings.iter().map(finding).collect()
}

#[test]
fn a_value_of_another_type_is_an_edit() {
    for key in HASHED {
        for other in [json!(900), json!(null), json!(true), json!([]), json!({}), json!({"$numberDecimal": 5})] {
            let mut documents = documents();
            documents[7][key] = other.clone();
            let report = audit(&documents);
            assert!(!report.valid, "{key} = {other}");
            assert!(!report.findings.is_empty(), "{key} = {other}");
        }
    }
}

#[test]
fn a_hashed_key_that_is_gone_or_stands_twice_is_found() {
    for key in HASHED.into_iter().chain(["current_hash"]) {
        let mut documents = documents();
        let removed = documents[7].as_object_mut().unwrap().remove(key).unwrap();
        assert!(!audit(&documents).valid, "{key} is gone");
        let text = documents[7].to_string();
        let twice = format!("{{\"{key}\":{removed},\"{key}\":{removed},{}", &text[1..]);
        let mut all = lines(&documents[..7]);
        all.extend(format!("{twice}\n").into_bytes());
        all.extend(lines(&documents[8..]));
        assert!(!try_audit(&all).unwrap().valid, "{key} stands twice");
    }
}

#[test]
fn no_amount_is_beyond_a_finding() {
    let nines = format!("{}E+6111", "9".repeat(34));
    for amount in
        ["NaN", "Infinity", "-Infinity", "1E+6144", "-1E-6176", &nines, "1e3", "", "0x10", "1".repeat(40).as_str()]
    {
        for key in ["amount_gross", "tax_withheld", "amount_net"] {
            let mut documents = documents();
            documents[7][key] = json!({ "$numberDecimal": amount });
            assert!(!audit(&documents).valid, "{key} = {amount}");
        }
    }
}

#[test]
fn links_in_a_circle_end() {
    let mut documents = documents();
    let last = documents.last().unwrap()["current_hash"].clone();
    documents[0]["previous_hash"] = last;
    let report = audit(&documents);
    assert!(!report.valid);
    assert!(!report.findings.is_empty());
    documents[3]["previous_hash"] = documents[3]["current_hash"].clone();
    assert!(!audit(&documents).valid);
}

#[test]
fn what_is_cut_short_is_not_whole() {
    let whole = |bytes: &[u8]| try_audit(bytes).is_ok_and(|report| report.valid);
    let bson = vector("legacy.bson");
    let boundaries = {
        let (mut at, mut all) = (0, Vec::new());
        while at < bson.len() {
            all.push(at);
            at += usize::try_from(u32::from_le_bytes(*bson[at..].first_chunk().unwrap())).unwrap();
        }
        all
    };
    // Between two documents a cut leaves a shorter ledger, which nothing in the file contradicts.
    for end in (1..bson.len()).step_by(17).filter(|end| !boundaries.contains(end)) {
        assert!(!whole(&bson[..end]), "BSON, {end} bytes");
    }
    let array = vector("legacy-array.json");
    let close = array.iter().rposition(|byte| *byte == b']').unwrap();
    for end in (1..close).step_by(97).chain([close]) {
        assert!(!whole(&array[..end]), "array, {end} bytes");
    }
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(&bson).unwrap();
    let gzip = gzip.finish().unwrap();
    assert!(whole(&gzip));
    for end in (1..gzip.len()).step_by(53).chain([gzip.len() - 1]) {
        assert!(!whole(&gzip[..end]), "gzip, {end} bytes");
    }
}

/// A line that is no entry explains a gap only where it can have been one; and it never hides that the chain
/// is broken.
#[test]
fn a_line_that_is_no_entry_hides_no_deletion() {
    let documents = documents();
    let hash = documents[8]["current_hash"].as_str().unwrap();
    for (line, hides) in [("", false), ("{}", false), ("{bad", false), ("[1]", false), (hash, true)] {
        let mut bytes = lines(&documents[..8]);
        bytes.extend(format!("{line}\n").into_bytes());
        bytes.extend(lines(&documents[28..]));
        let report = try_audit(&bytes).unwrap();
        let malformed = ("MALFORMED_LINE".to_owned(), String::new());
        let mut expected = vec![malformed];
        expected.extend((!hides).then(|| ("HASH_CHAIN_BROKEN".to_owned(), "MISSING".to_owned())));
        assert_eq!(found(&report), expected, "{line:?}");
        assert_eq!(report.findings[0].message.contains("The chain is broken there"), hides, "{line:?}");
    }
    // Where nothing is gone, such a line stands for nothing.
    let mut bytes = lines(&documents[..8]);
    bytes.extend(format!("{hash}\n").into_bytes());
    bytes.extend(lines(&documents[8..]));
    let report = try_audit(&bytes).unwrap();
    assert_eq!(report.findings_total, 1);
    assert!(!report.findings[0].message.contains("broken"), "{}", report.findings[0].message);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_the_file_does_not_matter(order in Just((0..40_usize).collect::<Vec<_>>()).prop_shuffle()) {
        let documents = documents();
        let report = audit(&order.iter().map(|&n| documents[n].clone()).collect::<Vec<_>>());
        prop_assert!(report.valid, "{:?}", report.findings);
    }

    #[test]
    fn a_deletion_is_one_gap_in_any_order(
        order in Just((0..40_usize).collect::<Vec<_>>()).prop_shuffle(), first in 1..38_usize, count in 1..30_usize,
    ) {
        let documents = documents();
        let gone = first..(first + count).min(39);
        let left: Vec<_> = order.iter().filter(|n| !gone.contains(n)).map(|&n| documents[n].clone()).collect();
        let report = audit(&left);
        prop_assert_eq!(found(&report), [("HASH_CHAIN_BROKEN".to_owned(), "MISSING".to_owned())]);
    }

    #[test]
    fn a_copy_is_found(which in 0..40_usize, to in 0..41_usize) {
        let mut documents = documents();
        documents.insert(to, documents[which].clone());
        let report = audit(&documents);
        prop_assert!(!report.valid);
        prop_assert_eq!(report.findings.len(), 1, "{:?}", report.findings);
    }

    /// Forks, circles, and pieces of them, with other changes between.
    #[test]
    fn links_to_anywhere_are_found_and_end(
        changes in prop::collection::vec((0..40_usize, 0..40_usize, any::<bool>(), any::<bool>(), any::<bool>()), 1..8),
        reversed in any::<bool>(),
    ) {
        let genuine = documents();
        let mut documents = genuine.clone();
        for (entry, other, is_link, to_link, is_edited) in changes {
            let key = |is_link| if is_link { "previous_hash" } else { "current_hash" };
            documents[entry][key(is_link)] = genuine[other][key(to_link)].clone();
            if is_edited {
                documents[other]["currency"] = json!("NOK");
            }
        }
        prop_assume!(documents != genuine);
        if reversed {
            documents.reverse();
        }
        let report = audit(&documents);
        prop_assert!(!report.valid);
        let lines: Vec<_> = report.findings.iter().map(|finding| finding.line).collect();
        prop_assert!(lines.iter().all(Option::is_some), "{:?}", report.findings);
    }

    #[test]
    fn any_changed_byte_of_what_is_hashed_is_found(
        entry in 0..40_usize, key in prop::sample::select(&HASHED[..]), at in any::<prop::sample::Index>(), to in b'0'..b'z',
    ) {
        let mut documents = documents();
        let text = documents[entry][key].to_string();
        // Inside the value: for a type of Extended JSON, after its name.
        let start = text.find("\":\"").map_or(1, |found| found + 3);
        let end = text.rfind('"').unwrap();
        prop_assume!(start < end && text.is_ascii());
        let place = start + at.index(end - start);
        let mut changed = text.clone().into_bytes();
        prop_assume!(to != b'\\' && changed[place] != to);
        changed[place] = to;
        let changed = String::from_utf8(changed).unwrap();
        // ObjectIds are numbers: the case of their digits is none of their value.
        prop_assume!(!(key.ends_with("er_id") && changed.eq_ignore_ascii_case(&text)));
        documents[entry][key] = serde_json::from_str(&changed).unwrap();
        let report = audit(&documents);
        prop_assert!(!report.valid, "{} became {}", text, changed);
    }
}

#[test]
fn an_altered_copy_is_an_edit_before_its_original_as_after_it() {
    for at in [7, 8, 12] {
        let mut documents = documents();
        let mut copy = documents[7].clone();
        copy["amount_gross"] = json!({"$numberDecimal": "1"});
        documents.insert(at, copy);
        let report = audit(&documents);
        assert_eq!(found(&report), [("TRANSACTION_TAMPERED".to_owned(), String::new())]);
        assert_eq!(report.findings[0].line, Some(at as u64 + 1));
    }
}

/// A last line without a line feed is the mark of a cut only where the cut is what is wrong with it.
#[test]
fn what_has_its_last_byte_was_not_cut_off() {
    let documents = documents();
    let last = documents[39].to_string();
    let twice = format!("{{\"currency\":\"EURO\",{}", &last[1..]);
    let not_text = [&last.as_bytes()[..last.len() - 2], b"\xff\"}"].concat();
    let malformed = [("MALFORMED_LINE".to_owned(), String::new())];
    for line in [twice.as_bytes(), b"{\"foo\":1}", &not_text, b"  ", b"[]", b"{bad}"] {
        let bytes = [&lines(&documents[..39])[..], line].concat();
        let shown = String::from_utf8_lossy(line);
        assert_eq!(found(&try_audit(&bytes).unwrap()), malformed, "{shown}");
        // Nor where the array around it is whole.
        let array = [b"[", documents[0].to_string().as_bytes(), b"] ", line].concat();
        let report = try_audit(&array).unwrap();
        assert_eq!(found(&report), malformed[usize::from(line == b"  ")..], "{shown}");
    }
    let truncated = [("EXPORT_TRUNCATED".to_owned(), String::new())];
    for end in (1..last.len()).step_by(7) {
        let bytes = [&lines(&documents[..39])[..], &last.as_bytes()[..end]].concat();
        assert_eq!(found(&try_audit(&bytes).unwrap()), truncated, "{end}");
    }
    // Within a character, too.
    let bytes = [&lines(&documents[..39])[..], b"{\"description\":\"\xc3"].concat();
    assert_eq!(found(&try_audit(&bytes).unwrap()), truncated);
    // A compressed stream that is cut after a line is no excuse for the line.
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(&[&lines(&documents[..39])[..], b"{\"foo\":1}\n"].concat()).unwrap();
    let gzip = gzip.finish().unwrap();
    assert_eq!(found(&try_audit(&gzip[..gzip.len() - 8]).unwrap()), [malformed, truncated].concat());
}

#[test]
fn a_form_feed_is_no_white_space_of_json() {
    let report = |behind: &str| try_audit(format!("[{}]{behind}", documents()[0]).as_bytes()).unwrap();
    assert!(report(" \t\r\n").valid);
    assert_eq!(found(&report("\u{c}")), [("MALFORMED_LINE".to_owned(), String::new())]);
}

/// What stands for a value in Extended JSON.
fn text(value: &Value) -> Value {
    value.as_object().map_or(value, |value| value.values().next().unwrap()).clone()
}

/// The hash that the original ledger makes of a document: FORMAT.md, "Format 1".
fn hash(document: &Value) -> Value {
    let field = |key: &str| match key {
        "createdAt" => {
            let time = text(&document[key]).as_str().unwrap().trim_end_matches('Z').to_owned();
            let point = if time.contains('.') { "" } else { "." };
            format!("\"timestamp\":\"{:0<23}Z\"", time + point)
        }
        _ => format!("\"{key}\":{}", text(&document[key])),
    };
    json!(Hash::of(format!("{{{}}}", HASHED.map(field).join(",")).as_bytes()).to_string())
}

/// Findings by their kind or cause and their line.
fn told(report: &Report) -> Vec<(String, Option<u64>)> {
    let name = |(kind, cause): (String, String)| if cause.is_empty() { kind } else { cause };
    found(report).into_iter().map(name).zip(report.findings.iter().map(|finding| finding.line)).collect()
}

fn is(name: &str, line: u64) -> (String, Option<u64>) {
    (name.to_owned(), Some(line))
}

/// The id of the last entry of the ledger, and its hash.
fn end(report: &Report) -> (Option<Value>, Option<Value>) {
    let report = serde_json::to_value(report).unwrap();
    (report["last_transaction"].get("id").cloned(), report.get("head").cloned())
}

fn end_with(document: &Value) -> (Option<Value>, Option<Value>) {
    (Some(document["transaction_id"].clone()), Some(document["current_hash"].clone()))
}

/// An entry that somebody made up, of the time of another; whether its hash is what its content gives.
fn stray(like: &Value, is_sealed: bool) -> Value {
    let mut stray = like.clone();
    stray["transaction_id"] = json!("99999999-9999-4999-8999-999999999999");
    stray["previous_hash"] = json!("e".repeat(64));
    stray["current_hash"] = if is_sealed { hash(&stray) } else { json!("d".repeat(64)) };
    stray
}

#[test]
fn what_stands_beside_the_ledger_is_not_its_end() {
    let genuine = documents();
    assert_eq!(hash(&genuine[8]), genuine[8]["current_hash"]);
    for (is_sealed, cause) in [(true, "MISSING"), (false, "UNKNOWN")] {
        for at in [0, 9, 40] {
            let mut documents = genuine.clone();
            documents.insert(at, stray(&genuine[8], is_sealed));
            let report = audit(&documents);
            assert_eq!(told(&report), [is(cause, at as u64 + 1)]);
            assert_eq!(end(&report), end_with(&genuine[39]));
        }
        // Beside it a gap, which is told of what was there before it.
        let mut documents = [&genuine[..20], &genuine[21..]].concat();
        documents.insert(9, stray(&genuine[8], is_sealed));
        let report = audit(&documents);
        assert_eq!(told(&report), [is(cause, 10), is("MISSING", 22)]);
        assert_eq!(report.findings[1].expected, Some(genuine[19]["current_hash"].clone()));
        assert_eq!(end(&report), end_with(&genuine[39]));
    }
    // The last entry after a gap is the ledger's all the same.
    let report = audit(&[&genuine[..38], &genuine[39..]].concat());
    assert_eq!((told(&report), end(&report)), (vec![is("MISSING", 39)], end_with(&genuine[39])));
}

#[test]
fn no_genuine_entry_is_accused_of_a_forged_ones_id() {
    // The id of a later entry, without a hash to it and with one.
    for is_sealed in [false, true] {
        let mut documents = documents();
        documents[3]["transaction_id"] = documents[10]["transaction_id"].clone();
        if is_sealed {
            documents[3]["current_hash"] = hash(&documents[3]);
        }
        let expected = if is_sealed {
            vec![is("MISSING", 5), is("DUPLICATE_TRANSACTION_ID", 11)]
        } else {
            vec![is("TRANSACTION_TAMPERED", 4)]
        };
        assert_eq!(told(&audit(&documents)), expected);
    }
    // A copy that was edited and hashed anew.
    let mut documents = documents();
    let mut copy = documents[5].clone();
    copy["currency"] = json!("RON");
    copy["current_hash"] = hash(&copy);
    documents.insert(5, copy);
    assert_eq!(told(&audit(&documents)), [is("FORKED", 6)]);
}

/// A ledger of these entries, each with its link and its hash.
fn chained(mut documents: Vec<Value>) -> Vec<Value> {
    let mut previous = json!("0");
    for document in &mut documents {
        document["previous_hash"] = previous;
        document["current_hash"] = hash(document);
        previous = document["current_hash"].clone();
    }
    documents
}

#[test]
fn an_id_is_not_another_that_has_its_hash() {
    let mut documents = documents();
    documents.truncate(6);
    // The first 128 bits of SHA-256("foo").
    documents[1]["transaction_id"] = json!("foo");
    documents[3]["transaction_id"] = json!("2c26b46b-68ff-c68f-f99b-453c1d304134");
    let report = audit(&chained(documents.clone()));
    assert!(report.valid, "{:?}", report.findings);
    documents[4]["transaction_id"] = json!("foo");
    assert_eq!(told(&audit(&chained(documents))), [is("DUPLICATE_TRANSACTION_ID", 5)]);
}

#[test]
fn a_circle_is_cut_where_it_was_closed() {
    let genuine = documents();
    for (at, to) in [(5, 39), (0, 39), (5, 5), (20, 25), (39, 39)] {
        let mut documents = genuine.clone();
        documents[at]["previous_hash"] = genuine[to]["current_hash"].clone();
        for documents in [documents.clone(), documents.into_iter().rev().collect()] {
            let line = documents.iter().position(|one| one["transaction_id"] == genuine[at]["transaction_id"]).unwrap();
            let report = audit(&documents);
            assert_eq!(told(&report), [is("RELINKED", line as u64 + 1)], "{at} to {to}");
            // The ledger's first entry names "0".
            let expected = at.checked_sub(1).map_or_else(|| json!("0"), |at| genuine[at]["current_hash"].clone());
            assert_eq!(report.findings[0].expected, Some(expected));
            assert_eq!(end(&report), end_with(&genuine[39]));
        }
    }
    for (key, kind) in [("current_hash", "TRANSACTION_TAMPERED"), ("previous_hash", "RELINKED")] {
        let mut documents = genuine.clone();
        documents[20][key] = genuine[21][key].clone();
        documents[21][key] = genuine[20][key].clone();
        assert_eq!(told(&audit(&documents)), [is(kind, 21), is(kind, 22)], "{key}");
    }
    // Where its content was changed too, nothing says what came before.
    let mut documents = genuine.clone();
    documents[5]["previous_hash"] = genuine[39]["current_hash"].clone();
    documents[5]["currency"] = json!("GOLD");
    let report = audit(&documents);
    assert_eq!(told(&report), [is("UNKNOWN", 6), is("TRANSACTION_TAMPERED", 6)]);
    assert!(report.findings[0].message.contains("names an entry that comes after it"), "{:?}", report.findings);
}

#[test]
fn only_current_hash_was_changed() {
    for other in [json!("ab".repeat(32)), json!(null)] {
        let mut documents = documents();
        documents[7]["current_hash"] = other;
        let report = audit(&documents);
        assert_eq!(told(&report), [is("TRANSACTION_TAMPERED", 8)]);
        let message = &report.findings[0].message;
        assert!(
            message.contains("its content gives the hash that the chain holds for it, and current_hash is another")
        );
        assert!(!message.contains("does not give"), "{message}");
    }
}

#[test]
fn the_same_text_of_another_type_is_told_as_that() {
    for key in ["sender_id", "receiver_id", "amount_gross", "tax_withheld", "amount_net"] {
        // The last entry, too: its own hash vouches for its texts.
        for at in [7, 39] {
            let mut documents = documents();
            let same = text(&documents[at][key]);
            documents[at][key] = same.clone();
            let report = audit(&documents);
            assert_eq!(told(&report), [is("TRANSACTION_TAMPERED", at as u64 + 1)]);
            let finding = &report.findings[0];
            let modified = finding.modified_fields.as_ref().unwrap();
            let modified: Vec<_> =
                modified.iter().map(|m| (m.field.as_str(), &m.found, &m.original, m.proven)).collect();
            assert_eq!(modified, [(key, &same, &same, true)]);
            assert_eq!(finding.possibly_modified_fields, None);
            assert!(finding.message.contains("its texts give the hash"), "{}", finding.message);
            assert!(!report.coverage.not_checked.iter().any(|gap| gap.what.contains("said before")));
        }
    }
}

#[test]
fn pieces_are_in_the_order_of_their_times() {
    let genuine = documents();
    let reversed = |documents: &[Value]| documents.iter().rev().cloned().collect::<Vec<_>>();
    // Two gaps; and the start.
    let report = audit(&reversed(&[&genuine[..5], &genuine[6..12], &genuine[13..]].concat()));
    assert_eq!(told(&report), [is("MISSING", 27), is("MISSING", 33)]);
    let expected: Vec<_> = report.findings.iter().map(|finding| finding.expected.clone().unwrap()).collect();
    assert_eq!(expected, [genuine[11]["current_hash"].clone(), genuine[4]["current_hash"].clone()]);
    assert_eq!(end(&report), end_with(&genuine[39]));
    let report = audit(&reversed(&genuine[1..]));
    assert_eq!(told(&report), [is("MISSING", 39)]);
    assert!(report.findings[0].message.contains("the earliest in the file"), "{}", report.findings[0].message);
    // Two links changed, the one to an entry that is not there, the other to one that another follows.
    for (at, to) in [(12, json!("cd".repeat(32))), (12, genuine[2]["current_hash"].clone())] {
        let mut documents = genuine.clone();
        documents[5]["previous_hash"] = json!("ab".repeat(32));
        documents[at]["previous_hash"] = to;
        assert_eq!(told(&audit(&documents)), [is("RELINKED", 6), is("RELINKED", 13)]);
        let report = audit(&reversed(&documents));
        assert_eq!(told(&report), [is("RELINKED", 28), is("RELINKED", 35)]);
        assert_eq!(end(&report), end_with(&genuine[39]));
    }
    // The last entry's link, which nothing follows.
    let mut documents = genuine.clone();
    documents[39]["previous_hash"] = json!("ab".repeat(32));
    let report = audit(&reversed(&documents));
    assert_eq!((told(&report), end(&report)), (vec![is("RELINKED", 1)], end_with(&genuine[39])));
}

#[test]
fn of_a_copy_and_its_original_the_copy_is_told() {
    // Of the last entry, where nothing that follows says which is genuine.
    let mut documents = documents();
    let mut copy = documents[39].clone();
    copy["currency"] = json!("NOK");
    documents.insert(39, copy);
    assert_eq!(told(&audit(&documents)), [is("TRANSACTION_TAMPERED", 40)]);
    // Of what stands after a gap.
    let gap = [&self::documents()[..5], &self::documents()[6..]].concat();
    let mut doubled = gap.clone();
    doubled.insert(6, gap[5].clone());
    let report = audit(&doubled);
    assert_eq!(told(&report), [is("MISSING", 6), is("DUPLICATED", 7)]);
    assert_eq!(end(&report), end_with(&gap[38]));
    let report = audit(&[&gap[..], &gap[..]].concat());
    assert_eq!(told(&report), [is("MISSING", 6), is("DUPLICATED", 40)]);
    assert_eq!((report.findings[1].count, end(&report)), (Some(39), end_with(&gap[38])));
    let report = audit(&[&gap[5..], &gap[5..]].concat());
    assert_eq!(told(&report), [is("MISSING", 1), is("DUPLICATED", 35)]);
}

#[test]
fn a_link_back_to_what_a_changed_entry_follows_is_told() {
    let genuine = documents();
    let mut documents = genuine.clone();
    documents[6]["currency"] = json!("GOLD");
    documents[12]["previous_hash"] = genuine[5]["current_hash"].clone();
    let report = audit(&documents);
    assert_eq!(told(&report), [is("TRANSACTION_TAMPERED", 7), is("RELINKED", 13)]);
    assert_eq!(end(&report), end_with(&genuine[39]));
}

#[test]
fn the_time_of_an_end_that_has_none_is_not_1970() {
    for at in [0, 39] {
        for value in [json!(null), json!(1_770_822_001_857_i64), json!({"$date": "2026-02-11T17:00:01+02:00"})] {
            let mut documents = documents();
            documents[at]["createdAt"] = value;
            let report = serde_json::to_string(&audit(&documents)).unwrap();
            assert!(!report.contains("1970-"), "{report}");
        }
    }
}

#[test]
fn a_line_that_is_no_entry_explains_a_gap_wherever_it_stands() {
    let genuine = documents();
    let broken = genuine[8].to_string().replacen('{', "{{", 1);
    let rest = [&genuine[..8], &genuine[9..]].concat();
    for at in [3, 8, 39] {
        let bytes = [&lines(&rest[..at])[..], broken.as_bytes(), b"\n", &lines(&rest[at..])[..]].concat();
        let report = try_audit(&bytes).unwrap();
        assert_eq!(told(&report), [is("MALFORMED_LINE", at as u64 + 1)], "{at}");
        assert!(report.findings[0].message.contains("The chain is broken there"), "{}", report.findings[0].message);
    }
}

#[test]
fn what_follows_bson_is_called_by_its_name() {
    let refused = try_audit(&[&vector("legacy.bson")[..], b"abcdefgh"].concat()).unwrap_err();
    assert!(!refused.to_string().contains("compressed"), "{refused}");
    assert!(refused.to_string().contains("document 41, at byte"), "{refused}");
}

#[test]
fn an_amount_that_is_not_computed_with_is_not_called_long() {
    let mut documents = documents();
    documents.truncate(3);
    documents[2]["amount_gross"] = json!({"$numberDecimal": "1E+6000"});
    let report = audit(&chained(documents));
    assert_eq!(told(&report), [is("MALFORMED_LINE", 3)]);
    assert_eq!(report.findings[0].reason.as_deref(), Some("more digits, written out, than are computed with"));
}

/// A report is read by people, and kept in memory until then.
#[test]
fn what_an_entry_says_is_not_kept_whole() {
    let long = "x".repeat(200_000);
    for key in ["transaction_id", "sender_id", "currency", "sender_username", "ip_address", "current_hash", &long] {
        let mut documents = documents();
        documents.iter_mut().take(20).for_each(|document| document[key] = json!(long));
        let report = audit(&documents);
        let json = serde_json::to_string(&report).unwrap();
        assert!(json.len() < 400_000, "{} bytes for {}", json.len(), &key[..key.len().min(20)]);
    }
    let mut amounts = documents();
    amounts.iter_mut().take(20).for_each(|document| document["amount_gross"] = json!({"$numberDecimal": long}));
    assert!(serde_json::to_string(&audit(&amounts)).unwrap().len() < 400_000);
}

#[test]
fn the_first_entrys_link_is_that_of_a_ledgers_start() {
    let mut documents = documents();
    documents[0]["previous_hash"] = json!("ab".repeat(32));
    let report = audit(&documents);
    assert_eq!(report.findings_total, 1, "{:?}", report.findings);
    let finding = &report.findings[0];
    assert_eq!((finding.cause, finding.expected.as_ref()), (Some(Cause::Relinked), Some(&json!("0"))));
    assert!(!finding.message.contains("entry before"), "{}", finding.message);
}
