//! A report in words, the verdict first. It formats and computes nothing.

use std::fmt::Write as _;

use countersign_core::Report;
use countersign_core::report::{CheckpointSource, CheckpointView, Finding, ModifiedField, TrustGrade, Warning};
use serde::Serialize;
use serde_json::Value;

use super::ledger;
use super::screen::{Paint, grouped, plain, plain_whole};

/// Most findings and warnings that are shown; `--json` has them all.
const MAX_SHOWN: usize = 20;

/// The whole report, after what of the database's own protection is missing, where it is a ledger's.
pub(super) fn text(report: &Report, lost: &[String], paint: Paint) -> String {
    let mut page = Page { text: unprotected(lost, paint), paint };
    page.verdict(report);
    page.facts(report);
    page.findings(report);
    page.warnings(report);
    page.checkpoints(report);
    page.coverage(report);
    page.text
}

/// That of the database's own protection this is missing; nothing where it is all there.
pub(super) fn unprotected(lost: &[String], paint: Paint) -> String {
    match lost {
        [] => String::new(),
        lost => format!("{} {}.\n\n", paint.bad("UNPROTECTED:"), plain_whole(&ledger::unprotected(lost))),
    }
}

/// The verdict where there is no report.
pub(super) fn unreadable(why: &str, paint: Paint) -> String {
    format!(
        "{} {}\n\nThis says nothing about the ledger, good or bad: no export could be read from this input.\n",
        paint.caution("COULD NOT VERIFY:"),
        plain(why)
    )
}

struct Page {
    text: String,
    paint: Paint,
}

