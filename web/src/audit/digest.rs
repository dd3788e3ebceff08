//! The SHA-256 of the input, computed after the verdict so that nobody waits for it.

use sha2::{Digest, Sha256};
use wasm_bindgen::JsValue;

use super::source::{Source, cause};
use super::{NEWS_EVERY_MS, now, tell};
use crate::protocol::News;

/// Reads the input once more and tells the page its hash.
pub(super) async fn tell_input_hash(source: &mut Source) {
    tell(&match input_hash(source).await {
        Ok(hex) => News::InputHash(hex),
        Err(reason) => News::InputHashFailed(cause(&reason)),
    });
}

async fn input_hash(source: &mut Source) -> Result<String, JsValue> {
    source.rewind()?;
    let total = source.total().unwrap_or_default();
    let (mut hasher, mut bytes, mut last_news) = (Sha256::new(), 0, now());
    while let Some(chunk) = source.next().await? {
        hasher.update(&chunk);
        bytes += chunk.len() as u64;
        if now() - last_news >= NEWS_EVERY_MS {
            last_news = now();
            tell(&News::Hashing { bytes, total });
        }
    }
    Ok(hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}
