//! What the checkpoints say of the entries: findings where they contradict, a grade where they count.

use std::collections::BTreeMap;

use super::finding::file_finding;
use super::gaps::TOO_MANY;
use super::statement::{Bearing, Statement, Statements};
use crate::checkpoint::{Checkpoint, Signer};
use crate::hash::Hash;
use crate::report::{
    CheckpointSource, CheckpointView, ErrorType, Finding, NotChecked, SignedBy, TrustGrade, Warning, WarningType,
};
use crate::timestamp::Timestamp;

/// Most notes that are named one by one under "not checked"; the report's list has all.
const MAX_NAMED: usize = 20;

/// What the checkpoints come to.
#[derive(Debug)]
pub(crate) struct Assurance {
    pub(crate) findings: Vec<Finding>,
    /// A checkpoint that the auditor has reason to rely on contradicts the entries: that they were rewritten is known.
    pub(crate) is_rewritten: bool,
    pub(crate) warning: Option<Warning>,
    pub(crate) views: Vec<CheckpointView>,
    /// Of a file without findings that has entries.
    pub(crate) grade: TrustGrade,
    /// What the verdict adds about checkpoints, each with a blank before it.
    pub(crate) says: String,
    pub(crate) signed_at: Option<String>,
    pub(crate) checked: Vec<String>,
    pub(crate) not_checked: Vec<NotChecked>,
}

impl Assurance {
    /// Whether a checkpoint counts.
    pub(crate) fn any(&self) -> bool {
        self.views.iter().any(|view| view.counts)
    }
}

/// How a checkpoint turned out.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Outcome {
    Counts,
    Contradicts(Hash),
    /// A leaf is not known.
    Unresolved,
    Truncated,
    Nothing(String),
}

/// What the other findings are to the checkpoints.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Besides {
    /// There are some.
    pub(crate) any: bool,
    /// They say why none counts.
    pub(crate) explain: bool,
}

/// Judges the checkpoints by the roots recomputed at their sizes.
pub(crate) fn judge(statements: &Statements, roots: &BTreeMap<u64, Hash>, besides: Besides) -> Assurance {
    let outcomes: Vec<Outcome> = statements.all.iter().map(|s| outcome(s, roots)).collect();
    let judged = Judged { statements, of: statements.all.iter().zip(&outcomes).collect() };
    let covering = judged.covering();
    let findings = judged.findings(besides.explain);
    let clean = findings.is_empty() && !besides.any;
    let contradicted = outcomes.iter().any(|outcome| matches!(outcome, Outcome::Contradicts(_)));
    Assurance {
        is_rewritten: contradicted && judged.unless_unsigned().is_empty(),
        findings,
        warning: judged.unsigned_tail(),
        views: judged.views(),
        grade: judged.grade(&covering),
        says: judged.says(&covering),
        signed_at: covering.iter().filter_map(|signer| signer.time).filter_map(date).min().map(|t| t.to_string()),
        checked: judged.checked(clean),
        not_checked: judged.not_checked(),
    }
}

fn outcome(statement: &Statement, roots: &BTreeMap<u64, Hash>) -> Outcome {
    let nothing = |why: &str| Outcome::Nothing(why.to_owned());
    let Some(Checkpoint { size, root, .. }) = &statement.checkpoint else {
        return match &statement.bearing {
            Bearing::Nothing(why) => nothing(why),
            _ => nothing("it could not be read"),
        };
    };
    match (&statement.bearing, roots.get(size)) {
        (Bearing::Nothing(why), _) => nothing(why),
        (Bearing::OtherLedger(name), _) => Outcome::Nothing(format!("it is of the ledger {name}")),
        (Bearing::Truncated, _) => Outcome::Truncated,
        (Bearing::Refuted(found), _) => Outcome::Contradicts(*found),
        (Bearing::Counts | Bearing::Accuses, None) => Outcome::Unresolved,
        (Bearing::Counts | Bearing::Accuses, Some(found)) if found != root => Outcome::Contradicts(*found),
        (Bearing::Counts, Some(_)) => Outcome::Counts,
        (Bearing::Accuses, Some(_)) => nothing("no key was given; it agrees with the entries, as anybody's would"),
    }
}

struct Judged<'a> {
    statements: &'a Statements,
    of: Vec<(&'a Statement, &'a Outcome)>,
}

