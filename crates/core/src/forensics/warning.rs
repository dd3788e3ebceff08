//! Warnings of format 2.

use crate::export::header::{Header, PersonalData};
use crate::index::Found;
use crate::money::Amount;
use crate::report::{Warning, WarningType};
use crate::segment::{Note, NoteAt, id_text, time_text};

/// Those about the file as a whole; `without` of its entries have no personal block.
pub(crate) fn of_file(header: &Header, entries: u64, without: u64) -> Vec<Warning> {
    let mut warnings = Vec::new();
    // Where a block stands all the same, that is the finding, and nothing was withheld.
    if header.personal == PersonalData::Withheld && without == entries {
        let message =
            format!("The personal blocks of {without} entries were withheld from this export; their hashes stand.");
        warnings.push(Warning { count: Some(without), ..Warning::new(WarningType::PersonalWithheld, message) });
    }
    if header.is_partial() {
        let first = header.first_seq;
        let message = match header.last_seq {
            Some(last) => format!("This export holds the entries {first} to {last} only, as its header says."),
            None => format!("This export starts at entry {first}: what came before is not in it."),
        };
        warnings.push(Warning::new(WarningType::PartialExport, message));
    }
    warnings
}

/// One about an entry; `line` is that of the segment's first line.
pub(crate) fn of_note(at: &NoteAt, line: u64) -> Warning {
    let NoteAt { entry, note } = at;
    let seq = entry.seq;
    let (kind, message, expected, found) = match note {
        Note::Earlier { before_ms } => {
            let (now, before) = (time_text(entry.time_ms), time_text(*before_ms));
            let message = format!("Entry {seq} is of {now}, earlier than the entry before it ({before}).");
            (WarningType::TimestampOutOfOrder, message, None, Some(now))
        }
        Note::OtherTax { expected, found, gross, currency, kind } => {
            let text = |units| Amount::from_ten_thousandths(units).unwrap_or_default().to_string();
            let (expected, found, gross) = (text(*expected), text(*found), text(*gross));
            let which = format!("Entry {seq}, a {kind} of {gross} {currency},");
            let message = if expected == found {
                format!("{which} pays its tax of {found} {currency} into another bucket than the policy's.")
            } else {
                format!("{which} withholds {found} {currency}; the policy gives {expected} {currency}.")
            };
            (WarningType::TaxRateDiffers, message, Some(expected), Some(found))
        }
    };
    Warning {
        line: Some(line + entry.line),
        seq: Some(seq),
        transaction_id: Some(id_text(entry.id)),
        expected: expected.map(Into::into),
        found: found.map(Into::into),
        ..Warning::new(kind, message)
    }
}

/// An erased block that still stands.
pub(crate) fn erasure_not_done(found: &Found, line: u64, seq: Option<u64>) -> Warning {
    let message = "An entry says that this entry's personal block is erased, and it still stands.".to_owned();
    Warning {
        line: Some(line),
        seq,
        transaction_id: Some(id_text(found.id)),
        ..Warning::new(WarningType::ErasureNotDone, message)
    }
}
