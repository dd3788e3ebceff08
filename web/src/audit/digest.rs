//! The SHA-256 of the input, computed after the verdict so that nobody waits for it.

use std::io::Read;

use sha2::{Digest, Sha256};
use wasm_bindgen::JsValue;

use super::source::{Source, cause};
use super::{CHUNK, NEWS_EVERY_MS, hold, now, tell};
use crate::fingerprint::Comparison;
use crate::protocol::News;

/// Reads the input once more and tells the page its hash, where it still is what was verified.
pub(super) async fn tell_input_hash(source: &mut Source, verified: Comparison) {
    tell(&match input_hash(source, verified).await {
        Ok(hex) => News::InputHash(hex),
        Err(reason) => News::InputHashFailed(cause(&reason)),
    });
}

async fn input_hash(source: &mut Source, mut verified: Comparison) -> Result<String, JsValue> {
    source.rewind()?;
    let total = source.total().unwrap_or_default();
    let (mut hasher, mut bytes, mut last_news) = (Sha256::new(), 0, now());
    let mut chunk = vec![0; CHUNK];
    while let Some(mut piece) = source.next().await? {
        bytes += u64::from(piece.length());
        while let Ok(count @ 1..) = piece.read(&mut chunk) {
            hasher.update(&chunk[..count]);
            verified.see(&chunk[..count]);
        }
        if now() - last_news >= NEWS_EVERY_MS {
            last_news = now();
            tell(&News::Hashing { bytes, total });
        }
    }
    hold(&verified)?;
    Ok(hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}
