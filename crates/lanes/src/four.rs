//! SHA-256 (FIPS 180-4) of four messages at once, one in each 32-bit lane of a 128-bit vector.
//!
//! A browser has no SHA instructions; a ledger's entries are independent given the hash that each
//! stores of its predecessor, so there are always four to hash side by side.

use crate::Stream;
use crate::padding::{Block, INITIAL, K};

/// Lanes.
const N: usize = 4;

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod vector {
    use core::arch::wasm32 as simd;

    use crate::padding::Block;

    #[derive(Clone, Copy)]
    pub(super) struct Four(simd::v128);

    impl Four {
        #[inline(always)]
        pub(super) fn new(lanes: [u32; 4]) -> Self {
            Self(simd::u32x4(lanes[0], lanes[1], lanes[2], lanes[3]))
        }
        /// Of four blocks, the words 4 × `quarter` to + 3, each of all lanes.
        #[inline(always)]
        pub(super) fn words(blocks: [&Block; 4], quarter: usize) -> [Self; 4] {
            let [a, b, c, d] = blocks.map(|block| {
                let bytes = block.as_chunks::<16>().0[quarter];
                let (low, high) = (u128::from_le_bytes(bytes) as u64, (u128::from_le_bytes(bytes) >> 64) as u64);
                let row = simd::u64x2(low, high);
                simd::u8x16_shuffle::<3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12>(row, row)
            });
            let (ab, ab_high) = (simd::u32x4_shuffle::<0, 4, 1, 5>(a, b), simd::u32x4_shuffle::<2, 6, 3, 7>(a, b));
            let (cd, cd_high) = (simd::u32x4_shuffle::<0, 4, 1, 5>(c, d), simd::u32x4_shuffle::<2, 6, 3, 7>(c, d));
            [
                Self(simd::u64x2_shuffle::<0, 2>(ab, cd)),
                Self(simd::u64x2_shuffle::<1, 3>(ab, cd)),
                Self(simd::u64x2_shuffle::<0, 2>(ab_high, cd_high)),
                Self(simd::u64x2_shuffle::<1, 3>(ab_high, cd_high)),
            ]
        }
        #[inline(always)]
        pub(super) fn splat(x: u32) -> Self {
            Self(simd::u32x4_splat(x))
        }
        #[inline(always)]
        pub(super) fn lanes(self) -> [u32; 4] {
            [
                simd::u32x4_extract_lane::<0>(self.0),
                simd::u32x4_extract_lane::<1>(self.0),
                simd::u32x4_extract_lane::<2>(self.0),
                simd::u32x4_extract_lane::<3>(self.0),
            ]
        }
        #[inline(always)]
        pub(super) fn add(self, other: Self) -> Self {
            Self(simd::u32x4_add(self.0, other.0))
        }
        #[inline(always)]
        pub(super) fn xor(self, other: Self) -> Self {
            Self(simd::v128_xor(self.0, other.0))
        }
        /// Where a bit of `self` is set, `one`'s; else `zero`'s.
        #[inline(always)]
        pub(super) fn select(self, one: Self, zero: Self) -> Self {
            Self(simd::v128_bitselect(one.0, zero.0, self.0))
        }
        #[inline(always)]
        pub(super) fn rotate(self, by: u32) -> Self {
            Self(simd::v128_or(simd::u32x4_shr(self.0, by), simd::u32x4_shl(self.0, 32 - by)))
        }
        #[inline(always)]
        pub(super) fn shift(self, by: u32) -> Self {
            Self(simd::u32x4_shr(self.0, by))
        }
    }
}

#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
mod vector {
    use crate::padding::Block;

    #[derive(Clone, Copy)]
    pub(super) struct Four([u32; 4]);

    impl Four {
        pub(super) fn new(lanes: [u32; 4]) -> Self {
            Self(lanes)
        }
        pub(super) fn words(blocks: [&Block; 4], quarter: usize) -> [Self; 4] {
            std::array::from_fn(|i| {
                Self(blocks.map(|block| u32::from_be_bytes(block.as_chunks::<4>().0[4 * quarter + i])))
            })
        }
        pub(super) fn splat(x: u32) -> Self {
            Self([x; 4])
        }
        pub(super) fn lanes(self) -> [u32; 4] {
            self.0
        }
        fn zip(self, other: Self, f: impl Fn(u32, u32) -> u32) -> Self {
            Self(std::array::from_fn(|i| f(self.0[i], other.0[i])))
        }
        pub(super) fn add(self, other: Self) -> Self {
            self.zip(other, u32::wrapping_add)
        }
        pub(super) fn xor(self, other: Self) -> Self {
            self.zip(other, |a, b| a ^ b)
        }
        pub(super) fn select(self, one: Self, zero: Self) -> Self {
            Self(std::array::from_fn(|i| (self.0[i] & one.0[i]) | (!self.0[i] & zero.0[i])))
        }
        pub(super) fn rotate(self, by: u32) -> Self {
            Self(self.0.map(|x| x.rotate_right(by)))
        }
        pub(super) fn shift(self, by: u32) -> Self {
            Self(self.0.map(|x| x >> by))
        }
    }
}

use vector::Four;

