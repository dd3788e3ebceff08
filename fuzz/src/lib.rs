//! What every fuzz target asks of an audit: it ends, and however the bytes arrive, it says the same.

use countersign_core::{Options, Report, Step, Unreadable, Verifier};

/// Audits bytes that arrive in pieces of a size, and gives the report as JSON, or the code of the error.
#[must_use]
pub fn audit(bytes: &[u8], piece: usize) -> String {
    match report(bytes, piece) {
        Ok(report) => serde_json::to_string(&report).expect("every report is JSON"),
        Err(unreadable) => unreadable.code().to_owned(),
    }
}

fn report(bytes: &[u8], piece: usize) -> Result<Report, Unreadable> {
    let mut verifier = Verifier::new(Options { input_hash: false, ..Options::default() });
    loop {
        for piece in bytes.chunks(piece) {
            verifier.push(piece)?;
        }
        match verifier.finish()? {
            Step::Done(report) => {
                assert_eq!(report.valid, report.findings_total == 0);
                return Ok(report);
            }
            Step::ReadAgain(again) => verifier = again,
        }
    }
}

/// Holds an audit of the whole to one in pieces, and gives what it says. Of a stream that is both damaged and no
/// export, either may be said first.
pub fn hold_to_pieces(bytes: &[u8]) -> String {
    let whole = audit(bytes, usize::MAX);
    // Small ones byte by byte: they are where every boundary is met.
    let piece = if bytes.len() < 1024 { 1 } else { 61 };
    let pieces = audit(bytes, piece);
    assert!(pieces == whole || is_code(&pieces) && is_code(&whole), "in pieces of {piece}: {pieces}\nat once: {whole}");
    whole
}

fn is_code(said: &str) -> bool {
    !said.starts_with('{')
}
