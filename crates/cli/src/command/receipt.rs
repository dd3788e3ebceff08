//! What a settled transaction shows, in words.

use std::fmt::Write as _;

use countersign_engine::Receipt;

use super::screen::plain;

/// The receipt, one fact a line.
pub(super) fn words(receipt: &Receipt) -> String {
    let mut text = String::new();
    let mut fact = |name: &str, value: &dyn std::fmt::Display| {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {name:<9} {value}");
    };
    fact("Entry", &format_args!("{}  {}", receipt.seq, receipt.transaction_id));
    fact("Type", &plain(&receipt.kind));
    fact("At", &receipt.created_at);
    if receipt.gross > countersign_core::money::Amount::ZERO {
        let (gross, tax, net, currency) = (receipt.gross, receipt.tax, receipt.net, &receipt.currency);
        fact("Gross", &format_args!("{gross} {currency}"));
        let bucket = receipt.tax_type.as_ref().map_or(String::new(), |bucket| format!(", {bucket}"));
        fact("Tax", &format_args!("{tax} {currency} (rate {}{bucket})", receipt.rate));
        fact("Net", &format_args!("{net} {currency}"));
    }
    for (name, party) in [("From", &receipt.sender), ("To", &receipt.receiver)] {
        match (party.before, party.after) {
            (Some(before), Some(after)) if before != after => {
                fact(name, &format_args!("{}: {before} → {after}", plain(&party.id)));
            }
            _ => fact(name, &plain(&party.id)),
        }
    }
    fact("Hash", &receipt.current_hash);
    let first = if receipt.replayed { "Settled before; nothing was paid this time." } else { "Settled." };
    format!("{first}\n\n{text}")
}