impl Page {
    fn line(&mut self, text: impl std::fmt::Display) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.text, "{text}");
    }

    fn heading(&mut self, text: &str) {
        self.line("");
        self.line(self.paint.heading(text));
    }

    fn fact(&mut self, name: &str, value: impl std::fmt::Display) {
        self.line(format_args!("  {name:<10} {value}"));
    }

    fn detail(&mut self, name: &str, value: impl std::fmt::Display) {
        self.line(format_args!("     {name:<9} {value}"));
    }

    fn verdict(&mut self, report: &Report) {
        let paint = self.paint;
        if !report.valid {
            let (count, entries) = (grouped(report.findings_total), grouped(report.total_transactions));
            let found = paint.bad(format!("FINDINGS: {count}"));
            self.line(format_args!(
                "{found} in {entries} entries. Do not rely on this export before each is explained."
            ));
            return;
        }
        let what = match report.trust_grade {
            TrustGrade::Empty => "the export is whole, and the ledger holds no entry.",
            TrustGrade::Broken | TrustGrade::Consistent => {
                "the file agrees with itself: every hash, link and rule that could be checked holds."
            }
            TrustGrade::Signed | TrustGrade::Anchored | TrustGrade::Witnessed => {
                "the file agrees with itself, and with a checkpoint of all its entries."
            }
        };
        self.line(format_args!("{} {what}", paint.good("VERIFIED —")));
        // Of an original ledger it says whether what was given could be used.
        if report.format == 1 {
            self.line(plain(&report.message));
        }
    }

    fn facts(&mut self, report: &Report) {
        let (grade, shows, lacks) = grade(report.trust_grade);
        self.line("");
        self.fact("Trust", format_args!("{grade}: {shows}"));
        self.fact("", format_args!("It does not show {lacks}"));
        if let Some(time) = &report.signed_at {
            self.fact("Signed", format_args!("{} (a time that is signed too)", plain(time)));
        }
        let ledger = report.ledger.as_deref().map_or("not named".to_owned(), plain);
        self.fact("Ledger", format_args!("{ledger} (format {})", report.format));
        self.fact("Entries", grouped(report.total_transactions));
        for (name, place) in [("First", &report.first_transaction), ("Last", &report.last_transaction)] {
            if let Some(place) = place {
                self.fact(name, format_args!("{}  {}", plain(&place.timestamp), plain(&place.id)));
            }
        }
        for (name, hash) in [("Head", &report.head), ("Root", &report.root)] {
            if let Some(hash) = hash {
                self.fact(name, plain(hash));
            }
        }
        self.input(report);
    }

    fn input(&mut self, report: &Report) {
        let name = report.input.name.as_deref().map_or(String::new(), |name| format!("{}, ", plain(name)));
        self.fact("Input", format_args!("{name}{} bytes", grouped(report.input.bytes)));
        match &report.input.sha256 {
            Some(hash) => self.fact("SHA-256", hash),
            None => self.fact("SHA-256", "not computed"),
        }
        let rate = grouped(report.performance.transactions_per_second);
        let when = report.verified_at.as_deref().map_or(String::new(), |at| format!("{}, ", plain(at)));
        self.fact("Audited", format_args!("{when}{}, {rate} entries/s", duration(report.verification_time_ms)));
    }

    fn findings(&mut self, report: &Report) {
        if report.findings.is_empty() {
            return;
        }
        self.heading("Findings");
        if report.findings_by_type.len() > 1 {
            let counts = report.findings_by_type.iter().map(|(kind, n)| format!("{} {}", grouped(*n), name(kind)));
            self.line(format_args!("  {}", counts.collect::<Vec<_>>().join(", ")));
        }
        for (n, finding) in report.findings.iter().take(MAX_SHOWN).enumerate() {
            self.finding(n + 1, finding);
        }
        self.more(report.findings_total, report.findings.len());
    }

    fn finding(&mut self, n: usize, finding: &Finding) {
        let kind = self.paint.bad(name(&finding.error_type));
        let cause = finding.cause.map_or(String::new(), |cause| format!(" ({})", name(&cause)));
        let place = place(finding.line, finding.seq, finding.transaction_id.as_deref());
        self.line(format_args!("  {n}. {kind}{cause}  {}", self.paint.faint(place)));
        self.line(format_args!("     {}", plain(&finding.message)));
        for (name, value) in [("expected", &finding.expected), ("found", &finding.found)] {
            if let Some(value) = value {
                self.detail(name, shown(value));
            }
        }
        for field in finding.modified_fields.iter().flatten() {
            self.modified(field);
        }
        if let Some(fields) = finding.possibly_modified_fields.as_ref().filter(|fields| !fields.is_empty()) {
            self.detail("perhaps", plain(&fields.join(", ")));
        }
        self.detail("do", plain(&finding.security_recommendation));
    }

    fn modified(&mut self, field: &ModifiedField) {
        let proven = if field.proven { " (proven)" } else { "" };
        let (found, original) = (shown(&field.found), shown(&field.original));
        self.detail("changed", format_args!("{}: {found} → was {original}{proven}", plain(&field.field)));
    }

    fn warnings(&mut self, report: &Report) {
        if report.warnings.is_empty() {
            return;
        }
        self.heading("Warnings");
        for warning in report.warnings.iter().take(MAX_SHOWN) {
            self.warning(warning);
        }
        self.more(report.warnings_total, report.warnings.len());
    }

    fn warning(&mut self, warning: &Warning) {
        let place = place(warning.line, warning.seq, warning.transaction_id.as_deref());
        let kind = self.paint.caution(name(&warning.warning_type));
        self.line(format_args!("  - {kind}  {}", self.paint.faint(place)));
        self.line(format_args!("    {}", plain(&warning.message)));
    }

    fn checkpoints(&mut self, report: &Report) {
        if report.checkpoints.is_empty() {
            return;
        }
        self.heading("Checkpoints");
        for checkpoint in report.checkpoints.iter().take(MAX_SHOWN) {
            self.checkpoint(checkpoint);
        }
        self.more(report.checkpoints.len() as u64, report.checkpoints.len());
    }

    fn checkpoint(&mut self, checkpoint: &CheckpointView) {
        let what = checkpoint.size.map_or("a note".to_owned(), |size| format!("of {} entries", grouped(size)));
        let place = match checkpoint.source {
            CheckpointSource::Embedded => "in the trailer",
            CheckpointSource::Kept => "that you kept",
        };
        let worth = match &checkpoint.why {
            None => self.paint.good("counts").to_string(),
            Some(why) if checkpoint.contradicts => {
                format!("{} {}", self.paint.bad("contradicts this file:"), plain(why))
            }
            Some(why) => format!("{} {}", self.paint.caution("does not count:"), plain(why)),
        };
        self.line(format_args!("  - {what}, {place}: {worth}"));
        for signer in &checkpoint.signed_by {
            let role = if signer.witness { " (witness)" } else { "" };
            let time = signer.signed_at.as_deref().map_or(String::new(), |time| format!(" at {}", plain(time)));
            self.line(format_args!("    signed by {}{role}{time}", plain(&signer.name)));
        }
    }

    fn more(&mut self, total: u64, listed: usize) {
        let more = total.saturating_sub(listed.min(MAX_SHOWN) as u64);
        if more > 0 {
            self.line(format_args!("  … and {} more; --json lists up to {listed} of them", grouped(more)));
        }
    }

    fn coverage(&mut self, report: &Report) {
        self.heading("Checked");
        for what in &report.coverage.checked {
            self.line(format_args!("  - {}", plain(what)));
        }
        if report.coverage.not_checked.is_empty() {
            return;
        }
        self.heading("Not checked");
        for gap in &report.coverage.not_checked {
            self.line(format_args!("  - {}: {}", plain(&gap.what), plain(&gap.why)));
        }
    }
}

