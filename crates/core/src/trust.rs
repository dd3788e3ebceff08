//! What a verdict is worth, and the checkpoints that it rests on.

use serde::{Deserialize, Serialize};

/// How far the report may be trusted, from the weakest. Never one green tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TrustGrade {
    /// At least one finding.
    Broken,
    /// Nothing to vouch for: the export holds no entry.
    Empty,
    /// The file agrees with itself: anyone who could write the database could have made it so.
    Consistent,
    /// A checkpoint by a key that the auditor trusts covers every entry.
    Signed,
    /// A checkpoint covers every entry, and the entries extend one that the auditor kept.
    Anchored,
    /// Of a checkpoint that covers every entry, as many witnesses as the auditor asked for say that they
    /// saw it.
    Witnessed,
}

/// Where a checkpoint came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CheckpointSource {
    /// The export's trailer.
    Embedded,
    /// The auditor.
    Kept,
}

/// A checkpoint, and what it is worth for this export. Where keys were given, what a note says that none
/// of them opens is not shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckpointView {
    /// Where it came from.
    pub source: CheckpointSource,
    /// The ledger that it names.
    pub origin: Option<String>,
    /// How many entries it covers.
    pub size: Option<u64>,
    /// Their RFC 6962 root by it, 64 hex.
    pub root: Option<String>,
    /// Those of the auditor's keys whose signatures verify.
    pub signed_by: Vec<SignedBy>,
    /// Whether it counts.
    pub counts: bool,
    /// Whether its root is another than that of the entries, which were rewritten if it is this ledger's.
    #[serde(default)]
    pub contradicts: bool,
    /// Why it does not count.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub why: Option<String>,
    /// The signed note, to be kept for the next audit: that of the largest in the export that counts.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub note: Option<String>,
}

/// A key whose signature verifies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedBy {
    /// The key's name.
    pub name: String,
    /// The key, `name+hash+base64`.
    pub key: String,
    /// Whether the auditor gave it as a witness's.
    pub witness: bool,
    /// The time that it signed, for `cosignature/v1`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub signed_at: Option<String>,
}
