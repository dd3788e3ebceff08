//! SHA-256, of one message and of many at once.

use std::fmt;

use countersign_lanes::Hasher;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::grammar;

/// A SHA-256 digest, written as 64 lowercase hex.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// The digest of one message.
    #[must_use]
    pub fn of(message: &[u8]) -> Self {
        Self(Hasher::digest(message))
    }

    /// Reads 64 lowercase hex digits.
    #[inline]
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if !grammar::is_hex(text, 64) {
            return None;
        }
        let mut nibbles = [0_u8; 64];
        for (n, b) in nibbles.iter_mut().zip(text.bytes()) {
            *n = (b & 15) + 9 * (b >> 6);
        }
        let mut bytes = [0_u8; 32];
        for (byte, pair) in bytes.iter_mut().zip(nibbles.chunks_exact(2)) {
            *byte = (pair[0] << 4) | pair[1];
        }
        Some(Self(bytes))
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digit = |nibble: u8| b"0123456789abcdef"[usize::from(nibble)];
        let mut text = [0; 64];
        for (pair, byte) in text.chunks_exact_mut(2).zip(self.0) {
            pair.copy_from_slice(&[digit(byte >> 4), digit(byte & 15)]);
        }
        f.write_str(std::str::from_utf8(&text).unwrap_or_default())
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom("a hash has 64 lowercase hex digits"))
    }
}

/// How many messages are hashed together: enough that few lanes stand idle at the end, few enough to stay in a core's own
/// cache (some 150 kB of entries with their personal blocks).
pub const TOGETHER: usize = 192;

/// Messages to be hashed together.
#[derive(Debug, Default)]
pub struct Batch {
    messages: countersign_lanes::Batch,
    raw: Vec<[u8; 32]>,
}

impl Batch {
    /// Appends a message.
    #[inline]
    pub fn push(&mut self, message: &[u8]) {
        self.messages.push(message);
    }

    /// Appends a message that `write` puts at the start of what it is given, which has `most` bytes of no meaning; it says
    /// how long the message is.
    ///
    /// # Panics
    /// Where it says that the message is longer than `most`.
    #[inline]
    pub fn push_with(&mut self, most: usize, write: impl FnOnce(&mut [u8]) -> usize) {
        self.messages.push_with(most, write);
    }

    /// The message of this number, counted from 0.
    #[must_use]
    pub fn message(&self, number: usize) -> &[u8] {
        self.messages.message(number)
    }

    /// Forgets every message.
    pub fn clear(&mut self) {
        self.messages.clear();
    }

    /// The digests of all messages, in their order, into `digests`, whose content is replaced.
    pub fn digest_into(&mut self, digests: &mut Vec<Hash>) {
        self.messages.digest_into(&mut self.raw);
        digests.clear();
        digests.extend(self.raw.iter().copied().map(Hash));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        let hash = Hash::of(b"abc");
        assert_eq!(hash.to_string(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(Hash::parse(&hash.to_string()), Some(hash));
        assert_eq!(Hash::parse(&hash.to_string().to_uppercase()), None);
    }
}
