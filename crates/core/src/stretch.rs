//! A stretch of an export by itself, so that several can share one reading: where there is no memory that they
//! could share, as among a browser's workers, each makes a segment, and whoever began the audit joins them.

use std::io::{self, Read};

use crate::intake::Cutter;
use crate::segment::Segment;
use crate::survey::Survey;
use crate::surveyor::{Context, Surveyor};

/// Whole lines after the header, on their way to the segment that they amount to.
#[derive(Debug)]
pub struct Stretch {
    cutter: Cutter,
    survey: Survey<Surveyor>,
}

impl Stretch {
    /// No line yet.
    #[must_use]
    pub fn new(context: Context) -> Self {
        Self { cutter: Cutter::default(), survey: Survey::new(context, 1) }
    }

    /// Takes the next bytes from a reader, and gives how many there were: 0 at its end.
    ///
    /// # Errors
    /// Where reading fails.
    pub fn read(&mut self, input: &mut impl Read) -> io::Result<usize> {
        let Self { cutter, survey } = self;
        let count = input.read(cutter.room())?;
        cutter.take(count, &mut |block| survey.block(block));
        Ok(count)
    }

    /// What all lines amount to.
    #[must_use]
    pub fn finish(self) -> Segment {
        let Self { mut cutter, mut survey } = self;
        survey.block(cutter.finish().0);
        survey.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Options, Report, Step, Verifier};

    fn vector(name: &str) -> Vec<u8> {
        let folder = std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo says where the package is");
        std::fs::read(std::path::Path::new(&folder).join("../../tests/vectors").join(name)).expect("a vector")
    }

    fn options() -> Options {
        Options { input_hash: false, ..Options::default() }
    }

    /// Of a first reading that took all but its end, and of a second one where there must be one.
    fn report(mut first: Verifier, end: &[u8], export: &[u8]) -> Report {
        first.push(end).unwrap();
        match first.finish().unwrap() {
            Step::Done(report) => report,
            Step::ReadAgain(second) => report(second, export, export),
        }
    }

    #[test]
    fn shared_at_any_line_it_comes_to_the_report_of_one_reading() {
        let names = [
            "good",
            "tampered-gross",
            "deleted-three",
            "relinked",
            "moved-while-frozen",
            "refund-exceeds",
            "cut-mid-line",
        ];
        for name in names {
            let export = vector(&format!("{name}.jsonl"));
            let lines: Vec<&[u8]> = export.split_inclusive(|byte| *byte == b'\n').collect();
            let whole = report(Verifier::new(options()), &export, &export);
            for (from, to) in (1..lines.len()).flat_map(|from| (from..lines.len()).map(move |to| (from, to))) {
                let mut shared = Verifier::new(options());
                shared.push(&lines[..from].concat()).unwrap();
                let mut stretch = Stretch::new(shared.shared().expect("whole lines of a plain export"));
                let taken = lines[from..to].concat();
                let mut input = taken.as_slice();
                while stretch.read(&mut input).unwrap() > 0 {}
                shared.join(stretch.finish(), taken.len() as u64);
                assert_eq!(report(shared, &lines[to..].concat(), &export), whole, "{name}, lines {from} to {to}");
            }
        }
    }

    #[test]
    fn only_whole_lines_of_a_plain_export_are_shared() {
        let export = vector("good.jsonl");
        let header = 1 + export.iter().position(|byte| *byte == b'\n').unwrap();
        let shared = |options, bytes: &[u8]| {
            let mut verifier = Verifier::new(options);
            verifier.push(bytes).unwrap();
            verifier.shared().is_some()
        };
        assert!(shared(options(), &export[..header]));
        assert!(!shared(options(), &export[..header - 1]));
        assert!(!shared(options(), &export[..=header]));
        assert!(!shared(Options::default(), &export[..header]), "its bytes are hashed");
        assert!(!shared(Options { threads: 2, ..options() }, &export[..header]));
        assert!(!shared(options(), &vector("good-members.jsonl.gz")));
    }
}
