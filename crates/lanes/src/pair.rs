//! Two streams interleaved through the SHA instructions of x86-64.
//!
//! `sha256rnds2` takes four cycles, and where another can begin after two, one message leaves the unit
//! idle half of the time. The rounds follow Intel's white paper "Intel SHA Extensions" (2013).

use std::arch::x86_64::{
    __m128i, _mm_add_epi32, _mm_alignr_epi8, _mm_extract_epi32, _mm_set_epi32, _mm_set_epi64x, _mm_sha256msg1_epu32,
    _mm_sha256msg2_epu32, _mm_sha256rnds2_epu32, _mm_shuffle_epi8, _mm_shuffle_epi32,
};

use crate::Stream;
use crate::padding::{Block, INITIAL, K};

/// Whether this processor has the instructions.
pub(crate) fn is_available() -> bool {
    is_x86_feature_detected!("sha") && is_x86_feature_detected!("sse4.1") && is_x86_feature_detected!("ssse3")
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

/// The state's words A, B, E, F and C, D, G, H, as the instructions want them.
type State = (__m128i, __m128i);

#[target_feature(enable = "sha,sse4.1,ssse3")]
fn digest_streams(blocks: &[Block], streams: impl Iterator<Item = Stream>, digests: &mut [[u8; 32]]) {
    let first: State = initial();
    let mut streams = streams.map(|stream| (stream, first));
    let (mut left, mut right) = (streams.next(), streams.next());
    // A stream that ends takes the next message at once, so that both are always at work.
    while let (Some((a, a_state)), Some((b, b_state))) = (&mut left, &mut right) {
        [*a_state, *b_state] = compress([*a_state, *b_state], [&blocks[a.next], &blocks[b.next]]);
        (a.next, b.next) = (a.next + 1, b.next + 1);
        for stream in [&mut left, &mut right] {
            if let Some((done, state)) = stream.take_if(|(stream, _)| stream.next == stream.end) {
                digests[done.number] = digest_of(state);
                *stream = streams.next();
            }
        }
    }
    for (stream, mut state) in left.into_iter().chain(right) {
        for block in &blocks[stream.next..stream.end] {
            [state] = compress([state], [block]);
        }
        digests[stream.number] = digest_of(state);
    }
}

#[target_feature(enable = "sha,sse4.1,ssse3")]
fn initial() -> State {
    let [a, b, c, d, e, f, g, h] = INITIAL.map(u32::cast_signed);
    (_mm_set_epi32(a, b, e, f), _mm_set_epi32(c, d, g, h))
}

#[target_feature(enable = "sha,sse4.1,ssse3")]
fn digest_of((abef, cdgh): State) -> [u8; 32] {
    let words = [
        _mm_extract_epi32::<3>(abef),
        _mm_extract_epi32::<2>(abef),
        _mm_extract_epi32::<3>(cdgh),
        _mm_extract_epi32::<2>(cdgh),
        _mm_extract_epi32::<1>(abef),
        _mm_extract_epi32::<0>(abef),
        _mm_extract_epi32::<1>(cdgh),
        _mm_extract_epi32::<0>(cdgh),
    ];
    let mut bytes = [0; 32];
    for (word, out) in words.into_iter().zip(bytes.chunks_exact_mut(4)) {
        out.copy_from_slice(&word.to_be_bytes());
    }
    bytes
}

/// One block of each of `N` streams.
#[inline]
#[target_feature(enable = "sha,sse4.1,ssse3")]
fn compress<const N: usize>(before: [State; N], blocks: [&Block; N]) -> [State; N] {
    let mut w = [[before[0].0; 4]; N];
    for (words, block) in w.iter_mut().zip(blocks) {
        for (word, bytes) in words.iter_mut().zip(block.as_chunks::<16>().0) {
            *word = big_endian(bytes);
        }
    }
    let mut state = before;
    // Written out, so that every index is known and the words stay in registers.
    for sixteen in 0..4 {
        if sixteen > 0 {
            w = w.map(|w| schedule(w));
        }
        four_rounds::<N, 0>(&mut state, &w, sixteen);
        four_rounds::<N, 1>(&mut state, &w, sixteen);
        four_rounds::<N, 2>(&mut state, &w, sixteen);
        four_rounds::<N, 3>(&mut state, &w, sixteen);
    }
    for (after, before) in state.iter_mut().zip(before) {
        *after = (_mm_add_epi32(after.0, before.0), _mm_add_epi32(after.1, before.1));
    }
    state
}

/// Rounds 16 × `sixteen` + 4 × `I` to + 3, of every stream in turn.
#[inline]
#[target_feature(enable = "sha,sse4.1,ssse3")]
fn four_rounds<const N: usize, const I: usize>(state: &mut [State; N], w: &[[__m128i; 4]; N], sixteen: usize) {
    let k: [i32; 4] = std::array::from_fn(|j| K[16 * sixteen + 4 * I + j].cast_signed());
    let k = _mm_set_epi32(k[3], k[2], k[1], k[0]);
    for (w, (abef, cdgh)) in w.iter().zip(state) {
        let sum = _mm_add_epi32(w[I], k);
        *cdgh = _mm_sha256rnds2_epu32(*cdgh, *abef, sum);
        *abef = _mm_sha256rnds2_epu32(*abef, *cdgh, _mm_shuffle_epi32::<0x0e>(sum));
    }
}

/// The sixteen words after `w`.
#[inline]
#[target_feature(enable = "sha,sse4.1,ssse3")]
fn schedule([a, b, c, d]: [__m128i; 4]) -> [__m128i; 4] {
    let next_a = next(a, b, c, d);
    let next_b = next(b, c, d, next_a);
    let next_c = next(c, d, next_a, next_b);
    [next_a, next_b, next_c, next(d, next_a, next_b, next_c)]
}

/// The four words after the sixteen of `a` to `d`.
#[inline]
#[target_feature(enable = "sha,sse4.1,ssse3")]
fn next(a: __m128i, b: __m128i, c: __m128i, d: __m128i) -> __m128i {
    let sum = _mm_add_epi32(_mm_sha256msg1_epu32(a, b), _mm_alignr_epi8::<4>(d, c));
    _mm_sha256msg2_epu32(sum, d)
}

#[inline]
#[target_feature(enable = "sha,sse4.1,ssse3")]
fn big_endian(bytes: &[u8; 16]) -> __m128i {
    let [low, high] = [0, 64].map(|shift| (u128::from_le_bytes(*bytes) >> shift) as i64);
    let order = _mm_set_epi64x(0x0c0d_0e0f_0809_0a0b, 0x0405_0607_0001_0203);
    _mm_shuffle_epi8(_mm_set_epi64x(high, low), order)
}
