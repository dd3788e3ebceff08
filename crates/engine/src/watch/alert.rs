//! What administrators are told, and through what.

use std::fmt;

use countersign_core::timestamp::Timestamp;
use serde::{Deserialize, Serialize};

/// Why an alert is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Cause {
    /// An audit found something.
    Finding,
    /// The system could not be halted on a finding.
    HaltFailed,
    /// The system could not be halted, were anything found.
    CannotHalt,
    /// An audit was due, and none ran or it ran late.
    AuditMissed,
    /// An audit ran, and came to no verdict.
    AuditFailed,
    /// An audit took too long for so few entries.
    SlowAudit,
    /// Too many commits met another writer.
    VersionConflicts,
}

impl Cause {
    /// A stable code for programs.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Finding => "FINDING",
            Self::HaltFailed => "HALT_FAILED",
            Self::CannotHalt => "CANNOT_HALT",
            Self::AuditMissed => "AUDIT_MISSED",
            Self::AuditFailed => "AUDIT_FAILED",
            Self::SlowAudit => "SLOW_AUDIT",
            Self::VersionConflicts => "VERSION_CONFLICTS",
        }
    }
}

/// What administrators are told. Its texts hold no control character and are bounded: they show what stands
/// in a ledger that somebody may have tampered with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// Why.
    pub cause: Cause,
    /// What is the same alert: a cause, and what it is about.
    pub key: String,
    /// Which ledger.
    pub ledger: String,
    /// In one line.
    pub summary: String,
    /// More lines.
    pub detail: Vec<String>,
    /// When.
    pub at: Timestamp,
    /// That it is over.
    pub recovered: bool,
}

/// Longest line of an alert, in characters.
pub const MAX_LINE: usize = 400;
/// Most lines of detail.
pub const MAX_DETAIL: usize = 20;

impl Alert {
    /// An alert that is the same as another of its cause.
    #[must_use]
    pub fn new(cause: Cause, ledger: &str, at: Timestamp, summary: &str) -> Self {
        let (key, ledger) = (cause.code().to_owned(), ledger.to_owned());
        Self { cause, key, ledger, summary: line(summary), detail: Vec::new(), at, recovered: false }
    }

    /// The same as others about this only.
    #[must_use]
    pub fn about(mut self, what: &str) -> Self {
        self.key = format!("{}:{what}", self.cause.code());
        self
    }

    /// With another line.
    #[must_use]
    pub fn line(mut self, text: &str) -> Self {
        if self.detail.len() < MAX_DETAIL {
            self.detail.push(line(text));
        }
        self
    }

    /// All of it, as text.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = format!("{}: {}", self.subject(), self.summary);
        for line in &self.detail {
            text.push('\n');
            text.push_str(line);
        }
        text
    }

    /// Which ledger, and whether it is over.
    #[must_use]
    pub fn subject(&self) -> String {
        let over = if self.recovered { "RECOVERED " } else { "" };
        format!("[countersign {}] {over}{}", self.ledger, self.cause.code())
    }
}

/// One line that any screen may show.
fn line(text: &str) -> String {
    let shown = |c: char| if c.is_control() || c == '\u{2028}' || c == '\u{2029}' { ' ' } else { c };
    text.chars().take(MAX_LINE).map(shown).collect()
}

/// What alerts are sent through.
pub trait Channel: Send + Sync + fmt::Debug {
    /// Its name, by which what it did not take waits for it.
    fn name(&self) -> &str;

    /// The name by which an earlier version kept what waits for it, where that was another.
    fn former_name(&self) -> Option<&str> {
        None
    }

    /// How often an alert that is new is tried, the first time among them.
    fn attempts(&self) -> u32;

    /// Tries once to deliver an alert.
    ///
    /// # Errors
    /// Where it was not delivered. No secret is in it.
    fn send(&self, alert: &Alert) -> Result<(), Failure>;
}

/// Why a try failed, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Another may succeed.
    Passing(String),
    /// None will for now.
    Final(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_stays_in_its_line() {
        let text = format!("bad\r\nBcc: everyone\u{2028}{}", "x".repeat(1000));
        let alert = Alert::new(Cause::Finding, "shop", Timestamp::from_millis(0), &text).line("a\nb");
        assert_eq!(alert.text().lines().count(), 2);
        assert!(alert.summary.starts_with("bad  Bcc: everyone x"));
        assert_eq!(alert.summary.chars().count(), MAX_LINE);
    }
}
