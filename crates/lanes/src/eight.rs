//! Eight messages at once on x86-64 without SHA instructions: AVX2.

use std::arch::x86_64::{
    __m256i as Vector, _mm256_add_epi32, _mm256_and_si256, _mm256_extract_epi32, _mm256_or_si256,
    _mm256_permute2x128_si256, _mm256_set_epi8, _mm256_set_epi64x, _mm256_set1_epi32, _mm256_setr_epi32,
    _mm256_shuffle_epi8, _mm256_slli_epi32, _mm256_srli_epi32, _mm256_unpackhi_epi32, _mm256_unpackhi_epi64,
    _mm256_unpacklo_epi32, _mm256_unpacklo_epi64, _mm256_xor_si256,
};

use crate::Stream;
use crate::padding::{Block, INITIAL, K};
use crate::rounds::side_by_side;

/// Lanes.
const N: usize = 8;

/// Whether this processor has the instructions.
pub(crate) fn is_available() -> bool {
    is_x86_feature_detected!("avx2")
}

/// The digests of messages, each to its number's place.
///
/// # Panics
/// Where the processor lacks the instructions.
pub(crate) fn digest(blocks: &[Block], streams: impl Iterator<Item = Stream>, digests: &mut [[u8; 32]]) {
    assert!(is_available(), "asked for before the instructions are called");
    #[expect(unsafe_code, reason = "only the running processor can say which instructions it has")]
    // SAFETY: the assertion above has asked for the very features that the function enables.
    unsafe {
        digest_streams(blocks, streams, digests);
    }
}

side_by_side!(#[target_feature(enable = "avx2")]);

#[inline]
#[target_feature(enable = "avx2")]
fn splat(word: u32) -> Vector {
    _mm256_set1_epi32(word.cast_signed())
}

#[inline]
#[target_feature(enable = "avx2")]
fn of(lanes: [u32; N]) -> Vector {
    let [a, b, c, d, e, f, g, h] = lanes.map(u32::cast_signed);
    _mm256_setr_epi32(a, b, c, d, e, f, g, h)
}

#[inline]
#[target_feature(enable = "avx2")]
fn lanes(vector: Vector) -> [u32; N] {
    let lanes = [
        _mm256_extract_epi32::<0>(vector),
        _mm256_extract_epi32::<1>(vector),
        _mm256_extract_epi32::<2>(vector),
        _mm256_extract_epi32::<3>(vector),
        _mm256_extract_epi32::<4>(vector),
        _mm256_extract_epi32::<5>(vector),
        _mm256_extract_epi32::<6>(vector),
        _mm256_extract_epi32::<7>(vector),
    ];
    lanes.map(i32::cast_unsigned)
}

#[inline]
#[target_feature(enable = "avx2")]
fn words(blocks: [&Block; N]) -> [Vector; 16] {
    let mut words = [splat(0); 16];
    for (half, words) in words.as_chunks_mut::<8>().0.iter_mut().enumerate() {
        let [a, b, c, d, e, f, g, h] = blocks.map(|block| row(&block.as_chunks::<32>().0[half]));
        let (low, high) = (quarters([a, b, c, d]), quarters([e, f, g, h]));
        for i in 0..4 {
            words[i] = _mm256_permute2x128_si256::<0x20>(low[i], high[i]);
            words[i + 4] = _mm256_permute2x128_si256::<0x31>(low[i], high[i]);
        }
    }
    words
}

/// Eight words of one lane.
#[inline]
#[target_feature(enable = "avx2")]
fn row(bytes: &[u8; 32]) -> Vector {
    let [a, b, c, d] = std::array::from_fn(|i| i64::from_le_bytes(bytes.as_chunks().0[i]));
    #[rustfmt::skip]
    let big_endian = _mm256_set_epi8(
        12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3,
        12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3,
    );
    _mm256_shuffle_epi8(_mm256_set_epi64x(d, c, b, a), big_endian)
}

/// Of four lanes' rows, the first words of each 128 bits side by side, the second, the third, the fourth.
#[inline]
#[target_feature(enable = "avx2")]
fn quarters([a, b, c, d]: [Vector; 4]) -> [Vector; 4] {
    let (ab, ab_high) = (_mm256_unpacklo_epi32(a, b), _mm256_unpackhi_epi32(a, b));
    let (cd, cd_high) = (_mm256_unpacklo_epi32(c, d), _mm256_unpackhi_epi32(c, d));
    [
        _mm256_unpacklo_epi64(ab, cd),
        _mm256_unpackhi_epi64(ab, cd),
        _mm256_unpacklo_epi64(ab_high, cd_high),
        _mm256_unpackhi_epi64(ab_high, cd_high),
    ]
}

#[inline]
#[target_feature(enable = "avx2")]
fn add(a: Vector, b: Vector) -> Vector {
    _mm256_add_epi32(a, b)
}

#[inline]
#[target_feature(enable = "avx2")]
fn xor3(a: Vector, b: Vector, c: Vector) -> Vector {
    _mm256_xor_si256(_mm256_xor_si256(a, b), c)
}

#[inline]
#[target_feature(enable = "avx2")]
fn select(mask: Vector, one: Vector, zero: Vector) -> Vector {
    _mm256_xor_si256(zero, _mm256_and_si256(mask, _mm256_xor_si256(one, zero)))
}

#[inline]
#[target_feature(enable = "avx2")]
fn majority(a: Vector, b: Vector, c: Vector) -> Vector {
    // Where a and b agree it is b's bit, else c's.
    select(_mm256_xor_si256(a, b), c, b)
}

#[inline]
#[target_feature(enable = "avx2")]
fn rotate<const RIGHT: i32, const LEFT: i32>(vector: Vector) -> Vector {
    _mm256_or_si256(_mm256_srli_epi32::<RIGHT>(vector), _mm256_slli_epi32::<LEFT>(vector))
}

#[inline]
#[target_feature(enable = "avx2")]
fn shift<const RIGHT: i32>(vector: Vector) -> Vector {
    _mm256_srli_epi32::<RIGHT>(vector)
}
