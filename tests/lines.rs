//! Threat: lines that are no entry stand where entries were, or at the file's edges, and hide what is gone.
#![expect(clippy::unwrap_used, reason = "a helper of a test may panic as the test itself may")]

use std::io::Cursor;
use std::path::PathBuf;
use std::{env, fs};

use countersign_core::report::{Cause, ErrorType, MissingRange, Report};
use countersign_core::{Options, verify_chain_integrity};

/// The lines of the genuine vector: the header, 20 entries, documents, the trailer.
fn lines() -> Vec<String> {
    let path = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("vectors/good.jsonl");
    fs::read_to_string(path).unwrap().lines().map(str::to_owned).collect()
}

fn audit(bytes: impl AsRef<[u8]>) -> Report {
    verify_chain_integrity(Cursor::new(bytes), &Options::default(), &mut |_| {}).unwrap()
}

fn audit_lines(lines: &[String]) -> Report {
    audit(lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect::<String>())
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
    let overwritten = lines()[7].replacen("\"current_hash\":\"", "\"current_hash\":\"x", 1);
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
