//! Laws of format 1: whatever order and form the original ledger comes in, what is hashed cannot be
//! changed unseen, and nothing that is cut short passes for whole.
#![expect(clippy::unwrap_used, reason = "a helper of a test may panic as the test itself may")]

use std::io::{Cursor, Write};
use std::path::PathBuf;
use std::{env, fs};

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

#[test]
fn what_follows_bson_is_called_by_its_name() {
    let refused = try_audit(&[&vector("legacy.bson")[..], b"abcdefgh"].concat()).unwrap_err();
    assert!(!refused.to_string().contains("compressed"), "{refused}");
    assert!(refused.to_string().contains("document 41, at byte"), "{refused}");
}
