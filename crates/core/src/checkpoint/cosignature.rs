//! `cosignature/v1`: a signature under a note's text and a time (C2SP tlog-cosignature).
//!
//! What is signed is `cosignature/v1 LF time N LF` and the note's text; the signature line carries
//! the eight bytes of the time, big-endian, before the 64 of Ed25519.

use super::key::VerifyingKey;
use super::signing::SigningKey;

/// Bytes of the time and the signature.
pub const LEN: usize = 8 + 64;

fn message(text: &str, time: u64) -> String {
    format!("cosignature/v1\ntime {time}\n{text}")
}

/// Cosigns a note's text at `time`, in Unix seconds.
pub(super) fn make(key: &SigningKey, text: &str, time: u64) -> Vec<u8> {
    let signature = key.sign(message(text, time).as_bytes());
    [time.to_be_bytes().as_slice(), &signature].concat()
}

/// The time at which `key` cosigned a note's text, in Unix seconds; `None` where it did not.
pub(super) fn verify(key: &VerifyingKey, text: &str, signature: &[u8]) -> Option<u64> {
    let (time, signature) = signature.split_first_chunk::<8>()?;
    let time = u64::from_be_bytes(*time);
    key.verifies(message(text, time).as_bytes(), signature.try_into().ok()?).then_some(time)
}
