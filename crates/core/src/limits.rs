//! Every size that hostile input could grow is capped here, by name.

/// Longest line (or BSON document, or element of an array) that is read, in bytes. The longest entry
/// that the grammar admits is below 24 KiB; a Treasury document or trailer may be larger.
pub const MAX_LINE: usize = 1 << 20;
/// Most entries that the index of ids, refunds and erasures takes; past it those checks are not made.
pub const MAX_INDEXED: usize = 200_000_000;
/// Most accounts kept; past it balances, freezes and documents are not checked.
pub const MAX_ACCOUNTS: usize = 10_000_000;
/// Most currencies, and most Treasury buckets, kept; and most that a document may name.
pub const MAX_CURRENCIES: usize = 4096;
/// Most sums, each a bucket's in one currency, that settling opens in the Treasury: none of them is ever closed, and its
/// document has to stay one that is read, below [`MAX_CURRENCIES`] buckets and [`MAX_LINE`] bytes.
pub const MAX_COLLECTED: usize = 4096;
/// Most unbroken runs of entries that a damaged chain is followed through.
pub const MAX_RUNS: usize = 10_000;
/// Most of them, the first ones, of which it is tried whether another number than the one that stands there gives the
/// first entry's hash.
pub const MAX_MISNUMBERED: u64 = 1_000;
/// Longest preimage of an entry that keeps its grammar is shorter.
pub const MAX_PREIMAGE: usize = 1024;
/// Most entries set aside that are held against the genuine ones one by one; each after them counts as the
/// one before it in its run.
pub const MAX_COMPARED: usize = 10_000;
/// Most findings listed; their number is reported whole.
pub const MAX_FINDINGS: usize = 1_000;
/// Most warnings listed; their number is reported whole.
pub const MAX_WARNINGS: usize = 1_000;
/// Most a gzip stream may expand, as a factor of what was read, once it has passed [`GZIP_FREE`].
/// The format's own exports compress six to ten times; deflate's bound is 1032.
pub const MAX_GZIP_RATIO: u64 = 200;
/// What a gzip stream may expand to whatever its ratio, in bytes.
pub const GZIP_FREE: u64 = 64 << 20;
/// Longest text of an entry that a finding shows whole, in characters: the longest that the grammar admits there.
pub const MAX_SHOWN: usize = 512;
/// Size of the blocks that are verified as a unit, in bytes.
pub const BLOCK: usize = 1 << 20;
/// Most entries out of their place that are held until their turn.
pub const MAX_DISPLACED: usize = 200_000;
/// Most changed entries, one after the other, that are held until one that is vouched for confirms their hashes. Each
/// may be as long as a line.
pub const MAX_HELD: usize = 64;
/// Deepest nesting of JSON or BSON.
pub const MAX_DEPTH: usize = 64;
/// Most entries of format 1 that are ordered by their links.
pub const MAX_LEGACY: usize = 100_000_000;
/// Longest signed note, in bytes.
pub const MAX_NOTE: usize = 1 << 16;
/// Most signatures under a note, as in Go's `sumdb/note`.
pub const MAX_NOTE_SIGNATURES: usize = 100;
/// Longest name of a key, in bytes: that of a ledger's name.
pub const MAX_KEY_NAME: usize = 128;
/// Most checkpoints of a trailer that are judged, and most that an auditor may bring.
pub const MAX_CHECKPOINTS: usize = 1000;
