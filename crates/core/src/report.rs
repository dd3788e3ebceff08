//! The report of an audit: what every view shows and none computes.
//!
//! Its keys are those of the first system's reports, so that what read them goes on working, and
//! beside these the whole list of findings, the trust grade and what was not checked.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::timestamp::Timestamp;
pub use crate::trust::{CheckpointSource, CheckpointView, SignedBy, TrustGrade};

/// An audit's result. [`Report::valid`] is true exactly where [`Report::findings`] is empty.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// No finding.
    pub valid: bool,
    /// Of the first finding.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub error_type: Option<ErrorType>,
    /// The verdict in one sentence.
    pub message: String,
    /// The format of the export, 1 or 2.
    pub format: u8,
    /// The ledger's name as the export states it; format 1 states none.
    pub ledger: Option<String>,
    /// What the verdict is worth.
    pub trust_grade: TrustGrade,
    /// Of the first finding that shows an entry.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub corrupted_transaction: Option<CorruptedTransaction>,
    /// Of the first finding, where links disagree.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub hash_mismatch_details: Option<HashMismatch>,
    /// Of the first finding, where an entry's content disagrees with its hash.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub hash_integrity_failure: Option<HashIntegrityFailure>,
    /// The entry before that of the first finding.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub previous_transaction: Option<PreviousTransaction>,
    /// How many entries stand before the first finding.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub transactions_verified_before_failure: Option<u64>,
    /// How many entries the file holds.
    pub total_transactions: u64,
    /// Wall time of the audit, in milliseconds, without the SHA-256 of the input where that came after. This crate has no
    /// clock: the report that an audit gives has 0 here and nothing under `performance`, until [`Report::timed`] says when
    /// it ended and how long it took.
    pub verification_time_ms: f64,
    /// Speed of the audit.
    pub performance: Performance,
    /// The first entry; null where there is none.
    pub first_transaction: Option<EntryPlace>,
    /// The last entry; null where there is none.
    pub last_transaction: Option<EntryPlace>,
    /// When the audit ended, in UTC; absent where its caller had no clock.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub verified_at: Option<String>,
    /// When to audit again, where nothing was found: a day later.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub next_recommended_check: Option<String>,
    /// Of the first finding.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub security_recommendation: Option<String>,
    /// In order of their place in the file, those about the whole file last: the first of each type, and of the rest
    /// the first, [`crate::limits::MAX_FINDINGS`] in all.
    pub findings: Vec<Finding>,
    /// How many there are.
    pub findings_total: u64,
    /// How many there are of each type, also of those that are not listed; the first of each type is.
    #[serde(default)]
    pub findings_by_type: BTreeMap<ErrorType, u64>,
    /// What is no breach and yet worth knowing; [`crate::limits::MAX_WARNINGS`] at most, chosen as findings are.
    pub warnings: Vec<Warning>,
    /// How many there are.
    pub warnings_total: u64,
    /// What was checked, what was not, and why.
    pub coverage: Coverage,
    /// The file.
    pub input: Input,
    /// `current_hash` of the last entry, 64 hex; the genesis hash of an empty ledger.
    pub head: Option<String>,
    /// RFC 6962 root over the entries, 64 hex. Format 2 only; left out where it cannot be computed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub root: Option<String>,
    /// Every checkpoint of the export's trailer, and every one that the auditor kept. Format 1 has none.
    #[serde(default)]
    pub checkpoints: Vec<CheckpointView>,
    /// The earliest signed time of a checkpoint that counts and covers every entry.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub signed_at: Option<String>,
}

/// Speed of an audit.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Performance {
    /// Entries per second, rounded.
    pub transactions_per_second: u64,
    /// Milliseconds for one entry, with four decimals.
    pub average_time_per_transaction_ms: String,
}

/// Which entry, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryPlace {
    /// `transaction_id`.
    pub id: String,
    /// `created_at`.
    pub timestamp: String,
}

/// The file that was audited.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    /// As the caller names it.
    pub name: Option<String>,
    /// Its size as it was read, before decompression.
    pub bytes: u64,
    /// SHA-256 of these bytes, 64 hex; null until computed.
    pub sha256: Option<String>,
}

/// What was checked, and what was not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    /// Each a phrase.
    pub checked: Vec<String>,
    /// Each with its reason.
    pub not_checked: Vec<NotChecked>,
}

/// A check that was not made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotChecked {
    /// The check.
    pub what: String,
    /// Why it was not, or cannot be, made.
    pub why: String,
}