/// The digests of messages, each to its number's place.
pub(crate) fn digest<'a>(mut streams: impl Iterator<Item = Stream<'a>>, digests: &mut [[u8; 32]]) {
    let mut lanes: [Option<Stream<'a>>; N] = std::array::from_fn(|_| streams.next());
    let initial = INITIAL.map(Four::splat);
    let mut state = initial;
    while lanes.iter().any(Option::is_some) {
        let (blocks, ended) = next_blocks(&mut lanes);
        state = compress(state, blocks);
        if ended == [0; N] {
            continue;
        }
        // A lane whose message ends takes the next at once, so that all are always at work.
        for (lane, stream) in lanes.iter_mut().enumerate().filter(|(lane, _)| ended[*lane] != 0) {
            if let Some(done) = std::mem::replace(stream, streams.next()) {
                digests[done.number] = read_lane(&state, lane);
            }
        }
        let ended = Four::new(ended);
        for (word, first) in state.iter_mut().zip(initial) {
            *word = ended.select(first, *word);
        }
    }
}

/// The next block of every lane; and a mask of the lanes whose last it is.
#[inline(always)]
fn next_blocks<'a>(lanes: &mut [Option<Stream<'a>>; N]) -> ([&'a Block; N], [u32; N]) {
    let (mut blocks, mut ended): ([&Block; N], _) = ([&[0; 64]; N], [0; N]);
    for ((block, ended), stream) in blocks.iter_mut().zip(&mut ended).zip(lanes) {
        if let Some(stream) = stream
            && let Some((next, rest)) = stream.rest.split_first()
        {
            (*block, stream.rest) = (next, rest);
            *ended = if rest.is_empty() { u32::MAX } else { 0 };
        }
    }
    (blocks, ended)
}

fn read_lane(state: &[Four; 8], lane: usize) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (word, out) in state.iter().zip(bytes.chunks_exact_mut(4)) {
        out.copy_from_slice(&word.lanes()[lane].to_be_bytes());
    }
    bytes
}

fn compress(before: [Four; 8], blocks: [&Block; N]) -> [Four; 8] {
    let [a, b, c, d] = [0, 1, 2, 3].map(|quarter| Four::words(blocks, quarter));
    let mut w = [a[0], a[1], a[2], a[3], b[0], b[1], b[2], b[3], c[0], c[1], c[2], c[3], d[0], d[1], d[2], d[3]];
    let mut state = before;
    for (sixteen, k) in K.as_chunks::<16>().0.iter().enumerate() {
        // Written out, so that every index is known.
        if sixteen == 0 {
            state = eight_rounds::<0, false>(state, &mut w, k);
            state = eight_rounds::<8, false>(state, &mut w, k);
        } else {
            state = eight_rounds::<0, true>(state, &mut w, k);
            state = eight_rounds::<8, true>(state, &mut w, k);
        }
    }
    for (word, before) in state.iter_mut().zip(before) {
        *word = word.add(before);
    }
    state
}

/// Rounds `I` to `I` + 7 of sixteen; the words are those of the sixteen rounds before, where there are any.
#[inline(always)]
fn eight_rounds<const I: usize, const LATER: bool>(state: [Four; 8], w: &mut [Four; 16], k: &[u32; 16]) -> [Four; 8] {
    let [a, b, c, d, e, f, g, h] = state;
    let (d, h) = round::<LATER>([a, b, c, d, e, f, g, h], w, I, k);
    let (c, g) = round::<LATER>([h, a, b, c, d, e, f, g], w, I + 1, k);
    let (b, f) = round::<LATER>([g, h, a, b, c, d, e, f], w, I + 2, k);
    let (a, e) = round::<LATER>([f, g, h, a, b, c, d, e], w, I + 3, k);
    let (h, d) = round::<LATER>([e, f, g, h, a, b, c, d], w, I + 4, k);
    let (g, c) = round::<LATER>([d, e, f, g, h, a, b, c], w, I + 5, k);
    let (f, b) = round::<LATER>([c, d, e, f, g, h, a, b], w, I + 6, k);
    let (e, a) = round::<LATER>([b, c, d, e, f, g, h, a], w, I + 7, k);
    [a, b, c, d, e, f, g, h]
}

/// One round: what becomes of its `d` and its `h`.
#[inline(always)]
fn round<const LATER: bool>(
    [a, b, c, d, e, f, g, h]: [Four; 8],
    w: &mut [Four; 16],
    i: usize,
    k: &[u32; 16],
) -> (Four, Four) {
    if LATER {
        let (w15, w2) = (w[(i + 1) % 16], w[(i + 14) % 16]);
        let s0 = w15.rotate(7).xor(w15.rotate(18)).xor(w15.shift(3));
        let s1 = w2.rotate(17).xor(w2.rotate(19)).xor(w2.shift(10));
        w[i] = w[i].add(s0).add(w[(i + 9) % 16]).add(s1);
    }
    let s1 = e.rotate(6).xor(e.rotate(11)).xor(e.rotate(25));
    let t1 = h.add(e.select(f, g)).add(Four::splat(k[i])).add(w[i]).add(s1);
    let s0 = a.rotate(2).xor(a.rotate(13)).xor(a.rotate(22));
    // Majority: where a and b agree it is b's bit, else c's.
    let t2 = s0.add(a.xor(b).select(c, b));
    (d.add(t1), t1.add(t2))
}
