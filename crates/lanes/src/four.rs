//! SHA-256 (FIPS 180-4) of four messages at once, one in each 32-bit lane of a 128-bit vector.
//!
//! A browser has no SHA instructions; a ledger's entries are independent given the hash that each
//! stores of its predecessor, so there are always four to hash side by side.

use crate::padding::{INITIAL, K, block, padded_blocks};

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod vector {
    use core::arch::wasm32 as simd;

    #[derive(Clone, Copy)]
    pub(super) struct Four(simd::v128);

    impl Four {
        #[inline(always)]
        pub(super) fn new(lanes: [u32; 4]) -> Self {
            Self(simd::u32x4(lanes[0], lanes[1], lanes[2], lanes[3]))
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
    #[derive(Clone, Copy)]
    pub(super) struct Four([u32; 4]);

    impl Four {
        pub(super) fn new(lanes: [u32; 4]) -> Self {
            Self(lanes)
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

/// Hashes messages `0..count` in fours and appends their digests; returns how many were done, the
/// largest multiple of four.
pub(crate) fn digest_fours<'a>(
    count: usize,
    message: impl Fn(usize) -> &'a [u8],
    digests: &mut Vec<[u8; 32]>,
) -> usize {
    let done = count / 4 * 4;
    for i in (0..done).step_by(4) {
        digests.extend(digest_four([message(i), message(i + 1), message(i + 2), message(i + 3)]));
    }
    done
}

fn digest_four(messages: [&[u8]; 4]) -> [[u8; 32]; 4] {
    let blocks = messages.map(padded_blocks);
    let mut state = INITIAL.map(Four::splat);
    let mut digests = [[0; 32]; 4];
    for at in 0..blocks.into_iter().max().unwrap_or(0) {
        compress(&mut state, &messages.map(|m| block(m, at)));
        for lane in (0..4).filter(|&lane| blocks[lane] == at + 1) {
            digests[lane] = read_lane(&state, lane);
        }
    }
    digests
}

fn read_lane(state: &[Four; 8], lane: usize) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (word, out) in state.iter().zip(bytes.chunks_exact_mut(4)) {
        out.copy_from_slice(&word.lanes()[lane].to_be_bytes());
    }
    bytes
}

fn word(block: &[u8; 64], i: usize) -> u32 {
    u32::from_be_bytes([block[4 * i], block[4 * i + 1], block[4 * i + 2], block[4 * i + 3]])
}

fn compress(state: &mut [Four; 8], blocks: &[[u8; 64]; 4]) {
    let mut w: [Four; 16] = std::array::from_fn(|i| Four::new(std::array::from_fn(|lane| word(&blocks[lane], i))));
    let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = *state;
    for round in (0..64).step_by(16) {
        for i in 0..16 {
            if round > 0 {
                let (w15, w2) = (w[(i + 1) % 16], w[(i + 14) % 16]);
                let s0 = w15.rotate(7).xor(w15.rotate(18)).xor(w15.shift(3));
                let s1 = w2.rotate(17).xor(w2.rotate(19)).xor(w2.shift(10));
                w[i] = w[i].add(s0).add(w[(i + 9) % 16]).add(s1);
            }
            let s1 = e.rotate(6).xor(e.rotate(11)).xor(e.rotate(25));
            let t1 = h.add(s1).add(e.select(f, g)).add(Four::splat(K[round + i])).add(w[i]);
            let s0 = a.rotate(2).xor(a.rotate(13)).xor(a.rotate(22));
            // Majority: where a and b agree it is b's bit, else c's.
            let t2 = s0.add(a.xor(b).select(c, b));
            (h, g, f, e, d, c, b, a) = (g, f, e, d.add(t1), c, b, a, t1.add(t2));
        }
    }
    for (word, add) in state.iter_mut().zip([a, b, c, d, e, f, g, h]) {
        *word = word.add(add);
    }
}