impl Judged<'_> {
    /// Sizes of those that turned out so, ascending.
    fn sizes(&self, is: impl Fn(&Outcome) -> bool) -> Vec<u64> {
        let mut sizes: Vec<u64> = self.of.iter().filter(|(_, o)| is(o)).filter_map(|(s, _)| size(s)).collect();
        sizes.sort_unstable();
        sizes.dedup();
        sizes
    }

    fn counting(&self) -> Vec<u64> {
        self.sizes(|outcome| *outcome == Outcome::Counts)
    }

    /// Sizes of those that the auditor kept and that count.
    fn counting_kept(&self) -> impl Iterator<Item = u64> {
        let kept = self.of.iter().filter(|(s, o)| **o == Outcome::Counts && s.source == CheckpointSource::Kept);
        kept.filter_map(|(s, _)| size(s))
    }

    fn covers_all(&self) -> bool {
        self.counting().last() == Some(&self.statements.last_seq)
    }

    /// Those who signed a checkpoint that counts and covers every entry, each once.
    fn covering(&self) -> Vec<Signer> {
        let covers =
            |(s, o): &&(&Statement, &Outcome)| **o == Outcome::Counts && size(s) == Some(self.statements.last_seq);
        let mut signers: Vec<Signer> = Vec::new();
        for signer in self.of.iter().filter(covers).flat_map(|(s, _)| &s.signers) {
            if !signers.contains(signer) {
                signers.push(signer.clone());
            }
        }
        signers
    }

    fn grade(&self, covering: &[Signer]) -> TrustGrade {
        if !self.covers_all() {
            TrustGrade::Consistent
        } else if self.statements.holdings.witnessing(covering) >= self.statements.holdings.quorum.max(1) {
            TrustGrade::Witnessed
        } else if self.counting_kept().next().is_some() {
            TrustGrade::Anchored
        } else {
            TrustGrade::Signed
        }
    }

    fn says(&self, covering: &[Signer]) -> String {
        let Some(largest) = self.counting().last().copied() else { return String::new() };
        let mut says = if self.covers_all() {
            let names = names(covering);
            let by = if names.is_empty() { "that you kept".to_owned() } else { format!("signed by {names}") };
            let before = match self.statements.first_seq - 1 {
                0 => String::new(),
                before => format!(", after {} of the ledger that are not in this file", entries(before)),
            };
            format!(" A checkpoint {by} covers them all{before}.")
        } else {
            format!(" A checkpoint vouches for those up to {largest}, and none for those after.")
        };
        if let Some(kept) = self.counting_kept().filter(|kept| *kept < self.statements.last_seq).max() {
            says += &format!(" They extend the checkpoint of {kept} that you kept.");
        }
        says + &self.says_of_idle()
    }

    /// The largest checkpoint that the auditor kept, where it is another than one that counts.
    fn says_of_idle(&self) -> String {
        let kept = self.of.iter().filter(|(s, _)| s.source == CheckpointSource::Kept);
        let largest = kept.filter_map(|(s, o)| Some((size(s)?, o))).max_by_key(|(size, _)| *size);
        match largest {
            Some((size, outcome @ Outcome::Nothing(_))) => {
                let why = self.why(outcome).unwrap_or_default();
                format!(" The one of {size} that you kept shows nothing here: {why}.")
            }
            _ => String::new(),
        }
    }

    fn findings(&self, explained: bool) -> Vec<Finding> {
        let truncated = self.sizes(|o| *o == Outcome::Truncated);
        let mismatch = self.of.iter().filter(|(_, o)| matches!(o, Outcome::Contradicts(_)));
        let mismatch = mismatch.min_by_key(|(s, _)| size(s));
        let mut findings = Vec::new();
        if let Some(largest) = truncated.last().filter(|_| !explained) {
            findings.push(self.truncated(*largest));
        }
        if let Some((Statement { source, checkpoint: Some(checkpoint), .. }, Outcome::Contradicts(found))) = mismatch {
            findings.push(self.contradicted(*source, checkpoint, found));
        }
        // A checkpoint past a damaged entry is held back by a finding, and not by its signature.
        let unresolved = self.of.iter().any(|(_, o)| **o == Outcome::Unresolved);
        let idle = truncated.is_empty() && mismatch.is_none() && self.counting().is_empty();
        if idle && !unresolved && !explained && !self.statements.holdings.keys.is_empty() {
            findings.push(self.untrusted());
        }
        findings
    }

    fn truncated(&self, largest: u64) -> Finding {
        let last = self.statements.last_seq;
        let message = format!(
            "A checkpoint covers {largest} entries, and this file ends at {last} without saying that it stops early: its tail was dropped.{}",
            self.unless_unsigned()
        );
        Finding {
            size: Some(largest),
            expected: Some(format!("entries up to {largest}").into()),
            found: Some(format!("entries up to {last}").into()),
            ..file_finding(ErrorType::ExportTruncated, message)
        }
    }

    /// What a note may be that nobody is known to have signed.
    fn unless_unsigned(&self) -> &'static str {
        let holdings = &self.statements.holdings;
        match holdings.keys.is_empty() && holdings.kept.is_empty() {
            true => " Or the checkpoint is not this ledger's: no key was given, so nobody is known to have signed it.",
            false => "",
        }
    }

    fn contradicted(&self, source: CheckpointSource, checkpoint: &Checkpoint, found: &Hash) -> Finding {
        let size = checkpoint.size;
        let which = match source {
            CheckpointSource::Kept => "you kept",
            CheckpointSource::Embedded => "stands in the trailer",
        };
        let before = self.counting().into_iter().rev().find(|counts| *counts < size);
        let since = before.map_or(String::new(), |n| format!(" Up to {n} they still agree with another."));
        let those = match size < self.statements.first_seq {
            true => format!("the {size} entries before this file's have by its prefix"),
            false => format!("this file's first {size} entries"),
        };
        let unless = match source {
            CheckpointSource::Kept => "",
            CheckpointSource::Embedded => self.unless_unsigned(),
        };
        let message = format!(
            "The checkpoint of {size} entries that {which} has another root than {those}: they were rewritten since it was signed.{since}{unless}"
        );
        Finding {
            size: Some(size),
            expected: Some(checkpoint.root.to_string().into()),
            found: Some(found.to_string().into()),
            ..file_finding(ErrorType::CheckpointMismatch, message)
        }
    }

    fn untrusted(&self) -> Finding {
        let notes = self.of.len();
        let message = match notes {
            0 => "Keys were given, and the file has no checkpoint: nobody is known to have signed these entries.".to_owned(),
            1 => "The one checkpoint there is does not count: nobody whose key was given is known to have signed these entries.".to_owned(),
            n => format!("None of the {n} checkpoints counts: nobody whose key was given is known to have signed these entries."),
        };
        Finding {
            expected: Some("a checkpoint of these entries that a given key opens".into()),
            found: Some(match notes {
                0 => "no checkpoint".into(),
                1 => "one checkpoint, which does not count".into(),
                n => format!("{n} checkpoints, none of which counts").into(),
            }),
            ..file_finding(ErrorType::CheckpointUntrusted, message)
        }
    }

    /// Witnesses that were asked for, and are not there.
    fn unwitnessed(&self) -> Option<NotChecked> {
        let (holdings, covering) = (&self.statements.holdings, self.covering());
        let (found, asked) = (holdings.witnessing(&covering), holdings.quorum);
        (found < asked).then(|| NotChecked {
            what: "whether these entries are what the witnesses were shown".to_owned(),
            why: format!("{found} of {asked} cosigned a checkpoint that counts and covers them all"),
        })
    }

    /// How many entries come after the one with this `seq`, where any do.
    fn tail_after(&self, seq: u64) -> Option<u64> {
        self.statements.last_seq.checked_sub(seq).filter(|tail| *tail > 0)
    }

    fn unsigned_tail(&self) -> Option<Warning> {
        let unresolved = self.of.iter().any(|(_, o)| **o == Outcome::Unresolved);
        let largest = self.counting().last().copied().filter(|_| !unresolved)?;
        let tail = self.tail_after(largest)?;
        let message = format!("No checkpoint that counts covers the last {}, those after {largest}.", entries(tail));
        Some(Warning { count: Some(tail), ..Warning::new(WarningType::UnsignedTail, message) })
    }

    fn views(&self) -> Vec<CheckpointView> {
        let mut views: Vec<_> = self.of.iter().map(|(statement, outcome)| self.view(statement, outcome)).collect();
        // One is enough to keep, and a hostile file may hold a thousand.
        let largest =
            self.of.iter().zip(&mut views).filter(|((statement, _), view)| view.counts && statement.note.is_some());
        if let Some(((statement, _), view)) = largest.max_by_key(|(_, view)| view.size) {
            view.note.clone_from(&statement.note);
        }
        views
    }

    fn view(&self, statement: &Statement, outcome: &Outcome) -> CheckpointView {
        let checkpoint = statement.checkpoint.as_ref();
        let signed_by = statement.signers.iter().map(|signer| SignedBy {
            name: signer.key.name().to_owned(),
            key: signer.key.to_string(),
            witness: self.statements.holdings.is_witness(signer),
            signed_at: signer.time.map(time_text),
        });
        CheckpointView {
            source: statement.source,
            origin: checkpoint.map(|c| c.origin.clone()),
            size: checkpoint.map(|c| c.size),
            root: checkpoint.map(|c| c.root.to_string()),
            signed_by: signed_by.collect(),
            counts: *outcome == Outcome::Counts,
            contradicts: matches!(outcome, Outcome::Contradicts(_)),
            why: self.why(outcome),
            note: None,
        }
    }

    fn why(&self, outcome: &Outcome) -> Option<String> {
        let last = self.statements.last_seq;
        match outcome {
            Outcome::Counts => None,
            Outcome::Contradicts(_) => Some("its root is not that of the entries".to_owned()),
            Outcome::Unresolved => Some(
                "an entry that it covers is missing or damaged, and the genuine hash of that entry is not known"
                    .to_owned(),
            ),
            Outcome::Truncated => Some(format!("the file ends at entry {last}, before what it covers")),
            Outcome::Nothing(why) => Some(why.clone()),
        }
    }

    /// `clean`: of a file without findings.
    fn checked(&self, clean: bool) -> Vec<String> {
        let sizes = self.counting();
        if sizes.is_empty() {
            return Vec::new();
        }
        let listed: Vec<String> = sizes.iter().rev().take(10).map(u64::to_string).collect();
        let more = if sizes.len() > 10 { ", …" } else { "" };
        let mut checked = vec![format!(
            "the Merkle root against every checkpoint that counts (of {}{more} entries)",
            listed.join(", ")
        )];
        if clean && self.covers_all() {
            checked.push(match self.statements.first_seq - 1 {
                0 => "that these entries, and no others, stood at a checkpoint that counts".to_owned(),
                before => format!(
                    "that these entries stood at a checkpoint that counts, after {} not in this file",
                    entries(before)
                ),
            });
        }
        checked
    }

    fn not_checked(&self) -> Vec<NotChecked> {
        let ignored = |(statement, outcome): &(&Statement, &Outcome)| {
            let why = match outcome {
                Outcome::Unresolved | Outcome::Nothing(_) => self.why(outcome)?,
                _ => return None,
            };
            Some(NotChecked { what: named(statement), why })
        };
        let mut list: Vec<NotChecked> = Vec::new();
        for gap in self.of.iter().filter_map(ignored) {
            if !list.contains(&gap) {
                list.push(gap);
            }
        }
        let more = list.len().saturating_sub(MAX_NAMED);
        list.truncate(MAX_NAMED);
        if more > 0 {
            let (what, why) =
                (format!("{more} more checkpoints"), "each for a reason that the list of checkpoints gives");
            list.push(NotChecked { what, why: why.to_owned() });
        }
        if let Some(largest) = self.counting().last().copied().filter(|largest| self.tail_after(*largest).is_some()) {
            let last = self.statements.last_seq;
            let what =
                format!("whether entries {} to {last} were rewritten, or others dropped after them", largest + 1);
            list.push(NotChecked { what, why: "no checkpoint that counts covers them".to_owned() });
        }
        list.extend(self.unwitnessed());
        if self.statements.unread > 0 {
            let what = format!("{} more notes in the trailer", self.statements.unread);
            list.push(NotChecked { what, why: TOO_MANY.to_owned() });
        }
        list
    }
}

