//! What the page says, in an auditor's words. Every sentence claims only what the report holds.

use countersign_core::Report;
use countersign_core::report::{Cause, ErrorType, LATER_START, TrustGrade, WarningType};

use crate::figures;
use crate::parts::Tone;
use crate::protocol::{Progress, Refused};

/// Said on every screen, and true: the Content-Security-Policy allows no other origin.
pub(crate) const STAYS_HERE: &str =
    "Verification runs entirely in this browser. Nothing of your file leaves this machine.";
/// A second file while one is being verified.
pub(crate) const BUSY: &str = "An export is being verified. Cancel it first to open another.";
/// More than one file at once.
pub(crate) const ONE_FILE: &str = "One export at a time, please: pick or drop a single file.";
/// A file of keys, checkpoints or taxes that was opened as an export would be.
pub(crate) fn added(name: &str, is_at_start: bool) -> String {
    let again = if is_at_start { "" } else { " Open this one again to have it counted." };
    format!("Added {name} under “Keys, kept checkpoints, taxes”: it counts for every export opened from now on.{again}")
}

/// After Cancel.
pub(crate) const CANCELLED: &str = "Cancelled. The file was not verified to its end, and nothing of it was kept.";
/// The verifier is loaded from the site, which does not answer.
pub(crate) const NOT_LOADED: &str =
    "Nothing was verified: the verifier could not be loaded from this site. Reconnect, and open the export again.";
/// A key or a kept checkpoint that cannot be read, before what is wrong with it.
pub(crate) const BROUGHT_UNREADABLE: &str =
    "Nothing was opened: correct or clear what stands under “Keys, kept checkpoints, taxes” first.";
/// The verifier itself failed.
pub(crate) const CRASHED: &str = "The verifier stopped before it reached a verdict";

/// What is done, by the number of the reading.
pub(crate) const fn reading(progress: &Progress) -> &'static str {
    match progress.pass {
        0 => "Opening the file…",
        1 => "Recomputing every hash…",
        _ => "Second reading: what the first left open is explained…",
    }
}

/// What a screen reader is told as an audit goes on. Every quarter is enough to hear; each piece of news would drown the
/// rest of the page.
pub(crate) fn heard(before: &Progress, now: &Progress) -> Option<String> {
    if now.is_of_small() {
        return None;
    }
    let is_second = now.pass > 1;
    if is_second && before.pass < now.pass {
        return Some("Second reading".to_owned());
    }
    let quarter = now.quarter().filter(|_| now.quarter() != before.quarter())?;
    let reading = if is_second { "Second reading: " } else { "" };
    Some(format!("{reading}{} percent, {} entries", quarter * 25, figures::count(now.entries)))
}

/// The verdict of a report.
pub(crate) struct Verdict {
    /// In one word.
    pub(crate) tag: &'static str,
    /// In a few words.
    pub(crate) heading: String,
    /// Its sign and colour.
    pub(crate) tone: Tone,
}

/// What to call a report's verdict.
pub(crate) fn verdict(report: &Report) -> Verdict {
    let (tag, heading, tone) = match report.trust_grade {
        TrustGrade::Broken if all_are(report, ErrorType::CheckpointUntrusted) => {
            ("Not vouched for", "No key that you gave is known to have signed this export".to_owned(), Tone::Bad)
        }
        TrustGrade::Broken => {
            let findings = figures::counted(report.findings_total, "finding", "findings");
            ("Not valid", format!("This export fails verification: {findings}"), Tone::Bad)
        }
        TrustGrade::Empty => ("Empty", "Nothing to vouch for: the export holds no entry".to_owned(), Tone::Neutral),
        grade => {
            let (tag, part) =
                if is_part(report) { ("Valid in part", "in this part of a ledger") } else { ("Valid", "") };
            let found = ["No tampering found", part].join(" ");
            (tag, format!("{}: {}", found.trim_end(), because(grade)), Tone::Good)
        }
    };
    Verdict { tag, heading, tone }
}

