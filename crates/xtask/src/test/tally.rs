//! Counts tests by what their runners print.

use std::fmt;
use std::io::{BufRead, BufReader, Write};
use std::iter::Sum;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use xshell::Cmd;

/// Tests that passed, and that failed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    passed: u64,
    failed: u64,
    /// Names of those that failed, as their runner prints them: for a log of which only the end is kept.
    pub(super) failures: Vec<String>,
}

impl Tally {
    /// Runs a command that runs tests: shows what it prints, and counts along.
    pub(super) fn run(&mut self, command: Cmd<'_>) -> Result<()> {
        let shown = command.to_string();
        println!("$ {shown}");
        let mut child = Command::from(command).stdout(Stdio::piped()).spawn().with_context(|| shown.clone())?;
        let output = child.stdout.take().context("its output is not piped")?;
        for line in BufReader::new(output).split(b'\n') {
            let line = line?;
            self.count(&String::from_utf8_lossy(&line));
            let mut out = std::io::stdout().lock();
            out.write_all(&line).and_then(|()| out.write_all(b"\n"))?;
        }
        let status = child.wait()?;
        if !status.success() {
            bail!("`{shown}` failed ({status})");
        }
        Ok(())
    }

    /// A step without tests to count is one itself, and one that failed has at least one that failed.
    pub(super) fn close(&mut self, succeeded: bool) {
        match succeeded {
            true if *self == Self::default() => self.passed = 1,
            false if self.failed == 0 => self.failed = 1,
            _ => {}
        }
    }

    fn count(&mut self, line: &str) {
        if let Some((passed, failed)) = by_rust(line).or_else(|| by_node(line)) {
            self.passed += passed;
            self.failed += failed;
        }
        if let Some(name) = failure(line).filter(|name| !self.failures.iter().any(|known| known == name)) {
            self.failures.push(name.to_owned());
        }
    }
}

/// `test result: ok. 5 passed; 0 failed; …`
fn by_rust(line: &str) -> Option<(u64, u64)> {
    let mut counts = line.strip_prefix("test result: ")?.split_once(". ")?.1.split("; ");
    let mut next = |what: &str| counts.next()?.strip_suffix(what)?.trim_end().parse().ok();
    Some((next("passed")?, next("failed")?))
}

/// `ℹ pass 5` and `ℹ fail 0`, at the end of a run.
fn by_node(line: &str) -> Option<(u64, u64)> {
    let (what, count) = line.strip_prefix("ℹ ")?.split_once(' ')?;
    let count = count.parse().ok()?;
    match what {
        "pass" => Some((count, 0)),
        "fail" => Some((0, count)),
        _ => None,
    }
}

/// `test a::b ... FAILED`, and `✖ does so (1.2ms)`.
fn failure(line: &str) -> Option<&str> {
    let by_rust = line.strip_prefix("test ").and_then(|line| line.split_once(" ... FAIL")).map(|(name, _)| name);
    let by_node = || Some(line.trim_start().strip_prefix("✖ ")?.rsplit_once(" (")?.0);
    by_rust.or_else(by_node)
}

impl Sum for Tally {
    fn sum<I: Iterator<Item = Self>>(tallies: I) -> Self {
        tallies.fold(Self::default(), |mut total, tally| {
            total.passed += tally.passed;
            total.failed += tally.failed;
            total.failures.extend(tally.failures);
            total
        })
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(output: &str) -> Tally {
        let mut tally = Tally::default();
        output.lines().for_each(|line| tally.count(line));
        tally
    }

    fn counts(output: &str) -> (u64, u64) {
        let tally = counted(output);
        (tally.passed, tally.failed)
    }

    #[test]
    fn both_runners_are_understood() {
        let rust = "running 2 tests\ntest a ... ok\ntest result: ok. 5 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n";
        let wasm = "test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 filtered out\n";
        let node = "✔ passes (1.2ms)\nℹ tests 9\nℹ pass 7\nℹ fail 1\nℹ cancelled 0\n";
        assert_eq!(counts(rust), (5, 0));
        assert_eq!(counts(wasm), (3, 2));
        assert_eq!(counts(node), (7, 1));
        assert_eq!(counts("test result: odd\nℹ duration_ms 9.1\n"), (0, 0));
    }

    #[test]
    fn what_failed_is_named_once() {
        let output = "test a::b ... ok\ntest a::c ... FAILED\n  ✖ says so (in words) (1.2ms)\n✖ failing tests:\n\
                      ✖ says so (in words) (1.2ms)\ntest d ... FAIL\n";
        assert_eq!(counted(output).failures, ["a::c", "says so (in words)", "d"]);
    }

    #[test]
    fn a_failure_counts_even_where_no_test_did() {
        let mut tally = counted("test result: ok. 5 passed; 0 failed; 0 ignored");
        tally.close(false);
        assert_eq!((tally.passed, tally.failed), (5, 1));
    }
}