/// Why what follows from a ledger's first entry on is not checked of an export that starts later.
pub const LATER_START: &str = "the export starts later than the ledger: what was there before is not in it";

/// The kinds of finding; FORMAT.md's table says when each stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "FORMAT.md describes each under its own name")]
pub enum ErrorType {
    HashChainBroken,
    TransactionTampered,
    MalformedLine,
    ExportTruncated,
    TrailerMismatch,
    GenesisMismatch,
    CheckpointMismatch,
    CheckpointUntrusted,
    AmountMismatch,
    TypeRuleBroken,
    BalanceNegative,
    TreasuryNegative,
    FrozenAccountMoved,
    DuplicateTransactionId,
    RefundUnmatched,
    RefundExceeds,
    PersonalRemoved,
    DocumentMismatch,
}

/// What broke the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "FORMAT.md describes each under its own name")]
pub enum Cause {
    Missing,
    Inserted,
    Reordered,
    Duplicated,
    Relinked,
    Forked,
    Unknown,
}

/// One act found. Keys that do not apply are left out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Its kind.
    pub error_type: ErrorType,
    /// One sentence for a person.
    pub message: String,
    /// Line in the (decompressed) file, from 1; for BSON and arrays the number of the document.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub line: Option<u64>,
    /// Place among the file's entries, from 0.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub index: Option<u64>,
    /// The genuine `seq`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub seq: Option<u64>,
    /// As the file has it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub transaction_id: Option<String>,
    /// What should stand there.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub expected: Option<Value>,
    /// What stands there.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub found: Option<Value>,
    /// What broke the chain, for HASH_CHAIN_BROKEN.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cause: Option<Cause>,
    /// The entries that are gone.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub missing: Option<MissingRange>,
    /// Entries not in their place, ascending.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub seqs: Option<Vec<u64>>,
    /// How many entries were put in, or had their numbers moved alike.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub count: Option<u64>,
    /// Fields whose original value is proven, in key order; for TRANSACTION_TAMPERED always there.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub modified_fields: Option<Vec<ModifiedField>>,
    /// Where nothing is proven.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub possibly_modified_fields: Option<Vec<String>>,
    /// The field that breaks its grammar.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub field: Option<String>,
    /// Why a line is malformed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<String>,
    /// The rule that is broken.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub rule: Option<String>,
    /// The account concerned.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub account: Option<String>,
    /// The currency concerned.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub currency: Option<String>,
    /// The Treasury's bucket concerned.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub tax_type: Option<String>,
    /// How many entries the checkpoint concerned covers.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub size: Option<u64>,
    /// The entry as the file shows it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub corrupted_transaction: Option<CorruptedTransaction>,
    /// For HASH_CHAIN_BROKEN.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub hash_mismatch_details: Option<HashMismatch>,
    /// For TRANSACTION_TAMPERED.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub hash_integrity_failure: Option<HashIntegrityFailure>,
    /// The entry before it in the file.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub previous_transaction: Option<PreviousTransaction>,
    /// What to do now.
    pub security_recommendation: String,
}

/// A run of `seq` that is not in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissingRange {
    /// The first that is gone.
    pub first_seq: u64,
    /// The last that is gone.
    pub last_seq: u64,
}

/// A field whose original hashes to the genuine hash.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModifiedField {
    /// Its key.
    pub field: String,
    /// What stands there.
    pub found: Value,
    /// What stood there.
    pub original: Value,
    /// Always true: a candidate that hashes to the genuine hash is proof.
    pub proven: bool,
}

/// The entry of a finding, in one of the first system's two shapes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum CorruptedTransaction {
    /// For HASH_CHAIN_BROKEN.
    Link(Box<LinkView>),
    /// For every other finding.
    Content(Box<ContentView>),
}

/// An entry where a link broke.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
// Read back, the two shapes are told apart by their keys.
#[serde(deny_unknown_fields)]
pub struct LinkView {
    /// `transaction_id`.
    pub transaction_id: Option<String>,
    /// Place among the file's entries, from 0.
    pub index: u64,
    /// Username where shown, else the id.
    pub sender: Option<String>,
    /// Username where shown, else the id.
    pub receiver: Option<String>,
    /// `sender_id`.
    pub sender_id: Option<String>,
    /// `receiver_id`.
    pub receiver_id: Option<String>,
    /// `amount_gross`.
    pub amount: Option<String>,
    /// `currency`.
    pub currency: Option<String>,
    /// `type`.
    pub r#type: Option<String>,
    /// `created_at`.
    pub timestamp: Option<String>,
    /// What the entry names.
    pub stored_previous_hash: Option<String>,
    /// What it should name.
    pub expected_previous_hash: Option<String>,
}

