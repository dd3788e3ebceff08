//! What every fuzz target asks of an audit: it ends, and however the bytes arrive, it says the same.

use countersign_core::checkpoint::VerifyingKey;
use countersign_core::{Options, Report, Step, Unreadable, Verifier};

const KEPT: &str = include_str!("../../tests/vectors/checkpoint-9.txt");

/// The keys of the vectors: the ledger's and a witness's.
#[must_use]
pub fn keys() -> Vec<VerifyingKey> {
    [
        "game.example/economy+b7e99c16+AYMq5iT7Tj3bthuC2BO2upajYP1EdR6ZRFFydV2hbw8R",
        "witness.example/1+2e550400+BPrE5gsZjUc6LSkelUdg+5b8RAE8ZgxMLrz2N1dPYewJ",
    ]
    .map(|key| key.parse().expect("a key of the vectors"))
    .to_vec()
}

/// Whether whoever audits an input brings keys and a checkpoint: for every other one.
#[must_use]
pub fn brings_keys(input: &[u8]) -> bool {
    input.len().is_multiple_of(2)
}

fn options(with_keys: bool) -> Options {
    // A search for originals that is over before the input is dull.
    let plain = Options { input_hash: false, recovery_budget: 1_000, ..Options::default() };
    if with_keys { Options { keys: keys(), checkpoints: vec![KEPT.to_owned()], ..plain } } else { plain }
}

/// Audits bytes that arrive in pieces of a size, and gives the report as JSON, or the code of the error.
#[must_use]
pub fn audit(bytes: &[u8], piece: usize, with_keys: bool) -> String {
    match report(bytes, piece, with_keys) {
        Ok(report) => serde_json::to_string(&report).expect("every report is JSON"),
        Err(unreadable) => unreadable.code().to_owned(),
    }
}

fn report(bytes: &[u8], piece: usize, with_keys: bool) -> Result<Report, Unreadable> {
    let mut verifier = Verifier::new(options(with_keys));
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
    let with_keys = brings_keys(bytes);
    let whole = audit(bytes, usize::MAX, with_keys);
    // Small ones byte by byte: they are where every boundary is met.
    let piece = if bytes.len() < 1024 { 1 } else { 61 };
    let pieces = audit(bytes, piece, with_keys);
    assert!(pieces == whole || is_code(&pieces) && is_code(&whole), "in pieces of {piece}: {pieces}\nat once: {whole}");
    whole
}

fn is_code(said: &str) -> bool {
    !said.starts_with('{')
}