/// Why a file without findings is taken for genuine.
const fn because(grade: TrustGrade) -> &'static str {
    match grade {
        TrustGrade::Signed => "a key you trust signed all of it",
        TrustGrade::Anchored => "it extends a checkpoint you kept",
        TrustGrade::Witnessed => "witnesses saw this history",
        TrustGrade::Broken | TrustGrade::Empty | TrustGrade::Consistent => "the file agrees with itself",
    }
}

/// Whether nothing else was found.
fn all_are(report: &Report, kind: ErrorType) -> bool {
    report.findings.iter().all(|finding| finding.error_type == kind)
}

/// Whether the ledger has entries that the file, as it says itself, does not hold.
pub(crate) fn is_part(report: &Report) -> bool {
    report.warnings.iter().any(|warning| warning.warning_type == WarningType::PartialExport)
}

/// Whether entries before the first are missing to it. Only what is not checked says so: a part that stops early is
/// replayed from the first entry on.
fn starts_later(report: &Report) -> bool {
    report.coverage.not_checked.iter().any(|check| check.why == LATER_START)
}

/// Whether a checkpoint vouches for any of it.
pub(crate) fn is_vouched_for(report: &Report) -> bool {
    report.checkpoints.iter().any(|checkpoint| checkpoint.counts)
}

/// A trust grade, explained.
pub(crate) struct Grade {
    /// Its name.
    pub(crate) name: &'static str,
    /// What it says.
    pub(crate) shows: &'static str,
    /// What it does not.
    pub(crate) limits: &'static [&'static str],
}

/// The grades in their order, and in a few words what each takes.
pub(crate) const LADDER: [(&str, &str); 6] = [
    ("broken", "at least one finding"),
    ("empty", "no entry to vouch for"),
    ("consistent", "the file agrees with itself"),
    ("signed", "a checkpoint by a key you trust covers all entries"),
    ("anchored", "it also extends a checkpoint that you kept"),
    ("witnessed", "the witnesses you named cosigned it"),
];

/// The explanation of a report's grade.
pub(crate) fn grade(report: &Report) -> Grade {
    match report.trust_grade {
        TrustGrade::Broken if all_are(report, ErrorType::CheckpointUntrusted) => UNTRUSTED,
        TrustGrade::Broken if all_are(report, ErrorType::CheckpointMismatch) => CONTRADICTED,
        TrustGrade::Broken if all_are(report, ErrorType::ExportTruncated) => CUT_OFF,
        TrustGrade::Broken => BROKEN,
        TrustGrade::Empty if is_vouched_for(report) => EMPTY_SIGNED,
        TrustGrade::Empty => EMPTY,
        TrustGrade::Consistent if is_vouched_for(report) => SIGNED_SO_FAR,
        TrustGrade::Consistent if report.format == 1 => ORIGINAL,
        TrustGrade::Consistent => CONSISTENT,
        TrustGrade::Signed if starts_later(report) => Grade { shows: SIGNED_LATER_PART, ..SIGNED },
        TrustGrade::Signed if is_part(report) => Grade { shows: SIGNED_EARLY_PART, ..SIGNED },
        TrustGrade::Signed => SIGNED,
        TrustGrade::Anchored => ANCHORED,
        TrustGrade::Witnessed => WITNESSED,
    }
}

const BROKEN: Grade = Grade {
    name: "broken",
    shows: "Somewhere in this file, what is written does not agree with the hashes, the format or the rules that \
            bind it. The audit went on past every finding, and lists each act once.",
    limits: &[
        "Who did it, when, or with what intent. Damage in transport and a deliberate edit can look alike.",
        "That everything without a finding is genuine. Entries that no intact hash vouches for were not judged by \
         the ledger's rules; what was left out stands under Coverage.",
        "What the genuine ledger says. Ask its operator for a new export, and compare it with this file.",
    ],
};

const UNTRUSTED: Grade = Grade {
    name: "broken",
    shows: "The file agrees with itself: every hash and link that can be recomputed holds. But keys were given, and no \
            checkpoint in it counts for any of them. A wrong key, the file of another ledger, and a chain that somebody \
            rewrote who does not hold the key all look like this.",
    limits: &[
        "Which of these it is. Make sure of the key by another way than the one the export came by, then verify again.",
        "That anybody vouches for these entries. Whoever can write to the database can rewrite an entry and every hash \
         after it, and the result agrees with itself just as well.",
    ],
};

