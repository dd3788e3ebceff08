//! Four messages at once on WebAssembly: 128-bit vectors.
//!
//! A browser has no SHA instructions; a ledger's entries are independent given the hash that each
//! stores of its predecessor, so there are always four to hash side by side.

use crate::Stream;
use crate::padding::{Block, INITIAL, K};
use crate::rounds::side_by_side;

use vector::{Vector, add, lanes, majority, of, rotate, select, shift, splat, words, xor3};

/// Lanes.
const N: usize = 4;

/// The digests of messages, each to its number's place.
pub(crate) fn digest(blocks: &[Block], streams: impl Iterator<Item = Stream>, digests: &mut [[u8; 32]]) {
    digest_streams(blocks, streams, digests);
}

side_by_side!();

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod vector {
    use core::arch::wasm32 as simd;

    use super::N;
    use crate::padding::Block;

    pub(super) use simd::v128 as Vector;

    #[inline]
    pub(super) fn splat(word: u32) -> Vector {
        simd::u32x4_splat(word)
    }

    #[inline]
    pub(super) fn of(lanes: [u32; N]) -> Vector {
        simd::u32x4(lanes[0], lanes[1], lanes[2], lanes[3])
    }

    #[inline]
    pub(super) fn lanes(vector: Vector) -> [u32; N] {
        [
            simd::u32x4_extract_lane::<0>(vector),
            simd::u32x4_extract_lane::<1>(vector),
            simd::u32x4_extract_lane::<2>(vector),
            simd::u32x4_extract_lane::<3>(vector),
        ]
    }

    #[inline]
    pub(super) fn words(blocks: [&Block; N]) -> [Vector; 16] {
        let mut words = [splat(0); 16];
        for (quarter, words) in words.as_chunks_mut().0.iter_mut().enumerate() {
            *words = four_words(blocks.map(|block| &block.as_chunks().0[quarter]));
        }
        words
    }

    /// Of four lanes' rows, the first words side by side, the second, the third, the fourth.
    #[inline]
    fn four_words(rows: [&[u8; 16]; N]) -> [Vector; 4] {
        let [a, b, c, d] = rows.map(|bytes| {
            let (low, high) = (u128::from_le_bytes(*bytes) as u64, (u128::from_le_bytes(*bytes) >> 64) as u64);
            let row = simd::u64x2(low, high);
            simd::u8x16_shuffle::<3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12>(row, row)
        });
        let (ab, ab_high) = (simd::u32x4_shuffle::<0, 4, 1, 5>(a, b), simd::u32x4_shuffle::<2, 6, 3, 7>(a, b));
        let (cd, cd_high) = (simd::u32x4_shuffle::<0, 4, 1, 5>(c, d), simd::u32x4_shuffle::<2, 6, 3, 7>(c, d));
        [
            simd::u64x2_shuffle::<0, 2>(ab, cd),
            simd::u64x2_shuffle::<1, 3>(ab, cd),
            simd::u64x2_shuffle::<0, 2>(ab_high, cd_high),
            simd::u64x2_shuffle::<1, 3>(ab_high, cd_high),
        ]
    }

    #[inline]
    pub(super) fn add(a: Vector, b: Vector) -> Vector {
        simd::u32x4_add(a, b)
    }

    #[inline]
    pub(super) fn xor3(a: Vector, b: Vector, c: Vector) -> Vector {
        simd::v128_xor(simd::v128_xor(a, b), c)
    }

    #[inline]
    pub(super) fn select(mask: Vector, one: Vector, zero: Vector) -> Vector {
        simd::v128_bitselect(one, zero, mask)
    }

    #[inline]
    pub(super) fn majority(a: Vector, b: Vector, c: Vector) -> Vector {
        // Where a and b agree it is b's bit, else c's.
        select(simd::v128_xor(a, b), c, b)
    }

    #[inline]
    pub(super) fn rotate<const RIGHT: u32, const LEFT: u32>(vector: Vector) -> Vector {
        simd::v128_or(simd::u32x4_shr(vector, RIGHT), simd::u32x4_shl(vector, LEFT))
    }

    #[inline]
    pub(super) fn shift<const RIGHT: u32>(vector: Vector) -> Vector {
        simd::u32x4_shr(vector, RIGHT)
    }
}

/// The same without vectors, for tests of everything else natively.
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
mod vector {
    use std::array::from_fn;

    use super::N;
    use crate::padding::Block;

    pub(super) type Vector = [u32; N];

    pub(super) fn splat(word: u32) -> Vector {
        [word; N]
    }

    pub(super) fn of(lanes: [u32; N]) -> Vector {
        lanes
    }

    pub(super) fn lanes(vector: Vector) -> [u32; N] {
        vector
    }

    pub(super) fn words(blocks: [&Block; N]) -> [Vector; 16] {
        from_fn(|i| blocks.map(|block| u32::from_be_bytes(block.as_chunks().0[i])))
    }

    pub(super) fn add(a: Vector, b: Vector) -> Vector {
        from_fn(|i| a[i].wrapping_add(b[i]))
    }

    pub(super) fn xor3(a: Vector, b: Vector, c: Vector) -> Vector {
        from_fn(|i| a[i] ^ b[i] ^ c[i])
    }

    pub(super) fn select(mask: Vector, one: Vector, zero: Vector) -> Vector {
        from_fn(|i| (mask[i] & one[i]) | (!mask[i] & zero[i]))
    }

    pub(super) fn majority(a: Vector, b: Vector, c: Vector) -> Vector {
        from_fn(|i| (a[i] & b[i]) | (a[i] & c[i]) | (b[i] & c[i]))
    }

    pub(super) fn rotate<const RIGHT: u32, const LEFT: u32>(vector: Vector) -> Vector {
        vector.map(|word| word.rotate_right(RIGHT))
    }

    pub(super) fn shift<const RIGHT: u32>(vector: Vector) -> Vector {
        vector.map(|word| word >> RIGHT)
    }
}
