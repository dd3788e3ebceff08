//! Threat: lines that are no entry stand where entries were, or at the file's edges, and hide what is gone.
#![expect(clippy::unwrap_used, reason = "a helper of a test may panic as the test itself may")]

use std::io::{Cursor, Write};
use std::path::PathBuf;
use std::{env, fs};

use countersign_core::report::{Cause, ErrorType, MissingRange, Report};
use countersign_core::{Options, Unreadable, verify_chain_integrity};
use flate2::Compression;
use flate2::write::GzEncoder;

/// The lines of the genuine vector: the header, 20 entries, documents, the trailer.
fn lines() -> Vec<String> {
    let path = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("vectors/good.jsonl");
    fs::read_to_string(path).unwrap().lines().map(str::to_owned).collect()
}

fn try_audit(bytes: impl AsRef<[u8]>) -> Result<Report, Unreadable> {
    verify_chain_integrity(Cursor::new(bytes), &Options::default(), &mut |_| {})
}

fn audit(bytes: impl AsRef<[u8]>) -> Report {
    try_audit(bytes).unwrap()
}

fn text(lines: &[String]) -> String {
    lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect()
}

fn audit_lines(lines: &[String]) -> Report {
    audit(text(lines))
}

fn kinds(report: &Report) -> Vec<ErrorType> {
    report.findings.iter().map(|finding| finding.error_type).collect()
}

/// The vector with the entries `from` to `to` replaced.
fn replaced(from: usize, to: usize, by: &[&str]) -> Report {
    let mut lines = lines();
    lines.splice(from..=to, by.iter().map(|line| (*line).to_owned()));
    audit_lines(&lines)
}

const MISSING: ErrorType = ErrorType::HashChainBroken;
const MALFORMED: ErrorType = ErrorType::MalformedLine;

/// As a float it would be another number than the file has.
#[test]
fn a_number_in_a_finding_is_what_stands_in_the_file() {
    for number in ["5.0", "1e3", "-0", "123456789012345678901234567890", "1e-400"] {
        let mut lines = lines();
        lines[5] = lines[5].replacen("\"seq\":5", &format!("\"seq\":{number}"), 1);
        let report = audit_lines(&lines);
        let found = report.findings[0].found.as_ref().and_then(|found| found.as_str());
        assert_eq!((report.findings[0].error_type, found), (MALFORMED, Some(number)));
    }
}

#[test]
fn a_line_without_a_hash_never_stands_for_an_entry() {
    for line in ["", " ", "{}", "garbage", "[1]", "{\"seq\":7}"] {
        let report = replaced(7, 9, &[line, line, line]);
        assert_eq!(kinds(&report), [MALFORMED, MALFORMED, MALFORMED, MISSING], "{line:?}");
        let missing = &report.findings[3];
        assert_eq!(missing.cause, Some(Cause::Missing));
        assert_eq!(missing.missing, Some(MissingRange { first_seq: 7, last_seq: 9 }));
    }
    let report = replaced(1, 1, &[""]);
    assert_eq!(report.findings.last().unwrap().missing, Some(MissingRange { first_seq: 1, last_seq: 1 }));
}

/// What may have been an entry, cut or overwritten, is one finding; but it was no more than one entry.
#[test]
fn a_damaged_line_stands_for_one_entry() {
    let damaged = lines()[7].replacen("\"seq\"", "\"seq", 1);
    let overwritten = lines()[7].replace("_hash\":\"", "_hash\":\"x");
    for line in [damaged.as_str(), &overwritten] {
        assert_eq!(kinds(&replaced(7, 7, &[line])), [MALFORMED]);
        assert_eq!(kinds(&replaced(7, 8, &[line, line])), [MALFORMED, MALFORMED]);
        let report = replaced(7, 9, &[line, line]);
        assert_eq!(kinds(&report), [MALFORMED, MALFORMED, MISSING]);
        assert_eq!(report.findings[2].missing, Some(MissingRange { first_seq: 7, last_seq: 9 }));
        assert_eq!(kinds(&replaced(7, 8, &[line, ""])), [MALFORMED, MALFORMED, MISSING]);
    }
}