const CONTRADICTED: Grade = Grade {
    name: "broken",
    shows: "The entries agree with each other: every hash and link that can be recomputed holds. But they contradict a \
            checkpoint: it was signed over other entries than these. Where you kept it, or a key that you gave opens it, \
            the ledger's history was rewritten since.",
    limits: &[
        "Where the two histories part, and what the one that was signed says. An export from before the rewriting, held \
         against this file, shows it.",
        "Who rewrote it, when, or with what intent.",
        "That the checkpoint is this ledger's, where you neither kept it nor gave a key that opens it: then nobody is \
         known to have signed it.",
    ],
};

const CUT_OFF: Grade = Grade {
    name: "broken",
    shows: "What there is of this file agrees with itself: every hash and link that can be recomputed holds. But its end \
            is missing: it breaks off, or a checkpoint covers more entries than it holds.",
    limits: &[
        "What the missing entries say, or how many there were, unless a checkpoint says it.",
        "Whether the end was lost in transport or left out on purpose. Copy or ask for the export again, and compare its \
         size with what the sender sees.",
        "That anybody vouches for the entries that are left, unless a checkpoint of them counts.",
    ],
};

const EMPTY: Grade = Grade {
    name: "empty",
    shows: "The file is a well-formed export, and it holds no entries: there is no balance and no movement in it \
            that could be right or wrong.",
    limits: &[
        "That the ledger never held an entry. An export with everything left out looks the same.",
        "Whose ledger this is. The name is stated by the file.",
    ],
};

const EMPTY_SIGNED: Grade = Grade {
    name: "empty",
    shows: "The file is a well-formed export, and it holds no entries: there is no balance and no movement in it that \
            could be right or wrong. A checkpoint that counts says the same, and whose ledger it is.",
    limits: &[
        "That the ledger never held an entry. Whoever signs for it can begin it anew; a checkpoint that you kept from \
         before would show it.",
        "That no entries followed. A checkpoint is of its time; ask for a new export to see later ones.",
    ],
};

const CONSISTENT: Grade = Grade {
    name: "consistent",
    shows: "Every hash and every link that this file lets anyone recompute was recomputed on this machine, and all \
            of them agree. Whoever changed, removed or reordered an entry without recomputing every hash after it \
            would have been found.",
    limits: &[
        "That this is the ledger as it was first written. Whoever can write to the database can rewrite an entry \
         and every hash after it, and the result agrees with itself just as well.",
        "That it is complete to this day. Entries dropped from the end, with the end of the file rewritten to \
         match, leave no trace in the file.",
        "That the entries are true. A hash shows that a record is unchanged since it was hashed, not that the \
         payment took place.",
        "Whose ledger this is. The name is stated by the file. If you hold this ledger's head hash from another \
         source, compare it with the one below; a verifying key or a kept checkpoint, given on the first screen, \
         shows more.",
    ],
};

const ORIGINAL: Grade = Grade {
    limits: &[
        "That this is the ledger as it was first written. Whoever can write to the database can rewrite an entry \
         and every hash after it, and the result agrees with itself just as well.",
        "That it is complete to this day. Entries dropped from the end leave no trace in the file.",
        "That the entries are true. A hash shows that a record is unchanged since it was hashed, not that the \
         payment took place.",
        "Whose ledger this is. The original ledger names none and signs nothing, so no key and no checkpoint can show \
         more. If you hold its head hash from another source, compare it with the one below.",
    ],
    ..CONSISTENT
};

const SIGNED_SO_FAR: Grade = Grade {
    name: "consistent",
    shows: "The file agrees with itself, and a checkpoint that counts vouches for its entries up to a point: the message \
            above says how far. For those after it the file has only its own word.",
    limits: &[
        "That the entries after the last checkpoint that counts are as they were first written, or that none of them \
         was dropped. Ask for an export that is signed to its end.",
        "That nothing was rewritten before that checkpoint was made, unless you kept it yourself.",
        "That the entries are true. A hash shows that a record is unchanged since it was hashed, not that the \
         payment took place.",
    ],
};

