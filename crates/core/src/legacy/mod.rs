//! Format 1, the original ledger: read only.

use crate::report::Report;
use crate::sniff::Form;
use crate::verify::Unreadable;

/// The audit of a format 1 export: a first reading, and a second where something is wrong.
#[derive(Debug)]
pub(crate) struct LegacyAudit {}

impl LegacyAudit {
    pub(crate) fn new(_form: &Form, _threads: usize) -> Self {
        Self {}
    }

    pub(crate) fn push(&mut self, _bytes: &[u8]) -> Result<(), Unreadable> {
        Ok(())
    }

    pub(crate) fn entries(&self) -> u64 {
        0
    }

    /// The report, or the audit to read the same bytes again with.
    pub(crate) fn finish(self, _cut_short: bool) -> Result<Result<Report, Box<Self>>, Unreadable> {
        Err(Unreadable::NotAnExport { seen: "format 1".into() })
    }
}
