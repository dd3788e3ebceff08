//! Counts tests by what their runners print.

use std::fmt;
use std::io::{BufRead, BufReader, Write};
use std::ops::Add;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use xshell::Cmd;

/// Tests that passed, and that failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    passed: u64,
    failed: u64,
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
        if let Some(found) = by_rust(line).or_else(|| by_node(line)) {
            *self = *self + found;
        }
    }
}

/// `test result: ok. 5 passed; 0 failed; …`
fn by_rust(line: &str) -> Option<Tally> {
    let mut counts = line.strip_prefix("test result: ")?.split_once(". ")?.1.split("; ");
    let mut next = |what: &str| counts.next()?.strip_suffix(what)?.trim_end().parse().ok();
    Some(Tally { passed: next("passed")?, failed: next("failed")? })
}

/// `ℹ pass 5` and `ℹ fail 0`, at the end of a run.
fn by_node(line: &str) -> Option<Tally> {
    let (what, count) = line.strip_prefix("ℹ ")?.split_once(' ')?;
    let count = count.parse().ok()?;
    match what {
        "pass" => Some(Tally { passed: count, failed: 0 }),
        "fail" => Some(Tally { passed: 0, failed: count }),
        _ => None,
    }
}

impl Add for Tally {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { passed: self.passed + other.passed, failed: self.failed + other.failed }
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

    #[test]
    fn both_runners_are_understood() {
        let rust = "running 2 tests\ntest a ... ok\ntest result: ok. 5 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n";
        let wasm = "test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 filtered out\n";
        let node = "✔ passes (1.2ms)\nℹ tests 9\nℹ pass 7\nℹ fail 1\nℹ cancelled 0\n";
        assert_eq!(counted(rust), Tally { passed: 5, failed: 0 });
        assert_eq!(counted(wasm), Tally { passed: 3, failed: 2 });
        assert_eq!(counted(node), Tally { passed: 7, failed: 1 });
        assert_eq!(counted("test result: odd\nℹ duration_ms 9.1\n"), Tally::default());
    }

    #[test]
    fn a_failure_counts_even_where_no_test_did() {
        let mut tally = counted("test result: ok. 5 passed; 0 failed; 0 ignored");
        tally.close(false);
        assert_eq!(tally, Tally { passed: 5, failed: 1 });
    }
}