const SIGNED_LATER_PART: &str = "The file agrees with itself, and a checkpoint by a key that you gave covers every entry in it: whoever holds that \
     key signed a ledger in which these entries stood, in this order and place, after earlier ones that this file does \
     not hold.";

const SIGNED_EARLY_PART: &str = "The file agrees with itself, and a checkpoint by a key that you gave covers every entry in it: whoever holds that \
     key signed a ledger of these entries, in this order and place. What came after is not in this file, which says \
     itself that it stops early.";

const SIGNED: Grade = Grade {
    name: "signed",
    shows: "The file agrees with itself, and a checkpoint by a key that you gave covers every entry: whoever holds that \
            key signed that these entries, and no others, were the ledger.",
    limits: &[
        "That nothing was rewritten before the checkpoint was signed. A checkpoint that you kept from an earlier audit \
         would show it.",
        "That no entries followed. A checkpoint is of its time; ask for a new export to see later ones.",
        "That the key is whose you believe. Make sure of it by another way than the one the export came by.",
        "That the entries are true. A signature shows who vouches for a record, not that the payment took place.",
    ],
};

const ANCHORED: Grade = Grade {
    name: "anchored",
    shows: "The file agrees with itself, a checkpoint covers every entry, and the entries extend a checkpoint that you \
            kept: nothing that stood in the ledger then was rewritten, removed or put in since.",
    limits: &[
        "That nothing was rewritten between the largest of those that count and the one that covers all.",
        "That no entries followed. Keep this export’s checkpoint for the next audit.",
        "That others were shown the same history. Witnesses who cosign would show it.",
        "That the entries are true. A signature shows who vouches for a record, not that the payment took place.",
    ],
};

const WITNESSED: Grade = Grade {
    name: "witnessed",
    shows: "The file agrees with itself, and every witness that you named cosigned a checkpoint of all its entries: each \
            says that it was shown this history, and none before that contradicts it.",
    limits: &[
        "That no entries followed. Keep this export’s checkpoint for the next audit.",
        "That the witnesses are independent of whoever runs the ledger.",
        "That the entries are true. A witness sees hashes, not payments.",
    ],
};

/// What further holds for a part of a ledger that starts later, whatever the grade.
const LATER_PART_LIMIT: &str = "What the entries that are not in this file say. Balances, freezes and what was minted follow from the first entry \
     on, so they could not be replayed; ask for the whole ledger to have them checked.";

/// What further holds for one that only stops early.
const EARLY_PART_LIMIT: &str =
    "What later entries say: this file stops early, as it says itself. Ask for the whole ledger to have them checked.";

/// What a report does not show, whatever its grade.
pub(crate) fn further_limits(report: &Report) -> impl Iterator<Item = &'static str> {
    let limit = if starts_later(report) { LATER_PART_LIMIT } else { EARLY_PART_LIMIT };
    let part = is_part(report).then_some(limit);
    part.into_iter().chain((report.format == 1).then_some(FORMAT_1_LIMIT))
}

/// What further holds for format 1, whatever the grade.
const FORMAT_1_LIMIT: &str = "What stands in fields that format 1 leaves outside its hash, such as names and descriptions: an edit there \
     cannot be seen. The warnings list them.";

/// A screen for an input that is no export.
pub(crate) struct Refusal {
    /// In a few words.
    pub(crate) heading: &'static str,
    /// What it means.
    pub(crate) meaning: &'static str,
    /// What to do now.
    pub(crate) advice: &'static [&'static str],
    /// Whether it helps to show what an export looks like.
    pub(crate) show_sample: bool,
}

/// What to say of an unreadable input, by its stable code.
pub(crate) fn refusal(refused: &Refused) -> &'static Refusal {
    match refused.code.as_str() {
        "EMPTY" => &NOTHING,
        "HEADER_NOT_RECOGNISED" => &HEADER,
        "STREAM_NOT_DECODED" => &STREAM,
        "LIMIT_EXCEEDED" => &LIMIT,
        // Of what was opened some bytes are known.
        "IO" if refused.opening.is_empty() => &NOT_OPENED,
        "IO" => &IO,
        "CHECKPOINT_NOT_READABLE" => &BROUGHT,
        _ => &NO_EXPORT,
    }
}

