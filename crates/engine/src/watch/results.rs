//! What audits came to, kept as lines of JSON in the state directory.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use countersign_core::timestamp::Timestamp;
use serde::{Deserialize, Serialize};

use super::audit::{Audit, AuditError, Kind};
use super::clock::between;
use super::files;

/// What an audit came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Nothing was found.
    Valid,
    /// Something was.
    Invalid,
    /// It came to none.
    Failed,
}

/// One audit, in short.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuditResult {
    /// When it started.
    pub at: Timestamp,
    /// When it was due; `None` where somebody asked for it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub due: Option<Timestamp>,
    /// What was read.
    pub kind: Kind,
    /// What it came to.
    pub verdict: Verdict,
    /// How long it took, in milliseconds, without what it slept to spare the database.
    pub verification_time_ms: f64,
    /// Entries of the ledger.
    pub entries: u64,
    /// `current_hash` of the last one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub head: Option<String>,
    /// Root of the tree over all of them.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub root: Option<String>,
    /// How many findings and contradictions.
    pub findings: u64,
    /// The first of them, or why there is no verdict.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub message: Option<String>,
}

/// Longest message of a result, and longest finding in the reason of a halt, in characters.
pub(super) const MAX_MESSAGE: usize = 500;

impl AuditResult {
    /// What an audit came to, or that it came to no verdict.
    pub(super) fn of(at: Timestamp, kind: Kind, due: Option<Timestamp>, outcome: &Result<Audit, AuditError>) -> Self {
        let short = |text: String| text.chars().take(MAX_MESSAGE).collect();
        let message = |audit: &Audit| audit.found().next().map(|(code, message)| short(format!("{code}: {message}")));
        let report = outcome.as_ref().ok().and_then(|audit| audit.report.as_ref());
        let audit = outcome.as_ref().ok();
        Self {
            at,
            due,
            kind: audit.map_or(kind, |audit| audit.kind),
            verdict: match audit {
                None => Verdict::Failed,
                Some(audit) if audit.valid() => Verdict::Valid,
                Some(_) => Verdict::Invalid,
            },
            verification_time_ms: audit.map_or(0.0, |audit| audit.took.as_secs_f64() * 1000.0),
            entries: audit.map_or(0, |audit| audit.entries),
            head: report.and_then(|report| report.head.clone()),
            root: report.and_then(|report| report.root.clone()),
            findings: audit.map_or(0, Audit::findings),
            message: outcome.as_ref().map_or_else(|error| Some(short(error.to_string())), message),
        }
    }
}

/// The results of a state directory.
#[derive(Debug)]
pub struct Results {
    path: PathBuf,
    keep: Duration,
    results: Vec<AuditResult>,
    /// Whether the last line in the file has its end.
    ended: bool,
}

/// Most results kept, whatever their age; the oldest go first.
pub const MAX_RESULTS: usize = 100_000;

impl Results {
    /// Those of this folder, kept for so long.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn in_folder(folder: &Path, keep: Duration) -> io::Result<Self> {
        let path = folder.join("results.jsonl");
        let (results, ended) = read(&path)?;
        Ok(Self { path, keep, results, ended })
    }

    /// All of them, the oldest first.
    #[must_use]
    pub fn all(&self) -> &[AuditResult] {
        &self.results
    }

    /// The last audit that came to a verdict.
    #[must_use]
    pub fn last_verdict(&self) -> Option<&AuditResult> {
        self.results.iter().rev().find(|result| result.verdict != Verdict::Failed)
    }

    /// When the last full audit that came to a verdict started.
    #[must_use]
    pub fn last_full(&self) -> Option<Timestamp> {
        let full = |result: &&AuditResult| result.kind == Kind::Full && result.verdict != Verdict::Failed;
        self.results.iter().rev().find(full).map(|result| result.at)
    }

    /// Adds one, and drops what is too old, two at most: a clock that ran ahead once leaves the others.
    ///
    /// # Errors
    /// Those of the disk; the result is known all the same.
    pub fn add(&mut self, result: AuditResult) -> io::Result<()> {
        let now = result.at;
        self.results.push(result);
        let excess = self.results.len().saturating_sub(MAX_RESULTS);
        let old = self.results.iter().take(2).take_while(|result| between(result.at, now) > self.keep);
        let old = old.count().max(excess);
        if old > 0 || !std::mem::replace(&mut self.ended, true) {
            self.results.drain(..old);
            return files::replace(&self.path, &lines(&self.results)?);
        }
        let last = lines(&self.results[self.results.len() - 1..])?;
        let mut file = files::private().append(true).open(&self.path)?;
        file.write_all(&last)?;
        file.sync_all()
    }
}

fn lines(results: &[AuditResult]) -> io::Result<Vec<u8>> {
    let mut lines = Vec::new();
    for result in results {
        serde_json::to_writer(&mut lines, result)?;
        lines.push(b'\n');
    }
    Ok(lines)
}

/// The results in a file, and whether it ends with a whole line. A line that cannot be read, as a crash may
/// leave one, is passed over.
fn read(path: &Path) -> io::Result<(Vec<AuditResult>, bool)> {
    let text = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok((Vec::new(), true)),
        Err(e) => return Err(e),
    };
    let results = text.split(|b| *b == b'\n').filter_map(|line| serde_json::from_slice(line).ok());
    Ok((results.collect(), text.is_empty() || text.ends_with(b"\n")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(day: i64, verdict: Verdict) -> AuditResult {
        AuditResult {
            at: Timestamp::from_millis(day * 86_400_000),
            due: None,
            kind: Kind::Incremental,
            verdict,
            verification_time_ms: 1.5,
            entries: 7,
            head: None,
            root: None,
            findings: 0,
            message: None,
        }
    }

    #[test]
    fn they_are_there_after_a_restart_and_gone_after_their_time() {
        let folder = tempfile::tempdir().unwrap();
        let open = || Results::in_folder(folder.path(), Duration::from_secs(7 * 86_400)).unwrap();
        let mut results = open();
        for day in 0..10 {
            results.add(result(day, Verdict::Valid)).unwrap();
        }
        assert_eq!(results.all().len(), 8);
        assert_eq!(open().all(), results.all());
        assert_eq!(results.all()[0].at, Timestamp::from_millis(2 * 86_400_000));
    }

    #[test]
    fn a_clock_that_ran_ahead_does_not_empty_them() {
        let folder = tempfile::tempdir().unwrap();
        let mut results = Results::in_folder(folder.path(), Duration::from_secs(7 * 86_400)).unwrap();
        for day in (0..7).chain([9_999]).chain(7..9) {
            results.add(result(day, Verdict::Valid)).unwrap();
        }
        assert_eq!(results.all().len(), 7 + 1 + 2 - 2);
        assert_eq!(results.last_verdict().unwrap().at, Timestamp::from_millis(8 * 86_400_000));
    }

    #[test]
    fn a_torn_line_is_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("results.jsonl");
        let mut text = lines(&[result(1, Verdict::Invalid)]).unwrap();
        text.extend_from_slice(b"{\"at\":\"2026-0");
        std::fs::write(&path, text).unwrap();
        let mut results = Results::in_folder(folder.path(), Duration::from_secs(7 * 86_400)).unwrap();
        results.add(result(2, Verdict::Failed)).unwrap();
        assert_eq!(results.last_verdict().unwrap().verdict, Verdict::Invalid);
        assert_eq!(results.last_full(), None);
        assert_eq!(Results::in_folder(folder.path(), results.keep).unwrap().all(), results.all());
    }
}
