//! Sixteen messages at once on x86-64: AVX-512.
//!
//! Where there are both, as in an Intel Xeon of 2023, these are faster than its SHA instructions, of which each takes three
//! cycles or more whatever else is under way.

use std::arch::x86_64::{
    __m512i as Vector, _mm_extract_epi32, _mm512_add_epi32, _mm512_extracti32x4_epi32, _mm512_ror_epi32,
    _mm512_set_epi64, _mm512_set1_epi32, _mm512_set4_epi32, _mm512_setr_epi32, _mm512_shuffle_epi8,
    _mm512_shuffle_i32x4, _mm512_srli_epi32, _mm512_ternarylogic_epi32, _mm512_unpackhi_epi32, _mm512_unpackhi_epi64,
    _mm512_unpacklo_epi32, _mm512_unpacklo_epi64,
};

use crate::Stream;
use crate::padding::{Block, INITIAL, K};
use crate::rounds::side_by_side;

/// Lanes.
const N: usize = 16;

/// Whether this processor has the instructions.
pub(crate) fn is_available() -> bool {
    is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bw")
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

side_by_side!(#[target_feature(enable = "avx512f,avx512bw")]);

#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn splat(word: u32) -> Vector {
    _mm512_set1_epi32(word.cast_signed())
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn of(lanes: [u32; N]) -> Vector {
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = lanes.map(u32::cast_signed);
    _mm512_setr_epi32(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p)
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn lanes(vector: Vector) -> [u32; N] {
    let quarters = [
        _mm512_extracti32x4_epi32::<0>(vector),
        _mm512_extracti32x4_epi32::<1>(vector),
        _mm512_extracti32x4_epi32::<2>(vector),
        _mm512_extracti32x4_epi32::<3>(vector),
    ];
    let mut lanes = [0; N];
    for (lanes, quarter) in lanes.as_chunks_mut().0.iter_mut().zip(quarters) {
        let quarter = [
            _mm_extract_epi32::<0>(quarter),
            _mm_extract_epi32::<1>(quarter),
            _mm_extract_epi32::<2>(quarter),
            _mm_extract_epi32::<3>(quarter),
        ];
        *lanes = quarter.map(i32::cast_unsigned);
    }
    lanes
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn words(blocks: [&Block; N]) -> [Vector; 16] {
    let rows = blocks.map(|block| row(block));
    let fours: [[Vector; 4]; 4] = std::array::from_fn(|four| quarters(rows.as_chunks().0[four]));
    let mut words = [splat(0); 16];
    for i in 0..4 {
        let [a, b, c, d] = fours.map(|four| four[i]);
        let (ab, ab_high) = (_mm512_shuffle_i32x4::<0x44>(a, b), _mm512_shuffle_i32x4::<0xee>(a, b));
        let (cd, cd_high) = (_mm512_shuffle_i32x4::<0x44>(c, d), _mm512_shuffle_i32x4::<0xee>(c, d));
        words[i] = _mm512_shuffle_i32x4::<0x88>(ab, cd);
        words[i + 4] = _mm512_shuffle_i32x4::<0xdd>(ab, cd);
        words[i + 8] = _mm512_shuffle_i32x4::<0x88>(ab_high, cd_high);
        words[i + 12] = _mm512_shuffle_i32x4::<0xdd>(ab_high, cd_high);
    }
    words
}

/// The words of one lane.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn row(block: &Block) -> Vector {
    let [a, b, c, d, e, f, g, h] = std::array::from_fn(|i| i64::from_le_bytes(block.as_chunks().0[i]));
    let big_endian = _mm512_set4_epi32(0x0c0d_0e0f, 0x0809_0a0b, 0x0405_0607, 0x0001_0203);
    _mm512_shuffle_epi8(_mm512_set_epi64(h, g, f, e, d, c, b, a), big_endian)
}

/// Of four lanes' rows, the first words of each 128 bits side by side, the second, the third, the fourth.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn quarters([a, b, c, d]: [Vector; 4]) -> [Vector; 4] {
    let (ab, ab_high) = (_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
    let (cd, cd_high) = (_mm512_unpacklo_epi32(c, d), _mm512_unpackhi_epi32(c, d));
    [
        _mm512_unpacklo_epi64(ab, cd),
        _mm512_unpackhi_epi64(ab, cd),
        _mm512_unpacklo_epi64(ab_high, cd_high),
        _mm512_unpackhi_epi64(ab_high, cd_high),
    ]
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn add(a: Vector, b: Vector) -> Vector {
    _mm512_add_epi32(a, b)
}

// The three below: a table of what comes of the bits of a, b and c, for 000 in its lowest bit to 111 in its highest.

#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn xor3(a: Vector, b: Vector, c: Vector) -> Vector {
    _mm512_ternarylogic_epi32::<0b1001_0110>(a, b, c)
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn select(mask: Vector, one: Vector, zero: Vector) -> Vector {
    _mm512_ternarylogic_epi32::<0b1100_1010>(mask, one, zero)
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn majority(a: Vector, b: Vector, c: Vector) -> Vector {
    _mm512_ternarylogic_epi32::<0b1110_1000>(a, b, c)
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn rotate<const RIGHT: i32, const LEFT: i32>(vector: Vector) -> Vector {
    _mm512_ror_epi32::<RIGHT>(vector)
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn shift<const RIGHT: u32>(vector: Vector) -> Vector {
    _mm512_srli_epi32::<RIGHT>(vector)
}