const NOTHING: Refusal = Refusal {
    heading: "The file is empty",
    meaning: "There is not a single character in it to verify. This is no verdict on the ledger: even the export of \
              an empty ledger has a header and an end.",
    advice: &[
        "Check that the download or copy finished; an interrupted one often leaves an empty file behind.",
        "Ask for the export again, and compare its size with what the sender sees.",
    ],
    show_sample: true,
};

const NO_EXPORT: Refusal = Refusal {
    heading: "This is not a ledger export",
    meaning: "The file was read, but it is something else. This is no verdict on any ledger: nothing was verified.",
    advice: &[
        "Check that you picked the file that you were sent: exports end in .jsonl or .jsonl.gz, and those of the \
         first system in .json, .jsonl, .bson or .bson.gz.",
        "If it is an archive (.zip, .tar, a mongodump archive), unpack it first and open the export inside.",
        "If it was opened and saved by another program, ask for the original.",
    ],
    show_sample: true,
};

const HEADER: Refusal = Refusal {
    heading: "The header is not recognised",
    meaning: "The file begins like an export, but its first line breaks the rules of the format, so what follows \
              cannot be relied on to mean what it seems to. Nothing was verified.",
    advice: &[
        "Compare the first line with the one below: every key, and no other.",
        "An export of a newer format needs a newer verifier; an edited header needs the original file.",
    ],
    show_sample: true,
};

const STREAM: Refusal = Refusal {
    heading: "The compressed file is damaged",
    meaning: "The file is compressed, and its compression cannot be undone to the point where entries could be \
              read. Nothing was verified.",
    advice: &[
        "Copy or download the file again, in binary mode, and compare its SHA-256 with the sender's.",
        "Ask for the export without compression.",
    ],
    show_sample: false,
};

const LIMIT: Refusal = Refusal {
    heading: "Stopped at a safety limit",
    meaning: "The file asks for more than any genuine export needs: for example compression that expands without \
              end, or nesting without end. Going on could exhaust this machine, so the audit stopped. Nothing was \
              verified.",
    advice: &[
        "Do not open the file with other tools before you know where it comes from.",
        "If it should be genuine, ask for the export without compression, as JSON Lines.",
    ],
    show_sample: false,
};

const BROUGHT: Refusal = Refusal {
    heading: "A kept checkpoint cannot be read",
    meaning: "The export was not verified: to go on without the checkpoint would be another audit than the one asked for.",
    advice: &["Correct or clear it under “Keys, kept checkpoints, taxes”, and open the export again."],
    show_sample: false,
};

const NOT_OPENED: Refusal = Refusal {
    heading: "The file could not be opened",
    meaning: "Not one byte of it was read. This is no verdict on the ledger: nothing was verified.",
    advice: &[
        "A folder cannot be opened: pick the export inside.",
        "If it is an address, compare it with the one that you were given; under “What was seen” stands what was answered.",
        "If the file was moved, renamed or locked since it was chosen, choose it again.",
    ],
    show_sample: false,
};

const IO: Refusal = Refusal {
    heading: "The file could not be read to its end",
    meaning: "This machine or the server stopped giving its bytes. This is no verdict on the ledger: the audit did \
              not get to see all of it.",
    advice: &[
        "If the file changed, moved or was locked while it was read, open it again.",
        "If it lies on a network drive or a server, copy it to this machine first.",
    ],
    show_sample: false,
};

/// A finding in a few words.
pub(crate) fn finding(kind: ErrorType, cause: Option<Cause>) -> &'static str {
    match kind {
        ErrorType::HashChainBroken => cause.map_or("The chain is broken", broken_by),
        ErrorType::TransactionTampered => "An entry was altered after it was written",
        ErrorType::MalformedLine => "A line breaks the rules of the format",
        ErrorType::ExportTruncated => "The export is cut off",
        ErrorType::TrailerMismatch => "The closing line disagrees with the entries",
        ErrorType::GenesisMismatch => "The header names another ledger than the entries",
        ErrorType::CheckpointMismatch => "A checkpoint contradicts the entries",
        ErrorType::CheckpointUntrusted => "No checkpoint by a key you trust",
        ErrorType::AmountMismatch => "Amounts do not add up",
        ErrorType::TypeRuleBroken => "An entry breaks the rules of its type",
        ErrorType::BalanceNegative => "A balance falls below zero",
        ErrorType::TreasuryNegative => "A Treasury bucket falls below zero",
        ErrorType::FrozenAccountMoved => "A frozen account moved money",
        ErrorType::DuplicateTransactionId => "A transaction id is used twice",
        ErrorType::RefundUnmatched => "A refund has no matching payment",
        ErrorType::RefundExceeds => "Refunds exceed the payment",
        ErrorType::PersonalRemoved => "Personal data is missing without an erasure",
        ErrorType::DocumentMismatch => "A stated balance differs from the replay",
    }
}

