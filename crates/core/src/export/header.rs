//! The first line of an export.

use serde::{Deserialize, Serialize};

use super::strict::Members;
use crate::entry::genesis;
use crate::grammar;
use crate::hash::Hash;
use crate::merkle::Range;
use crate::timestamp::Timestamp;

/// The value of `format` in the header, and of `end` in the trailer.
pub const FORMAT: &str = "countersign/export/2";

/// Whether personal blocks are in the export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PersonalData {
    /// Every block that is not erased.
    Full,
    /// None.
    Withheld,
}

/// The header: what the export says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// Always [`FORMAT`].
    pub format: String,
    /// The ledger's name.
    pub ledger: String,
    /// 32 hex, random, made with the ledger.
    pub ledger_id: String,
    /// `seq` of the first entry of the export.
    pub first_seq: u64,
    /// Whether personal blocks are there.
    pub personal: PersonalData,
    /// When it was written; no hash confirms it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub exported_at: Option<String>,
    /// Where it stops early on purpose.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub last_seq: Option<u64>,
    /// Roots of the complete subtrees before `first_seq`, largest first.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub prefix: Option<Vec<Hash>>,
}

const KEYS: [&str; 8] = ["format", "ledger", "ledger_id", "first_seq", "personal", "exported_at", "last_seq", "prefix"];

impl Header {
    /// Reads a header line that has a key `format`.
    ///
    /// # Errors
    /// The rule that it breaks.
    pub fn read(members: &Members<'_>, line: &str) -> Result<Self, String> {
        if let Some(key) = members.unknown(&KEYS) {
            return Err(format!("it has the key {key:?}, which no header has"));
        }
        if let Some(key) = KEYS.iter().find(|key| members.repeats(key)) {
            return Err(format!("{key} stands more than once"));
        }
        // null is a value that no optional key may have.
        if let Some(key) = KEYS.iter().find(|key| members.value(key) == Some("null")) {
            return Err(format!("{key} is null"));
        }
        let header: Self = serde_json::from_str(line).map_err(|e| e.to_string())?;
        header.check().map(|()| header).map_err(str::to_owned)
    }

    fn check(&self) -> Result<(), &'static str> {
        let seq = |n: u64| (1..=grammar::MAX_SEQ).contains(&n);
        let rules = [
            (self.format == FORMAT, "its format is not countersign/export/2"),
            (grammar::is_ledger_name(&self.ledger), "the ledger's name is not 1 to 128 of A-Z a-z 0-9 . _ / : -"),
            (grammar::is_hex(&self.ledger_id, 32), "ledger_id is not 32 lowercase hex digits"),
            (seq(self.first_seq), "first_seq is not an integer from 1 to 2^53 − 1"),
            (self.last_seq.is_none_or(|n| seq(n) && n >= self.first_seq), "last_seq lies before first_seq"),
            (
                self.exported_at.as_ref().is_none_or(|t| Timestamp::parse(t.as_bytes()).is_some()),
                "exported_at is not an existing time written YYYY-MM-DDTHH:MM:SS.mmmZ",
            ),
            (
                self.prefix.is_none() || (self.first_seq > 1 && self.prefix_range().is_some()),
                "prefix has not as many roots as the entries before first_seq have complete subtrees",
            ),
        ];
        rules.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, rule)| Err(rule))
    }

    /// The leaves before `first_seq`; `None` where the export does not give them.
    #[must_use]
    pub fn prefix_range(&self) -> Option<Range> {
        if self.first_seq == 1 {
            return Some(Range::empty(0));
        }
        Range::of_prefix(self.first_seq - 1, self.prefix.as_ref()?)
    }

    /// The `previous_hash` of the ledger's first entry, by its names.
    #[must_use]
    pub fn genesis(&self) -> Hash {
        genesis(&self.ledger, &self.ledger_id)
    }

    /// Whether the export starts with the ledger's first entry.
    #[must_use]
    pub const fn is_from_start(&self) -> bool {
        self.first_seq == 1
    }

    /// Whether the export does not claim to be whole.
    #[must_use]
    pub const fn is_partial(&self) -> bool {
        self.first_seq > 1 || self.last_seq.is_some()
    }
}
