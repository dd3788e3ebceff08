//! SHA-256 (FIPS 180-4) of four messages at once, one in each 32-bit lane of a 128-bit vector.
//!
//! A browser has no SHA instructions; entries are independent given the hash that each stores of its
//! predecessor, so there are always four to hash side by side. `sha2` is the reference that the
//! tests hold this to.

use crate::hash::Hash;

const K: [u32; 64] = [
    0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5,
    0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174,
    0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da,
    0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7, 0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967,
    0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85,
    0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070,
    0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
    0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2,
];
const INITIAL: [u32; 8] = [
    0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19,
];

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
pub(crate) fn digest_fours<'a>(count: usize, message: impl Fn(usize) -> &'a [u8], digests: &mut Vec<Hash>) -> usize {
    let done = count / 4 * 4;
    for i in (0..done).step_by(4) {
        digests.extend(digest_four([message(i), message(i + 1), message(i + 2), message(i + 3)]));
    }
    done
}

fn digest_four(messages: [&[u8]; 4]) -> [Hash; 4] {
    let blocks = messages.map(padded_blocks);
    let mut state = INITIAL.map(Four::splat);
    let mut digests = [Hash::default(); 4];
    for at in 0..blocks.into_iter().max().unwrap_or(0) {
        compress(&mut state, &messages.map(|m| block(m, at)));
        for lane in (0..4).filter(|&lane| blocks[lane] == at + 1) {
            digests[lane] = read_lane(&state, lane);
        }
    }
    digests
}

/// Blocks of 64 bytes that a message takes with its padding: one bit, and its length in 8 bytes.
const fn padded_blocks(message: &[u8]) -> usize {
    (message.len() + 9).div_ceil(64)
}

/// Block `at` of the padded message; zeros past its end.
#[inline(always)]
fn block(message: &[u8], at: usize) -> [u8; 64] {
    let start = at * 64;
    if let Some(whole) = message.get(start..start + 64) {
        let mut block = [0; 64];
        block.copy_from_slice(whole);
        return block;
    }
    last_blocks(message, at)
}

#[cold]
fn last_blocks(message: &[u8], at: usize) -> [u8; 64] {
    let mut block = [0; 64];
    let rest = message.get(at * 64..).unwrap_or_default();
    block[..rest.len()].copy_from_slice(rest);
    if message.len() / 64 == at {
        block[rest.len()] = 0x80;
    }
    if padded_blocks(message) == at + 1 {
        block[56..].copy_from_slice(&(message.len() as u64 * 8).to_be_bytes());
    }
    block
}

fn read_lane(state: &[Four; 8], lane: usize) -> Hash {
    let mut bytes = [0; 32];
    for (word, out) in state.iter().zip(bytes.chunks_exact_mut(4)) {
        out.copy_from_slice(&word.lanes()[lane].to_be_bytes());
    }
    Hash(bytes)
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