/// Whose word is held against whose in a finding: what is expected, and what is found.
pub(crate) const fn compared(kind: ErrorType) -> (&'static str, &'static str) {
    match kind {
        ErrorType::GenesisMismatch => ("The header's names give", "Entry 1 names"),
        ErrorType::TrailerMismatch => ("By the header and entries", "By the closing line"),
        ErrorType::CheckpointMismatch => ("Root in the checkpoint", "Root of the entries"),
        ErrorType::AmountMismatch => ("Tax plus net", "Gross"),
        ErrorType::DocumentMismatch => ("By the entries", "By the document"),
        _ => ("Expected", "Found"),
    }
}

fn broken_by(cause: Cause) -> &'static str {
    match cause {
        Cause::Missing => "Entries are missing from the chain",
        Cause::Inserted => "Entries were put into the chain",
        Cause::Reordered => "Entries were put in another order",
        Cause::Duplicated => "Entries stand in the file twice",
        Cause::Relinked => "A link was rewritten",
        Cause::Forked => "The chain forks",
        Cause::Unknown => "The chain is broken",
    }
}

/// What broke the chain, in a sentence.
pub(crate) fn cause(cause: Cause) -> &'static str {
    match cause {
        Cause::Missing => "Missing: entries were taken out",
        Cause::Inserted => "Inserted: entries were put in that the chain does not know",
        Cause::Reordered => "Reordered: genuine entries stand in another order",
        Cause::Duplicated => "Duplicated: genuine entries were repeated",
        Cause::Relinked => "Relinked: only the link to the entry before was changed",
        Cause::Forked => "Forked: two entries follow the same one",
        Cause::Unknown => "Unknown: the hashes do not tell what was done",
    }
}

/// A warning in a few words.
pub(crate) fn warning(kind: WarningType) -> &'static str {
    match kind {
        WarningType::TimestampOutOfOrder => "Time goes backwards",
        WarningType::UnsignedTail => "Entries after the last checkpoint",
        WarningType::TaxRateDiffers => "Tax differs from the policy",
        WarningType::DocumentMissing => "An account has no stated balance",
        WarningType::ErasureNotDone => "Erased data still stands",
        WarningType::PersonalWithheld => "Personal data is withheld",
        WarningType::PartialExport => "Part of a ledger",
        WarningType::UnprotectedFields => "Fields that no hash protects",
        WarningType::OrderRecovered => "Order recovered from the links",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(pass: u32, bytes: u64, total: u64) -> Progress {
        Progress { pass, bytes, total: Some(total), entries: 1234, elapsed_ms: 100.0 }
    }

    #[test]
    fn each_quarter_of_each_reading_is_heard_once() {
        const TOTAL: u64 = 200_000_000;
        let told = [at(1, TOTAL / 4, TOTAL), at(1, TOTAL / 3, TOTAL), at(2, 1, TOTAL), at(2, TOTAL, TOTAL)];
        let mut before = Progress::default();
        let heard = told.iter().map(|now| heard(&std::mem::replace(&mut before, *now), now));
        let expected = [
            Some("25 percent, 1,234 entries"),
            None,
            Some("Second reading"),
            Some("Second reading: 75 percent, 1,234 entries"),
        ];
        assert!(heard.eq(expected.map(|text| text.map(str::to_owned))));
    }

    #[test]
    fn of_a_small_file_nothing_is_heard() {
        for pass in [1, 2] {
            assert_eq!(heard(&Progress::default(), &at(pass, 16_000, 16_000)), None);
        }
    }
}
