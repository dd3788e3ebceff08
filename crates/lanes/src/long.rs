//! One message, which may come in pieces. It cannot be hashed but block after block: what counts is how fast one stream is.
//!
//! On x86-64 without SHA instructions `ring`'s is twice as fast as `sha2`'s (RustCrypto/hashes issue 327), with them
//! they are alike; everywhere else `sha2` has the instructions or has no rival.

use std::fmt;

/// SHA-256 of one message that comes in pieces.
#[derive(Clone)]
pub struct Hasher(Inner);

#[cfg(target_arch = "x86_64")]
type Inner = ring::digest::Context;
#[cfg(not(target_arch = "x86_64"))]
type Inner = sha2::Sha256;

impl Default for Hasher {
    /// Of nothing yet.
    fn default() -> Self {
        #[cfg(target_arch = "x86_64")]
        return Self(Inner::new(&ring::digest::SHA256));
        #[cfg(not(target_arch = "x86_64"))]
        return Self(Inner::default());
    }
}

impl Hasher {
    /// The digest of a message that is there as a whole.
    #[must_use]
    pub fn digest(message: &[u8]) -> [u8; 32] {
        let mut hasher = Self::default();
        hasher.update(message);
        hasher.finish()
    }

    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        #[cfg(not(target_arch = "x86_64"))]
        use sha2::Digest as _;
        self.0.update(bytes);
    }

    /// The digest of all that came.
    #[must_use]
    pub fn finish(self) -> [u8; 32] {
        let mut digest = [0; 32];
        #[cfg(target_arch = "x86_64")]
        digest.copy_from_slice(self.0.finish().as_ref());
        #[cfg(not(target_arch = "x86_64"))]
        digest.copy_from_slice(&sha2::Digest::finalize(self.0));
        digest
    }
}

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hasher")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sha2::{Digest as _, Sha256};

    use super::Hasher;

    proptest! {
        #[test]
        fn pieces_come_to_the_whole(pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 0..20)) {
            let mut hasher = Hasher::default();
            pieces.iter().for_each(|piece| hasher.update(piece));
            let whole: [u8; 32] = Sha256::digest(pieces.concat()).into();
            prop_assert_eq!(hasher.finish(), whole);
            prop_assert_eq!(Hasher::digest(&pieces.concat()), whole);
        }
    }
}