#[test]
fn nor_does_it_for_the_last() {
    let damaged = lines()[20].replacen("\"seq\"", "\"seq", 1);
    assert_eq!(kinds(&replaced(20, 20, &[&damaged])), [MALFORMED]);
    for (from, by) in [(18, [""].as_slice()), (20, &[""]), (18, &["", "", ""]), (19, &[&damaged])] {
        let report = replaced(from, 20, by);
        let mut expected = vec![MALFORMED; by.len()];
        expected.push(ErrorType::TrailerMismatch);
        assert_eq!(kinds(&report), expected, "{from} {by:?}");
    }
}

/// It is there, and what is wrong with it is the one finding, whether the last line feed is there or not.
#[test]
fn a_malformed_trailer_is_a_trailer() {
    let mut lines = lines();
    let trailer = lines.pop().unwrap();
    let extra = trailer.replacen('{', "{\"extra\":1,", 1);
    let head = trailer.find("\"head\":\"").unwrap() + 8;
    let short = [&trailer[..head], &trailer[head + 1..]].concat();
    for (trailer, field) in [(extra, "extra"), (short, "head")] {
        let whole = text(&lines) + &trailer;
        for bytes in [whole.clone(), whole.clone() + "\n"] {
            let report = audit(bytes);
            assert_eq!(kinds(&report), [MALFORMED]);
            assert_eq!(report.findings[0].field.as_deref(), Some(field));
        }
        assert_eq!(kinds(&audit(&whole[..whole.len() - 1])), [ErrorType::ExportTruncated]);
    }
}

#[test]
fn what_is_out_of_its_place_is_what_few_lines_are() {
    let whole = lines();
    let documents = whole.len() - 22;
    let mut early = whole.clone();
    let document = early.remove(21);
    early.insert(11, document);
    let report = audit_lines(&early);
    assert_eq!(kinds(&report), [MALFORMED]);
    assert_eq!(report.findings[0].line, Some(12));

    // What follows the trailer, another export whole, makes nothing before it misplaced.
    let report = audit_lines(&[whole.clone(), whole.clone()].concat());
    assert!(report.findings.iter().all(|f| f.line > Some(whole.len() as u64)), "{:?}", report.findings);

    let mut late = whole;
    let entry = late.remove(20);
    late.insert(20 + documents, entry);
    let report = audit_lines(&late);
    assert_eq!(kinds(&report), [MALFORMED]);
    assert_eq!((report.findings[0].seq, report.findings[0].line), (Some(20), Some(21 + documents as u64)));
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}

/// What is missing is told apart from what is damaged, and garbage from garbage by nothing.
#[test]
fn a_gzip_stream_is_whole_cut_or_damaged() {
    let whole = gzip(text(&lines()).as_bytes());
    let end = whole.len();
    assert!(audit(&whole).valid);
    assert!(audit([&whole[..], &gzip(b"")].concat()).valid);
    for cut in end - 60..end {
        assert_eq!(kinds(&audit(&whole[..cut])).last(), Some(&ErrorType::ExportTruncated), "{cut}");
    }
    let changed = |at: usize| {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        bytes
    };
    let garbage = |garbage: &[u8]| [&whole[..], garbage].concat();
    for damaged in [changed(end - 6), changed(end - 2), garbage(b"garbage"), garbage(&[0; 100]), garbage(&[0])] {
        assert_eq!(try_audit(damaged).unwrap_err().code(), "STREAM_NOT_DECODED");
    }
    for begun in 1..20 {
        assert_eq!(kinds(&audit(garbage(&whole[..begun]))), [ErrorType::ExportTruncated], "{begun}");
    }
}

#[test]
fn white_space_before_the_header_is_none_of_it() {
    let whole = text(&lines());
    for before in [" ", "\t ", "\u{feff} "] {
        assert!(audit(format!("{before}{whole}")).valid, "{before:?}");
    }
    let blank = try_audit(format!("\n{whole}")).unwrap_err();
    assert!(blank.to_string().contains("its first line is blank"), "{blank}");
}