/// An entry whose content is in question. Withheld values are null.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
// Read back, the two shapes are told apart by their keys.
#[serde(deny_unknown_fields)]
pub struct ContentView {
    /// `transaction_id`.
    pub transaction_id: Option<String>,
    /// Place among the file's entries, from 0.
    pub index: u64,
    /// Username where shown, else the id.
    pub sender: Option<String>,
    /// Username where shown, else the id.
    pub receiver: Option<String>,
    /// `sender_id`.
    pub sender_id: Option<String>,
    /// `receiver_id`.
    pub receiver_id: Option<String>,
    /// `amount_gross`.
    pub amount_gross: Option<String>,
    /// `tax_withheld`.
    pub tax_withheld: Option<String>,
    /// `amount_net`.
    pub amount_net: Option<String>,
    /// `currency`.
    pub currency: Option<String>,
    /// `type`.
    pub r#type: Option<String>,
    /// `created_at`.
    pub timestamp: Option<String>,
    /// From the personal block.
    pub ip_address: Option<String>,
    /// From the personal block.
    pub user_agent: Option<String>,
}

/// A link that does not hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HashMismatch {
    /// The hash that the entry should name.
    pub expected: Option<String>,
    /// The hash that it names.
    pub actual: Option<String>,
    /// In a sentence.
    pub difference: String,
}

/// Content that does not give its hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HashIntegrityFailure {
    /// The genuine hash: of the entry, or of its personal block where only that disagrees.
    pub stored_hash: Option<String>,
    /// What the content gives.
    pub computed_hash: Option<String>,
    /// In a sentence.
    pub difference: String,
    /// Fields that may have been changed; empty where the original is proven.
    pub possibly_modified_fields: Vec<String>,
}

/// The neighbour before a corrupted entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreviousTransaction {
    /// `transaction_id`.
    pub transaction_id: Option<String>,
    /// `current_hash`.
    pub current_hash: Option<String>,
}

/// The kinds of warning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "FORMAT.md describes each under its own name")]
pub enum WarningType {
    TimestampOutOfOrder,
    UnsignedTail,
    TaxRateDiffers,
    DocumentMissing,
    ErasureNotDone,
    PersonalWithheld,
    PartialExport,
    UnprotectedFields,
    OrderRecovered,
}

/// No breach, and yet worth knowing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Warning {
    /// Its kind.
    pub warning_type: WarningType,
    /// One sentence for a person.
    pub message: String,
    /// Line in the (decompressed) file, from 1.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub line: Option<u64>,
    /// The entry's `seq`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub seq: Option<u64>,
    /// The entry's id.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub transaction_id: Option<String>,
    /// The account concerned.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub account: Option<String>,
    /// How many entries are concerned.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub count: Option<u64>,
    /// What would be expected.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub expected: Option<Value>,
    /// What stands there.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub found: Option<Value>,
    /// The fields that no hash covers.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub fields: Option<Vec<String>>,
}

impl Warning {
    /// A warning about the file as a whole.
    #[must_use]
    pub const fn new(warning_type: WarningType, message: String) -> Self {
        Self {
            warning_type,
            message,
            line: None,
            seq: None,
            transaction_id: None,
            account: None,
            count: None,
            expected: None,
            found: None,
            fields: None,
        }
    }
}

impl Report {
    /// The report with its times filled in by a caller who has a clock: `now_ms` is the Unix time at
    /// which the audit ended, `elapsed_ms` the wall time that it took, both in milliseconds.
    #[must_use]
    pub fn timed(mut self, now_ms: i64, elapsed_ms: f64) -> Self {
        const DAY_MS: i64 = 86_400_000;
        let entries = self.total_transactions;
        let elapsed = elapsed_ms.max(0.001);
        #[expect(clippy::cast_precision_loss, reason = "a rate is no exact figure")]
        let count = entries as f64;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive, and far below 2^64")]
        let rate = (count / elapsed * 1000.0).round() as u64;
        self.verification_time_ms = (elapsed_ms * 1000.0).round() / 1000.0;
        self.performance = Performance {
            transactions_per_second: rate,
            average_time_per_transaction_ms: format!("{:.4}", if entries == 0 { 0.0 } else { elapsed_ms / count }),
        };
        self.verified_at = Some(Timestamp::from_millis(now_ms).to_string());
        if self.valid {
            self.next_recommended_check = Some(Timestamp::from_millis(now_ms.saturating_add(DAY_MS)).to_string());
        }
        self
    }
}
