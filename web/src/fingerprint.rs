//! What the bytes were that were verified: so that it shows where a file has become another by the time it is read
//! again. The browser promises nothing there for a file that is written to, or replaced, while it is open.

use std::hash::Hasher;
use std::io::{self, Read};

use serde::{Deserialize, Serialize};
use siphasher::sip::SipHasher13;
use wasm_bindgen::JsValue;
use web_sys::Crypto;

/// Drawn anew for every audit: who does not know it cannot make other bytes of the same print.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Key([u8; 16]);

impl Key {
    pub(crate) fn draw(crypto: &Crypto) -> Result<Self, JsValue> {
        let mut key = [0; 16];
        crypto.get_random_values_with_u8_array(&mut key)?;
        Ok(Self(key))
    }

    /// For the bytes that follow.
    pub(crate) fn hasher(self) -> SipHasher13 {
        SipHasher13::new_with_key(&self.0)
    }
}

/// A stretch of the input: how many bytes, and their SipHash-1-3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Print {
    bytes: u64,
    hash: u64,
}

/// What was verified, stretch by stretch.
pub(crate) struct Fingerprint {
    key: Key,
    prints: Vec<Print>,
    /// Of what was read since the last stretch.
    rest: (u64, SipHasher13),
}

impl Fingerprint {
    pub(crate) fn new(key: Key) -> Self {
        Self { key, prints: Vec::new(), rest: (0, key.hasher()) }
    }

    pub(crate) const fn key(&self) -> Key {
        self.key
    }

    /// Bytes that are verified next.
    pub(crate) fn see(&mut self, bytes: &[u8]) {
        self.rest.0 += bytes.len() as u64;
        self.rest.1.write(bytes);
    }

    /// The same, that somebody else verified and hashed.
    pub(crate) fn join(&mut self, bytes: u64, hash: u64) {
        self.close();
        self.prints.push(Print { bytes, hash });
    }

    fn close(&mut self) {
        let (bytes, hasher) = std::mem::replace(&mut self.rest, (0, self.key.hasher()));
        if bytes > 0 {
            self.prints.push(Print { bytes, hash: hasher.finish() });
        }
    }

    /// To hold another reading to, from the start.
    pub(crate) fn again(&mut self) -> Comparison {
        self.close();
        let mut left: Vec<Print> = self.prints.iter().rev().copied().collect();
        Comparison { key: self.key, now: left.pop(), left, read: 0, hasher: self.key.hasher(), is_other: false }
    }
}

/// Another reading of what was verified.
pub(crate) struct Comparison {
    key: Key,
    /// The stretch that is read, and those after it, the last first.
    now: Option<Print>,
    left: Vec<Print>,
    read: u64,
    hasher: SipHasher13,
    is_other: bool,
}

impl Comparison {
    pub(crate) fn see(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let Some(print) = self.now else { return self.is_other = true };
            let room = usize::try_from(print.bytes - self.read).unwrap_or(usize::MAX);
            let (of_print, after) = bytes.split_at(room.min(bytes.len()));
            self.hasher.write(of_print);
            self.read += of_print.len() as u64;
            bytes = after;
            if self.read == print.bytes {
                self.is_other |= self.hasher.finish() != print.hash;
                (self.now, self.read, self.hasher) = (self.left.pop(), 0, self.key.hasher());
            }
        }
    }

    /// Whether all of it was read, and all was the same.
    pub(crate) const fn is_same(&self) -> bool {
        !self.is_other && self.now.is_none()
    }
}

/// Bytes that somebody looks at on their way.
pub(crate) struct Seen<'a, R, F>(pub(crate) &'a mut R, pub(crate) F);

impl<R: Read, F: FnMut(&[u8])> Read for Seen<'_, R, F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.0.read(buffer)?;
        (self.1)(&buffer[..count]);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verified() -> Fingerprint {
        let key = Key(*b"only for a test.");
        let mut fingerprint = Fingerprint::new(key);
        fingerprint.see(b"header\n");
        let mut hasher = key.hasher();
        hasher.write(b"stretch\n");
        fingerprint.join(8, hasher.finish());
        fingerprint.see(b"re");
        fingerprint.see(b"st\n");
        fingerprint
    }

    fn is_same(bytes: &[u8], step: usize) -> bool {
        let mut comparison = verified().again();
        bytes.chunks(step).for_each(|bytes| comparison.see(bytes));
        comparison.is_same()
    }

    #[test]
    fn the_same_bytes_are_the_same_however_they_are_read() {
        for step in 1..30 {
            assert!(is_same(b"header\nstretch\nrest\n", step), "{step}");
        }
        assert!(Fingerprint::new(Key([0; 16])).again().is_same());
    }

    #[test]
    fn others_are_not() {
        for other in ["heAder\nstretch\nrest\n", "header\nstretcH\nrest\n", "header\nstretch\nrest", "", "header\n"] {
            assert!(!is_same(other.as_bytes(), 4), "{other}");
        }
        assert!(!is_same(b"header\nstretch\nrest\n\n", 4));
    }
}