fn entries(count: u64) -> String {
    if count == 1 { "1 entry".to_owned() } else { format!("{count} entries") }
}

fn size(statement: &Statement) -> Option<u64> {
    statement.checkpoint.as_ref().map(|checkpoint| checkpoint.size)
}

fn named(statement: &Statement) -> String {
    let place = match statement.source {
        CheckpointSource::Embedded => "in the trailer",
        CheckpointSource::Kept => "that you kept",
    };
    match size(statement) {
        Some(size) => format!("the checkpoint of {size} entries {place}"),
        None => format!("a note {place}"),
    }
}

fn names(signers: &[Signer]) -> String {
    let mut names: Vec<&str> = signers.iter().map(|signer| signer.key.name()).collect();
    names.dedup();
    names.join(" and ")
}

/// A signed time as a date; 0 says none, and a hostile one may lie past any calendar.
fn date(seconds: u64) -> Option<Timestamp> {
    let ms = i64::try_from(seconds).ok().filter(|s| *s > 0).and_then(|s| s.checked_mul(1000));
    ms.map(Timestamp::from_millis).filter(|time| time.text().is_some())
}

fn time_text(seconds: u64) -> String {
    date(seconds).map_or_else(|| format!("{seconds} seconds after 1970"), |time| time.to_string())
}
