//! An audit of what is new: the segment of what was verified before, merged with that of what came since.
//!
//! A saved segment is trusted state. Whoever keeps one holds it against the ledger before he builds on it:
//! the names, the hash of its last entry, its root.

use crate::export::header::Header;
use crate::forensics::{self, Holdings};
use crate::report::{NotChecked, Report};
use crate::segment::Segment;
use crate::taxes::Taxes;

/// Judges a whole ledger by its segment: of `verified` entries read earlier, of those that came since, of the
/// documents and of the trailer. `taxes`: the policy by which it was read. `None` where something is wrong, or a checkpoint of the trailer covers fewer
/// entries than all: what that comes to, only a full reading can say.
#[must_use]
pub fn conclude(header: Header, verified: u64, segment: Segment, taxes: Option<Taxes>) -> Option<Report> {
    let mut report = forensics::conclude(header, segment, false, false, Holdings::of_ledger(taxes)).ok()?;
    if verified > 0 {
        let what = format!("entries 1 to {verified} once more");
        let why = "an earlier audit verified them, and this one read what came since".to_owned();
        report.coverage.not_checked.insert(0, NotChecked { what, why });
    }
    Some(report)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::surveyor::Context;
    use crate::{Options, verify_chain_integrity};

    fn vector(name: &str) -> Vec<u8> {
        let folder = std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo says where the package is");
        std::fs::read(std::path::Path::new(&folder).join("../../tests/vectors").join(name)).expect("a vector")
    }

    #[test]
    fn at_every_split_it_comes_to_the_report_of_one_reading() {
        let export = vector("good.jsonl");
        let mut whole =
            verify_chain_integrity(std::io::Cursor::new(&export), &Options::default(), &mut |_| {}).unwrap();
        let text = std::str::from_utf8(&export).unwrap();
        let (first, rest) = text.split_once('\n').unwrap();
        let header: Header = serde_json::from_str(first).unwrap();
        let lines: Vec<&str> = rest.split_inclusive('\n').collect();
        for split in 0..=usize::try_from(whole.total_transactions).unwrap() {
            let of = |lines: &[&str]| Segment::of_lines(Context::of_ledger(None), lines.concat().as_bytes());
            let saved = serde_json::to_string(&of(&lines[..split])).unwrap();
            let saved: Segment = serde_json::from_str(&saved).unwrap();
            let mut report = conclude(header.clone(), split as u64, saved.merge(of(&lines[split..])), None).unwrap();
            assert_eq!(report.coverage.not_checked.len(), whole.coverage.not_checked.len() + usize::from(split > 0));
            report.coverage = whole.coverage.clone();
            whole.input = report.input.clone();
            assert_eq!(report, whole, "split at {split}");
        }
    }

    #[test]
    fn what_is_wrong_has_no_conclusion() {
        let export = vector("good.jsonl");
        let text = std::str::from_utf8(&export).unwrap();
        let (first, rest) = text.split_once('\n').unwrap();
        let header: Header = serde_json::from_str(first).unwrap();
        let tampered = rest.replacen("\"currency\":\"EURO\"", "\"currency\":\"GOLD\"", 1);
        assert_ne!(tampered, rest);
        let segment = Segment::of_lines(Context::of_ledger(None), tampered.as_bytes());
        assert_eq!(conclude(header, 0, segment, None), None);
    }
}
