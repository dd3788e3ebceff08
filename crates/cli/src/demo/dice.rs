//! The seeded randomness of demo ledgers.
//!
//! Only ChaCha8's keystream is used, and the draws are made here: a library's own sampling may change
//! between its versions, and with it every demo ledger.

use std::fmt::Write as _;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// Reproducible draws. Never for a real ledger: whoever knows the seed knows the salts.
#[derive(Debug)]
pub(crate) struct Dice(ChaCha8Rng);

impl Dice {
    /// The stream of a seed; another `purpose` gives an independent one.
    pub(crate) fn new(seed: u64, purpose: u64) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..16].copy_from_slice(&purpose.to_le_bytes());
        Self(ChaCha8Rng::from_seed(key))
    }

    /// From 0 to `n` − 1. The bias is below n / 2^64.
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        let scaled = u128::from(self.0.next_u64()) * u128::from(n);
        u64::try_from(scaled >> 64).unwrap_or_default()
    }

    /// From 0 to `n` − 1.
    pub(crate) fn index(&mut self, n: usize) -> usize {
        usize::try_from(self.below(n as u64)).unwrap_or_default()
    }

    /// From `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high - low + 1)
    }

    /// True `n` times in a thousand.
    pub(crate) fn per_mille(&mut self, n: u64) -> bool {
        self.below(1000) < n
    }

    /// One of several.
    pub(crate) fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.index(of.len())]
    }

    /// Random bytes.
    pub(crate) fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.fill_bytes(&mut bytes);
        bytes
    }

    /// `N` random bytes as lowercase hex.
    pub(crate) fn hex<const N: usize>(&mut self) -> String {
        let mut text = String::with_capacity(2 * N);
        for byte in self.bytes::<N>() {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        text
    }
}