/// A grade's name, what it shows, and what it does not.
const fn grade(grade: TrustGrade) -> (&'static str, &'static str, &'static str) {
    match grade {
        TrustGrade::Broken => (
            "broken",
            "something is not as it was written, or breaks the ledger's own rules.",
            "what the genuine ledger says, beyond what is proven below.",
        ),
        TrustGrade::Empty => ("empty", "there is nothing to vouch for.", "that the ledger never held an entry."),
        TrustGrade::Consistent => (
            "consistent",
            "the file agrees with itself.",
            "that nothing was rewritten from the start, nor that no later entries were dropped: whoever can write the \
             ledger could have made the file so.",
        ),
        TrustGrade::Signed => (
            "signed",
            "a checkpoint by a key that you trust covers every entry.",
            "that the signer had not rewritten the ledger before signing, nor that no entries followed. A checkpoint \
             kept from an earlier audit shows more: --checkpoint FILE.",
        ),
        TrustGrade::Anchored => (
            "anchored",
            "a checkpoint covers every entry, and nothing was rewritten that stood at those you kept that count (see below).",
            "that nothing was rewritten between the last of those and the one that covers all, nor that no entries followed.",
        ),
        TrustGrade::Witnessed => (
            "witnessed",
            "as many witnesses as you asked for cosigned the checkpoint that covers every entry.",
            "that no entries followed, nor that what the entries say is true.",
        ),
    }
}

/// The name of a kind as the report's JSON has it.
fn name(kind: &impl Serialize) -> String {
    match serde_json::to_value(kind) {
        Ok(Value::String(name)) => name,
        _ => "UNKNOWN".to_owned(),
    }
}

fn place(line: Option<u64>, seq: Option<u64>, id: Option<&str>) -> String {
    let line = line.map(|n| format!("line {n}"));
    let seq = seq.map(|n| format!("entry {n}"));
    let id = id.map(plain);
    [line, seq, id].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => plain(text),
        other => plain(&other.to_string()),
    }
}

fn duration(ms: f64) -> String {
    if ms < 1000.0 { format!("{ms:.1} ms") } else { format!("{:.2} s", ms / 1000.0) }
}
